//! The addresses of the simulator, and how a decision becomes an HTTP response.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Path, Query, State},
    middleware::from_fn_with_state,
    response::{Html, IntoResponse, Response},
    routing::{any, get, post},
};
use futures::future::pending;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use serde_json::{Value, json};

use super::{
    Recorded, Shared, anthropic, chat,
    gemini::{self, Manner},
    keys::{Provider, Purpose, admit},
    openai, record, responses,
    script::{Asked, MENU, course},
    trouble::{Deny, Spelled, Trouble},
    wire::{self, Dialect, Tally, Whole},
};

type Sim = State<Arc<Shared>>;
type Params = Query<HashMap<String, String>>;
type Outcome = Result<Response, Deny>;

/// Where each provider is: the variable that sends KeyLM there, and the path.
const PLACES: [(&str, &str); 3] = [
    ("OPENAI_BASE_URL", "/openai/v1"),
    ("ANTHROPIC_BASE_URL", "/anthropic"),
    ("GEMINI_BASE_URL", "/gemini"),
];

/// The variables that send KeyLM to a simulator at `addr`.
pub(super) fn urls(addr: SocketAddr) -> Vec<(&'static str, String)> {
    let url = |(name, path): &(&'static str, &str)| (*name, format!("http://{addr}{path}"));
    PLACES.iter().map(url).collect()
}

/// All routes. What concerns the simulator itself is not recorded.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let openai = Router::new()
        .route("/models", get(openai_list))
        .route("/models/{id}", get(openai_one))
        .route("/chat/completions", post(openai_chat))
        .route("/responses", post(openai_responses));
    let gemini = Router::new()
        .route("/models", get(gemini_list))
        .route("/models/{call}", get(gemini_one).post(gemini_generate));
    let providers = Router::new()
        .nest("/openai/v1", openai.clone())
        .nest("/v1", openai)
        .route("/anthropic/v1/models", get(anthropic_list))
        .route("/anthropic/v1/models/{id}", get(anthropic_one))
        .route("/anthropic/v1/messages", post(anthropic_messages))
        .nest("/gemini/v1", gemini.clone())
        .nest("/gemini/v1beta", gemini)
        .route("/__trap", any(|| async { "trapped" }))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(shared.clone(), record::layer));
    Router::new()
        .route("/", get(async |State(shared): Sim| help(shared.addr)))
        .route("/__recorded", get(recorded).delete(forget))
        .merge(providers)
        .with_state(shared)
}

async fn recorded(State(shared): Sim) -> Json<Vec<Recorded>> {
    Json(shared.log.all())
}

async fn forget(State(shared): Sim) -> StatusCode {
    shared.log.clear();
    StatusCode::NO_CONTENT
}

/// What `/` says and `keylm simulate` prints.
pub(super) fn help(addr: SocketAddr) -> String {
    let mut out = format!(
        "The provider simulator listens on http://{addr}\n\n\
         Point KeyLM (or any official client) at it:\n\n"
    );
    for (name, url) in urls(addr) {
        out.extend(["  ", name, "=", &url, "\n"]);
    }
    out.push_str(
        "\nAccepted keys (anything may follow):\n\n  \
         OpenAI     sk-sim-good\n  Anthropic  sk-ant-sim-good\n  Gemini     AQ.sim-good or AIza-sim-good\n\n\
         Keys with a fault (after sk-, sk-ant-, AIza- or AQ.):\n\n  \
         sim-unscoped, sim-broke, sim-limited, sim-down, sim-html, sim-redirect, sim-slow, sim-echo;\n  \
         sk-sim-nolist (OpenAI: chats, cannot list); any other key is invalid\n\n\
         Models with a fault:\n\n",
    );
    for (id, what) in MENU {
        out.extend(["  ", id, ": ", what, "\n"]);
    }
    out.extend(["\nGET /__recorded lists the requests, DELETE /__recorded forgets them.\n"]);
    out
}

// --- answers ---

fn response(status: u16, headers: Vec<(&'static str, String)>, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    response
}

fn json_response(status: u16, mut headers: Vec<(&'static str, String)>, body: &Value) -> Response {
    headers.push(("content-type", "application/json".into()));
    response(status, headers, Body::from(body.to_string()))
}

/// Finishes a decision: the provider's words, its headers, and the answers beside the script.
async fn conclude(shared: &Shared, provider: Provider, outcome: Outcome) -> Response {
    let mut response = match outcome {
        Ok(response) => response,
        Err(Deny::Trouble(trouble)) => {
            let Spelled { status, headers, body } = match provider {
                Provider::OpenAi => openai::spell(&trouble),
                Provider::Anthropic => anthropic::spell(&trouble),
                Provider::Gemini => gemini::spell(&trouble),
            };
            json_response(status, headers, &body)
        }
        Err(Deny::Html) => {
            Html("<!doctype html><title>Sign in</title><h1>Captive portal</h1><script>window.__pwned=1</script>")
                .into_response()
        }
        Err(Deny::Redirect) => response(307, vec![("location", shared.trap())], Body::empty()),
        Err(Deny::Bomb) => response(
            200,
            vec![
                ("content-type", "text/event-stream; charset=utf-8".into()),
                ("content-encoding", "gzip".into()),
            ],
            wire::bomb(),
        ),
        Err(Deny::Hang) => pending().await,
    };
    let number = shared.next();
    let own: &[(&'static str, String)] = match provider {
        Provider::OpenAi => &[
            ("x-request-id", format!("req_sim{number:06}")),
            ("openai-processing-ms", "12".into()),
            ("openai-version", "2020-10-01".into()),
        ],
        Provider::Anthropic => &[
            ("request-id", format!("req_011Sim{number:06}")),
            (
                "anthropic-organization-id",
                "00000000-0000-4000-8000-000000000000".into(),
            ),
        ],
        Provider::Gemini => &[("server", "scaffolding on HTTPServer2".into())],
    };
    for (name, value) in own {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(*name, value);
        }
    }
    response
}

/// Plays the script of a request that was read and let through.
async fn perform(shared: &Shared, asked: Asked, mut dialect: impl Dialect) -> Outcome {
    let plan = course(&asked, shared.options.delta_delay)?;
    let cap = asked.cap.filter(|_| plan.capped);
    let mut tally = Tally {
        prompt: asked.chars(),
        told: plan.usage,
        ..Tally::default()
    };
    if asked.stream {
        let headers = vec![
            ("content-type", dialect.mime().to_owned()),
            ("cache-control", "no-cache".to_owned()),
        ];
        return Ok(response(
            200,
            headers,
            wire::stream(dialect, plan, tally, cap),
        ));
    }
    match wire::whole(&mut dialect, plan, &mut tally, cap).await {
        Whole::Json(json) => Ok(json_response(200, vec![], &json)),
        Whole::Failed(trouble) => Err(trouble.into()),
        Whole::Body(body) => {
            let headers = vec![("content-type", "application/json".to_owned())];
            Ok(response(200, headers, body))
        }
    }
}

fn json_of(result: Result<Value, Trouble>) -> Outcome {
    Ok(json_response(200, vec![], &result?))
}

/// An address that the provider does not have.
async fn unknown(State(shared): Sim, method: Method, uri: Uri) -> Response {
    let (provider, trouble) = match uri.path() {
        path if path.starts_with("/anthropic") => {
            (Provider::Anthropic, Trouble::not_found("Not Found", None))
        }
        path if path.starts_with("/gemini") => (
            Provider::Gemini,
            Trouble::not_found("Requested entity was not found.", None),
        ),
        path => {
            let message = format!(
                "Invalid URL ({method} {path}). Please check the URL and method you are using."
            );
            (
                Provider::OpenAi,
                Trouble::not_found(message, Some("unknown_url")),
            )
        }
    };
    conclude(&shared, provider, Err(trouble.into())).await
}

// --- OpenAI ---

async fn openai_list(State(shared): Sim, headers: HeaderMap) -> Response {
    let outcome = admit(Provider::OpenAi, &openai::key(&headers), Purpose::List)
        .and_then(|()| json_of(Ok(openai::list())));
    conclude(&shared, Provider::OpenAi, outcome).await
}

async fn openai_one(State(shared): Sim, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let outcome = admit(Provider::OpenAi, &openai::key(&headers), Purpose::List)
        .and_then(|()| json_of(openai::one(&id)));
    conclude(&shared, Provider::OpenAi, outcome).await
}

async fn openai_chat(State(shared): Sim, headers: HeaderMap, body: Bytes) -> Response {
    let outcome = async {
        let key = openai::key(&headers);
        admit(Provider::OpenAi, &key, Purpose::Generate)?;
        let (asked, dialect) = chat::ask(&body, key, shared.next())?;
        perform(&shared, asked, dialect).await.map(limits)
    };
    conclude(&shared, Provider::OpenAi, outcome.await).await
}

async fn openai_responses(State(shared): Sim, headers: HeaderMap, body: Bytes) -> Response {
    let outcome = async {
        let key = openai::key(&headers);
        admit(Provider::OpenAi, &key, Purpose::Generate)?;
        let (asked, dialect) = responses::ask(&body, key, shared.next())?;
        perform(&shared, asked, dialect).await.map(limits)
    };
    conclude(&shared, Provider::OpenAi, outcome.await).await
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

// --- Anthropic ---

fn anthropic_admit(headers: &HeaderMap, purpose: Purpose) -> Result<String, Deny> {
    let key = anthropic::key(headers);
    admit(Provider::Anthropic, &key, purpose)?;
    anthropic::check_headers(headers)?;
    Ok(key)
}

async fn anthropic_list(State(shared): Sim, Query(query): Params, headers: HeaderMap) -> Response {
    let outcome = anthropic_admit(&headers, Purpose::List)
        .and_then(|_| json_of(anthropic::list(|name| query.get(name).cloned())));
    conclude(&shared, Provider::Anthropic, outcome).await
}

async fn anthropic_one(State(shared): Sim, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let outcome =
        anthropic_admit(&headers, Purpose::List).and_then(|_| json_of(anthropic::one(&id)));
    conclude(&shared, Provider::Anthropic, outcome).await
}

async fn anthropic_messages(State(shared): Sim, headers: HeaderMap, body: Bytes) -> Response {
    let outcome = async {
        let key = anthropic_admit(&headers, Purpose::Generate)?;
        let version = anthropic::header(&headers, "anthropic-version");
        let (asked, dialect) = anthropic::ask(&body, &version, key, shared.next())?;
        perform(&shared, asked, dialect).await
    };
    conclude(&shared, Provider::Anthropic, outcome.await).await
}

// --- Gemini ---

fn gemini_admit(
    headers: &HeaderMap,
    query: &HashMap<String, String>,
    purpose: Purpose,
) -> Result<String, Deny> {
    let header_key = anthropic::header(headers, "x-goog-api-key");
    let query_key = query.get("key").cloned().unwrap_or_default();
    let given = [&header_key, &query_key]
        .iter()
        .filter(|key| !key.is_empty())
        .count();
    if given + usize::from(headers.contains_key(header::AUTHORIZATION)) > 1 {
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
    admit(Provider::Gemini, &key, purpose)?;
    Ok(key)
}

async fn gemini_list(State(shared): Sim, Query(query): Params, headers: HeaderMap) -> Response {
    let outcome = gemini_admit(&headers, &query, Purpose::List)
        .and_then(|_| json_of(gemini::list(|name| query.get(name).cloned())));
    conclude(&shared, Provider::Gemini, outcome).await
}

async fn gemini_one(
    State(shared): Sim,
    Path(id): Path<String>,
    Query(query): Params,
    headers: HeaderMap,
) -> Response {
    let outcome =
        gemini_admit(&headers, &query, Purpose::List).and_then(|_| json_of(gemini::one(&id)));
    conclude(&shared, Provider::Gemini, outcome).await
}

async fn gemini_generate(
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
        let key = gemini_admit(&headers, &query, Purpose::Generate)?;
        let Some((model, manner)) = manner else {
            return Err(Trouble::not_found("Requested entity was not found.", None).into());
        };
        let (asked, dialect) = gemini::ask(&body, model, manner, key, shared.next())?;
        perform(&shared, asked, dialect).await
    };
    let outcome = match (outcome.await, manner) {
        // An error of the array form is an array, too.
        (Err(Deny::Trouble(trouble)), Some((_, Manner::Array))) => {
            let Spelled {
                status,
                headers,
                body,
            } = gemini::spell(&trouble);
            Ok(json_response(status, headers, &json!([body])))
        }
        (outcome, _) => outcome,
    };
    conclude(&shared, Provider::Gemini, outcome).await
}
