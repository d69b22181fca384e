// How the main screens look, beside the pictures in looks/. `LOOKS=renew` makes them anew: look at them before they are kept.
import assert from "node:assert/strict";
import { PLAIN_TEXT, compared, dress, hasFonts, picture, unlike } from "../support/looks.mjs";
import { openSidebar, stage, thread } from "../support/scene.mjs";

const scene = stage({ args: PLAIN_TEXT });
/** What is another on each day or in each run: prices and limits, times, who it is; and slanted letters, which not every Debian has. */
const PASSING = [
  ".usage, .picker-facts, .model-facts, .health, .picker-head-line .muted, .key-main > .small, .models-page td",
  ".split .strong, .split .muted, .row .spinner, .row .unread-dot, .prose em",
].join();

const wait = (page, selector) => page.locator(selector).first().waitFor();

/** Goes through screens: where each is, what is done there first, and on which devices it is looked at in the dark, too. */
async function look({ page, phone, visit }, screens) {
  const device = phone ? "phone" : "desktop";
  const troubles = [];
  for (const [name, { path, act, dark = [] }] of Object.entries(screens)) {
    await visit(page, await path);
    await act?.();
    await dress(page, PASSING);
    for (const colorScheme of dark.includes(device) ? ["dark", "light"] : ["light"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      troubles.push(await compared(page, `${name}-${device}-${colorScheme}`));
    }
  }
  assert.equal(troubles.filter(Boolean).join("\n"), "");
}

const options = { reducedMotion: true };

scene("the pages before an account look as they did", { ...options, member: false }, async (it) => {
  await it.visit(it.page, "/");
  assert.ok(await hasFonts(it.page), "the pictures need the fonts of Debian's fonts-dejavu-core");
  await look(it, { landing: { path: "/", dark: ["desktop"] }, "sign-in": { path: "/sign-in" } });
});

scene("the pages of an account look as they did", options, async (it) => {
  const { page, call, phone } = it;
  const chat = await thread(call, { model: "gpt-5.4-mini", title: "Tides", questions: ["How do tides work?"] });
  const blank = "/chat?model=openai/sim-echo";
  await look(it, {
    "new-chat": { path: blank },
    picker: {
      path: blank,
      act: async () => {
        await page.locator(".picker-button").click();
        await page.getByLabel("Search models", { exact: true }).fill("sim-s");
        await page.locator('#picker-list:has(.model):not(:has(.model:not([data-choice*="sim-s"])))').waitFor();
      },
      dark: ["desktop"],
    },
    keys: { path: "/providers", act: () => wait(page, ".key") },
    settings: { path: "/settings", act: () => page.getByRole("button", { name: "Sign out" }).waitFor() },
    models: { path: "/models?q=sim-s&provider=openai", act: () => wait(page, "tbody tr") },
    compare: { path: "/compare", act: () => wait(page, ".compare-form") },
    ...(phone && { drawer: { path: blank, act: () => openSidebar(page, phone), dark: ["phone"] } }),
    chat: {
      path: `/chat/${chat}`,
      act: async () => {
        await wait(page, "article.answer .table");
        await page.locator("#log").evaluate((log) => log.scrollTo(0, -log.scrollHeight));
      },
      dark: ["desktop", "phone"],
    },
  });
});

/** What another machine, or another version of the browser, may do to letters. */
const ALIKE = {
  "nothing": "",
  "letters that stand a little elsewhere": "body { transform: translate(0.4px, 0.4px) }",
  "letters that are painted darker": "* { -webkit-text-stroke: 0.25px }",
};
/** What nobody meant to change. */
const UNLIKE = {
  "a button that is gone": ".button { visibility: hidden }",
  "a small button that is gone": ".split .button { visibility: hidden }",
  "a panel of another colour": ".card { background: var(--sunken) }",
  "a list of another colour": ".side { background: var(--hover) }",
  "a heading that is gone": ".card h2 { display: none }",
  "a wider sidebar": ":root { --side: 18rem }",
  "higher controls": ":root { --control: 2.75rem }",
  "larger letters": ":root { --t-m: 1rem }",
};

scene("another way to paint letters is let pass, and another look is not", { ...options, devices: ["desktop"] }, async ({ page, visit }) => {
  await visit(page, "/settings");
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  const painted = async (more) => {
    await dress(page, PASSING, more);
    return picture(page);
  };
  const was = await painted("");
  for (const [name, more] of Object.entries(ALIKE)) assert.equal(await unlike(page, was, await painted(more)), "", name);
  for (const [name, more] of Object.entries(UNLIKE)) assert.notEqual(await unlike(page, was, await painted(more)), "", name);
});
