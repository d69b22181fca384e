// The browser's side of security: the content policy is real, and no answer runs, loads or sends anything.
import assert from "node:assert/strict";
import { alive, until } from "../support/browser.mjs";
import { answered, say, stage, thread } from "../support/scene.mjs";

const scene = stage();

scene("a script that the server did not put there is blocked, and the page still comes alive", {}, async ({ page, faults, visit }) => {
  await page.route("**/chat", async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace("</head>", "<script>window.injected = true</script></head>");
    await route.fulfill({ response, body });
  });
  await visit(page, "/chat");
  assert.equal(await page.evaluate(() => window.injected), undefined);
  await page.evaluate(() => {
    const holder = document.createElement("div");
    holder.innerHTML = '<img src="data:," onerror="window.injected = true">';
    document.body.append(holder);
  });
  const told = () => faults.filter((fault) => fault.startsWith("console: policy: script-src")).length;
  await until(() => told() >= 2, () => page.waitForTimeout(50));
  assert.equal(await page.evaluate(() => window.injected), undefined);
  assert.ok(told() >= 2, faults.join("\n"));
  faults.length = 0;
  await page.locator(".picker-button").click();
  await page.locator("#picker-list .model").first().waitFor();
});

scene("nothing can be fetched from another origin", { devices: ["desktop"] }, async ({ page, faults, visit }) => {
  await visit(page, "/");
  const fetched = await page.evaluate(() => fetch("https://example.org/").then(() => "yes", () => "no"));
  assert.equal(fetched, "no");
  // The browser's, and the event's.
  const complaints = () => new Set(faults.filter((fault) => fault.includes("connect-src")).map((fault) => fault.startsWith("console: policy:"))).size;
  await until(() => complaints() === 2, () => page.waitForTimeout(50));
  assert.equal(complaints(), 2, faults.join("\n"));
  faults.length = 0;
});

scene("each response has a nonce of its own", { devices: ["desktop"], member: false }, async ({ page, visit }) => {
  const nonces = [];
  for (let i = 0; i < 2; i++) {
    const response = await visit(page, "/");
    const policy = response.headers()["content-security-policy"];
    nonces.push(/script-src 'nonce-([^']{16,})'/.exec(policy)?.[1]);
    assert.ok((await response.text()).includes(`nonce="${nonces[i]}"`));
    assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval(?<!wasm-unsafe-eval)/);
  }
  assert.ok(nonces[0] && nonces[1] && nonces[0] !== nonces[1]);
});

scene("an answer full of attacks runs nothing, loads nothing and asks nothing", {}, async ({ page, call, phone, visit }) => {
  const id = await thread(call, { model: "sim-xss", questions: [] });
  await visit(page, `/chat/${id}`);
  await say(page, "Attack", phone);
  await answered(page);
  const harmless = async () => {
    assert.equal(await page.evaluate(() => window.__pwned), undefined);
    const found = await page.locator(".prose").evaluateAll((all) =>
      all.flatMap((prose) =>
        [...prose.querySelectorAll("*")].filter((element) => {
          const attributes = [...element.attributes];
          return (
            /^(script|iframe|object|embed|form|base|meta|link|style|svg|math)$/i.test(element.tagName) ||
            attributes.some(({ name, value }) => /^on|^style$/i.test(name) || /^\s*(javascript|vbscript):/i.test(value)) ||
            (element.tagName === "A" && !/\bnoopener\b/.test(element.rel)) ||
            (element.tagName === "IMG" && new URL(element.src).origin !== location.origin)
          );
        }).map((element) => element.outerHTML),
      ),
    );
    assert.deepEqual(found, []);
  };
  await harmless();
  await page.reload();
  await alive(page);
  await harmless();
});

scene("every page loads from its own origin only and without a complaint", {}, async ({ page, call, visit }) => {
  const id = await thread(call);
  for (const path of ["/chat", `/chat/${id}`, "/providers", "/models?q=gpt", "/settings", "/nothing/here"]) {
    await visit(page, path);
    await page.waitForLoadState("networkidle");
  }
});
