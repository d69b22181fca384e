// Google's own client talks to the simulator.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ApiError, GoogleGenAI } from "@google/genai";
import { KEYS, startSimulator } from "../support/app.mjs";

let simulator, gemini;
const client = (apiKey) => new GoogleGenAI({ apiKey, httpOptions: { baseUrl: `${simulator.url}/gemini` } });

before(async () => {
  simulator = await startSimulator();
  gemini = client(KEYS.gemini);
});
after(() => simulator.stop("SIGKILL"));

const ask = { model: "sim-short", contents: "Say something." };

test("lists models, page by page", async () => {
  const names = [];
  for await (const model of await gemini.models.list({ config: { pageSize: 3 } })) names.push(model.name);
  assert.ok(names.includes("models/gemini-3.8-flash") && names.includes("models/sim-short"), names.join());
  assert.equal(new Set(names).size, names.length);
});

test("generateContent answers whole", async () => {
  const response = await gemini.models.generateContent(ask);
  assert.equal(response.candidates[0].finishReason, "STOP");
  assert.ok(response.text.length > 10);
  assert.ok(response.usageMetadata.totalTokenCount > 0);
});

test("generateContentStream streams the same text", async () => {
  const whole = await gemini.models.generateContent(ask);
  let text = "", last;
  for await (const chunk of await gemini.models.generateContentStream(ask)) {
    text += chunk.text ?? "";
    last = chunk;
  }
  assert.equal(text, whole.text);
  assert.equal(last.candidates[0].finishReason, "STOP");
  assert.ok(last.usageMetadata.candidatesTokenCount > 0);
});

test("thoughts are marked as such when they are asked for", async () => {
  const response = await gemini.models.generateContent({
    ...ask,
    model: "sim-think",
    config: { thinkingConfig: { includeThoughts: true } },
  });
  const parts = response.candidates[0].content.parts;
  assert.ok(parts.some((part) => part.thought) && parts.some((part) => !part.thought));
});

test("a wrong key is a bad request with Google's reason for it", async () => {
  await assert.rejects(client("AIza-wrong").models.generateContent(ask), (error) => {
    assert.ok(error instanceof ApiError);
    assert.equal(error.status, 400);
    assert.match(error.message, /API_KEY_INVALID/);
    return true;
  });
});

test("an overloaded model is a 503", async () => {
  await assert.rejects(gemini.models.generateContent({ ...ask, model: "sim-503" }), (error) => {
    assert.equal(error.status, 503);
    return true;
  });
});
