//! Ollama, which wants no key; a proxy in front of it may.

use serde_json::{Map, Value, json};

use super::{
    chat::{COMMON_FIELDS, Manner, Usage},
    compatible::{self, Compatible},
    provider::Provider,
    trouble::{Spelled, Trouble},
};

/// Ollama.
pub(super) static PROVIDER: Provider = Provider {
    name: "Ollama",
    places: &[("OLLAMA_BASE_URL", "/ollama")],
    good: &["ollama-sim-good"],
    routes: || API.routes(),
    spell,
    headers: |_| vec![],
    unknown: |_, _| Trouble::not_found("404 page not found", None),
    filters_by_status: false,
    flood: 290_000,
};

static API: Compatible = Compatible {
    list: "/v1/models",
    chat: &["/v1/chat/completions"],
    models: &["llama4:8b", "qwen3.8:4b", "gemma4:12b"],
    keyless: true,
    ..Compatible::new(&MANNER, "/ollama")
};

static MANNER: Manner = Manner {
    provider: &PROVIDER,
    fields: &[COMMON_FIELDS],
    known: |model| API.known(model),
    check,
    system: &["system"],
    caps: &["max_tokens"],
    usage: Usage::OnRequest,
    reasoning: |piece| json!({"reasoning": piece}),
    extra: |chunk, _| {
        chunk.insert("system_fingerprint".into(), "fp_ollama".into());
    },
    routing: |_| None,
    before: "",
};

fn check(body: &Map<String, Value>, model: &str) -> Result<(), Trouble> {
    if body.contains_key("reasoning_effort") && !model.starts_with("qwen") {
        return Err(Trouble::bad(format!(
            "\"{model}\" does not support thinking"
        )));
    }
    Ok(())
}

fn spell(trouble: &Trouble) -> Spelled {
    const INVALID: &str = "invalid_request_error";
    let mut headers = Vec::new();
    let (status, kind, message) = match trouble {
        Trouble::MissingKey | Trouble::InvalidKey(_) => {
            (401, "authentication_error", "unauthorized".to_owned())
        }
        Trouble::Echo(key) => (401, "authentication_error", format!("unauthorized: {key}")),
        Trouble::Unscoped | Trouble::NoList => (403, "permission_error", "forbidden".to_owned()),
        Trouble::RateLimited(after) => {
            headers = compatible::wait(*after);
            (429, "rate_limit_error", "too many requests".to_owned())
        }
        Trouble::Quota => (
            402,
            "billing_error",
            "a subscription is required".to_owned(),
        ),
        Trouble::Overloaded => (503, "api_error", "server busy, please try again".to_owned()),
        Trouble::Server => (
            500,
            "api_error",
            "llama runner process has terminated".to_owned(),
        ),
        Trouble::BadModel(model) => (404, "not_found_error", format!("model '{model}' not found")),
        Trouble::ContextLength => (
            400,
            INVALID,
            "the prompt exceeds the available context size".to_owned(),
        ),
        Trouble::Filtered => (400, "content_filter", "refused".to_owned()),
        Trouble::Unsupported { message, .. } => (400, INVALID, message.clone()),
        Trouble::Bad {
            status, message, ..
        } => (*status, INVALID, message.clone()),
    };
    let code = Value::Null;
    Spelled {
        status,
        headers,
        body: json!({"error": {"message": message, "type": kind, "param": null, "code": code}}),
    }
}
