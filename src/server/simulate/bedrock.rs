//! Bedrock: its two lists, its two ways to be let in, and Converse with its binary frames.

mod frames;
mod signature;

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, Query, Request, State},
    response::Response,
    routing::{get, post},
};
use http::{HeaderMap, Method, Uri};
use serde_json::{Map, Value, json};

use super::{
    Shared,
    keys::{Purpose, admit},
    openai::text,
    provider::Provider,
    routes::{Sim, conclude, json_of, perform},
    script::{Asked, Finish, MENU, on_menu},
    trouble::{Deny, Spelled, Trouble},
    wire::{Answer, Dialect, Tally, event},
};

/// Bedrock.
pub(super) static PROVIDER: Provider = Provider {
    name: "Bedrock (API key, or access key id with the secret simulated-secret)",
    places: &[
        ("BEDROCK_BASE_URL", "/bedrock/control"),
        ("BEDROCK_RUNTIME_BASE_URL", "/bedrock/runtime"),
    ],
    good: &[
        "ABSK-sim-good",
        "ABSK-sim-nolist",
        "AKIA-sim-good",
        "ASIA-sim-good",
    ],
    routes,
    spell,
    headers,
    unknown,
    filters_by_status: false,
    flood: 230_000,
};

fn routes() -> Router<Arc<Shared>> {
    let model = |method| format!("/bedrock/runtime/model/{{id}}/{method}");
    let converse = |stream| {
        move |shared: Sim, id: Path<String>, head: (Method, Uri, HeaderMap), body: Bytes| {
            post_converse(stream, shared, id, head, body)
        }
    };
    Router::new()
        .route("/bedrock/control/foundation-models", get(get_models))
        .route("/bedrock/control/inference-profiles", get(get_profiles))
        .route(&model("converse"), post(converse(false)))
        .route(&model("converse-stream"), post(converse(true)))
}

fn headers(number: u64) -> Vec<(&'static str, String)> {
    vec![(
        "x-amzn-requestid",
        format!("00000000-0000-4000-8000-{number:012}"),
    )]
}

fn unknown(_: &Method, _: &str) -> Trouble {
    Trouble::not_found("UnknownOperationException", None)
}

/// Id, name, provider, how it is called, and what it sees.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const MODELS: [Row; 6] = [
    (
        "amazon.nova-pro-v1:0",
        "Nova Pro",
        "Amazon",
        &["ON_DEMAND", "INFERENCE_PROFILE"],
        &["TEXT", "IMAGE"],
    ),
    (
        "amazon.nova-micro-v1:0",
        "Nova Micro",
        "Amazon",
        &["ON_DEMAND"],
        &["TEXT"],
    ),
    (
        "amazon.nova-2-lite-v1:0",
        "Nova 2 Lite",
        "Amazon",
        &["ON_DEMAND"],
        &["TEXT", "IMAGE"],
    ),
    (
        "amazon.nova-pro-v1:0:24k",
        "Nova Pro",
        "Amazon",
        &["PROVISIONED"],
        &["TEXT", "IMAGE"],
    ),
    (
        "cohere.rerank-v3-5:0",
        "Rerank 3.5",
        "Cohere",
        &["ON_DEMAND"],
        &["TEXT"],
    ),
    (
        "anthropic.claude-sonnet-5-5",
        "Claude Sonnet 5.5",
        "Anthropic",
        &["INFERENCE_PROFILE"],
        &["TEXT", "IMAGE"],
    ),
];

/// Id and name of the profiles that lead to a model.
const PROFILES: [(&str, &str); 4] = [
    ("us.anthropic.claude-sonnet-5-5", "US Claude Sonnet 5.5"),
    (
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "US Claude Haiku 4.5",
    ),
    (
        "global.anthropic.claude-sonnet-4-6",
        "Global Claude Sonnet 4.6",
    ),
    ("us.cohere.embed-v4:0", "US Embed 4"),
];

fn models() -> Value {
    let row = |id: &str, name: &str, provider: &str, calls: &[&str], sees: &[&str]| {
        json!({
            "modelArn": format!("arn:aws:bedrock:us-east-1::foundation-model/{id}"), "modelId": id, "modelName": name,
            "providerName": provider, "inputModalities": sees, "outputModalities": ["TEXT"],
            "responseStreamingSupported": provider != "Cohere", "customizationsSupported": [],
            "inferenceTypesSupported": calls, "modelLifecycle": {"status": "ACTIVE"},
        })
    };
    let models = MODELS
        .iter()
        .map(|(id, name, provider, calls, sees)| row(id, name, provider, calls, sees));
    let faults = MENU
        .iter()
        .map(|(id, _)| row(id, id, "Simulator", &["ON_DEMAND"], &["TEXT"]));
    json!({"modelSummaries": models.chain(faults).collect::<Vec<_>>()})
}

/// Two to a page.
fn profiles(query: &HashMap<String, String>) -> Result<Value, Trouble> {
    let from = query.get("nextToken").map_or(Ok(0), |token| token.parse());
    let from: usize = from.map_err(|_| Trouble::bad("The provided nextToken is invalid."))?;
    let rows = PROFILES.iter().skip(from).take(2).map(|(id, name)| {
        json!({
            "inferenceProfileId": id, "inferenceProfileName": name, "status": "ACTIVE", "type": "SYSTEM_DEFINED",
            "inferenceProfileArn": format!("arn:aws:bedrock:us-east-1:000000000000:inference-profile/{id}"),
            "models": [], "description": name,
        })
    });
    let mut page = json!({"inferenceProfileSummaries": rows.collect::<Vec<_>>()});
    if let Some(page) = page.as_object_mut().filter(|_| from + 2 < PROFILES.len()) {
        page.insert("nextToken".into(), (from + 2).to_string().into());
    }
    Ok(page)
}

const FIELDS: [&str; 12] = [
    "messages",
    "system",
    "inferenceConfig",
    "toolConfig",
    "guardrailConfig",
    "additionalModelRequestFields",
    "promptVariables",
    "additionalModelResponseFieldPaths",
    "requestMetadata",
    "performanceConfig",
    "serviceTier",
    "outputConfig",
];

/// Reads and checks a request to this model.
fn ask(body: &[u8], model: &str, stream: bool, key: String) -> Result<(Asked, Converse), Trouble> {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
        return Err(Trouble::bad("The request body is not valid JSON."));
    };
    if let Some(name) = body.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(Trouble::bad(format!(
            "The model returned the following errors: {name}: Extra inputs are not permitted"
        )));
    }
    let direct = MODELS.iter().find(|(id, ..)| *id == model);
    if direct.is_some_and(|(_, _, _, calls, _)| !calls.contains(&"ON_DEMAND")) {
        return Err(Trouble::bad(format!(
            "Invocation of model ID {model} with on-demand throughput isn't supported. Retry your request with the ID or ARN \
             of an inference profile that contains this model."
        )));
    }
    let known = direct.is_some() || PROFILES.iter().any(|(id, _)| *id == model);
    if !known && !on_menu(model) {
        return Err(Trouble::BadModel(model.to_owned()));
    }
    let empty = Map::new();
    let object = |name: &str| body.get(name).and_then(Value::as_object).unwrap_or(&empty);
    let config = object("inferenceConfig");
    let sampling: Vec<String> = ["temperature", "topP"]
        .iter()
        .filter(|name| config.contains_key(**name))
        .map(|name| (*name).to_owned())
        .collect();
    let new = model.ends_with("claude-sonnet-5-5");
    if let Some(param) = sampling.first().filter(|_| new) {
        return Err(Trouble::Unsupported {
            message: format!("`{param}` is deprecated for this model."),
            param: param.clone(),
            coded: false,
        });
    }
    if sampling.len() > 1 && model.contains("claude") {
        return Err(Trouble::bad(
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
        ));
    }
    let thinking = object("additionalModelRequestFields").get("thinking");
    if thinking.is_some() && !model.contains("claude") {
        return Err(Trouble::bad(
            "Malformed input request: #: extraneous key [thinking] is not permitted",
        ));
    }
    let kind = thinking
        .and_then(|it| it.get("type"))
        .and_then(Value::as_str);
    if kind == Some("disabled") && new {
        return Err(Trouble::bad(
            "thinking.type: disabled is not supported for this model.",
        ));
    }
    let turns = messages(&body)?;
    let asked = Asked {
        provider: &PROVIDER,
        known,
        key,
        stream,
        system: text(body.get("system")),
        reasoning: kind.is_some_and(|kind| kind != "disabled"),
        cap: config.get("maxTokens").and_then(Value::as_u64),
        sampling,
        turns,
        model: model.to_owned(),
    };
    Ok((asked, Converse::default()))
}

fn messages(body: &Map<String, Value>) -> Result<Vec<(String, String)>, Trouble> {
    let list = body.get("messages").and_then(Value::as_array);
    let mut turns: Vec<(String, String)> = Vec::new();
    for message in list.into_iter().flatten() {
        let role = message
            .get("role")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let expected = if turns.len().is_multiple_of(2) {
            "user"
        } else {
            "assistant"
        };
        if role != expected {
            return Err(Trouble::bad(
                "A conversation must alternate between user and assistant roles, and start with a user message.",
            ));
        }
        let content = text(message.get("content"));
        if content.trim().is_empty() {
            return Err(Trouble::bad(
                "The text field in the ContentBlock object is blank.",
            ));
        }
        turns.push((role.to_owned(), content));
    }
    if turns.is_empty() {
        return Err(Trouble::bad(
            "A conversation must start with a user message.",
        ));
    }
    Ok(turns)
}

/// An error with its name in a header.
fn spell(trouble: &Trouble) -> Spelled {
    let (status, name, message) = match trouble {
        Trouble::MissingKey => (
            403,
            "MissingAuthenticationTokenException",
            "Missing Authentication Token".to_owned(),
        ),
        Trouble::InvalidKey(key) if key.starts_with("ABSK") => (
            403,
            "AccessDeniedException",
            "Authentication failed: Please make sure your API Key is valid.".to_owned(),
        ),
        Trouble::InvalidKey(_) => (
            403,
            "UnrecognizedClientException",
            "The security token included in the request is invalid.".to_owned(),
        ),
        Trouble::Echo(key) => (
            403,
            "AccessDeniedException",
            format!("Authentication failed: {key}"),
        ),
        Trouble::Unscoped => (403, "AccessDeniedException", denied("InvokeModel")),
        Trouble::NoList => (403, "AccessDeniedException", denied("ListFoundationModels")),
        Trouble::RateLimited(_) => (
            429,
            "ThrottlingException",
            "Too many tokens, please wait before trying again.".to_owned(),
        ),
        Trouble::Quota => (
            429,
            "ThrottlingException",
            "Too many tokens per day, please wait before trying again.".to_owned(),
        ),
        Trouble::Overloaded => (
            503,
            "ServiceUnavailableException",
            "Bedrock is unable to process your request.".to_owned(),
        ),
        Trouble::Server => (
            500,
            "InternalServerException",
            "The system encountered an unexpected error during processing. Try your request again."
                .to_owned(),
        ),
        Trouble::BadModel(_) => (
            400,
            "ValidationException",
            "The provided model identifier is invalid.".to_owned(),
        ),
        Trouble::ContextLength => (
            400,
            "ValidationException",
            "Input is too long for requested model.".to_owned(),
        ),
        Trouble::Filtered => (
            400,
            "ValidationException",
            "The content was blocked.".to_owned(),
        ),
        Trouble::Unsupported { message, .. } => (400, "ValidationException", message.clone()),
        Trouble::Bad {
            status,
            message,
            code: Some(name),
            ..
        } => (*status, *name, message.clone()),
        Trouble::Bad {
            status: 404,
            message,
            ..
        } => (404, "ResourceNotFoundException", message.clone()),
        Trouble::Bad {
            status, message, ..
        } => (*status, "ValidationException", message.clone()),
    };
    let mut headers = vec![(
        "x-amzn-errortype",
        format!("{name}:http://internal.amazon.com/coral/com.amazon.bedrock/"),
    )];
    if let Trouble::RateLimited(Some(after)) = trouble {
        headers.push(("retry-after", after.to_string()));
    }
    // Both spellings occur.
    let field = if status == 403 { "Message" } else { "message" };
    Spelled {
        status,
        headers,
        body: json!({field: message}),
    }
}

fn denied(action: &str) -> String {
    format!(
        "User: arn:aws:iam::000000000000:user/simulated is not authorized to perform: bedrock:{action} on resource: *"
    )
}

/// Spells one answer: as named JSON, which [`frames`] makes binary.
#[derive(Default)]
struct Converse {
    /// The kind of the block that is open, and the number of blocks before it.
    block: Option<&'static str>,
    index: u32,
}

/// The padding that Amazon adds to hide lengths.
const PADDING: &str = "abcdefghijklmnop";

impl Converse {
    fn frame(kind: &str, mut data: Value) -> String {
        if let Some(data) = data.as_object_mut() {
            data.insert("p".into(), PADDING.into());
        }
        event(Some(kind), &data)
    }

    /// A piece of a block of this kind. A block of text has no start event.
    fn piece(&mut self, kind: &'static str, delta: Value) -> String {
        let mut out = String::new();
        if self.block != Some(kind) {
            out = self.close();
            self.block = Some(kind);
        }
        let data = json!({"contentBlockIndex": self.index, "delta": delta});
        out + &Self::frame("contentBlockDelta", data)
    }

    fn close(&mut self) -> String {
        if self.block.take().is_none() {
            return String::new();
        }
        self.index += 1;
        Self::frame(
            "contentBlockStop",
            json!({"contentBlockIndex": self.index - 1}),
        )
    }
}

fn reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::Filtered => "guardrail_intervened",
        Finish::Refused => "content_filtered",
    }
}

fn usage(tally: &Tally) -> Value {
    let output = tally.output() + tally.thought();
    json!({"inputTokens": tally.input(), "outputTokens": output, "totalTokens": tally.input() + output})
}

impl Dialect for Converse {
    fn mime(&self) -> &'static str {
        "application/vnd.amazon.eventstream"
    }

    fn encode(&self, frames: Bytes) -> Bytes {
        frames::binary(&frames)
    }

    fn open(&mut self, _: &Tally) -> String {
        Self::frame("messageStart", json!({"role": "assistant"}))
    }

    fn text(&mut self, piece: &str, _: &Tally) -> String {
        self.piece("text", json!({"text": piece}))
    }

    fn reasoning(&mut self, piece: &str, _: &Tally) -> String {
        self.piece("reasoning", json!({"reasoningContent": {"text": piece}}))
    }

    fn noise(&mut self, _: &Tally) -> String {
        let later = json!({"contentBlockIndex": 9, "delta": {"dream": "not for you"}});
        Self::frame("dream", json!({"delta": {"text": "not for you"}}))
            + &Self::frame("contentBlockDelta", later)
    }

    fn finish(&mut self, finish: Finish, tally: &Tally) -> String {
        let stop = Self::frame("messageStop", json!({"stopReason": reason(finish)}));
        let mut metadata = json!({"metrics": {"latencyMs": 551}});
        if let Some(metadata) = metadata.as_object_mut().filter(|_| tally.told) {
            metadata.insert("usage".into(), usage(tally));
        }
        self.close() + &stop + &Self::frame("metadata", metadata)
    }

    fn fail(&mut self, trouble: &Trouble, _: &Tally) -> String {
        let spelled = spell(trouble);
        let kind = match trouble {
            Trouble::Quota | Trouble::RateLimited(_) => "throttlingException",
            Trouble::Overloaded => "serviceUnavailableException",
            _ => "internalServerException",
        };
        event(Some(kind), &spelled.body)
    }

    fn whole(&mut self, answer: &Answer, tally: &Tally) -> Value {
        let mut content = Vec::new();
        if !answer.reasoning.is_empty() {
            content.push(json!({"reasoningContent": {"reasoningText": {"text": answer.reasoning, "signature": "sim"}}}));
        }
        if !answer.text.is_empty() {
            content.push(json!({"text": answer.text}));
        }
        json!({
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": reason(answer.finish),
            "usage": usage(tally),
            "metrics": {"latencyMs": 551},
        })
    }
}

/// Lets a request in by its API key, or by the signature over all of it.
fn let_in(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
    purpose: Purpose,
) -> Result<String, Deny> {
    let key = signature::key(method, uri, headers, body)?;
    admit(&PROVIDER, &key, purpose)?;
    Ok(key)
}

async fn get_models(State(shared): Sim, request: Request) -> Response {
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    let outcome =
        let_in(method, uri, headers, &[], Purpose::List).and_then(|_| json_of(Ok(models())));
    conclude(&shared, &PROVIDER, outcome).await
}

async fn get_profiles(
    State(shared): Sim,
    Query(query): Query<HashMap<String, String>>,
    request: Request,
) -> Response {
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    let outcome =
        let_in(method, uri, headers, &[], Purpose::List).and_then(|_| json_of(profiles(&query)));
    conclude(&shared, &PROVIDER, outcome).await
}

async fn post_converse(
    stream: bool,
    State(shared): Sim,
    Path(id): Path<String>,
    (method, uri, headers): (Method, Uri, HeaderMap),
    body: Bytes,
) -> Response {
    let outcome = async {
        let key = let_in(&method, &uri, &headers, &body, Purpose::Generate)?;
        let (asked, dialect) = ask(&body, &id, stream, key)?;
        perform(&shared, asked, dialect).await
    };
    conclude(&shared, &PROVIDER, outcome.await).await
}
