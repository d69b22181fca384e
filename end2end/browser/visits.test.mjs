// From page to page, as somebody goes who clicks faster than the server answers.
import assert from "node:assert/strict";
import { PASSWORD, chats, freshEmail, openSidebar, stage, thread, ui } from "../support/scene.mjs";

const scene = stage();
const link = (page, name) => page.locator("#side").getByRole("link", { name, exact: true });
const heading = (page, name) => page.getByRole("main").getByRole("heading", { level: 1, name, exact: true });
/** Whether this document was not loaded anew since it was marked. */
const mark = (page) => page.evaluate(() => (window.sameDocument = true));
const same = (page) => page.evaluate(() => window.sameDocument === true);

/** Visits a path, marks the document and lets time stand still, so that only the test says when somebody has waited. */
async function visitPaused(page, visit, path) {
  await page.clock.install();
  await visit(page, path);
  await mark(page);
  await page.clock.pauseAt(Date.now() + 60_000);
}

/** Holds the page at a path back; `asked` is there when it is wanted, `let` sends it and is done when the browser has it. */
async function hold(page, path) {
  let go, heard;
  const asked = new Promise((resolve) => (heard = resolve));
  const free = new Promise((resolve) => (go = resolve));
  await page.route(path, async (route) => {
    heard();
    await free;
    await route.continue();
  });
  const come = () => page.waitForEvent("requestfinished", (request) => new URL(request.url()).pathname === path);
  return { asked, let: () => Promise.all([come(), go()]) };
}

scene("going to a page takes the keyboard along, and Back and Forward lead to the page, its name and its mark", {}, async ({ page, call, phone, visit }) => {
  await thread(call, { title: "The open one" });
  await visit(page, "/chat");
  await mark(page);
  const stands = async (name, title) => {
    await heading(page, name).waitFor();
    await page.waitForFunction((title) => document.title.startsWith(title), title);
    const current = page.locator('#side [aria-current="page"]');
    await current.filter({ hasText: name }).waitFor({ state: "attached" });
    assert.equal(await current.count(), 1, "one link is marked");
  };
  const held = () => page.evaluate(() => document.activeElement.id);
  const where = [["Settings", "main"], ["Providers", "main"], ["The open one", phone ? "main" : "composer-text"]];
  for (const [name, id] of where) {
    await openSidebar(page, phone);
    await (name === "The open one" ? chats(page).filter({ hasText: name }) : link(page, name)).click();
    await stands(name, name);
    assert.equal(await held(), id, `the keyboard is in ${name}`);
  }
  for (const [turn, name, id] of [["goBack", ...where[1]], ["goBack", ...where[0]], ["goForward", ...where[1]], ["goForward", ...where[2]]]) {
    await page[turn]();
    await stands(name, name);
    assert.equal(await held(), id, `the keyboard is in ${name}`);
  }
  assert.ok(await same(page), "nothing was loaded anew");
});

scene("of two links that are clicked quickly the last one counts, whichever page comes first", { devices: ["desktop"] }, async ({ page, visit }) => {
  await visitPaused(page, visit, "/chat");
  const [settings, providers] = [await hold(page, "/settings"), await hold(page, "/providers")];
  await link(page, "Settings").click();
  await settings.asked;
  await link(page, "Providers").click();
  await providers.asked;
  await providers.let();
  await heading(page, "Providers").waitFor();
  // Nobody waits any more for the one before.
  await page.clock.fastForward(1_000);
  await settings.let();
  assert.ok(await heading(page, "Providers").isVisible());
  assert.equal(await page.locator("main .skeleton").count(), 0);
  // What the late page would do it does before this one comes.
  await link(page, "Models").click();
  await heading(page, "Models").waitFor();
  await page.goBack();
  await heading(page, "Providers").waitFor();
  assert.equal(new URL(page.url()).pathname, "/providers");
  assert.ok(await same(page), "nothing was loaded anew");
});

scene("clicking the open chat while another page is on its way stays in it", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { title: "The open one" });
  await visitPaused(page, visit, `/chat/${id}`);
  const settings = await hold(page, "/settings");
  await link(page, "Settings").click();
  await settings.asked;
  await chats(page).filter({ hasText: "The open one" }).click();
  await page.clock.fastForward(1_000);
  await settings.let();
  await ui.composer(page).fill("Still here");
  assert.equal(await page.locator("main .skeleton").count(), 0);
  assert.equal(new URL(page.url()).pathname, `/chat/${id}`);
  await ui.answers(page).waitFor();
  // Also when the page had gone already.
  await page.unroute("/settings");
  const late = await hold(page, "/settings");
  const entries = await page.evaluate(() => history.length);
  await link(page, "Settings").click();
  await late.asked;
  await page.clock.fastForward(1_000);
  await page.locator("main .skeleton").first().waitFor();
  await chats(page).filter({ hasText: "The open one" }).click();
  await ui.answers(page).waitFor();
  await late.let();
  await page.locator("main .skeleton").first().waitFor({ state: "detached" });
  assert.equal(await ui.composer(page).inputValue(), "Still here");
  assert.equal(new URL(page.url()).pathname, `/chat/${id}`);
  assert.equal(await page.locator("#side [aria-current]").innerText(), "The open one");
  assert.ok(await same(page), "nothing was loaded anew");
  assert.equal(await page.evaluate(() => history.length), entries, "Back leads to what was before");
});

for (const [what, how] of [
  ["cannot be fetched", (route) => route.abort()],
  ["something before the server answers with its own", (route) => route.fulfill({ status: 502, contentType: "text/html", body: "<h1>Bad Gateway</h1>" })],
]) {
  scene(`a page that ${what} is left to the browser`, { devices: ["desktop"] }, async ({ page, faults, visit }) => {
    await visit(page, "/chat");
    await mark(page);
    const asked = [];
    await page.route("/settings", (route) => {
      asked.push(route.request().resourceType());
      return asked.length === 1 ? how(route) : route.continue();
    });
    await link(page, "Settings").click();
    await heading(page, "Settings").waitFor();
    assert.deepEqual(asked, ["fetch", "document"]);
    assert.ok(!(await same(page)), "the browser loaded it");
    assert.match(faults.splice(0).join(), /^console: Failed to load resource: [^,]*$/);
  });
}

scene("who signed in in another tab sees nothing of the one before", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  await thread(call, { title: "Of the first" });
  // What the page would learn by itself it learns by the visit.
  await page.route("**/api/activity*", (route) => route.fulfill({ status: 401, body: "" }));
  await visit(page, "/chat");
  await chats(page).filter({ hasText: "Of the first" }).waitFor();
  await mark(page);
  await call("POST", "/api/auth/register", { email: freshEmail(), password: PASSWORD });
  await thread(call, { title: "Of the second", questions: [] });
  await link(page, "Settings").click();
  await heading(page, "Settings").waitFor();
  await chats(page).filter({ hasText: "Of the second" }).waitFor();
  assert.equal(await chats(page).count(), 1, "no chat of the first");
  assert.ok(!(await same(page)), "nothing is left in memory");
});

scene("what somebody began to write is not there for who signs in after them", { devices: ["desktop"] }, async ({ page, call, email, visit }) => {
  const fields = { "/chat": ui.composer(page), "/compare": page.getByLabel("Your question", { exact: true }) };
  const written = async (path) => {
    await visit(page, path);
    return fields[path].inputValue();
  };
  for (const [path, field] of Object.entries(fields)) {
    await visit(page, path);
    await field.fill(`Nobody's business: ${path}`);
  }
  await call("POST", "/api/auth/register", { email: freshEmail(), password: PASSWORD });
  for (const path of Object.keys(fields)) assert.equal(await written(path), "");
  await call("POST", "/api/auth/login", { email, password: PASSWORD });
  for (const path of Object.keys(fields)) assert.equal(await written(path), `Nobody's business: ${path}`);
});

scene("a page begins at its top, and stands where it was left when somebody comes back or loads it anew", { devices: ["desktop"] }, async ({ page, visit }) => {
  const scroll = (top) => page.evaluate((top) => document.querySelector("#main").scrollTo(0, top), top);
  const kept = (top) => page.waitForFunction((top) => history.state === top, top);
  const stands = (top) => page.waitForFunction((top) => document.querySelector("#main").scrollTop === top, top);
  await visit(page, "/providers");
  await page.setViewportSize({ width: 1280, height: 500 });
  await scroll(400);
  await link(page, "Settings").click();
  await heading(page, "Settings").waitFor();
  await stands(0);
  await scroll(90);
  await kept(90);
  await page.goBack();
  await heading(page, "Providers").waitFor();
  await stands(400);
  await page.goForward();
  await heading(page, "Settings").waitFor();
  await stands(90);
  await page.reload();
  await stands(90);
  // Whoever is impatient leaves the page for another one while neither is there.
  await page.goBack();
  await stands(400);
  const settings = await hold(page, "/settings");
  await link(page, "Settings").click();
  await settings.asked;
  await page.locator("main .skeleton").first().waitFor();
  await link(page, "Models").click();
  await heading(page, "Models").waitFor();
  await settings.let();
  await page.goBack();
  await heading(page, "Providers").waitFor();
  await stands(400);
  // A part of the page is named by its address.
  await visit(page, "/providers#openai");
  await scroll(300);
  await kept(300);
  await link(page, "Models").click();
  await heading(page, "Models").waitFor();
  await page.goBack();
  await heading(page, "Providers").waitFor();
  await stands(300);
});
