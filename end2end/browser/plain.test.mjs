// What works without JavaScript: the account, the keys, and reading and writing by plain forms.
import assert from "node:assert/strict";
import { KEYS } from "../support/app.mjs";
import { until } from "../support/browser.mjs";
import { PASSWORD, freshEmail, stage, thread, ui } from "../support/scene.mjs";

const plain = stage();
const scene = (name, options, story) => plain(`without JavaScript ${name}`, { javaScript: false, ...options }, story);
const card = (page) => page.getByRole("region", { name: "OpenAI", exact: true });
const keyField = (scope) => scope.getByRole("textbox", { name: /key/i }).first();

scene("somebody signs up, out and in again", { member: false }, async ({ page, visit }) => {
  const email = freshEmail();
  const fill = async () => {
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  };
  await visit(page, "/sign-up");
  await fill();
  await page.getByRole("button", { name: "Create account" }).click();
  await page.waitForURL("**/chat");
  await visit(page, "/settings");
  await page.getByText(email).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL((url) => ["/", "/sign-in"].includes(url.pathname));
  await visit(page, "/chat");
  await page.waitForURL(/\/sign-in\?next=/);
  await fill();
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/chat");
  await page.getByRole("heading", { name: "Add your first key" }).waitFor();
});

scene("a wrong password is said on the page", {}, async ({ page, context, email, visit }) => {
  await context.clearCookies();
  await visit(page, "/sign-in");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  assert.match(await page.getByRole("alert").innerText(), /password/i);
});

scene("a taken address is said beside its field or above the form", { keys: [] }, async ({ page, context, email, visit }) => {
  await context.clearCookies();
  await visit(page, "/sign-up");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.locator('[role="alert"], [aria-invalid="true"]').first().waitFor();
  assert.match(new URL(page.url()).pathname, /sign-up/);
});

scene("a key is refused with a reason and accepted when it is good", { keys: [] }, async ({ page, call, visit }) => {
  await visit(page, "/providers");
  await card(page).getByText("Connect", { exact: true }).click();
  await keyField(card(page)).fill("sk-wrong-key");
  await card(page).getByRole("button", { name: "Check and save" }).click();
  await page.waitForLoadState();
  await page.locator('[role="alert"], .field-note.trouble').filter({ hasText: /key/i }).first().waitFor();
  assert.deepEqual((await call("GET", "/api/providers/openai/keys")).keys, []);
  await visit(page, "/providers");
  await card(page).getByText("Connect", { exact: true }).click();
  await keyField(card(page)).fill(KEYS.openai);
  await card(page).getByRole("button", { name: "Check and save" }).click();
  await card(page).locator(".badge", { hasText: "Valid" }).waitFor();
  assert.ok(!(await page.content()).includes(KEYS.openai));
  assert.ok(!page.url().includes("sim-good"), "the key is not in the address");
});

scene("a key is switched off and removed", {}, async ({ page, visit }) => {
  await visit(page, "/providers");
  await card(page).getByRole("button", { name: "Switch off" }).click();
  await card(page).locator(".badge", { hasText: "Off" }).waitFor();
  await card(page).getByText("Remove", { exact: true }).click();
  await card(page).getByRole("button", { name: "Remove this key" }).click();
  await page.getByRole("heading", { name: "Connect your first provider" }).waitFor();
});

scene("a chat is read with its whole answer", {}, async ({ page, call, visit }) => {
  const id = await thread(call, { questions: ["# Tides\n\nThey **rise** and fall.\n\n```rust\nlet moon = 1;\n```"] });
  await visit(page, `/chat/${id}`);
  const prose = page.locator("article.answer .prose");
  await prose.getByRole("heading", { name: "Tides" }).waitFor();
  assert.equal(await prose.locator("strong").innerText(), "rise");
  assert.match(await prose.locator("pre").innerText(), /let moon = 1;/);
  await ui.usage(page).waitFor();
});

scene("a chat is begun and gone on with by plain forms", {}, async ({ page, visit }) => {
  await visit(page, "/chat?model=openai/sim-echo");
  assert.equal(await page.locator('select[name="choice"]').inputValue(), "openai/sim-echo");
  await ui.composer(page).fill("First by form");
  await ui.send(page).click();
  await page.waitForURL(/\/chat\/[^/?]+/);
  const reading = async (text) => {
    const said = page.locator("article.answer .prose", { hasText: text });
    await until(async () => (await said.count()) > 0, () => page.reload());
    await said.waitFor();
  };
  await reading("First by form");
  await ui.composer(page).fill("Second by form");
  await ui.send(page).click();
  await page.waitForLoadState();
  await reading("Second by form");
  assert.equal(await ui.questions(page).count(), 2);
});

scene("an answer that goes on can be stopped and read", {}, async ({ page, call, visit }) => {
  const id = await thread(call, { model: "sim-endless", questions: [] });
  await visit(page, `/chat/${id}`);
  await ui.composer(page).fill("Talk for ever");
  await ui.send(page).click();
  await page.getByRole("link", { name: "Reload to read on" }).waitFor();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await until(async () => (await page.getByText("Stopped by you.").count()) > 0, () => page.reload());
  await page.getByText("Stopped by you. The text so far is kept.").waitFor();
});

scene("an answer is asked for again", {}, async ({ page, call, visit }) => {
  const id = await thread(call, { questions: ["First", "Second"] });
  await visit(page, `/chat/${id}`);
  await ui.answers(page).last().hover();
  await page.getByRole("button", { name: "Answer again", exact: true }).last().click();
  await page.waitForLoadState();
  const second = page.locator("article.answer .sibling", { hasText: "2/2" });
  await until(async () => (await second.count()) > 0, () => page.reload());
  await second.waitFor();
  assert.match(new URL(page.url()).pathname, new RegExp(id));
  assert.equal(await ui.answers(page).count(), 2);
});

scene("a question is edited, and another model answers", {}, async ({ page, call, visit }) => {
  const id = await thread(call, { questions: ["Frist"] });
  await visit(page, `/chat/${id}`);
  await page.getByRole("button", { name: "Edit the message" }).click();
  await page.getByRole("textbox", { name: "Edit the message" }).fill("First");
  await page.getByRole("button", { name: "Save" }).click();
  await ui.questions(page).filter({ hasText: "First" }).locator(".sibling", { hasText: "2/2" }).waitFor();
  await page.getByRole("button", { name: "Answer again with another model" }).click();
  await page.getByLabel("Model").first().selectOption({ index: 1 });
  await page.getByRole("button", { name: "Answer again" }).click();
  await page.waitForURL(`**/chat/${id}`);
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  const second = page.locator("article.answer .sibling", { hasText: "2/2" });
  await until(async () => (await second.count()) > 0, () => page.reload());
  await second.waitFor();
});

scene("a chat is deleted from the sidebar", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  await thread(call, { title: "Short-lived", questions: [] });
  await visit(page, "/chat");
  await page.locator('summary[aria-label="More for Short-lived"]').click();
  await page.getByText("Delete…").click();
  await page.getByRole("button", { name: "Delete for good" }).click();
  await page.getByText("No chats yet.").waitFor();
  assert.deepEqual((await call("GET", "/api/threads")).threads, []);
});

scene("the colours are chosen by a button", {}, async ({ page, visit }) => {
  await visit(page, "/settings");
  await page.getByText("Dark", { exact: true }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator('html[data-theme="dark"]').waitFor({ state: "attached" });
});

scene("models are looked for, sorted and begun with", {}, async ({ page, visit }) => {
  await visit(page, "/models");
  await page.getByLabel("Search", { exact: true }).fill("gpt-5.4");
  await page.getByLabel("Provider", { exact: true }).selectOption("openai");
  await page.getByLabel("Order", { exact: true }).selectOption("writing");
  await page.getByLabel("Direction", { exact: true }).selectOption("desc");
  await page.getByLabel("Only what I can use").check();
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.waitForURL(/q=gpt-5\.4/);
  const names = await page.getByRole("rowheader").locator(".strong").allInnerTexts();
  assert.deepEqual(names, ["GPT-5.4", "GPT-5.4 mini", "GPT-5.4 nano"]);
  assert.equal(await page.getByLabel("Order", { exact: true }).inputValue(), "writing");
  await page.getByRole("link", { name: "Start a chat with GPT-5.4 nano" }).click();
  await page.waitForURL(/\/chat\?model=/);
  assert.equal(await page.locator('select[name="choice"]').inputValue(), "openai/gpt-5.4-nano");
});

scene("a model that cannot be used says why and leads to the key", { keys: [] }, async ({ page, visit }) => {
  await visit(page, "/models?q=claude-sonnet-5-5&provider=anthropic");
  await page.getByText("No key yet").waitFor();
  await page.getByRole("link", { name: "Add one for Anthropic" }).click();
  await page.waitForURL(/\/providers#anthropic$/);
});

scene("a chat whose model ends soon goes on with another one", {}, async ({ page, call, visit }) => {
  const id = await thread(call, { model: "gpt-4o", questions: ["How do tides work?"] });
  await visit(page, `/chat/${id}`);
  await page.getByRole("button", { name: /^Continue with GPT-5/ }).click();
  await page.waitForURL((url) => url.pathname.startsWith("/chat/") && !url.pathname.endsWith(id));
  await page.getByText("How do tides work?").first().waitFor();
});

scene("OpenRouter is connected without a key to paste", { keys: [] }, async ({ page, call, faults, visit }) => {
  const openrouter = page.getByRole("region", { name: "OpenRouter", exact: true });
  const connect = () => openrouter.getByRole("link", { name: "Connect OpenRouter" }).click();
  await visit(page, "/providers");
  await connect();
  await page.getByRole("link", { name: "Cancel" }).click();
  await page.waitForURL(/\/providers\?connect=denied/);
  await page.getByRole("alert").filter({ hasText: "access was not given" }).waitFor();
  await connect();
  await page.getByRole("link", { name: "Authorize", exact: true }).click();
  await page.waitForURL(/\/providers\?connect=done/);
  await page.getByRole("status").filter({ hasText: "OpenRouter is connected" }).waitFor();
  await openrouter.getByText("Connected", { exact: true }).first().waitFor();
  const { keys } = await call("GET", "/api/providers/openrouter/keys");
  assert.deepEqual(keys.map(({ status, label }) => [status, label]), [["valid", "Connected"]]);
  // The provider's own page is elsewhere; nothing else is.
  const elsewhere = faults.splice(0);
  assert.deepEqual(elsewhere.filter((fault) => !/^foreign: \S+\/openrouter\/auth\?/.test(fault)), []);
});

scene("a gateway key is not taken without a word on who pays", { keys: [] }, async ({ page, call, visit }) => {
  const gateway = page.getByRole("region", { name: "Vercel AI Gateway", exact: true });
  await visit(page, "/providers");
  await gateway.getByText("Connect", { exact: true }).click();
  await keyField(gateway).fill("vck_sim-good-browser");
  await gateway.getByRole("button", { name: "Check and save" }).click();
  assert.deepEqual((await call("GET", "/api/providers/ai-gateway/keys")).keys, [], "the form insists");
  await gateway.getByLabel("Who pays").selectOption("keys");
  await gateway.getByRole("button", { name: "Check and save" }).click();
  await gateway.getByText("Connected", { exact: true }).first().waitFor();
  assert.equal((await call("GET", "/api/providers/ai-gateway/keys")).keys.length, 1);
});
