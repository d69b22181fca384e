// The commands that the composer offers while its text begins with `/`.
import assert from "node:assert/strict";
import { assertAccessible, assertNoSidewaysScroll } from "../support/browser.mjs";
import { answered, pick, say, stage, thread, ui } from "../support/scene.mjs";

const scene = stage();
const field = (page) => page.locator("#composer-text");
const list = (page) => page.getByRole("listbox", { name: "Commands" });
const lines = (page) => list(page).getByRole("option");
const chosen = (page) => page.locator('#slash [role="option"][aria-selected="true"]');
const shut = (page) => list(page).waitFor({ state: "hidden" });
const drafts = (page) => page.evaluate(() => Object.entries(localStorage).filter(([name]) => name.startsWith("draft:")));
const COMBOBOX = ["role", "aria-expanded", "aria-controls", "aria-autocomplete", "aria-activedescendant"];
const combobox = (page) => field(page).evaluate((field, names) => names.map((name) => field.getAttribute(name)), COMBOBOX);

/** The keyboard is where it was, nothing is written, and the text area is one again. */
async function assertTaken(page) {
  await shut(page);
  assert.equal(await field(page).inputValue(), "");
  assert.deepEqual(await drafts(page), []);
  assert.deepEqual(await combobox(page), [null, null, null, null, null]);
}

scene("a slash offers the commands on a new chat, and keys choose, take and leave them", { devices: ["desktop"] }, async ({ page, visit }) => {
  await visit(page, "/chat");
  // Nothing has the keyboard: what is typed goes into the composer.
  await field(page).blur();
  await page.keyboard.press("/");
  await list(page).waitFor();
  assert.equal(await lines(page).filter({ hasText: "Write a message" }).count(), 0, "it is being done");
  assert.equal(await lines(page).filter({ hasText: /Stop|Copy/ }).count(), 0, "there is no chat yet");
  const many = await lines(page).count();
  assert.ok(many > 8, `${many} commands`);
  const name = await chosen(page).innerText();
  assert.equal(await lines(page).first().innerText(), name);
  assert.deepEqual(await combobox(page), ["combobox", "true", "slash", "list", await chosen(page).getAttribute("id")]);
  await page.locator(".composer-note[aria-live=polite]", { hasText: `${many} commands: Enter takes the chosen one` }).waitFor();

  await page.keyboard.press("ArrowUp");
  assert.equal(await lines(page).last().getAttribute("aria-selected"), "true");
  assert.equal(await field(page).getAttribute("aria-activedescendant"), await lines(page).last().getAttribute("id"));
  await page.keyboard.press("ArrowDown");
  assert.equal(await chosen(page).innerText(), name);

  await page.keyboard.type("colours dar");
  assert.equal(await lines(page).count(), 1);
  await page.getByText("1 command: Enter takes the chosen one").waitFor();
  // What belongs to an input method takes nothing.
  await field(page).dispatchEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true });
  await list(page).waitFor();
  await page.keyboard.press("Enter");
  await page.locator('html[data-theme="dark"]').waitFor();
  await assertTaken(page);
  await page.getByText("Enter sends, Shift+Enter starts a new line").waitFor();
  assert.equal(await field(page).evaluate((field) => field === document.activeElement), true);

  await page.keyboard.type("/archive");
  await list(page).waitFor();
  await page.keyboard.press("Tab");
  await page.waitForURL("**/archive");
  assert.deepEqual(await drafts(page), []);
});

scene("the list closes when nothing fits, when the text ends, and when the keyboard leaves", { devices: ["desktop"] }, async ({ page, visit }) => {
  await visit(page, "/chat");
  for (const [keys, text] of [
    [["/", "d", "q", "q"], "/dqq"],
    [["/", "d", "Backspace", "Backspace"], ""],
    [["/", "d", "Shift+Enter"], "/d\n"],
    [["/", "d", "Escape"], "/d"],
    // Who has refused them is not asked again about the same text.
    [["/", "d", "Escape", "a"], "/da"],
    [["/", "d", "Shift+Tab"], "/d"],
  ]) {
    await field(page).fill("");
    await field(page).focus();
    await page.keyboard.press(keys[0]);
    await list(page).waitFor();
    for (const key of keys.slice(1)) await page.keyboard.press(key);
    await shut(page);
    assert.equal(await field(page).inputValue(), text, keys.join(" "));
    assert.deepEqual(await combobox(page), [null, null, null, null, null], keys.join(" "));
  }
  // Nor does a text ask that was there before.
  await field(page).fill("and/or");
  assert.equal(await list(page).isVisible(), false);
});

scene("a text that only begins like a command is sent", {}, async ({ page, call, phone, visit }) => {
  const id = await thread(call, { questions: [] });
  await visit(page, `/chat/${id}`);
  const texts = ["/etc/hosts is a file", "/dark"];
  await field(page).pressSequentially(texts[0]);
  assert.equal(await list(page).isVisible(), false);
  if (phone) {
    await field(page).press("Enter");
    assert.equal(await field(page).inputValue(), `${texts[0]}\n`, "Enter is as ever on a touch keyboard");
    await field(page).press("Backspace");
  }
  await say(page, texts[0], phone);
  await answered(page);
  await field(page).pressSequentially(texts[1]);
  await list(page).waitFor();
  await field(page).press("Escape");
  await shut(page);
  if (phone) await ui.send(page).click();
  else await page.keyboard.press("Enter");
  await answered(page, 2);
  const { messages } = await call("GET", `/api/threads/${id}`);
  assert.deepEqual(messages.filter(({ role }) => role === "user").map(({ content }) => content), texts);
  assert.equal(await page.locator('html[data-theme="dark"]').count(), 0);
  // What was sent is no answer to the next slash.
  await field(page).pressSequentially("/");
  await list(page).waitFor();
});

scene("while an answer goes on Escape closes the list only, and a command is no message", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { model: "sim-endless", questions: [] });
  await visit(page, `/chat/${id}`);
  let stops = 0;
  page.on("request", (request) => (stops += request.url().endsWith("/fn/messages/stop") ? 1 : 0));
  await say(page, "Talk for ever");
  await page.locator("article.answer .prose", { hasText: /\w/ }).waitFor();
  await field(page).pressSequentially("/dark");
  await list(page).waitFor();
  await page.keyboard.press("Escape");
  await shut(page);
  assert.equal(stops, 0);
  assert.equal(await field(page).inputValue(), "/dark");
  await field(page).fill("");
  await field(page).pressSequentially("/dark");
  await page.keyboard.press("Enter");
  await page.locator('html[data-theme="dark"]').waitFor();
  await assertTaken(page);
  assert.equal(await page.locator(".queue .chip").count(), 0, "nothing waits to be sent");
  await field(page).pressSequentially("/stop");
  await page.keyboard.press("Enter");
  await page.getByText("Stopped by you.").waitFor();
  await assertTaken(page);
  assert.equal(stops, 1);
  assert.equal((await call("GET", `/api/threads/${id}`)).messages.length, 2);
});

scene("a command is taken by a tap, and the keyboard stays", {}, async ({ page, call, phone, visit }) => {
  const id = await thread(call, { questions: [] });
  await visit(page, `/chat/${id}`);
  await field(page).pressSequentially("/");
  await lines(page).filter({ hasText: "Stop" }).waitFor();
  const { height } = await lines(page).first().boundingBox();
  assert.ok(height >= (phone ? 44 : 24), `a line is ${height} px high`);
  await field(page).pressSequentially("dark");
  const line = lines(page).filter({ hasText: "Dark colours" });
  if (phone) await line.tap();
  else await line.click();
  await page.locator('html[data-theme="dark"]').waitFor();
  await assertTaken(page);
  assert.equal(await field(page).evaluate((field) => field === document.activeElement), true);
});

scene("a page that is shown anew keeps the list that is open", { devices: ["desktop"] }, async ({ page, visit }) => {
  await visit(page, "/chat");
  let go;
  const held = new Promise((resolve) => (go = resolve));
  await page.route("**/chat?model=**", async (route) => {
    await held;
    await route.continue();
  });
  await pick(page, "sim-think");
  await field(page).pressSequentially("/colours");
  await page.keyboard.press("ArrowDown");
  const before = [await chosen(page).innerText(), ...(await combobox(page))];
  await field(page).evaluate((field) => field.setAttribute("data-old", ""));
  go();
  await page.locator("#composer-text:not([data-old])").waitFor();
  assert.deepEqual([await chosen(page).innerText(), ...(await combobox(page))], before);
  await page.keyboard.press("Enter");
  await page.locator('html[data-theme="dark"]').waitFor();
});

for (const [locale, name] of [["en-US", "Commands"], ["ar-EG", "الأوامر"]]) {
  scene(`the open list of commands is accessible in both themes and fits 320 px (${locale})`, { locale, reducedMotion: true }, async ({ page, call, phone, visit }) => {
    const id = await thread(call);
    await visit(page, `/chat/${id}`);
    await field(page).pressSequentially("/");
    const list = page.getByRole("listbox", { name });
    await list.waitFor();
    await assertAccessible(page);
    assert.equal(await list.getByText("Ctrl/⌘ + Shift + ;").isVisible(), !phone, "shortcuts are for keyboards");
    assert.equal(await list.getByText("Ctrl/⌘ + Shift + ;").evaluate((note) => getComputedStyle(note).direction), "ltr");
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    await assertAccessible(page, ["color-contrast"]);
    if (phone) await page.setViewportSize({ width: 320, height: 320 });
    await assertNoSidewaysScroll(page);
    // To the last one, and by a blank, which fits to all, to the first one again.
    for (const key of ["ArrowUp", " "]) {
      await field(page).press(key);
      const [box, line, window] = [await list.boundingBox(), await chosen(page).boundingBox(), page.viewportSize()];
      assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= window.width, "it is in the window");
      assert.ok(line.y >= box.y && line.y + line.height <= box.y + box.height, "the chosen line is seen");
    }
  });
}
