// The adapters against `@copilotkit/aimock`, an upstream that we did not write. Each provider has an aimock of its own. Where
// aimock lacks an address, a mount gives what the provider's documentation says; where aimock does something else than the
// provider, `differs` says what, and what we make of it.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { LLMock } from "@copilotkit/aimock";
import { start, startSimulator } from "../support/app.mjs";
import { heard, person } from "./person.mjs";

const KEY = "key-of-aimock";
const TEXT = 'Bonjour « é漢 », a text that comes in several pieces.\nIt ends here: \\ "q"';
const WIDE = `a${"🎈".repeat(40)}b`;
const THOUGHTS = "This is thought about first, and it is not the answer.";

/** What aimock makes of each question, and how that ends here. */
const SCRIPT = {
  plain: [{ content: TEXT }, { status: "complete", finishReason: "stop", text: TEXT, reasoning: "" }],
  counted: [
    { content: TEXT, usage: { input_tokens: 7, output_tokens: 5 } },
    { status: "complete", text: TEXT, usage: [7, 5], estimated: false },
  ],
  // Cut after each 20 UTF-16 units, so that every piece ends within a character.
  wide: [{ content: WIDE }, { status: "complete", finishReason: "stop", text: WIDE }],
  think: [{ content: TEXT, reasoning: THOUGHTS }, { status: "complete", text: TEXT, reasoning: THOUGHTS }],
  long: [{ content: TEXT, finishReason: "length" }, { status: "complete", finishReason: "length", text: TEXT }],
  tool: [
    { toolCalls: [{ name: "get_time", arguments: '{"tz":"UTC"}' }] },
    { status: "complete", finishReason: "tool_calls", text: "" },
  ],
  limited: [
    { error: { message: "Too many.", type: "rate_limit_error" }, status: 429, retryAfter: 60 },
    { status: "failed", code: "rate_limited", retryAfterMs: 60_000, text: "" },
  ],
  busy: [
    { error: { message: "Not now.", type: "server_error" }, status: 503 },
    { status: "failed", code: "overloaded", text: "" },
  ],
  forbidden: [
    { error: { message: "No.", type: "permission_error" }, status: 403 },
    { status: "failed", code: "insufficient_permission", text: "" },
  ],
};
/** Answers that break. */
const BROKEN = {
  truncated: [{ truncateAfterChunks: 8, chunkSize: 5, latency: 2 }, "upstream_truncated"],
  garbled: [{ chaos: { malformedRate: 1 } }, "upstream_error"],
  vanished: [{ chaos: { disconnectRate: 1 } }, "network"],
};

/** A mount that answers one address, and leaves everything else to aimock. */
const says = (method, body) => ({
  async handleRequest(request, response, rest) {
    if (request.method !== method || rest !== "/") return false;
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    return true;
  },
});

const LOCATION = "europe-west4";
const VERTEX = `/v1/projects/simulated-project/locations/${LOCATION}/publishers/google/models`;

// What aimock does differently, by question.

/**
 * Real providers end an answer that is too long with `response.incomplete`. aimock says `response.completed`, and only its
 * status is "incomplete", without a reason.
 */
const RESPONSES = { long: { finishReason: "other" } };
/** Gemini has no finish reason for a call of a tool. aimock says `FUNCTION_CALL`. */
const GEMINI = { tool: { finishReason: "other" } };
/** Groq and Mistral tell the usage without being asked, and aimock does not. What is not told is estimated. */
const UNASKED = { counted: { usage: [2, 18], estimated: true } };
/** Cohere's thoughts are content of a type of their own. aimock gives them as text. */
const COHERE = { think: { text: THOUGHTS + TEXT, reasoning: "" } };

/** The system text of an OpenAI model that reasons is the developer's. */
const REASONS = { system: "developer" };

const azure = (key, more) => ({ credentials: { resourceName: "mine", key, ...more } });

/** An aimock for each provider: the variables that lead to it, what it lacks, and the models that are asked. */
const PROVIDERS = {
  openai: { at: { OPENAI_BASE_URL: "/v1" }, models: { "gpt-5.4": REASONS, "gpt-5-pro": RESPONSES } },
  anthropic: { at: { ANTHROPIC_BASE_URL: "" }, models: { "claude-sonnet-5-5": {} } },
  gemini: {
    at: { GEMINI_BASE_URL: "" },
    lacks: {
      "GET /v1beta/models": { models: [{ name: "models/gemini-3.8-flash", supportedGenerationMethods: ["generateContent"] }] },
    },
    models: { "gemini-3.8-flash": GEMINI },
  },
  groq: { at: { GROQ_BASE_URL: "/openai/v1" }, models: { "openai/gpt-oss-120b": UNASKED } },
  xai: {
    at: { XAI_BASE_URL: "/v1" },
    lacks: {
      "GET /v1/api-key": { api_key_blocked: false, api_key_disabled: false, team_blocked: false },
      "GET /v1/language-models": { models: [{ id: "grok-4.7", output_modalities: ["text"] }] },
    },
    models: { "grok-4.7": RESPONSES },
  },
  mistral: { at: { MISTRAL_BASE_URL: "/v1" }, models: { "mistral-medium-latest": UNASKED } },
  cohere: {
    at: { COHERE_BASE_URL: "" },
    lacks: {
      "POST /v1/check-api-key": { valid: true },
      "GET /v1/models": { models: [{ name: "command-a-plus-05-2026", endpoints: ["chat"] }] },
    },
    models: { "command-a-plus-05-2026": COHERE },
  },
  openrouter: {
    at: { OPENROUTER_BASE_URL: "/api/v1" },
    lacks: { "GET /api/v1/models/user": { data: [{ id: "anthropic/claude-sonnet-5.5" }] } },
    models: { "anthropic/claude-sonnet-5.5": {} },
  },
  "ai-gateway": {
    at: { AI_GATEWAY_BASE_URL: "/v1" },
    lacks: { "GET /v1/credits": { balance: "95.50", total_used: "4.50" } },
    given: (key) => ({ credentials: { key, pays: "credits" } }),
    models: { "openai/gpt-6.1-sol": {} },
  },
  "azure-openai": {
    at: { AZURE_OPENAI_BASE_URL: "/openai" },
    lacks: { "GET /openai/deployments": { data: [{ id: "my-own", model: "gpt-5.4", status: "succeeded" }] } },
    given: (key) => azure(key),
    models: { "my-own": REASONS },
  },
  "azure-openai, as an old resource": {
    provider: "azure-openai",
    given: (key) => azure(key, { apiVersion: "2024-10-21" }),
    models: { "my-own": REASONS },
  },
  ollama: { at: { OLLAMA_BASE_URL: "" }, models: { "llama4:8b": {} } },
  vertex: {
    at: { VERTEX_BASE_URL: "" },
    lacks: {
      [`POST ${VERTEX}/gemini-2.5-flash:countTokens`]: { totalTokens: 1 },
      "GET /v1beta1/publishers/google/models": { publisherModels: [{ name: "publishers/google/models/gemini-3.8-flash" }] },
    },
    given: (key) => ({ credentials: { location: LOCATION, serviceAccount: accounts[key] } }),
    models: { "gemini-3.8-flash": GEMINI },
  },
  bedrock: {
    at: { BEDROCK_BASE_URL: "", BEDROCK_RUNTIME_BASE_URL: "" },
    lacks: {
      "GET /foundation-models": {
        modelSummaries: [
          {
            modelId: "amazon.nova-pro-v1:0",
            inputModalities: ["TEXT"],
            outputModalities: ["TEXT"],
            inferenceTypesSupported: ["ON_DEMAND"],
          },
        ],
      },
      "GET /inference-profiles": { inferenceProfileSummaries: [] },
    },
    given: (key) => ({ credentials: { region: "us-east-1", apiKey: key } }),
    models: { "amazon.nova-pro-v1:0": {} },
  },
  custom: {
    given: (key, mock) => ({ credentials: { baseUrl: `${mock.url}/v1`, key } }),
    models: { "some/model": {} },
  },
};

/** Vertex AI's service accounts, by the key that they stand for: the simulator gives them, and their tokens. */
const accounts = {};
let app, simulator, folder;
const mocks = {};

before(async () => {
  simulator = await startSimulator();
  for (const [key, name] of [[KEY, "sim-good"], ["wrong", "sim-unscoped"]]) {
    accounts[key] = await (await fetch(`${simulator.url}/vertex/service-account?name=${name}`)).text();
  }
  const origins = { VERTEX_TOKEN_URL: `${simulator.url}/vertex/token` };
  for (const [name, { at, lacks = {}, models }] of Object.entries(PROVIDERS)) {
    if (name.includes(",")) continue;
    const mock = new LLMock({ port: 0, auth: { apiKeys: [KEY, "ya29.sim-good"] } });
    for (const [address, body] of Object.entries(lacks)) {
      const [method, path] = address.split(" ");
      mock.mount(path, says(method, body));
    }
    for (const [userMessage, [response]] of Object.entries(SCRIPT)) mock.on({ userMessage }, response);
    for (const [userMessage, [how]] of Object.entries(BROKEN)) mock.on({ userMessage }, { content: TEXT }, how);
    // The models that have a fixture of their own are those that aimock lists.
    for (const model of Object.keys(models)) mock.on({ userMessage: "nobody asks this", model }, { content: "" });
    await mock.start();
    mocks[name] = mock;
    for (const [variable, path] of Object.entries(at ?? {})) origins[variable] = mock.url + path;
  }
  folder = await mkdtemp(join(tmpdir(), "keylm-"));
  app = await start(["serve"], "listening on", {
    KEYLM_ADDR: "127.0.0.1:0",
    KEYLM_DATA_DIR: folder,
    KEYLM_ENV: "development",
    RATE_LIMIT_PER_MINUTE: "6000",
    AUTO_TITLES: "off",
    CUSTOM_ENDPOINTS: "list:127.0.0.1",
    ...origins,
  });
});

after(async () => {
  await Promise.all([app.stop("SIGKILL"), simulator.stop("SIGKILL"), ...Object.values(mocks).map((mock) => mock.stop())]);
  await rm(folder, { recursive: true, force: true });
});

/** What of an answer is looked at. */
const seen = ({ text, reasoning, message }) => ({
  text,
  reasoning,
  status: message.status,
  finishReason: message.finishReason,
  code: message.error?.code,
  retryAfterMs: message.error?.retryAfterMs,
  usage: [message.usage?.inputTokens, message.usage?.outputTokens],
  estimated: message.usage?.estimated,
});

describe("each adapter understands an upstream that we did not write", { concurrency: true, timeout: 120_000 }, () => {
  for (const [name, { provider = name, given = (key) => ({ key }), models }] of Object.entries(PROVIDERS)) {
    test(name, async (t) => {
      const mock = mocks[provider];
      const me = await person(app.url);

      await t.test("a wrong key is refused", async () => {
        const { status, code } = await me.offer(provider, given("wrong", mock));
        assert.deepEqual([status, code], [422, "invalid_key"]);
      });

      await t.test("a good key is accepted, and the models are listed", async () => {
        assert.equal((await me.addKey(provider, given(KEY, mock))).status, "valid");
        const ids = (await me.models(provider)).map(({ id }) => id);
        for (const model of Object.keys(models)) assert.ok(ids.includes(model), ids.join());
      });

      for (const [model, differs] of Object.entries(models)) {
        for (const [question, [, expected]] of Object.entries(SCRIPT)) {
          await t.test(`${model}: ${question}`, async () => {
            const thread = await me.thread(provider, model);
            const answer = await heard(await me.hear(thread, question));
            const whole = { ...expected, ...differs[question] };
            const looked = seen(answer);
            for (const [what, value] of Object.entries(whole)) assert.deepEqual(looked[what], value, what);
            assert.equal(answer.message.content, answer.text, "what streamed is what is stored");
            const { content } = await me.ask(thread, question);
            assert.equal(content, answer.text, "it is the same in one piece");
          });
        }
        for (const [question, [, code]] of Object.entries(BROKEN)) {
          await t.test(`${model}: ${question}`, async () => {
            const thread = await me.thread(provider, model);
            const { text, message } = await heard(await me.hear(thread, question));
            assert.deepEqual([message.status, message.error?.code], ["failed", code]);
            assert.ok(TEXT.startsWith(text), "what had come is kept");
            assert.equal(text.length > 0, question === "truncated");
          });
        }
        await t.test(`${model}: what was said before and the instructions arrive`, async () => {
          const thread = await me.thread(provider, model, { systemPrompt: "Speak « é漢🎈 »." });
          await me.ask(thread, "plain");
          await me.ask(thread, "plain, once more");
          const asked = mock.getRequests().filter(({ body }) => body?.messages?.at(-1).content === "plain, once more");
          assert.deepEqual(
            asked.at(-1).body.messages.map(({ role, content }) => [role, content]),
            [
              [differs.system ?? "system", "Speak « é漢🎈 »."],
              ["user", "plain"],
              ["assistant", TEXT],
              ["user", "plain, once more"],
            ],
          );
        });
      }
    });
  }
});

test("a short wait that was asked for is waited, and the question is asked once more", async () => {
  const me = await person(app.url);
  await me.addKey("groq", { key: KEY });
  const thread = await me.thread("groq", "openai/gpt-oss-120b");
  mocks.groq.nextRequestError(429, { message: "A moment.", type: "rate_limit_error" });
  const message = await me.ask(thread, "plain");
  assert.equal(message.content, TEXT);
  assert.deepEqual(message.attempts.map(({ status, code }) => [status, code]), [[429, "rate_limited"], [200, null]]);
});
