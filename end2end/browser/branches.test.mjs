// Branches, and what can be done from a message.
import assert from "node:assert/strict";
import { alive } from "../support/browser.mjs";
import { answered, say, stage, thread, ui } from "../support/scene.mjs";

const scene = stage();
const texts = (page) => ui.questions(page).locator(".plain").allTextContents();
const previous = (message) => message.getByRole("button", { name: "Show the branch before" });
const next = (message) => message.getByRole("button", { name: "Show the branch after" });

/** Says something else in the place of a question. */
async function edit(page, question, text) {
  await question.hover();
  await question.getByRole("button", { name: "Edit the message" }).click();
  await page.getByLabel("Edit the message").and(page.locator("textarea")).fill(text);
  await page.getByRole("button", { name: "Send again" }).click();
  await page.locator("article.answer:not(.live) .prose", { hasText: text }).waitFor();
}

scene("an edited question has its first wording beside it, and the branch that was chosen stays", {}, async ({ page, call, visit }) => {
  const id = await thread(call, { questions: ["First", "Second"] });
  await visit(page, `/chat/${id}`);
  await edit(page, ui.questions(page).first(), "In other words");
  assert.deepEqual(await texts(page), ["In other words"]);
  const question = ui.questions(page).first();
  assert.equal(await question.locator(".sibling").textContent(), "2/2");
  assert.ok(await next(question).isDisabled());
  await previous(question).click();
  await ui.questions(page).filter({ hasText: "Second" }).waitFor();
  assert.deepEqual(await texts(page), ["First", "Second"]);
  await page.reload();
  await alive(page);
  assert.deepEqual(await texts(page), ["First", "Second"]);
  for (const wanted of [["In other words"], ["First", "Second"], ["In other words"]]) {
    const forward = wanted.length === 1;
    await (forward ? next : previous)(ui.questions(page).first()).click();
    await page.locator("article.user:not([hidden])", { hasText: wanted.at(-1) }).waitFor();
    assert.deepEqual(await texts(page), wanted, "there and back, and again");
  }
});

scene("a question is saved in other words without asking anew", {}, async ({ page, call, visit }) => {
  const id = await thread(call, { questions: ["Frist", "Second"] });
  await visit(page, `/chat/${id}`);
  const said = await ui.answers(page).locator(".prose").allTextContents();
  for (const [text, save] of [["First", (editor) => editor.press("Control+s")], ["First of all", () => page.getByRole("button", { name: "Save", exact: true }).click()]]) {
    const question = ui.questions(page).first();
    await question.hover();
    await question.getByRole("button", { name: "Edit the message" }).click();
    const editor = page.getByLabel("Edit the message").and(page.locator("textarea"));
    await editor.fill(text);
    await save(editor);
    await page.locator("article.user:not([hidden]) .plain").getByText(text, { exact: true }).waitFor();
    assert.deepEqual(await texts(page), [text, "Second"]);
    assert.deepEqual(await ui.answers(page).locator(".prose").allTextContents(), said, "the answers are the same");
  }
  assert.equal(await ui.questions(page).first().locator(".sibling").textContent(), "3/3");
  await page.reload();
  await alive(page);
  assert.deepEqual(await texts(page), ["First of all", "Second"]);
});

scene("branches are turned with the keyboard alone", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call);
  await visit(page, `/chat/${id}`);
  for (const of of ["2/2", "3/3"]) {
    await ui.answers(page).getByRole("button", { name: "Answer again", exact: true }).click();
    await page.locator("article.answer:not(.live) .sibling", { hasText: of }).waitFor();
  }
  await previous(ui.answers(page)).focus();
  for (const at of ["2/3", "1/3"]) {
    await page.waitForFunction(() => document.activeElement?.dataset.do === "previous");
    await page.keyboard.press("Enter");
    await page.locator("article.answer .sibling", { hasText: at }).waitFor();
  }
  await page.waitForFunction(() => document.activeElement?.dataset.do === "next");
  await page.keyboard.press("Enter");
  await page.locator("article.answer .sibling", { hasText: "2/3" }).waitFor();
  await say(page, "Go on");
  await answered(page, 2);
  assert.deepEqual(await texts(page), ["Hello", "Go on"]);
});

scene("without JavaScript branches are turned by their buttons", { javaScript: false }, async ({ page, call, visit }) => {
  const id = await thread(call);
  const { messages } = await call("GET", `/api/threads/${id}`);
  await call("PATCH", `/api/threads/${id}/messages/${messages[0].id}`, { content: "In other words", clientRequestId: "b1" }).catch(() => {});
  await page.waitForTimeout(500);
  await visit(page, `/chat/${id}`);
  assert.deepEqual(await texts(page), ["In other words"]);
  await previous(ui.questions(page)).click();
  await page.waitForURL(/\?at=/);
  assert.deepEqual(await texts(page), ["Hello"]);
  await visit(page, `/chat/${id}`);
  assert.deepEqual(await texts(page), ["Hello"]);
});

scene("an answer is asked of another model of the same provider", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call);
  await visit(page, `/chat/${id}`);
  await page.getByRole("button", { name: "Answer again with another model" }).click();
  await page.getByLabel("Search models", { exact: true }).fill("sim-short");
  await page.locator("#picker-list .model").first().waitFor();
  await page.keyboard.press("Enter");
  await page.locator("article.answer:not(.live) .sibling", { hasText: "2/2" }).waitFor();
  assert.match(await ui.usage(page).innerText(), /^sim-short/);
  assert.match(new URL(page.url()).pathname, new RegExp(id), "in the same chat");
  const { thread: kept } = await call("GET", `/api/threads/${id}`);
  assert.equal(kept.model, "sim-echo", "which keeps its model");
});

scene("a chat goes on from an earlier answer in a new one", {}, async ({ page, call, visit }) => {
  const id = await thread(call, { questions: ["First", "Second"] });
  await visit(page, `/chat/${id}`);
  await ui.answers(page).first().hover();
  await ui.answers(page).first().getByRole("button", { name: "Go on from here in a new chat" }).click();
  await page.waitForURL((url) => url.pathname.startsWith("/chat/") && !url.pathname.endsWith(id));
  await answered(page, 1);
  assert.deepEqual(await texts(page), ["First"]);
});

for (const javaScript of [true, false]) {
  const how = javaScript ? "" : " without JavaScript";
  scene(`a chat goes on from an earlier question in a new one${how}`, { devices: ["desktop"], javaScript }, async ({ page, call, visit }) => {
    const id = await thread(call, { questions: ["First", "Second", "Third"] });
    await visit(page, `/chat/${id}`);
    await ui.questions(page).nth(1).hover();
    await ui.questions(page).nth(1).getByRole("button", { name: "Go on from here in a new chat" }).click();
    await page.waitForURL((url) => url.pathname.startsWith("/chat/") && !url.pathname.endsWith(id));
    await ui.questions(page).nth(1).waitFor();
    assert.deepEqual(await texts(page), ["First", "Second"]);
    assert.equal(await ui.answers(page).count(), 1);
    if (!javaScript) return;
    await say(page, "Instead of it");
    await answered(page, 2);
  });
}

scene("a stopped answer is asked to go on", {}, async ({ page, call, phone, visit }) => {
  const id = await thread(call, { model: "sim-endless", questions: [] });
  await visit(page, `/chat/${id}`);
  await say(page, "Talk for ever", phone);
  await page.locator("article.answer .prose", { hasText: /\w/ }).waitFor();
  await ui.stop(page).click();
  await page.getByText("Stopped by you.").waitFor();
  await page.getByRole("button", { name: "Continue", exact: true }).click();
  await ui.questions(page).filter({ hasText: "Continue where you stopped." }).waitFor();
  assert.equal(await ui.answers(page).count(), 2);
});

scene("what is known of an answer is told when it is asked for", {}, async ({ page, call, visit }) => {
  const id = await thread(call, { model: "gpt-5.4-mini" });
  await visit(page, `/chat/${id}`);
  const facts = page.locator("details.facts").last();
  await facts.locator("summary").click();
  const told = await facts.locator("dl").innerText();
  for (const name of ["Model", "Key", "Tokens read", "Tokens written", "Cost", "First word after", "In all", "Asked"]) {
    assert.ok(told.includes(name), `${name} in ${told}`);
  }
  assert.match(told, /openai\/gpt-5\.4-mini/);
});
