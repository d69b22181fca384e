// The OpenAI client talks to those dialects of the simulator that have no client of their own, as their makers tell
// people to do it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import OpenAI, { APIError, AuthenticationError, AzureOpenAI, BadRequestError, NotFoundError, RateLimitError } from "openai";
import { KEYS, startSimulator } from "../support/app.mjs";

let simulator;
before(async () => (simulator = await startSimulator()));
after(() => simulator.stop("SIGKILL"));

const openai = (path, apiKey) => new OpenAI({ apiKey, baseURL: simulator.url + path, maxRetries: 0 });
const openrouter = (key = KEYS.openrouter) => openai("/openrouter/api/v1", key);
const xai = (key = KEYS.xai) => openai("/xai/v1", key);
const ollama = () => openai("/ollama/v1", KEYS.ollama);
const azure = (apiKey = KEYS.azure) =>
  new AzureOpenAI({ apiKey, apiVersion: "2024-10-21", endpoint: `${simulator.url}/azure`, maxRetries: 0 });

const ask = (model) => ({ model, messages: [{ role: "user", content: "Say something." }] });

/** An answer of Chat Completions as it streams. */
async function stream(client, model, options = {}) {
  let text = "", reasoning = "", reason, usage;
  for await (const chunk of await client.chat.completions.create({ ...ask(model), stream: true, ...options })) {
    text += chunk.choices[0]?.delta.content ?? "";
    reasoning += chunk.choices[0]?.delta.reasoning ?? "";
    reason = chunk.choices[0]?.finish_reason ?? reason;
    usage = chunk.usage ?? usage;
  }
  return { text, reasoning, reason, usage };
}

test("OpenRouter streams the same text as it answers whole, with the cost, and its comments are skipped", async () => {
  const whole = await openrouter().chat.completions.create(ask("sim-short"));
  const { text, reason, usage } = await stream(openrouter(), "sim-short");
  assert.ok(text.length > 10);
  assert.equal(text, whole.choices[0].message.content);
  assert.equal(reason, "stop");
  assert.ok(usage.completion_tokens > 0 && usage.cost > 0);
});

test("OpenRouter's thoughts come as reasoning", async () => {
  const { text, reasoning } = await stream(openrouter(), "sim-think");
  assert.ok(reasoning.length > 10 && text.length > 10);
});

test("OpenRouter's error inside a stream is raised, and a spent account is a 402", async () => {
  await assert.rejects(stream(openrouter(), "sim-error-mid"), APIError);
  await assert.rejects(stream(openrouter("sk-or-v1-sim-broke"), "sim-short"), (error) => {
    assert.equal(error.status, 402);
    return true;
  });
});

test("xAI's models are listed, and its Responses stream the same text as they answer whole", async () => {
  const ids = [];
  for await (const { id } of xai().models.list()) ids.push(id);
  assert.ok(ids.includes("grok-4.7"), ids.join());
  const whole = await xai().responses.create({ model: "sim-short", input: "Say something.", store: false });
  let text = "", last;
  for await (const event of await xai().responses.create({ model: "sim-short", input: "Say something.", stream: true })) {
    if (event.type === "response.output_text.delta") text += event.delta;
    last = event;
  }
  assert.ok(text.length > 10);
  assert.equal(text, whole.output_text);
  assert.equal(last.type, "response.completed");
  assert.ok(last.response.usage.output_tokens > 0);
});

test("xAI calls a wrong key a bad request, and says so in words of its own", async () => {
  await assert.rejects(xai("xai-wrong").responses.create({ model: "sim-short", input: "Hi" }), (error) => {
    assert.ok(error instanceof BadRequestError);
    assert.match(error.message, /Incorrect API key/);
    return true;
  });
});

test("Azure's deployments stream the same text as they answer whole, behind a chunk without choices", async () => {
  const short = { max_completion_tokens: 24, stream_options: { include_usage: true } };
  const whole = await azure().chat.completions.create({ ...ask("team-sol"), max_completion_tokens: 24 });
  const { text, reason, usage } = await stream(azure(), "team-sol", short);
  assert.ok(text.length > 10);
  assert.equal(text, whole.choices[0].message.content);
  assert.equal(reason, "length");
  assert.ok(usage.completion_tokens > 0);
});

test("Azure's newer addresses take the deployment as the model", async () => {
  const client = new OpenAI({
    apiKey: "unused",
    baseURL: `${simulator.url}/azure/openai/v1`,
    defaultHeaders: { "api-key": KEYS.azure, authorization: null },
    maxRetries: 0,
  });
  assert.ok((await stream(client, "sim-short")).text.length > 10);
});

test("Azure's refusals are errors of their classes", async () => {
  await assert.rejects(azure("wrong").chat.completions.create(ask("team-sol")), AuthenticationError);
  await assert.rejects(azure().chat.completions.create(ask("sim-404")), (error) => {
    assert.ok(error instanceof NotFoundError);
    assert.equal(error.code, "DeploymentNotFound");
    return true;
  });
  await assert.rejects(azure().chat.completions.create(ask("sim-filter")), (error) => {
    assert.equal(error.code, "content_filter");
    return true;
  });
});

test("Ollama lists its models and streams the same text as it answers whole, and the usage when asked", async () => {
  const ids = [];
  for await (const { id } of ollama().models.list()) ids.push(id);
  assert.ok(ids.includes("llama4:8b"), ids.join());
  const whole = await ollama().chat.completions.create(ask("sim-short"));
  const { text, usage } = await stream(ollama(), "sim-short", { stream_options: { include_usage: true } });
  assert.ok(text.length > 10);
  assert.equal(text, whole.choices[0].message.content);
  assert.ok(usage.completion_tokens > 0);
  assert.equal((await stream(ollama(), "sim-short")).usage, undefined);
});

test("Ollama's thoughts come as reasoning, and its refusals are errors of their classes", async () => {
  assert.ok((await stream(ollama(), "sim-think")).reasoning.length > 10);
  await assert.rejects(ollama().chat.completions.create(ask("sim-404")), NotFoundError);
  await assert.rejects(ollama().chat.completions.create(ask("sim-429")), RateLimitError);
});
