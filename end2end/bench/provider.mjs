// A provider that speaks as the bench tells it: OpenAI's Chat Completions, in steps of so many tokens at such a rate.
import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** The one model. */
export const MODEL = "gpt-4o-mini";
const MODELS = { object: "list", data: [{ id: MODEL, object: "model", created: 1721172741, owned_by: "system" }] };
const HEAD = { id: "chatcmpl-bench", object: "chat.completion.chunk", created: 1721172741, model: MODEL };
/** What is said to a question that asks for no steps: a short paragraph at once. */
const SHORT = [{ tokens: 40 }];
/** Milliseconds between two writes. */
const TICK = 10;
const WORDS =
  "the quiet harbour lay under a thin fog and nobody moved until the first small boat came in with its lamp still lit".split(" ");

/** Token `n` of every answer: prose in paragraphs, a list and a block of code now and then. */
function token(n) {
  const [place, paragraph] = [n % 60, Math.floor(n / 60)];
  const word = WORDS[n % WORDS.length];
  if (place === 0) return `${n === 0 ? "" : "\n\n"}${paragraph % 5 === 3 ? "- " : ""}${word}`;
  if (paragraph % 8 === 6 && place === 30) return "\n\n```rust\nlet boat = harbour.next().await?;\n```\n\n";
  if (paragraph % 5 === 3 && place % 12 === 0) return `\n- **${word}**`;
  return place % 15 === 14 ? ` ${word}.` : ` ${word}`;
}

/** A question that is answered in steps. A step with `hold` begins when the provider emits `go`. */
export const ask = (...steps) => JSON.stringify({ steps });

/** How many tokens make an answer of at least so many characters. */
export function tokensOf(length) {
  let tokens = 0;
  for (let said = 0; said < length; tokens++) said += token(tokens).length;
  return tokens;
}

/**
 * The provider on a free port. It emits `step` with its index whenever one is over.
 * @returns {Promise<EventEmitter & {url: string, stop: () => void}>}
 */
export async function startProvider() {
  const provider = new EventEmitter();
  const server = createServer(async (request, response) => {
    if (request.method === "GET") {
      response.setHeader("content-type", "application/json").end(JSON.stringify(MODELS));
      return;
    }
    const body = JSON.parse(Buffer.concat(await request.toArray()));
    response.setHeader("content-type", "text/event-stream");
    try {
      await speak(provider, response, steps(body.messages.at(-1).content));
    } finally {
      response.end();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return Object.assign(provider, { url: `http://127.0.0.1:${server.address().port}/v1`, stop });
}

function steps(question) {
  const text = typeof question === "string" ? question : question.map((part) => part.text).join("");
  return text.startsWith('{"steps"') ? JSON.parse(text).steps : SHORT;
}

async function speak(provider, response, steps) {
  const send = (choices, usage = null) => response.write(`data: ${JSON.stringify({ ...HEAD, choices, usage })}\n\n`);
  const choice = (delta, finish_reason = null) => [{ index: 0, delta, finish_reason }];
  let said = 0;
  for (const [index, { tokens, rate, hold }] of steps.entries()) {
    if (hold) await once(provider, "go");
    const [start, before] = [performance.now(), said];
    while (said < before + tokens && !response.destroyed) {
      const due = rate ? Math.floor(((performance.now() - start) / 1000) * rate) : tokens;
      while (said < before + Math.min(due, tokens)) send(choice({ content: token(said++) }));
      if (rate) await sleep(TICK);
    }
    provider.emit("step", index);
  }
  send(choice({}, "stop"));
  send([], { prompt_tokens: 20, completion_tokens: said, total_tokens: 20 + said });
  response.write("data: [DONE]\n\n");
}
