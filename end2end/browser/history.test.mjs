// A long chat: what is on the page, where somebody reads, and what waits to be sent.
import assert from "node:assert/strict";
import { alive } from "../support/browser.mjs";
import { PASSWORD, answered, atOnce, chats, openSidebar, say, stage, thread, ui } from "../support/scene.mjs";

const scene = stage();
const LONG = Array.from({ length: 100 }, (_, n) => `Question ${n}.`);

const scroll = (page, how) => page.locator("#log").evaluate((log, how) => log.scrollBy(0, how), how);
/** Pixels between the end of the messages and what is seen. */
const fromEnd = (page) => page.locator("#log").evaluate((log) => Math.abs(log.scrollTop));
const texts = (page) => ui.questions(page).locator(".plain").allTextContents();
/** The top of a message on the screen. */
const top = (message) => message.evaluate((element) => element.getBoundingClientRect().top);
const inView = (page, text) =>
  page.waitForFunction((text) => {
    const found = [...document.querySelectorAll("article.user .plain")].find((said) => said.textContent === text);
    if (!found) return false;
    const { top } = found.getBoundingClientRect();
    return top >= 0 && top < innerHeight;
  }, text);

/** Goes up until the chat begins. */
async function toTheBeginning(page) {
  for (let tries = 0; tries < 400; tries++) {
    if ((await texts(page))[0] === LONG[0]) return;
    await scroll(page, -20_000);
    await page.waitForTimeout(50);
  }
  assert.fail("the beginning never came");
}

scene("a chat of 1,200 messages opens at its end and is read to its beginning", { devices: ["desktop"], timeout: 240_000 }, async ({ page, call, visit }) => {
  const id = await thread(call, { ...atOnce(), questions: Array.from({ length: 600 }, (_, n) => `Question ${n}.`) });
  await visit(page, "/chat");
  await page.locator(`nav a[href="/chat/${id}"]`).click();
  await inView(page, "Question 599.");
  assert.equal(await ui.questions(page).count(), 50, "only the newest are on the page");
  await toTheBeginning(page);
  assert.equal(await ui.questions(page).count(), 600);
});

scene("earlier messages come by themselves, and what is read stays where it is", {}, async ({ page, call, visit }) => {
  const id = await thread(call, { ...atOnce(), questions: LONG });
  await visit(page, `/chat/${id}`);
  assert.equal(await ui.questions(page).count(), 50);
  assert.equal(await fromEnd(page), 0);
  const first = ui.questions(page).first();
  await first.evaluate((message) => message.setAttribute("data-first", ""));
  await first.scrollIntoViewIfNeeded();
  const before = await top(page.locator("[data-first]"));
  await page.waitForFunction(() => document.querySelectorAll("article.user").length > 50);
  assert.ok(Math.abs((await top(page.locator("[data-first]"))) - before) <= 2, `what was read did not move: ${before} then ${await top(page.locator("[data-first]"))}`);
  await toTheBeginning(page);
  assert.deepEqual(await texts(page), LONG);
  await page.getByRole("button", { name: "Jump to the latest" }).click();
  await inView(page, LONG.at(-1));
});

scene("a message that was found far back opens the chat there, and later ones follow", {}, async ({ page, call, phone, visit }) => {
  const questions = [...LONG];
  questions[9] = "Where do zebras cross?";
  const id = await thread(call, { ...atOnce(), questions });
  await visit(page, "/chat");
  await openSidebar(page, phone);
  await page.getByRole("searchbox", { name: "Search chats" }).fill("zebras");
  await page.locator('a[href*="#m-"]').first().click();
  await page.waitForURL(/#m-/);
  const found = new URL(page.url());
  await page.waitForFunction((id) => {
    const top = document.getElementById(id)?.getBoundingClientRect().top;
    return top >= 0 && top < innerHeight;
  }, found.hash.slice(1));
  await visit(page, `/chat/${id}${found.search}${found.hash}`);
  assert.ok(!(await texts(page)).includes(LONG.at(-1)), "the end is not on the page");
  await page.locator(`[id="${found.hash.slice(1)}"]`).waitFor();
  const seen = await texts(page);
  for (let tries = 0; tries < 400 && (await texts(page)).at(-1) !== LONG.at(-1); tries++) {
    await scroll(page, 1500);
    await page.waitForTimeout(50);
  }
  const all = await texts(page);
  assert.deepEqual(all.slice(all.indexOf(seen[0])), questions.slice(questions.indexOf(seen[0])), "none twice, none left out");
  assert.equal(await page.getByRole("link", { name: "Show later messages" }).count(), 0);
});

scene("a message that is written far from the end goes to the end", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { ...atOnce(), questions: LONG });
  const { messages } = await call("GET", `/api/threads/${id}`);
  await visit(page, `/chat/${id}?at=${messages[20].id}`);
  await inView(page, LONG[10]);
  await say(page, "And now?");
  await ui.questions(page).filter({ hasText: "And now?" }).waitFor();
  assert.deepEqual((await texts(page)).slice(-2), [LONG.at(-1), "And now?"]);
  assert.equal(await fromEnd(page), 0);
});

scene("the place of reading is found again, after another chat and after a reload", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { ...atOnce(), questions: LONG, title: "The long one" });
  const other = await thread(call, { title: "The other one" });
  await visit(page, `/chat/${id}`);
  await scroll(page, -3000);
  const read = page.locator("article").filter({ visible: true });
  // What is kept of the place is where the message stands.
  const place = await page.waitForFunction((id) => {
    const [message, from] = (sessionStorage.getItem(`place:${id}`) ?? "").split(" ");
    const found = message && document.getElementById(`m-${message}`);
    if (!found) return false;
    const { top } = found.getBoundingClientRect();
    return Math.abs(top - document.getElementById("log").getBoundingClientRect().top - Number(from)) <= 1 && [found.id, top];
  }, id);
  const [first, before] = await place.jsonValue();
  await chats(page).filter({ hasText: "The other one" }).click();
  await page.waitForURL(`**/chat/${other}`);
  await page.locator("article.answer .prose", { hasText: "Hello" }).waitFor();
  await chats(page).filter({ hasText: "The long one" }).click();
  const back = async (how) => {
    await page.locator(`[id="${first}"]`).waitFor();
    await page.waitForFunction(
      ([id, before]) => Math.abs(document.getElementById(id).getBoundingClientRect().top - before) <= 4,
      [first, before],
    );
    assert.ok((await read.count()) > 0, how);
  };
  await back("by the list");
  await page.reload();
  await alive(page);
  await back("by a reload");
});

scene("without JavaScript links lead through a long chat", { devices: ["desktop"], javaScript: false }, async ({ page, call, visit }) => {
  const id = await thread(call, { ...atOnce(), questions: LONG.slice(0, 60) });
  await visit(page, `/chat/${id}`);
  assert.equal((await texts(page))[0], LONG[10]);
  await page.getByRole("link", { name: "Show earlier messages" }).click();
  await page.waitForURL(/\?before=/);
  assert.deepEqual(await texts(page), LONG.slice(0, 10));
  await page.getByRole("link", { name: "Show later messages" }).click();
  await page.waitForURL(/\?after=/);
  assert.equal((await texts(page)).at(-1), LONG[59]);
  await ui.composer(page).fill("By form");
  await ui.send(page).click();
  await page.waitForURL((url) => url.search === "");
});

scene("what is written while an answer goes on is sent after it, in order", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { questions: [] });
  await visit(page, `/chat/${id}`);
  // It takes its time to say that again.
  const one = "One ".repeat(700).trim();
  await say(page, one);
  await ui.stop(page).waitFor();
  const waiting = page.getByRole("list", { name: "To be sent after this answer" });
  for (const text of ["Two", "Nonsense", "Three"]) await say(page, text);
  assert.equal(await ui.composer(page).inputValue(), "");
  assert.equal(await waiting.getByRole("listitem").count(), 3);
  await waiting.getByRole("listitem").filter({ hasText: "Nonsense" }).getByRole("button", { name: "Do not send" }).click();
  await page.reload();
  await alive(page);
  await answered(page, 3);
  assert.deepEqual(await texts(page), [one, "Two", "Three"]);
  assert.equal(await waiting.count(), 0);
});

scene("after a stopped answer what waits is not sent without a word", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { model: "sim-endless", questions: [] });
  await visit(page, `/chat/${id}`);
  await say(page, "Talk for ever");
  await page.locator("article.answer .prose", { hasText: /\w/ }).waitFor();
  await say(page, "And then");
  await ui.stop(page).click();
  await page.getByText("Stopped by you.").waitFor();
  await page.reload();
  await alive(page);
  await page.getByRole("list", { name: "To be sent after this answer" }).waitFor();
  assert.equal(await ui.questions(page).count(), 1);
  await page.getByRole("button", { name: "Send the next one" }).click();
  await ui.questions(page).filter({ hasText: "And then" }).waitFor();
});

scene("a draft survives a session that is over, and its chat is found again", {}, async ({ page, call, email, context, phone, visit }) => {
  const id = await thread(call);
  await visit(page, `/chat/${id}`);
  await context.clearCookies();
  await say(page, "Not lost", phone);
  await page.waitForURL(/\/sign-in\?next=/);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(`**/chat/${id}`);
  await alive(page);
  await page.waitForFunction(() => document.getElementById("composer-text").value === "Not lost");
  assert.equal((await call("GET", `/api/threads/${id}`)).messages.length, 2);
});
