// What docs/ux.md says in sizes, counts and ages.
import assert from "node:assert/strict";
import { KEYS } from "../support/app.mjs";
import { settled } from "../support/browser.mjs";
import { answered, openSidebar, say, stage, thread, ui } from "../support/scene.mjs";

const POOL = { GROQ_API_KEY: KEYS.groq, GROQ_FREE_MODEL: "sim-short", FREE_USER_DAILY_LIMIT: "2" };
const scene = stage({ env: POOL });

scene("the composer grows with what is written, up to a height, then scrolls", {}, async ({ page, visit }) => {
  await visit(page, "/chat");
  const composer = ui.composer(page);
  const size = async (lines) => {
    await composer.fill(Array.from({ length: lines }, (_, n) => `line ${n}`).join("\n"));
    return composer.evaluate(({ clientHeight, scrollHeight }) => [clientHeight, scrollHeight - clientHeight]);
  };
  const [one, beyond] = await size(1);
  const [five] = await size(5);
  const [most, hidden] = await size(60);
  assert.equal(beyond, 0);
  assert.ok(five > one * 2 && most > five, `${one}, ${five}, ${most}`);
  assert.ok(most <= page.viewportSize().height * 0.41, "it leaves room for what is read");
  assert.ok(hidden > most, "the rest scrolls");
  assert.equal((await size(61))[0], most);
  assert.ok(await ui.send(page).isVisible());
  assert.equal((await size(1))[0], one, "and it shrinks again");
});

scene("how much is written is counted near the limit only, and more than that is not sent", {}, async ({ page, call, visit }) => {
  const id = await thread(call, { questions: [] });
  await visit(page, `/chat/${id}`);
  const count = page.getByText(/^\d+ of 200000 characters$/);
  const write = (length) => ui.composer(page).fill("x".repeat(length));
  await write(180_000);
  assert.equal(await count.count(), 0);
  await write(180_001);
  await count.filter({ hasText: "180001" }).waitFor();
  await write(200_001);
  await count.filter({ hasText: "200001" }).waitFor();
  assert.equal(await ui.send(page).getAttribute("title"), "The message is longer than 200,000 characters.");
  // It can be pressed, although it says that it is off.
  await ui.send(page).click({ force: true });
  assert.equal(await ui.questions(page).count(), 0);
  await write(1);
  await count.waitFor({ state: "detached" });
});

scene("no field is written in less than 16 px on touch", { devices: ["phone"] }, async ({ page, call, phone, visit }) => {
  const id = await thread(call);
  const fields = new Set();
  const looked = async () => {
    const found = await page.locator("input:not([type=radio], [type=checkbox], [type=hidden]), textarea, select").evaluateAll((all) =>
      all.filter((field) => field.checkVisibility()).map((field) => [field.id || field.className || field.name, parseFloat(getComputedStyle(field).fontSize)]),
    );
    for (const [name] of found) fields.add(name);
    assert.deepEqual(found.filter(([, size]) => size < 16), [], page.url());
  };
  for (const path of ["/providers", "/models", "/compare", "/settings"]) {
    await visit(page, path);
    await page.locator("details:not(.menu)").evaluateAll((all) => all.forEach((details) => (details.open = true)));
    await looked();
  }
  await visit(page, `/chat/${id}`);
  await page.getByRole("button", { name: "Edit the message" }).click();
  await looked();
  await page.getByRole("button", { name: "Settings of this chat" }).click();
  await page.getByRole("heading", { name: "Chat settings" }).waitFor();
  await looked();
  await page.keyboard.press("Escape");
  await page.locator(".picker-button").click();
  await page.locator("#picker-list .model").first().waitFor();
  await looked();
  await page.keyboard.press("Escape");
  await openSidebar(page, phone);
  await looked();
  await page.getByRole("button", { name: "Commands" }).click();
  await page.getByRole("combobox").waitFor();
  await looked();
  await call("POST", "/api/auth/logout");
  await visit(page, "/sign-in");
  await looked();
  for (const one of ["composer-text", "edit-text", "picker-search", "palette-field", "thread-search", "email", "compare-text"]) {
    assert.ok(fields.has(one), `${one} was not among ${[...fields]}`);
  }
});

scene("an answer takes the whole width in lines that can be read, and a question stands at the side", {}, async ({ page, call, phone, visit }) => {
  const text = "The tide comes in and goes out again, twice on most days and on most shores of this world. ".repeat(6);
  const id = await thread(call, { questions: [text, "Short"] });
  if (!phone) await page.setViewportSize({ width: 1920, height: 1000 });
  await visit(page, `/chat/${id}`);
  const { lines, paragraph, prose, log, bubble } = await page.evaluate(() => {
    const part = document.querySelector("article.answer .prose p");
    const range = document.createRange();
    const text = part.firstChild;
    const lines = new Map();
    for (let i = 0; i < text.length; i++) {
      range.setStart(text, i);
      range.setEnd(text, i + 1);
      const top = Math.round(range.getBoundingClientRect().top);
      lines.set(top, (lines.get(top) ?? 0) + 1);
    }
    const box = (element) => (({ left, right, width }) => ({ left, right, width }))(element.getBoundingClientRect());
    const questions = document.querySelectorAll("article.user");
    return { lines: [...lines.values()], paragraph: box(part), prose: box(part.closest(".prose")), log: box(document.querySelector("#log")), bubble: box([...questions].at(-1).querySelector(".bubble")) };
  });
  // How wide letters are is up to the font.
  if (phone) assert.ok(paragraph.width > log.width * 0.85, `${paragraph.width} of ${log.width}`);
  else assert.ok(lines.slice(0, -1).every((letters) => letters >= 65 && letters <= 85), `${lines}`);
  assert.ok(Math.abs(bubble.right - prose.right) <= 8, `the question ends at ${bubble.right}, the answer at ${prose.right}`);
  assert.ok(bubble.left > prose.left + prose.width / 2);
});

scene("the picker says how old a list is, and its button asks for a new one", {}, async ({ page, call, visit }) => {
  const age = page.locator(".picker-head-line", { hasText: "OpenAI" }).locator(".muted.small");
  const listed = async () => Date.parse((await call("GET", "/api/providers/openai/models")).fetchedAt);
  await page.clock.install();
  await visit(page, "/chat");
  await page.locator(".picker-button").click();
  await age.filter({ hasText: "listed just now" }).waitFor();
  await page.clock.fastForward("10:00");
  await age.filter({ hasText: /listed \d+ min ago/ }).waitFor();
  const before = await listed();
  const renewed = page.waitForResponse((response) => response.request().method() === "POST" && response.url().includes("/fn/models/"));
  await page.getByRole("button", { name: "Refresh the models of OpenAI" }).click();
  assert.equal((await renewed).status(), 200);
  assert.ok((await listed()) > before);
});

scene("the frame stays while a page is loaded, and says that it is", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { title: "The other one" });
  await visit(page, "/settings");
  const side = page.locator("#side[data-same]");
  await page.locator("#side").evaluate((side) => side.setAttribute("data-same", ""));
  const go = async (link, there) => {
    let release;
    const held = new Promise((resolve) => (release = resolve));
    const asked = (url) => !url.pathname.startsWith("/api/");
    await page.route(asked, async (route) => {
      await held;
      await route.continue().catch(() => {});
    });
    await side.getByRole("link", { name: link }).click();
    await page.locator('main [aria-busy="true"], main .skeleton').first().waitFor();
    assert.ok(await side.getByRole("link", { name: "New chat" }).isVisible(), "what is around it is there");
    release();
    await there.waitFor();
    await page.unroute(asked);
    await page.locator("main .skeleton").first().waitFor({ state: "detached" });
    assert.equal(await side.count(), 1, "the same sidebar");
  };
  await go("Providers", page.getByRole("region", { name: "OpenAI", exact: true }));
  await go("Models", page.locator("tbody tr").first());
  await go("The other one", page.locator("article.answer"));
  assert.match(page.url(), new RegExp(id));
});

scene("what is left of the free pool is told before it is used up, with the way to a key", { keys: [], timezoneId: "Asia/Kathmandu" }, async ({ page, phone, visit }) => {
  const note = page.locator(".dock-note");
  for (const left of [2, 1]) {
    await visit(page, "/chat");
    await note.getByText(`${left} of 2 are left for you until 05:45`).waitFor();
    await say(page, "Hello", phone);
    await page.waitForURL(/\/chat\/.+/);
    await answered(page);
  }
  await visit(page, "/chat");
  await page.locator("#composer-note", { hasText: "The free answers of today are used up; there are new ones at 05:45." }).waitFor();
  await page.locator(".blocked-ways").getByRole("link", { name: "Add a key" }).click();
  await page.waitForURL("**/providers");
});

scene("in a low window the sidebar scrolls by itself, and the page stays where it is", { devices: ["desktop"] }, async ({ page, visit }) => {
  await visit(page, "/chat");
  await page.setViewportSize({ width: 844, height: 390 });
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollHeight, document.documentElement.clientHeight]);
  assert.equal(content, window);
  await page.locator("#side").getByRole("link", { name: "Settings" }).click();
  await page.getByRole("heading", { level: 1, name: "Settings" }).waitFor();
});

scene("a finger draws the sidebar over the page and away, and what is short, slow, across or at the edge is no swipe", { devices: ["phone"] }, async ({ page, context, visit }) => {
  await page.clock.install();
  await visit(page, "/chat");
  // A slow machine makes no swipe slow.
  await page.clock.pauseAt(await page.evaluate(() => Date.now() + 1_000));
  const session = await context.newCDPSession(page);
  const swipe = async (from, to, ms = 100) => {
    const touch = (type, points) => session.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y]) => ({ x, y })) });
    await touch("touchStart", [from]);
    await page.clock.runFor(ms);
    await touch("touchMove", [to]);
    await touch("touchEnd", []);
  };
  const open = () => page.locator(".drawer-open").count();
  for (const [from, to, ms] of [[[80, 300], [120, 300]], [[80, 300], [150, 500]], [[10, 300], [200, 300]], [[80, 300], [260, 300], 2_000]]) {
    await swipe(from, to, ms);
    assert.equal(await open(), 0, `${from} to ${to}`);
  }
  await swipe([80, 300], [260, 310]);
  await page.locator(".drawer-open").waitFor();
  await swipe([200, 300], [40, 310]);
  await page.locator(".drawer-open").waitFor({ state: "detached" });
});

scene("nothing that is pressed or read lies under the camera or the bar of a phone", { devices: ["phone"] }, async ({ page, context, call, phone, visit }) => {
  await thread(call, { title: "Beside the camera", questions: [] });
  const session = await context.newCDPSession(page);
  const insets = { top: 47, bottom: 34, left: 30, right: 20 };
  await session.send("Emulation.setSafeAreaInsetsOverride", { insets });
  await visit(page, "/chat");
  const within = async (...places) => {
    const outside = await page.evaluate(
      ([places, { top, bottom, left, right }]) =>
        places
          .map((place) => [place, document.querySelector(place).getBoundingClientRect()])
          .filter(([, box]) => box.top < top || box.bottom > innerHeight - bottom || box.left < left || box.right > innerWidth - right)
          .map(([place, { top, bottom, left, right }]) => `${place}: ${[top, bottom, left, right]}`),
      [places, insets],
    );
    assert.deepEqual(outside, []);
  };
  await within("#compose", "header.top > button", ".picker-button");
  await openSidebar(page, phone);
  await page.locator(".drawer-open").waitFor();
  await settled(page);
  await within(".side-head", ".side-foot", ".row", "#thread-search");
  await page.keyboard.press("Escape");
  await page.locator(".picker-button").click();
  await page.locator("#picker-list .model").first().waitFor();
  await settled(page);
  const bottom = await page.locator(".picker-all").evaluate((link) => {
    const { paddingBottom } = getComputedStyle(link);
    return innerHeight - link.getBoundingClientRect().bottom + parseFloat(paddingBottom);
  });
  assert.ok(bottom >= insets.bottom, `it is read ${bottom} px above the edge`);
});
