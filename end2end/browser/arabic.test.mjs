// The pages in a language that runs from right to left: nothing of the other language is left over, nothing is too wide.
import assert from "node:assert/strict";
import { assertAccessible, assertNoSidewaysScroll } from "../support/browser.mjs";
import { PASSWORD, answered, freshEmail, stage, thread } from "../support/scene.mjs";

const scene = stage();
const locale = "ar-EG";

/** Names and keys that are the same in every language. */
const NAMES =
  /KeyLM|OpenAI|Anthropic|Google|Gemini|Vertex|Bedrock|Amazon|Azure|OpenRouter|Groq|Mistral|Cohere|Ollama|Vercel|Gateway|xAI|Rust|future|SQLite|PostgreSQL|Markdown|JSON|zip|PEM|API|ASIA|Shift|Ctrl|Enter|Esc|Top p|English|sim-[\w-]+/gi;

/** Words in Latin letters that people see or hear, without names, models, code, labels of keys and what was said in the chat. */
async function leftOver(page) {
  const said = await page.evaluate(() => {
    const foreign = `script, style, svg, code, pre, .mono, .prose, .bubble, [lang]:not(html), .provider h3, .key-name .strong,
      .picker-provider, .picker-model, .picker-head-line .strong, .model-name .strong, .model-of`;
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (!node.parentElement.closest(foreign) && node.parentElement.checkVisibility()) found.push(node.data);
    }
    for (const element of document.body.querySelectorAll("[aria-label], [title], [placeholder]")) {
      if (element.closest(foreign) || !element.checkVisibility()) continue;
      for (const name of ["aria-label", "title", "placeholder"]) found.push(element.getAttribute(name) ?? "");
    }
    return found;
  });
  const own = (text) => text.replaceAll(/\u2068[^\u2069]*\u2069/g, "").replaceAll(/[\w.+-]+@[\w.-]+/g, "").replaceAll(NAMES, "");
  return said.filter((text) => /[a-z]{3}/i.test(own(text))).map((text) => text.trim());
}

/** The page is Arabic from one end to the other, and fits. */
async function assertArabic(page) {
  assert.equal(await page.locator("html").getAttribute("lang"), "ar");
  assert.equal(await page.locator("html").getAttribute("dir"), "rtl");
  assert.deepEqual(await leftOver(page), [], `${page.url()} has words of another language`);
  await assertNoSidewaysScroll(page);
}

scene("signing in and up is Arabic for a browser that asks for it", { locale, member: false }, async ({ page, visit }) => {
  await visit(page, "/");
  await assertArabic(page);
  await visit(page, "/nothing/here");
  await assertArabic(page);
  await visit(page, "/sign-in");
  await page.getByLabel("البريد الإلكتروني").fill("nobody@example.org");
  await page.getByLabel("كلمة المرور", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "تسجيل الدخول" }).click();
  await page.getByRole("alert").waitFor();
  await assertArabic(page);
  await assertAccessible(page);
  await visit(page, "/sign-up");
  await page.getByLabel("البريد الإلكتروني").fill(freshEmail());
  await page.getByLabel("كلمة المرور", { exact: true }).fill("short");
  await page.getByRole("button", { name: "إنشاء الحساب" }).click();
  await page.getByText("استخدم 8 أحرف على الأقل.").waitFor();
  await page.getByLabel("كلمة المرور", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "إنشاء الحساب" }).click();
  await page.waitForURL("**/chat");
  await page.getByRole("heading", { name: "أضف مفتاحك الأول" }).waitFor();
  await assertArabic(page);
});

scene("a chat is Arabic around what is said in it", { locale }, async ({ page, call, visit }) => {
  const id = await thread(call, { title: "محادثة", questions: ["Hello"] });
  await visit(page, `/chat/${id}`);
  await answered(page);
  await assertArabic(page);
  await page.getByRole("textbox", { name: "الرسالة", exact: true }).fill("مرحبًا");
  await page.getByRole("button", { name: "إرسال", exact: true }).click();
  await answered(page, 2);
  await page.locator("article.answer .usage").last().getByText("مقروءة").waitFor();
  await assertArabic(page);
  await page.getByRole("button", { name: "إعدادات هذه المحادثة" }).click();
  await page.getByRole("heading", { name: "إعدادات المحادثة" }).waitFor();
  await assertArabic(page);
  await page.keyboard.press("Escape");
  await page.locator(".picker-button").click();
  await page.locator("#picker-list .model").first().waitFor();
  await assertArabic(page);
  const failing = await thread(call, { model: "sim-503", questions: [] });
  await visit(page, `/chat/${failing}`);
  await page.getByRole("textbox", { name: "الرسالة", exact: true }).fill("مرحبًا");
  await page.getByRole("button", { name: "إرسال", exact: true }).click();
  await page.getByRole("group", { name: "ما الذي حدث" }).waitFor({ timeout: 60_000 });
  await assertArabic(page);
  await assertAccessible(page);
});

scene("keys, models and settings are Arabic", { locale }, async ({ page, visit }) => {
  await visit(page, "/providers");
  for (const name of ["استبدال", "إزالة"]) await page.getByText(name, { exact: true }).first().click();
  await assertArabic(page);
  await visit(page, "/models");
  await assertNoSidewaysScroll(page);
  await visit(page, "/settings");
  await assertArabic(page);
  await assertAccessible(page);
});

scene("the settings choose the language, and it stays", {}, async ({ page, visit }) => {
  await visit(page, "/settings");
  await page.getByLabel("Language").selectOption("ar");
  await page.getByRole("heading", { name: "الإعدادات" }).waitFor();
  await assertArabic(page);
  await visit(page, "/chat");
  await assertArabic(page);
  await visit(page, "/settings");
  await page.getByLabel("اللغة").selectOption("");
  await page.getByRole("heading", { name: "Settings" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("dir"), "ltr");
});

scene("the language is chosen without script too", { javaScript: false }, async ({ page, visit }) => {
  await visit(page, "/settings");
  await page.getByLabel("Language").selectOption("ar");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "الإعدادات" }).waitFor();
  await assertArabic(page);
});
