// OpenAI's own client talks to the simulator, so that what we test our adapter against is what OpenAI's users see.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import OpenAI, { AuthenticationError, NotFoundError, RateLimitError } from "openai";
import { KEYS, startSimulator } from "../support/app.mjs";

let simulator, openai;
const client = (apiKey) => new OpenAI({ apiKey, baseURL: `${simulator.url}/openai/v1`, maxRetries: 0 });

before(async () => {
  simulator = await startSimulator();
  openai = client(KEYS.openai);
});
after(() => simulator.stop("SIGKILL"));

const ask = { model: "sim-short", messages: [{ role: "user", content: "Say something." }] };

test("lists models", async () => {
  const ids = [];
  for await (const model of openai.models.list()) ids.push(model.id);
  assert.ok(ids.includes("gpt-6-sol") && ids.includes("sim-short"), ids.join());
});

test("chat completions answer whole", async () => {
  const { choices, usage } = await openai.chat.completions.create(ask);
  assert.equal(choices[0].finish_reason, "stop");
  assert.ok(choices[0].message.content.length > 10);
  assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
});

test("chat completions stream the same text, and the usage when asked", async () => {
  const whole = await openai.chat.completions.create(ask);
  let text = "", usage, reason;
  for await (const chunk of await openai.chat.completions.create({
    ...ask,
    stream: true,
    stream_options: { include_usage: true },
  })) {
    text += chunk.choices[0]?.delta.content ?? "";
    reason = chunk.choices[0]?.finish_reason ?? reason;
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, whole.choices[0].message.content);
  assert.equal(reason, "stop");
  assert.ok(usage.completion_tokens > 0);
});

test("responses answer whole", async () => {
  const response = await openai.responses.create({ model: "sim-short", input: "Say something." });
  assert.equal(response.status, "completed");
  assert.ok(response.output_text.length > 10);
});

test("responses stream the same text and end with the whole response", async () => {
  const whole = await openai.responses.create({ model: "sim-short", input: "Say something." });
  let text = "", last;
  for await (const event of await openai.responses.create({
    model: "sim-short",
    input: "Say something.",
    stream: true,
  })) {
    if (event.type === "response.output_text.delta") text += event.delta;
    last = event;
  }
  assert.equal(text, whole.output_text);
  assert.equal(last.type, "response.completed");
  assert.equal(last.response.status, "completed");
});

test("a wrong key is an authentication error", async () => {
  await assert.rejects(client("sk-wrong").models.list(), (error) => {
    assert.ok(error instanceof AuthenticationError);
    assert.equal(error.code, "invalid_api_key");
    return true;
  });
});

test("a limit is a rate-limit error with the time to wait", async () => {
  await assert.rejects(openai.chat.completions.create({ ...ask, model: "sim-429" }), (error) => {
    assert.ok(error instanceof RateLimitError);
    assert.ok(Number(error.headers.get("retry-after")) > 0);
    return true;
  });
});

test("an unknown model is a not-found error", async () => {
  await assert.rejects(openai.chat.completions.create({ ...ask, model: "sim-404" }), NotFoundError);
});
