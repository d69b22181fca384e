// One question to several models, with JavaScript and without.
import assert from "node:assert/strict";
import { painted } from "../support/browser.mjs";
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
  await painted(page);
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
    if (!phone) await page.waitForFunction(() => innerWidth === 1440);
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
    await chats(page).first().waitFor();
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
    await painted(page);
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

/** What a model has said so far has more than `least` characters. */
const grown = (page, model, least) => side(page, model).locator(".prose").filter({ hasText: new RegExp(`^[\\s\\S]{${least},}`) }).waitFor();

scene("each answer is stopped by itself, and Escape stops all that go on", {}, async ({ page, phone, visit }) => {
  const models = ["sim-endless", "sim-long", "sim-stall"];
  const stop = (model) => side(page, model).getByRole("button", { name: "Stop the answer" });
  const stopped = (model) => side(page, model).getByText("Stopped by you.");
  await visit(page, "/compare");
  await ask(page, models.map((model) => `openai/${model}`));
  for (const model of models) await grown(page, model, 20);
  if (phone) await stop("sim-long").tap();
  else await stop("sim-long").press("Enter");
  await stopped("sim-long").waitFor();
  assert.ok(await stop("sim-long").isHidden());
  const focused = () => page.evaluate(() => document.activeElement.innerText);
  if (!phone) assert.equal(await focused(), "Go on with this one", "the keyboard is not lost");
  assert.equal(await page.locator("article.answer.live").count(), 2, "the others go on");
  await page.keyboard.press("Escape");
  for (const model of models) await stopped(model).waitFor();
  assert.equal(await page.getByRole("button", { name: "Stop the answer" }).count(), 0);
});

scene("without a word for ten seconds an answer beside others is asked for again", { devices: ["desktop"] }, async ({ page, visit }) => {
  await page.clock.install();
  await visit(page, "/compare");
  await ask(page, ["openai/sim-nofirst", "openai/sim-short"]);
  const live = side(page, "sim-nofirst").locator("article.answer.live");
  await live.waitFor();
  await page.clock.runFor(11_000);
  const first = await live.getAttribute("id");
  await live.getByRole("button", { name: "Try again" }).click();
  await page.waitForFunction((first) => !document.getElementById(first) && document.querySelector("article.answer.live"), first);
  await side(page, "sim-nofirst").getByRole("button", { name: "Stop the answer" }).click();
  await side(page, "sim-nofirst").getByText("Stopped by you.").waitFor();
});

for (const javaScript of [true, false]) {
  const named = (name) => (javaScript ? name : `without JavaScript ${name}`);

  scene(named("what went wrong beside other answers is mended there, each button as it says"), { javaScript, devices: ["desktop"] }, async ({ page, call, visit }) => {
    const ids = [
      await thread(call, { model: "sim-404" }),
      await thread(call, { model: "sim-short" }),
      await thread(call, { model: "sim-strict", settings: { temperature: 0.5 } }),
    ];
    const path = `/compare?t=${ids.join()}`;
    const card = (model) => side(page, model).getByRole("group", { name: "What went wrong" });
    await visit(page, path);
    const before = await ui.answers(page).first().getAttribute("id");
    await card("sim-404").getByRole("button", { name: "Try again", exact: true }).click();
    await page.waitForFunction((before) => !document.getElementById(before), before);
    assert.equal(new URL(page.url()).searchParams.get("t"), ids.join(), "it is still beside the others");
    await ended(page, 3, javaScript);

    await card("sim-404").getByRole("button", { name: "Pick another model" }).click();
    await page.waitForURL(/\/otherwise\?/);
    await page.getByRole("button", { name: "Answer again" }).waitFor();
    await visit(page, path);
    await card("sim-404").getByRole("button", { name: "Continue with the nearest model" }).click();
    await page.waitForURL(/\/chat\/[^/?]+$/);
    if (!javaScript) return;
    await visit(page, path);
    await card("sim-strict").getByRole("link", { name: "Open the settings" }).click();
    await page.waitForURL(new RegExp(`/chat/${ids[2]}`));
    await page.getByRole("dialog").getByText("Temperature", { exact: true }).waitFor();
  });
}

scene("an answer that is refused beside others says so there", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const ids = [await thread(call, { model: "sim-503" }), await thread(call, { model: "sim-short" })];
  await visit(page, `/compare?t=${ids.join()}`);
  const error = { code: "rate_limited", message: "Wait a moment.", requestId: "", retryable: true, retryAfterMs: null, details: null };
  await page.route("**/fn/messages/retry", (route) => route.fulfill({ status: 429, contentType: "application/json", body: JSON.stringify(error) }), { times: 1 });
  const again = side(page, "sim-503").getByRole("button", { name: "Try again", exact: true });
  await again.click();
  await side(page, "sim-503").getByRole("alert").filter({ hasText: "Wait a moment." }).waitFor();
  assert.equal(await side(page, "sim-short").getByRole("alert").count(), 0);
  await again.click();
  await side(page, "sim-503").getByRole("alert").waitFor({ state: "detached" });
});
