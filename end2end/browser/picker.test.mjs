// The picker as somebody searches it: what is found, what is not to be had, and what is said over it.
import assert from "node:assert/strict";
import { assertAccessible, assertNoSidewaysScroll, settled } from "../support/browser.mjs";
import { stage, thread, ui } from "../support/scene.mjs";

const scene = stage();
const search = (page) => page.getByLabel("Search models", { exact: true });
const group = (page, name) => page.getByRole("grid", { name, exact: true });
const groups = (page) => page.locator("#picker-list [role=grid]").evaluateAll((all) => all.map((one) => one.ariaLabel));
const chosen = (page) => page.locator('#picker-list [aria-selected="true"]');

async function openPicker(page) {
  await page.locator(".picker-button").click();
  await group(page, "OpenAI").first().waitFor();
}

/** Types, and waits for the list that belongs to it. */
async function look(page, words) {
  const listed = page.waitForResponse(
    (response) => response.url().endsWith("/fn/models/picker") && new URLSearchParams(response.request().postData()).get("search") === words,
  );
  await search(page).fill(words);
  await (await listed).finished();
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

scene("a model that no key reaches is found, cannot be taken, and leads to where its key is added", {}, async ({ page, phone, visit }) => {
  await visit(page, "/chat?model=openai/sim-echo");
  await openPicker(page);
  await look(page, "claude sonnet");
  const locked = group(page, "Anthropic").locator("[aria-disabled=true]");
  assert.ok(await locked.count() > 0 && await locked.count() <= 5);
  await assertAccessible(page);
  await assertNoSidewaysScroll(page);
  await search(page).press("Enter");
  await locked.first().click({ force: true });
  await search(page).press("ArrowDown");
  assert.ok(await search(page).isVisible(), "nothing was taken");
  assert.match(page.url(), /sim-echo/);
  // What can be used stands before it.
  await look(page, "gpt-5.4");
  assert.equal((await groups(page))[0], "OpenAI");
  assert.ok((await groups(page)).includes("OpenRouter"));
  assert.match(await chosen(page).getAttribute("data-choice"), /^openai\//);
  await look(page, "claude sonnet");
  const link = page.getByRole("link", { name: "Add a key for Anthropic", exact: true });
  if (phone) assert.ok((await link.boundingBox()).height >= 43.5, "a finger hits it");
  await link.click();
  await page.waitForURL(/\/providers#anthropic$/);
});

scene("a name is found without its hyphens, and the provider with the best fit comes first", { devices: ["desktop"], keys: ["openai", "mistral"] }, async ({ page, visit }) => {
  await visit(page, "/chat?model=openai/sim-echo");
  await openPicker(page);
  assert.deepEqual(await groups(page), ["OpenAI", "Mistral"]);
  // It is within a name of the one, and how a name of the other begins.
  await look(page, "mi");
  assert.deepEqual((await groups(page)).slice(0, 2), ["Mistral", "OpenAI"]);
  assert.match(await chosen(page).getAttribute("data-choice"), /^mistral\/mi/);
  await look(page, "gpt4omini");
  assert.equal(await chosen(page).getAttribute("data-choice"), "openai/gpt-4o-mini");
  await look(page, "smshrt");
  await search(page).press("Enter");
  await page.waitForURL(/sim-short/);
});

scene("what is not known of a model is called unknown", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { model: "sim-echo", questions: [] });
  await visit(page, `/chat/${id}`);
  assert.equal(await page.locator(".picker-button .picker-facts").innerText(), "context unknown · price unknown");
  await openPicker(page);
  await look(page, "sim-short");
  await page.locator("#picker-list .model").first().getByText("context unknown · price unknown").waitFor();
});

scene("a note over an open dialog is above it and its button works", {}, async ({ page, phone, visit }) => {
  await visit(page, "/chat?model=openai/sim-echo");
  await openPicker(page);
  await settled(page);
  await page.route("**/fn/models/favourite", (route) => route.fulfill({ status: 429, contentType: "application/json", body: "{}" }));
  await look(page, "sim-short");
  await group(page, "OpenAI").getByRole("button", { name: "Favourite", exact: true }).click();
  const note = page.locator(".toast");
  await note.waitFor();
  const corner = page.locator(".toasts");
  assert.equal(await corner.getAttribute("role"), "status");
  if (phone) {
    await note.locator("> span").tap();
    await page.waitForTimeout(11_000);
    assert.equal(await note.count(), 1, "what was touched waits");
  }
  await note.getByRole("button", { name: "Dismiss" }).click();
  await note.waitFor({ state: "detached" });
  assert.ok(await search(page).isVisible(), "the dialog stays");
  assert.ok(await page.evaluate(() => document.activeElement.closest("dialog")), "the keyboard is in the dialog");
  // One that outlives the dialog goes on behind it.
  await group(page, "OpenAI").getByRole("button", { name: "Favourite", exact: true }).click();
  await note.waitFor();
  await page.keyboard.press("Escape");
  await search(page).waitFor({ state: "hidden" });
  await note.getByRole("button", { name: "Dismiss" }).click();
  await note.waitFor({ state: "detached" });
  assert.equal(await corner.count(), 1);
});

scene("a note that was there before a dialog opened can be pressed over it", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { title: "Tides", questions: [] });
  await visit(page, "/chat?model=openai/sim-echo");
  await page.locator('summary[aria-label="More for Tides"]').click();
  await page.locator("details.menu[open]").getByRole("button", { name: "Archive" }).click();
  const note = ui.toast(page, "The chat was archived.");
  await note.waitFor();
  await openPicker(page);
  await note.getByRole("button", { name: "Undo" }).click();
  await note.waitFor({ state: "detached" });
  assert.ok(await search(page).isVisible(), "the dialog stays");
  await page.keyboard.press("Escape");
  await page.locator("nav").getByRole("link", { name: "Tides" }).waitFor();
  const { thread: back } = await call("GET", `/api/threads/${id}`);
  assert.equal(back.status, "active");
});
