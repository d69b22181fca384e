// The server beside the simulator, as `make demo` starts them, looked at from outside: what a person does by the HTTP API,
// and what reaches the providers of it. `expected.mjs` says what should.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startApp } from "../support/app.mjs";
import { PROVIDERS, SETTINGS, SYSTEM } from "./expected.mjs";
import { heard, person } from "./person.mjs";
import { assertAsked, left, told, watch } from "./record.mjs";

let app;
before(async () => {
  app = await startApp({ env: { CUSTOM_ENDPOINTS: "list:127.0.0.1" } });
  await PROVIDERS.vertex.prepare(app.simUrl);
});
after(() => app.stop());

const QUESTION = 'What is "é漢🎈"?\nSay it in one line. \\ </script>';

/** The requests for answers, without those for a token. */
const chats = (requests) => requests.filter(({ method, path }) => method === "POST" && path !== "/vertex/token");

test("every provider that is offered is looked at here", async () => {
  const me = await person(app.url);
  const { providers } = await me.ok(200, "GET", "/api/providers");
  assert.deepEqual(providers.map(({ id }) => id).sort(), Object.keys(PROVIDERS).sort());
});

describe("each provider", { concurrency: true, timeout: 120_000 }, () => {
  for (const [id, provider] of Object.entries(PROVIDERS)) {
    const given = (kind) => provider.given(kind, app.simUrl);
    const begin = async () => {
      const me = await person(app.url);
      return { me, asked: await watch(app.simUrl, provider.base) };
    };

    test(`${id}: one after the other`, async (t) => {
      await t.test("a good key is asked about with the documented requests and no other, and its models are there", async () => {
        const { me, asked } = await begin();
        const key = await me.addKey(id, given("good"));
        assert.equal(key.status, "valid");
        const models = (await me.models(id)).map((model) => model.id);
        for (const { model } of provider.answers) assert.ok(models.includes(model), `${model} in ${models}`);
        const requests = await asked();
        const expected = provider.accepts("good");
        assert.deepEqual(requests.map(({ path }) => path), expected.map(({ path }) => path));
        requests.forEach((request, at) => assertAsked(request, expected[at]));
      });

      await t.test("a wrong key and one without rights are refused, not repeated and not kept", async () => {
        const { me, asked } = await begin();
        for (const [kind, code] of [["wrong", "invalid_key"], ["unscoped", "insufficient_permission"]]) {
          const offer = await me.offer(id, given(kind));
          assert.deepEqual([offer.status, offer.code], [422, code], kind);
          assert.doesNotMatch(offer.message, /0123456789/);
          const requests = await asked();
          // A service account that lacks a role gets its token all the same.
          const refusals = id === "vertex" && kind === "unscoped" ? 2 : 1;
          assert.equal(requests.length, refusals, "nobody is asked again");
          const expected = provider.accepts(kind);
          requests.forEach((request, at) => assertAsked(request, expected[at]));
        }
        assert.deepEqual(await me.keys(id), []);
      });

      for (const { model, request } of provider.answers) {
        await t.test(`${model} is asked as documented, and asked with what was said before`, async () => {
          const { me, asked } = await begin();
          await me.addKey(id, given("good"));
          const thread = await me.thread(id, model, { systemPrompt: SYSTEM, settings: SETTINGS });
          await asked();
          const first = await heard(await me.hear(thread, QUESTION));
          assert.equal(first.message.status, "complete", JSON.stringify(first.message.error));
          assert.ok(first.text.length > 10);
          assert.equal(first.message.content, first.text);
          const second = await me.ask(thread, "And now?");
          assert.equal(second.status, "complete", JSON.stringify(second.error));

          const turns = [
            { role: "user", text: QUESTION },
            { role: "assistant", text: first.text },
            { role: "user", text: "And now?" },
          ];
          const requests = await asked();
          assert.equal(requests.length, 2);
          assertAsked(requests[0], request("good", turns.slice(0, 1)));
          assertAsked(requests[1], request("good", turns));
          assert.deepEqual(requests.map(({ aborted }) => aborted), [false, false]);
        });
      }

      await t.test("where nobody set anything nothing is sent of it; a stop closes the connection and keeps the text", async () => {
        const { me, asked } = await begin();
        await me.addKey(id, given("good"));
        const thread = await me.thread(id, "sim-endless");
        await asked();
        const answer = { text: "" };
        for await (const { event, data } of await me.hear(thread, "Go on.")) {
          if (event === "start") answer.id = data.message.id;
          if (event === "delta") {
            if (answer.text === "") await me.stop(thread, answer.id);
            answer.text += data.text;
          }
          if (event === "done") answer.message = data.message;
        }
        assert.equal(answer.message.status, "stopped");
        assert.ok(answer.text.length > 0);
        assert.equal(answer.message.content, answer.text);
        const [request, ...more] = chats(await asked());
        assert.deepEqual(more, []);
        assert.deepEqual(JSON.parse(request.body), provider.bare("Go on."));
        await left(app.simUrl, request);
      });

      await t.test("a key without credit hands over to the next one, which is asked the same", async () => {
        const { me, asked } = await begin();
        const broke = await me.addKey(id, given("broke"));
        const thread = await me.thread(id, "sim-short");
        await asked();
        const failed = await me.ask(thread, "Hello?");
        assert.equal(failed.status, "failed");
        assert.equal(failed.error.code, "quota_exhausted");
        assert.equal(failed.keyId, broke.id);
        assert.equal(chats(await asked()).length, 1, "nobody is asked again");

        // A new person: a key that failed comes last for a while.
        const other = await person(app.url);
        const [first, second] = [await other.addKey(id, given("broke")), await other.addKey(id, given("good"))];
        const again = await other.thread(id, "sim-short");
        await asked();
        const paid = await heard(await other.hear(again, "Hello?"));
        assert.equal(paid.message.status, "complete");
        assert.equal(paid.text, "Hello from the simulator.");
        assert.equal(paid.message.keyId, second.id);
        assert.deepEqual(
          paid.message.attempts.map(({ keyId, code }) => [keyId, code]),
          [[first.id, "quota_exhausted"], [second.id, null]],
        );
        const requests = chats(await asked());
        assert.equal(requests.length, 2);
        const [refused, answered] = requests;
        assert.deepEqual(told(refused), { ...told(answered), ...provider.lets("broke") });
        assertAsked(answered, { ...refused, headers: { ...told(refused), ...provider.lets("good") } });
      });
    });
  }
});

test("a server of one's own that does not know how usage is asked for is asked once more without", async () => {
  // Mistral's schema is strict, and has no such field.
  const me = await person(app.url);
  const asked = await watch(app.simUrl, "/mistral");
  await me.addKey("custom", { credentials: { baseUrl: `${app.simUrl}/mistral/v1`, key: "mist-sim-good" } });
  const thread = await me.thread("custom", "sim-short");
  await asked();
  const { text, message } = await heard(await me.hear(thread, "Hello?"));
  assert.deepEqual([message.status, text], ["complete", "Hello from the simulator."]);
  assert.deepEqual(message.attempts.map(({ status, code }) => [status, code]), [[422, "unsupported_param"], [200, null]]);
  const [refused, taken] = await asked();
  const { stream_options: usage, ...rest } = JSON.parse(refused.body);
  assert.deepEqual(usage, { include_usage: true });
  assertAsked(taken, { ...refused, headers: told(refused), body: rest });
});

test("the gateway is brought the person's key for the maker of the model, and nobody else's", async () => {
  const me = await person(app.url);
  const keys = { openai: "sk-sim-good-brought", anthropic: "sk-ant-sim-good-brought" };
  for (const [provider, key] of Object.entries(keys)) await me.addKey(provider, { key });
  await me.addKey("ai-gateway", { credentials: { key: "vck_sim-good", pays: "keys" } });
  for (const [model, maker] of [["openai/gpt-6.1-sol", "openai"], ["anthropic/claude-sonnet-5.5", "anthropic"]]) {
    const thread = await me.thread("ai-gateway", model, { settings: { maxTokens: 24 } });
    const asked = await watch(app.simUrl, "/ai-gateway");
    const message = await me.ask(thread, "Hello?");
    assert.equal(message.status, "complete", JSON.stringify(message.error));
    const requests = await asked();
    assert.equal(requests.length, 1);
    assert.equal(told(requests[0]).authorization, "Bearer vck_sim-good");
    assert.deepEqual(JSON.parse(requests[0].body), {
      model,
      messages: [{ role: "user", content: "Hello?" }],
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 24,
      providerOptions: { gateway: { byok: { [maker]: [{ apiKey: keys[maker] }] }, only: [maker] } },
    });
  }
});

test("an answer that the gateway paid for although a key was brought is no answer", async () => {
  const me = await person(app.url);
  await me.addKey("openai", { key: "sk-sim-broke-brought" });
  await me.addKey("ai-gateway", { credentials: { key: "vck_sim-good", pays: "keys" } });
  const asked = await watch(app.simUrl, "/ai-gateway");
  const message = await me.ask(await me.thread("ai-gateway", "openai/gpt-6.1-sol", { settings: { maxTokens: 24 } }), "Hello?");
  assert.deepEqual([message.status, message.error?.code], ["failed", "system_credentials"]);
  assert.equal((await asked()).length, 1, "nobody is asked again");
});
