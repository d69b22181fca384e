// The picker's groups above the providers: what was marked, and what was used last.
import assert from "node:assert/strict";
import { assertAccessible, assertNoSidewaysScroll, painted, settled } from "../support/browser.mjs";
import { answered, say, stage, thread } from "../support/scene.mjs";

const scene = stage();
const search = (page) => page.getByLabel("Search models", { exact: true });
const group = (page, name) => page.getByRole("grid", { name, exact: true });
const row = (page, name, model) => group(page, name).locator(`[data-choice="${model}"]`);
const star = (row) => row.getByRole("button", { name: "Favourite", exact: true });
const names = (page, name) => group(page, name).locator(".model").evaluateAll((rows) => rows.map((row) => row.dataset.choice));
const groups = (page) => page.locator("#picker-list [role=grid]").evaluateAll((all) => all.map((one) => one.ariaLabel));

/** Opens the picker and waits for the list that is asked for then: an older one may stand there until it comes. */
async function openPicker(page) {
  await page.evaluate(() => document.querySelector("#picker-list")?.firstElementChild?.setAttribute("data-old", ""));
  await page.locator(".picker-button").click();
  await page.locator('#picker-list:not(:has([data-old])) [role=grid][aria-label="OpenAI"]').waitFor();
  await settled(page);
}

async function closePicker(page) {
  await page.keyboard.press("Escape");
  await search(page).waitFor({ state: "hidden" });
}

/** Presses what the server has to hear of. */
async function told(page, press) {
  const heard = page.waitForResponse((response) => response.url().endsWith("/fn/models/favourite"));
  await press();
  assert.equal((await heard).status(), 200);
}

const pressed = (star) => star.and(star.page().locator('[aria-pressed="true"]'));

scene("a model that is marked stands at the top from the next time on, until the mark is taken away", {}, async ({ page, phone, visit }) => {
  await visit(page, "/chat?model=openai/sim-echo");
  await openPicker(page);
  const short = row(page, "OpenAI", "openai/sim-short");
  await short.evaluate((row) => row.scrollIntoView({ block: "center" }));
  await painted(page);
  const top = async () => Math.round((await short.boundingBox()).y);
  const before = await top();
  if (phone) assert.ok(await star(short).evaluate((star) => star.clientWidth >= 44 && star.clientHeight >= 44), "a finger hits it");
  await told(page, () => star(short).click());
  await pressed(star(short)).waitFor();
  assert.equal(await top(), before, "nothing moved away");
  assert.deepEqual(await groups(page), ["OpenAI"]);
  assert.ok(await search(page).evaluate((field) => field === document.activeElement), "the keyboard stayed in the search");
  await closePicker(page);

  await openPicker(page);
  assert.deepEqual(await groups(page), ["Favourites", "OpenAI"]);
  assert.deepEqual(await names(page, "Favourites"), ["openai/sim-short"]);
  const marked = row(page, "Favourites", "openai/sim-short");
  await marked.getByText("OpenAI", { exact: true }).waitFor();
  await assertAccessible(page);
  await assertNoSidewaysScroll(page);
  // What is searched for stands with its provider.
  await search(page).fill("sim-");
  await group(page, "Favourites").waitFor({ state: "detached" });
  assert.equal((await names(page, "OpenAI"))[0], "openai/sim-short", "the favourite first");
  await search(page).fill("");
  await marked.locator(".model-name").click();
  await search(page).waitFor({ state: "hidden" });
  await page.waitForURL(/sim-short/);
  assert.equal(await page.locator(".picker-button .picker-provider").textContent(), "OpenAI");

  await openPicker(page);
  await told(page, () => star(marked).click());
  // It stands there twice.
  await pressed(star(short)).waitFor({ state: "detached" });
  assert.deepEqual(await groups(page), ["Favourites", "OpenAI"]);
  await closePicker(page);
  await openPicker(page);
  assert.deepEqual(await groups(page), ["OpenAI"]);
});

scene("what was used last stands above the providers", {}, async ({ page, call, phone, visit }) => {
  for (const model of ["sim-short", "sim-think"]) await thread(call, { model });
  await visit(page, "/chat?model=openai/sim-echo");
  await say(page, "Hello", phone);
  await answered(page);
  await openPicker(page);
  assert.deepEqual(await groups(page), ["Recent", "OpenAI"]);
  assert.deepEqual(await names(page, "Recent"), ["openai/sim-echo", "openai/sim-think", "openai/sim-short"]);
  assert.equal(await group(page, "Recent").locator(".current").count(), 1, "the one that is picked is marked");
  await told(page, () => star(row(page, "Recent", "openai/sim-think")).click());
  await closePicker(page);
  await openPicker(page);
  assert.deepEqual(await names(page, "Favourites"), ["openai/sim-think"]);
  assert.deepEqual(await names(page, "Recent"), ["openai/sim-echo", "openai/sim-short"], "each stands in one of the groups");
});

scene("a favourite is marked with the keyboard alone", { devices: ["desktop"] }, async ({ page, visit }) => {
  await visit(page, "/chat?model=openai/sim-echo");
  await openPicker(page);
  const focused = () => page.evaluate(() => document.activeElement.closest(".star")?.closest(".model").dataset.choice);
  await search(page).fill("sim-short");
  await group(page, "OpenAI").locator(".model:only-child").waitFor();
  let tabs = 0;
  while (!(await focused())) {
    assert.ok(tabs++ < 20, "the Tab key leads to the star");
    await page.keyboard.press("Tab");
  }
  assert.equal(await focused(), "openai/sim-short");
  await told(page, () => page.keyboard.press("Space"));
  await pressed(star(row(page, "OpenAI", "openai/sim-short"))).waitFor();
  assert.equal(await focused(), "openai/sim-short", "the keyboard stays");
  await search(page).fill("");
  await row(page, "Favourites", "openai/sim-short").waitFor();
  // The arrows go through the groups as through one list, and only the row they are at has its star in the Tab key's way.
  await search(page).press("ArrowDown");
  assert.equal(await page.locator('#picker-list [aria-selected="true"]').count(), 1);
  assert.deepEqual(await page.locator('#picker-list .star[tabindex="0"]').evaluateAll((all) => all.map((star) => star.closest(".model").id)), ["model-1"]);
  await search(page).press("ArrowUp");
  await search(page).press("Enter");
  await page.waitForURL(/sim-short/);
});

scene("the row that the arrows went to is still the one when a newer list comes", { devices: ["desktop"] }, async ({ page, visit }) => {
  await visit(page, "/chat?model=openai/sim-echo");
  await openPicker(page);
  await told(page, () => star(row(page, "OpenAI", "openai/sim-short")).click());
  await closePicker(page);
  let go;
  const wait = new Promise((resolve) => (go = resolve));
  await page.route("**/fn/models/picker", async (route) => {
    await wait;
    await route.continue();
  });
  await page.locator(".picker-button").click();
  for (let i = 0; i < 3; i++) await search(page).press("ArrowDown");
  const chosen = page.locator('#picker-list [aria-selected="true"]');
  const before = await chosen.getAttribute("data-choice");
  assert.equal(await chosen.getAttribute("id"), "model-3");
  go();
  await group(page, "Favourites").waitFor();
  assert.equal(await chosen.getAttribute("data-choice"), before);
  assert.equal(await chosen.getAttribute("id"), "model-4");
  assert.equal(await search(page).getAttribute("aria-activedescendant"), "model-4");
  // Where the keyboard was on a star, it is in the search then, and not nowhere.
  await page.keyboard.press("Tab");
  while (!(await page.evaluate(() => Boolean(document.activeElement.closest(".star"))))) await page.keyboard.press("Tab");
  await page.getByRole("button", { name: "Refresh the models of OpenAI" }).evaluate((button) => button.click());
  await page.waitForFunction(() => document.activeElement.id === "picker-search");
});

scene("a star that could not be kept is taken back", { devices: ["desktop"] }, async ({ page, visit }) => {
  await visit(page, "/chat?model=openai/sim-echo");
  await openPicker(page);
  const mine = star(row(page, "OpenAI", "openai/sim-short"));
  let refuse;
  const asked = new Promise((resolve) => (refuse = resolve));
  await page.route("**/fn/models/favourite", (route) => refuse(route));
  await mine.click();
  await pressed(mine).waitFor();
  await (await asked).fulfill({ status: 429, contentType: "application/json", body: "{}" });
  await pressed(mine).waitFor({ state: "detached" });
  await page.locator(".toast").waitFor();
});
