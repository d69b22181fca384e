// What each provider is asked, written down from its documentation, by hand: nothing here is taken from the adapters.
//
// A provider has
// - `base`: where the simulator plays it,
// - `given(kind)`: a key as a person gives it; `kind` is what the simulator makes of it: good, wrong, unscoped, broke,
// - `lets(kind)`: the headers that let that key in,
// - `accepts(kind)`: the requests that a new key causes, in order,
// - `answers`: what a question becomes for a model,
// - `bare(text)`: the body of a question to `sim-endless` where nobody set anything.

/** Tokens of an answer at the most. Enough for what the simulator's models think, and then some. */
const CAP = 120;
/** The settings of every thread here. */
export const SETTINGS = { temperature: 0.5, topP: 0.9, maxTokens: CAP, reasoningEffort: "low" };
export const SYSTEM = "Be brief. « é漢🎈 »";

const secret = (prefix) => (kind) => `${prefix}${kind === "wrong" ? "wrong" : `sim-${kind}`}-0123456789`;
const bearer = (key) => ({ authorization: `Bearer ${key}` });

const get = (path, headers, query = "") => ({
  method: "GET",
  path,
  query,
  headers: { accept: "application/json", ...headers },
  body: "",
});
const post = (path, headers, body, query = "") => ({
  method: "POST",
  path,
  query,
  headers: { accept: "text/event-stream", "content-type": "application/json", ...headers },
  body,
});

// --- the dialects ---

/** Chat Completions. `more` is what a provider or a model has beside the rest. */
const chat = (model, turns, more, system = "system") => ({
  model,
  messages: [{ role: system, content: SYSTEM }, ...turns.map(({ role, text }) => ({ role, content: text }))],
  stream: true,
  ...more,
});
const sampling = { temperature: 0.5, top_p: 0.9 };
const counted = { stream_options: { include_usage: true } };

/** Responses: nothing is kept by the provider, and the whole history is sent. */
const responses = (model, turns, more) => ({
  model,
  instructions: SYSTEM,
  input: turns.map(({ role, text }) => ({ role, content: text })),
  stream: true,
  store: false,
  max_output_tokens: CAP,
  ...more,
});

const messages = (turns, more) => ({
  max_tokens: CAP,
  system: SYSTEM,
  messages: turns.map(({ role, text }) => ({ role, content: text })),
  stream: true,
  ...more,
});
const adaptive = { thinking: { type: "adaptive", display: "summarized" } };

const gemini = (turns, thinkingConfig) => ({
  systemInstruction: { parts: [{ text: SYSTEM }] },
  contents: turns.map(({ role, text }) => ({ role: role === "assistant" ? "model" : "user", parts: [{ text }] })),
  generationConfig: { temperature: 0.5, topP: 0.9, maxOutputTokens: CAP, thinkingConfig },
});

const converse = (turns, more) => ({
  system: [{ text: SYSTEM }],
  messages: turns.map(({ role, text }) => ({ role, content: [{ text }] })),
  ...more,
});

const bareChat = (more) => (text) => ({
  model: "sim-endless",
  messages: [{ role: "user", content: text }],
  stream: true,
  ...more,
});
const bareGemini = (more) => (text) => ({ contents: [{ role: "user", parts: [{ text }] }], ...more });

/** A provider that speaks Chat Completions and takes a bearer. */
function imitator(base, prefix, { list = ["/models"], path = "/chat/completions", asks = {}, ...more }, models) {
  const lets = (kind) => bearer(secret(prefix)(kind));
  const answers = Object.entries(models).map(([model, fields]) => ({
    model,
    request: (kind, turns) => post(base + path, lets(kind), chat(model, turns, { ...asks, ...fields })),
  }));
  return {
    base,
    given: (kind) => ({ key: secret(prefix)(kind) }),
    lets,
    accepts: (kind) => list.map((path) => get(base + path, lets(kind))),
    answers,
    bare: bareChat(asks),
    ...more,
  };
}

// --- the providers ---

const openai = (base) => {
  const lets = (kind) => bearer(secret("sk-")(kind));
  return {
    base,
    given: (kind) => ({ key: secret("sk-")(kind) }),
    lets,
    accepts: (kind) => [get(`${base}/models`, lets(kind))],
    answers: [
      {
        model: "gpt-4o",
        request: (kind, turns) =>
          post(
            `${base}/chat/completions`,
            lets(kind),
            chat("gpt-4o", turns, { ...counted, ...sampling, max_completion_tokens: CAP }),
          ),
      },
      {
        // Who reasons takes neither temperature nor top_p, and its system text is the developer's.
        model: "gpt-5.4-mini",
        request: (kind, turns) =>
          post(
            `${base}/chat/completions`,
            lets(kind),
            chat("gpt-5.4-mini", turns, { ...counted, max_completion_tokens: CAP, reasoning_effort: "low" }, "developer"),
          ),
      },
      {
        model: "gpt-5-pro",
        request: (kind, turns) =>
          post(
            `${base}/responses`,
            lets(kind),
            responses("gpt-5-pro", turns, { reasoning: { effort: "high", summary: "auto" } }),
          ),
      },
    ],
    bare: bareChat(counted),
  };
};

const ANTHROPIC = {
  base: "/anthropic",
  given: (kind) => ({ key: secret("sk-ant-")(kind) }),
  lets: (kind) => ({ "x-api-key": secret("sk-ant-")(kind), "anthropic-version": "2023-06-01" }),
  accepts: (kind) => [get("/anthropic/v1/models", ANTHROPIC.lets(kind), "limit=1000")],
  answers: [
    {
      // Takes no sampling parameters, and always thinks.
      model: "claude-sonnet-5-5",
      request: (kind, turns) =>
        post(
          "/anthropic/v1/messages",
          ANTHROPIC.lets(kind),
          messages(turns, { model: "claude-sonnet-5-5", ...adaptive, output_config: { effort: "low" } }),
        ),
    },
    {
      // Takes no effort; a budget of 1024 tokens, the least, is more than the answer may have.
      model: "claude-haiku-4-5",
      request: (kind, turns) =>
        post(
          "/anthropic/v1/messages",
          ANTHROPIC.lets(kind),
          messages(turns, { model: "claude-haiku-4-5", temperature: 0.5 }),
        ),
    },
  ],
  // The limit is required; 32 000 is ours.
  bare: bareChat({ max_tokens: 32_000 }),
};

const GEMINI = {
  base: "/gemini",
  given: (kind) => ({ key: secret("AIza-")(kind) }),
  lets: (kind) => ({ "x-goog-api-key": secret("AIza-")(kind) }),
  accepts: (kind) => [get("/gemini/v1beta/models", GEMINI.lets(kind), "pageSize=1000")],
  answers: [
    ["gemini-3.8-flash", { includeThoughts: true, thinkingLevel: "low" }],
    ["gemini-2.5-flash", { includeThoughts: true, thinkingBudget: 2048 }],
  ].map(([model, thinking]) => ({
    model,
    request: (kind, turns) =>
      post(
        `/gemini/v1beta/models/${model}:streamGenerateContent`,
        GEMINI.lets(kind),
        gemini(turns, thinking),
        "alt=sse",
      ),
  })),
  // The simulator's list says of this model that it thinks.
  bare: bareGemini({ generationConfig: { thinkingConfig: { includeThoughts: true } } }),
};

const XAI = {
  base: "/xai/v1",
  given: (kind) => ({ key: secret("xai-")(kind) }),
  lets: (kind) => bearer(secret("xai-")(kind)),
  accepts: (kind) => [get("/xai/v1/api-key", XAI.lets(kind)), get("/xai/v1/language-models", XAI.lets(kind))],
  answers: [
    ["grok-4.7", { reasoning: { effort: "low", summary: "auto" } }],
    ["grok-4.20-0309-non-reasoning", {}],
  ].map(([model, more]) => ({
    model,
    request: (kind, turns) =>
      post("/xai/v1/responses", XAI.lets(kind), responses(model, turns, { ...sampling, ...more })),
  })),
  bare: (text) => ({
    model: "sim-endless",
    input: [{ role: "user", content: text }],
    stream: true,
    store: false,
  }),
};

const COHERE = {
  base: "/cohere",
  given: (kind) => ({ key: secret("co-")(kind) }),
  lets: (kind) => bearer(secret("co-")(kind)),
  accepts: (kind) => [
    { ...get("/cohere/v1/check-api-key", COHERE.lets(kind)), method: "POST" },
    get("/cohere/v1/models", COHERE.lets(kind), "endpoint=chat&page_size=1000"),
  ],
  answers: [
    ["command-a-plus-05-2026", { thinking: { type: "enabled", token_budget: 2048 } }],
    ["command-a-03-2025", {}],
  ].map(([model, more]) => ({
    model,
    request: (kind, turns) =>
      post(
        "/cohere/v2/chat",
        COHERE.lets(kind),
        chat(model, turns, { max_tokens: CAP, temperature: 0.5, p: 0.9, ...more }),
      ),
  })),
  bare: bareChat({}),
};

const AZURE = {
  base: "/azure/openai",
  given: (kind) => ({ credentials: { resourceName: "my-resource", key: secret("azure-")(kind) } }),
  lets: (kind) => ({ "api-key": secret("azure-")(kind) }),
  accepts: (kind) => [get("/azure/openai/deployments", AZURE.lets(kind), "api-version=2023-03-15-preview")],
  answers: [
    {
      // A deployment of a model that reasons, under a name of its owner's.
      model: "team-sol",
      request: (kind, turns) =>
        post(
          "/azure/openai/v1/chat/completions",
          AZURE.lets(kind),
          chat("team-sol", turns, { ...counted, max_completion_tokens: CAP, reasoning_effort: "low" }, "developer"),
        ),
    },
    {
      model: "gpt-4o",
      request: (kind, turns) =>
        post(
          "/azure/openai/v1/chat/completions",
          AZURE.lets(kind),
          chat("gpt-4o", turns, { ...counted, ...sampling, max_completion_tokens: CAP }),
        ),
    },
  ],
  bare: bareChat(counted),
};

const MODELS = "/vertex/v1/projects/simulated-project/locations/europe-west4/publishers";

const VERTEX = {
  base: "/vertex",
  /** The account's key is the simulator's to give; see `prepare`. */
  accounts: {},
  async prepare(simUrl) {
    for (const kind of ["good", "unscoped", "broke"]) {
      const answer = await fetch(`${simUrl}/vertex/service-account?name=sim-${kind}`);
      VERTEX.accounts[kind] = await answer.json();
    }
    VERTEX.accounts.wrong = { ...VERTEX.accounts.good, client_email: "wrong@simulated.iam.gserviceaccount.com" };
  },
  given: (kind) => ({
    credentials: { location: "europe-west4", serviceAccount: JSON.stringify(VERTEX.accounts[kind]) },
  }),
  lets: (kind) => bearer(`ya29.sim-${kind}`),
  /** The body is looked at by a test of its own. */
  token: {
    method: "POST",
    path: "/vertex/token",
    query: "",
    headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
  },
  accepts: (kind) => [
    VERTEX.token,
    {
      ...post(`${MODELS}/google/models/gemini-2.5-flash:countTokens`, VERTEX.lets(kind), {
        contents: [{ role: "user", parts: [{ text: "Hi" }] }],
      }),
      headers: { accept: "application/json", "content-type": "application/json", ...VERTEX.lets(kind) },
    },
    get("/vertex/v1beta1/publishers/google/models", VERTEX.lets(kind), "pageSize=1000"),
  ],
  answers: [
    {
      model: "gemini-3.8-flash",
      request: (kind, turns) =>
        post(
          `${MODELS}/google/models/gemini-3.8-flash:streamGenerateContent`,
          VERTEX.lets(kind),
          gemini(turns, { includeThoughts: true, thinkingLevel: "low" }),
          "alt=sse",
        ),
    },
    {
      // Anthropic's body without the model, which is in the address, and with the version, which is in no header.
      model: "claude-sonnet-5-5",
      request: (kind, turns) =>
        post(
          `${MODELS}/anthropic/models/claude-sonnet-5-5:streamRawPredict`,
          VERTEX.lets(kind),
          messages(turns, {
            anthropic_version: "vertex-2023-10-16",
            ...adaptive,
            output_config: { effort: "low" },
          }),
        ),
    },
  ],
  bare: bareGemini({}),
};

const BEDROCK = {
  base: "/bedrock",
  given: (kind) => ({ credentials: { region: "eu-central-1", apiKey: secret("ABSK-")(kind) } }),
  lets: (kind) => bearer(secret("ABSK-")(kind)),
  accepts: (kind) => [
    get("/bedrock/control/foundation-models", BEDROCK.lets(kind), "byOutputModality=TEXT"),
    // The simulator gives two profiles to a page.
    ...["", "&nextToken=2"].map((page) =>
      get("/bedrock/control/inference-profiles", BEDROCK.lets(kind), `maxResults=1000&type=SYSTEM_DEFINED${page}`),
    ),
  ],
  answers: [
    {
      model: "amazon.nova-pro-v1:0",
      path: "amazon.nova-pro-v1%3A0",
      more: { inferenceConfig: { maxTokens: CAP, temperature: 0.5, topP: 0.9 } },
    },
    {
      // Called through a profile; what Claude takes has its place beside the rest.
      model: "us.anthropic.claude-sonnet-5-5",
      path: "us.anthropic.claude-sonnet-5-5",
      more: {
        inferenceConfig: { maxTokens: CAP },
        additionalModelRequestFields: adaptive,
        outputConfig: { effort: "low" },
      },
    },
  ].map(({ model, path, more }) => ({
    model,
    request: (kind, turns) =>
      post(
        `/bedrock/runtime/model/${path}/converse-stream`,
        { ...BEDROCK.lets(kind), accept: "application/vnd.amazon.eventstream" },
        converse(turns, more),
      ),
  })),
  bare: (text) => ({ messages: [{ role: "user", content: [{ text }] }] }),
};

const CUSTOM = imitator(
  "/v1",
  "sk-",
  {
    asks: counted,
    given: (kind, simUrl) => ({ credentials: { baseUrl: `${simUrl}/v1`, key: secret("sk-")(kind) } }),
  },
  { "gpt-4.1": { ...sampling, max_tokens: CAP } },
);

/** Every provider of `GET /api/providers`. */
export const PROVIDERS = {
  openai: openai("/openai/v1"),
  anthropic: ANTHROPIC,
  gemini: GEMINI,
  groq: imitator("/groq/openai/v1", "gsk_", {}, {
    "openai/gpt-oss-120b": { ...sampling, max_completion_tokens: CAP, reasoning_effort: "low" },
    "qwen/qwen3.8-27b": {
      ...sampling,
      max_completion_tokens: CAP,
      reasoning_effort: "default",
      reasoning_format: "parsed",
    },
  }),
  xai: XAI,
  mistral: imitator("/mistral/v1", "mist-", {}, {
    "mistral-medium-latest": { ...sampling, max_tokens: CAP, reasoning_effort: "high" },
    "mistral-large-4": { ...sampling, max_tokens: CAP },
  }),
  cohere: COHERE,
  openrouter: imitator("/openrouter/api/v1", "sk-or-v1-", { list: ["/key", "/models/user"] }, {
    "anthropic/claude-sonnet-5.5": { ...sampling, max_tokens: CAP, reasoning: { effort: "low" } },
  }),
  "ai-gateway": imitator(
    "/ai-gateway/v1",
    "vck_",
    {
      list: ["/credits", "/models"],
      asks: counted,
      given: (kind) => ({ credentials: { key: secret("vck_")(kind), pays: "credits" } }),
    },
    { "openai/gpt-6.1-sol": { ...sampling, max_tokens: CAP, reasoning: { effort: "low" } } },
  ),
  "azure-openai": AZURE,
  ollama: imitator("/ollama", "ollama-", { list: ["/v1/models"], path: "/v1/chat/completions", asks: counted }, {
    "llama4:8b": { ...sampling, max_tokens: CAP },
  }),
  vertex: VERTEX,
  bedrock: BEDROCK,
  custom: CUSTOM,
};
