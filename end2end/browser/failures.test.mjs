// What goes wrong on the way: sends that are refused, answers that do not come, connections that are no more.
import assert from "node:assert/strict";
import { assertAccessible, assertNoSidewaysScroll, assertTargets } from "../support/browser.mjs";
import { answered, answerText, atOnce, say, stage, thread, ui } from "../support/scene.mjs";

const scene = stage();
const HOUR = 3_600_000;
const STREAM = "**/stream?view=html";
const LONG = Array.from({ length: 60 }, (_, n) => `Paragraph ${n} of a question that fills more than a screen.`).join("\n\n");

/** Waits until the last answer has more than `least` characters. */
const grown = (page, least) =>
  page.waitForFunction((least) => ([...document.querySelectorAll("article.answer .prose")].at(-1)?.innerText.length ?? 0) > least, least);

/** Everybody can read and press what is on the page, also on the narrowest phone. */
async function fits(page, phone) {
  const before = page.viewportSize();
  if (phone) await page.setViewportSize({ width: 320, height: before.height });
  await assertAccessible(page);
  await assertNoSidewaysScroll(page);
  if (phone) await assertTargets(page);
  await page.setViewportSize(before);
}

/** Refuses the next call of a server function as when too much was asked for, and lets all later ones pass. */
const refuseOnce = (page, path, retryAfterMs) =>
  page.route(
    path,
    (route) =>
      route.fulfill({
        status: 429,
        contentType: "application/json",
        body: JSON.stringify({ code: "rate_limited", message: "Wait a moment.", requestId: "req-4711", retryable: true, retryAfterMs, details: null }),
      }),
    { times: 1 },
  );

for (const [where, path, begin] of [
  ["in a chat", "**/fn/messages/send", async (call) => `/chat/${await thread(call, { model: "sim-short", questions: [] })}`],
  ["of a new chat", "**/fn/threads/start", async () => "/chat?model=openai%2Fsim-short"],
]) {
  scene(`a send ${where} that is refused says how long to wait, then tries again, and names the request`, {}, async ({ page, context, call, phone, visit }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await visit(page, await begin(call));
    await refuseOnce(page, path, 6_500);
    await say(page, "Once only", phone);
    const card = page.getByRole("alert").filter({ hasText: "Too many requests" });
    const again = card.getByRole("button", { name: /^Try again/ });
    await again.waitFor();
    assert.match(await again.innerText(), /^Try again in [1-7] s$/);
    assert.ok(await again.isDisabled());
    assert.equal(await ui.composer(page).inputValue(), "Once only");
    await fits(page, phone);
    await card.getByRole("button", { name: "Copy request id" }).click();
    await card.getByText("Copied").waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "req-4711");
    await card.getByRole("button", { name: "Try again", exact: true }).click();
    await answered(page);
    assert.deepEqual(await ui.questions(page).locator(".plain").allInnerTexts(), ["Once only"]);
    assert.equal(await ui.composer(page).inputValue(), "");
    assert.equal(await card.count(), 0);
  });
}

scene("another answer that is refused is asked for again from the note that says so", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  await visit(page, `/chat/${await thread(call, { model: "sim-short" })}`);
  await refuseOnce(page, "**/fn/messages/retry", null);
  await page.getByRole("button", { name: "Answer again", exact: true }).click();
  await ui.composer(page).fill("Not this");
  await page.getByRole("alert").filter({ hasText: "Too many requests" }).getByRole("button", { name: "Try again", exact: true }).click();
  await page.locator("article.answer:not(.live) .sibling", { hasText: "2/2" }).waitFor();
  assert.equal(await ui.questions(page).count(), 1);
  assert.equal(await ui.composer(page).inputValue(), "Not this");
});

for (const [what, wrong] of [
  ["fast", HOUR],
  ["slow", -HOUR],
]) {
  scene(`a clock that is an hour ${what} makes nobody wait longer or shorter`, { devices: ["desktop"] }, async ({ page, call, phone, visit }) => {
    await page.clock.install({ time: Date.now() + wrong });
    await visit(page, `/chat/${await thread(call, { model: "sim-429", questions: [] })}`);
    await say(page, "Hello", phone);
    const again = page.getByRole("group", { name: "What went wrong" }).getByRole("button", { name: /^Try again/ });
    await again.filter({ hasText: /^Try again in \d s$/ }).waitFor({ timeout: 60_000 });
    await page.reload();
    await again.filter({ hasText: /^Try again in \d s$/ }).waitFor();
    assert.ok(await again.isDisabled());
    await again.filter({ hasText: /^Try again$/ }).waitFor();
    assert.ok(await again.isEnabled());
  });
}

scene("the way to the end is marked from when something came there until it is seen", {}, async ({ page, call, phone, visit }) => {
  const id = await thread(call, { ...atOnce(LONG.length), questions: [LONG, LONG] });
  await call("PATCH", `/api/threads/${id}`, { settings: {}, systemPrompt: "" });
  await visit(page, `/chat/${id}`);
  await page.route(STREAM, (route) => setTimeout(() => route.continue(), 1_500));
  await say(page, "Hello", phone);
  await page.locator("article.answer.live").waitFor();
  await page.locator("#log").evaluate((log) => log.scrollTo(0, -1_500));
  const latest = page.getByRole("button", { name: "Jump to the latest" });
  await latest.waitFor();
  const marked = () => latest.evaluate((button) => button.classList.contains("fresh"));
  assert.equal(await marked(), false, "nothing came yet");
  await page.locator(".latest.fresh").waitFor();
  await answered(page, 3);
  assert.equal(await marked(), true, "nobody has seen the answer");
  await latest.click();
  await latest.waitFor({ state: "hidden" });
  await page.locator("#log").evaluate((log) => log.scrollTo(0, -1_500));
  await latest.waitFor();
  assert.equal(await marked(), false, "it was seen");
});

scene("a connection that is gone for long is said to be, and the answer goes on where it was", { devices: ["desktop"] }, async ({ page, call, faults, visit }) => {
  const note = page.getByText("Reconnecting…");
  await visit(page, `/chat/${await thread(call, { model: "sim-long", questions: [] })}`);
  await page.route(STREAM, (route) => route.abort());
  const broken = page.waitForEvent("requestfailed", (request) => request.url().endsWith("view=html"));
  await say(page, "Take your time");
  await broken;
  const since = Date.now();
  await page.waitForTimeout(2_000);
  assert.equal(await note.isVisible(), false, "a blink is nothing to speak of");
  await note.waitFor();
  assert.ok(Date.now() - since > 2_500);
  await page.unroute(STREAM);
  await note.waitFor({ state: "hidden" });
  await grown(page, 20);
  assert.ok(faults.splice(0).every((told) => told.includes("ERR_FAILED")));
});

/** Makes streams whose events can be kept from the page, as when the network under them is another one. */
const deafen = (page) =>
  page.addInitScript(() => {
    window.streams = [];
    window.EventSource = class extends EventSource {
      constructor(url) {
        super(url);
        window.streams.push(this);
      }

      addEventListener(name, hear) {
        super.addEventListener(name, (event) => this.deaf || hear(event));
      }
    };
  });

for (const [when, back] of [
  ["when the network is back", (page) => page.evaluate(() => window.dispatchEvent(new Event("online")))],
  ["when a page that was put aside is shown", (page) => page.evaluate(() => window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })))],
  ["after a silence", (page) => page.clock.fastForward(41_000)],
]) {
  scene(`a connection that only looks open is made anew ${when}`, { devices: ["desktop"] }, async ({ page, call, visit }) => {
    await deafen(page);
    await page.clock.install();
    await visit(page, `/chat/${await thread(call, { model: "sim-endless", questions: [] })}`);
    await say(page, "Talk for ever");
    await grown(page, 40);
    await page.evaluate(() => window.streams.forEach((stream) => (stream.deaf = true)));
    await page.waitForTimeout(300);
    const size = (await answerText(page)).length;
    await page.waitForTimeout(1_000);
    assert.equal((await answerText(page)).length, size, "nothing is heard");
    await back(page);
    await grown(page, size + 20);
    assert.equal(await page.evaluate(() => window.streams.filter((stream) => stream.readyState !== EventSource.CLOSED).length), 1);
    await ui.stop(page).click();
    await page.getByText("Stopped by you.").waitFor();
    const text = await answerText(page);
    await page.reload();
    assert.equal(await answerText(page), text);
  });
}

const slow = (page) => page.getByText("No word yet.").filter({ visible: true });

scene("an answer without a word after ten seconds says so, and is stopped or asked for again there", {}, async ({ page, call, phone, visit }) => {
  await page.clock.install();
  await visit(page, `/chat/${await thread(call, { model: "sim-nofirst", questions: [] })}`);
  await say(page, "Hello", phone);
  const ways = page.locator("article.answer.live .slow");
  await page.locator("article.answer.live").waitFor();
  await page.clock.runFor(9_000);
  assert.equal(await slow(page).count(), 0);
  await page.clock.runFor(2_000);
  await slow(page).waitFor();
  await fits(page, phone);
  const first = await page.locator("article.answer.live").getAttribute("id");
  await ways.getByRole("button", { name: "Try again" }).click();
  await page.waitForFunction((first) => document.querySelector("article.answer.live")?.id !== first && !document.getElementById(first), first);
  assert.equal(await slow(page).count(), 0);
  await page.clock.runFor(11_000);
  await slow(page).waitFor();
  const stop = ways.getByRole("button", { name: "Stop" });
  if (phone) await stop.tap();
  else await stop.press("Enter");
  await page.getByText("Stopped by you.").waitFor();
  assert.equal(await ui.answers(page).locator(".sibling").innerText(), "2/2");
});

scene("a chat that begins slowly says so, and its answer is stopped or asked for again there", {}, async ({ page, call, phone, visit }) => {
  const begin = async () => {
    await visit(page, "/chat?model=openai%2Fsim-endless");
    await say(page, "Hello", phone);
    await page.locator("#chat-new article.answer.live").waitFor();
    await page.clock.runFor(11_000);
    await slow(page).waitFor();
  };
  await page.clock.install();
  await page.route("**/fn/threads/start", () => {}, { times: 1 });
  await begin();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.waitForURL(/\/chat\/[^/?]+$/);
  await grown(page, 20);
  await ui.stop(page).click();
  let go;
  await page.route("**/fn/threads/start", (route) => new Promise((pass) => (go = pass)).then(() => route.continue()), { times: 1 });
  await begin();
  await page.locator("#chat-new").getByRole("button", { name: "Stop" }).click();
  go();
  await page.waitForURL(/\/chat\/[^/?]+$/);
  await page.getByText("Stopped by you.").waitFor();
  assert.equal((await call("GET", "/api/threads")).threads.length, 2);
});
