// Every page for everybody: axe in both themes on both devices, room for fingers, and no sideways scrolling down to 320 px.
import { assertAccessible, assertNoSidewaysScroll, assertTargets } from "../support/browser.mjs";
import { atOnce, openSidebar, stage, thread } from "../support/scene.mjs";

const scene = stage();
const RICH = [
  "# A heading\n\nSome **bold**, *slanted* and `code` with a [link](https://example.org/) in it.\n",
  "- one\n- two\n  1. nested\n\n> quoted words\n",
  "```rust\nfn main() {\n    // A comment, and a line that is much longer than a phone is wide, so it scrolls inside.\n    println!(\"{}\", 42);\n}\n```\n",
  "| column one | column two | column three | column four | column five |\n|---|---|---|---|---|\n",
  "| a | b | c | d | a-word-that-cannot-be-broken-anywhere-at-all |\n",
  "\nhttps://example.org/a/path/that/is/longer/than/any/phone/is/wide/and/has/no/blank/in/it/at/all\n",
].join("\n");
const failing = async (page) => {
  await page.getByRole("textbox", { name: "Message", exact: true }).fill("Hello");
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByRole("group", { name: "What went wrong" }).waitFor({ timeout: 60_000 });
};

/** What each page needs, where it is, and what to do there first. */
const PAGES = {
  "the landing page": { member: false, path: () => "/" },
  "signing in": { member: false, path: () => "/sign-in" },
  "signing up": { member: false, path: () => "/sign-up" },
  "a refused sign-in": {
    member: false,
    path: () => "/sign-in",
    act: async (page) => {
      await page.getByLabel("E-mail").fill("nobody@example.org");
      await page.getByLabel("Password", { exact: true }).fill("not the password");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("alert").waitFor();
    },
  },
  "a missing page": { member: false, path: () => "/nothing/here" },
  "the providers before the first key": {
    keys: [],
    path: () => "/providers",
    act: (page) => page.getByRole("region", { name: "OpenAI", exact: true }).getByText("Connect", { exact: true }).click(),
  },
  "the providers with a key": {
    path: () => "/providers",
    act: async (page) => {
      await page.getByText("Replace", { exact: true }).click();
      await page.getByText("Remove", { exact: true }).click();
    },
  },
  "a new chat without a key": { keys: [], path: () => "/chat" },
  "a new chat": { path: () => "/chat" },
  "a long chat": {
    path: async (call) => `/chat/${await thread(call, { ...atOnce(RICH.length), title: "A rather long title that must not push anything", questions: [RICH, RICH] })}`,
    act: async (page) => {
      await page.locator("article.answer pre").first().waitFor();
      await page.locator(".usage").last().click();
    },
  },
  "a question that is being edited": {
    path: async (call) => `/chat/${await thread(call)}`,
    act: (page) => page.getByRole("button", { name: "Edit the message" }).click(),
  },
  "a failed answer": {
    path: async (call) => `/chat/${await thread(call, { model: "sim-503", questions: [] })}`,
    act: failing,
  },
  "a missing chat": { path: () => "/chat/0190a5a0-0000-7000-8000-000000000000" },
  "the model picker": {
    path: () => "/chat",
    act: async (page) => {
      await page.locator(".picker-button").click();
      await page.locator("#picker-list .model").first().waitFor();
    },
  },
  "the chat's settings": {
    path: () => "/chat",
    act: async (page) => {
      await page.getByRole("button", { name: "Settings of this chat" }).click();
      await page.getByRole("heading", { name: "Chat settings" }).waitFor();
    },
  },
  "the open sidebar": {
    path: async (call) => (await thread(call, { title: "A chat" })) && "/chat",
    act: async (page, phone) => {
      await openSidebar(page, phone);
      await page.locator('summary[aria-label="More for A chat"]').click();
    },
  },
  "the list of commands": {
    path: async (call) => `/chat/${await thread(call)}`,
    act: async (page, phone) => {
      await openSidebar(page, phone);
      await page.getByRole("button", { name: "Commands" }).click();
      await page.getByRole("combobox").waitFor();
    },
  },
  "the archive": {
    path: async (call) => {
      const id = await thread(call, { title: "Put away", questions: [] });
      await call("PATCH", `/api/threads/${id}`, { status: "archived" });
      return "/archive";
    },
    act: (page) => page.getByText("Delete…").click(),
  },
  "a question to several models": { path: () => "/compare" },
  "the list of models": { path: () => "/models" },
  "the list of models without a key": { keys: [], path: () => "/models?q=claude-sonnet-5-5&sort=context&order=desc" },
  "a chat whose model ends soon": {
    path: async (call) => `/chat/${await thread(call, { model: "gpt-4o", questions: [] })}`,
    act: (page) => page.getByRole("note").waitFor(),
  },
  "the settings": { path: () => "/settings", act: (page) => page.getByText("Delete the account").click() },
};

for (const [name, { path, act, ...options }] of Object.entries(PAGES)) {
  // Without motion nothing is half transparent while axe measures contrast.
  scene(`${name} is accessible in both themes and fits 320 px`, { ...options, reducedMotion: true }, async ({ page, call, phone, visit }) => {
    await visit(page, await path(call));
    await act?.(page, phone);
    await assertAccessible(page);
    if (phone) await assertTargets(page);
    // In the dark nothing but the colours is another.
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    await assertAccessible(page, ["color-contrast"]);
    await assertNoSidewaysScroll(page);
    if (phone) await page.setViewportSize({ width: 320, height: 640 });
    await assertNoSidewaysScroll(page);
  });
}
