// What is around a chat: the sidebar's groups and menus, undoing, the palette, the shortcuts. By keyboard where there is one.
import assert from "node:assert/strict";
import { assertAccessible, assertNoSidewaysScroll } from "../support/browser.mjs";
import { answered, chats, openSidebar, say, stage, thread, ui } from "../support/scene.mjs";

const scene = stage();
const menu = (page, title) => page.locator(`summary[aria-label="More for ${title}"]`);
const palette = (page) => page.getByRole("dialog", { name: "Commands" });
const field = (page) => page.getByRole("combobox", { name: "Search chats, models and commands" });
const chosen = (page) => page.locator('[role="option"][aria-selected="true"]');
const titles = async (call) => (await call("GET", "/api/threads")).threads.map(({ title }) => title);

/** Opens the palette as the device does it. */
async function openPalette(page, phone) {
  if (phone) {
    await openSidebar(page, phone);
    await page.getByRole("button", { name: "Commands" }).click();
  } else {
    await page.keyboard.press("Control+k");
  }
  await field(page).waitFor();
}

scene("a pinned chat stands above the days, also after a reload, until it is taken off", {}, async ({ page, call, phone, visit }) => {
  await thread(call, { title: "About harbours", questions: [] });
  await thread(call, { title: "About lighthouses", questions: [] });
  await visit(page, "/settings");
  await openSidebar(page, phone);
  const pinned = page.locator(".side-list section", { has: page.getByRole("heading", { name: "Pinned" }) });
  await menu(page, "About harbours").click();
  await page.getByRole("button", { name: "Pin", exact: true }).click();
  await pinned.getByRole("link", { name: "About harbours" }).waitFor();
  assert.match(await chats(page).first().innerText(), /About harbours/);
  assert.deepEqual(await titles(call), ["About lighthouses", "About harbours"], "the list of the API keeps its order");
  await visit(page, "/settings");
  await openSidebar(page, phone);
  await pinned.getByRole("link", { name: "About harbours" }).waitFor();
  await menu(page, "About harbours").click();
  await page.getByRole("button", { name: "Unpin" }).click();
  await pinned.waitFor({ state: "detached" });
});

scene("the server learns where its reader is, for the days of the sidebar", { devices: ["desktop"], timezoneId: "Asia/Kathmandu" }, async ({ page, context, visit }) => {
  const listed = () => page.waitForResponse((response) => response.url().endsWith("/fn/threads/side"));
  const [anew] = [listed(), await visit(page, "/settings")];
  assert.match((await (await anew).request().allHeaders()).cookie, /\bzone=345\b/);
  assert.equal((await context.cookies()).find(({ name }) => name === "zone").value, "345");
});

scene("more than a page of chats is loaded by scrolling", {}, async ({ page, call, phone, visit }) => {
  await Promise.all(Array.from({ length: 60 }, (_, n) => thread(call, { title: `Chat number ${n}`, questions: [] })));
  await visit(page, "/chat");
  await openSidebar(page, phone);
  await page.locator("#side-list").evaluate((list) => list.scrollTo(0, list.scrollHeight));
  await page.waitForFunction(() => document.querySelectorAll(".side-list .row").length === 60);
});

scene("a deleted chat comes back by Undo, and is deleted when its note goes", {}, async ({ page, call, phone, visit }) => {
  await thread(call, { title: "The one that stays", questions: [] });
  const gone = await thread(call, { title: "The one that goes", questions: [] });
  await visit(page, `/chat/${gone}`);
  await openSidebar(page, phone);
  const row = chats(page).filter({ hasText: "The one that goes" });
  const remove = async () => {
    await menu(page, "The one that goes").click();
    await page.locator("details.menu[open]").getByText("Delete…").click();
    await row.waitFor({ state: "detached" });
  };
  await remove();
  await page.waitForURL("**/chat");
  assert.equal((await titles(call)).length, 2, "nothing is deleted yet");
  await ui.toast(page, "The chat was deleted.").getByRole("button", { name: "Undo" }).click();
  if (phone) await openSidebar(page, phone);
  await row.waitFor();
  await remove();
  const sent = page.waitForResponse((response) => response.request().method() === "DELETE");
  await ui.toast(page, "The chat was deleted.").getByRole("button", { name: "Dismiss" }).click();
  await sent;
  assert.deepEqual(await titles(call), ["The one that stays"]);
});

scene("a deleted chat is deleted when the page is left before its note went", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  await thread(call, { title: "The one that goes", questions: [] });
  await visit(page, "/settings");
  await menu(page, "The one that goes").click();
  await page.locator("details.menu[open]").getByText("Delete…").click();
  await ui.toast(page, "The chat was deleted.").waitFor();
  await page.goto("about:blank");
  for (let tries = 0; (await titles(call)).length > 0; tries += 1) {
    assert.ok(tries < 50, "it is still there");
    await new Promise((done) => setTimeout(done, 100));
  }
});

scene("the keyboard stays in the list when a chat leaves it, and on what opened a menu that is closed", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  for (const title of ["Four", "Three", "Two", "One"]) await thread(call, { title, questions: [] });
  await visit(page, "/settings");
  const has = (name) => page.waitForFunction((name) => (document.activeElement.ariaLabel ?? document.activeElement.textContent).trim() === name, name);
  const press = async (title, what) => {
    await menu(page, title).focus();
    await page.keyboard.press("Enter");
    await page.locator("details.menu[open]").getByText(what).focus();
    await page.keyboard.press("Enter");
  };
  await menu(page, "Two").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Escape");
  await has("More for Two");
  assert.equal(await page.locator("details.menu[open]").count(), 0);
  await press("Two", "Pin");
  await page.locator(".row").first().filter({ hasText: "Two" }).waitFor();
  await has("More for Two");
  await press("Two", "Delete…");
  await has("One");
  await press("Three", "Archive");
  await has("Four");
  await press("Four", "Archive");
  await has("One");
  await press("One", "Archive");
  await has("New chat");
});

scene("an archived chat is on its own page, and comes back by Undo or from there", {}, async ({ page, call, phone, visit }) => {
  await thread(call, { title: "Put away", questions: [] });
  await visit(page, "/settings");
  await openSidebar(page, phone);
  const row = chats(page).filter({ hasText: "Put away" });
  const archive = async () => {
    await menu(page, "Put away").click();
    await page.getByRole("button", { name: "Archive" }).click();
    await row.waitFor({ state: "detached" });
  };
  await archive();
  await ui.toast(page, "The chat was archived.").getByRole("button", { name: "Undo" }).click();
  await row.waitFor();
  await archive();
  await page.getByRole("link", { name: "Archive" }).click();
  const line = page.locator(".archive li", { hasText: "Put away" });
  await line.waitFor();
  if (!phone) await assertAccessible(page);
  await line.getByRole("button", { name: "Bring back" }).click();
  await page.getByText("Nothing is archived.").waitFor();
  await page.waitForURL("**/archive**");
  assert.deepEqual(await titles(call), ["Put away"]);
});

scene("deleting an archived chat unfolds nothing at the next one", {}, async ({ page, call, visit }) => {
  for (const title of ["The one that stays", "The one that goes"]) {
    const id = await thread(call, { title, questions: [] });
    await call("PATCH", `/api/threads/${id}`, { status: "archived" });
  }
  await visit(page, "/archive");
  await page.evaluate(() => (window.sameDocument = true));
  const line = (title) => page.locator(".archive li", { hasText: title });
  assert.match(await page.locator(".archive li").first().innerText(), /The one that goes/, "it stands above");
  await line("The one that goes").getByText("Delete…").click();
  await line("The one that goes").getByRole("button", { name: "Delete for good" }).click();
  await line("The one that goes").waitFor({ state: "detached" });
  assert.ok(await line("The one that stays").getByRole("button", { name: "Delete for good" }).isHidden());
  assert.equal(await page.locator(".archive details[open]").count(), 0);
  assert.equal(await page.evaluate(() => window.sameDocument), true, "the page was not loaded anew");
  const { threads } = await call("GET", "/api/threads?status=archived");
  assert.deepEqual(threads.map(({ title }) => title), ["The one that stays"]);
});

scene("the notes are three at most, and wait while somebody points at them", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  for (const n of [1, 2, 3, 4]) await thread(call, { title: `Chat ${n}`, questions: [] });
  await visit(page, "/settings");
  for (const n of [1, 2, 3, 4]) {
    await menu(page, `Chat ${n}`).click();
    await page.locator("details.menu[open]").getByRole("button", { name: "Archive" }).click();
  }
  await page.waitForFunction(() => document.querySelectorAll(".toast").length === 3);
  assert.equal(await page.locator(".toasts").getAttribute("role"), "status");
  await page.locator(".toast").first().hover();
  await page.waitForTimeout(9_000);
  assert.equal(await page.locator(".toast").count(), 3, "they wait");
  await page.mouse.move(0, 0);
  await page.waitForFunction(() => document.querySelectorAll(".toast").length === 0, undefined, { timeout: 15_000 });
});

scene("the palette is opened, searched and used, and gives the keyboard back", {}, async ({ page, call, phone, visit }) => {
  const id = await thread(call, { title: "About harbours", questions: [] });
  await visit(page, "/settings");
  const opener = page.getByLabel("Language");
  if (!phone) await opener.focus();
  await openPalette(page, phone);
  assert.equal(await field(page).evaluate((field) => field === document.activeElement), true);
  // The chats come behind the commands.
  await palette(page).getByRole("option", { name: /About harbours/ }).waitFor();
  assert.equal(await page.getByRole("listbox", { name: "Commands" }).getByRole("option").count() > 5, true);
  await assertNoSidewaysScroll(page);
  await assertAccessible(page);
  await page.keyboard.press("Escape");
  await palette(page).waitFor({ state: "hidden" });
  if (!phone) assert.equal(await opener.evaluate((opener) => opener === document.activeElement), true, "the keyboard is back");

  if (phone) await page.getByRole("button", { name: "Commands" }).click();
  else await page.keyboard.press("Control+k");
  await field(page).fill("harbours");
  await chosen(page).filter({ hasText: "About harbours" }).waitFor();
  assert.equal(await field(page).getAttribute("aria-activedescendant"), await chosen(page).getAttribute("id"));
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/chat/${id}`);
  await palette(page).waitFor({ state: "hidden" });
});

scene("the palette begins a chat with a model and changes the colours", { devices: ["desktop"] }, async ({ page, phone, visit }) => {
  await visit(page, "/chat");
  await openPalette(page, phone);
  await field(page).fill("sim-think");
  await chosen(page).filter({ hasText: "Sim Think" }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/chat?model=**");
  await page.locator(".picker-button", { hasText: "Sim Think" }).waitFor();
  await openPalette(page, phone);
  await field(page).fill("dark");
  await page.keyboard.press("Enter");
  await page.locator('html[data-theme="dark"]').waitFor();
  await openPalette(page, phone);
  const first = await chosen(page).innerText();
  await page.keyboard.press("ArrowUp");
  assert.notEqual(await chosen(page).innerText(), first);
  await page.keyboard.press("ArrowDown");
  assert.equal(await chosen(page).innerText(), first);
  await field(page).fill("nothing has this name");
  await page.getByText("Nothing fits.").waitFor();
});

scene("the shortcuts do what their sheet says", { devices: ["desktop"] }, async ({ page, context, call, visit }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const id = await thread(call, { questions: ["```\nlet x = 1;\n```"] });
  await visit(page, `/chat/${id}`);
  await page.keyboard.press("Control+/");
  const sheet = page.getByRole("dialog", { name: "Shortcuts" });
  await sheet.waitFor();
  for (const line of ["New chat", "Copy the last answer", "Copy the last code", "Settings", "Write a message", "Commands"]) {
    await sheet.getByText(line, { exact: true }).waitFor();
  }
  await assertAccessible(page);
  await page.keyboard.press("Escape");
  await sheet.waitFor({ state: "hidden" });

  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await page.keyboard.press("Control+Shift+:");
  await page.locator(".prose .code").getByRole("button", { name: "Copied" }).waitFor();
  assert.equal((await copied()).trim(), "let x = 1;");
  await page.keyboard.press("Control+Shift+C");
  await page.locator('article.answer use[href="#i-check"]').waitFor();
  assert.match(await copied(), /```\s+let x = 1;\s+```/);

  await page.keyboard.press("Control+Shift+S");
  await page.locator(".workspace.side-closed").waitFor();
  await page.keyboard.press("Control+Shift+S");
  await page.locator(".workspace:not(.side-closed)").waitFor();
  await page.keyboard.press("Shift+Escape");
  assert.equal(await ui.composer(page).evaluate((area) => area === document.activeElement), true);
  await page.keyboard.press("Control+.");
  await page.waitForURL("**/settings");
  await page.getByRole("button", { name: "Shortcuts" }).click();
  await sheet.getByRole("button", { name: "Close" }).click();
  await page.keyboard.press("Control+Shift+O");
  await page.waitForURL("**/chat");
});

scene("of several blocks of code the shortcut copies the last one, as the key lies on the keyboard", { devices: ["desktop"] }, async ({ page, context, call, visit }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const id = await thread(call, { questions: ["```\nlet first = 1;\n```", "```\nlet a = <b>;\n```\n\nand\n\n```\nlet last = \"&\";\n```\n\nThat is all."] });
  await visit(page, `/chat/${id}`);
  await page.keyboard.press("Control+Shift+Semicolon");
  await page.locator(".prose .code").getByRole("button", { name: "Copied" }).waitFor();
  assert.equal((await page.evaluate(() => navigator.clipboard.readText())).trim(), 'let last = "&";');
});

scene("a chat that was answered while another was read has a dot, and so has the tab", { devices: ["desktop"] }, async ({ page, call, phone, visit }) => {
  const slow = await thread(call, { model: "gpt-5.4-mini", title: "The slow one", questions: [] });
  const other = await thread(call, { title: "The other one" });
  await visit(page, `/chat/${slow}`);
  await say(page, "Take your time", phone);
  await ui.stop(page).waitFor();
  await chats(page).filter({ hasText: "The other one" }).click();
  await page.waitForURL(`**/chat/${other}`);
  const row = page.locator(".row", { hasText: "The slow one" });
  await row.locator(".unread-dot").waitFor({ timeout: 60_000 });
  await page.waitForFunction(() => document.title.startsWith("● The other one"));
  const note = ui.toast(page, "The answer in “The slow one” has ended.");
  await note.getByRole("link", { name: "Show" }).click();
  await page.waitForURL(`**/chat/${slow}`);
  await note.waitFor({ state: "detached" });
  await answered(page);
  await row.locator(".unread-dot").waitFor({ state: "detached" });
  await page.waitForFunction(() => document.title.startsWith("The slow one"));
});

scene("a title is typed, kept by Enter and by leaving it, and not by Escape", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  await thread(call, { title: "The old name", questions: [] });
  await visit(page, "/settings");
  const rename = async (title) => {
    await menu(page, title).click();
    await page.getByRole("button", { name: "Rename" }).click();
  };
  const name = page.getByRole("textbox", { name: "New title" });
  await rename("The old name");
  await name.fill("Never");
  await name.press("Escape");
  await name.waitFor({ state: "detached" });
  await rename("The old name");
  await name.fill("By Enter");
  await name.press("Enter");
  await chats(page).filter({ hasText: "By Enter" }).waitFor();
  await rename("By Enter");
  await name.fill("By leaving");
  await page.getByLabel("Language").focus();
  await chats(page).filter({ hasText: "By leaving" }).waitFor();
  assert.deepEqual(await titles(call), ["By leaving"]);
});

scene("a search is left by Escape", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  await thread(call, { title: "About harbours", questions: [] });
  await thread(call, { title: "About lighthouses", questions: [] });
  await visit(page, "/settings");
  const search = page.getByRole("searchbox", { name: "Search chats" });
  await search.fill("harbours");
  await chats(page).filter({ hasText: "lighthouses" }).waitFor({ state: "detached" });
  await search.press("Escape");
  await chats(page).filter({ hasText: "lighthouses" }).waitFor();
  assert.equal(await search.inputValue(), "");
});
