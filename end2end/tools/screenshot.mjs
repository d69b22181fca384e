// Takes the README's picture from the running app: node tools/screenshot.mjs (needs `make build`).
import { fileURLToPath } from "node:url";
import { client, KEYS, startApp } from "../support/app.mjs";
import { launch } from "../support/browser.mjs";

const FILE = fileURLToPath(new URL("../../docs/screenshot.png", import.meta.url));
const ACCOUNT = { email: "ada@example.org", password: "a quiet harbour at dawn" };
const EARLIER = ["Plan a weekend in Lisbon", "Why does my future not move?", "Explain WAL mode like I am five"];

const app = await startApp();
const browser = await launch();
try {
  const call = client(app.url);
  await call("POST", "/api/auth/register", ACCOUNT);
  await call("POST", "/api/providers/openai/keys", { key: KEYS.openai });
  await call("POST", "/api/providers/anthropic/keys", { key: KEYS.anthropic });
  const thread = async (provider, model, content) => {
    const { body } = await call("POST", "/api/threads", { provider, model });
    const send = { content, clientRequestId: crypto.randomUUID(), stream: false };
    await call("POST", `/api/threads/${body.thread.id}/messages`, send);
    return body.thread.id;
  };
  for (const content of EARLIER) await thread("openai", "sim-short", content);
  const id = await thread("anthropic", "claude-sonnet-5-5", "Count the words of a text, in Rust");

  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: "light" });
  await page.goto(`${app.url}/sign-in?next=/chat/${id}`);
  await page.getByLabel("E-mail").fill(ACCOUNT.email);
  await page.getByLabel("Password", { exact: true }).fill(ACCOUNT.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("article.answer .code").first().scrollIntoViewIfNeeded();
  await page.mouse.move(0, 0);
  await page.screenshot({ path: FILE });
} finally {
  await browser.close();
  await app.stop();
}
