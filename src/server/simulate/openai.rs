//! OpenAI: models, errors and the rules that both of its chat APIs share.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    response::Response,
    routing::{get, post},
};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Map, Value, json};

use super::{
    Shared,
    chat::{self, Manner, Usage},
    keys::{Purpose, admit, masked},
    provider::Provider,
    responses,
    routes::{Sim, conclude, json_of, perform},
    script::{MENU, on_menu},
    trouble::{Spelled, Trouble},
};

/// OpenAI.
pub(super) static PROVIDER: Provider = Provider {
    name: "OpenAI",
    places: &[("OPENAI_BASE_URL", "/openai/v1")],
    good: &["sk-sim-good", "sk-sim-nolist"],
    routes,
    spell,
    headers,
    unknown,
    filters_by_status: true,
    flood: 180_000,
};

pub(super) static MANNER: Manner = Manner {
    provider: &PROVIDER,
    fields: &[chat::COMMON_FIELDS, chat::OPENAI_FIELDS],
    known: |model| known(model, Api::Chat),
    check: chat::check_openai,
    system: &["system", "developer"],
    caps: &["max_completion_tokens", "max_tokens"],
    usage: Usage::OnRequest,
    // OpenAI never shows reasoning here; its imitators do, under this name.
    reasoning: |piece| json!({"reasoning_content": piece}),
    extra: |chunk, _| {
        chunk.insert("service_tier".into(), "default".into());
        chunk.insert("system_fingerprint".into(), "fp_sim".into());
        chunk.insert("obfuscation".into(), "sIm0".into());
    },
    routing: |_| None,
    before: "",
};

fn routes() -> Router<Arc<Shared>> {
    let own = Router::new()
        .route("/models", get(get_list))
        .route("/models/{id}", get(get_one))
        .route("/chat/completions", post(post_chat))
        .route("/responses", post(post_responses));
    Router::new()
        .nest("/openai/v1", own.clone())
        .nest("/v1", own)
}

fn headers(number: u64) -> Vec<(&'static str, String)> {
    vec![
        ("x-request-id", format!("req_sim{number:06}")),
        ("openai-processing-ms", "12".into()),
        ("openai-version", "2020-10-01".into()),
    ]
}

fn unknown(method: &Method, path: &str) -> Trouble {
    let message =
        format!("Invalid URL ({method} {path}). Please check the URL and method you are using.");
    Trouble::not_found(message, Some("unknown_url"))
}

/// A fixed moment, 2026-11-18, so that two runs look the same.
pub(super) const CREATED: u64 = 1_795_000_000;

const CHAT: [&str; 13] = [
    "gpt-6-astra",
    "gpt-6.1-sol",
    "gpt-6.1-terra",
    "gpt-6-sol",
    "gpt-6-luna",
    "gpt-5.6-sol",
    "gpt-5.5",
    "gpt-5.4",
    "gpt-5.4-mini",
    "gpt-5.4-nano",
    "gpt-4.1",
    "gpt-4o",
    "gpt-4o-mini",
];

/// Listed and able to chat, but only through the Responses API.
const RESPONSES_ONLY: [&str; 2] = ["gpt-5-pro", "gpt-5.3-codex"];

/// Listed, but unable to chat.
const NOISE: [&str; 13] = [
    "text-embedding-3-small",
    "text-embedding-3-large",
    "whisper-1",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-tts",
    "gpt-realtime",
    "gpt-image-1",
    "dall-e-3",
    "sora-2",
    "tts-1",
    "omni-moderation-latest",
    "babbage-002",
    "gpt-5-search-api",
];

/// Listed; somebody's own model, which does chat.
const TUNED: &str = "ft:gpt-4o-mini-2024-07-18:acme:support:Sim00001";

/// The key of an `Authorization: Bearer` header, or an empty text.
pub(super) fn key(headers: &HeaderMap) -> String {
    let value = headers
        .get("authorization")
        .map(http::HeaderValue::as_bytes);
    let value = String::from_utf8_lossy(value.unwrap_or_default()).into_owned();
    let bare = value
        .strip_prefix("Bearer ")
        .or_else(|| value.strip_prefix("bearer "));
    bare.unwrap_or_default().trim().to_owned()
}

fn model_object(id: &str) -> Value {
    let owner = match id.split_once(':') {
        Some(_) => "acme",
        None if id.starts_with("gpt-") => "openai",
        None => "system",
    };
    let shutdown = match id {
        "gpt-4.1" | "gpt-4o" | "gpt-4o-mini" => json!("2027-01-14"),
        _ => Value::Null,
    };
    json!({"id": id, "object": "model", "created": CREATED, "owned_by": owner, "shutdown_date": shutdown})
}

fn ids() -> impl Iterator<Item = &'static str> {
    let own = [CHAT.as_slice(), &RESPONSES_ONLY, &NOISE, &[TUNED]].concat();
    own.into_iter().chain(MENU.iter().map(|(id, _)| *id))
}

/// `GET /models`.
pub(super) fn list() -> Value {
    let data: Vec<Value> = ids().map(model_object).collect();
    json!({"object": "list", "data": data})
}

/// `GET /models/{id}`.
pub(super) fn one(id: &str) -> Result<Value, Trouble> {
    match ids().find(|have| *have == id) {
        Some(id) => Ok(model_object(id)),
        None => Err(Trouble::BadModel(id.to_owned())),
    }
}

/// Which of the two chat APIs is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    Chat,
    Responses,
}

/// Whether the model answers on this API; the fault models always do.
pub(super) fn known(model: &str, api: Api) -> Result<bool, Trouble> {
    if CHAT.contains(&model) || model == TUNED {
        return Ok(true);
    }
    if on_menu(model) {
        return Ok(false);
    }
    match api {
        Api::Responses if RESPONSES_ONLY.contains(&model) => Ok(true),
        Api::Chat if RESPONSES_ONLY.contains(&model) => Err(missing(
            "This model is only supported in v1/responses and not in v1/chat/completions.",
        )),
        Api::Chat if NOISE.contains(&model) => Err(missing(
            "This is not a chat model and thus not supported in the v1/chat/completions endpoint. \
             Did you mean to use v1/completions?",
        )),
        Api::Responses if NOISE.contains(&model) => Err(Trouble::param(
            "model",
            None,
            format!("The requested model '{model}' cannot be used with the Responses API."),
        )),
        _ => Err(Trouble::BadModel(model.to_owned())),
    }
}

fn missing(message: &str) -> Trouble {
    Trouble::Bad {
        status: 404,
        message: message.to_owned(),
        param: Some("model".to_owned()),
        code: None,
    }
}

/// The body as an object.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, Trouble> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(map),
        _ => Err(Trouble::bad(
            "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your \
             HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)",
        )),
    }
}

/// The model that is asked for.
pub(super) fn model(body: &Map<String, Value>) -> Result<String, Trouble> {
    match body.get("model").and_then(Value::as_str) {
        Some(model) if !model.is_empty() => Ok(model.to_owned()),
        _ => Err(Trouble::bad("you must provide a model parameter")),
    }
}

/// The parameters of this list that are present and not null.
pub(super) fn present(body: &Map<String, Value>, names: &[&str]) -> Vec<String> {
    let there = |name: &&&str| body.get(**name).is_some_and(|value| !value.is_null());
    names
        .iter()
        .filter(there)
        .map(|s| (*s).to_owned())
        .collect()
}

fn is_reasoning(model: &str) -> bool {
    let family = ["gpt-5", "gpt-6", "o1", "o3", "o4"];
    family.iter().any(|head| model.starts_with(head)) && !model.contains("-chat")
}

/// The reasoning efforts of a model, weakest first; empty for a model that does not reason.
fn efforts(model: &str) -> &'static [&'static str] {
    const ALL: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];
    const NO_MINIMAL: [&str; 6] = ["none", "low", "medium", "high", "xhigh", "max"];
    match model {
        "gpt-5-pro" => &["high"],
        "gpt-6-astra" | "gpt-6.1-sol" => ALL.get(2..).unwrap_or_default(),
        _ if model.starts_with("gpt-6") || model.starts_with("gpt-5.6") => &NO_MINIMAL,
        _ if model.starts_with("gpt-5.1") => &["none", "low", "medium", "high"],
        _ if model.starts_with("gpt-5.") => &["none", "low", "medium", "high", "xhigh"],
        _ if model.starts_with("gpt-5") => ALL.get(1..5).unwrap_or_default(),
        _ if is_reasoning(model) => &["low", "medium", "high"],
        _ => &[],
    }
}

/// Refuses what reasoning models do not take. `effort` is where this API keeps it, `field` how it is called.
pub(super) fn check_reasoning(
    body: &Map<String, Value>,
    model: &str,
    effort: Option<&str>,
    field: &str,
) -> Result<(), Trouble> {
    if !is_reasoning(model) {
        return Ok(());
    }
    let known = efforts(model);
    if let Some(effort) = effort.filter(|effort| !known.contains(effort)) {
        let quoted: Vec<String> = known.iter().map(|one| format!("'{one}'")).collect();
        return Err(Trouble::param(
            field,
            Some("unsupported_value"),
            format!(
                "Unsupported value: '{effort}' is not supported with the '{model}' model. Supported values are: {}.",
                quoted.join(", ")
            ),
        ));
    }
    if let Some(param) = present(body, &["max_tokens"]).pop() {
        return Err(Trouble::Unsupported {
            param,
            message: "Unsupported parameter: 'max_tokens' is not supported with this model. \
                      Use 'max_completion_tokens' instead."
                .to_owned(),
            coded: true,
        });
    }
    let mut refused = vec![
        "frequency_penalty",
        "presence_penalty",
        "logit_bias",
        "top_logprobs",
    ];
    if effort != Some("none") {
        refused.extend(["temperature", "top_p", "logprobs"]);
    }
    if model.starts_with("o3") || model.starts_with("o4-mini") {
        refused.push("stop");
    }
    match present(body, &refused).into_iter().next() {
        Some(param) => Err(Trouble::Unsupported {
            message: format!("Unsupported parameter: '{param}' is not supported with this model."),
            param,
            coded: false,
        }),
        None => Ok(()),
    }
}

/// Sampling parameters out of range.
pub(super) fn check_ranges(body: &Map<String, Value>) -> Result<(), Trouble> {
    for (name, max) in [("temperature", 2.0), ("top_p", 1.0)] {
        let value = body.get(name).and_then(Value::as_f64);
        if let Some(value) = value.filter(|value| !(0.0..=max).contains(value)) {
            return Err(Trouble::param(
                name,
                Some("decimal_above_max_value"),
                format!(
                    "Invalid '{name}': expected a value between 0 and {max}, but got {value} instead."
                ),
            ));
        }
    }
    Ok(())
}

/// An error as OpenAI writes it.
pub(super) fn spell(trouble: &Trouble) -> Spelled {
    const INVALID: &str = "invalid_request_error";
    let scopes = |scope: &str| {
        format!(
            "You have insufficient permissions for this operation. Missing scopes: {scope}. Check that you have \
             the correct role in your organization, and if you're using a restricted API key, that it has the \
             necessary scopes."
        )
    };
    let mut headers = Vec::new();
    let mut param = None;
    let (status, kind, code, message) = match trouble {
        Trouble::MissingKey => (
            401,
            INVALID,
            None,
            "You didn't provide an API key. You need to provide your API key in an Authorization header using \
             Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
                .to_owned(),
        ),
        Trouble::InvalidKey(key) => (401, INVALID, Some("invalid_api_key"), incorrect(&masked(key))),
        Trouble::Echo(key) => (401, INVALID, Some("invalid_api_key"), incorrect(key)),
        Trouble::Unscoped => (403, INVALID, None, scopes("model.request")),
        Trouble::NoList => (403, INVALID, None, scopes("api.model.read")),
        Trouble::RateLimited(after) => {
            let mut message = "Rate limit reached for requests per min (RPM): Limit 500, Used 500, Requested 1."
                .to_owned();
            if let Some(after) = after {
                headers.push(("retry-after", after.to_string()));
                headers.push(("x-ratelimit-limit-requests", "500".into()));
                headers.push(("x-ratelimit-remaining-requests", "0".into()));
                headers.push(("x-ratelimit-reset-requests", format!("{after}s")));
                message = format!("{message} Please try again in {after}s.");
            }
            (429, "requests", Some("rate_limit_exceeded"), message)
        }
        Trouble::Quota => (
            429,
            "insufficient_quota",
            Some("insufficient_quota"),
            "You exceeded your current quota, please check your plan and billing details.".to_owned(),
        ),
        Trouble::Overloaded => (
            503,
            "server_error",
            Some("server_overloaded"),
            "The engine is currently overloaded, please try again later.".to_owned(),
        ),
        Trouble::Server => (
            500,
            "server_error",
            None,
            "The server had an error while processing your request. Sorry about that!".to_owned(),
        ),
        Trouble::BadModel(model) => (
            404,
            INVALID,
            Some("model_not_found"),
            format!("The model `{model}` does not exist or you do not have access to it."),
        ),
        Trouble::ContextLength => {
            param = Some("messages".to_owned());
            (
                400,
                INVALID,
                Some("context_length_exceeded"),
                "This model's maximum context length is 128000 tokens. However, your messages resulted in 130541 \
                 tokens. Please reduce the length of the messages."
                    .to_owned(),
            )
        }
        Trouble::Filtered => (
            400,
            INVALID,
            Some("content_policy_violation"),
            "Your request was rejected as a result of our safety system.".to_owned(),
        ),
        Trouble::Unsupported { param: name, message, coded } => {
            param = Some(name.clone());
            (400, INVALID, coded.then_some("unsupported_parameter"), message.clone())
        }
        Trouble::Bad { status, message, param: name, code } => {
            param.clone_from(name);
            (*status, INVALID, *code, message.clone())
        }
    };
    Spelled {
        status,
        headers,
        body: json!({"error": {"message": message, "type": kind, "param": param, "code": code}}),
    }
}

fn incorrect(shown: &str) -> String {
    format!(
        "Incorrect API key provided: {shown}. You can find your API key at https://platform.openai.com/account/api-keys."
    )
}

/// The text of a message's content: a string, or parts that hold `text`.
pub(super) fn text(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts = parts.iter().filter_map(|part| part.get("text")?.as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

async fn get_list(State(shared): Sim, headers: HeaderMap) -> Response {
    let outcome =
        admit(&PROVIDER, &key(&headers), Purpose::List).and_then(|()| json_of(Ok(list())));
    conclude(&shared, &PROVIDER, outcome).await
}

async fn get_one(State(shared): Sim, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let outcome = admit(&PROVIDER, &key(&headers), Purpose::List).and_then(|()| json_of(one(&id)));
    conclude(&shared, &PROVIDER, outcome).await
}

async fn post_chat(State(shared): Sim, headers: HeaderMap, body: Bytes) -> Response {
    let outcome = async {
        let key = key(&headers);
        admit(&PROVIDER, &key, Purpose::Generate)?;
        let (asked, dialect) = chat::ask(&MANNER, &body, key, shared.next())?;
        perform(&shared, asked, dialect).await.map(limits)
    };
    conclude(&shared, &PROVIDER, outcome.await).await
}

async fn post_responses(State(shared): Sim, headers: HeaderMap, body: Bytes) -> Response {
    let outcome = async {
        let key = key(&headers);
        admit(&PROVIDER, &key, Purpose::Generate)?;
        let (asked, dialect) =
            responses::ask(&PROVIDER, responses::check, &body, key, shared.next())?;
        perform(&shared, asked, dialect).await.map(limits)
    };
    conclude(&shared, &PROVIDER, outcome.await).await
}

/// The rate-limit headers of a good answer; the resets are durations.
fn limits(mut response: Response) -> Response {
    for (name, value) in [
        ("x-ratelimit-limit-requests", "500"),
        ("x-ratelimit-remaining-requests", "499"),
        ("x-ratelimit-reset-requests", "120ms"),
        ("x-ratelimit-limit-tokens", "200000"),
        ("x-ratelimit-remaining-tokens", "199000"),
        ("x-ratelimit-reset-tokens", "6m0s"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
