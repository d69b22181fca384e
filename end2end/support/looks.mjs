// How a page looks, compared with a picture of how it looked. Two machines never paint a letter alike, so letters are not what is
// compared: where there is something (the mean of each little square), and on what it stands (the flat colours of each tile).
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";

const KEPT = new URL("../browser/looks/", import.meta.url);
const FOUND = new URL("../test-results/", import.meta.url);
/** Whether the pictures are made anew. */
export const RENEW = process.env.LOOKS === "renew";
/** What the browser needs so that letters have the same widths everywhere, and edges of one colour. */
export const PLAIN_TEXT = ["--font-render-hinting=none", "--disable-lcd-text", "--force-color-profile=srgb"];
/** The fonts of the pictures. Every Debian has them; where they are missing, lines break elsewhere. */
const FONTS = { sans: "DejaVu Sans", mono: "DejaVu Sans Mono" };

/** How much may differ, as a part of all squares and of all tiles. */
const MOST = { squares: 0.001, tiles: 0.001 };

/** Gives a page the fonts of the pictures, hides what is another on each day or in each run but for its place, and adds `more`. */
export const dress = (page, passing, more = "") =>
  page.evaluate(
    ([fonts, passing, more]) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(`:root { --sans: "${fonts.sans}"; --mono: "${fonts.mono}" } :is(${passing}) { visibility: hidden !important } ${more}`);
      document.adoptedStyleSheets = [sheet];
    },
    [FONTS, passing, more],
  );

/** Whether this machine has the fonts: their letters have the widths that are written down in them. */
export const hasFonts = (page) =>
  page.evaluate((fonts) => {
    const context = document.createElement("canvas").getContext("2d");
    const width = (font) => ((context.font = `100px "${font}", serif`), Math.round(context.measureText("Wi").width));
    return width(fonts.sans) === 124 && width(fonts.mono) === 120;
  }, FONTS);

/** The page as a picture, a pixel for each of CSS. */
export const picture = (page) => page.screenshot({ scale: "css", animations: "disabled", caret: "hide" });

/** Runs in a page: what differs between two pictures, and where. */
async function differences(pictures) {
  const [SQUARE, TILE] = [8, 32];
  /** Differences of a mean, of 255, that letters of another machine make. */
  const SHADE = 24;
  /** A flat colour has this part of its tile at least, and keeps this part of its place. */
  const [FLAT, KEPT] = [0.25, 0.4];
  const [was, is] = await Promise.all(
    pictures.map(async (png) => {
      const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
      context.drawImage(bitmap, 0, 0);
      return context.getImageData(0, 0, bitmap.width, bitmap.height);
    }),
  );
  if (was.width !== is.width || was.height !== is.height) return { size: [was, is].map(({ width, height }) => `${width} × ${height}`) };

  const pixels = function* ({ data, width, height }, left, top, side) {
    for (let y = top; y < Math.min(top + side, height); y++) {
      for (let x = left; x < Math.min(left + side, width); x++) yield data.subarray((y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  };
  const mean = (image, left, top) => {
    const sum = [0, 0, 0];
    let count = 0;
    for (const pixel of pixels(image, left, top, SQUARE)) {
      count++;
      for (let i = 0; i < 3; i++) sum[i] += pixel[i];
    }
    return sum.map((one) => one / count);
  };
  const colours = (image, left, top) => {
    const found = new Map();
    let count = 0;
    for (const [r, g, b] of pixels(image, left, top, TILE)) {
      count++;
      const colour = (r << 16) | (g << 8) | b;
      found.set(colour, (found.get(colour) ?? 0) + 1);
    }
    return { found, count };
  };
  /** Whether a flat colour of the one tile is missing in the other. */
  const lacks = (one, other) =>
    [...one.found].some(([colour, times]) => times >= FLAT * one.count && (other.found.get(colour) ?? 0) < KEPT * times);

  const walk = (side, differs) => {
    const at = [];
    let all = 0;
    for (let top = 0; top < was.height; top += side) {
      for (let left = 0; left < was.width; left += side) {
        all++;
        if (differs(left, top)) at.push([left, top, side]);
      }
    }
    return { part: at.length / all, at };
  };
  const squares = walk(SQUARE, (left, top) => {
    const [one, other] = [mean(was, left, top), mean(is, left, top)];
    return one.some((value, i) => Math.abs(value - other[i]) > SHADE);
  });
  const tiles = walk(TILE, (left, top) => {
    const [one, other] = [colours(was, left, top), colours(is, left, top)];
    return lacks(one, other) || lacks(other, one);
  });
  return { squares, tiles };
}

/** In what two pictures differ more than two machines make them differ; nothing when they look the same. */
export async function unlike(page, was, is) {
  const bench = await page.context().browser().newPage();
  try {
    const { size, squares, tiles } = await bench.evaluate(differences, [was, is].map((png) => png.toString("base64")));
    if (size) return `it is ${size[1]} and not ${size[0]}`;
    if (process.env.LOOKS === "tell") console.log(squares.part, tiles.part);
    const told = ({ part, at }, name) => `${(part * 100).toFixed(2)} % of its ${name}, first at ${at.slice(0, 4).map(([x, y]) => `${x},${y}`).join(" ")}`;
    if (squares.part > MOST.squares) return `what is seen differs in ${told(squares, "squares")}`;
    if (tiles.part > MOST.tiles) return `the colours differ in ${told(tiles, "tiles")}`;
    return "";
  } finally {
    await bench.close();
  }
}

/** Compares the page with the picture that is kept of it, or keeps a new one. Gives what is to be said. */
export async function compared(page, name) {
  const is = await picture(page);
  const kept = new URL(`${name}.png`, KEPT);
  if (RENEW) {
    await mkdir(KEPT, { recursive: true });
    await writeFile(kept, is);
    return "";
  }
  const was = await readFile(kept).catch(() => assert.fail(`no picture is kept of ${name}: LOOKS=renew makes it`));
  const trouble = await unlike(page, was, is);
  if (!trouble) return "";
  await mkdir(FOUND, { recursive: true });
  await writeFile(new URL(`${name}.png`, FOUND), is);
  return `${name}: ${trouble}`;
}
