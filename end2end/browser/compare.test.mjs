// One question to several models, with JavaScript and without.
import assert from "node:assert/strict";
import { answered, chats, openSidebar, say, stage, thread, ui } from "../support/scene.mjs";

const scene = stage();
const QUESTION = "How do tides work?";
const FACTS = ["Model", "Key", "Tokens read", "Tokens written", "Cost", "First word after", "In all"];
/** The answer of a model, by its id. */
const side = (page, model) => page.getByRole("region", { name: model, exact: true });
const titles = async (call, status) => (await call("GET", `/api/threads?status=${status}`)).threads.map(({ model }) => model).sort();

/** Asks these models. */
async function ask(page, models) {
  await page.getByLabel("Your question", { exact: true }).fill(QUESTION);
  for (const [nth, model] of models.entries()) await page.getByLabel(`Model ${nth + 1}`, { exact: true }).fill(model);
  await page.getByRole("button", { name: "Ask them all" }).click();
  await page.waitForURL(/\/compare\?t=/);
}

/** Waits until all have ended; without JavaScript by looking again. */
async function ended(page, count, javaScript) {
  const over = page.locator(".side-answer article.answer:not(.live) .foot");
  const late = Date.now() + 60_000;
  while (!javaScript && Date.now() < late && (await over.count()) < count) await page.reload();
  await over.nth(count - 1).waitFor();
  assert.equal(await over.count(), count);
}

for (const javaScript of [true, false]) {
  const named = (name) => (javaScript ? name : `without JavaScript ${name}`);

  scene(named("three models answer side by side, and the answer that is chosen goes on as a chat"), { javaScript }, async ({ page, call, phone, visit }) => {
    // Without JavaScript one that has a price and takes its time is left out.
    const models = ["sim-echo", "sim-short", javaScript ? "gpt-5.4-mini" : "sim-split"];
    await visit(page, "/compare");
    await ask(page, models.map((model) => `openai/${model}`));
    assert.deepEqual(await page.locator(".side-answer h2").allInnerTexts(), models, "in the order in which they were named");
    await ended(page, models.length, javaScript);
    assert.equal(await ui.questions(page).filter({ visible: true }).count(), 1, "what is asked is said once");
    assert.match(await side(page, "sim-echo").locator(".prose").innerText(), /^How do tides work\?/);
    assert.equal(await side(page, "sim-short").locator(".prose").innerText(), "Hello from the simulator.");
    assert.match(await side(page, models[2]).locator(".prose").innerText(), /^You asked: “How do tides work\?”|^Plain ASCII/);

    for (const model of models) {
      const facts = side(page, model).locator("details.facts");
      assert.match(await facts.locator("summary").innerText(), /\d+ in · \d+ out · .*first word .+ in all/);
      await facts.locator("summary").click();
      const told = await facts.locator("dl").innerText();
      for (const name of FACTS) assert.ok(told.includes(name), `${name} of ${model} in ${told}`);
      assert.ok(told.includes(`openai/${model}`));
    }
    if (javaScript) assert.match(await side(page, models[2]).locator("details.facts dl").innerText(), /Cost\s+\$0\.\d+/);

    if (!phone) await page.setViewportSize({ width: 1440, height: 900 });
    const boxes = await Promise.all(models.map((model) => side(page, model).boundingBox()));
    const apart = boxes.slice(1).map((box, nth) => (phone ? box.y >= boxes[nth].y + boxes[nth].height : box.x >= boxes[nth].x + boxes[nth].width));
    assert.deepEqual(apart, [true, true], phone ? "one below the other" : "one beside the other");

    assert.deepEqual(await titles(call, "active"), []);
    assert.deepEqual(await titles(call, "archived"), [...models].sort());
    await side(page, "sim-short").getByRole("button", { name: "Go on with this one" }).click();
    await page.waitForURL(/\/chat\/[^/?]+$/);
    await page.locator("article.answer .prose", { hasText: "Hello from the simulator." }).waitFor();
    assert.deepEqual(await titles(call, "active"), ["sim-short"]);
    assert.deepEqual(await titles(call, "archived"), ["sim-echo", models[2]].sort());
    if (!javaScript) return;
    await say(page, "And neap tides?", phone);
    await answered(page, 2);
    await openSidebar(page, phone);
    assert.equal(await chats(page).count(), 1, "the others stay in the archive");
  });

  scene(named("a model that fails and one without a key say so, and the others answer"), { javaScript }, async ({ page, visit }) => {
    await visit(page, "/compare");
    await ask(page, ["openai/sim-404", "openai/sim-echo", "anthropic/sim-short"]);
    await page.getByText("anthropic/sim-short could not be asked.").waitFor();
    await ended(page, 2, javaScript);
    assert.equal(await page.locator(".side-answer").count(), 2);
    await side(page, "sim-404").getByRole("group", { name: "What went wrong" }).waitFor();
    assert.match(await side(page, "sim-echo").locator(".prose").innerText(), /^How do tides work\?/);
    assert.equal(await side(page, "sim-echo").getByRole("group", { name: "What went wrong" }).count(), 0);
  });

  scene(named("a question that cannot be asked says why, and two models are enough"), { javaScript, devices: ["desktop"] }, async ({ page, visit }) => {
    await visit(page, "/compare");
    const [question, first, second] = [page.getByLabel("Your question", { exact: true }), page.getByLabel("Model 1", { exact: true }), page.getByLabel("Model 2", { exact: true })];
    await question.fill(QUESTION);
    await first.fill("openai/sim-short");
    await second.fill("openai/sim-short");
    await page.getByRole("button", { name: "Ask them all" }).click();
    await page.getByRole("alert").filter({ hasText: "Choose two to four different models." }).waitFor();
    // What was typed stays.
    if (javaScript) await page.waitForFunction((text) => document.getElementById("compare-text").value === text, QUESTION);
    await ask(page, ["openai/sim-short", "openai/sim-echo"]);
    await ended(page, 2, javaScript);
  });
}

scene("a refusal leaves question and models as they are, and the question stays for the next visit", {}, async ({ page, faults, phone, visit }) => {
  await visit(page, "/compare");
  const fields = ["Your question", "Model 1", "Model 2", "Model 3"].map((name) => page.getByLabel(name, { exact: true }));
  const typed = [QUESTION, "openai/sim-short", "openai/sim-echo", ""];
  const values = () => Promise.all(fields.map((field) => field.inputValue()));
  const refused = async (given, text) => {
    for (const [nth, field] of fields.entries()) await field.fill(given[nth]);
    await page.getByRole("button", { name: "Ask them all" }).click();
    await page.locator(".compare-form").getByText(text).waitFor();
    assert.deepEqual(await values(), given);
  };
  await refused([QUESTION, "openai/sim-short", "openai/sim-short", ""], "Choose two to four different models.");
  await page.route("**/fn/compare/*", (route) => route.fulfill({ status: 502, contentType: "text/html", body: "<h1>Bad Gateway</h1>" }));
  await refused(typed, "could not be read");
  assert.equal(await page.locator(".compare-form .notice").count(), 1, "the refusal before is gone");
  assert.match(faults.splice(0).join(), /^console: Failed to load resource: [^,]* 502 [^,]*$/);
  await page.unroute("**/fn/compare/*");
  for (const name of ["Settings", "Compare"]) {
    await openSidebar(page, phone);
    await page.locator("#side").getByRole("link", { name }).click();
    await page.getByRole("main").getByRole("heading", { level: 1, name }).waitFor();
  }
  assert.equal(await fields[0].inputValue(), QUESTION);
  await ask(page, typed.slice(1, 3));
  await ended(page, 2, true);
});

/** Lets this browser's streams all be taken, as by other tabs. */
const crowd = (page) =>
  page.evaluate(() =>
    Promise.all([0, 1, 2, 3].map((number) => new Promise((taken) => navigator.locks.request(`keylm-stream-${number}`, () => (taken(), new Promise(() => {})))))),
  );

for (const [what, how, fault] of [
  ["cannot be had", (page) => page.route("**/stream?view=html", (route) => route.fulfill({ status: 503, body: "" })), / 503 /],
  ["waits for those of other tabs", async (page) => crowd(await page.context().newPage().then(async (other) => (await other.goto("/offline"), other))), /^$/],
]) {
  scene(`an answer whose stream ${what} is looked at until it has ended`, { devices: ["desktop"] }, async ({ page, faults, visit }) => {
    await how(page);
    await page.clock.install();
    await visit(page, "/compare");
    await ask(page, ["openai/sim-echo", "openai/sim-slow"]);
    const over = page.locator(".side-answer article.answer:not(.live) .foot");
    const late = Date.now() + 60_000;
    while ((await over.count()) < 2 && Date.now() < late) await page.clock.runFor(1_000);
    assert.equal(await over.count(), 2);
    assert.match(await side(page, "sim-echo").locator(".prose").innerText(), /^How do tides work\?/);
    assert.ok(faults.splice(0).every((told) => fault.test(told)));
  });
}

scene("looking at older answers leaves the next question as it is", { devices: ["desktop"] }, async ({ page, visit }) => {
  await visit(page, "/compare");
  await ask(page, ["openai/sim-short", "openai/sim-echo"]);
  await ended(page, 2, true);
  const question = page.getByLabel("Your question", { exact: true });
  await page.getByRole("main").getByRole("link", { name: "Ask something else" }).click();
  await question.waitFor();
  assert.equal(await question.inputValue(), "", "what was taken is no draft");
  await question.fill("And what of the moon?");
  await page.goBack();
  await side(page, "sim-short").waitFor();
  await page.goForward();
  await question.waitFor();
  assert.equal(await question.inputValue(), "And what of the moon?");
});

scene("a slow press on what grows counts beside other answers, too", { devices: ["desktop"] }, async ({ page, visit }) => {
  await visit(page, "/compare");
  await page.getByLabel("Your question", { exact: true }).fill(`\`\`\`text\n${`${"one more word ".repeat(20)}\n`.repeat(20)}\`\`\``);
  for (const [nth, model] of ["sim-echo", "sim-short"].entries()) await page.getByLabel(`Model ${nth + 1}`, { exact: true }).fill(`openai/${model}`);
  await page.getByRole("button", { name: "Ask them all" }).click();
  // Between press and release the button is written anew, so there is no click.
  const point = (what) =>
    page.waitForFunction((what) => {
      const button = document.querySelector('article.answer.live [data-do="wrap"]');
      if (!button || window.held?.isConnected) return false;
      window.held = button;
      return button.dispatchEvent(new PointerEvent(what, { bubbles: true }));
    }, what);
  await point("pointerdown");
  await point("pointerup");
  await side(page, "sim-echo").getByRole("button", { name: "Unwrap" }).waitFor();
});

scene("a comparison that is opened again shows what was answered", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const ids = [await thread(call, { model: "sim-short" }), await thread(call, { model: "sim-echo" })];
  await visit(page, `/compare?t=${ids.join()}`);
  assert.equal(await side(page, "sim-short").locator(".prose").innerText(), "Hello from the simulator.");
  await visit(page, `/compare?t=${ids[0]},0190a5a0-0000-7000-8000-000000000000`);
  assert.equal(await ui.answers(page).count(), 1);
  await page.getByRole("alert").waitFor();
});
