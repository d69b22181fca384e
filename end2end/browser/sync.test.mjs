// The same person in several tabs and on several devices at once.
import assert from "node:assert/strict";
import { open } from "../support/browser.mjs";
import { PASSWORD, answered, answerText, atOnce, chats, freshEmail, openSidebar, say, stage, thread, ui } from "../support/scene.mjs";

const scene = stage();
const LONG = Array.from({ length: 60 }, (_, n) => `Paragraph ${n} of a question that fills more than a screen.`).join("\n\n");

/** Runs `story` on another device of the same person. */
async function elsewhere({ page, app, email }, story) {
  const { close, ...device } = await open(page.context().browser(), { baseURL: app.url });
  const login = await device.context.request.post("/api/auth/login", { data: { email, password: PASSWORD } });
  assert.equal(login.status(), 200);
  await story(device);
  await close();
}

/** Waits until the last answer has more than `least` characters. */
const grown = (page, least) =>
  page.waitForFunction((least) => ([...document.querySelectorAll("article.answer .prose")].at(-1)?.innerText.length ?? 0) > least, least);

/** Makes the page believe that it is hidden, or seen again. */
const setHidden = (page, hidden) =>
  page.evaluate((hidden) => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => (hidden ? "hidden" : "visible") });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  }, hidden);

scene("what is sent on one device is read along on another, and can be stopped there", {}, async (me) => {
  const { page, call, phone, visit } = me;
  const id = await thread(call, { model: "sim-long", questions: [] });
  await visit(page, `/chat/${id}`);
  await elsewhere(me, async ({ page: other }) => {
    await visit(other, `/chat/${id}`);
    await other.evaluate(() => (window.sameDocument = true));
    await say(page, "Take your time", phone);
    await ui.questions(other).filter({ hasText: "Take your time" }).waitFor();
    await grown(other, 20);
    const before = (await answerText(other)).length;
    await grown(other, before + 100);
    await ui.stop(other).click();
    for (const tab of [page, other]) await tab.getByText("Stopped by you.").waitFor();
    assert.equal(await answerText(other), await answerText(page));
    assert.equal(await ui.answers(other).count(), 1);
    assert.equal(await other.evaluate(() => window.sameDocument), true, "the page was not loaded anew");
  });
});

scene("an edited question and another answer arrive in the other tab", { devices: ["desktop"] }, async ({ page, context, call, visit }) => {
  const id = await thread(call);
  const other = await context.newPage();
  for (const tab of [page, other]) await visit(tab, `/chat/${id}`);
  await page.getByRole("button", { name: "Answer again", exact: true }).click();
  await other.locator("article.answer:not(.live) .sibling", { hasText: "2/2" }).waitFor();
  await ui.questions(page).hover();
  await page.getByRole("button", { name: "Edit the message" }).click();
  await page.getByLabel("Edit the message").and(page.locator("textarea")).fill("Something else entirely");
  await page.getByRole("button", { name: "Send again" }).click();
  await other.locator("article.answer:not(.live) .prose", { hasText: "Something else entirely" }).waitFor();
  assert.equal(await ui.questions(other).count(), 1);
});

scene("the sidebar says which chats are being answered, wherever that was asked for", {}, async (me) => {
  const { page, call, phone, visit } = me;
  const busy = await thread(call, { model: "sim-endless", title: "The busy one", questions: [] });
  await thread(call, { title: "The quiet one", questions: [] });
  await visit(page, "/settings");
  await openSidebar(page, phone);
  const marked = chats(page).filter({ hasText: "being answered" });
  await chats(page).filter({ hasText: "The busy one" }).waitFor();
  assert.equal(await marked.count(), 0);
  await elsewhere(me, async ({ page: other }) => {
    await visit(other, `/chat/${busy}`);
    await say(other, "Talk for ever");
    await marked.waitFor();
    assert.match(await marked.innerText(), /The busy one/);
    assert.equal(await marked.count(), 1);
    await marked.locator(".spinner").waitFor();
    // The list comes behind the mark.
    await chats(page).first().filter({ hasText: "The busy one" }).waitFor();
    await ui.stop(other).click();
    await marked.waitFor({ state: "detached" });
  });
});

scene("the sidebar keeps up with chats that are begun, renamed and deleted elsewhere", { devices: ["desktop"] }, async (me) => {
  const { page, call, visit } = me;
  const first = await thread(call, { title: "The first" });
  await visit(page, "/chat");
  await chats(page).filter({ hasText: "The first" }).waitFor();
  const second = await thread(call, { title: "The second" });
  await chats(page).filter({ hasText: "The second" }).waitFor();
  await call("PATCH", `/api/threads/${first}`, { title: "Another name" });
  await chats(page).filter({ hasText: "Another name" }).waitFor();
  await call("DELETE", `/api/threads/${second}`);
  await chats(page).filter({ hasText: "The second" }).waitFor({ state: "detached" });
  assert.equal(await chats(page).count(), 1);
});

scene("what happens elsewhere takes away neither a menu nor a title that is being typed", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  await thread(call, { title: "The first" });
  await visit(page, "/chat");
  await page.locator('summary[aria-label="More for The first"]').click();
  await thread(call, { title: "The second" });
  await chats(page).filter({ hasText: "The second" }).waitFor();
  await page.getByRole("button", { name: "Rename" }).click();
  const title = page.getByRole("textbox", { name: "New title" });
  await page.waitForFunction(() => document.activeElement?.matches(".row-title"));
  await title.fill("Half a na");
  const asked = () => page.waitForResponse((response) => response.url().includes("/threads/side"));
  const [listed] = [asked(), await thread(call, { title: "The third" })];
  await listed;
  await title.pressSequentially("me");
  assert.equal(await title.inputValue(), "Half a name");
  await title.press("Enter");
  await chats(page).filter({ hasText: "Half a name" }).waitFor();
  await chats(page).filter({ hasText: "The third" }).waitFor();
});

scene("an answer from elsewhere takes away neither the draft nor the place in the text", {}, async (me) => {
  const { page, call, phone, visit } = me;
  const id = await thread(call, { ...atOnce(LONG.length), questions: [LONG, LONG] });
  await visit(page, `/chat/${id}`);
  await ui.composer(page).fill("half a thought");
  const first = ui.questions(page).first();
  await page.locator("#log").evaluate((log) => log.scrollTo(0, -1500));
  await page.getByRole("button", { name: "Jump to the latest" }).waitFor();
  const before = (await first.boundingBox()).y;
  await elsewhere(me, async ({ page: other }) => {
    await visit(other, `/chat/${id}`);
    await say(other, LONG);
    await answered(other, 3);
  });
  await answered(page, 3);
  assert.ok(Math.abs((await first.boundingBox()).y - before) < 2, "the text stands where it stood");
  assert.equal(await ui.composer(page).inputValue(), "half a thought");
  await page.getByRole("button", { name: "Jump to the latest" }).click();
  await say(page, "A whole thought", phone);
  await answered(page, 4);
  const { messages } = await call("GET", `/api/threads/${id}`);
  assert.equal(messages.length, 8);
});

scene("a reader at the end stays at the end", { devices: ["desktop"] }, async ({ page, context, call, visit }) => {
  const id = await thread(call, { questions: [LONG] });
  const other = await context.newPage();
  for (const tab of [page, other]) await visit(tab, `/chat/${id}`);
  await say(other, LONG.slice(0, 1_500));
  await answered(page, 2);
  assert.ok(await page.locator("#log").evaluate((log) => Math.abs(log.scrollTop) < 2));
});

scene("a chat that is deleted elsewhere says so, and what was written goes along to a new one", {}, async (me) => {
  const { page, call, visit } = me;
  const id = await thread(call);
  await visit(page, `/chat/${id}`);
  await ui.composer(page).fill("not sent yet");
  await call("DELETE", `/api/threads/${id}`);
  await page.getByRole("alert").getByText("This chat was deleted").waitFor();
  assert.equal(await ui.composer(page).inputValue(), "not sent yet");
  await page.getByRole("link", { name: "Start a new chat" }).click();
  await page.waitForURL("**/chat");
  await page.getByRole("heading", { name: "What is on your mind?" }).waitFor();
  assert.equal(await ui.composer(page).inputValue(), "not sent yet");
});

scene("six tabs that read one answer leave room for a seventh", { devices: ["desktop"] }, async ({ page, context, call, visit }) => {
  const id = await thread(call, { model: "sim-endless", questions: [] });
  const tabs = [page];
  while (tabs.length < 6) tabs.push(await context.newPage());
  for (const tab of tabs) await visit(tab, `/chat/${id}`);
  await say(page, "Talk for ever");
  for (const tab of tabs) await grown(tab, 20);
  for (const tab of tabs) await grown(tab, (await answerText(tab)).length + 50);
  const seventh = await context.newPage();
  await visit(seventh, `/chat/${id}`);
  await grown(seventh, 20);
  await ui.stop(seventh).click();
  for (const tab of [...tabs, seventh]) await tab.getByText("Stopped by you.").waitFor();
});

scene("a hidden tab lets its stream go, marks the end and has lost nothing", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { model: "sim-endless", title: "The long one", questions: [] });
  const streams = { open: 0 };
  const counts = (change) => (request) => {
    if (request.url().endsWith("/stream?view=html")) streams.open += change;
  };
  page.on("request", counts(1));
  page.on("requestfailed", counts(-1));
  page.on("requestfinished", counts(-1));
  await page.clock.install();
  await visit(page, `/chat/${id}`);
  await say(page, "Talk for ever");
  await grown(page, 20);
  assert.equal(streams.open, 1);
  const gone = page.waitForEvent("requestfailed", (request) => request.url().endsWith("/stream?view=html"));
  await setHidden(page, true);
  await page.clock.fastForward(11_000);
  await gone;
  assert.equal(streams.open, 0);
  const size = (await answerText(page)).length;
  await setHidden(page, false);
  await grown(page, size + 20);
  assert.equal(streams.open, 1);
  await setHidden(page, true);
  await page.clock.fastForward(11_000);
  const { messages } = await call("GET", `/api/threads/${id}`);
  await page.request.post(`/api/threads/${id}/messages/${messages.at(-1).id}/stop`);
  await page.clock.fastForward(11_000);
  await page.waitForFunction(() => document.title.startsWith("● The long one"));
  await setHidden(page, false);
  await page.getByText("Stopped by you.").waitFor();
  const text = await answerText(page);
  await page.reload();
  assert.equal(await answerText(page), text);
});

scene("what was read in one tab is read in the others", { devices: ["desktop"] }, async ({ page, context, call, visit }) => {
  const id = await thread(call, { model: "sim-endless", title: "The long one", questions: [] });
  const other = await context.newPage();
  await visit(other, `/chat/${id}`);
  await say(other, "Talk for ever");
  await grown(other, 20);
  const unread = (tab) => chats(tab).filter({ hasText: "not read yet" });
  for (const tab of [page, other]) {
    await visit(tab, "/settings");
    await chats(tab).filter({ hasText: "being answered" }).waitFor();
  }
  const { messages } = await call("GET", `/api/threads/${id}`);
  await page.request.post(`/api/threads/${id}/messages/${messages.at(-1).id}/stop`);
  for (const tab of [page, other]) await unread(tab).waitFor();
  await unread(other).click();
  await other.getByText("Stopped by you.").waitFor();
  await unread(page).waitFor({ state: "detached" });
});

scene("a page asks no more after its session is over, and not at all while it is hidden", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  let asked = 0;
  page.on("request", (request) => (asked += request.url().includes("/api/activity") ? 1 : 0));
  const answer = () => page.waitForResponse((response) => response.url().includes("/api/activity"));
  await page.clock.install();
  const first = answer();
  await visit(page, "/chat");
  await first;
  await setHidden(page, true);
  await page.clock.runFor(30_000);
  const before = asked;
  await page.clock.runFor(300_000);
  assert.equal(asked, before, "a hidden page is silent");
  const [again] = [answer(), await setHidden(page, false)];
  await again;
  await call("POST", "/api/auth/logout");
  const [refused] = [answer(), await page.clock.runFor(3_000)];
  assert.equal((await refused).status(), 401);
  const last = asked;
  await page.clock.runFor(300_000);
  assert.equal(asked, last, "401 is the last word");
});

scene("what one account has not read is no mark for the next one in the same browser", { devices: ["desktop"] }, async ({ page, call, email, visit }) => {
  const id = await thread(call, { model: "sim-endless", title: "The long one", questions: [] });
  await visit(page, `/chat/${id}`);
  await say(page, "Talk for ever");
  await grown(page, 20);
  await visit(page, "/settings");
  await chats(page).filter({ hasText: "being answered" }).waitFor();
  const { messages } = await call("GET", `/api/threads/${id}`);
  await page.request.post(`/api/threads/${id}/messages/${messages.at(-1).id}/stop`);
  const unread = chats(page).filter({ hasText: "not read yet" });
  await unread.waitFor();
  await page.waitForFunction(() => document.title === "● Settings · KeyLM");
  // Nothing that is learned later takes a mark away that was there at first.
  await page.route("**/api/activity*", (route) => route.fulfill({ status: 401, body: "" }));
  await call("POST", "/api/auth/register", { email: freshEmail(), password: PASSWORD });
  await visit(page, "/settings");
  assert.equal(await page.title(), "Settings · KeyLM");
  await call("POST", "/api/auth/login", { email, password: PASSWORD });
  await visit(page, "/settings");
  await unread.waitFor();
});
