// Mistral's own client, which checks every answer against its schema, talks to the simulator.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Mistral } from "@mistralai/mistralai";
import { MistralError } from "@mistralai/mistralai/models/errors";
import { KEYS, startSimulator } from "../support/app.mjs";

let simulator, mistral;
const client = (apiKey) =>
  new Mistral({ apiKey, serverURL: `${simulator.url}/mistral`, retryConfig: { strategy: "none" } });

before(async () => {
  simulator = await startSimulator();
  mistral = client(KEYS.mistral);
});
after(() => simulator.stop("SIGKILL"));

const ask = (model) => ({ model, messages: [{ role: "user", content: "Say something." }] });

/** The answer's text, its thoughts and its last chunk. */
async function stream(model) {
  let text = "", thoughts = "", last;
  for await (const { data } of await mistral.chat.stream(ask(model))) {
    const { content } = data.choices[0].delta;
    if (typeof content === "string") text += content;
    else {
      for (const part of content ?? []) {
        if (part.type === "thinking") thoughts += part.thinking.map((thought) => thought.text).join("");
        if (part.type === "text") text += part.text;
      }
    }
    last = data;
  }
  return { text, thoughts, last };
}

test("lists models with their capabilities", async () => {
  const { data } = await mistral.models.list();
  const model = data.find(({ id }) => id === "mistral-medium-latest");
  assert.equal(model.capabilities.completionChat, true);
  assert.equal(model.maxContextLength, 262_144);
  assert.ok(model.aliases.includes("mistral-medium-2508"));
  assert.equal(data.find(({ id }) => id === "mistral-embed").capabilities.completionChat, false);
});

test("streams the same text as it answers whole, and the usage with the last chunk, without being asked", async () => {
  const whole = await mistral.chat.complete(ask("sim-short"));
  const { text, last } = await stream("sim-short");
  assert.ok(text.length > 10);
  assert.equal(text, whole.choices[0].message.content);
  assert.equal(last.choices[0].finishReason, "stop");
  assert.ok(last.usage.completionTokens > 0);
});

test("thoughts are parts of the content", async () => {
  const { text, thoughts } = await stream("sim-think");
  assert.ok(thoughts.length > 10);
  assert.ok(text.length > 10 && !text.includes(thoughts));
});

test("text of every width arrives however the bytes are cut", async () => {
  assert.equal((await stream("sim-split")).text, (await stream("sim-wide")).text);
});

test("a wrong key, a limit and an unknown model are errors with their status", async () => {
  const status = (code, words) => (error) => {
    assert.ok(error instanceof MistralError, String(error));
    assert.equal(error.statusCode, code);
    assert.match(error.body, words);
    return true;
  };
  await assert.rejects(client("wrong").models.list(), status(401, /Unauthorized/));
  await assert.rejects(mistral.chat.complete(ask("sim-429")), status(429, /"1300"/));
  await assert.rejects(mistral.chat.complete(ask("sim-404")), status(400, /"1500"/));
});
