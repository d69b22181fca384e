// What is measured: a function a row or a few. Each gives rows `{what, goal, most | least, value, unit, note}`.
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { alive } from "../support/browser.mjs";
import { ui } from "../support/scene.mjs";
import { MODEL, ask, tokensOf } from "./provider.mjs";

const median = (numbers) => percentile(numbers, 0.5);
const percentile = (numbers, part) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
};
const rounded = (number, digits) => Number(number.toFixed(digits));

/** How long the main thread was busy since the page was opened, in milliseconds. */
async function meter(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  return async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration").value * 1000;
  };
}

/** Waits until the main thread rests, and says how busy it was in all until then. */
async function settled(busy) {
  for (let before = await busy(); ; ) {
    await sleep(400);
    const now = await busy();
    // The page asks what goes on elsewhere now and then; that is rest, too.
    if (now - before < 20) return before;
    before = now;
  }
}

/** A new thread, empty. */
async function newThread({ call }, title) {
  return (await call("POST", "/api/threads", { provider: "openai", model: MODEL, title })).thread.id;
}

/** A thread with so many messages. */
export async function filled(bench, messages) {
  const id = await newThread(bench, `${messages} messages`);
  for (let n = 0; n < messages / 2; n++) {
    const content = `Question ${n}: what does the harbour look like today?`;
    await bench.call("POST", `/api/threads/${id}/messages`, { content, clientRequestId: crypto.randomUUID(), stream: false });
  }
  return id;
}

/** JavaScript, wasm and style sheets of a first visit, as long as the server sends them. */
export async function weight(bench) {
  const page = await bench.page();
  const urls = new Set();
  page.on("request", (request) => {
    if (/\.(js|wasm|css)$/.test(new URL(request.url()).pathname)) urls.add(request.url());
  });
  await page.goto(`/chat/${bench.small}`);
  await alive(page);
  await page.waitForLoadState("networkidle");
  await page.context().close();
  const sizes = { js: 0, wasm: 0, css: 0 };
  for (const url of urls) {
    const response = await fetch(url, { headers: { "accept-encoding": "br" } });
    if (response.headers.get("content-encoding") !== "br") throw new Error(`${url} is not sent in brotli`);
    sizes[url.split(".").at(-1)] += Number(response.headers.get("content-length")) / 1000;
    await response.body.cancel();
  }
  const value = rounded(sizes.js + sizes.wasm + sizes.css, 1);
  const note = Object.entries(sizes).map(([kind, size]) => `${kind} ${rounded(size, 1)}`);
  return [{ what: "first load of a chat: JS, wasm and CSS in brotli", most: 200, value, unit: "kB", note: note.join(", ") }];
}

/** Runs in the page before its own scripts. */
function watchLoad() {
  window.seen = { lcp: 0, cls: 0, fcp: 0, tasks: [] };
  const on = (type, take) => new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
  on("largest-contentful-paint", ({ startTime }) => (window.seen.lcp = startTime));
  on("paint", ({ name, startTime }) => name === "first-contentful-paint" && (window.seen.fcp = startTime));
  on("layout-shift", ({ value, hadRecentInput }) => hadRecentInput || (window.seen.cls += value));
  on("longtask", ({ startTime, duration }) => window.seen.tasks.push({ startTime, duration }));
}

/** The first visit of a chat, nothing cached, on a processor that is four times slower. */
export async function vitals(bench) {
  const runs = [];
  for (let run = 0; run < bench.runs; run++) {
    const page = await bench.page();
    await page.addInitScript(watchLoad);
    const session = await page.context().newCDPSession(page);
    await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    await page.goto(`/chat/${bench.small}`);
    await alive(page);
    await sleep(3000);
    const { lcp, cls, fcp, tasks } = await page.evaluate(() => window.seen);
    const blocking = tasks.filter(({ startTime }) => startTime >= fcp).map(({ duration }) => Math.max(0, duration - 50));
    runs.push({ lcp, cls, blocked: blocking.reduce((sum, time) => sum + time, 0) });
    await page.context().close();
  }
  const of = (key) => median(runs.map((run) => run[key]));
  const note = `median of ${runs.length} first visits`;
  return [
    { what: "largest contentful paint, 4 × slower", most: 1200, value: rounded(of("lcp"), 0), unit: "ms", note },
    { what: "layout shift, 4 × slower", most: 0, value: rounded(of("cls"), 4), unit: "", note },
    { what: "total blocking time, 4 × slower", most: 150, value: rounded(of("blocked"), 0), unit: "ms", note },
  ];
}

/** A long thread, by a click in the sidebar and by its address. */
export async function open(bench, messages, most) {
  const id = await filled(bench, messages);
  const clicked = [];
  const loaded = [];
  let shown = 0;
  for (let run = 0; run < bench.runs; run++) {
    const page = await bench.page();
    await page.goto("/chat");
    await alive(page);
    const busy = await meter(page);
    const before = await settled(busy);
    await page.locator(`.side-list a[href="/chat/${id}"]`).click();
    await page.locator("article.answer").last().waitFor();
    clicked.push((await settled(busy)) - before);
    shown = await page.locator("article.message").count();
    const other = await bench.page();
    const all = await meter(other);
    await other.goto(`/chat/${id}`);
    await alive(other);
    loaded.push(await settled(all));
    await Promise.all([page.context().close(), other.context().close()]);
  }
  const seconds = (times) => rounded(median(times) / 1000, 3);
  const note = `${shown} messages in the page; by its address, all of the page included: ${seconds(loaded)} s`;
  return [{ what: `open a thread of ${messages} messages: main thread busy`, most, value: seconds(clicked), unit: "s", note }];
}

/** A page on a new thread, in which a question that asks for steps was just sent. */
async function asked(bench, ...steps) {
  const page = await bench.page();
  await page.goto(`/chat/${await newThread(bench)}`);
  await alive(page);
  await ui.composer(page).fill(ask(...steps));
  await ui.composer(page).press("Enter");
  await page.locator("article.answer.live .block").first().waitFor();
  return page;
}

/** What a token costs the main thread when the answer is long, against when it is short. */
export async function token(bench) {
  const [tokens, rate] = [bench.quick ? 300 : 1000, 100];
  const long = tokensOf(100_000);
  const { provider } = bench;
  const begun = once(provider, "step");
  const page = await asked(bench, { tokens: tokensOf(1000) }, { tokens, rate, hold: true }, { tokens: long, hold: true }, { tokens, rate, hold: true });
  await begun;
  const busy = await meter(page);
  const step = async () => {
    const before = await settled(busy);
    const over = once(provider, "step");
    provider.emit("go");
    await over;
    await sleep(300);
    return ((await busy()) - before) / tokens;
  };
  const short = await step();
  await step();
  const much = await step();
  await page.context().close();
  const note = `${rounded(much, 3)} ms against ${rounded(short, 3)} ms, ${tokens} tokens each at ${rate} a second`;
  return [{ what: "main thread, a token at 100 kB against one at 1 kB", most: 1.5, value: rounded(much / short, 2), unit: "×", note }];
}

/** How evenly the page is painted while an answer is written. */
export async function frames(bench) {
  const [seconds, rate] = [bench.quick ? 10 : 60, 100];
  const over = once(bench.provider, "step");
  const page = await asked(bench, { tokens: seconds * rate, rate });
  await page.evaluate(() => {
    window.gaps = [];
    let last = performance.now();
    const frame = (now) => {
      window.gaps.push(now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  await over;
  const gaps = await page.evaluate(() => window.gaps.slice(1));
  await page.context().close();
  const note = `of ${gaps.length} frames in ${seconds} s; longest ${rounded(Math.max(...gaps), 0)} ms`;
  return [{ what: "frames over 50 ms at 100 tok/s", most: 0, value: gaps.filter((gap) => gap > 50).length, unit: "", note }];
}

/** From a key to its letter on the screen while an answer is written. */
export async function keys(bench) {
  const [letters, rate] = [bench.quick ? 60 : 300, 100];
  const page = await asked(bench, { tokens: rate * 600, rate });
  await page.evaluate(() => {
    window.waits = [];
    document.addEventListener(
      "keydown",
      ({ timeStamp }) =>
        requestAnimationFrame(() => {
          // A message of its own is answered after the frame was painted.
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => window.waits.push(performance.now() - timeStamp);
          port2.postMessage(null);
        }),
      true,
    );
  });
  await ui.composer(page).focus();
  for (let n = 0; n < letters; n++) {
    await page.keyboard.press(n % 6 === 5 ? "Space" : "abcdefghij"[n % 10]);
    await sleep(40 + (n % 7) * 11);
  }
  const waits = await page.evaluate(() => window.waits);
  await ui.stop(page).click();
  await page.context().close();
  const note = `${waits.length} keys at 100 tok/s; p50 ${rounded(median(waits), 0)} ms`;
  return [{ what: "from a key to its letter while streaming, p99", most: 50, value: rounded(percentile(waits, 0.99), 0), unit: "ms", note }];
}
