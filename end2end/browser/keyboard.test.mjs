// The main job without a mouse: nothing but keys are pressed, and wherever they go it is seen where they are.
import assert from "node:assert/strict";
import { KEYS } from "../support/app.mjs";
import { PASSWORD, answered, chats, freshEmail, openSidebar, say, stage, thread, ui } from "../support/scene.mjs";

const scene = stage();
/** Presses of a key that may be needed to get anywhere on a page. */
const FAR = 60;

/** Runs in the page: what has the keyboard, in whose section, and why it is not seen that it has it. */
function focused() {
  const element = document.activeElement;
  if (!element || element === document.body) return { name: "", within: "", trouble: "nothing has the keyboard" };
  const label = element.getAttribute("aria-label") ?? element.labels?.[0]?.innerText ?? element.innerText;
  const within = element.closest("section[aria-label]")?.getAttribute("aria-label") ?? "";
  const outlined = (one) => getComputedStyle(one).outlineStyle !== "none" && parseFloat(getComputedStyle(one).outlineWidth) > 0;
  const ringed = (one) => outlined(one) || /\b0px 0px 0px [1-9]/.test(getComputedStyle(one).boxShadow);
  // Around a field that fills its box the box has the ring; the searches on top of lists have their caret and the marked line.
  const box = element.closest("form, .edit");
  const shown = ringed(element) || (box?.matches(":focus-within") && ringed(box)) || element.matches("dialog [aria-activedescendant]");
  const { x, y, width, height } = element.getClientRects()[0] ?? {};
  const top = width > 0 ? document.elementFromPoint(x + width / 2, y + height / 2) : null;
  const trouble =
    (!element.matches(":focus-visible") && "not :focus-visible") ||
    (!shown && "no ring") ||
    (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && "cannot be seen") ||
    (!(element.contains(top) || top?.contains(element)) && (top?.closest("header.top, .toast") ? "covered" : "out of sight"));
  return { name: label.trim().replace(/\s+/g, " "), within, trouble: trouble || "" };
}

/** What has the keyboard, as soon as it is as wanted or has not become so in time. */
async function keyboardOn(page, wanted) {
  const deadline = Date.now() + 10_000;
  let now;
  do now = await page.evaluate(focused);
  while (!wanted(now) && Date.now() < deadline);
  return now;
}

/** Waits until this has the keyboard, and it is seen that it does. */
async function on(page, name) {
  const now = await keyboardOn(page, (now) => name.test(now.name) && !now.trouble);
  assert.match(now.name, name);
  assert.equal(now.trouble, "", `the ring of ${now.name}`);
}

/** Waits until something has the keyboard, wherever it went. */
async function stays(page) {
  await page.waitForFunction(() => document.activeElement && document.activeElement !== document.body);
}

/** Presses a key until this has the keyboard; each stop on the way must be seen. */
async function reach(page, name, { key = "Tab", within = "" } = {}) {
  const way = [];
  while (way.length < FAR) {
    await page.keyboard.press(key);
    const goal = (now) => name.test(now.name) && (!within || now.within === within);
    // Between its end and its beginning nothing of the page has the keyboard. On the way the page's bar and its notes may lie
    // over what has it.
    const well = (now) => now.name === "" || !now.trouble || (now.trouble === "covered" && !goal(now));
    const now = await keyboardOn(page, well);
    way.push(now.name);
    assert.ok(well(now), `${now.name}, after ${way.join(" > ")}: ${now.trouble}`);
    if (goal(now)) return;
  }
  assert.fail(`${name} is not reached by ${key}: ${way.join(" > ")}`);
}

/** Writes where the keyboard is, and presses a key. */
async function write(page, text, key) {
  await page.keyboard.type(text);
  await page.keyboard.press(key);
}

const MESSAGE = /^Message$/;

scene("the main job is done by keys alone", { devices: ["desktop"], member: false, reducedMotion: true }, async ({ page, context, call, visit }) => {
  const { keyboard } = page;
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);

  // An account.
  await visit(page, "/");
  await keyboard.press("Tab");
  await on(page, /^Skip to content$/);
  await reach(page, /^Create an account$/);
  await keyboard.press("Enter");
  await page.getByRole("heading", { name: "Create your account" }).waitFor();
  await reach(page, /^E-mail$/);
  await write(page, freshEmail(), "Tab");
  await on(page, /^Password$/);
  await write(page, PASSWORD, "Enter");
  await page.waitForURL("**/chat");

  // A key.
  await page.getByRole("heading", { name: "Add your first key" }).waitFor();
  await on(page, MESSAGE);
  await reach(page, /^Add a key$/, { key: "Shift+Tab" });
  await keyboard.press("Enter");
  await page.getByRole("heading", { name: "Connect your first provider" }).waitFor();
  await reach(page, /^Connect$/, { within: "OpenAI" });
  await keyboard.press("Enter");
  await reach(page, /^API key$/);
  await write(page, KEYS.openai, "Enter");
  await ui.toast(page, "OpenAI is connected.").waitFor();
  await stays(page);

  // A model, a question, and its answer.
  await keyboard.press("Control+Shift+O");
  await page.waitForURL("**/chat");
  await on(page, MESSAGE);
  await reach(page, /^GPT/, { key: "Shift+Tab" });
  await keyboard.press("Enter");
  await on(page, /^Search models$/);
  await keyboard.type("sim-echo");
  await page.locator('#picker-list [aria-selected="true"]', { hasText: "sim-echo" }).waitFor();
  await keyboard.press("Enter");
  await on(page, MESSAGE);
  await write(page, "About harbours", "Enter");
  await answered(page);
  await on(page, MESSAGE);
  const harbours = page.url();

  // A second chat, whose answer is copied.
  await keyboard.press("Control+Shift+O");
  await page.waitForURL("**/chat");
  await on(page, MESSAGE);
  await write(page, "About lighthouses", "Enter");
  await answered(page);
  await page.waitForURL(/\/chat\/./);
  await on(page, MESSAGE);
  const lighthouses = page.url();
  await reach(page, /^Copy as Markdown$/, { key: "Shift+Tab" });
  await keyboard.press("Enter");
  await page.locator('button[aria-label="Copy as Markdown"] use[href="#i-check"]').waitFor();
  await on(page, /^Copy as Markdown$/);
  const { messages } = await call("GET", new URL(lighthouses).pathname.replace("/chat/", "/api/threads/"));
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), messages.at(-1).content);

  // Its question in other words, and back to the first ones.
  await reach(page, /^Edit the message$/, { key: "Shift+Tab" });
  await keyboard.press("Enter");
  await on(page, /^Edit the message$/);
  await keyboard.press("Control+A");
  await write(page, "About piers", "Control+Enter");
  await page.locator("article.answer:not(.live) .prose", { hasText: "About piers" }).waitFor();
  await on(page, MESSAGE);
  await reach(page, /^Show the branch before$/, { key: "Shift+Tab" });
  await keyboard.press("Enter");
  await ui.questions(page).filter({ hasText: "About lighthouses" }).waitFor();
  await on(page, /^Show the branch after$/);
  await keyboard.press("Enter");
  await ui.questions(page).filter({ hasText: "About piers" }).waitFor();
  await on(page, /^Show the branch before$/);

  // To the other chat by the palette.
  await keyboard.press("Control+K");
  await on(page, /^Search chats, models and commands$/);
  await keyboard.type("harbours");
  await page.locator('[role="option"][aria-selected="true"]', { hasText: "About harbours" }).waitFor();
  await keyboard.press("Enter");
  await page.waitForURL(harbours);
  await ui.questions(page).filter({ hasText: "About harbours" }).waitFor();
  await on(page, MESSAGE);

  // It is deleted, and comes back.
  await reach(page, /^More for About harbours$/, { key: "Shift+Tab" });
  await keyboard.press("Enter");
  await on(page, /^More for About harbours$/);
  await reach(page, /^Delete…$/);
  await keyboard.press("Enter");
  const row = chats(page).filter({ hasText: "About harbours" });
  await row.waitFor({ state: "detached" });
  await page.waitForURL("**/chat");
  await on(page, MESSAGE);
  await reach(page, /^Undo$/);
  await keyboard.press("Enter");
  await row.waitFor();
  await stays(page);
  const { threads } = await call("GET", "/api/threads");
  assert.equal(threads.length, 2);

  // Out.
  await keyboard.press("Control+.");
  await page.getByRole("heading", { name: "Settings" }).waitFor();
  await reach(page, /^Sign out$/);
  await keyboard.press("Enter");
  await page.waitForURL((url) => ["/", "/sign-in"].includes(url.pathname));
  await reach(page, /^Sign in$/);
});

scene("the keyboard follows the sidebar when it opens, and comes back when it closes", {}, async ({ page, phone, visit }) => {
  await visit(page, "/settings");
  await page.getByRole("heading", { name: "Settings", level: 1 }).waitFor();
  const [open, close] = [page.getByRole("button", { name: "Open the sidebar" }), page.getByRole("button", { name: "Close the sidebar" })];
  const has = (button) => button.and(page.locator(":focus")).waitFor();
  if (!phone) {
    await close.focus();
    await page.keyboard.press("Enter");
    await has(open);
  }
  await open.focus();
  await page.keyboard.press("Enter");
  await has(close);
  await page.keyboard.press("Enter");
  await has(open);
  if (!phone) return;
  await page.keyboard.press("Enter");
  await has(close);
  await page.keyboard.press("Escape");
  await has(open);
});

scene("Escape closes what lies over the chat and lets its answer go on", { devices: ["phone"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { model: "sim-endless", questions: [] });
  await visit(page, `/chat/${id}`);
  await say(page, "Talk for ever", true);
  await ui.stop(page).waitFor();
  await openSidebar(page, true);
  const side = page.locator(".drawer-open");
  await side.waitFor();
  let stops = 0;
  page.on("request", (request) => (stops += request.url().endsWith("/fn/messages/stop") ? 1 : 0));
  await page.keyboard.press("Escape");
  await side.waitFor({ state: "detached" });
  assert.equal(stops, 0);
  await page.keyboard.press("Escape");
  await page.getByText("Stopped by you.").waitFor();
  assert.equal(stops, 1);
});

scene("who asks again with the keyboard has it in the composer then", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  await visit(page, `/chat/${await thread(call, { questions: ["Hello"] })}`);
  const again = page.getByRole("button", { name: "Answer again", exact: true });
  await again.focus();
  await page.keyboard.press("Enter");
  await ui.composer(page).and(page.locator(":focus")).waitFor();
  await page.getByText("2/2").waitFor();
});
