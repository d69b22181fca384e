//! Groq.

use http::Method;
use serde_json::{Value, json};

use super::{
    chat::{Manner, Usage},
    compatible::{self, Compatible},
    keys::masked,
    openai,
    provider::Provider,
    trouble::{Spelled, Trouble},
};

/// Groq.
pub(super) static PROVIDER: Provider = Provider {
    name: "Groq",
    places: &[("GROQ_BASE_URL", "/groq/openai/v1")],
    good: &["gsk_sim-good"],
    routes: || API.routes(),
    spell,
    headers: |number| vec![("x-request-id", format!("req_01sim{number:06}"))],
    unknown: |method: &Method, path| {
        let message =
            format!("Unknown request URL: {method} {path}. Please check the URL for typos");
        Trouble::not_found(message, Some("unknown_url"))
    },
    filters_by_status: false,
    flood: 260_000,
};

static API: Compatible = Compatible {
    models: &[
        "openai/gpt-oss-120b",
        "openai/gpt-oss-20b",
        "qwen/qwen3.8-27b",
        "groq/compound",
    ],
    noise: &[
        "whisper-large-v3-turbo",
        "canopylabs/orpheus-tts",
        "openai/gpt-oss-guard-20b",
    ],
    row,
    ..Compatible::new(&MANNER, "/groq/openai/v1")
};

static MANNER: Manner = Manner {
    provider: &PROVIDER,
    fields: &[FIELDS],
    known: |model| API.known(model),
    check,
    system: &["system"],
    caps: &["max_completion_tokens", "max_tokens"],
    usage: Usage::WithFinish,
    reasoning: |piece| json!({"reasoning": piece, "channel": "analysis"}),
    extra: |chunk, last| {
        let x_groq = json!({"id": "req_01sim"});
        chunk.insert("x_groq".into(), x_groq);
        if let Some(usage) = chunk.get("usage").filter(|_| last).cloned() {
            chunk.insert("x_groq".into(), json!({"id": "req_01sim", "usage": usage}));
        }
    },
    routing: |_| None,
    before: "",
};

const FIELDS: &[&str] = &[
    "model",
    "messages",
    "stream",
    "max_completion_tokens",
    "max_tokens",
    "temperature",
    "top_p",
    "stop",
    "seed",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "reasoning_effort",
    "reasoning_format",
    "include_reasoning",
    "service_tier",
    "stream_options",
    "user",
];

fn row(id: &str) -> Value {
    json!({
        "id": id,
        "object": "model",
        "created": openai::CREATED,
        "owned_by": "simulator",
        "active": true,
        "context_window": 131_072,
        "max_completion_tokens": 65_536,
        "public_apps": null,
    })
}

fn check(body: &serde_json::Map<String, Value>, model: &str) -> Result<(), Trouble> {
    let efforts: &[&str] = match model {
        _ if model.contains("gpt-oss") => &["low", "medium", "high"],
        _ if model.contains("qwen") => &["none", "default"],
        _ => &[],
    };
    let effort = body.get("reasoning_effort").and_then(Value::as_str);
    let wrong = effort.is_some_and(|effort| !efforts.contains(&effort));
    if wrong {
        return Err(Trouble::bad(format!(
            "`reasoning_effort` must be one of {efforts:?}"
        )));
    }
    if model.contains("gpt-oss") && body.contains_key("reasoning_format") {
        return Err(Trouble::bad(
            "reasoning_format is not supported with this model",
        ));
    }
    Ok(())
}

fn spell(trouble: &Trouble) -> Spelled {
    const INVALID: &str = "invalid_request_error";
    let mut headers = Vec::new();
    let (status, kind, code, message) = match trouble {
        Trouble::MissingKey | Trouble::InvalidKey(_) => (
            401,
            INVALID,
            Some("invalid_api_key"),
            "Invalid API Key".to_owned(),
        ),
        Trouble::Echo(key) => (
            401,
            INVALID,
            Some("invalid_api_key"),
            format!("Invalid API Key {key} ({})", masked(key)),
        ),
        Trouble::Unscoped | Trouble::NoList => {
            (403, "permissions_error", None, "Forbidden".to_owned())
        }
        Trouble::RateLimited(after) => {
            headers = compatible::wait(*after);
            (
                429,
                "requests",
                Some("rate_limit_exceeded"),
                "Rate limit reached for model in organization on requests per minute (RPM): Limit 30, Used 30."
                    .to_owned(),
            )
        }
        Trouble::Quota => (
            402,
            "billing_error",
            Some("spend_limit_reached"),
            "Your organization has reached its spend limit.".to_owned(),
        ),
        Trouble::Overloaded => (
            503,
            "internal_server_error",
            Some("over_capacity"),
            "The model is over capacity. Please try again later.".to_owned(),
        ),
        Trouble::Server => (
            500,
            "internal_server_error",
            None,
            "Internal Server Error".to_owned(),
        ),
        Trouble::BadModel(model) => (
            404,
            INVALID,
            Some("model_not_found"),
            format!("The model `{model}` does not exist or you do not have access to it."),
        ),
        Trouble::ContextLength => (
            400,
            INVALID,
            Some("context_length_exceeded"),
            "Please reduce the length of the messages or completion.".to_owned(),
        ),
        _ => return openai::spell(trouble),
    };
    Spelled {
        status,
        headers,
        body: json!({"error": {"message": message, "type": kind, "code": code}}),
    }
}
