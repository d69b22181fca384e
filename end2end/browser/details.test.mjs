// Small promises of docs/ux.md, each shown by itself.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { alive } from "../support/browser.mjs";
import { answered, openSidebar, say, stage, thread, ui } from "../support/scene.mjs";

const scene = stage();
const ear = (page) => page.locator("#said");

scene("the setting swaps what Enter and Ctrl+Enter do", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  await visit(page, "/settings");
  await page.getByRole("group", { name: "Enter key" }).getByText("Starts a new line", { exact: true }).click();
  await page.waitForFunction(() => document.cookie.includes("enter="));
  await visit(page, `/chat/${await thread(call, { questions: [] })}`);
  await page.getByText("Ctrl+Enter sends", { exact: true }).waitFor();
  await ui.composer(page).fill("One line");
  await page.keyboard.press("Enter");
  await page.keyboard.type("and another");
  assert.equal(await ui.composer(page).inputValue(), "One line\nand another");
  assert.equal(await ui.questions(page).count(), 0);
  await page.keyboard.press("Control+Enter");
  await answered(page);
  assert.equal(await ui.questions(page).locator(".plain").textContent(), "One line\nand another");
});

scene("Enter within a composition takes the word and sends nothing", { devices: ["desktop"] }, async ({ page, context, call, visit }) => {
  const session = await context.newCDPSession(page);
  await visit(page, `/chat/${await thread(call, { questions: [] })}`);
  // As engines say it that end the composition first.
  await ui.composer(page).fill("日本");
  await ui.composer(page).evaluate((area) => {
    for (const told of [{ isComposing: true }, { keyCode: 229 }]) {
      area.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...told }));
    }
  });
  assert.equal(await ui.composer(page).inputValue(), "日本");
  await page.evaluate(() => addEventListener("keydown", ({ key, isComposing }) => (window.heard = [key, isComposing]), true));
  await session.send("Input.imeSetComposition", { text: "にほん", selectionStart: 3, selectionEnd: 3 });
  await page.keyboard.press("Enter");
  assert.deepEqual(await page.evaluate(() => window.heard), ["Enter", true]);
  assert.match(await ui.composer(page).inputValue(), /^日本にほん/);
  assert.equal(await ui.questions(page).count(), 0);
  // The word is taken.
  await session.send("Input.insertText", { text: "日本" });
  await page.keyboard.press("Enter");
  await answered(page);
  assert.match(await ui.questions(page).locator(".plain").textContent(), /^日本/);
});

scene("while an answer is thought about it says so", {}, async ({ page, call, phone, visit }) => {
  await visit(page, `/chat/${await thread(call, { model: "sim-think", questions: [] })}`);
  await page.evaluate(() => {
    window.names = [];
    const note = () => {
      const name = document.querySelector("article.answer .thought > summary")?.textContent;
      if (name && window.names.at(-1) !== name) window.names.push(name);
    };
    new MutationObserver(note).observe(document.querySelector("#log"), { subtree: true, childList: true, characterData: true });
  });
  await say(page, "Think", phone);
  await answered(page);
  const names = await page.evaluate(() => window.names);
  assert.equal(names[0], "Thinking…");
  assert.match(names.at(-1), /^Thought for /);
});

scene("what can be done with a message is shown at the last one, at the one that is pointed at, and on touch at each", {}, async ({ page, call, phone, visit }) => {
  await visit(page, `/chat/${await thread(call, { questions: ["First", "Second"] })}`);
  const copy = (nth) => ui.answers(page).nth(nth).getByRole("button", { name: "Copy as Markdown" });
  const shown = (button, opacity) => button.evaluate((button, opacity) => getComputedStyle(button).opacity === opacity, opacity);
  assert.ok(await shown(copy(1), "1"), "the last");
  assert.ok(await shown(copy(0), phone ? "1" : "0"), "the first");
  if (phone) return;
  await ui.answers(page).first().hover();
  assert.ok(await shown(copy(0), "1"), "the first, pointed at");
  await ui.composer(page).hover();
  assert.ok(await shown(copy(0), "0"), "the first, left");
  await copy(0).focus();
  assert.ok(await shown(copy(0), "1"), "the first, by keyboard");
});

scene("what was looked for is marked in what the search found", {}, async ({ page, call, phone, visit }) => {
  await thread(call, { title: "Beasts", questions: ["Where do <b>zebras</b> cross?"] });
  await visit(page, "/chat");
  await openSidebar(page, phone);
  await page.getByRole("searchbox", { name: "Search chats" }).fill("zebras");
  const snippet = page.locator(".row-snippet").first();
  await snippet.locator("mark", { hasText: /^zebras$/ }).waitFor();
  assert.match(await snippet.innerText(), /Where do <b>zebras<\/b> cross\?/);
});

scene("the request id of what failed is copied for the operator", {}, async ({ page, context, call, phone, visit }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const id = await thread(call, { model: "sim-503", questions: [] });
  await visit(page, `/chat/${id}`);
  await say(page, "Hello", phone);
  await page.getByRole("button", { name: "Copy request id" }).click({ timeout: 60_000 });
  await page.getByRole("button", { name: "Copied" }).waitFor();
  const { messages } = await call("GET", `/api/threads/${id}`);
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(copied.length > 8);
  assert.equal(copied, messages.at(-1).error.requestId);
});

scene("a screen reader hears that an answer begins and that it is there, and none of its words", {}, async ({ page, call, phone, visit }) => {
  await visit(page, `/chat/${await thread(call, { model: "gpt-5.4-mini", questions: [] })}`);
  assert.equal(await page.locator("#log").getAttribute("aria-live"), "off");
  assert.equal(await ear(page).getAttribute("role"), "status");
  await ear(page).evaluate((ear) => {
    window.heard = [];
    new MutationObserver(() => ear.textContent && window.heard.push(ear.textContent)).observe(ear, { childList: true, characterData: true, subtree: true });
  });
  await say(page, "Hello", phone);
  await answered(page);
  await ear(page).filter({ hasText: "The answer is complete" }).waitFor({ state: "attached" });
  assert.deepEqual(await page.evaluate(() => [...new Set(window.heard)]), ["Answering", "The answer is complete"]);
});

scene("what was copied is heard, and out of sight a note says it", { devices: ["desktop"] }, async ({ page, context, call, visit }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const long = Array.from({ length: 80 }, (_, n) => `paragraph ${n}`).join("\n\n");
  const id = await thread(call, { questions: ["Hello", long] });
  await visit(page, `/chat/${id}`);
  await page.getByRole("button", { name: "Copy as Markdown" }).last().click();
  await ear(page).filter({ hasText: "Copied" }).waitFor({ state: "attached" });
  await page.waitForFunction(() => document.querySelector("#said").textContent === "");
  assert.equal(await ui.toast(page, "Copied").count(), 0);
  await page.locator("#log").evaluate((log) => (log.scrollTop = -log.scrollHeight));
  await page.evaluate(() => navigator.clipboard.writeText(""));
  await page.keyboard.press("Control+Shift+C");
  await ui.toast(page, "Copied").waitFor();
  const { messages } = await call("GET", `/api/threads/${id}`);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), messages.at(-1).content);
});

scene("what could not be copied is said, with what to do", {}, async ({ page, call, visit }) => {
  await page.addInitScript(() => {
    for (const way of ["write", "writeText"]) Clipboard.prototype[way] = () => Promise.reject(new DOMException("no", "NotAllowedError"));
  });
  await visit(page, `/chat/${await thread(call, { questions: ["```\nlet x = 1;\n```"] })}`);
  const told = () => ui.toast(page, "Mark the text and copy it yourself.");
  for (const name of ["Copy as Markdown", "Copy"]) {
    await ui.answers(page).getByRole("button", { name, exact: true }).click();
    await told().waitFor();
    await told().getByRole("button", { name: "Dismiss" }).click();
    await told().waitFor({ state: "detached" });
  }
});

scene("an answer is copied where nothing may be written to the clipboard once the press is over", {}, async ({ page, context, call, visit }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  // As Safari has it: the text may come later, the call may not.
  await page.addInitScript(() => {
    const { write } = Clipboard.prototype;
    let pressed = false;
    addEventListener("click", () => ((pressed = true), setTimeout(() => (pressed = false))), true);
    Clipboard.prototype.write = function (items) {
      return pressed ? write.call(this, items) : Promise.reject(new DOMException("late", "NotAllowedError"));
    };
    Clipboard.prototype.writeText = () => Promise.reject(new DOMException("late", "NotAllowedError"));
  });
  const id = await thread(call, { questions: ["**Slowly**"] });
  await visit(page, `/chat/${id}`);
  await page.route("**/fn/messages/source*", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    await route.continue();
  });
  await page.getByRole("button", { name: "Copy as Markdown" }).click();
  await page.locator('article.answer use[href="#i-check"]').waitFor();
  const { messages } = await call("GET", `/api/threads/${id}`);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), messages.at(-1).content);
});

for (const javaScript of [true, false]) {
  const how = javaScript ? "its menu and the commands" : "its menu without JavaScript";
  scene(`a chat is saved as Markdown and as JSON by ${how}`, { devices: ["desktop"], javaScript }, async ({ page, call, visit }) => {
    const id = await thread(call, { title: "To take along", questions: ["Hello & <goodbye>"] });
    const { messages } = await call("GET", `/api/threads/${id}`);
    await visit(page, `/chat/${id}`);
    const file = async (press) => {
      const [download] = await Promise.all([page.waitForEvent("download"), press()]);
      return [download.suggestedFilename(), await readFile(await download.path(), "utf8")];
    };
    const check = async (way) => {
      const [markdown, text] = await file(() => way("Save as Markdown"));
      assert.match(markdown, /\.md$/);
      for (const { content } of messages) assert.ok(text.includes(content), text);
      const [json, saved] = await file(() => way("Save as JSON"));
      assert.match(json, /\.json$/);
      assert.deepEqual(JSON.parse(saved).messages.map(({ content }) => content), messages.map(({ content }) => content));
    };
    await check(async (name) => {
      await page.locator(".row.current").hover();
      const menu = page.locator(".row.current details.menu");
      if ((await menu.getAttribute("open")) === null) await menu.locator("summary").first().click();
      await menu.getByRole("link", { name }).click();
    });
    if (!javaScript) return;
    await page.keyboard.press("Escape");
    await check(async (name) => {
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox").fill(name);
      await page.getByRole("option", { name }).waitFor();
      await page.keyboard.press("Enter");
    });
  });
}

scene("what is known of an answer names the provider and the key, and the time where its reader is", { timezoneId: "Asia/Kathmandu" }, async ({ page, call, visit }) => {
  const { keys } = await call("GET", "/api/providers/openai/keys");
  const name = (label) => call("PATCH", `/api/providers/openai/keys/${keys[0].id}`, { label });
  const id = await thread(call);
  await visit(page, `/chat/${id}`);
  await ui.usage(page).filter({ hasText: /^sim-echo · OpenAI · .+ · key …/ }).waitFor();
  await name("Work");
  // The page that was kept is told anew.
  await page.reload();
  await alive(page);
  await ui.usage(page).filter({ hasText: " · key Work …" }).click();
  const facts = page.locator(".facts[open] dl");
  await facts.getByText(/^Work …/).waitFor();
  const { messages } = await call("GET", `/api/threads/${id}`);
  const at = new Date(messages.at(-1).createdAt);
  const there = at.toLocaleString("en", { dateStyle: "medium", timeStyle: "medium", timeZone: "Asia/Kathmandu" });
  const shown = facts.locator("time");
  assert.equal((await shown.innerText()).replaceAll(/\s/g, " "), there.replaceAll(/\s/g, " "));
  assert.equal(await shown.getAttribute("datetime"), messages.at(-1).createdAt);
});

scene("a link of an answer shows where it leads before it is opened", {}, async ({ page, context, call, phone, visit, app }) => {
  const address = `${app.url}/docs?told=${"what-i-said-".repeat(20)}`;
  await visit(page, `/chat/${await thread(call, { questions: [`[a harmless word](${address})`] })}`);
  const link = ui.answers(page).getByRole("link", { name: "a harmless word" });
  const dialog = page.getByRole("dialog", { name: "Open this address?" });
  await link.click();
  await dialog.getByText(address, { exact: true }).waitFor();
  await dialog.getByRole("button", { name: "Stay" }).click();
  await dialog.waitFor({ state: "hidden" });
  assert.equal(context.pages().length, 1);
  if (phone) await link.tap();
  else await link.press("Enter");
  const [opened] = await Promise.all([context.waitForEvent("page"), dialog.getByRole("link").click()]);
  await opened.waitForURL(address);
  assert.equal(await opened.evaluate(() => window.opener), null);
  await dialog.waitFor({ state: "hidden" });
});
