//! xAI: its key check, its list with prices, and the Responses API with its own errors.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::State,
    response::Response,
    routing::{get, post},
};
use http::{HeaderMap, Method};
use serde_json::{Map, Value, json};

use super::{
    Shared,
    keys::{Purpose, admit},
    openai::{CREATED, key},
    provider::Provider,
    responses,
    routes::{Sim, conclude, json_of, perform},
    script::{MENU, on_menu},
    trouble::{Spelled, Trouble},
};

/// xAI.
pub(super) static PROVIDER: Provider = Provider {
    name: "xAI",
    places: &[("XAI_BASE_URL", "/xai/v1")],
    good: &["xai-sim-good", "xai-sim-blocked"],
    routes,
    spell,
    headers,
    unknown,
    filters_by_status: true,
    flood: 180_000,
};

fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/xai/v1/api-key", get(get_key))
        .route("/xai/v1/models", get(get_models))
        .route("/xai/v1/language-models", get(get_language_models))
        .route("/xai/v1/responses", post(post_responses))
}

fn headers(number: u64) -> Vec<(&'static str, String)> {
    vec![(
        "x-request-id",
        format!("00000000-0000-4000-8000-{number:012}"),
    )]
}

fn unknown(_: &Method, _: &str) -> Trouble {
    Trouble::not_found("The requested resource was not found.", None)
}

/// Id, prices of input and output in xAI's unit, and whether it sees.
const MODELS: [(&str, u64, u64, bool); 6] = [
    ("grok-4.7", 20_000, 60_000, true),
    ("grok-4.6", 20_000, 60_000, true),
    ("grok-4.5", 20_000, 60_000, true),
    ("grok-4.3", 12_500, 25_000, true),
    ("grok-4.20-0309-reasoning", 20_000, 60_000, true),
    ("grok-4.20-0309-non-reasoning", 20_000, 60_000, false),
];

fn language_models() -> Value {
    let faults = MENU.iter().map(|(id, _)| (*id, 0, 0, false));
    let models = MODELS.into_iter().chain(faults);
    let models = models.map(|(id, input, output, sees)| {
        let modalities: &[&str] = if sees { &["text", "image"] } else { &["text"] };
        json!({
            "id": id, "object": "model", "owned_by": "xai", "created": CREATED, "version": "1.0", "fingerprint": "fp_sim",
            "input_modalities": modalities, "output_modalities": ["text"], "aliases": [format!("{id}-latest")],
            "prompt_text_token_price": input, "cached_prompt_text_token_price": input / 4,
            "completion_text_token_price": output, "long_context_threshold": 200_000,
        })
    });
    json!({"models": models.collect::<Vec<_>>()})
}

fn models() -> Value {
    let ids = MODELS.iter().map(|(id, ..)| *id);
    let ids = ids.chain(["grok-imagine-image"]);
    let ids = ids.chain(MENU.iter().map(|(id, _)| *id));
    let data =
        ids.map(|id| json!({"id": id, "object": "model", "created": CREATED, "owned_by": "xai"}));
    json!({"object": "list", "data": data.collect::<Vec<_>>()})
}

/// What `GET /api-key` tells of a key, one that was blocked included.
fn about(key: &str) -> Value {
    json!({
        "redacted_api_key": "xai-...good", "api_key_id": "00000000-0000-4000-8000-000000000001",
        "user_id": "00000000-0000-4000-8000-000000000002", "team_id": "00000000-0000-4000-8000-000000000003",
        "name": "simulated", "create_time": "2026-11-18T00:00:00Z", "modify_time": "2026-11-18T00:00:00Z",
        "acls": ["api-key:model:*", "api-key:endpoint:*"],
        "api_key_blocked": key.starts_with("xai-sim-blocked"), "api_key_disabled": false, "team_blocked": false,
    })
}

/// Whether the model is an ordinary one. Refuses what it does not take.
fn check(body: &Map<String, Value>, model: &str) -> Result<bool, Trouble> {
    let known = MODELS.iter().any(|(id, ..)| *id == model);
    if !known && !on_menu(model) {
        return Err(Trouble::BadModel(model.to_owned()));
    }
    let effort = body.get("reasoning").and_then(|it| it.get("effort"));
    let Some(effort) = effort.and_then(Value::as_str).filter(|_| known) else {
        return Ok(known);
    };
    let fits = match model {
        _ if model.starts_with("grok-4.20") => false,
        "grok-4.3" if effort == "none" => true,
        _ => ["low", "medium", "high", "xhigh"].contains(&effort),
    };
    if fits {
        Ok(known)
    } else {
        Err(Trouble::Unsupported {
            param: "reasoning.effort".to_owned(),
            message: format!("Model {model} does not support parameter reasoningEffort."),
            coded: false,
        })
    }
}

/// An error in xAI's own shape; a key that is not accepted is an invalid argument.
fn spell(trouble: &Trouble) -> Spelled {
    const ARGUMENT: &str = "Client specified an invalid argument";
    const FORBIDDEN: &str =
        "The caller does not have permission to execute the specified operation";
    const EXHAUSTED: &str = "Some resource has been exhausted";
    let mut headers = Vec::new();
    let incorrect = |shown: &str| {
        format!(
            "Incorrect API key provided: {shown}. You can obtain an API key from https://console.x.ai."
        )
    };
    let (status, code, error) = match trouble {
        Trouble::MissingKey => (
            401,
            "Unauthenticated request",
            "No authentication credentials were given.".to_owned(),
        ),
        Trouble::InvalidKey(key) => {
            let head: String = key.chars().take(2).collect();
            (400, ARGUMENT, incorrect(&format!("{head}***")))
        }
        Trouble::Echo(key) => (400, ARGUMENT, incorrect(key)),
        Trouble::Unscoped | Trouble::NoList => {
            (403, FORBIDDEN, "The API key's ACLs do not allow this endpoint.".to_owned())
        }
        Trouble::RateLimited(after) => {
            headers.extend(after.map(|after| ("retry-after", after.to_string())));
            (429, EXHAUSTED, "Too many requests for team simulated.".to_owned())
        }
        Trouble::Quota => (
            429,
            EXHAUSTED,
            "Your team has either used all available credits or reached its monthly spending limit.".to_owned(),
        ),
        Trouble::Overloaded => (
            503,
            "The service is currently unavailable",
            "The model is at capacity.".to_owned(),
        ),
        Trouble::Server => (500, "Internal error", "Something went wrong.".to_owned()),
        Trouble::BadModel(model) => (
            404,
            "Some requested entity was not found",
            format!("The model {model} does not exist or your team does not have access to it."),
        ),
        Trouble::ContextLength => (
            400,
            ARGUMENT,
            "This model's maximum prompt length is 500000 but the request contains 537812 tokens.".to_owned(),
        ),
        Trouble::Filtered => (
            403,
            FORBIDDEN,
            "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_SIMULATED".to_owned(),
        ),
        Trouble::Unsupported { message, .. } => (400, ARGUMENT, message.clone()),
        Trouble::Bad { status, message, .. } => (*status, ARGUMENT, message.clone()),
    };
    Spelled {
        status,
        headers,
        body: json!({"code": code, "error": error}),
    }
}

async fn get_key(State(shared): Sim, headers: HeaderMap) -> Response {
    let key = key(&headers);
    let outcome = admit(&PROVIDER, &key, Purpose::List).and_then(|()| json_of(Ok(about(&key))));
    conclude(&shared, &PROVIDER, outcome).await
}

async fn get_models(State(shared): Sim, headers: HeaderMap) -> Response {
    let outcome =
        admit(&PROVIDER, &key(&headers), Purpose::List).and_then(|()| json_of(Ok(models())));
    conclude(&shared, &PROVIDER, outcome).await
}

async fn get_language_models(State(shared): Sim, headers: HeaderMap) -> Response {
    let outcome = admit(&PROVIDER, &key(&headers), Purpose::List)
        .and_then(|()| json_of(Ok(language_models())));
    conclude(&shared, &PROVIDER, outcome).await
}

async fn post_responses(State(shared): Sim, headers: HeaderMap, body: Bytes) -> Response {
    let outcome = async {
        let key = key(&headers);
        admit(&PROVIDER, &key, Purpose::Generate)?;
        let (asked, dialect) = responses::ask(&PROVIDER, check, &body, key, shared.next())?;
        perform(&shared, asked, dialect).await
    };
    conclude(&shared, &PROVIDER, outcome.await).await
}
