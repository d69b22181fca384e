// Keeps the built files, and the chats that were read last, for when there is no network. Nothing of /api, no page of keys
// and no settings are ever kept, and all chats are forgotten when anybody signs in or out.

const FILES = "keylm-files-1";
const CHATS = "keylm-chats-1";
/** Chats that are kept at the most. */
const MOST_CHATS = 30;
/** Built files that are kept at the most: those of a few versions, which kept chats may need. */
const MOST_FILES = 24;

/** A file that never changes under its name. */
const HASHED = /^\/pkg\/[\w.-]+\.[\w-]{22}\.(?:js|wasm|css)$/;
const CHAT = /^\/chat\/[\w-]+$/;
/** Who signs in or out, or leaves. */
const SESSION = /^\/(?:fn\/account\/(?:sign-in|sign-up|sign-out|delete)|api\/auth\/)/;
/** Pages that only somebody who is not signed in is shown. */
const DOORS = ["/", "/sign-in", "/sign-up"];
const OFFLINE = "/offline";
const ICON = "/favicon.svg";

/** Grows when chats are forgotten, so that what was on its way then is not kept. */
let era = 0;

/** @param {Cache} cache @param {string|Request} what Pages and files vary by nothing that matters here. */
const find = (cache, what) => cache.match(what, { ignoreVary: true, ignoreSearch: true });

async function trim(cache, most) {
  const keys = (await cache.keys()).filter(({ url }) => ![OFFLINE, ICON].includes(new URL(url).pathname));
  await Promise.all(keys.slice(0, Math.max(0, keys.length - most)).map((key) => cache.delete(key, { ignoreVary: true })));
}

async function forget() {
  era += 1;
  await caches.delete(CHATS);
}

async function file(request) {
  const files = await caches.open(FILES);
  const kept = await find(files, request);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) {
    await files.put(request, response.clone());
    await trim(files, MOST_FILES);
  }
  return response;
}

/** Loads a chat as it is now and keeps it, with the files that it needs. */
async function keep(path) {
  const now = era;
  const response = await fetch(path, { headers: { accept: "text/html" } });
  if (!response.ok || response.redirected) return;
  const html = await response.clone().text();
  const chats = await caches.open(CHATS);
  await chats.delete(path, { ignoreVary: true });
  await chats.put(path, response);
  if (now !== era) {
    await caches.delete(CHATS);
    return;
  }
  await trim(chats, MOST_CHATS);
  // It has the language and the colours that are chosen now.
  await keepOffline();
  await keepFiles(html);
}

/** Keeps the page that lists the kept chats. */
async function keepOffline() {
  const response = await fetch(OFFLINE);
  if (!response.ok) return;
  const html = await response.clone().text();
  await (await caches.open(FILES)).put(OFFLINE, response);
  await keepFiles(html);
}

/** Keeps the built files that a page names. */
async function keepFiles(html) {
  const files = await caches.open(FILES);
  for (const [name] of html.matchAll(/\/pkg\/[\w.-]+/g)) {
    if (HASHED.test(name) && !(await find(files, name))) await files.add(name);
  }
  await trim(files, MOST_FILES);
}

/** A kept page that says that it is one. */
async function kept(response, change) {
  const headers = new Headers(response.headers);
  headers.delete("content-encoding");
  headers.delete("content-length");
  const html = change(await response.text());
  return new Response(html.replace("<html", "<html data-offline"), { headers });
}

async function list(chats) {
  const items = [];
  for (const key of (await chats.keys()).reverse()) {
    const response = await chats.match(key, { ignoreVary: true });
    const title = /<title>(.*?)<\/title>/s.exec(await response.text())?.[1] ?? "";
    const { pathname } = new URL(key.url);
    items.push(`<li><a href="${pathname}">${title.replace(/ · KeyLM$/, "")}</a></li>`);
  }
  const page = await find(await caches.open(FILES), OFFLINE);
  if (!page) return Response.error();
  return kept(page, (html) => html.replace("<!-- chats -->", () => items.join("")));
}

async function page(event, path) {
  try {
    const response = await fetch(event.request);
    // Whoever is led away from a chat, or is shown a door, is not signed in any more.
    const away = CHAT.test(path) ? response.type === "opaqueredirect" : DOORS.includes(path) && response.ok;
    if (away) event.waitUntil(forget());
    return response;
  } catch {
    const chats = await caches.open(CHATS);
    const found = CHAT.test(path) && (await find(chats, path));
    return found ? kept(found, (html) => html) : list(chats);
  }
}

addEventListener("install", (event) => {
  const icon = caches.open(FILES).then((files) => files.add(ICON));
  event.waitUntil(Promise.all([icon, keepOffline()]).then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  const old = caches.keys().then((names) =>
    Promise.all(names.filter((name) => ![FILES, CHATS].includes(name)).map((name) => caches.delete(name))),
  );
  event.waitUntil(old.then(() => clients.claim()));
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.method !== "GET") {
    if (SESSION.test(pathname)) event.waitUntil(forget());
  } else if (HASHED.test(pathname)) {
    event.respondWith(file(request));
  } else if (request.mode === "navigate" && !/^\/(?:api|docs)(?:\/|$)/.test(pathname)) {
    event.respondWith(page(event, pathname));
  } else if (pathname === ICON) {
    event.respondWith(fetch(request).catch(async () => (await find(await caches.open(FILES), ICON)) ?? Response.error()));
  }
});

// A page says which chat it shows, once that is whole and as the server has it.
addEventListener("message", (event) => {
  if (typeof event.data === "string" && CHAT.test(event.data)) event.waitUntil(keep(event.data).catch(() => {}));
});
