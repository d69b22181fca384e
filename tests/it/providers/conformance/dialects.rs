//! How each dialect spells what happens in an answer.

/// How a dialect spells what happens in an answer. Every string is whole frames.
pub(super) struct Dialect {
    pub(super) name: &'static str,
    pub(super) provider: &'static str,
    pub(super) model: &'static str,
    /// What comes before the first text.
    pub(super) open: &'static str,
    /// A piece of text, which stands where `@` is.
    pub(super) text: &'static str,
    /// A piece of reasoning, likewise.
    pub(super) reasoning: Spelled,
    /// A good end, without usage and terminator.
    pub(super) stop: &'static str,
    /// The output limit.
    pub(super) length: &'static str,
    /// A filter cut in.
    pub(super) filtered: Spelled,
    /// The model declines in its own words: a piece of text that stands where `@` is, and the end.
    pub(super) refusal: Spelled,
    /// 7 tokens read, 3 of them cached; 5 written, 2 of them reasoning. May carry the stop.
    pub(super) usage: &'static str,
    /// What ends the stream.
    pub(super) terminator: Spelled,
    /// The provider is overloaded.
    pub(super) error: &'static str,
    /// Things that are not known here.
    pub(super) unknown: &'static str,
}

pub(super) enum Spelled {
    Yes(&'static str),
    Skipped(&'static str),
}
use Spelled::{Skipped, Yes};

impl Spelled {
    /// The frames, or nothing when the dialect has no words for the case.
    pub(super) fn spelled(&self) -> Option<&'static str> {
        match self {
            Yes(frames) => Some(frames),
            Skipped(_) => None,
        }
    }
}

const CHAT: Dialect = Dialect {
    name: "OpenAI Chat Completions",
    provider: "openai",
    model: "gpt-4o",
    open: "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null},\"finish_reason\":null}],\"usage\":null}\n\n",
    text: "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"@\"},\"finish_reason\":null}],\"usage\":null}\n\n",
    reasoning: Yes(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"@\"},\"finish_reason\":null}]}\n\n",
    ),
    stop: "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n",
    length: "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n",
    filtered: Yes(
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\n",
    ),
    refusal: Yes(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"refusal\":\"@\"},\"finish_reason\":null}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    ),
    usage: "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5,\"total_tokens\":12,\"prompt_tokens_details\":{\"cached_tokens\":3},\"completion_tokens_details\":{\"reasoning_tokens\":2}}}\n\n",
    terminator: Yes("data: [DONE]\n\n"),
    error: "data: {\"error\":{\"message\":\"x\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n",
    unknown: "event: later\ndata: {\"object\":\"later\"}\n\ndata: {\"choices\":[]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"later\":1}}]}\n\n",
};

const RESPONSES: Dialect = Dialect {
    name: "OpenAI Responses",
    provider: "openai",
    model: "gpt-5-pro",
    open: "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"status\":\"in_progress\",\"usage\":null}}\n\n",
    text: "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"@\"}\n\n",
    reasoning: Yes(
        "data: {\"type\":\"response.reasoning_summary_text.delta\",\"summary_index\":0,\"delta\":\"@\"}\n\n",
    ),
    // The reason and the terminator are one event; `terminator` is the good one.
    stop: "",
    length: "data: {\"type\":\"response.incomplete\",\"response\":{\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"max_output_tokens\"}}}\n\n",
    filtered: Yes(
        "data: {\"type\":\"response.incomplete\",\"response\":{\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"content_filter\"}}}\n\n",
    ),
    refusal: Yes("data: {\"type\":\"response.refusal.delta\",\"delta\":\"@\"}\n\n"),
    usage: "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"usage\":{\"input_tokens\":7,\"input_tokens_details\":{\"cached_tokens\":3},\"output_tokens\":5,\"output_tokens_details\":{\"reasoning_tokens\":2},\"total_tokens\":12}}}\n\n",
    terminator: Yes(
        "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n",
    ),
    error: "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"x\",\"param\":null}\n\n",
    unknown: "event: later\ndata: {\"type\":\"later\"}\n\ndata: {\"type\":\"response.later\",\"delta\":\"x\"}\n\n",
};

const ANTHROPIC: Dialect = Dialect {
    name: "Anthropic Messages",
    provider: "anthropic",
    model: "claude-sonnet-5-5",
    open: "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"content\":[]}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
    text: "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"@\"}}\n\n",
    reasoning: Yes(
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"@\"}}\n\n",
    ),
    stop: "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n",
    length: "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"max_tokens\"}}\n\n",
    filtered: Yes(
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\"}}\n\n",
    ),
    refusal: Skipped("a refusal has no words, only a stop reason"),
    usage: "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"input_tokens\":3,\"cache_creation_input_tokens\":1,\"cache_read_input_tokens\":3,\"output_tokens\":5,\"output_tokens_details\":{\"thinking_tokens\":2}}}\n\n",
    terminator: Yes("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"),
    error: "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
    unknown: "event: ping\ndata: {\"type\":\"ping\"}\n\nevent: later\ndata: {\"type\":\"later\"}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":9,\"content_block\":{\"type\":\"later\"}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":9,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"x\"}}\n\n",
};

const GEMINI: Dialect = Dialect {
    name: "Gemini",
    provider: "gemini",
    model: "gemini-3.8-flash",
    open: "data: {\"candidates\":[{\"index\":0}],\"responseId\":\"x\"}\n\n",
    text: "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"@\"}],\"role\":\"model\"},\"index\":0}]}\n\n",
    reasoning: Yes(
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"@\",\"thought\":true}],\"role\":\"model\"},\"index\":0}]}\n\n",
    ),
    stop: "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}]},\"finishReason\":\"STOP\",\"index\":0}]}\n\n",
    length: "data: {\"candidates\":[{\"finishReason\":\"MAX_TOKENS\",\"index\":0}]}\n\n",
    filtered: Yes("data: {\"candidates\":[{\"finishReason\":\"SAFETY\",\"index\":0}]}\n\n"),
    refusal: Skipped("a refusal has no words, only a finish reason"),
    usage: "data: {\"candidates\":[{\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":7,\"cachedContentTokenCount\":3,\"candidatesTokenCount\":3,\"thoughtsTokenCount\":2,\"totalTokenCount\":12}}\n\n",
    terminator: Skipped("the answer ends with the connection, once a finish reason was said"),
    error: "data: {\"error\":{\"code\":503,\"message\":\"x\",\"status\":\"UNAVAILABLE\"}}\n\n",
    unknown: "event: later\ndata: {\"later\":1}\n\ndata: {\"candidates\":[]}\n\ndata: {\"candidates\":[{\"content\":{\"parts\":[{\"later\":1}]},\"index\":0}]}\n\n",
};

static XAI: Dialect = Dialect {
    name: "xAI Responses",
    provider: "xai",
    model: "grok-4.7",
    ..RESPONSES
};

static COHERE: Dialect = Dialect {
    name: "Cohere v2",
    provider: "cohere",
    model: "command-a-plus-05-2026",
    open: "event: message-start\ndata: {\"type\":\"message-start\",\"id\":\"x\",\"delta\":{\"message\":{\"role\":\"assistant\",\"content\":[]}}}\n\nevent: content-start\ndata: {\"type\":\"content-start\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"type\":\"text\",\"text\":\"\"}}}}\n\n",
    text: "event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"text\":\"@\"}}}}\n\n",
    reasoning: Yes(
        "event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"thinking\":\"@\"}}}}\n\n",
    ),
    // The reason and the terminator are one event; `terminator` is the good one.
    stop: "event: content-end\ndata: {\"type\":\"content-end\",\"index\":0}\n\n",
    length: "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"MAX_TOKENS\"}}\n\n",
    filtered: Yes(
        "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"ERROR_TOXIC\"}}\n\n",
    ),
    refusal: Skipped("a refusal has no words, only a finish reason"),
    usage: "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"COMPLETE\",\"usage\":{\"billed_units\":{\"input_tokens\":2,\"output_tokens\":5},\"tokens\":{\"input_tokens\":7,\"output_tokens\":5},\"cached_tokens\":3}}}\n\n",
    terminator: Yes(
        "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"COMPLETE\"}}\n\n",
    ),
    error: "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"ERROR\",\"error\":\"the model is overloaded\"}}\n\n",
    unknown: "event: later\ndata: {\"type\":\"later\"}\n\nevent: content-start\ndata: {\"type\":\"content-start\",\"index\":9,\"delta\":{\"message\":{\"content\":{\"type\":\"later\"}}}}\n\nevent: citation-start\ndata: {\"type\":\"citation-start\",\"index\":0,\"delta\":{\"message\":{\"citations\":{\"text\":\"x\"}}}}\n\n",
};

static GROQ: Dialect = Dialect {
    name: "Groq",
    provider: "groq",
    model: "openai/gpt-oss-120b",
    reasoning: Yes(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":\"@\",\"channel\":\"analysis\"},\"finish_reason\":null}]}\n\n",
    ),
    usage: "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5,\"total_tokens\":12,\"prompt_tokens_details\":{\"cached_tokens\":3},\"completion_tokens_details\":{\"reasoning_tokens\":2}}}\n\n",
    error: "data: {\"error\":{\"message\":\"x\",\"type\":\"internal_server_error\",\"code\":\"over_capacity\"}}\n\n",
    ..CHAT
};

static MISTRAL: Dialect = Dialect {
    name: "Mistral",
    provider: "mistral",
    model: "mistral-medium-latest",
    reasoning: Yes(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"@\"}]}]},\"finish_reason\":null}]}\n\n",
    ),
    length: "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"model_length\"}]}\n\n",
    usage: "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5,\"total_tokens\":12,\"prompt_tokens_details\":{\"cached_tokens\":3},\"completion_tokens_details\":{\"reasoning_tokens\":2}}}\n\n",
    terminator: Skipped("[DONE] may be missing behind a finish reason"),
    error: "data: {\"error\":{\"object\":\"error\",\"message\":\"x\",\"type\":\"service_tier_capacity_exceeded\",\"code\":\"3505\"}}\n\n",
    ..CHAT
};

static OPENROUTER: Dialect = Dialect {
    name: "OpenRouter",
    provider: "openrouter",
    model: "anthropic/claude-sonnet-5.5",
    open: ": OPENROUTER PROCESSING\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n",
    reasoning: Yes(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\",\"reasoning\":\"@\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"@\"}]},\"finish_reason\":null}]}\n\n",
    ),
    error: "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}],\"error\":{\"code\":\"server_error\",\"message\":\"x\"}}\n\n",
    ..CHAT
};

static AI_GATEWAY: Dialect = Dialect {
    name: "Vercel AI Gateway",
    provider: "ai-gateway",
    model: "openai/gpt-6.1-sol",
    reasoning: Yes(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":\"@\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"@\"}]},\"logprobs\":null,\"finish_reason\":null}]}\n\n",
    ),
    usage: "data: {\"choices\":[{\"index\":0,\"delta\":{\"provider_metadata\":{\"gateway\":{\"routing\":{\"modelAttempts\":[{\"providerAttempts\":[{\"provider\":\"openai\",\"credentialType\":\"byok\",\"success\":true}]}]}}}},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5,\"is_byok\":true,\"prompt_tokens_details\":{\"cached_tokens\":3},\"completion_tokens_details\":{\"reasoning_tokens\":2}}}\n\n",
    error: "data: {\"error\":{\"message\":\"x\",\"type\":\"internal_server_error\"},\"generationId\":\"gen_01\"}\n\n",
    ..CHAT
};

static AZURE_OPENAI: Dialect = Dialect {
    name: "Azure OpenAI",
    provider: "azure-openai",
    model: "my-deployment",
    open: "data: {\"choices\":[],\"created\":0,\"id\":\"\",\"model\":\"\",\"prompt_filter_results\":[{\"prompt_index\":0,\"content_filter_results\":{}}]}\n\n",
    unknown: "data: {\"choices\":[{\"index\":0,\"finish_reason\":null,\"content_filter_offsets\":{\"check_offset\":44}}]}\n\n",
    error: "data: {\"error\":{\"code\":\"503\",\"message\":\"x\"}}\n\n",
    ..CHAT
};

static OLLAMA: Dialect = Dialect {
    name: "Ollama",
    provider: "ollama",
    model: "llama4:8b",
    reasoning: Yes(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"reasoning\":\"@\"},\"finish_reason\":null}]}\n\n",
    ),
    error: "data: {\"error\":{\"message\":\"x\",\"type\":\"api_error\",\"param\":null,\"code\":null}}\n\n",
    ..CHAT
};

static VERTEX_GEMINI: Dialect = Dialect {
    name: "Gemini on Vertex AI",
    provider: "vertex",
    ..GEMINI
};

static VERTEX_CLAUDE: Dialect = Dialect {
    name: "Claude on Vertex AI",
    provider: "vertex",
    ..ANTHROPIC
};

/// In the notation of the others; it travels in binary frames.
static BEDROCK: Dialect = Dialect {
    name: "Bedrock Converse",
    provider: "bedrock",
    model: "amazon.nova-pro-v1:0",
    open: "event: messageStart\ndata: {\"role\":\"assistant\"}\n\n",
    text: "event: contentBlockDelta\ndata: {\"contentBlockIndex\":0,\"delta\":{\"text\":\"@\"},\"p\":\"abc\"}\n\n",
    reasoning: Yes(
        "event: contentBlockDelta\ndata: {\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":{\"text\":\"@\"}}}\n\n",
    ),
    stop: "event: contentBlockStop\ndata: {\"contentBlockIndex\":0}\n\nevent: messageStop\ndata: {\"stopReason\":\"end_turn\"}\n\n",
    length: "event: messageStop\ndata: {\"stopReason\":\"max_tokens\"}\n\n",
    filtered: Yes("event: messageStop\ndata: {\"stopReason\":\"content_filtered\"}\n\n"),
    refusal: Skipped("a refusal has no words, only a stop reason"),
    usage: "event: messageStop\ndata: {\"stopReason\":\"end_turn\"}\n\nevent: metadata\ndata: {\"usage\":{\"inputTokens\":3,\"cacheReadInputTokens\":3,\"cacheWriteInputTokens\":1,\"outputTokens\":5,\"totalTokens\":12}}\n\n",
    terminator: Yes("event: metadata\ndata: {\"metrics\":{\"latencyMs\":551}}\n\n"),
    error: "event: serviceUnavailableException\ndata: {\"message\":\"x\"}\n\n",
    unknown: "event: later\ndata: {\"later\":1}\n\nevent: contentBlockStart\ndata: {\"contentBlockIndex\":9,\"start\":{\"later\":{}}}\n\nevent: contentBlockDelta\ndata: {\"contentBlockIndex\":9,\"delta\":{\"later\":1}}\n\n",
};

static CUSTOM: Dialect = Dialect {
    name: "OpenAI-compatible server",
    provider: "custom",
    model: "local",
    stop: "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"eos\"}]}\n\n",
    usage: "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":7.0,\"completion_tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":3},\"completion_tokens_details\":{\"reasoning_tokens\":2}}}\n\n",
    terminator: Skipped("[DONE] may be missing behind a finish reason"),
    ..CHAT
};

/// All of them, one or more for each provider.
pub(super) static ALL: &[&Dialect] = &[
    &CHAT,
    &RESPONSES,
    &ANTHROPIC,
    &GEMINI,
    &XAI,
    &COHERE,
    &GROQ,
    &MISTRAL,
    &OPENROUTER,
    &AI_GATEWAY,
    &AZURE_OPENAI,
    &OLLAMA,
    &VERTEX_GEMINI,
    &VERTEX_CLAUDE,
    &BEDROCK,
    &CUSTOM,
];
