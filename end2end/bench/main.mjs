// `make bench-web`: what the pages cost the browser. Prints times and asserts none; see docs/performance.md.
//
//   node bench/main.mjs [--quick] [--json FILE] [ROW…]     rows: weight vitals open token frames keys lighthouse
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { startApp } from "../support/app.mjs";
import { launch } from "../support/browser.mjs";
import { scores } from "./lighthouse.mjs";
import { startProvider } from "./provider.mjs";
import { filled, frames, keys, open, token, vitals, weight } from "./rows.mjs";

const ROWS = {
  weight,
  vitals,
  open: async (bench) => [...(await open(bench, 400, 0.5)), ...(await open(bench, 5000, 0.8))],
  token,
  frames,
  keys,
  lighthouse: scores,
};
const ACCOUNT = { email: "bench@example.org", password: "a quiet harbour at dawn" };

const { values, positionals } = parseArgs({
  options: { quick: { type: "boolean", default: false }, json: { type: "string" } },
  allowPositionals: true,
});
const unknown = positionals.find((name) => !(name in ROWS));
if (unknown) {
  console.error(`There is no row ${unknown}. The rows are: ${Object.keys(ROWS).join(" ")}.`);
  process.exit(2);
}

const provider = await startProvider();
const app = await startApp({ env: { OPENAI_BASE_URL: provider.url } });
const browser = await launch();
try {
  const bench = await prepare();
  const rows = [];
  for (const [name, measure] of Object.entries(ROWS)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const start = performance.now();
    rows.push(...(await measure(bench)).map(judged));
    console.error(`${name}: ${Math.round((performance.now() - start) / 1000)} s`);
  }
  console.log(table(rows));
  if (values.json) await writeFile(values.json, `${JSON.stringify(rows, null, 2)}\n`);
} finally {
  await browser.close();
  await app.stop();
  provider.stop();
}

/** A person with a key, and a thread of twenty messages. */
async function prepare() {
  const context = await browser.newContext({ baseURL: app.url });
  const call = async (method, path, data) => {
    const response = await context.request.fetch(path, { method, data });
    if (!response.ok()) throw new Error(`${method} ${path}: ${response.status()} ${await response.text()}`);
    return response.json();
  };
  await call("POST", "/api/auth/register", ACCOUNT);
  await call("POST", "/api/providers/openai/keys", { key: "sk-bench" });
  const storageState = await context.storageState();
  const bench = {
    url: app.url,
    provider,
    call,
    quick: values.quick,
    /** How often what is short is measured. */
    runs: values.quick ? 3 : 5,
    cookie: storageState.cookies.map(({ name, value }) => `${name}=${value}`).join("; "),
    /** A page of that person in a browser that has cached nothing. */
    page: async () => (await browser.newContext({ baseURL: app.url, storageState, viewport: { width: 1280, height: 800 } })).newPage(),
  };
  bench.small = await filled(bench, 20);
  return bench;
}

function judged(row) {
  const goal = row.most === undefined ? `≥ ${row.least}` : `≤ ${row.most}`;
  const met = row.most === undefined ? row.value >= row.least : row.value <= row.most;
  return { ...row, goal: `${goal} ${row.unit}`.trim(), met };
}

function table(rows) {
  const lines = rows.map(({ what, goal, value, unit, met, note }) => [what, goal, `${value} ${unit}`.trim(), met ? "yes" : "no", note]);
  return [["what", "goal", "measured", "met", "note"], Array(5).fill("---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
