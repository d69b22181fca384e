// What can be done with an answer's code, tables and notes.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import AxeBuilder from "@axe-core/playwright";
import { assertAccessible, assertNoSidewaysScroll } from "../support/browser.mjs";
import { answered, atOnce, say, stage, thread } from "../support/scene.mjs";

const scene = stage();

const WIDE = "a long line ".repeat(40);
const DOCUMENT = `
\`\`\`python
# ${WIDE}
def f(x=None):
    return "a"
\`\`\`

| name | price |
|---|--:|
| one, two | -5 |
| =cmd() | "6" |

| ${"column | ".repeat(30)}
|${"---|".repeat(30)}
| ${"value | ".repeat(30)}

A claim.[^1] And $\\frac{a}{b}$, \\(x^2\\):

$$\\sum_{i=1}^{n} ${"x_i + ".repeat(40)} 1$$

- [x] done
- [ ] to do

[^1]: Where it is from.
`;

const shown = async ({ call, page, visit }) => {
  const id = await thread(call, { ...atOnce(DOCUMENT.length), questions: [DOCUMENT] });
  await visit(page, `/chat/${id}`);
  return page.locator(".prose").last();
};

scene("wide code, tables and formulas scroll by themselves", {}, async (it) => {
  const prose = await shown(it);
  await assertNoSidewaysScroll(it.page);
  for (const part of ["pre", ".table-scroll", 'math[display="block"]']) {
    const sizes = await prose.locator(part).evaluateAll((all) => all.map((part) => [part.scrollWidth, part.clientWidth]));
    assert.ok(sizes.some(([content, seen]) => content > seen), part);
  }
});

for (const colorScheme of ["light", "dark"]) {
  scene(`an answer with everything is accessible, each landmark by itself (${colorScheme})`, { colorScheme }, async (it) => {
    await shown(it);
    await assertAccessible(it.page);
    const { violations } = await new AxeBuilder({ page: it.page }).withRules(["landmark-unique", "duplicate-id", "scrollable-region-focusable"]).analyze();
    assert.deepEqual(violations.map(({ id }) => id), []);
  });
}

scene("code has colours, breaks its lines on demand and comes as a file", { devices: ["desktop"] }, async (it) => {
  const prose = await shown(it);
  assert.equal(await prose.locator(".h-keyword", { hasText: "def" }).count(), 1);
  const wrap = prose.getByRole("button", { name: /wrap/i });
  const width = () => prose.locator("pre").evaluate((pre) => pre.scrollWidth - pre.clientWidth);
  assert.ok((await width()) > 0);
  await wrap.click();
  assert.equal(await wrap.innerText(), "Unwrap");
  assert.equal(await width(), 0);
  await wrap.click();
  assert.equal(await wrap.innerText(), "Wrap");
  const [download] = await Promise.all([it.page.waitForEvent("download"), prose.getByRole("button", { name: "Download" }).click()]);
  assert.equal(download.suggestedFilename(), "code.py");
  assert.match(await readFile(await download.path(), "utf8"), /^# a long line .*\ndef f\(x=None\):\n {4}return "a"$/);
});

scene("code stays wrapped while its answer goes on", { devices: ["desktop"] }, async ({ call, page, visit }) => {
  const id = await thread(call, { questions: [] });
  await visit(page, `/chat/${id}`);
  await say(page, `\`\`\`text\n${WIDE}\n${"one more line\n".repeat(400)}\`\`\``);
  const code = page.locator("article.answer .code");
  const size = () => code.locator("pre").evaluate((pre) => pre.textContent.length);
  await page.waitForFunction(() => document.querySelector("article.answer pre")?.textContent.length > 2000);
  // Who reads at the beginning is not taken along. Between press and release the button is written anew.
  await page.locator("article.answer").evaluate((answer) => answer.scrollIntoView());
  const place = await page.waitForFunction(() => {
    const { left, top, width, height } = document.querySelector('article.answer [data-do="wrap"]').getBoundingClientRect();
    return width > 0 && [left + width / 2, top + height / 2];
  });
  const [x, y] = await place.jsonValue();
  await page.mouse.move(x, y);
  await page.mouse.down();
  const held = await size();
  await page.waitForFunction((least) => document.querySelector("article.answer pre").textContent.length > least, held);
  await page.mouse.up();
  await code.getByRole("button", { name: "Unwrap" }).waitFor();
  const before = await size();
  await page.waitForFunction((least) => document.querySelector("article.answer pre").textContent.length > least, before + 100);
  assert.equal(await code.locator("pre").evaluate((pre) => pre.scrollWidth - pre.clientWidth), 0);
  await page.keyboard.press("Escape");
  await page.locator("article.answer:not(.live)").waitFor();
  await code.getByRole("button", { name: "Unwrap" }).waitFor();
});

scene("a table is copied as CSV, and no cell of it is a command", { devices: ["desktop"] }, async (it) => {
  await it.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const prose = await shown(it);
  await prose.getByRole("button", { name: "Copy as CSV" }).first().click();
  await prose.getByRole("button", { name: "Copied" }).waitFor();
  const text = await it.page.evaluate(() => navigator.clipboard.readText());
  assert.equal(text, 'name,price\r\n"one, two",-5\r\n\'=cmd(),"""6"""\r\n');
});

scene("a note and its place lead to each other", { devices: ["desktop"] }, async (it) => {
  const prose = await shown(it);
  await prose.locator(".note-ref").click();
  await it.page.waitForURL(/#note-/);
  await prose.locator(".note-label").click();
  await it.page.waitForURL(/#ref-/);
});

scene("an answer of many parts is the same while it grows, once it has ended and after a reload", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const parts = Array.from({ length: 160 }, (_, nth) => (nth % 16 ? `Part ${nth}.` : `## Part ${nth}`));
  const id = await thread(call, { model: "sim-echo", questions: [] });
  await visit(page, `/chat/${id}`);
  const shape = () =>
    page.locator(".prose").last().evaluate((prose) => [...prose.children].map((run) => [...run.children].map((block) => block.innerHTML)));
  const tops = () => page.locator(".prose .block").evaluateAll((blocks) => blocks.map((block) => getComputedStyle(block).marginTop));
  await say(page, parts.join("\n\n"));
  await page.waitForFunction(() => document.querySelectorAll("article.answer.live .block").length > 20);
  const before = await shape();
  assert.deepEqual(before.map((run) => run.length).slice(0, -1), Array(before.length - 1).fill(16));
  await answered(page);
  const [after, gaps] = [await shape(), await tops()];
  assert.ok(after.flat().length >= parts.length);
  assert.deepEqual(after.flat().slice(0, 20), before.flat().slice(0, 20));
  assert.ok(gaps[0] === "0px" && gaps[16] === gaps[32] && parseFloat(gaps[16]) > parseFloat(gaps[17]), "a heading has more room above, wherever it stands");
  await page.reload();
  assert.deepEqual(await shape(), after);
  assert.deepEqual(await tops(), gaps);
});
