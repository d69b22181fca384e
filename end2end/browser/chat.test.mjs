// The conversation with JavaScript on.
import assert from "node:assert/strict";
import { alive } from "../support/browser.mjs";
import { answered, answerText, atOnce, chats, openSidebar, pick, say, stage, thread, ui } from "../support/scene.mjs";

const scene = stage();
const MODEL = "gpt-5.4-mini";
const SAID = "Compare the two databases, please.";

scene("a picked model's answer grows word by word without a reload and is the same after one", {}, async ({ page, phone, visit }) => {
  await visit(page, "/chat");
  await page.evaluate(() => (window.sameDocument = true));
  await pick(page, MODEL);
  await say(page, SAID, phone);
  await page.waitForURL(/\/chat\/[^/]+$/);
  await ui.stop(page).waitFor();
  const lengths = [];
  for (let i = 0; i < 4; i++) {
    await page.waitForFunction(
      (least) => (document.querySelector("article.answer.live .prose")?.innerText.length ?? 0) > least,
      lengths.at(-1) ?? 0,
    );
    lengths.push((await answerText(page)).length);
  }
  await answered(page);
  const text = await answerText(page);
  assert.ok(text.length > lengths.at(-1), `${text.length} after ${lengths}`);
  assert.match(await ui.usage(page).innerText(), /gpt-5.4-mini.* · \d+ in · [\d,]+ out · .+ · first word .+ in all · key .+/);
  assert.equal(await page.evaluate(() => window.sameDocument), true, "the page was not loaded anew");
  assert.equal(await ui.composer(page).inputValue(), "");
  await page.reload();
  await alive(page);
  assert.equal(await answerText(page), text);
  assert.equal((await ui.questions(page).locator(".plain").textContent()).trim(), SAID);
});

scene("a stopped answer keeps its text and says that it was stopped", {}, async ({ page, call, phone, visit }) => {
  const id = await thread(call, { model: "sim-endless", questions: [] });
  await visit(page, `/chat/${id}`);
  await say(page, "Talk for ever", phone);
  await page.waitForFunction(() => (document.querySelector("article.answer .prose")?.innerText.length ?? 0) > 40);
  await ui.stop(page).click();
  await page.getByText("Stopped by you. The text so far is kept.").waitFor();
  const text = await answerText(page);
  assert.ok(text.length > 40);
  await page.reload();
  await alive(page);
  assert.equal(await answerText(page), text);
  await page.getByText("Stopped by you. The text so far is kept.").waitFor();
});

scene("Escape stops the answer", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { model: "sim-endless", questions: [] });
  await visit(page, `/chat/${id}`);
  await say(page, "Talk for ever");
  await page.locator("article.answer .prose", { hasText: /\w/ }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("Stopped by you.").waitFor();
});

scene("an answer can be asked for again, and the first one stays as a sibling", {}, async ({ page, call, visit }) => {
  const id = await thread(call);
  await visit(page, `/chat/${id}`);
  await page.getByRole("button", { name: "Answer again", exact: true }).click();
  await page.locator("article.answer:not(.live) .sibling", { hasText: "2/2" }).waitFor();
  assert.equal(await ui.answers(page).count(), 1);
});

scene("an edited question gets an answer of its own", {}, async ({ page, call, visit }) => {
  const id = await thread(call);
  await visit(page, `/chat/${id}`);
  await ui.questions(page).hover();
  await page.getByRole("button", { name: "Edit the message" }).click();
  await page.getByLabel("Edit the message").and(page.locator("textarea")).fill("Something else entirely");
  await page.getByRole("button", { name: "Send again" }).click();
  await page.locator("article.answer:not(.live) .prose", { hasText: "Something else entirely" }).waitFor();
  await ui.questions(page).locator(".sibling", { hasText: "2/2" }).waitFor();
});

scene("an answer is copied as the Markdown that the model wrote", {}, async ({ page, context, call, visit }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const id = await thread(call, { questions: ["**bold** and\n\n```rust\nlet x = 1;\n```"] });
  await visit(page, `/chat/${id}`);
  await page.getByRole("button", { name: "Copy as Markdown" }).click();
  await page.locator('button[aria-label="Copy as Markdown"] use[href="#i-check"]').waitFor();
  const { messages } = await call("GET", `/api/threads/${id}`);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), messages.at(-1).content);
});

scene("a question is copied as it was written", {}, async ({ page, context, call, visit }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const asked = "  <b>bold</b> & \"quoted\"\n\nand 'more'";
  const id = await thread(call, { questions: ["Hello", asked] });
  await visit(page, `/chat/${id}`);
  const copied = async (question) => {
    await question.hover();
    await question.getByRole("button", { name: "Copy the message" }).click();
    await question.locator('use[href="#i-check"]').waitFor();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  const { messages } = await call("GET", `/api/threads/${id}`);
  assert.equal(await copied(ui.questions(page).last()), messages[2].content);
  assert.equal(await copied(ui.questions(page).first()), "Hello");
});

scene("messages that came with the page are edited and answered again, one after the other", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { questions: ["First", "Second", "Third"] });
  await visit(page, `/chat/${id}`);
  await page.evaluate(() => document.querySelector("article").setAttribute("data-same", ""));
  await ui.answers(page).nth(1).hover();
  await ui.answers(page).nth(1).getByRole("button", { name: "Answer again", exact: true }).click();
  await page.locator("article.answer:not(.live) .sibling", { hasText: "2/2" }).waitFor();
  await answered(page, 2);
  assert.equal(await ui.questions(page).count(), 2);
  await ui.composer(page).press("ArrowUp");
  const area = page.getByLabel("Edit the message").and(page.locator("textarea"));
  assert.equal(await area.inputValue(), "Second");
  await area.press("Escape");
  await area.waitFor({ state: "detached" });
  await ui.questions(page).last().locator(".bubble").waitFor();
  await ui.composer(page).press("ArrowUp");
  await area.fill("Second, in other words");
  await area.press("Control+Enter");
  await page.locator("article.answer:not(.live) .prose", { hasText: "Second, in other words" }).waitFor();
  await answered(page, 2);
  await say(page, "Fourth");
  await answered(page, 3);
  const texts = async () => (await ui.questions(page).locator(".plain").allTextContents()).map((text) => text.trim());
  assert.deepEqual(await texts(), ["First", "Second, in other words", "Fourth"]);
  assert.equal(await page.locator("article").first().getAttribute("data-same"), "", "what stood was left alone");
  await page.reload();
  assert.deepEqual(await texts(), ["First", "Second, in other words", "Fourth"]);
});

scene("an edit that is refused brings back what it would have replaced", {}, async ({ page, call, visit }) => {
  const id = await thread(call, { questions: ["First", "Second"] });
  await visit(page, `/chat/${id}`);
  await page.route("**/fn/messages/edit*", (route) => route.fulfill({ status: 429, body: "" }));
  await ui.questions(page).first().hover();
  await ui.questions(page).first().getByRole("button", { name: "Edit the message" }).click();
  await page.getByLabel("Edit the message").and(page.locator("textarea")).fill("Something else entirely");
  await page.getByRole("button", { name: "Send again" }).click();
  await page.locator(".dock").getByRole("alert").waitFor();
  const texts = await ui.questions(page).locator(".plain").allTextContents();
  assert.deepEqual(texts.map((text) => text.trim()), ["First", "Second"]);
  assert.equal(await ui.answers(page).locator("visible=true").count(), 2);
});

scene("earlier messages are shown above, and are edited there as well", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const questions = Array.from({ length: 52 }, (_, n) => `Question ${n}.`);
  const id = await thread(call, { ...atOnce(), questions });
  await visit(page, `/chat/${id}`);
  assert.equal(await ui.questions(page).count(), 50);
  await page.getByRole("link", { name: "Show earlier messages" }).focus();
  await ui.questions(page).filter({ hasText: "Question 0." }).waitFor();
  assert.equal(await ui.questions(page).count(), 52);
  await ui.questions(page).nth(1).hover();
  await ui.questions(page).nth(1).getByRole("button", { name: "Edit the message" }).click();
  await page.getByLabel("Edit the message").and(page.locator("textarea")).fill("Another way.");
  await page.getByRole("button", { name: "Send again" }).click();
  await ui.questions(page).filter({ hasText: "Another way." }).waitFor();
  await answered(page, 2);
  assert.equal(await ui.questions(page).count(), 2);
});

scene("a code block is copied by its own button", {}, async ({ page, context, call, visit }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const id = await thread(call, { questions: ["```rust\nlet x = 1;\n```"] });
  await visit(page, `/chat/${id}`);
  await page.locator(".prose").getByRole("button", { name: "Copy" }).click();
  await page.locator(".prose").getByRole("button", { name: "Copied" }).waitFor();
  assert.equal((await page.evaluate(() => navigator.clipboard.readText())).trim(), "let x = 1;");
});

scene("Enter sends and Shift+Enter starts a new line", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { questions: [] });
  await visit(page, `/chat/${id}`);
  const composer = ui.composer(page);
  await composer.pressSequentially("first line");
  await composer.press("Shift+Enter");
  await composer.pressSequentially("second line");
  assert.equal(await composer.inputValue(), "first line\nsecond line");
  assert.equal(await ui.questions(page).count(), 0);
  await composer.press("Enter");
  await answered(page);
  assert.equal((await ui.questions(page).locator(".plain").textContent()).trim(), "first line\nsecond line");
});

scene("on a touch keyboard Enter starts a new line", { devices: ["phone"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { questions: [] });
  await visit(page, `/chat/${id}`);
  await ui.composer(page).pressSequentially("first");
  await ui.composer(page).press("Enter");
  assert.equal(await ui.composer(page).inputValue(), "first\n");
});

scene("nothing is sent while only blanks are written", {}, async ({ page, call, visit }) => {
  const id = await thread(call, { questions: [] });
  await visit(page, `/chat/${id}`);
  await ui.composer(page).fill("   ");
  // Playwright itself presses nothing that says that it is off.
  await ui.send(page).click({ force: true });
  await page.locator("#composer-note", { hasText: "Write something first." }).waitFor();
  await ui.composer(page).press("Control+Enter");
  assert.equal(await ui.questions(page).count(), 0);
  assert.equal((await call("GET", `/api/threads/${id}`)).messages.length, 0);
});

scene("a draft survives a reload, each chat's its own", {}, async ({ page, call, visit }) => {
  const [one, two] = [await thread(call, { questions: [] }), await thread(call, { questions: [] })];
  await visit(page, `/chat/${one}`);
  await ui.composer(page).fill("not sent yet");
  await page.reload();
  await alive(page);
  assert.equal(await ui.composer(page).inputValue(), "not sent yet");
  await visit(page, `/chat/${two}`);
  assert.equal(await ui.composer(page).inputValue(), "");
});

scene("a search leads to the message that it found", {}, async ({ page, call, phone, visit }) => {
  const filler = "word ".repeat(150);
  const questions = ["Where do zebras cross?", "And then?", "And then?", "And then?"].map((text) => `${text} ${filler}`);
  await thread(call, { ...atOnce(), questions });
  await visit(page, "/chat");
  await openSidebar(page, phone);
  await page.getByRole("searchbox", { name: "Search chats" }).fill("zebras");
  await page.locator('a[href*="#m-"]').first().click();
  await page.waitForURL(/#m-/);
  const found = page.locator(`[id="${new URL(page.url()).hash.slice(1)}"]`);
  await found.waitFor();
  await page.waitForFunction((id) => {
    const { top } = document.getElementById(id).getBoundingClientRect();
    return top >= 0 && top < innerHeight;
  }, new URL(page.url()).hash.slice(1));
});

scene("the sidebar lists the chats, finds, renames and deletes them", {}, async ({ page, call, phone, visit }) => {
  await thread(call, { title: "About harbours" });
  const open = await thread(call, { title: "About lighthouses" });
  await visit(page, `/chat/${open}`);
  await openSidebar(page, phone);
  await chats(page).filter({ hasText: "About harbours" }).waitFor();
  assert.equal(await chats(page).count(), 2);
  const search = page.getByRole("searchbox", { name: "Search chats" });
  await search.fill("light");
  await chats(page).filter({ hasText: "About harbours" }).waitFor({ state: "detached" });
  assert.equal(await chats(page).count(), 1);
  await search.fill("");
  await page.locator('summary[aria-label="More for About harbours"]').click();
  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByRole("textbox", { name: "New title" }).fill("About piers");
  await page.getByRole("textbox", { name: "New title" }).press("Enter");
  await chats(page).filter({ hasText: "About piers" }).waitFor();
  await page.locator('summary[aria-label="More for About lighthouses"]').click();
  const gone = page.waitForResponse((response) => response.request().method() === "DELETE");
  await page.locator("details.menu[open]").getByText("Delete…").click();
  await ui.toast(page, "The chat was deleted.").getByRole("button", { name: "Dismiss" }).click();
  await gone;
  await page.waitForURL("**/chat");
  const { threads } = await call("GET", "/api/threads");
  assert.deepEqual(threads.map((thread) => thread.title), ["About piers"]);
});

scene("a second chat begins beside the first, and both stay in the sidebar", {}, async ({ page, phone, visit }) => {
  for (const text of ["First matter", "Second matter"]) {
    await visit(page, "/chat");
    await pick(page, "sim-echo");
    await say(page, text, phone);
    await answered(page);
  }
  await openSidebar(page, phone);
  await chats(page).filter({ hasText: "First matter" }).click();
  await page.locator("article.answer .prose", { hasText: "First matter" }).waitFor();
  await openSidebar(page, phone);
  await chats(page).filter({ hasText: "Second matter" }).waitFor();
});

scene("a chat keeps its model; another one takes the history along", {}, async ({ page, call, visit }) => {
  const id = await thread(call);
  await visit(page, `/chat/${id}`);
  await page.locator(".picker-button").click();
  await page.getByLabel("Search models", { exact: true }).fill("sim-short");
  await page.locator("#picker-list .model").first().waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Continue there with this history" }).click();
  await page.waitForURL((url) => url.pathname.startsWith("/chat/") && !url.pathname.endsWith(id));
  await page.locator("article.answer .prose", { hasText: "Hello" }).waitFor();
  const { thread: forked } = await call("GET", new URL(page.url()).pathname.replace("/chat/", "/api/threads/"));
  assert.equal(forked.model, "sim-short");
});

scene("a chat whose model ends soon says so, and what was being written goes along to the next one", {}, async ({ page, call, visit }) => {
  const id = await thread(call, { model: "gpt-4o" });
  await visit(page, `/chat/${id}`);
  await page.evaluate(() => (window.sameDocument = true));
  await page.getByRole("note").getByText(/2027-01-14/).waitFor();
  await ui.composer(page).fill("And neap tides?");
  await page.getByRole("button", { name: /^Continue with GPT-5/ }).click();
  await page.waitForURL((url) => url.pathname.startsWith("/chat/") && !url.pathname.endsWith(id));
  await page.locator("article.answer .prose").first().waitFor();
  assert.equal(await ui.composer(page).inputValue(), "And neap tides?");
  assert.equal(await page.evaluate(() => window.sameDocument), true, "the page was not loaded anew");
});

scene("the header and the picker tell window and price, and lead to all models", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { model: "gpt-5.4" });
  await visit(page, `/chat/${id}`);
  assert.equal(await page.locator(".picker-button .picker-facts").innerText(), "1.05M · $2.50 / $15");
  await page.locator(".picker-button").click();
  await page.getByLabel("Search models", { exact: true }).fill("gpt-4o-mini");
  await page.locator("#picker-list .model").first().getByText("128k · $0.15 / $0.60").waitFor();
  await page.getByRole("link", { name: "All models, with prices and limits" }).click();
  await page.getByRole("heading", { name: "Models" }).waitFor();
  await page.getByRole("link", { name: "Context", exact: true }).click();
  await page.waitForURL(/sort=context/);
  await page.locator('[aria-sort="descending"]', { hasText: "Context" }).waitFor();
});

scene("the picker is driven by arrows and closed by Escape, which gives the focus back", { devices: ["desktop"] }, async ({ page, visit }) => {
  await visit(page, "/chat");
  const button = page.locator(".picker-button");
  await button.focus();
  await page.keyboard.press("Enter");
  const search = page.getByLabel("Search models", { exact: true });
  await search.fill("sim");
  await page.locator("#picker-list .model").nth(2).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  assert.equal(await search.getAttribute("aria-activedescendant"), "model-1");
  assert.equal(await page.locator("#model-1").getAttribute("aria-selected"), "true");
  await page.keyboard.press("Escape");
  await search.waitFor({ state: "hidden" });
  assert.ok(await button.evaluate((button) => button === document.activeElement));
});

scene("a rate limit counts down and then offers to try again", {}, async ({ page, call, phone, visit }) => {
  const id = await thread(call, { model: "sim-429", questions: [] });
  await visit(page, `/chat/${id}`);
  await say(page, "Hello", phone);
  const card = page.getByRole("group", { name: "What went wrong" });
  await card.getByText("Too many requests").waitFor({ timeout: 60_000 });
  await card.getByRole("button", { name: /^Try again in \d+ s$/, disabled: true }).waitFor();
  await card.getByRole("button", { name: "Try again", exact: true }).waitFor({ timeout: 30_000 });
  assert.ok(await card.getByRole("button", { name: "Try again", exact: true }).isEnabled());
});

scene("an overloaded provider is said as such, with a retry and another model at hand", {}, async ({ page, call, phone, visit }) => {
  const id = await thread(call, { model: "sim-503", questions: [] });
  await visit(page, `/chat/${id}`);
  await say(page, "Hello", phone);
  const card = page.getByRole("group", { name: "What went wrong" });
  await card.getByText("The provider is overloaded").waitFor({ timeout: 60_000 });
  await card.getByRole("button", { name: "Pick another model" }).waitFor();
  await card.getByRole("button", { name: "Try again", exact: true }).click({ timeout: 60_000 });
  await ui.answers(page).locator(".sibling", { hasText: "2/2" }).waitFor({ timeout: 60_000 });
  await card.getByText("The provider is overloaded").waitFor({ timeout: 60_000 });
  assert.equal(await ui.answers(page).count(), 1);
});

scene("an answer that breaks off keeps what was said above the reason", {}, async ({ page, call, phone, visit }) => {
  const id = await thread(call, { model: "sim-reset", questions: [] });
  await visit(page, `/chat/${id}`);
  await say(page, "Hello", phone);
  await page.getByRole("group", { name: "What went wrong" }).waitFor({ timeout: 60_000 });
  assert.match(await answerText(page), /This is the first part of an answer/);
});

scene("an answer says how long it thought, with its thoughts folded", {}, async ({ page, call, phone, visit }) => {
  const id = await thread(call, { provider: "openai", model: "sim-think", questions: [] });
  await visit(page, `/chat/${id}`);
  await say(page, "Think", phone);
  await answered(page);
  const fold = page.locator("article.answer .thought");
  const name = await fold.locator("summary").innerText();
  assert.match(name, /^Thought for /);
  assert.equal(await fold.getAttribute("open"), null);
  await page.reload();
  await alive(page);
  assert.equal(await fold.locator("summary").innerText(), name);
});

scene("what was chosen for a new chat stays with another model and is sent", {}, async ({ page, call, phone, visit }) => {
  await visit(page, "/chat?model=openai/sim-echo");
  const drawer = page.getByRole("dialog", { name: "Chat settings" });
  await page.getByRole("button", { name: "Settings of this chat" }).click();
  await drawer.getByLabel("System prompt").fill("Speak like a harbour pilot.");
  // Who marks a text with the mouse may let go beyond the edge.
  const { x, y } = await drawer.getByLabel("System prompt").boundingBox();
  await page.mouse.move(x + 20, y + 20);
  await page.mouse.down();
  await page.mouse.move(1, 300);
  await page.mouse.up();
  assert.ok(await drawer.isVisible());
  await drawer.getByLabel("Temperature").fill("0.35");
  await drawer.getByRole("button", { name: "Save" }).click();
  await drawer.waitFor({ state: "hidden" });
  await page.getByRole("checkbox", { name: "Private" }).check();
  await ui.composer(page).fill("Half a thought");
  await pick(page, "sim-short");
  await page.waitForURL("**/chat?model=openai*sim-short");
  await page.locator(".picker-button", { hasText: "Sim Short" }).waitFor();
  assert.ok(await page.getByRole("checkbox", { name: "Private" }).isChecked());
  assert.equal(await ui.composer(page).inputValue(), "Half a thought");
  await page.getByRole("button", { name: "Settings of this chat" }).click();
  assert.equal(await drawer.getByLabel("System prompt").inputValue(), "Speak like a harbour pilot.");
  assert.equal(await drawer.getByLabel("Temperature").inputValue(), "0.35");
  await page.keyboard.press("Escape");
  await say(page, "A whole thought", phone);
  await page.waitForURL(/\/chat\/[^/]+$/);
  const { thread: made } = await call("GET", new URL(page.url()).pathname.replace("/chat/", "/api/threads/"));
  const { model, systemPrompt, private: hidden } = made;
  assert.deepEqual({ model, systemPrompt, hidden }, { model: "sim-short", systemPrompt: "Speak like a harbour pilot.", hidden: true });
  assert.equal(made.settings.temperature, 0.35);
});

scene("who presses twice sends once", {}, async ({ page, call, visit }) => {
  await visit(page, "/chat?model=openai/sim-echo");
  await ui.composer(page).fill("Just once");
  await ui.send(page).dblclick();
  await page.waitForURL(/\/chat\/[^/]+$/);
  await answered(page);
  assert.equal((await call("GET", "/api/threads")).threads.length, 1);
  const asked = [];
  page.on("request", (request) => request.method() === "POST" && asked.push(new URL(request.url()).pathname));
  await ui.composer(page).fill("And once more");
  await ui.send(page).dblclick();
  await answered(page, 2);
  await ui.answers(page).last().getByRole("button", { name: "Answer again", exact: true }).dblclick();
  await ui.answers(page).last().locator(".sibling", { hasText: "2/2" }).waitFor();
  await answered(page, 2);
  const from = page.url();
  await ui.answers(page).last().getByRole("button", { name: "Go on from here in a new chat" }).dblclick();
  await page.waitForURL((url) => url.pathname.startsWith("/chat/") && url.href !== from);
  await answered(page, 2);
  for (const what of ["send", "retry", "fork"]) assert.equal(asked.filter((path) => path.includes(what)).length, 1, `${what} in ${asked}`);
  assert.equal((await call("GET", "/api/threads")).threads.length, 2);
});

scene("a private chat looks private, and no search finds it", {}, async ({ page, phone, visit }) => {
  await visit(page, "/chat?model=openai/sim-echo");
  const note = page.getByText("found by no search");
  const border = () => page.locator(".composer").evaluate((composer) => getComputedStyle(composer).borderTopStyle);
  assert.ok(await note.isHidden());
  assert.equal(await border(), "solid");
  await page.getByRole("checkbox", { name: "Private" }).check();
  await note.waitFor();
  assert.equal(await border(), "dashed");
  await say(page, "A zeppelin over the harbour", phone);
  await page.waitForURL(/\/chat\/.+/);
  await answered(page);
  for (const again of [false, true]) {
    if (again) {
      await page.reload();
      await alive(page);
    }
    await page.locator(".top .private-mark").waitFor();
    await note.waitFor();
    assert.equal(await border(), "dashed");
  }
  await openSidebar(page, phone);
  await chats(page).filter({ hasText: "Private" }).waitFor();
  await page.getByRole("searchbox", { name: "Search chats" }).fill("zeppelin");
  await page.getByText("No chat has all of these words.").waitFor();
});

scene("an answer goes on while no tab is open", {}, async ({ page, context, call, phone, visit }) => {
  const id = await thread(call, { model: MODEL, questions: [] });
  await visit(page, `/chat/${id}`);
  await say(page, SAID, phone);
  await page.waitForFunction(() => (document.querySelector("article.answer .prose")?.innerText.length ?? 0) > 20);
  await page.close();
  const again = await context.newPage();
  await visit(again, `/chat/${id}`);
  await answered(again);
  const { messages } = await call("GET", `/api/threads/${id}`);
  assert.equal(messages.at(-1).status, "complete");
  assert.ok(messages.at(-1).content.length > 1000);
  const text = await answerText(again);
  await again.reload();
  await alive(again);
  assert.equal(await answerText(again), text, "what streamed is what was stored");
});

scene("two tabs on one chat can both be written in", {}, async ({ page, context, call, phone, visit }) => {
  const id = await thread(call, { questions: [] });
  const other = await context.newPage();
  await visit(page, `/chat/${id}`);
  await visit(other, `/chat/${id}`);
  await say(page, "From the first tab", phone);
  await answered(page);
  await say(other, "From the second tab", phone);
  await other.locator("article.answer:not(.live) .prose", { hasText: "From the second tab" }).waitFor();
  await say(page, "From the first tab again", phone);
  await page.locator("article.answer:not(.live) .prose", { hasText: "From the first tab again" }).waitFor();
  await page.reload();
  const told = (await ui.questions(page).allTextContents()).join("\n");
  assert.match(told, /From the first tab again/);
});

scene("a second tab sees the answer that the first one asked for", {}, async ({ page, context, call, phone, visit }) => {
  const id = await thread(call, { model: "sim-long", questions: [] });
  await visit(page, `/chat/${id}`);
  await say(page, "Take your time", phone);
  await page.waitForFunction(() => (document.querySelector("article.answer .prose")?.innerText.length ?? 0) > 20);
  const other = await context.newPage();
  await visit(other, `/chat/${id}`);
  const size = () => answerText(other).then((text) => text.length);
  const first = await size();
  await other.waitForFunction((first) => document.querySelector("article.answer .prose").innerText.length > first + 20, first);
  await ui.stop(other).click();
  await page.getByText("Stopped by you.").waitFor();
  await other.getByText("Stopped by you.").waitFor();
  // A tab in the background has no frames, and what was never painted has no text that is seen.
  const said = await answerText(other);
  await page.bringToFront();
  await page.waitForFunction((said) => [...document.querySelectorAll("article.answer .prose")].at(-1).innerText === said, said);
});
