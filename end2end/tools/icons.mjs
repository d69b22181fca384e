// Draws the icons of the installed app from public/favicon.svg: node end2end/tools/icons.mjs
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { launch } from "../support/browser.mjs";

const folder = (name) => fileURLToPath(new URL(`../../public/${name}`, import.meta.url));
const round = await readFile(folder("favicon.svg"), "utf8");
// Systems cut their own shape out of these, so the colour goes to the edge; the drawing is within the safe zone already.
const full = round.replace(/ rx="8"/, "");

const browser = await launch();
for (const [name, svg, size] of [
  ["icon-192.png", round, 192],
  ["icon-512.png", round, 512],
  ["icon-maskable-192.png", full, 192],
  ["icon-maskable-512.png", full, 512],
  ["apple-touch-icon.png", full, 180],
]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const sized = svg.replace("<svg ", `<svg width="${size}" height="${size}" `);
  await page.setContent(`<body style="margin:0">${sized.replace("<svg ", '<svg style="display:block" ')}</body>`);
  await writeFile(folder(name), await page.screenshot({ omitBackground: true }));
  await page.close();
}
await browser.close();
