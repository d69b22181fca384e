// Cohere's own client talks to the simulator, so that what we test our adapter against is what Cohere's users see.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CohereClientV2, CohereError } from "cohere-ai";
import { KEYS, startSimulator } from "../support/app.mjs";

let simulator, cohere;
const client = (token) => new CohereClientV2({ token, environment: `${simulator.url}/cohere` });
const ask = (model) => ({ model, messages: [{ role: "user", content: "Say something." }] });
const once = { maxRetries: 0 };

before(async () => {
  simulator = await startSimulator();
  cohere = client(KEYS.cohere);
});
after(() => simulator.stop("SIGKILL"));

test("lists the models that chat", async () => {
  const { models } = await cohere.models.list({ endpoint: "chat", pageSize: 1000 });
  const names = models.map((model) => model.name);
  assert.ok(names.includes("command-a-03-2025") && names.includes("sim-short"), names.join());
});

test("streams the same text as it answers whole, and the usage", async () => {
  const whole = await cohere.chat(ask("sim-think"));
  let text = "", last;
  for await (const event of await cohere.chatStream(ask("sim-think"))) {
    if (event.type === "content-delta") text += event.delta.message.content.text ?? "";
    if (event.type === "message-end") last = event.delta;
  }
  assert.equal(text, whole.message.content.find((part) => part.type === "text").text);
  assert.equal(last.finishReason, "COMPLETE");
  assert.ok(last.usage.tokens.outputTokens > 0);
});

test("a wrong key and a limit are errors with their status", async () => {
  const status = (code) => (error) => {
    assert.ok(error instanceof CohereError);
    assert.equal(error.statusCode, code);
    return true;
  };
  await assert.rejects(client("wrong").models.list({}, once), status(401));
  await assert.rejects(cohere.chat(ask("sim-429"), once), status(429));
});
