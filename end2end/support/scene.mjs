// A scene: the app as one person finds it, on one device. What all browser tests share, so that they read as stories.
import { after, before, test } from "node:test";
import { KEYS, startApp } from "./app.mjs";
import { alive, launch, open, painted } from "./browser.mjs";

export const DEVICES = ["desktop", "phone"];
export const PASSWORD = "a quiet harbour at dawn";
const TEST_MS = 120_000;
let people = 0;

/** An e-mail address that nobody has yet. */
export const freshEmail = () => `person-${process.pid}-${++people}@example.org`;

/**
 * One app and one browser for a test file; `env` is for the app, `args` are for the browser.
 * @returns a function that declares a test for each device:
 *   `scene("what it shows", {devices, javaScript, colorScheme, locale, timezoneId, member, keys}, async ({page, …}) => …)`.
 *   `member` signs somebody in beforehand, `keys` gives them working keys (a list of provider ids).
 */
export function stage({ env, args } = {}) {
  let app, browser;
  before(async () => {
    // One that is there is ended even when the other is not.
    await Promise.all([startApp({ env }).then((started) => (app = started)), launch(args).then((opened) => (browser = opened))]);
  });
  after(async () => {
    await browser?.close();
    await app?.stop();
  });
  return (name, { devices = DEVICES, member = true, keys = ["openai"], timeout = TEST_MS, ...options }, story) => {
    for (const device of devices) {
      test(`${name} (${device})`, { timeout }, async () => {
        const { page, context, faults, close } = await open(browser, { baseURL: app.url, device, ...options });
        const phone = device === "phone";
        const call = caller(context);
        const email = freshEmail();
        try {
          if (member) await call("POST", "/api/auth/register", { email, password: PASSWORD });
          for (const provider of member ? keys : []) {
            await call("POST", `/api/providers/${provider}/keys`, { key: KEYS[provider] });
          }
          await story({ page, context, faults, phone, call, email, app, visit: visitor(options.javaScript !== false) });
        } catch (error) {
          await page.screenshot({ path: `test-results/${name} ${device}.png`.replaceAll(/[^\w./-]+/g, "-") }).catch(() => {});
          // What it began must not slow down those that follow.
          await context.close().catch(() => {});
          if (faults.length === 0) throw error;
          throw new Error(`${error.message}\nThe page reported: ${faults.join("\n")}`, { cause: error });
        }
        await close();
      });
    }
  };
}

/** A JSON call with the context's session; fails unless it is answered well. */
const caller = (context) => async (method, path, data) => {
  const response = await context.request.fetch(path, { method, data });
  if (!response.ok()) throw new Error(`${method} ${path}: ${response.status()} ${await response.text()}`);
  return response.status() === 204 ? null : response.json();
};

/** Goes to a path and, where there is script, waits until it runs. */
const visitor = (javaScript) => async (page, path) => {
  const response = await page.goto(path);
  if (javaScript) await alive(page);
  return response;
};

/**
 * What makes the answers of a {@link thread} come at once, so that a long chat is made in seconds: `sim-echo` has no pauses
 * between the words when it says much, here what its model was told, and is cut off after `letters` of it.
 */
export const atOnce = (letters = 240) => ({ systemPrompt: "many words ".repeat(800), settings: { maxTokens: Math.ceil(letters / 4) } });

/** Makes a thread on the model with the questions answered, and gives its id. What else is given is said of the thread. */
export async function thread(call, { model = "sim-echo", provider = "openai", title, questions = ["Hello"], ...more } = {}) {
  const made = await call("POST", "/api/threads", { provider, model, title, ...more });
  for (const content of questions) {
    await call("POST", `/api/threads/${made.thread.id}/messages`, {
      content,
      clientRequestId: crypto.randomUUID(),
      stream: false,
    });
  }
  return made.thread.id;
}

/** The parts of the chat by what people call them. */
export const ui = {
  composer: (page) => page.getByRole("textbox", { name: "Message", exact: true }),
  send: (page) => page.getByRole("button", { name: "Send", exact: true }),
  stop: (page) => page.getByRole("button", { name: "Stop the answer" }),
  answers: (page) => page.locator("article.answer"),
  questions: (page) => page.getByRole("article", { name: "You", exact: true }),
  toast: (page, text) => page.locator(".toast", { hasText: text }),
  usage: (page) => page.locator("article.answer:not(.live) .usage").last(),
};

/** The text of the last answer. */
export async function answerText(page) {
  await painted(page);
  return ui.answers(page).last().locator(".prose").innerText();
}

/** Writes and sends as the device does it: by the Enter key, or on a phone by the button. */
export async function say(page, text, phone) {
  await ui.composer(page).fill(text);
  if (phone) await ui.send(page).click();
  else await ui.composer(page).press("Enter");
}

/** Waits until `count` answers stand and none goes on. */
export async function answered(page, count = 1) {
  await page.waitForFunction(
    (count) =>
      document.querySelectorAll("article.answer").length === count && !document.querySelector("article.answer.live"),
    count,
    { timeout: 60_000 },
  );
}

/** Picks a model by keyboard: opens the picker, types, Enter. */
export async function pick(page, words) {
  await page.locator(".picker-button").click();
  const search = page.getByLabel("Search models", { exact: true });
  await search.fill(words);
  await page.locator("#picker-list .model").first().waitFor();
  await search.press("Enter");
  await search.waitFor({ state: "hidden" });
}

/** Brings the sidebar into view. */
export async function openSidebar(page, phone) {
  if (phone) await page.getByRole("button", { name: "Open the sidebar" }).click();
  await page.getByRole("navigation", { name: "Chats" }).waitFor();
}

/** The chats in the sidebar. */
export const chats = (page) => page.getByRole("navigation", { name: "Chats" }).getByRole("link");
