//! Cohere: its key check, its list by the page, and the v2 chat.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, Query, State},
    response::Response,
    routing::{get, post},
};
use http::{HeaderMap, Method};
use serde_json::{Map, Value, json};

use super::{
    Shared,
    keys::{Purpose, admit},
    openai::{key, present, text},
    provider::Provider,
    routes::{Sim, conclude, json_of, perform},
    script::{Asked, Finish, MENU, on_menu},
    trouble::{Spelled, Trouble},
    wire::{Answer, Dialect, Tally, event},
};

/// Cohere.
pub(super) static PROVIDER: Provider = Provider {
    name: "Cohere",
    places: &[("COHERE_BASE_URL", "/cohere")],
    good: &["co-sim-good"],
    routes,
    spell,
    headers,
    unknown,
    filters_by_status: true,
    flood: 430_000,
};

fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/cohere/v1/check-api-key", post(post_check))
        .route("/cohere/v1/models", get(get_list))
        .route("/cohere/v1/models/{name}", get(get_one))
        .route("/cohere/v2/chat", post(post_chat))
}

fn headers(number: u64) -> Vec<(&'static str, String)> {
    vec![("x-debug-trace-id", format!("sim{number:06}"))]
}

fn unknown(_: &Method, _: &str) -> Trouble {
    Trouble::not_found("404 page not found", None)
}

/// Name, context and features of the models that chat.
const MODELS: [(&str, u64, &[&str]); 5] = [
    (
        "command-a-plus-05-2026",
        436_000,
        &["tools", "vision", "json_mode", "json_schema", "reasoning"],
    ),
    (
        "command-a-reasoning-08-2025",
        288_000,
        &["tools", "json_mode", "reasoning"],
    ),
    (
        "command-a-03-2025",
        288_000,
        &["tools", "json_mode", "json_schema"],
    ),
    ("command-r7b-12-2024", 132_000, &["tools", "json_mode"]),
    ("command-a-translate-08-2025", 8000, &["tools"]),
];

fn all() -> Vec<Value> {
    let row = |name: &str, context: u64, features: &[&str], endpoint: &str, deprecated: bool| {
        json!({
            "name": name, "is_deprecated": deprecated, "endpoints": [endpoint], "finetuned": false,
            "context_length": context, "tokenizer_url": "", "default_endpoints": [], "features": features,
            "sampling_defaults": {"temperature": 0.3, "p": 0.75, "k": 0},
        })
    };
    let chats = MODELS.iter();
    let chats = chats.map(|(name, context, features)| row(name, *context, features, "chat", false));
    let noise = [
        row("embed-v4.0", 128_000, &[], "embed", false),
        row("rerank-v4.0-pro", 32_000, &[], "rerank", false),
        row("command-light", 4096, &[], "chat", true),
    ];
    let faults = MENU
        .iter()
        .map(|(id, _)| row(id, 128_000, &[], "chat", false));
    chats.chain(noise).chain(faults).collect()
}

/// `GET /v1/models` with `endpoint`, `page_size` and `page_token`.
fn list(query: &HashMap<String, String>) -> Result<Value, Trouble> {
    let size = query.get("page_size").map_or(Ok(20), |size| size.parse());
    let size: usize = size.map_err(|_| Trouble::bad("invalid request: page_size"))?;
    let from = query.get("page_token").map_or(Ok(0), |page| page.parse());
    let from: usize = from.map_err(|_| Trouble::bad("invalid request: page_token"))?;
    let wanted = |row: &Value| {
        let endpoints = row.get("endpoints").and_then(Value::as_array);
        let endpoint = query.get("endpoint");
        endpoint.is_none_or(|one| endpoints.is_some_and(|list| list.iter().any(|have| have == one)))
    };
    let rows: Vec<Value> = all().into_iter().filter(wanted).collect();
    let to = from.saturating_add(size.clamp(1, 1000)).min(rows.len());
    let mut page = json!({"models": rows.get(from..to).unwrap_or_default()});
    if let Some(page) = page.as_object_mut().filter(|_| to < rows.len()) {
        page.insert("next_page_token".into(), to.to_string().into());
    }
    Ok(page)
}

fn one(name: &str) -> Result<Value, Trouble> {
    let found = all()
        .into_iter()
        .find(|row| row.get("name") == Some(&json!(name)));
    found.ok_or_else(|| Trouble::BadModel(name.to_owned()))
}

const FIELDS: [&str; 22] = [
    "model",
    "messages",
    "stream",
    "max_tokens",
    "temperature",
    "p",
    "k",
    "stop_sequences",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "tools",
    "tool_choice",
    "strict_tools",
    "response_format",
    "thinking",
    "safety_mode",
    "documents",
    "citation_options",
    "logprobs",
    "priority",
    "raw_prompting",
];

/// Reads and checks a request.
fn ask(body: &[u8], key: String, serial: u64) -> Result<(Asked, Chat), Trouble> {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
        return Err(Trouble::bad("invalid json syntax"));
    };
    if let Some(name) = body.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(Trouble::bad(format!(
            "invalid request: unknown field: parameter '{name}' is not a valid field"
        )));
    }
    let model = body
        .get("model")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let features = MODELS.iter().find(|(name, ..)| *name == model);
    let features = features.map(|(.., features)| *features);
    if features.is_none() && !on_menu(model) {
        return Err(Trouble::BadModel(model.to_owned()));
    }
    for (name, least, most) in [("temperature", 0.0, 1.0), ("p", 0.01, 0.99)] {
        let value = body.get(name).and_then(Value::as_f64);
        if value.is_some_and(|value| !(least..=most).contains(&value)) {
            return Err(Trouble::bad(format!(
                "invalid request: {name} must be between {least} and {most} inclusive."
            )));
        }
    }
    let thinking = body.get("thinking");
    if thinking.is_some() && features.is_some_and(|features| !features.contains(&"reasoning")) {
        return Err(Trouble::bad(format!(
            "thinking is not supported by this model: {model}"
        )));
    }
    let thinks = features.is_some_and(|features| features.contains(&"reasoning"));
    let forbidden = thinking.and_then(|it| it.get("type")) == Some(&json!("disabled"));
    let (system, turns) = messages(&body)?;
    let asked = Asked {
        provider: &PROVIDER,
        known: features.is_some(),
        key,
        stream: body.get("stream") == Some(&Value::Bool(true)),
        system,
        reasoning: thinks && !forbidden,
        cap: body.get("max_tokens").and_then(Value::as_u64),
        sampling: present(&body, &["temperature", "p", "k"]),
        turns,
        model: model.to_owned(),
    };
    Ok((
        asked,
        Chat {
            serial,
            ..Chat::default()
        },
    ))
}

fn messages(body: &Map<String, Value>) -> Result<(String, Vec<(String, String)>), Trouble> {
    let list = body.get("messages").and_then(Value::as_array);
    let Some(list) = list.filter(|list| !list.is_empty()) else {
        return Err(Trouble::bad(
            "invalid request: list of messages must not be empty.",
        ));
    };
    let (mut system, mut turns) = (Vec::new(), Vec::new());
    for message in list {
        let role = message
            .get("role")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let content = text(message.get("content"));
        match role {
            "system" => system.push(content),
            "user" | "assistant" | "tool" if !content.is_empty() => {
                turns.push((role.to_owned(), content));
            }
            "user" | "assistant" | "tool" => {
                return Err(Trouble::bad(
                    "invalid request: all elements in history must have a message.",
                ));
            }
            _ => {
                return Err(Trouble::bad(format!(
                    "invalid request: invalid role '{role}'"
                )));
            }
        }
    }
    Ok((system.join("\n"), turns))
}

/// What an account without credit is told.
const SPENT: &str = "You are using a Trial key, which is limited to 1000 API calls / month. You can continue to use the \
                     Trial key for free or upgrade to a Production key with higher rate limits.";

fn spell(trouble: &Trouble) -> Spelled {
    let mut headers = Vec::new();
    let (status, message) = match trouble {
        Trouble::MissingKey => (401, "no api key supplied".to_owned()),
        Trouble::InvalidKey(_) => (401, "invalid api token".to_owned()),
        Trouble::Echo(key) => (401, format!("invalid api token: {key}")),
        Trouble::Unscoped | Trouble::NoList => (
            403,
            "this api key may not be used for this resource".to_owned(),
        ),
        Trouble::RateLimited(after) => {
            headers.extend(after.map(|after| ("retry-after", after.to_string())));
            let message = "You are using a Trial key, which is limited to 20 API calls / minute.";
            (429, message.to_owned())
        }
        Trouble::Quota => (429, SPENT.to_owned()),
        Trouble::Overloaded => (503, "the service is overloaded".to_owned()),
        Trouble::Server => (500, "internal server error".to_owned()),
        Trouble::BadModel(model) => (
            404,
            format!("model '{model}' not found, make sure the correct model ID was used and that you have access to the model."),
        ),
        Trouble::ContextLength => (
            400,
            "too many tokens: size limit exceeded by 2541 tokens. Try using shorter or fewer inputs."
                .to_owned(),
        ),
        Trouble::Filtered => (498, "the request contains a blocked token".to_owned()),
        Trouble::Unsupported { message, .. } => (400, message.clone()),
        Trouble::Bad { status, message, .. } => (*status, message.clone()),
    };
    Spelled {
        status,
        headers,
        body: json!({"id": "00000000-0000-4000-8000-000000000000", "message": message}),
    }
}

/// Spells one answer.
#[derive(Default)]
struct Chat {
    serial: u64,
    /// The kind of the block that is open, and the number of blocks before it.
    block: Option<&'static str>,
    index: u32,
}

impl Chat {
    fn frame(kind: &str, mut data: Value) -> String {
        if let Some(data) = data.as_object_mut() {
            data.insert("type".into(), kind.into());
        }
        event(Some(kind), &data)
    }

    fn content(kind: &str, index: u32, content: Value) -> String {
        let message = json!({"message": {"content": content}});
        Self::frame(kind, json!({"index": index, "delta": message}))
    }

    /// A piece of a block of this kind, which is begun where it is not open.
    fn piece(&mut self, kind: &'static str, piece: &str) -> String {
        let mut out = String::new();
        if self.block != Some(kind) {
            out = self.close();
            self.block = Some(kind);
            out += &Self::content("content-start", self.index, json!({"type": kind, kind: ""}));
        }
        out + &Self::content("content-delta", self.index, json!({kind: piece}))
    }

    fn close(&mut self) -> String {
        if self.block.take().is_none() {
            return String::new();
        }
        self.index += 1;
        Self::frame("content-end", json!({"index": self.index - 1}))
    }
}

fn reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "COMPLETE",
        Finish::Length => "MAX_TOKENS",
        Finish::Filtered | Finish::Refused => "ERROR_TOXIC",
    }
}

/// The preamble that Cohere adds is counted, but not billed.
const PREAMBLE: u64 = 500;

fn usage(tally: &Tally) -> Value {
    if !tally.told {
        return Value::Null;
    }
    let output = tally.output() + tally.thought();
    json!({
        "billed_units": {"input_tokens": tally.input(), "output_tokens": output},
        "tokens": {"input_tokens": tally.input() + PREAMBLE, "output_tokens": output},
        "cached_tokens": PREAMBLE,
    })
}

impl Dialect for Chat {
    fn open(&mut self, _: &Tally) -> String {
        let message = json!({"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []});
        let id = format!("00000000-0000-4000-8000-{:012}", self.serial);
        Self::frame(
            "message-start",
            json!({"id": id, "delta": {"message": message}}),
        )
    }

    fn text(&mut self, piece: &str, _: &Tally) -> String {
        self.piece("text", piece)
    }

    fn reasoning(&mut self, piece: &str, _: &Tally) -> String {
        self.piece("thinking", piece)
    }

    fn noise(&mut self, _: &Tally) -> String {
        let citation = json!({"index": 0, "delta": {"message": {"citations": {"start": 0, "end": 1, "text": "x"}}}});
        [
            ": keep-alive\n\n",
            &Self::frame("citation-start", citation),
            &Self::frame(
                "dream",
                json!({"delta": {"message": {"content": {"text": 7}}}}),
            ),
            "event: ping\n\nretry: 1\n\n",
        ]
        .concat()
    }

    fn finish(&mut self, finish: Finish, tally: &Tally) -> String {
        let delta = json!({"finish_reason": reason(finish), "usage": usage(tally)});
        let end = Self::frame("message-end", json!({"delta": delta}));
        self.close() + &end + "data: [DONE]\n\n"
    }

    fn fail(&mut self, trouble: &Trouble, _: &Tally) -> String {
        let error = spell(trouble).body.get("message").cloned();
        let delta = json!({"finish_reason": "ERROR", "error": error});
        Self::frame("message-end", json!({"delta": delta}))
    }

    fn whole(&mut self, answer: &Answer, tally: &Tally) -> Value {
        let mut content = Vec::new();
        if !answer.reasoning.is_empty() {
            content.push(json!({"type": "thinking", "thinking": answer.reasoning}));
        }
        if !answer.text.is_empty() {
            content.push(json!({"type": "text", "text": answer.text}));
        }
        json!({
            "id": format!("00000000-0000-4000-8000-{:012}", self.serial),
            "finish_reason": reason(answer.finish),
            "message": {"role": "assistant", "content": content},
            "usage": usage(tally),
        })
    }
}

async fn post_check(State(shared): Sim, headers: HeaderMap) -> Response {
    let valid =
        json!({"valid": true, "organization_id": "sim-organization", "owner_id": "sim-owner"});
    let outcome = admit(&PROVIDER, &key(&headers), Purpose::List).and_then(|()| json_of(Ok(valid)));
    conclude(&shared, &PROVIDER, outcome).await
}

async fn get_list(
    State(shared): Sim,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let outcome =
        admit(&PROVIDER, &key(&headers), Purpose::List).and_then(|()| json_of(list(&query)));
    conclude(&shared, &PROVIDER, outcome).await
}

async fn get_one(State(shared): Sim, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let outcome =
        admit(&PROVIDER, &key(&headers), Purpose::List).and_then(|()| json_of(one(&name)));
    conclude(&shared, &PROVIDER, outcome).await
}

async fn post_chat(State(shared): Sim, headers: HeaderMap, body: Bytes) -> Response {
    let outcome = async {
        let key = key(&headers);
        admit(&PROVIDER, &key, Purpose::Generate)?;
        let (asked, dialect) = ask(&body, key, shared.next())?;
        perform(&shared, asked, dialect).await
    };
    conclude(&shared, &PROVIDER, outcome.await).await
}
