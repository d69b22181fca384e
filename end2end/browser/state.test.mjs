// What the composer says about the state: what there is to pay with, what a chat asks of its model, what it is called.
import assert from "node:assert/strict";
import { KEYS } from "../support/app.mjs";
import { alive, assertAccessible, assertNoSidewaysScroll } from "../support/browser.mjs";
import { answered, openSidebar, pick, say, stage, thread, ui } from "../support/scene.mjs";

const scene = stage({ env: { GROQ_API_KEY: "gsk_sim-good-of-the-operator", GROQ_FREE_MODEL: "sim-short", FREE_USER_DAILY_LIMIT: "2", AUTO_TITLES: "on" } });
const note = (page) => page.locator("#composer-note");
const ways = (page) => page.locator(".blocked-ways");
const chip = (page, name) => page.locator("#chips").getByRole("button", { name });
const on = (page) => page.locator('.send[aria-disabled="false"]:visible').waitFor();
const NO_KEY = "You have no key for OpenAI.";
const OFF = "None of your keys for OpenAI can be used: each is switched off or was refused.";

/** What is told to a screen reader below the composer from now on. */
const listen = (page) =>
  note(page).evaluate((note) => {
    window.told = [];
    new MutationObserver(() => note.textContent && window.told.push(note.textContent)).observe(note, { childList: true });
  });

async function assertBlocked(page, phone, reason) {
  await note(page).getByText(reason, { exact: true }).waitFor();
  assert.equal(await ui.send(page).getAttribute("aria-disabled"), "true");
  await ui.send(page).focus();
  assert.ok(await ui.send(page).evaluate((send) => send === document.activeElement), "it can have the keyboard");
  await ui.composer(page).fill("Hello");
  const before = await ui.questions(page).count();
  await listen(page);
  // Playwright itself presses nothing that says that it is off.
  await ui.send(page).click({ force: true });
  await page.waitForFunction((reason) => window.told.at(-1) === reason, reason);
  if (!phone) {
    await page.waitForFunction(() => (window.told = []));
    await ui.composer(page).press("Enter");
    await page.waitForFunction((reason) => window.told.at(-1) === reason, reason);
  }
  assert.equal(await ui.questions(page).count(), before, "nothing is sent");
  assert.equal(await ui.composer(page).inputValue(), "Hello");
}

scene("an open chat says that its key is gone, and sends again once another tab has added one", {}, async ({ page, context, call, phone, visit }) => {
  const id = await thread(call);
  await visit(page, `/chat/${id}`);
  assert.equal(await ways(page).isVisible(), false);
  const [key] = (await call("GET", "/api/providers/openai/keys")).keys;
  await call("DELETE", `/api/providers/openai/keys/${key.id}`);
  await assertBlocked(page, phone, NO_KEY);
  await assertAccessible(page);
  await page.setViewportSize({ width: 320, height: 640 });
  await assertNoSidewaysScroll(page);
  assert.equal(await ways(page).getByRole("link", { name: "Add a key" }).getAttribute("href"), "/providers#openai");
  const other = await context.newPage();
  await visit(other, "/providers");
  await call("POST", "/api/providers/openai/keys", { key: KEYS.openai });
  await other.close();
  await on(page);
  assert.equal(await ways(page).isVisible(), false);
  assert.equal(await ui.composer(page).inputValue(), "Hello", "what was written stays");
  await ui.send(page).click();
  await answered(page, 2);
});

scene("a key that is switched off says so, and another model is a way on", { devices: ["desktop"], keys: ["openai", "cohere"] }, async ({ page, call, phone, visit }) => {
  await visit(page, "/chat?model=openai/sim-echo");
  const [key] = (await call("GET", "/api/providers/openai/keys")).keys;
  await call("PATCH", `/api/providers/openai/keys/${key.id}`, { active: false });
  await assertBlocked(page, phone, OFF);
  await ways(page).getByRole("button", { name: "Pick another model" }).click();
  const search = page.getByLabel("Search models", { exact: true });
  await search.fill("command-a-translate");
  await page.locator("#picker-list .model").first().waitFor();
  await search.press("Enter");
  await on(page);
  assert.equal(await ways(page).isVisible(), false);
  await ui.composer(page).press("Enter");
  await page.waitForURL(/\/chat\/.+/);
  await answered(page);
});

scene("a message may wait for the end of an answer whose key is off by now", {}, async ({ page, call, phone, visit }) => {
  const id = await thread(call, { model: "sim-endless", questions: [] });
  await visit(page, `/chat/${id}`);
  await say(page, "Hello", phone);
  await ui.answers(page).last().locator(".prose").getByText(/\w/).first().waitFor();
  const [key] = (await call("GET", "/api/providers/openai/keys")).keys;
  await call("PATCH", `/api/providers/openai/keys/${key.id}`, { active: false });
  await page.locator("#compose[data-blocked]").waitFor();
  await ui.composer(page).fill("Later");
  await page.getByRole("button", { name: "Send after this answer" }).click();
  await page.locator(".queue li", { hasText: "Later" }).waitFor();
  await ui.stop(page).click();
  await note(page).getByText(OFF, { exact: true }).waitFor();
});

scene("where the free pool may stand in, nothing is in the way", { keys: [], devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { questions: [] });
  await visit(page, `/chat/${id}`);
  await note(page).getByText(NO_KEY, { exact: true }).waitFor();
  await page.getByRole("button", { name: "Settings of this chat" }).click();
  await page.getByLabel("The free pool may answer when my keys cannot").check();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await ui.composer(page).fill("Hello");
  await on(page);
  await ui.send(page).click();
  await answered(page);
});

scene("a chat with the free pool counts down by the reader's clock, and stops when nothing is left", { keys: [], timezoneId: "Asia/Kathmandu" }, async ({ page, phone, visit }) => {
  const left = page.locator(".dock-note");
  await visit(page, "/chat");
  await left.getByText("2 of 2 are left for you until 05:45").waitFor();
  await say(page, "Hello", phone);
  await page.waitForURL(/\/chat\/.+/);
  await answered(page);
  await left.getByText("1 of 2 are left for you until 05:45").waitFor();
  await say(page, "And?", phone);
  await answered(page, 2);
  const used = "The free answers of today are used up; there are new ones at 05:45.";
  await assertBlocked(page, phone, used);
  await page.reload();
  await alive(page);
  await note(page).getByText(used).waitFor();
  await ways(page).getByRole("link", { name: "Add a key" }).click();
  await page.waitForURL("**/providers");
});

scene("without JavaScript it is said, too, and the form is the judge", { keys: [], javaScript: false, devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { questions: [] });
  await visit(page, `/chat/${id}`);
  await note(page).getByText(NO_KEY, { exact: true }).waitFor();
  await ui.composer(page).fill("Hello");
  await ui.send(page).click();
  await page.locator(".error-card").waitFor();
});

scene("what a chat asks of its model stands above the composer and leads to its field", {}, async ({ page, call, phone, visit }) => {
  const id = await thread(call, { model: "gpt-5.4-nano", settings: { reasoningEffort: "high", temperature: 0.3, maxTokens: 40 } });
  await visit(page, `/chat/${id}`);
  await chip(page, /^Reasoning effort\s*High$/).waitFor();
  await chip(page, /^Temperature\s*0\.3$/).waitFor();
  assert.equal(await chip(page, /System prompt/).count(), 0);
  await assertAccessible(page);
  await page.setViewportSize({ width: 320, height: 640 });
  await assertNoSidewaysScroll(page);
  if (phone) assert.ok((await chip(page, /Reasoning effort/).boundingBox()).height >= 44);
  await chip(page, /Reasoning effort/).click();
  const effort = page.getByLabel("Reasoning effort", { exact: true });
  await effort.waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "opt-effort");
  await effort.selectOption("");
  await page.getByLabel("System prompt", { exact: true }).fill("You are a pirate.");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await chip(page, /^System prompt\s*You are a pirate\.$/).waitFor();
  assert.equal(await chip(page, /Reasoning effort/).count(), 0);
  await call("PATCH", `/api/threads/${id}`, { systemPrompt: null, settings: {} });
  await page.waitForFunction(() => document.getElementById("chips").offsetHeight === 0);
});

scene("a chat that has not begun says what it will ask, whatever its model is then", { devices: ["desktop"] }, async ({ page, visit }) => {
  await visit(page, "/chat?model=openai/gpt-5.4-nano");
  const height = () => page.evaluate(() => document.getElementById("chips").offsetHeight);
  assert.equal(await height(), 0);
  await page.getByRole("button", { name: "Settings of this chat" }).click();
  await page.getByLabel("Reasoning effort", { exact: true }).selectOption("high");
  await page.getByLabel("Temperature", { exact: true }).fill("0.3");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await chip(page, /^Reasoning effort\s*High$/).waitFor();
  await pick(page, "sim-short");
  await page.waitForURL(/sim-short/);
  await chip(page, /Reasoning effort/).waitFor({ state: "hidden" });
  await chip(page, /^Temperature\s*0\.3$/).waitFor();
  await pick(page, "gpt-5.4-nano");
  await chip(page, /^Reasoning effort\s*High$/).waitFor();
});

scene("the composer stays above a keyboard that lies over the page", { devices: ["phone"] }, async ({ page, call, visit }) => {
  await page.addInitScript(() => {
    Object.defineProperty(window, "visualViewport", { value: new EventTarget() });
  });
  const id = await thread(call);
  await visit(page, `/chat/${id}`);
  const end = () => page.evaluate(() => Math.round(document.querySelector(".workspace").getBoundingClientRect().bottom));
  const whole = await end();
  const see = (seen) => page.evaluate((seen) => {
    Object.assign(visualViewport, seen).dispatchEvent(new Event("resize"));
  }, seen);
  await see({ scale: 1, height: whole - 300 });
  assert.equal(await end(), whole - 300);
  const composer = await ui.composer(page).boundingBox();
  assert.ok(composer.y + composer.height <= whole - 300, "all of it is seen");
  await see({ scale: 1, height: whole });
  assert.equal(await end(), whole);
  await see({ scale: 2, height: whole / 2 });
  assert.equal(await end(), whole, "two fingers make no keyboard");
  await see({ scale: 1, height: whole - 60 });
  assert.equal(await end(), whole, "nor does a bar of the browser");
});

scene("a name that the model found comes by itself, fading in", {}, async ({ page, call, phone, visit }) => {
  const id = await thread(call, { questions: [] });
  await page.addInitScript(() => {
    window.faded = [];
    addEventListener("animationstart", ({ animationName, target }) => animationName === "fade-in" && window.faded.push(target.className));
  });
  const question = `Tell me of harbours ${crypto.randomUUID()}`;
  await visit(page, `/chat/${id}`);
  await page.evaluate(() => (window.sameDocument = true));
  await say(page, question, phone);
  await answered(page);
  await page.waitForFunction((question) => {
    const heading = document.querySelector(".top-title").textContent;
    return !question.startsWith(heading.slice(0, 12)) && document.querySelector("#side-list .row.current .row-name")?.textContent === heading;
  }, question);
  assert.ok(await page.evaluate(() => window.sameDocument), "the page was not loaded anew");
  const faded = await page.evaluate(() => window.faded);
  assert.ok(faded.some((names) => names.includes("top-title")), `${faded}`);
  if (!phone) assert.ok(faded.some((names) => names.includes("row-name")), `${faded}`);
  else await openSidebar(page, phone);
});
