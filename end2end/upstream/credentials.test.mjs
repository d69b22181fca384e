// The ways to be let in that need more than a header, and the less usual ones: what reaches the provider of them.
import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { after, before, test } from "node:test";
import { startApp } from "../support/app.mjs";
import { person } from "./person.mjs";
import { told, watch } from "./record.mjs";
import { authorization } from "./sigv4.mjs";

let app;
before(async () => (app = await startApp({ env: { CUSTOM_ENDPOINTS: "list:127.0.0.1" } })));
after(() => app.stop());

/** What reaches `base` when somebody adds a key and asks a question. */
async function asked(provider, base, given, model = "sim-short") {
  const me = await person(app.url);
  const news = await watch(app.simUrl, base);
  await me.addKey(provider, given);
  const thread = await me.thread(provider, model);
  const message = await me.ask(thread, "Hello?");
  assert.equal(message.status, "complete", JSON.stringify(message.error));
  return news();
}

const EXAMPLE = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  region: "us-east-1",
  service: "bedrock",
};

test("our second opinion on Amazon's signatures makes those of Amazon's own library", () => {
  const date = ["x-amz-date", "20261120T120000Z"];
  const ask = {
    method: "POST",
    path: "/model/us.anthropic.claude-sonnet-4-6-v1%3A0/converse-stream",
    query: "",
    headers: [["content-type", "application/json"], ["host", "bedrock-runtime.us-east-1.amazonaws.com"], date],
    body: '{"messages":[{"role":"user","content":[{"text":"hello"}]}]}',
  };
  assert.match(
    authorization(ask, ["content-type", "host", "x-amz-date"], EXAMPLE),
    /Signature=0875847fd6fb98e456ea88a122b0d7afdd8c75c0ea3f13bf49c8d7da1c3aa87c$/,
  );
  const list = {
    method: "GET",
    path: "/foundation-models",
    query: "byOutputModality=TEXT",
    headers: [["host", "bedrock.us-east-1.amazonaws.com"], date],
    body: "",
  };
  assert.match(
    authorization(list, ["host", "x-amz-date"], EXAMPLE),
    /Signature=f58d73a3cd6e65bc6dcd26c0f0ec15b70b6c909180f2684562147b039fc94136$/,
  );
});

for (const [what, more] of [
  ["an access key", {}],
  ["a temporary access key, with its session token", { accessKeyId: "ASIA-sim-good", sessionToken: "the/session+token==" }],
]) {
  test(`Bedrock: every request is signed with ${what}`, async () => {
    const credentials = {
      region: "eu-west-3",
      accessKeyId: "AKIA-sim-good",
      secretAccessKey: "simulated-secret",
      ...more,
    };
    const requests = await asked("bedrock", "/bedrock", { credentials }, "sim-short");
    assert.deepEqual(
      requests.map(({ path }) => path.replace("/bedrock/", "")),
      [
        "control/foundation-models",
        "control/inference-profiles",
        "control/inference-profiles",
        "runtime/model/sim-short/converse-stream",
      ],
    );
    for (const request of requests) {
      const { accept, authorization: given, ...rest } = told(request);
      const signed = ["host", "x-amz-date"];
      if (request.method === "POST") signed.unshift("content-type");
      if (more.sessionToken) {
        assert.equal(rest["x-amz-security-token"], more.sessionToken);
        signed.push("x-amz-security-token");
      }
      assert.deepEqual(Object.keys(rest).sort(), signed.filter((name) => name !== "host"), "nothing else is sent");
      assert.equal(given, authorization(request, signed, { ...credentials, service: "bedrock" }));
      assert.ok(accept);
      assert.ok(!JSON.stringify(request).includes(credentials.secretAccessKey));
    }
  });
}

test("Bedrock: a model's id with a colon is escaped once on the wire and signed escaped twice", async () => {
  const credentials = { region: "eu-west-3", accessKeyId: "AKIA-sim-good", secretAccessKey: "simulated-secret" };
  const me = await person(app.url);
  await me.addKey("bedrock", { credentials });
  const thread = await me.thread("bedrock", "amazon.nova-micro-v1:0", { settings: { maxTokens: 24 } });
  const news = await watch(app.simUrl, "/bedrock");
  assert.equal((await me.ask(thread, "é漢🎈")).status, "complete");
  const [request] = await news();
  assert.equal(request.path, "/bedrock/runtime/model/amazon.nova-micro-v1%3A0/converse-stream");
  assert.equal(
    told(request).authorization,
    authorization(request, ["content-type", "host", "x-amz-date"], { ...credentials, service: "bedrock" }),
  );
});

test("Vertex AI: a signed claim is changed for one token, which serves every request after it", async () => {
  const account = await (await fetch(`${app.simUrl}/vertex/service-account?name=sim-good`)).json();
  const given = {
    credentials: {
      location: "global",
      // As some tools paste it, and with an address that must be ignored.
      serviceAccount: JSON.stringify({
        ...account,
        private_key: account.private_key.replaceAll("\n", "\\n"),
        token_uri: "http://127.0.0.1:1/evil",
      }),
    },
  };
  const [token, ...rest] = await asked("vertex", "/vertex", given);
  assert.equal(rest.filter(({ path }) => path === "/vertex/token").length, 0);
  for (const request of rest) assert.equal(told(request).authorization, "Bearer ya29.sim-good");

  assert.deepEqual([token.method, token.path, token.query], ["POST", "/vertex/token", ""]);
  assert.equal(told(token).authorization, undefined);
  const form = new URLSearchParams(token.body);
  assert.deepEqual([...form.keys()].sort(), ["assertion", "grant_type"]);
  assert.equal(form.get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
  const [head, claims, signature] = form.get("assertion").split(".");
  const read = (part) => JSON.parse(Buffer.from(part, "base64url"));
  assert.deepEqual(read(head), { alg: "RS256", typ: "JWT", kid: account.private_key_id });
  const { iat, exp, ...said } = read(claims);
  assert.deepEqual(said, {
    iss: account.client_email,
    scope: "https://www.googleapis.com/auth/cloud-platform",
    aud: "https://oauth2.googleapis.com/token",
  });
  assert.equal(exp - iat, 3600);
  const key = createPublicKey(account.private_key);
  assert.ok(verify("sha256", Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, "base64url")));
  assert.ok(!token.body.includes("PRIVATE"));
});

test("Anthropic: an OAuth token is a bearer, and never beside an x-api-key", async () => {
  const me = await person(app.url);
  const news = await watch(app.simUrl, "/anthropic");
  await me.offer("anthropic", { key: "sk-ant-oat01-of-somebody" });
  const [request] = await news();
  assert.deepEqual(told(request), {
    accept: "application/json",
    authorization: "Bearer sk-ant-oat01-of-somebody",
    "anthropic-version": "2023-06-01",
  });
});

test("Gemini: an auth key goes into the same header as an old one, and never into the address", async () => {
  const requests = await asked("gemini", "/gemini", { key: "AQ.sim-good-0123" });
  assert.equal(requests.length, 2);
  for (const request of requests) {
    const { "x-goog-api-key": key, authorization } = told(request);
    assert.deepEqual([key, authorization], ["AQ.sim-good-0123", undefined]);
    assert.ok(!`${request.path}?${request.query}`.includes("AQ."));
  }
});

test("Azure OpenAI: an old resource is asked at its deployment, with the version that was given", async () => {
  const credentials = { resourceName: "old", key: "azure-sim-good", apiVersion: "2024-10-21" };
  const [list, chat] = await asked("azure-openai", "/azure", { credentials }, "sim-short");
  assert.equal(`${list.path}?${list.query}`, "/azure/openai/deployments?api-version=2023-03-15-preview");
  assert.equal(`${chat.path}?${chat.query}`, "/azure/openai/deployments/sim-short/chat/completions?api-version=2024-10-21");
  for (const request of [list, chat]) {
    assert.deepEqual([told(request)["api-key"], told(request).authorization], ["azure-sim-good", undefined]);
  }
});

test("Ollama and a server of one's own are asked without a key where there is none", async () => {
  for (const [provider, credentials] of [["ollama", {}], ["custom", { baseUrl: `${app.simUrl}/ollama/v1/` }]]) {
    const requests = await asked(provider, "/ollama", { credentials });
    assert.deepEqual(requests.map(({ path }) => path), ["/ollama/v1/models", "/ollama/v1/chat/completions"], provider);
    for (const request of requests) assert.equal(told(request).authorization, undefined);
  }
});

test("a key that may chat but not list is kept as one that nobody could look at, and it chats", async () => {
  for (const [provider, given] of [
    ["openai", { key: "sk-sim-nolist-0123" }],
    ["bedrock", { credentials: { region: "us-east-1", apiKey: "ABSK-sim-nolist" } }],
  ]) {
    const me = await person(app.url);
    assert.equal((await me.addKey(provider, given)).status, "unverified", provider);
    const message = await me.ask(await me.thread(provider, "sim-short"), "Hello?");
    assert.deepEqual([message.status, message.content], ["complete", "Hello from the simulator."], provider);
  }
});
