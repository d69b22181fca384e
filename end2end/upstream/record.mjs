// What the simulator was asked, and how it is compared with what it should have been asked.
import assert from "node:assert/strict";

/** Every request so far, with its place. */
async function recorded(simUrl) {
  const list = await (await fetch(`${simUrl}/__recorded`)).json();
  return list.map((request, place) => ({ ...request, place }));
}

/** Begins to watch the requests whose path begins with `base`: each call answers what came since the last one. */
export async function watch(simUrl, base) {
  let seen = (await recorded(simUrl)).length;
  return async () => {
    const list = await recorded(simUrl);
    const news = list.slice(seen).filter(({ path }) => path.startsWith(`${base}/`));
    seen = list.length;
    return news;
  };
}

/** Ends once the simulator has seen the client of a request leave. */
export async function left(simUrl, { place }) {
  for (;;) {
    if ((await recorded(simUrl))[place].aborted) return;
  }
}

/** What a request tells beside its address and its body, without what each of them has. */
export function told({ headers, body }) {
  const names = headers.map(([name]) => name);
  assert.deepEqual(names, [...new Set(names)], "no header comes twice");
  const { host, "user-agent": agent, "accept-encoding": coding, "content-length": length, ...rest } =
    Object.fromEntries(headers);
  assert.match(host, /^127\.0\.0\.1:\d+$/);
  assert.match(agent, /^keylm\/\d+\.\d+\.\d+$/);
  assert.equal(coding, "identity", "nothing packed is taken");
  assert.equal(Number(length ?? 0), Buffer.byteLength(body));
  return rest;
}

/** Asserts that a request is the expected one: method, address, every header, and the body. */
export function assertAsked(request, expected) {
  const { method, path, query, body } = request;
  assert.deepEqual({ method, path, query }, { method: expected.method, path: expected.path, query: expected.query });
  assert.deepEqual(told(request), expected.headers, "nothing else is told about the person, the page or the server");
  if (typeof expected.body === "string") assert.equal(body, expected.body);
  else if (expected.body) {
    assert.deepEqual(JSON.parse(body), expected.body);
    assert.doesNotMatch(body, /:\d+\.0[,}]/, "what is counted is a whole number on the wire");
  }
}
