// Lighthouse's scores of a chat. It drives a Chromium of its own, over a port.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import lighthouse, { desktopConfig } from "lighthouse";
import { CHROMIUM, QUIET } from "../support/browser.mjs";

const CATEGORIES = ["performance", "accessibility", "best-practices"];

/** Chromium with its port for tools. */
async function chromium() {
  const profile = await mkdtemp(join(tmpdir(), "keylm-lighthouse-"));
  const args = [...QUIET, "--headless=new", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"];
  const child = spawn(CHROMIUM, args, { stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(child, "exit");
  for await (const line of createInterface({ input: child.stderr })) {
    const port = /^DevTools listening on ws:\/\/[^:]+:(\d+)\//.exec(line)?.[1];
    if (!port) continue;
    child.stderr.resume();
    const close = async () => {
      child.kill();
      await exited;
      await rm(profile, { recursive: true, force: true });
    };
    return { port: Number(port), close };
  }
  throw new Error(`${CHROMIUM} ended before it said its port`);
}

/** A row a score and device. */
export async function scores(bench) {
  const { port, close } = await chromium();
  try {
    const rows = [];
    for (const [device, config, speed] of [
      ["mobile", undefined, 95],
      ["desktop", desktopConfig, 100],
    ]) {
      const flags = { port, logLevel: "error", onlyCategories: CATEGORIES, extraHeaders: { cookie: bench.cookie } };
      const { lhr } = await lighthouse(`${bench.url}/chat/${bench.small}`, flags, config);
      for (const name of CATEGORIES) {
        const { score, auditRefs } = lhr.categories[name];
        const wanting = auditRefs.filter(({ id, weight }) => weight > 0 && (lhr.audits[id].score ?? 1) < 0.9);
        rows.push({
          what: `Lighthouse, ${name.replace("-", " ")}, ${device}`,
          least: name === "performance" ? speed : 100,
          value: Math.round(score * 100),
          unit: "",
          note: wanting.map(({ id }) => `${id} ${lhr.audits[id].displayValue ?? ""}`.trim()).join(", "),
        });
      }
    }
    return rows;
  } finally {
    await close();
  }
}
