// What a person sends is never lost and never sent twice, whatever becomes of the answer to it.
import assert from "node:assert/strict";
import { alive } from "../support/browser.mjs";
import { answered, pick, say, stage, thread, ui } from "../support/scene.mjs";

const scene = stage();
const texts = async (page) => (await ui.questions(page).locator(".plain").allTextContents()).map((text) => text.trim());
const editor = (page) => page.locator("#edit-text");
const waiting = (page) => page.locator(".queue").getByRole("listitem");
const kept = (page, start) => page.evaluate((start) => Object.keys(localStorage).filter((name) => name.startsWith(start)), start);

/** Lets the server take the next call of a path, and loses its answer. What is told elsewhere of it comes only afterwards. */
async function loseAnswer(page, path) {
  await page.route("**/api/activity*", (route) => route.abort());
  await page.route(path, async (route) => {
    await route.fetch();
    await page.unroute(path);
    await route.abort();
  });
}

/** What the browser prints of the calls that these scenes break is no fault of the page. */
const forgive = (faults) => faults.splice(0, faults.length, ...faults.filter((fault) => !fault.includes("net::ERR_")));

/** The questions and answers that the server has of a chat. */
const stored = async (call, id) => (await call("GET", `/api/threads/${id}`)).messages.map(({ role, content }) => [role, content.split("\n")[0]]);

async function edit(page, question) {
  await question.hover();
  await question.getByRole("button", { name: "Edit the message" }).click();
  await editor(page).waitFor();
}

scene("a message whose answer was lost on the way is sent once more and taken once", {}, async ({ page, call, phone, visit, faults }) => {
  const id = await thread(call);
  await visit(page, `/chat/${id}`);
  await loseAnswer(page, "**/fn/messages/send");
  await say(page, "Only once", phone);
  await page.locator(".dock").getByRole("alert").waitFor();
  assert.equal(await ui.composer(page).inputValue(), "Only once");
  await ui.send(page).click();
  await answered(page, 2);
  assert.deepEqual(await texts(page), ["Hello", "Only once"]);
  assert.deepEqual((await stored(call, id)).filter(([role]) => role === "user"), [["user", "Hello"], ["user", "Only once"]]);
  assert.deepEqual(await kept(page, "send:"), [], "its name is not needed any more");
  forgive(faults);
});

scene("that holds through a reload, and the draft of what was taken goes when it is seen", { devices: ["desktop"] }, async ({ page, call, visit, faults }) => {
  const id = await thread(call);
  await visit(page, `/chat/${id}`);
  await loseAnswer(page, "**/fn/messages/send");
  await say(page, "Only once");
  await page.locator(".dock").getByRole("alert").waitFor();
  await ui.composer(page).press("End");
  await ui.composer(page).pressSequentially("\nand more");
  await page.reload();
  await alive(page);
  await answered(page, 2);
  await page.waitForFunction(() => document.getElementById("composer-text").value === "and more");
  assert.deepEqual(await kept(page, "send:"), []);
  await page.reload();
  await alive(page);
  assert.equal(await ui.composer(page).inputValue(), "and more");
  // The same words, said on purpose a second time, are another message.
  await say(page, "Only once");
  await answered(page, 3);
  assert.deepEqual(await texts(page), ["Hello", "Only once", "Only once"]);
  forgive(faults);
});

scene("what was taken after all takes the card along that said it was not", { devices: ["desktop"] }, async ({ page, call, visit, faults }) => {
  const id = await thread(call);
  await visit(page, `/chat/${id}`);
  await loseAnswer(page, "**/fn/messages/send");
  await say(page, "Only once");
  const card = page.locator(".dock").getByRole("alert");
  await card.waitFor();
  await page.unroute("**/api/activity*");
  await page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await card.waitFor({ state: "detached" });
  await answered(page, 2);
  assert.equal(await ui.composer(page).inputValue(), "");
  assert.deepEqual(await texts(page), ["Hello", "Only once"]);
  forgive(faults);
});

scene("to try again sends what is written by then", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call);
  await visit(page, `/chat/${id}`);
  const refusal = { code: "rate_limited", message: "Too many at once.", retryable: true, requestId: "r" };
  await page.route("**/fn/messages/send", (route) => route.fulfill({ status: 429, json: refusal }), { times: 1 });
  await say(page, "Teh typo");
  const card = page.locator(".dock").getByRole("alert");
  await card.waitFor();
  await ui.composer(page).fill("The typo");
  await card.getByRole("button", { name: "Try again" }).click();
  await answered(page, 2);
  assert.deepEqual(await texts(page), ["Hello", "The typo"]);
});

scene("a command that leads away loses nothing that is on its way", { devices: ["desktop"] }, async ({ page, call, visit, faults }) => {
  const id = await thread(call);
  await visit(page, `/chat/${id}`);
  let lose;
  const held = new Promise((resolve) => (lose = resolve));
  await page.route("**/fn/messages/send", async (route) => (await held, route.abort()));
  await say(page, "Half sent");
  await ui.composer(page).pressSequentially("/settings");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Settings" }).waitFor();
  lose();
  await visit(page, `/chat/${id}`);
  assert.equal(await ui.composer(page).inputValue(), "Half sent");
  forgive(faults);
});

scene("a new chat whose first answer was lost on the way becomes one chat", {}, async ({ page, call, phone, visit, faults }) => {
  await visit(page, "/chat");
  await loseAnswer(page, "**/fn/threads/start");
  await say(page, "Begin once", phone);
  await page.locator(".dock").getByRole("alert").waitFor();
  await page.reload();
  await alive(page);
  assert.equal(await ui.composer(page).inputValue(), "Begin once");
  await ui.send(page).click();
  await page.waitForURL(/\/chat\/[^/]+$/);
  await answered(page, 1);
  assert.deepEqual(await texts(page), ["Begin once"]);
  assert.equal((await call("GET", "/api/threads")).threads.length, 1);
  assert.deepEqual([await kept(page, "send:"), await kept(page, "draft:")], [[], []]);
  forgive(faults);
});

scene("what is written while a chat begins is the draft of the chat, with the caret where it was", {}, async ({ page, phone, visit }) => {
  await visit(page, "/chat");
  let go;
  const held = new Promise((resolve) => (go = resolve));
  await page.route("**/fn/threads/start", async (route) => (await held, route.continue()));
  await say(page, "The first", phone);
  await page.locator("#chat-new article.user").waitFor();
  await ui.composer(page).pressSequentially("the second");
  for (let n = 0; n < 3; n++) await ui.composer(page).press("ArrowLeft");
  go();
  await page.waitForURL(/\/chat\/[^/]+$/);
  await answered(page, 1);
  assert.deepEqual(await texts(page), ["The first"]);
  const area = await ui.composer(page).evaluate((area) => [area.value, area.selectionStart, document.activeElement === area]);
  assert.deepEqual(area, ["the second", "the second".length - 3, true]);
  await page.reload();
  await alive(page);
  assert.equal(await ui.composer(page).inputValue(), "the second");
  await visit(page, "/chat");
  assert.equal(await ui.composer(page).inputValue(), "");
});

scene("what is written while a message is on its way loses nothing of both by a reload", { devices: ["desktop"] }, async ({ page, call, visit, faults }) => {
  const id = await thread(call);
  await visit(page, `/chat/${id}`);
  await page.route("**/fn/messages/send", () => {});
  await say(page, "On its way");
  await ui.composer(page).pressSequentially("meanwhile");
  await page.reload();
  await alive(page);
  assert.equal(await ui.composer(page).inputValue(), "On its way\nmeanwhile");
  forgive(faults);
});

for (const [how, act, path] of [
  ["sent again", "Send again", "**/fn/messages/edit"],
  ["saved", "Save", "**/fn/messages/reword"],
]) {
  scene(`an edit that is not taken when it is ${how} is being written again, also after a reload`, {}, async ({ page, call, visit }) => {
    const id = await thread(call, { questions: ["First", "Second"] });
    await visit(page, `/chat/${id}`);
    await page.route(path, (route) => route.fulfill({ status: 429, body: "" }));
    await edit(page, ui.questions(page).first());
    await editor(page).fill("In much better words");
    await page.getByRole("button", { name: act, exact: true }).click();
    await page.locator(".dock").getByRole("alert").waitFor();
    await editor(page).waitFor();
    assert.equal(await editor(page).inputValue(), "In much better words");
    assert.equal(await editor(page).evaluate((area) => document.activeElement === area), true, "the keyboard is in it");
    assert.deepEqual((await texts(page)).length, 2);
    await page.reload();
    await alive(page);
    await editor(page).waitFor();
    assert.equal(await editor(page).inputValue(), "In much better words");
    await page.unroute(path);
    await page.getByRole("button", { name: act, exact: true }).click();
    await ui.questions(page).filter({ hasText: "In much better words" }).waitFor();
    await page.waitForFunction(() => !Object.keys(localStorage).some((name) => /^(send:)?edit:/.test(name)));
    await page.reload();
    await alive(page);
    assert.equal(await editor(page).count(), 0);
  });
}

scene("what is written in the place of a message is kept for it until it is given up", {}, async ({ page, call, visit }) => {
  const id = await thread(call, { questions: ["First", "Second"] });
  const other = await thread(call);
  await visit(page, `/chat/${id}`);
  await edit(page, ui.questions(page).first());
  await editor(page).fill("Half of a");
  await visit(page, `/chat/${other}`);
  assert.equal(await editor(page).count(), 0);
  await visit(page, `/chat/${id}`);
  assert.equal(await editor(page).inputValue(), "Half of a");
  await edit(page, ui.questions(page).last());
  assert.equal(await editor(page).inputValue(), "Second", "the other message's own");
  await edit(page, ui.questions(page).first());
  assert.equal(await editor(page).inputValue(), "Half of a");
  await page.getByRole("button", { name: "Cancel" }).click();
  await edit(page, ui.questions(page).first());
  assert.equal(await editor(page).inputValue(), "First");
  assert.deepEqual(await kept(page, "edit:"), []);
});

scene("an edit whose answer was lost on the way is taken once", { devices: ["desktop"] }, async ({ page, call, visit, faults }) => {
  const id = await thread(call);
  await visit(page, `/chat/${id}`);
  await loseAnswer(page, "**/fn/messages/edit");
  await edit(page, ui.questions(page).first());
  await editor(page).fill("Said better");
  await page.getByRole("button", { name: "Send again" }).click();
  await page.locator(".dock").getByRole("alert").waitFor();
  await page.getByRole("button", { name: "Send again" }).click();
  await answered(page, 1);
  assert.equal(await ui.questions(page).locator(".sibling").innerText(), "2/2");
  assert.deepEqual(await kept(page, "edit:"), []);
  forgive(faults);
});

scene("the keys of the editor mean the same on every keyboard, and an input method has its own", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call);
  await visit(page, `/chat/${id}`);
  await edit(page, ui.questions(page).first());
  await editor(page).fill("Composed");
  const press = (init) =>
    editor(page).evaluate((area, init) => area.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...init })), init);
  await press({ key: "Escape", isComposing: true });
  assert.equal(await editor(page).inputValue(), "Composed", "what was being composed was given up, not the edit");
  assert.equal(await press({ key: "س", code: "KeyS", ctrlKey: true }), false, "the browser does not save the page");
  await ui.questions(page).filter({ hasText: "Composed" }).waitFor();
  await edit(page, ui.questions(page).first());
  await editor(page).fill("In capitals");
  assert.equal(await press({ key: "S", code: "KeyS", ctrlKey: true }), false);
  await ui.questions(page).filter({ hasText: "In capitals" }).waitFor();
  assert.equal(await ui.questions(page).locator(".sibling").innerText(), "3/3");
});

scene("an unchanged question is asked again", {}, async ({ page, call, visit }) => {
  const id = await thread(call);
  await visit(page, `/chat/${id}`);
  await edit(page, ui.questions(page).first());
  await page.getByRole("button", { name: "Send again" }).click();
  await ui.questions(page).locator(".sibling", { hasText: "2/2" }).waitFor();
  await answered(page, 1);
  assert.deepEqual(await texts(page), ["Hello"]);
});

scene("what waits is sent once by two tabs, and a reload while it is on its way loses nothing", { devices: ["desktop"] }, async ({ page, context, call, visit, faults }) => {
  const id = await thread(call, { model: "sim-slow", questions: [] });
  const other = await context.newPage();
  for (const tab of [page, other]) await visit(tab, `/chat/${id}`);
  await say(page, "One");
  await ui.stop(page).waitFor();
  for (const text of ["Two", "Three", "Three"]) await say(page, text);
  await ui.stop(other).waitFor();
  await answered(page, 4);
  await answered(other, 4);
  const all = ["One", "Two", "Three", "Three"];
  for (const tab of [page, other]) assert.deepEqual(await texts(tab), all);
  assert.deepEqual((await stored(call, id)).filter(([role]) => role === "user").map(([, text]) => text), all);
  for (const tab of [page, other]) assert.equal(await waiting(tab).count(), 0);
  await other.close();
  // Taken by the server or not, what was on its way when the page was loaded anew is there once.
  for (const taken of [true, false]) {
    await say(page, `Before ${taken}`);
    await ui.stop(page).waitFor();
    await say(page, `After ${taken}`);
    let through;
    const done = new Promise((resolve) => (through = resolve));
    await page.route("**/fn/messages/send", async (route) => {
      if (taken) await route.fetch();
      through();
    });
    await done;
    await page.reload();
    await alive(page);
    await page.unroute("**/fn/messages/send");
    if (!taken) {
      assert.equal(await waiting(page).count(), 1);
      await page.getByRole("button", { name: "Send the next one" }).click();
    }
    all.push(`Before ${taken}`, `After ${taken}`);
    await answered(page, all.length);
    assert.deepEqual(await texts(page), all);
    assert.equal(await waiting(page).count(), 0);
  }
  forgive(faults);
});

scene("on a phone no keyboard opens unasked, and its Enter key says what it does", { devices: ["phone"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { model: "sim-endless", questions: [] });
  await visit(page, `/chat/${id}`);
  assert.equal(await ui.composer(page).getAttribute("enterkeyhint"), "enter");
  await say(page, "Talk for ever", true);
  await page.locator("article.answer .prose", { hasText: /\w/ }).waitFor();
  await ui.composer(page).blur();
  await ui.stop(page).click();
  await page.getByText("Stopped by you.").waitFor();
  assert.equal(await ui.composer(page).evaluate((area) => document.activeElement === area), false);
  await visit(page, "/chat");
  await pick(page, "sim-short");
  await page.waitForURL(/\?model=/);
  assert.equal(await ui.composer(page).evaluate((area) => document.activeElement === area), false);
});

scene("Escape gives up what an input method composes, and not the title that is typed", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { title: "Before" });
  await visit(page, `/chat/${id}`);
  await page.locator('summary[aria-label="More for Before"]').click();
  await page.getByRole("button", { name: "Rename" }).click();
  const title = page.getByRole("textbox", { name: "New title" });
  await title.fill("After");
  const escape = (isComposing) => title.evaluate((field, isComposing) => void field.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, isComposing })), isComposing);
  await escape(true);
  assert.equal(await title.inputValue(), "After");
  await escape(false);
  await title.waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Before" }).waitFor();
});

scene("where Enter sends its key says so", { devices: ["desktop"] }, async ({ page, visit }) => {
  await visit(page, "/chat");
  assert.equal(await ui.composer(page).getAttribute("enterkeyhint"), "send");
});
