// How much a model reasons for one answer, and how much of what it can read a chat fills.
import assert from "node:assert/strict";
import { assertAccessible, assertNoSidewaysScroll } from "../support/browser.mjs";
import { answered, say, stage, thread, ui } from "../support/scene.mjs";

const scene = stage();
const REASONS = "gpt-5.4-nano";
/** A model that reads 8000 tokens, and says little here. */
const SMALL = { provider: "cohere", model: "command-a-translate-08-2025", settings: { maxTokens: 40 } };
const rethink = (page) => ui.answers(page).last().getByRole("button", { name: "Answer again with more or less reasoning" });
const dialog = (page) => page.getByRole("dialog", { name: "Answer again with more or less reasoning" });
const second = (page) => page.locator("article.answer:not(.live) .sibling", { hasText: "2/2" });
const full = (page) => page.locator("#filled");

/** The efforts with which the simulator was asked this, in order. */
async function efforts({ simUrl }, question) {
  const asked = await (await fetch(`${simUrl}/__recorded`)).json();
  const bodies = asked.filter(({ body }) => body.includes(question)).map(({ body }) => JSON.parse(body));
  return bodies.map((body) => body.reasoning_effort ?? body.reasoning?.effort ?? null);
}

/** On the narrowest phone there is room for a finger on everything that can be done with an answer. */
async function assertActionsFit(page) {
  const size = page.viewportSize();
  await page.setViewportSize({ width: 320, height: size.height });
  await assertNoSidewaysScroll(page);
  for (const button of await ui.answers(page).last().locator(".actions button:visible").all()) {
    const { x, width, height } = await button.boundingBox();
    assert.ok(x >= 0 && x + width <= 320 && width >= 44 && height >= 44, `${await button.getAttribute("data-do")}: ${[x, width, height]}`);
  }
  await page.setViewportSize(size);
}

scene("an answer is asked for with more reasoning, and the chat keeps its setting", {}, async ({ page, call, app, phone, visit }) => {
  const question = `Think about ${crypto.randomUUID()}`;
  const id = await thread(call, { model: REASONS, questions: [question], settings: { reasoningEffort: "low", maxTokens: 40 } });
  await visit(page, `/chat/${id}`);
  await rethink(page).click();
  await assertAccessible(page);
  await assertNoSidewaysScroll(page);
  assert.equal(await dialog(page).locator("[aria-current=true]").innerText(), "Low");
  await dialog(page).getByRole("button", { name: "High", exact: true }).click();
  await second(page).waitFor();
  if (phone) await assertActionsFit(page);
  await say(page, "And now?", phone);
  await answered(page, 2);
  assert.deepEqual(await efforts(app, question), ["low", "high", "low"]);
});

scene("the effort of an answer is chosen with the keyboard alone", { devices: ["desktop"] }, async ({ page, call, app, visit }) => {
  const question = `Think about ${crypto.randomUUID()}`;
  const id = await thread(call, { model: REASONS, questions: [question], settings: { reasoningEffort: "medium", maxTokens: 40 } });
  await visit(page, `/chat/${id}`);
  await rethink(page).focus();
  await page.keyboard.press("Enter");
  await dialog(page).waitFor();
  await page.keyboard.press("Escape");
  await dialog(page).waitFor({ state: "hidden" });
  assert.ok(await rethink(page).evaluate((button) => button === document.activeElement), "the keyboard is where it was");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.dataset.effort === "medium");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await second(page).waitFor();
  assert.deepEqual(await efforts(app, question), ["medium", "low"]);
});

scene("no effort is offered where the model does not reason", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { model: "sim-short" });
  await visit(page, `/chat/${id}`);
  await ui.answers(page).getByRole("button", { name: "Answer again", exact: true }).waitFor();
  assert.equal(await rethink(page).count(), 0);
});

scene("a chat says when it nearly fills what its model can read, and not before", { keys: ["cohere"] }, async ({ page, call, phone, visit }) => {
  const id = await thread(call, SMALL);
  await visit(page, `/chat/${id}`);
  await answered(page, 1);
  assert.equal(await full(page).isVisible(), false);
  await say(page, "many words ".repeat(2_400), phone);
  await full(page).waitFor();
  const said = await full(page).locator("summary").innerText();
  assert.match(said, /^This chat fills about (8\d|9\d|100) % of what the model can read$/);
  await full(page).locator("summary").click();
  const tokens = await page.locator("[data-tokens]").last().getAttribute("data-tokens");
  await full(page).getByText(`The last answer took ${tokens} of 8000 tokens.`).waitFor();
  await assertAccessible(page);
  await assertNoSidewaysScroll(page);
  await page.reload();
  assert.equal(await full(page).locator("summary").innerText(), said);
  await full(page).locator("summary").click();
  await full(page).getByRole("link", { name: "Start a new chat" }).click();
  await page.waitForURL(/\/chat$/);
});

scene("a full chat says so without JavaScript, too", { keys: ["cohere"], javaScript: false }, async ({ page, call, visit }) => {
  const id = await thread(call, { ...SMALL, questions: ["many words ".repeat(2_400)] });
  await visit(page, `/chat/${id}`);
  await full(page).getByText("This chat fills about").waitFor();
});
