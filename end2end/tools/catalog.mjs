// catalog: renews src/server/catalog/models-dev.json from models.dev's published JSON, and prints what changed.
//
//   node end2end/tools/catalog.mjs [URL or FILE]
import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';

const TARGET = new URL('../../src/server/catalog/models-dev.json', import.meta.url);
const SOURCE = 'https://models.dev/api.json';

/** Our provider ids by those of models.dev. */
const PROVIDERS = {
  openai: 'openai', anthropic: 'anthropic', google: 'gemini', groq: 'groq', xai: 'xai', mistral: 'mistral', cohere: 'cohere',
  openrouter: 'openrouter', vercel: 'ai-gateway', azure: 'azure-openai', 'amazon-bedrock': 'bedrock', 'google-vertex': 'vertex',
  'google-vertex-anthropic': 'vertex',
};

/** One of models.dev's models as a row of ours; what it does not say is left out. */
function row(provider, model) {
  const cost = model.cost ?? {};
  const long = cost.context_over_200k;
  const can = [
    [model.modalities?.input?.includes('image'), 'vision'],
    [model.tool_call, 'tools'],
    [model.structured_output, 'json_schema'],
    [model.reasoning, 'reasoning'],
  ];
  const told = {
    provider,
    id: model.id,
    name: model.name ?? model.id,
    contextWindow: model.limit?.context || undefined,
    maxOutput: model.limit?.output || undefined,
    // A price of one side only is no price.
    ...(cost.input != null && cost.output != null && { input: cost.input, output: cost.output }),
    cachedInput: cost.cache_read || undefined,
    cacheWrite: cost.cache_write || undefined,
    ...(long?.input != null && long?.output != null && { long: { above: 200_000, input: long.input, output: long.output } }),
    released: /^\d{4}-\d{2}-\d{2}$/.test(model.release_date ?? '') ? model.release_date : undefined,
    status: model.status,
    can: can.filter(([yes]) => yes).map(([, name]) => name),
  };
  return JSON.parse(JSON.stringify(told));
}

/** The rows of models.dev's `api.json`, sorted, each once. */
export function rows(published) {
  const found = new Map();
  for (const [theirs, ours] of Object.entries(PROVIDERS)) {
    for (const [id, model] of Object.entries(published[theirs]?.models ?? {})) {
      const text = model.modalities?.output ?? ['text'];
      if (text.includes('text')) found.set(`${ours}/${id}`, row(ours, { ...model, id: model.id ?? id }));
    }
  }
  const key = (model) => [model.provider, model.id];
  const order = (a, b) => (a < b ? -1 : Number(a > b));
  return [...found.values()].sort((a, b) => order(key(a)[0], key(b)[0]) || order(key(a)[1], key(b)[1]));
}

/** The file's text: one model a line, so that a change of it can be read. */
export function print(snapshot, models) {
  const head = `{\n"snapshot":${JSON.stringify(snapshot)},\n"source":"models.dev (MIT)",\n"models":[\n`;
  return `${head}${models.map((model) => JSON.stringify(model)).join(',\n')}\n]\n}\n`;
}

/** What changed, a line each. */
export function diff(before, after) {
  const index = (models) => new Map(models.map((model) => [`${model.provider}/${model.id}`, model]));
  const [old, now] = [index(before), index(after)];
  const lines = [];
  for (const [id, model] of now) {
    if (!old.has(id)) lines.push(`+ ${id}`);
    else {
      const was = old.get(id);
      const fields = [...new Set([...Object.keys(was), ...Object.keys(model)])];
      const changed = fields.filter((field) => JSON.stringify(was[field]) !== JSON.stringify(model[field]));
      const say = (field) => `${field} ${JSON.stringify(was[field]) ?? 'unknown'} -> ${JSON.stringify(model[field]) ?? 'unknown'}`;
      if (changed.length) lines.push(`~ ${id}: ${changed.map(say).join(', ')}`);
    }
  }
  for (const id of old.keys()) if (!now.has(id)) lines.push(`- ${id}`);
  return lines;
}

async function published(source) {
  if (!/^https?:/.test(source)) return JSON.parse(await readFile(source, 'utf8'));
  const response = await fetch(source);
  if (!response.ok) throw new Error(`${source} answers ${response.status}`);
  return response.json();
}

async function main() {
  const source = process.argv[2] ?? SOURCE;
  const before = JSON.parse(await readFile(TARGET, 'utf8')).models;
  const after = rows(await published(source));
  // A file of another shape must not empty the catalog.
  if (after.length < before.length / 2) {
    throw new Error(`${source} has ${after.length} models where there were ${before.length}; nothing was changed`);
  }
  const lines = diff(before, after);
  for (const line of lines) console.log(line);
  if (lines.length) await writeFile(TARGET, print(new Date().toISOString().slice(0, 10), after));
  console.log(lines.length ? `${lines.length} changes. Read them, run make test, commit.` : 'Nothing has changed.');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  main().catch((error) => {
    console.error(`catalog: ${error.message}${error.cause ? ` (${error.cause.message})` : ''}`);
    process.exit(1);
  });
}
