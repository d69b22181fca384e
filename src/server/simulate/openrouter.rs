//! OpenRouter.

use std::sync::{Arc, PoisonError};

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use super::{
    Shared,
    chat::{Manner, Usage},
    compatible::{self, Compatible},
    openai::{self, CREATED},
    provider::Provider,
    routes::{Sim, conclude, json_of},
    trouble::{Deny, Spelled, Trouble},
};

/// OpenRouter.
pub(super) static PROVIDER: Provider = Provider {
    name: "OpenRouter",
    places: &[("OPENROUTER_BASE_URL", "/openrouter/api/v1")],
    good: &["sk-or-v1-sim-good"],
    routes: || API.routes().merge(connect()),
    spell,
    headers: |number| vec![("x-generation-id", format!("gen-sim{number:06}"))],
    unknown: |_, _| Trouble::not_found("Not Found", None),
    filters_by_status: true,
    flood: 250_000,
};

static API: Compatible = Compatible {
    list: "/models/user",
    models: &[
        "anthropic/claude-sonnet-5.5",
        "openai/gpt-6.1-sol",
        "openai/gpt-oss-120b",
        "google/gemini-3.8-flash",
        "openrouter/auto",
    ],
    noise: &["black-forest-labs/flux-image"],
    row,
    check: Some(("/key", || {
        json!({"data": {
            "label": "sk-or-v1-sim...000", "limit": 100, "limit_remaining": 74.5, "usage": 25.5,
            "is_free_tier": false, "is_management_key": false, "expires_at": null,
        }})
    })),
    ..Compatible::new(&MANNER, "/openrouter/api/v1")
};

static MANNER: Manner = Manner {
    provider: &PROVIDER,
    fields: &[&[
        "model",
        "models",
        "messages",
        "stream",
        "stream_options",
        "usage",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "stop",
        "seed",
        "tools",
        "tool_choice",
        "response_format",
        "reasoning",
        "provider",
        "plugins",
        "session_id",
        "user",
    ]],
    known: |model| API.known(model),
    check,
    system: &["system", "developer"],
    caps: &["max_completion_tokens", "max_tokens"],
    usage: Usage::Always,
    reasoning: |piece| json!({"content": "", "reasoning": piece, "reasoning_details": [{"type": "reasoning.text", "text": piece}]}),
    extra: |chunk, _| {
        chunk.insert("provider".into(), "Simulator".into());
        if let Some(usage) = chunk.get_mut("usage").and_then(Value::as_object_mut) {
            usage.insert("cost".into(), json!(0.000_125));
            usage.insert("is_byok".into(), json!(false));
        }
    },
    routing: |_| None,
    before: ": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n",
};

fn row(id: &str) -> Value {
    let image = id.contains("flux");
    let price = if id == "openrouter/auto" {
        "-1"
    } else {
        "0.000002"
    };
    json!({
        "id": id,
        "canonical_slug": id,
        "name": format!("Simulated: {id}"),
        "description": "Played by the simulator.",
        "created": CREATED,
        "context_length": 1_000_000,
        "architecture": {
            "input_modalities": ["text", "image"],
            "output_modalities": [if image { "image" } else { "text" }],
            "tokenizer": "Other",
            "instruct_type": null,
        },
        "pricing": {"prompt": price, "completion": "0.00001", "request": "0", "image": "0"},
        "top_provider": {"context_length": 1_000_000, "max_completion_tokens": 128_000, "is_moderated": false},
        "supported_parameters": ["tools", "response_format", "reasoning", "temperature"],
        "per_request_limits": null,
        "expiration_date": null,
    })
}

/// The page that asks a person whether to let an app in, and what changes the code for a key.
fn connect() -> Router<Arc<Shared>> {
    Router::new()
        .route("/openrouter/auth", get(ask))
        .route("/openrouter/api/v1/auth/keys", post(exchange))
}

/// What an app sends a person with.
#[derive(Deserialize)]
struct Asked {
    callback_url: String,
    code_challenge: String,
    code_challenge_method: String,
}

async fn ask(State(shared): Sim, Query(asked): Query<Asked>) -> Response {
    let callback = Url::parse(&asked.callback_url).ok();
    let callback = callback.filter(|_| asked.code_challenge_method == "S256");
    let Some(callback) = callback else {
        return (
            StatusCode::BAD_REQUEST,
            "Invalid callback_url or code_challenge_method",
        )
            .into_response();
    };
    let back = |name: &str, value: &str| {
        let mut url = callback.clone();
        url.query_pairs_mut().append_pair(name, value);
        url.to_string().replace('&', "&amp;")
    };
    let mut codes = shared.codes.lock().unwrap_or_else(PoisonError::into_inner);
    let mut authorize = |kind: &str| {
        let code = format!("code-sim-{kind}-{}", shared.next());
        let link = back("code", &code);
        codes.insert(code, asked.code_challenge.clone());
        link
    };
    let (good, wrong) = (authorize("good"), authorize("wrong"));
    let cancel = back("error", "access_denied");
    let page = format!(
        "<!doctype html><title>OpenRouter</title><h1>Let this app in?</h1>\n\
         <p><a id=\"authorize\" href=\"{good}\">Authorize</a></p>\n\
         <p><a id=\"wrong\" href=\"{wrong}\">Authorize, with a key that is refused</a></p>\n\
         <p><a id=\"cancel\" href=\"{cancel}\">Cancel</a></p>"
    );
    Html(page).into_response()
}

async fn exchange(State(shared): Sim, body: Bytes) -> Response {
    let outcome = openai::object(&body).map_err(Deny::from).and_then(|body| {
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("code_challenge_method") != "S256" {
            return Err(Trouble::bad("Invalid code_challenge_method").into());
        }
        let code = text("code");
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(text("code_verifier")));
        let mut codes = shared.codes.lock().unwrap_or_else(PoisonError::into_inner);
        if codes.get(code) != Some(&challenge) {
            return Err(Trouble::Filtered.into());
        }
        codes.remove(code);
        let kind = if code.contains("wrong") {
            "wrong"
        } else {
            "good"
        };
        let key = format!("sk-or-v1-sim-{kind}-Connected{:06}", shared.next());
        json_of(Ok(json!({"key": key, "user_id": "user_sim"})))
    });
    conclude(&shared, &PROVIDER, outcome).await
}

fn check(body: &Map<String, Value>, _: &str) -> Result<(), Trouble> {
    const EFFORTS: [&str; 6] = ["none", "minimal", "low", "medium", "high", "xhigh"];
    let effort = body.get("reasoning").and_then(|one| one.get("effort"));
    match effort.and_then(Value::as_str) {
        Some(effort) if !EFFORTS.contains(&effort) => Err(Trouble::bad(format!(
            "Invalid option: reasoning.effort {effort}"
        ))),
        _ => Ok(()),
    }
}

fn spell(trouble: &Trouble) -> Spelled {
    let mut headers = Vec::new();
    let (status, kind, message) = match trouble {
        Trouble::MissingKey => (401, None, "No auth credentials found".to_owned()),
        Trouble::InvalidKey(_) => (401, Some("authentication"), "User not found.".to_owned()),
        Trouble::Echo(key) => (401, None, format!("User not found: {key}")),
        Trouble::Unscoped | Trouble::NoList => (
            403,
            Some("permission_denied"),
            "This key may not do this.".to_owned(),
        ),
        Trouble::RateLimited(after) => {
            headers = compatible::wait(*after);
            (
                429,
                Some("rate_limit_exceeded"),
                "Rate limit exceeded".to_owned(),
            )
        }
        Trouble::Quota => (
            402,
            Some("payment_required"),
            "Insufficient credits. Add more using https://openrouter.ai/credits".to_owned(),
        ),
        Trouble::Overloaded => (
            503,
            Some("provider_overloaded"),
            "Provider returned error".to_owned(),
        ),
        Trouble::Server => (500, None, "Internal Server Error".to_owned()),
        Trouble::BadModel(model) => (
            404,
            Some("model_not_found"),
            format!("No endpoints found for {model}."),
        ),
        Trouble::ContextLength => (
            400,
            Some("context_length_exceeded"),
            "This endpoint's maximum context length is 1000000 tokens.".to_owned(),
        ),
        Trouble::Filtered => (
            403,
            None,
            "The input was flagged by moderation. No credits were charged.".to_owned(),
        ),
        Trouble::Unsupported { message, .. } => (400, None, message.clone()),
        Trouble::Bad {
            status, message, ..
        } => (*status, None, message.clone()),
    };
    let metadata = kind.map(|kind| json!({"error_type": kind, "provider_name": "Simulator"}));
    let error = json!({"code": status, "message": message, "metadata": metadata});
    Spelled {
        status,
        headers,
        body: json!({"error": error, "user_id": "user_sim"}),
    }
}
