// The release binary, started as a user would start it: the app in an empty data folder, the simulator beside it.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const BINARY = process.env.KEYLM_BINARY ?? fileURLToPath(new URL("../../target/release/keylm", import.meta.url));
/** Milliseconds that a process may take until it says where it listens. */
const START_MS = 20_000;

/** What the simulator takes as a working key. Anything that merely begins like this works too. */
export const KEYS = {
  openai: "sk-sim-good-e2e",
  anthropic: "sk-ant-sim-good-e2e",
  gemini: "AIza-sim-good-e2e",
  cohere: "co-sim-good-e2e",
  groq: "gsk_sim-good-e2e",
  mistral: "mist-sim-good-e2e",
  openrouter: "sk-or-v1-sim-good-e2e",
  xai: "xai-sim-good-e2e",
  azure: "azure-sim-good-e2e",
  ollama: "ollama-sim-good-e2e",
  bedrock: { accessKeyId: "AKIA-sim-good-e2e", secretAccessKey: "simulated-secret" },
};

/**
 * Starts `keylm ARGS` and waits for the line that says `announces http://…`.
 * `env` is added to an environment that holds none of the caller's own settings.
 * @returns {Promise<{url: string, log: () => string, stop: (signal?: string) => Promise<void>, exited: Promise<number|null>}>}
 */
export async function start(args, announces, env = {}) {
  const child = spawn(BINARY, args, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  const exited = new Promise((resolve, reject) => {
    child.once("exit", resolve);
    child.once("error", reject);
  });
  const stop = async (signal = "SIGTERM") => {
    child.kill(signal);
    await exited;
  };
  child.stderr.setEncoding("utf8").on("data", (text) => (log += text));
  const announced = new Promise((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      log += `${line}\n`;
      const url = new RegExp(`${announces} (http://[^\\s"]+)`).exec(line)?.[1];
      if (url) resolve(url);
    });
  });
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("no address was announced in time")), START_MS);
  });
  try {
    const gone = exited.then((code) => Promise.reject(new Error(`exited with ${code}`)));
    const url = await Promise.race([announced, late, gone]);
    return { url: url.replace(/\/$/, ""), log: () => log, stop, exited };
  } catch (error) {
    child.kill("SIGKILL");
    throw new Error(`keylm ${args.join(" ")}: ${error.message}\n${log}`);
  } finally {
    clearTimeout(timer);
  }
}

/** The simulator alone. */
export const startSimulator = () => start(["simulate", "--port", "0"], "simulator (?:on|listens on)");

/** The variables that send the app to a simulator, as it prints them. */
export async function places(simUrl) {
  const help = await (await fetch(simUrl)).text();
  return Object.fromEntries([...help.matchAll(/([A-Z_]+_URL)=(\S+)/g)].map(([, name, url]) => [name, url]));
}

/**
 * The app with the simulator behind every provider.
 * @param {{env?: Record<string, string>, dataDir?: string}} options `dataDir` is kept; without it a fresh one is made and removed.
 * @returns {Promise<{url: string, simUrl: string, dataDir: string, log: () => string, restart: (signal?: string) => Promise<void>, stop: () => Promise<void>}>}
 *   `restart` keeps the address and the data.
 */
export async function startApp({ env = {}, dataDir } = {}) {
  const folder = dataDir ?? (await mkdtemp(join(tmpdir(), "keylm-")));
  const simulator = await startSimulator();
  const origins = await places(simulator.url);
  const settings = (address) => ({
    KEYLM_ADDR: address,
    KEYLM_DATA_DIR: folder,
    KEYLM_ENV: "development",
    DRAIN_SECONDS: "1",
    RATE_LIMIT_PER_MINUTE: "6000",
    // What is asked beside the answers would be counted with them.
    AUTO_TITLES: "off",
    ...origins,
    ...env,
  });
  let app;
  try {
    app = await start(["serve"], "listening on", settings("127.0.0.1:0"));
  } catch (error) {
    await simulator.stop("SIGKILL");
    throw error;
  }
  return {
    url: app.url,
    simUrl: simulator.url,
    dataDir: folder,
    log: () => app.log(),
    async restart(signal = "SIGTERM") {
      await app.stop(signal);
      app = await start(["serve"], "listening on", settings(new URL(app.url).host));
    },
    async stop() {
      await Promise.all([app.stop(), simulator.stop("SIGKILL")]);
      if (!dataDir) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The events of a body of server-sent events, as they come. */
export async function* events(response) {
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const frames = (rest + text).split("\n\n");
    rest = frames.pop();
    for (const frame of frames) {
      const fields = frame.split("\n").map((line) => line.split(/: ?(.*)/s));
      const field = (name) => fields.find(([have]) => have === name)?.[1];
      if (field("data") !== undefined) {
        yield { event: field("event"), id: field("id"), data: JSON.parse(field("data")) };
      }
    }
  }
}

/**
 * A JSON call that keeps its session. `api("POST", "/api/threads", {…})` answers `{status, body}`; the body of a stream is
 * its {@link events}.
 */
export function client(url) {
  let cookie = "";
  return async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: { ...(body && { "content-type": "application/json" }), ...(cookie && { cookie }) },
      body: body && JSON.stringify(body),
    });
    const set = response.headers.getSetCookie().map((line) => line.split(";")[0]);
    if (set.length > 0) cookie = set.join("; ");
    const { status } = response;
    if (response.headers.get("content-type") === "text/event-stream") return { status, body: events(response) };
    const text = await response.text();
    return { status, body: text ? JSON.parse(text) : null };
  };
}
