// Signing up, in and out with JavaScript on.
import assert from "node:assert/strict";
import { PASSWORD, chats, freshEmail, stage, thread } from "../support/scene.mjs";

const scene = stage();

scene("the landing page leads to an account and from there to the first key", { member: false }, async ({ page, visit }) => {
  await visit(page, "/");
  await page.getByRole("link", { name: "Create an account" }).click();
  await page.getByRole("heading", { name: "Create your account" }).waitFor();
  await page.getByLabel("E-mail").fill(freshEmail());
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.waitForURL("**/chat");
  await page.getByRole("heading", { name: "Add your first key" }).waitFor();
  await page.getByRole("link", { name: "Add a key" }).click();
  await page.getByRole("heading", { name: "Connect your first provider" }).waitFor();
});

scene("a password that is too short is refused beside its field", { member: false }, async ({ page, visit }) => {
  const email = freshEmail();
  await visit(page, "/sign-up");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill("short");
  await page.getByRole("button", { name: "Create account" }).click();
  const field = page.locator('input[name="password"][aria-invalid="true"]');
  await field.waitFor();
  assert.match(await field.locator("xpath=../..").locator(".field-note").innerText(), /8 characters/);
  assert.equal(await page.getByLabel("E-mail").inputValue(), email, "what was typed stays");
});

scene("a wrong password is told without saying whether the address is known", {}, async ({ page, context, email, visit }) => {
  await context.clearCookies();
  const said = [];
  for (const address of [email, freshEmail()]) {
    await visit(page, "/sign-in");
    await page.getByLabel("E-mail").fill(address);
    await page.getByLabel("Password", { exact: true }).fill("not the password");
    await page.getByRole("button", { name: "Sign in" }).click();
    said.push(await page.getByRole("alert").innerText());
    assert.equal(await page.getByLabel("E-mail").inputValue(), address);
  }
  assert.equal(said[0], said[1]);
});

scene("signing out ends the session and signing in again brings everything back", {}, async ({ page, context, call, email, visit }) => {
  const id = await thread(call, { title: "Kept for later" });
  await visit(page, "/settings");
  const before = await context.cookies();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL((url) => ["/", "/sign-in"].includes(url.pathname));
  await context.clearCookies();
  await context.addCookies(before);
  await page.goto(`/chat/${id}`);
  await page.waitForURL(/\/sign-in\?next=/);
  await visit(page, `/sign-in?next=/chat/${id}`);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(`**/chat/${id}`);
  await page.locator("article.answer .prose", { hasText: "Hello" }).waitFor();
  assert.equal(await chats(page).filter({ hasText: "Kept for later" }).count().then((n) => n <= 1), true);
});

scene("an answer that is not the app's is said at the form, and what was typed stays", {}, async ({ page, context, email, faults, visit }) => {
  await context.clearCookies();
  await visit(page, "/sign-in");
  await page.route("**/fn/account/sign-in*", (route) => route.fulfill({ status: 502, contentType: "text/html", body: "<h1>Bad Gateway</h1>" }));
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("form").getByText("could not be read").waitFor();
  assert.equal(await page.getByLabel("E-mail").inputValue(), email);
  assert.equal(await page.getByLabel("Password", { exact: true }).inputValue(), PASSWORD);
  assert.match(faults.splice(0).join(), /^console: Failed to load resource: [^,]* 502 [^,]*$/);
  await page.unroute("**/fn/account/sign-in*");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/chat");
});

scene("a password can be shown and hidden again", { member: false }, async ({ page, visit }) => {
  await visit(page, "/sign-in");
  const field = page.getByLabel("Password", { exact: true });
  await field.fill("visible now");
  const eye = page.getByRole("button", { name: "Show what is typed" });
  await eye.click();
  assert.equal(await field.getAttribute("type"), "text");
  await eye.click();
  assert.equal(await field.getAttribute("type"), "password");
  assert.equal(await field.inputValue(), "visible now");
});

scene("the colours that were chosen are there on the next page before any script", { colorScheme: "light" }, async ({ page, visit }) => {
  await visit(page, "/settings");
  const ground = () => page.evaluate(() => getComputedStyle(document.body).color);
  const light = await ground();
  await page.getByText("Dark", { exact: true }).click();
  await page.locator('html[data-theme="dark"]').waitFor({ state: "attached" });
  assert.notEqual(await ground(), light);
  const response = await visit(page, "/chat");
  assert.match(await response.text(), /<html[^>]*data-theme="dark"/);
});

scene("an account is deleted only with its password", {}, async ({ page, context, visit }) => {
  await visit(page, "/settings");
  await page.getByText("Delete the account").click();
  await page.getByLabel("Your password").fill("not the password");
  await page.getByRole("button", { name: "Delete everything" }).click();
  await page.locator('[aria-invalid="true"], [role="alert"]').first().waitFor();
  await page.getByLabel("Your password").fill(PASSWORD);
  await page.getByRole("button", { name: "Delete everything" }).click();
  await page.waitForURL((url) => ["/", "/sign-in"].includes(url.pathname));
  assert.equal((await context.request.get("/api/auth/me")).status(), 401);
});
