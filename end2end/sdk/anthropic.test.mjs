// Anthropic's own client talks to the simulator.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Anthropic, { APIError, AuthenticationError, RateLimitError } from "@anthropic-ai/sdk";
import { KEYS, startSimulator } from "../support/app.mjs";

let simulator, anthropic;
const client = (apiKey) => new Anthropic({ apiKey, baseURL: `${simulator.url}/anthropic`, maxRetries: 0 });

before(async () => {
  simulator = await startSimulator();
  anthropic = client(KEYS.anthropic);
});
after(() => simulator.stop("SIGKILL"));

const ask = { model: "sim-short", max_tokens: 1024, messages: [{ role: "user", content: "Say something." }] };

test("lists models", async () => {
  const ids = [];
  for await (const model of anthropic.models.list()) ids.push(model.id);
  assert.ok(ids.includes("claude-sonnet-5-5") && ids.includes("sim-short"), ids.join());
});

test("messages answer whole", async () => {
  const message = await anthropic.messages.create(ask);
  assert.equal(message.stop_reason, "end_turn");
  assert.ok(message.content[0].text.length > 10);
  assert.ok(message.usage.output_tokens > 0);
});

test("messages stream the same text, and the client assembles the same message", async () => {
  const whole = await anthropic.messages.create(ask);
  let text = "";
  const stream = anthropic.messages.stream(ask).on("text", (piece) => (text += piece));
  const message = await stream.finalMessage();
  assert.equal(text, whole.content[0].text);
  assert.equal(message.content[0].text, text);
  assert.equal(message.stop_reason, "end_turn");
  assert.ok(message.usage.output_tokens > 0);
});

test("thinking comes before the answer, in a block of its own", async () => {
  const message = await anthropic.messages.stream({ ...ask, model: "sim-think" }).finalMessage();
  assert.deepEqual(
    message.content.map((block) => block.type),
    ["thinking", "text"],
  );
});

test("a wrong key is an authentication error", async () => {
  await assert.rejects(client("sk-ant-wrong").models.list(), AuthenticationError);
});

test("a limit is a rate-limit error with the time to wait", async () => {
  await assert.rejects(anthropic.messages.create({ ...ask, model: "sim-429" }), (error) => {
    assert.ok(error instanceof RateLimitError);
    assert.ok(Number(error.headers.get("retry-after")) > 0);
    return true;
  });
});

test("an error inside a stream that began well is an error", async () => {
  await assert.rejects(anthropic.messages.stream({ ...ask, model: "sim-error-mid" }).finalMessage(), APIError);
});
