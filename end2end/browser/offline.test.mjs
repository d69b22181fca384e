// The installed app, and what it has without a network: the chats that were read last on this device, and nothing else.
import assert from "node:assert/strict";
import { assertAccessible, assertNoSidewaysScroll } from "../support/browser.mjs";
import { answered, openSidebar, say, stage, thread, ui } from "../support/scene.mjs";

const scene = stage();
const CHATS = "keylm-chats-1";

/** The paths of the chats that are kept. */
const kept = (page) =>
  page.evaluate(async (name) => {
    if (!(await caches.has(name))) return [];
    const keys = await (await caches.open(name)).keys();
    return keys.map(({ url }) => new URL(url).pathname);
  }, CHATS);

/** Every address in every cache of the site. */
const everything = (page) =>
  page.evaluate(async () => {
    const names = await caches.keys();
    const lists = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return lists.flat().map(({ url }) => new URL(url).pathname);
  });

/** Waits until the chats that are kept are these, in any order. */
async function keeps(page, paths) {
  const wanted = [...paths].sort().join();
  for (let tries = 0; tries < 100; tries += 1) {
    if ((await kept(page)).sort().join() === wanted) return;
    await page.waitForTimeout(100);
  }
  assert.deepEqual((await kept(page)).sort(), [...paths].sort());
}

/** Goes to a page and waits until the worker of the site serves it. */
async function served(page, visit, path) {
  await visit(page, path);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

/** The faults of a page that has no network are no faults. */
const forgive = (faults) => {
  const others = faults.filter((fault) => !/ERR_INTERNET_DISCONNECTED|Failed to load resource|Failed to fetch/.test(fault));
  faults.splice(0, faults.length, ...others);
};

const line = (page) => page.locator(".offline-line");

scene("without a network the chats that were read last are read, and nothing is lost", { worker: true }, async (me) => {
  const { page, context, call, visit, phone, faults } = me;
  const first = await thread(call, { title: "First", questions: ["What was the first?"] });
  const second = await thread(call, { title: "Second", questions: ["What was the second?"] });
  const unread = await thread(call, { title: "Unread", questions: ["Nobody looks"] });
  await served(page, visit, `/chat/${first}`);
  await keeps(page, [`/chat/${first}`]);
  // A page that the router of the browser changes to is kept as well.
  await openSidebar(page, phone);
  await page.getByRole("link", { name: "Second" }).click();
  await ui.questions(page).filter({ hasText: "What was the second?" }).waitFor();
  await keeps(page, [`/chat/${first}`, `/chat/${second}`]);
  await visit(page, "/providers");
  await visit(page, "/settings");
  const paths = await everything(page);
  assert.ok(paths.length > 4, `${paths}`);
  for (const path of paths) assert.match(path, /^\/(?:pkg\/|chat\/[\w-]+$|offline$|favicon\.svg$)/);

  await visit(page, `/chat/${first}`);
  assert.equal(await line(page).isVisible(), false);
  // An answer that is on its way would say that the server is there.
  await page.waitForResponse((response) => response.url().includes("/api/activity"));
  await context.setOffline(true);
  await line(page).waitFor();
  await page.reload();
  await line(page).waitFor();
  await ui.questions(page).filter({ hasText: "What was the first?" }).waitFor();
  await page.locator("html[data-live]").waitFor({ state: "attached" });
  await assertNoSidewaysScroll(page);
  await assertAccessible(page);

  // The composer works on, and says why nothing is sent.
  await say(page, "Is anybody there?", phone);
  await page.getByText("could not be reached").first().waitFor();
  assert.equal(await ui.composer(page).inputValue(), "Is anybody there?");

  await page.goto(`/chat/${unread}`);
  await page.getByRole("heading", { name: "You are offline" }).waitFor();
  assert.deepEqual((await page.locator(".kept-chats a").allInnerTexts()).sort(), ["First", "Second"]);
  await assertAccessible(page);
  await page.goto("/settings");
  await page.getByRole("heading", { name: "You are offline" }).waitFor();
  await page.getByRole("link", { name: "Second" }).click();
  await ui.questions(page).filter({ hasText: "What was the second?" }).waitFor();

  await context.setOffline(false);
  await line(page).waitFor({ state: "hidden" });
  forgive(faults);
});

scene("a network that is silent is given up after a minute, and nothing is lost", {}, async ({ page, call, visit, phone }) => {
  await page.addInitScript(() => {
    window.limits = [];
    AbortSignal.timeout = (ms) => {
      const limit = new AbortController();
      window.limits.push(() => (limit.abort(), ms));
      return limit.signal;
    };
  });
  const id = await thread(call);
  await visit(page, `/chat/${id}`);
  // Nobody hears it, and nobody says so.
  const [sent] = [page.waitForRequest("**/fn/messages/send"), await page.route("**/fn/messages/send", () => {})];
  await say(page, "Is anybody there?", phone);
  await sent;
  assert.deepEqual(await page.evaluate(() => [...new Set(window.limits.map((give) => give()))]), [60_000]);
  await page.getByText("could not be reached").first().waitFor();
  assert.equal(await ui.composer(page).inputValue(), "Is anybody there?");
  await page.unroute("**/fn/messages/send");
  await ui.composer(page).press("ControlOrMeta+Enter");
  await answered(page, 2);
});

scene("signing out takes the kept chats along", { worker: true, devices: ["desktop"] }, async ({ page, context, call, visit, faults }) => {
  const id = await thread(call, { title: "Mine" });
  await served(page, visit, `/chat/${id}`);
  await keeps(page, [`/chat/${id}`]);
  await visit(page, "/settings");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL((url) => url.pathname === "/");
  await keeps(page, []);
  await context.setOffline(true);
  await page.goto(`/chat/${id}`);
  await page.getByText("No chat was kept on this device.").waitFor();
  forgive(faults);
});

scene("who signs in next finds no chats of anybody else", { worker: true, devices: ["desktop"] }, async ({ page, context, call, visit }) => {
  const id = await thread(call, { title: "Mine" });
  await served(page, visit, `/chat/${id}`);
  await keeps(page, [`/chat/${id}`]);
  // The session ends without the browser's doing: the first door that is shown forgets.
  await context.clearCookies();
  await page.goto(`/chat/${id}`);
  await page.waitForURL((url) => url.pathname === "/sign-in");
  await keeps(page, []);
});

scene("the app can be installed", { member: false, devices: ["desktop"] }, async ({ page, context, visit }) => {
  await visit(page, "/");
  const href = await page.locator('link[rel="manifest"]').getAttribute("href");
  const manifest = await context.request.get(href);
  assert.equal(manifest.headers()["content-type"], "application/manifest+json");
  const { icons, start_url, display } = await manifest.json();
  assert.deepEqual([start_url, display], ["/chat", "standalone"]);
  const touch = await page.locator('link[rel="apple-touch-icon"]').getAttribute("href");
  for (const src of [...icons.map(({ src }) => src), touch]) {
    const icon = await context.request.get(src);
    assert.equal(icon.status(), 200, src);
    assert.match(icon.headers()["content-type"], /^image\//);
  }
  const session = await context.newCDPSession(page);
  const { errors } = await session.send("Page.getAppManifest");
  assert.deepEqual(errors, []);
});

for (const javaScript of [true, false]) {
  scene(`the documentation is read ${javaScript ? "with" : "without"} script`, { member: false, javaScript }, async ({ page, visit }) => {
    await visit(page, "/");
    await page.getByRole("link", { name: "Guide", exact: true }).click();
    await page.getByRole("heading", { name: "Quick start" }).waitFor();
    for (const path of ["/docs", "/docs/api"]) {
      await page.goto(path);
      await assertNoSidewaysScroll(page);
      if (javaScript) await assertAccessible(page);
    }
    await page.getByRole("link", { name: "Threads", exact: true }).click();
    await page.getByRole("heading", { name: "Threads", exact: true }).waitFor();
  });
}

scene("all of an account is a download", {}, async ({ page, call, visit }) => {
  await thread(call, { title: "Mine" });
  await visit(page, "/settings");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Download everything" }).click(),
  ]);
  assert.match(download.suggestedFilename(), /^keylm .*\.zip$/);
  assert.equal(await download.failure(), null);
});
