//! Mistral.

use serde_json::{Map, Value, json};

use super::{
    chat::{Manner, Usage},
    compatible::{self, Compatible},
    openai::CREATED,
    provider::Provider,
    trouble::{Spelled, Trouble},
};

/// Mistral.
pub(super) static PROVIDER: Provider = Provider {
    name: "Mistral",
    places: &[("MISTRAL_BASE_URL", "/mistral/v1")],
    good: &["mist-sim-good"],
    routes: || API.routes(),
    spell,
    headers: |number| vec![("mistral-correlation-id", format!("sim-{number:06}"))],
    unknown: |_, _| Trouble::not_found("no Route matched with those values", None),
    filters_by_status: false,
    flood: 300_000,
};

static API: Compatible = Compatible {
    models: &[
        "mistral-large-4",
        "mistral-medium-latest",
        "mistral-medium-2508",
        "mistral-small-latest",
        "codestral-latest",
        "magistral-medium-latest",
    ],
    noise: &["mistral-embed", "mistral-ocr-latest"],
    row,
    ..Compatible::new(&MANNER, "/mistral/v1")
};

static MANNER: Manner = Manner {
    provider: &PROVIDER,
    fields: &[&[
        "model",
        "messages",
        "stream",
        "max_tokens",
        "temperature",
        "top_p",
        "stop",
        "random_seed",
        "safe_prompt",
        "tools",
        "tool_choice",
        "response_format",
        "reasoning_effort",
        "presence_penalty",
        "frequency_penalty",
        "n",
        "parallel_tool_calls",
        "prompt_mode",
        "prediction",
    ]],
    known: |model| API.known(model),
    check,
    system: &["system"],
    caps: &["max_tokens"],
    usage: Usage::WithFinish,
    reasoning: |piece| json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": piece}]}]}),
    extra: |_, _| {},
    routing: |_| None,
    before: "",
};

fn row(id: &str) -> Value {
    let chats = !id.contains("embed") && !id.contains("ocr");
    let aliases: &[&str] = match id {
        "mistral-medium-latest" => &["mistral-medium-2508"],
        "mistral-medium-2508" => &["mistral-medium-latest"],
        _ => &[],
    };
    json!({
        "id": id,
        "object": "model",
        "created": CREATED,
        "owned_by": "mistralai",
        "name": id,
        "description": "Played by the simulator.",
        "max_context_length": 262_144,
        "aliases": aliases,
        "deprecation": null,
        "default_model_temperature": 0.3,
        "type": "base",
        "capabilities": {
            "completion_chat": chats,
            "function_calling": chats,
            "reasoning": id.contains("medium") || id.contains("small"),
            "vision": chats,
            "completion_fim": id.starts_with("codestral"),
            "fine_tuning": false,
        },
    })
}

fn check(body: &Map<String, Value>, model: &str) -> Result<(), Trouble> {
    let effort = body.get("reasoning_effort").and_then(Value::as_str);
    let takes =
        (model.contains("medium") || model.contains("small")) && !model.contains("magistral");
    let good = effort.is_none_or(|effort| takes && ["none", "high"].contains(&effort));
    let hot = body.get("temperature").and_then(Value::as_f64) > Some(1.5);
    if good && !hot {
        Ok(())
    } else {
        Err(Trouble::bad(
            "Input should be less than or equal to 1.5, or none or high.",
        ))
    }
}

fn spell(trouble: &Trouble) -> Spelled {
    let mut headers = Vec::new();
    let (status, kind, code, message) = match trouble {
        Trouble::MissingKey | Trouble::InvalidKey(_) => {
            return Spelled {
                status: 401,
                headers,
                body: json!({"detail": "Unauthorized"}),
            };
        }
        Trouble::Echo(key) => {
            return Spelled {
                status: 401,
                headers,
                body: json!({"message": format!("Unauthorized: {key}"), "request_id": "sim"}),
            };
        }
        Trouble::Unscoped | Trouble::NoList => (
            403,
            "forbidden",
            "1800",
            "Your plan does not include this.".to_owned(),
        ),
        Trouble::RateLimited(after) => {
            headers = compatible::wait(*after);
            (
                429,
                "rate_limited",
                "1300",
                "Rate limit exceeded".to_owned(),
            )
        }
        Trouble::Quota => (
            402,
            "payment_required",
            "1801",
            "Payment required.".to_owned(),
        ),
        Trouble::Overloaded => (
            429,
            "service_tier_capacity_exceeded",
            "3505",
            "Service tier capacity exceeded for this model.".to_owned(),
        ),
        Trouble::Server => (
            500,
            "internal_server_error",
            "1000",
            "Internal server error".to_owned(),
        ),
        Trouble::BadModel(model) => (
            400,
            "invalid_model",
            "1500",
            format!("Invalid model: {model}"),
        ),
        Trouble::ContextLength => (
            400,
            "invalid_request_prompt",
            "3051",
            "Prompt has too many tokens: 300000 tokens, limit 262144.".to_owned(),
        ),
        Trouble::Filtered => (
            403,
            "content_filter",
            "1810",
            "The prompt was refused.".to_owned(),
        ),
        Trouble::Unsupported { message, .. } => {
            (400, "invalid_request_error", "3000", message.clone())
        }
        Trouble::Bad { message, .. } if message.starts_with("Unrecognized") => {
            let detail = json!([{"type": "extra_forbidden", "loc": ["body"], "msg": "Extra inputs are not permitted"}]);
            return Spelled {
                status: 422,
                headers,
                body: json!({"detail": detail}),
            };
        }
        Trouble::Bad {
            status, message, ..
        } => (*status, "invalid_request_error", "3000", message.clone()),
    };
    Spelled {
        status,
        headers,
        body: json!({"object": "error", "message": message, "type": kind, "param": null, "code": code}),
    }
}
