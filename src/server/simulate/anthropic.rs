//! Anthropic Messages.

mod ask;
mod models;

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, Query, State},
    response::Response,
    routing::{get, post},
};
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::{
    Shared,
    keys::{Purpose, admit, masked},
    openai,
    provider::Provider,
    routes::{Sim, conclude, json_of, perform},
    script::Finish,
    trouble::{Deny, Spelled, Trouble},
    wire::{Answer, Dialect, Tally, event},
};

pub(super) use ask::ask;
use models::{list, one};

/// Anthropic.
pub(super) static PROVIDER: Provider = Provider {
    name: "Anthropic",
    places: &[("ANTHROPIC_BASE_URL", "/anthropic")],
    good: &["sk-ant-sim-good"],
    routes,
    spell,
    headers,
    unknown,
    filters_by_status: false,
    flood: 400_000,
};

fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/anthropic/v1/models", get(get_list))
        .route("/anthropic/v1/models/{id}", get(get_one))
        .route("/anthropic/v1/messages", post(post_messages))
}

fn headers(number: u64) -> Vec<(&'static str, String)> {
    vec![
        ("request-id", format!("req_011Sim{number:06}")),
        (
            "anthropic-organization-id",
            "00000000-0000-4000-8000-000000000000".into(),
        ),
    ]
}

fn unknown(_: &Method, _: &str) -> Trouble {
    Trouble::not_found("Not Found", None)
}

/// The models that still take sampling parameters, token budgets and a prefilled answer.
const OLD: [&str; 2] = ["claude-sonnet-4-6", "claude-haiku-4-5"];

/// The models that cannot stop thinking.
const THINKERS: [&str; 3] = ["claude-opus-5-5", "claude-sonnet-5-5", "claude-fable-5-1"];

/// The header's value, or an empty text.
pub(super) fn header(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).map(http::HeaderValue::as_bytes);
    String::from_utf8_lossy(value.unwrap_or_default())
        .trim()
        .to_owned()
}

/// The key in `x-api-key` or, as `@anthropic-ai/sdk` 1.11 sends it, in `Authorization: Bearer`.
fn key(headers: &HeaderMap) -> String {
    match header(headers, "x-api-key") {
        key if key.is_empty() => openai::key(headers),
        key => key,
    }
}

/// The headers beside the key: one kind of credentials, a known version.
fn check_headers(headers: &HeaderMap) -> Result<(), Trouble> {
    if headers.contains_key("authorization") && headers.contains_key("x-api-key") {
        return Err(Trouble::bad(
            "Only one of the x-api-key and Authorization headers may be set.",
        ));
    }
    match header(headers, "anthropic-version").as_str() {
        "2023-06-01" | "2026-10-21" => Ok(()),
        "" => Err(Trouble::bad("anthropic-version: header is required")),
        other => Err(Trouble::bad(format!(
            "anthropic-version: \"{other}\" is not a valid version. Valid versions are: 2023-06-01, 2026-10-21"
        ))),
    }
}

/// An error as Anthropic writes it.
fn spell(trouble: &Trouble) -> Spelled {
    const INVALID: &str = "invalid_request_error";
    let mut headers = Vec::new();
    let (status, kind, message) = match trouble {
        Trouble::MissingKey => (401, "authentication_error", "x-api-key header is required".to_owned()),
        Trouble::InvalidKey(_) => (401, "authentication_error", "invalid x-api-key".to_owned()),
        Trouble::Echo(key) => (
            401,
            "authentication_error",
            format!("invalid x-api-key: {key} (known as {})", masked(key)),
        ),
        Trouble::Unscoped | Trouble::NoList => (
            403,
            "permission_error",
            "Your API key does not have permission to use the specified resource.".to_owned(),
        ),
        Trouble::RateLimited(after) => {
            if let Some(after) = after {
                headers.push(("retry-after", after.to_string()));
                headers.push(("anthropic-ratelimit-requests-limit", "50".into()));
                headers.push(("anthropic-ratelimit-requests-remaining", "0".into()));
            }
            (
                429,
                "rate_limit_error",
                "This request would exceed your organization's rate limit of 50 requests per minute.".to_owned(),
            )
        }
        Trouble::Quota => (
            400,
            INVALID,
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade \
             or purchase credits."
                .to_owned(),
        ),
        Trouble::Overloaded => (529, "overloaded_error", "Overloaded".to_owned()),
        Trouble::Server => (500, "api_error", "Internal server error".to_owned()),
        Trouble::BadModel(model) => (404, "not_found_error", format!("model: {model}")),
        Trouble::ContextLength => {
            (400, INVALID, "prompt is too long: 1200345 tokens > 1000000 maximum".to_owned())
        }
        Trouble::Filtered => (400, INVALID, "Output blocked by content filtering policy".to_owned()),
        Trouble::Unsupported { message, .. } => (400, INVALID, message.clone()),
        Trouble::Bad { status: 404, message, .. } => (404, "not_found_error", message.clone()),
        Trouble::Bad { status, message, .. } => (*status, INVALID, message.clone()),
    };
    Spelled {
        status,
        headers,
        body: json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_011Sim"}),
    }
}

const SIGNATURE: &str = "EvQBSimulatedSignature==";

#[derive(Default, PartialEq, Eq, Clone, Copy)]
enum Block {
    #[default]
    None,
    Thinking,
    Text,
}

/// Spells one answer.
#[derive(Default)]
pub(super) struct Messages {
    serial: u64,
    model: String,
    index: u64,
    block: Block,
}

fn named(kind: &str, mut data: Value) -> String {
    if let Some(object) = data.as_object_mut() {
        object.insert("type".into(), kind.into());
    }
    event(Some(kind), &data)
}

impl Messages {
    fn enter(&mut self, block: Block) -> String {
        if self.block == block {
            return String::new();
        }
        let mut out = self.leave();
        self.block = block;
        let content = match block {
            Block::Thinking => json!({"type": "thinking", "thinking": "", "signature": ""}),
            _ => json!({"type": "text", "text": ""}),
        };
        out += &named(
            "content_block_start",
            json!({"index": self.index, "content_block": content}),
        );
        if self.index == 0 {
            out += &named("ping", json!({}));
        }
        out
    }

    fn leave(&mut self) -> String {
        let mut out = match self.block {
            Block::None => return String::new(),
            Block::Thinking => {
                self.delta(json!({"type": "signature_delta", "signature": SIGNATURE}))
            }
            Block::Text => String::new(),
        };
        out += &named("content_block_stop", json!({"index": self.index}));
        self.index += 1;
        self.block = Block::None;
        out
    }

    fn delta(&self, delta: Value) -> String {
        named(
            "content_block_delta",
            json!({"index": self.index, "delta": delta}),
        )
    }

    fn message(&self, content: Value, stop: Value, usage: Value) -> Value {
        let mut message = json!({
            "id": format!("msg_01Sim{:06}", self.serial),
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": content,
            "stop_reason": stop,
            "stop_sequence": null,
        });
        if let Some(object) = message.as_object_mut().filter(|_| !usage.is_null()) {
            object.insert("usage".into(), usage);
        }
        message
    }
}

fn stop_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::Filtered | Finish::Refused => "refusal",
    }
}

/// What a refusal says about itself; null otherwise.
fn stop_details(finish: Finish) -> Value {
    match finish {
        Finish::Filtered | Finish::Refused => json!({
            "type": "refusal",
            "category": "cyber",
            "explanation": "This request was declined by the usage policy.",
        }),
        _ => Value::Null,
    }
}

fn usage(tally: &Tally, output: u64) -> Value {
    if !tally.told {
        return Value::Null;
    }
    json!({
        "input_tokens": tally.input(),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output,
        "output_tokens_details": {"thinking_tokens": tally.thought()},
        "service_tier": "standard",
    })
}

impl Dialect for Messages {
    fn open(&mut self, tally: &Tally) -> String {
        let message = self.message(json!([]), Value::Null, usage(tally, 1));
        named("message_start", json!({"message": message}))
    }

    fn text(&mut self, piece: &str, _: &Tally) -> String {
        let out = self.enter(Block::Text);
        out + &self.delta(json!({"type": "text_delta", "text": piece}))
    }

    fn reasoning(&mut self, piece: &str, _: &Tally) -> String {
        let out = self.enter(Block::Thinking);
        out + &self.delta(json!({"type": "thinking_delta", "thinking": piece}))
    }

    fn noise(&mut self, _: &Tally) -> String {
        [
            named("ping", json!({})),
            named(
                "dream_delta",
                json!({"index": 0, "delta": {"type": "text_delta", "text": "not for you"}}),
            ),
            named("execute", json!({"code": "window.__pwned=1"})),
            self.delta(json!({"type": "dream_delta", "dream": "not for you"})),
            ": keep-alive\n\nretry: 1\nid: 7\n\n".to_owned(),
        ]
        .concat()
    }

    fn finish(&mut self, finish: Finish, tally: &Tally) -> String {
        let mut out = self.leave();
        if self.index == 0 {
            out += &named("ping", json!({}));
        }
        let delta = json!({
            "stop_reason": stop_reason(finish),
            "stop_sequence": null,
            "stop_details": stop_details(finish),
        });
        let mut data = json!({"delta": delta});
        let usage = usage(tally, (tally.output() + tally.thought()).max(1));
        if let Some(object) = data.as_object_mut().filter(|_| !usage.is_null()) {
            object.insert("usage".into(), usage);
        }
        out += &named("message_delta", data);
        out + &named("message_stop", json!({}))
    }

    fn fail(&mut self, trouble: &Trouble, _: &Tally) -> String {
        event(Some("error"), &spell(trouble).body)
    }

    fn whole(&mut self, answer: &Answer, tally: &Tally) -> Value {
        let mut content = Vec::new();
        if !answer.reasoning.is_empty() {
            content.push(
                json!({"type": "thinking", "thinking": answer.reasoning, "signature": SIGNATURE}),
            );
        }
        if !answer.text.is_empty() {
            content.push(json!({"type": "text", "text": answer.text}));
        }
        let output = (tally.output() + tally.thought()).max(1);
        let mut message = self.message(
            json!(content),
            stop_reason(answer.finish).into(),
            usage(tally, output),
        );
        if let Some(object) = message.as_object_mut() {
            object.insert("stop_details".into(), stop_details(answer.finish));
        }
        message
    }
}

fn let_in(headers: &HeaderMap, purpose: Purpose) -> Result<String, Deny> {
    let key = key(headers);
    admit(&PROVIDER, &key, purpose)?;
    check_headers(headers)?;
    Ok(key)
}

async fn get_list(
    State(shared): Sim,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let outcome = let_in(&headers, Purpose::List)
        .and_then(|_| json_of(list(|name| query.get(name).cloned())));
    conclude(&shared, &PROVIDER, outcome).await
}

async fn get_one(State(shared): Sim, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let outcome = let_in(&headers, Purpose::List).and_then(|_| json_of(one(&id)));
    conclude(&shared, &PROVIDER, outcome).await
}

async fn post_messages(State(shared): Sim, headers: HeaderMap, body: Bytes) -> Response {
    let outcome = async {
        let key = let_in(&headers, Purpose::Generate)?;
        let version = header(&headers, "anthropic-version");
        let (asked, dialect) = ask(&body, &version, key, shared.next())?;
        perform(&shared, asked, dialect).await
    };
    conclude(&shared, &PROVIDER, outcome.await).await
}
