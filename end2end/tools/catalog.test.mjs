import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { diff, print, rows } from './catalog.mjs';

const FILE = new URL('../../src/server/catalog/models-dev.json', import.meta.url);

const PUBLISHED = {
  google: {
    models: {
      'gemini-9': {
        id: 'gemini-9', name: 'Gemini 9', release_date: '2026-11-01', reasoning: true, tool_call: true, structured_output: true,
        modalities: { input: ['text', 'image'], output: ['text'] }, limit: { context: 1000000, output: 65536 },
        cost: { input: 2, output: 12, cache_read: 0.2, context_over_200k: { input: 4, output: 18 } },
      },
      'veo-9': { id: 'veo-9', name: 'Veo 9', modalities: { input: ['text'], output: ['video'] }, limit: { context: 0, output: 0 } },
    },
  },
  'google-vertex': { models: { 'x@1': { id: 'x@1', name: 'X', limit: { context: 5, output: 0 }, cost: { input: 1 }, release_date: '2026' } } },
  'google-vertex-anthropic': { models: { 'x@1': { id: 'x@1', name: 'X', limit: { context: 5, output: 0 } } } },
  somebody: { models: { else: { id: 'else' } } },
};

test('models that write text become rows of our providers, each once, and what is not said is left out', () => {
  assert.deepEqual(rows(PUBLISHED), [
    {
      provider: 'gemini', id: 'gemini-9', name: 'Gemini 9', contextWindow: 1000000, maxOutput: 65536, input: 2, output: 12,
      cachedInput: 0.2, long: { above: 200000, input: 4, output: 18 }, released: '2026-11-01',
      can: ['vision', 'tools', 'json_schema', 'reasoning'],
    },
    { provider: 'vertex', id: 'x@1', name: 'X', contextWindow: 5, can: [] },
  ]);
});

test('a change is told by its fields', () => {
  const [gemini, vertex] = rows(PUBLISHED);
  assert.deepEqual(diff([gemini, vertex], [{ ...gemini, input: 3, status: 'beta' }, { ...vertex, id: 'y' }]), [
    '~ gemini/gemini-9: input 2 -> 3, status unknown -> "beta"',
    '+ vertex/y',
    '- vertex/x@1',
  ]);
  assert.deepEqual(diff([gemini], [gemini]), []);
});

test('the file in the repository is one that this tool wrote', () => {
  const text = readFileSync(FILE, 'utf8');
  const { snapshot, models } = JSON.parse(text);
  assert.equal(print(snapshot, models), text);
});
