// The providers page with JavaScript on.
import assert from "node:assert/strict";
import { KEYS } from "../support/app.mjs";
import { assertAccessible } from "../support/browser.mjs";
import { stage, thread, ui } from "../support/scene.mjs";

const scene = stage();
const card = (page) => page.getByRole("region", { name: "OpenAI", exact: true });
const keyField = (scope) => scope.getByRole("textbox", { name: /key/i }).first();

scene("a wrong key is refused below its field, stays typed, and a good one connects", { keys: [] }, async ({ page, call, visit }) => {
  await visit(page, "/providers");
  await page.evaluate(() => (window.sameDocument = true));
  await card(page).getByText("Connect", { exact: true }).click();
  const field = keyField(card(page));
  await field.fill("sk-wrong-key");
  await card(page).getByRole("button", { name: "Check and save" }).click();
  await card(page).locator('input[aria-invalid="true"]').waitFor();
  assert.match(await card(page).locator(".field-note.trouble").first().innerText(), /key/i);
  assert.equal(await field.inputValue(), "sk-wrong-key");
  assert.deepEqual((await call("GET", "/api/providers/openai/keys")).keys, [], "a refused key is not stored");
  await field.fill(KEYS.openai);
  await card(page).getByRole("button", { name: "Check and save" }).click();
  await ui.toast(page, "OpenAI is connected.").waitFor();
  await card(page).locator(".badge", { hasText: "Valid" }).waitFor();
  assert.equal(await page.evaluate(() => window.sameDocument), true, "the page was not loaded anew");
  assert.ok(!(await page.content()).includes(KEYS.openai), "the key never comes back");
});

scene("blanks around a pasted key are trimmed", { keys: [] }, async ({ page, visit }) => {
  await visit(page, "/providers");
  await card(page).getByText("Connect", { exact: true }).click();
  await keyField(card(page)).fill(`  ${KEYS.openai} `);
  await keyField(card(page)).press("Enter");
  await card(page).locator(".badge", { hasText: "Valid" }).waitFor();
});

scene("a key that was pasted into the wrong card is known by how it begins, and moved", { keys: [] }, async ({ page, visit }) => {
  await visit(page, "/providers");
  const other = page.getByRole("region", { name: "Anthropic", exact: true });
  const secret = (scope) => scope.locator(".connect input.mono");
  await card(page).getByText("Connect", { exact: true }).click();
  await secret(card(page)).fill("sk-ant-api03-somebody");
  await card(page).getByText("This looks like a key of Anthropic.").waitFor();
  await assertAccessible(page);
  await secret(card(page)).fill(KEYS.openai);
  assert.equal(await page.locator(".foreign-key").count(), 0, "an own key is no stranger");
  await secret(card(page)).fill(` ${KEYS.anthropic} `);
  await card(page).getByRole("button", { name: "Move it there" }).click();
  assert.equal(await secret(card(page)).inputValue(), "");
  assert.equal(await secret(other).inputValue(), KEYS.anthropic);
  await page.keyboard.press("Enter");
  await ui.toast(page, "Anthropic is connected.").waitFor();
});

scene("a key is tested, switched off and on from its row", {}, async ({ page, visit }) => {
  await visit(page, "/providers");
  await card(page).getByRole("button", { name: "Test" }).click();
  await ui.toast(page, "The provider accepts this key.").waitFor();
  await card(page).getByRole("button", { name: "Switch off" }).click();
  await card(page).locator(".badge", { hasText: "Off" }).waitFor();
  await card(page).getByRole("button", { name: "Switch on" }).click();
  await card(page).locator(".badge", { hasText: "Valid" }).waitFor();
});

scene("a key is replaced in place, and a wrong replacement changes nothing", {}, async ({ page, call, visit }) => {
  await visit(page, "/providers");
  await card(page).getByText("Replace", { exact: true }).click();
  const form = card(page).locator(".key-more form").first();
  await keyField(form).fill("sk-wrong-key");
  await form.getByRole("button", { name: "Check and replace" }).click();
  await form.locator('input[aria-invalid="true"]').waitFor();
  const [before] = (await call("GET", "/api/providers/openai/keys")).keys;
  assert.equal(before.status, "valid");
  await keyField(form).fill("sk-sim-good-second-ZZZZ");
  await form.getByRole("button", { name: "Check and replace" }).click();
  await ui.toast(page, "The key was replaced.").waitFor();
  const [now] = (await call("GET", "/api/providers/openai/keys")).keys;
  assert.equal(now.id, before.id);
  assert.match(now.mask, /ZZZZ$/);
  await card(page).locator("code", { hasText: "ZZZZ" }).waitFor();
});

scene("two keys stand in the order in which they are tried, and the order can be changed", {}, async ({ page, call, visit }) => {
  await call("POST", "/api/providers/openai/keys", { key: "sk-sim-good-other", label: "Spare" });
  await visit(page, "/providers");
  await card(page).getByRole("button", { name: "Try earlier" }).last().click();
  await card(page).locator("li.key").first().getByText("Spare").waitFor();
  const { keys } = await call("GET", "/api/providers/openai/keys");
  assert.equal(keys[0].label, "Spare");
});

scene("a removed key serves no further message, and the chat says the way on", {}, async ({ page, call, visit }) => {
  const id = await thread(call);
  await visit(page, "/providers");
  await card(page).getByText("Remove", { exact: true }).click();
  await card(page).getByText("It is the only active key").waitFor();
  await card(page).getByRole("button", { name: "Remove this key" }).click();
  await ui.toast(page, "The key was removed.").waitFor();
  assert.equal(await card(page).locator("li.key").count(), 0);
  await visit(page, `/chat/${id}`);
  await page.locator("#composer-note", { hasText: "You have no key for OpenAI." }).waitFor();
  await ui.composer(page).fill("Still there?");
  assert.equal(await ui.send(page).getAttribute("aria-disabled"), "true");
  assert.equal(await page.getByRole("link", { name: "Add a key" }).getAttribute("href"), "/providers#openai");
});

scene("a key stays typed when something before the server answers in its place", { keys: [] }, async ({ page, faults, visit }) => {
  await visit(page, "/providers");
  await page.route("**/fn/keys/*", (route) => route.fulfill({ status: 502, contentType: "text/html", body: "<h1>Bad Gateway</h1>" }));
  await card(page).getByText("Connect", { exact: true }).click();
  await keyField(card(page)).fill(KEYS.openai);
  await card(page).getByRole("button", { name: "Check and save" }).click();
  await card(page).locator("form").getByText("could not be read").waitFor();
  assert.equal(await keyField(card(page)).inputValue(), KEYS.openai);
  assert.match(faults.splice(0).join(), /^console: Failed to load resource: [^,]* 502 [^,]*$/);
  await page.unroute("**/fn/keys/*");
  await card(page).getByRole("button", { name: "Check and save" }).click();
  await card(page).locator(".badge", { hasText: "Valid" }).waitFor();
});
