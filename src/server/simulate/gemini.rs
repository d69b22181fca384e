//! Google Gemini, versions `v1` and `v1beta`.

mod ask;
mod models;

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, Query, State},
    response::Response,
    routing::get,
};
use http::{HeaderMap, Method, header::AUTHORIZATION};
use serde_json::{Value, json};

use super::{
    Shared,
    anthropic::header,
    keys::{Purpose, admit, masked},
    provider::Provider,
    routes::{Sim, conclude, json_of, json_response, perform},
    script::Finish,
    trouble::{Deny, Spelled, Trouble},
    wire::{Answer, Dialect, Tally},
};

pub(super) use ask::{Manner, ask};
pub(super) use models::{list, one};

type Params = Query<HashMap<String, String>>;

/// Gemini.
pub(super) static PROVIDER: Provider = Provider {
    name: "Gemini",
    places: &[("GEMINI_BASE_URL", "/gemini")],
    good: &["AQ.sim-good", "AIza-sim-good"],
    routes,
    spell,
    headers,
    unknown,
    filters_by_status: false,
    flood: 170_000,
};

fn routes() -> Router<Arc<Shared>> {
    let own = Router::new()
        .route("/models", get(get_list))
        .route("/models/{call}", get(get_one).post(post_generate));
    Router::new()
        .nest("/gemini/v1", own.clone())
        .nest("/gemini/v1beta", own)
}

fn headers(_: u64) -> Vec<(&'static str, String)> {
    vec![("server", "scaffolding on HTTPServer2".into())]
}

fn unknown(_: &Method, _: &str) -> Trouble {
    Trouble::not_found("Requested entity was not found.", None)
}

fn info(reason: &str) -> Value {
    json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"},
    })
}

fn quota(id: &str, value: &str) -> Value {
    json!({
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{
            "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
            "quotaId": id,
            "quotaDimensions": {"location": "global", "model": "gemini-3.8-flash"},
            "quotaValue": value,
        }],
    })
}

fn retry(delay: &str) -> Value {
    json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
}

/// An error as Google writes it.
pub(super) fn spell(trouble: &Trouble) -> Spelled {
    let (code, status, message, details): (u16, &str, String, Vec<Value>) = match trouble {
        Trouble::MissingKey => (
            403,
            "PERMISSION_DENIED",
            "Method doesn't allow unregistered callers (callers without established identity). Please use API Key \
             or other form of API consumer identity to call this API."
                .into(),
            vec![],
        ),
        Trouble::InvalidKey(_) => (
            400,
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.".into(),
            vec![
                info("API_KEY_INVALID"),
                json!({
                    "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
                    "locale": "en-US",
                    "message": "API key not valid. Please pass a valid API key.",
                }),
            ],
        ),
        Trouble::Echo(key) => (
            401,
            "UNAUTHENTICATED",
            format!("Request had invalid authentication credentials: {key} ({}).", masked(key)),
            vec![info("ACCESS_TOKEN_TYPE_UNSUPPORTED")],
        ),
        Trouble::Unscoped | Trouble::NoList => (
            403,
            "PERMISSION_DENIED",
            "Requests to this API generativelanguage.googleapis.com are blocked.".into(),
            vec![info("API_KEY_SERVICE_BLOCKED")],
        ),
        Trouble::RateLimited(after) => {
            let mut message = "You exceeded your current quota, please check your plan and billing details. * Quota \
                exceeded for metric: generate_content_free_tier_requests, limit: 10"
                .to_owned();
            let mut details = vec![quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "10")];
            if let Some(after) = after {
                message = format!("{message}\nPlease retry in {after}.0s.");
                details.push(retry(&format!("{after}s")));
            }
            (429, "RESOURCE_EXHAUSTED", message, details)
        }
        Trouble::Quota => (
            429,
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan and billing details.".into(),
            vec![
                quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "250"),
                retry("36000s"),
            ],
        ),
        Trouble::Overloaded => (
            503,
            "UNAVAILABLE",
            "The model is overloaded. Please try again later.".into(),
            vec![],
        ),
        Trouble::Server => (500, "INTERNAL", "An internal error has occurred.".into(), vec![]),
        Trouble::BadModel(model) => (
            404,
            "NOT_FOUND",
            format!(
                "models/{model} is not found for API version v1beta, or is not supported for generateContent. Call \
                 ListModels to see the list of available models and their supported methods."
            ),
            vec![],
        ),
        Trouble::ContextLength => (
            400,
            "INVALID_ARGUMENT",
            "The input token count (1200345) exceeds the maximum number of tokens allowed (1048576).".into(),
            vec![],
        ),
        Trouble::Filtered => (400, "INVALID_ARGUMENT", "The prompt was blocked.".into(), vec![]),
        Trouble::Unsupported { message, .. } => (400, "INVALID_ARGUMENT", message.clone(), vec![]),
        Trouble::Bad { status: 404, message, .. } => (404, "NOT_FOUND", message.clone(), vec![]),
        Trouble::Bad { status, message, param, .. } => {
            let violation = param.as_ref().map(|_| {
                json!({
                    "@type": "type.googleapis.com/google.rpc.BadRequest",
                    "fieldViolations": [{"description": message}],
                })
            });
            (*status, "INVALID_ARGUMENT", message.clone(), violation.into_iter().collect())
        }
    };
    let mut error = json!({"code": code, "message": message, "status": status});
    if let Some(object) = error.as_object_mut().filter(|_| !details.is_empty()) {
        object.insert("details".into(), details.into());
    }
    // Google sends no Retry-After: the hint is in the details.
    Spelled {
        status: code,
        headers: Vec::new(),
        body: json!({"error": error}),
    }
}

/// Spells one answer.
#[derive(Default)]
pub(super) struct Gemini {
    serial: u64,
    model: String,
    /// Events, or else one JSON array.
    sse: bool,
    begun: bool,
    ended: bool,
}

impl Gemini {
    fn frame(&mut self, chunk: &Value) -> String {
        if self.sse {
            return format!("data: {chunk}\r\n\r\n");
        }
        let lead = if std::mem::replace(&mut self.begun, true) {
            ",\r\n"
        } else {
            "["
        };
        let end = if self.ended { "]" } else { "" };
        format!("{lead}{chunk}{end}")
    }

    fn response(&self, candidates: Value, tally: &Tally) -> Value {
        let mut response = json!({
            "candidates": candidates,
            "modelVersion": self.model,
            "responseId": format!("Sim{:06}", self.serial),
        });
        if let Some(object) = response.as_object_mut().filter(|_| tally.told) {
            object.insert("usageMetadata".into(), usage(tally));
        }
        response
    }

    fn parts(&mut self, parts: Value, tally: &Tally) -> String {
        let candidate = json!({"content": {"parts": parts, "role": "model"}, "index": 0});
        let chunk = self.response(json!([candidate]), tally);
        self.frame(&chunk)
    }

    fn blocked(&self, tally: &Tally) -> Value {
        let mut response = self.response(Value::Null, tally);
        if let Some(object) = response.as_object_mut() {
            object.remove("candidates");
            object.insert(
                "promptFeedback".into(),
                json!({"blockReason": "SAFETY", "safetyRatings": ratings()}),
            );
        }
        response
    }

    fn last(&self, text: &str, finish: Finish, tally: &Tally) -> Value {
        let reason = match finish {
            Finish::Stop => "STOP",
            Finish::Length => "MAX_TOKENS",
            Finish::Filtered => "SAFETY",
            Finish::Refused => "PROHIBITED_CONTENT",
        };
        let mut candidate = json!({"finishReason": reason, "index": 0});
        if let Some(object) = candidate.as_object_mut() {
            match finish {
                Finish::Stop | Finish::Length => {
                    let mut part = json!({"text": text});
                    if let Some(part) = part.as_object_mut().filter(|_| tally.reasoning > 0) {
                        part.insert("thoughtSignature".into(), "EqsFSimulated==".into());
                    }
                    object.insert("content".into(), json!({"parts": [part], "role": "model"}));
                }
                Finish::Filtered | Finish::Refused => {
                    object.insert("safetyRatings".into(), ratings());
                }
            }
        }
        self.response(json!([candidate]), tally)
    }
}

fn ratings() -> Value {
    json!([{"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": true}])
}

fn usage(tally: &Tally) -> Value {
    let mut usage = json!({
        "promptTokenCount": tally.input(),
        "candidatesTokenCount": tally.output(),
        "totalTokenCount": tally.input() + tally.output() + tally.thought(),
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tally.input()}],
    });
    if let Some(object) = usage.as_object_mut().filter(|_| tally.reasoning > 0) {
        object.insert("thoughtsTokenCount".into(), tally.thought().into());
    }
    usage
}

impl Dialect for Gemini {
    fn mime(&self) -> &'static str {
        if self.sse {
            "text/event-stream"
        } else {
            "application/json; charset=UTF-8"
        }
    }

    /// Gemini begins with its first text.
    fn open(&mut self, _: &Tally) -> String {
        String::new()
    }

    fn text(&mut self, piece: &str, tally: &Tally) -> String {
        self.parts(json!([{"text": piece}]), tally)
    }

    fn reasoning(&mut self, piece: &str, tally: &Tally) -> String {
        self.parts(json!([{"text": piece, "thought": true}]), tally)
    }

    fn noise(&mut self, tally: &Tally) -> String {
        if !self.sse {
            return self.parts(json!([]), tally);
        }
        let empty = self.response(json!([]), tally);
        let dream = json!({"dream": {"text": "not for you"}, "execute": "window.__pwned=1"});
        [
            ": keep-alive\r\n\r\n".to_owned(),
            self.frame(&empty),
            self.frame(&dream),
            self.parts(json!([{"dream": "not for you"}]), tally),
            "event: ping\r\n\r\nretry: 1\r\n\r\n".to_owned(),
        ]
        .concat()
    }

    fn finish(&mut self, finish: Finish, tally: &Tally) -> String {
        self.ended = true;
        let chunk = match finish {
            Finish::Filtered if tally.text == 0 => self.blocked(tally),
            _ => self.last("", finish, tally),
        };
        self.frame(&chunk)
    }

    fn fail(&mut self, trouble: &Trouble, _: &Tally) -> String {
        self.ended = true;
        let chunk = spell(trouble).body;
        self.frame(&chunk)
    }

    fn whole(&mut self, answer: &Answer, tally: &Tally) -> Value {
        if answer.finish == Finish::Filtered && answer.text.is_empty() {
            return self.blocked(tally);
        }
        let mut response = self.last(&answer.text, answer.finish, tally);
        let parts = response
            .pointer_mut("/candidates/0/content/parts")
            .and_then(Value::as_array_mut);
        if let Some(parts) = parts.filter(|_| !answer.reasoning.is_empty()) {
            parts.insert(0, json!({"text": answer.reasoning, "thought": true}));
        }
        response
    }
}

fn let_in(
    headers: &HeaderMap,
    query: &HashMap<String, String>,
    purpose: Purpose,
) -> Result<String, Deny> {
    let header_key = header(headers, "x-goog-api-key");
    let query_key = query.get("key").cloned().unwrap_or_default();
    let given = [&header_key, &query_key]
        .iter()
        .filter(|key| !key.is_empty())
        .count();
    if given + usize::from(headers.contains_key(AUTHORIZATION)) > 1 {
        return Err(Trouble::bad(
            "Multiple authentication credentials received. Please pass only one.",
        )
        .into());
    }
    let key = if header_key.is_empty() {
        query_key
    } else {
        header_key
    };
    admit(&PROVIDER, &key, purpose)?;
    Ok(key)
}

async fn get_list(State(shared): Sim, Query(query): Params, headers: HeaderMap) -> Response {
    let outcome = let_in(&headers, &query, Purpose::List)
        .and_then(|_| json_of(list(|name| query.get(name).cloned())));
    conclude(&shared, &PROVIDER, outcome).await
}

async fn get_one(
    State(shared): Sim,
    Path(id): Path<String>,
    Query(query): Params,
    headers: HeaderMap,
) -> Response {
    let outcome = let_in(&headers, &query, Purpose::List).and_then(|_| json_of(one(&id)));
    conclude(&shared, &PROVIDER, outcome).await
}

async fn post_generate(
    State(shared): Sim,
    Path(call): Path<String>,
    Query(query): Params,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let sse = query.get("alt").is_some_and(|alt| alt == "sse");
    let manner = match call.rsplit_once(':') {
        Some((model, "generateContent")) => Some((model, Manner::Whole)),
        Some((model, "streamGenerateContent")) if sse => Some((model, Manner::Events)),
        Some((model, "streamGenerateContent")) => Some((model, Manner::Array)),
        _ => None,
    };
    let outcome = async {
        let key = let_in(&headers, &query, Purpose::Generate)?;
        let Some((model, manner)) = manner else {
            return Err(Trouble::not_found("Requested entity was not found.", None).into());
        };
        let (asked, dialect) = ask(&body, model, manner, key, shared.next())?;
        perform(&shared, asked, dialect).await
    };
    let outcome = match (outcome.await, manner) {
        // An error of the array form is an array, too.
        (Err(Deny::Trouble(trouble)), Some((_, Manner::Array))) => {
            let Spelled {
                status,
                headers,
                body,
            } = spell(&trouble);
            Ok(json_response(status, headers, &json!([body])))
        }
        (outcome, _) => outcome,
    };
    conclude(&shared, &PROVIDER, outcome).await
}
