// Groq's own client talks to the simulator.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Groq, { AuthenticationError, NotFoundError, PermissionDeniedError, RateLimitError } from "groq-sdk";
import { KEYS, startSimulator } from "../support/app.mjs";

let simulator, groq;
// The client brings `/openai/v1` along.
const client = (apiKey) => new Groq({ apiKey, baseURL: `${simulator.url}/groq`, maxRetries: 0 });

before(async () => {
  simulator = await startSimulator();
  groq = client(KEYS.groq);
});
after(() => simulator.stop("SIGKILL"));

const ask = { model: "sim-short", messages: [{ role: "user", content: "Say something." }] };

test("lists models with what Groq alone says of them", async () => {
  const { data } = await groq.models.list();
  const model = data.find(({ id }) => id === "openai/gpt-oss-120b");
  assert.equal(model.active, true);
  assert.equal(model.context_window, 131_072);
  assert.ok(data.some(({ id }) => id.startsWith("whisper")), "what does not chat is listed, too");
});

test("streams the same text as it answers whole, and the usage with the finish reason, without being asked", async () => {
  const whole = await groq.chat.completions.create(ask);
  let text = "", last;
  for await (const chunk of await groq.chat.completions.create({ ...ask, stream: true })) {
    text += chunk.choices[0]?.delta.content ?? "";
    if (chunk.choices[0]?.finish_reason) last = chunk;
  }
  assert.ok(text.length > 10);
  assert.equal(text, whole.choices[0].message.content);
  assert.equal(last.choices[0].finish_reason, "stop");
  assert.ok(last.x_groq.usage.completion_tokens > 0);
  assert.deepEqual(last.usage, last.x_groq.usage);
});

test("thoughts come as reasoning, apart from the answer", async () => {
  let reasoning = "", text = "";
  for await (const { choices } of await groq.chat.completions.create({ ...ask, model: "sim-think", stream: true })) {
    reasoning += choices[0]?.delta.reasoning ?? "";
    text += choices[0]?.delta.content ?? "";
  }
  assert.ok(reasoning.length > 10);
  assert.ok(text.length > 10 && !text.includes(reasoning));
});

test("a wrong key, a key without rights, a limit and an unknown model are errors of their classes", async () => {
  await assert.rejects(client("gsk_wrong").models.list(), AuthenticationError);
  await assert.rejects(client("gsk_sim-unscoped").models.list(), PermissionDeniedError);
  await assert.rejects(groq.chat.completions.create({ ...ask, model: "sim-404" }), NotFoundError);
  await assert.rejects(groq.chat.completions.create({ ...ask, model: "sim-429" }), (error) => {
    assert.ok(error instanceof RateLimitError);
    assert.ok(Number(error.headers.get("retry-after")) > 0);
    return true;
  });
});

test("an error inside a stream that began well is raised", async () => {
  const stream = await groq.chat.completions.create({ ...ask, model: "sim-error-mid", stream: true });
  let text = "";
  await assert.rejects(async () => {
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  });
  assert.match(text, /^This is the first part/);
});
