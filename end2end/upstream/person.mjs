// Somebody with an account, who uses nothing but the HTTP API.
import assert from "node:assert/strict";
import { client } from "../support/app.mjs";

let people = 0;

/** A new person at the app that listens at `url`. */
export async function person(url) {
  const call = client(url);
  const email = `person-${++people}@example.org`;
  const made = await call("POST", "/api/auth/register", { email, password: "correct horse battery staple" });
  assert.equal(made.status, 201, JSON.stringify(made.body));

  const ok = async (status, ...request) => {
    const answer = await call(...request);
    assert.equal(answer.status, status, `${request.slice(0, 2).join(" ")}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  let asked = 0;
  const question = (content) => ({ content, clientRequestId: `request-${++asked}` });

  return {
    call,
    ok,
    /** The key, once the provider accepted it. */
    addKey: async (provider, given) => (await ok(201, "POST", `/api/providers/${provider}/keys`, given)).key,
    /** What is said of a key that is not accepted. */
    async offer(provider, given) {
      const { status, body } = await call("POST", `/api/providers/${provider}/keys`, given);
      return { status, code: body.error?.code, message: body.error?.message };
    },
    keys: async (provider) => (await ok(200, "GET", `/api/providers/${provider}/keys`)).keys,
    models: async (provider) => (await ok(200, "GET", `/api/providers/${provider}/models`)).models,
    thread: async (provider, model, more = {}) =>
      (await ok(201, "POST", "/api/threads", { provider, model, ...more })).thread.id,
    /** An answer in one piece, once it has ended. */
    ask: async (thread, content) =>
      (await ok(200, "POST", `/api/threads/${thread}/messages`, { ...question(content), stream: false })).message,
    /** An answer as it streams: its events. */
    hear: (thread, content) => ok(200, "POST", `/api/threads/${thread}/messages`, question(content)),
    stop: (thread, message) => ok(202, "POST", `/api/threads/${thread}/messages/${message}/stop`),
  };
}

/** An answer as it streams: the pieces put together, and the stored message from its last event. */
export async function heard(events) {
  const all = { text: "", reasoning: "", pieces: 0 };
  for await (const { event, data } of events) {
    if (event === "delta") all.text += data.text;
    if (event === "reasoning") all.reasoning += data.text;
    if (event === "delta" || event === "reasoning") all.pieces += 1;
    if (event === "done" || event === "error") all.message = data.message;
  }
  return all;
}
