// Chromium as the tests use it: one process, a fresh context a test, every page watched for errors.
import assert from "node:assert/strict";
import AxeBuilder from "@axe-core/playwright";
import { chromium } from "playwright-core";

const VIEWPORTS = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
};

/** Which Chromium. */
export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** What keeps it from asking the world. */
export const QUIET = [
  "--no-sandbox",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The browser, with more arguments if any. Close it when the file is done. */
export const launch = (args = []) => chromium.launch({ executablePath: CHROMIUM, args: [...QUIET, ...args] });

/** Runs in every page before its own scripts: says what the policy blocked. */
function watch() {
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    console.error(`policy: ${violatedDirective} blocked ${blockedURI}`),
  );
}

/** Waits until the page's script has taken over. */
export const alive = (page) => page.locator("html[data-live]").waitFor({ state: "attached" });

/**
 * A page in a context of its own.
 * @param {import("playwright-core").Browser} browser
 * @param {{baseURL: string, device?: "desktop"|"phone", javaScript?: boolean, colorScheme?: "light"|"dark", reducedMotion?: boolean, locale?: string, timezoneId?: string, worker?: boolean}} options
 *   `worker` lets the worker of the site (public/sw.js) serve; without it what a test says of the network is what the page sees.
 * @returns {Promise<{page: import("playwright-core").Page, context: import("playwright-core").BrowserContext, faults: string[], close: () => Promise<void>}>}
 *   `faults` collects what a page of the context printed as an error, threw, asked the user in a dialog or wanted from
 *   another origin; `close` fails the test when there was any.
 */
export async function open(
  browser,
  { baseURL, device = "desktop", javaScript = true, colorScheme = "light", reducedMotion = false, locale = "en-US", timezoneId, worker = false },
) {
  const context = await browser.newContext({
    baseURL,
    ...VIEWPORTS[device],
    javaScriptEnabled: javaScript,
    colorScheme,
    locale,
    timezoneId,
    serviceWorkers: worker ? "allow" : "block",
    reducedMotion: reducedMotion ? "reduce" : "no-preference",
  });
  context.setDefaultTimeout(20_000);
  if (javaScript) await context.addInitScript(watch);
  const faults = [];
  const home = new URL(baseURL).origin;
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== home && url.protocol !== "data:") faults.push(`foreign: ${url}`);
  });
  context.on("page", (page) => {
    page.on("pageerror", (error) => faults.push(`thrown: ${error.message}`));
    page.on("dialog", (dialog) => {
      faults.push(`dialog: ${dialog.message()}`);
      dialog.dismiss().catch(() => {});
    });
    page.on("console", (message) => {
      if (message.type() !== "error") return;
      // Chromium reports every 4xx as an error, although a form that is refused is no fault of the page.
      if (/^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text())) return;
      faults.push(`console: ${message.text()} (${message.location().url})`);
    });
  });
  const page = await context.newPage();
  const close = async () => {
    await context.close();
    assert.deepEqual(faults, [], "a page reported errors");
  };
  return { page, context, faults, close };
}

/** Waits for what no page tells, `step` after step, for half a minute at the most; whoever asks asserts it. */
export async function until(done, step) {
  for (const late = Date.now() + 30_000; Date.now() < late && !(await done()); ) await step();
}

/** Waits until the page was painted as it is now: what was not may be skipped (`content-visibility`), and has no inner text. */
export const painted = async (page) => (await page.locator("html").elementHandle()).waitForElementState("stable");

/** Waits until nothing is on its way that will arrive: what is measured before stands elsewhere afterwards, or in another colour. */
export const settled = (page) =>
  page.evaluate(async () => {
    const running = () => document.getAnimations().filter(({ effect, playState }) => playState === "running" && effect.getComputedTiming().endTime !== Infinity);
    for (let ending = running(); ending.length; ending = running()) await Promise.allSettled(ending.map(({ finished }) => finished));
  });

/** Fails when axe finds a violation of WCAG 2.2 A or AA on the page as it is now; of these rules only, if there are any. */
export async function assertAccessible(page, rules) {
  await settled(page);
  const axe = new AxeBuilder({ page });
  const { violations } = await (rules ? axe.withRules(rules) : axe.withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])).analyze();
  const found = violations.map(({ id, help, nodes }) => ({ id, help, at: nodes.map(({ html }) => html).slice(0, 5) }));
  assert.deepEqual(found, [], `accessibility of ${page.url()}`);
}

/** Fails when something that a finger presses is less than 44 px high or wide. Links within a sentence are as high as its lines. */
export async function assertTargets(page) {
  await settled(page);
  const small = await page.evaluate(() => {
    const TOUCH = 43.5;
    const over = document.querySelector("dialog:modal");
    const words = (node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "";
    const inSentence = (link) =>
      link.matches(".prose a") || (link.matches("p a, li a") && getComputedStyle(link).display === "inline" && [...link.parentElement.childNodes].some(words));
    const clipped = (element) => element && (getComputedStyle(element).clipPath === "inset(50%)" || clipped(element.parentElement));
    const label = (field) => (field.matches("[type=radio], [type=checkbox]") ? (field.closest("label") ?? field.labels?.[0] ?? field) : field);
    return [...(over ?? document).querySelectorAll("a[href], button, summary, input:not([type=hidden]), textarea, select, [role=option]")]
      .filter((target) => target.checkVisibility({ visibilityProperty: true }) && !target.matches(".skip-link") && !clipped(target) && !inSentence(target))
      .map((target) => [target, label(target).getBoundingClientRect()])
      .filter(([, { width, height }]) => width < TOUCH || height < TOUCH)
      .map(([target, { width, height }]) => `${Math.round(width)} × ${Math.round(height)}: ${target.outerHTML.replaceAll(/\s+/g, " ").slice(0, 160)}`);
  });
  assert.deepEqual(small, [], `small targets of ${page.url()}`);
}

/** Fails when the page scrolls sideways. */
export async function assertNoSidewaysScroll(page) {
  const [content, window] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  assert.ok(content <= window, `${page.url()} is ${content} px wide in a window of ${window} px`);
}
