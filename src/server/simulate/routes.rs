//! The addresses of the simulator, and how a decision becomes an HTTP response.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    body::Body,
    extract::{DefaultBodyLimit, State},
    middleware::from_fn_with_state,
    response::{Html, IntoResponse, Response},
    routing::{any, get},
};
use futures::future::pending;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use serde_json::Value;

use super::{
    Recorded, Shared,
    provider::{self, Provider},
    record,
    script::{Asked, MENU, course},
    trouble::{Deny, Spelled, Trouble},
    wire::{self, Dialect, Tally, Whole},
};

pub(super) type Sim = State<Arc<Shared>>;
pub(super) type Outcome = Result<Response, Deny>;

/// The variables that send KeyLM to a simulator at `addr`.
pub(super) fn urls(addr: SocketAddr) -> Vec<(&'static str, String)> {
    let url = |(name, path): &(&'static str, &str)| (*name, format!("http://{addr}{path}"));
    let places = provider::ALL.iter().flat_map(|provider| provider.places);
    places.map(url).collect()
}

/// All routes. What concerns the simulator itself is not recorded.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let providers = provider::ALL
        .iter()
        .fold(Router::new(), |all, provider| {
            all.merge((provider.routes)())
        })
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
    out.push_str("\nAccepted keys (anything may follow):\n\n");
    for provider in provider::ALL {
        out.extend(["  ", provider.name, ": ", &provider.good.join(", "), "\n"]);
    }
    out.push_str(
        "\nKeys with a fault (in the place of sim-good):\n\n  \
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

pub(super) fn json_response(
    status: u16,
    mut headers: Vec<(&'static str, String)>,
    body: &Value,
) -> Response {
    headers.push(("content-type", "application/json".into()));
    response(status, headers, Body::from(body.to_string()))
}

/// Finishes a decision: the provider's words, its headers, and the answers beside the script.
pub(super) async fn conclude(shared: &Shared, provider: &Provider, outcome: Outcome) -> Response {
    let mut response = match outcome {
        Ok(response) => response,
        Err(Deny::Trouble(trouble)) => {
            let Spelled { status, headers, body } = (provider.spell)(&trouble);
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
    for (name, value) in (provider.headers)(shared.next()) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Plays the script of a request that was read and let through.
pub(super) async fn perform(shared: &Shared, asked: Asked, mut dialect: impl Dialect) -> Outcome {
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

/// A list or a row of it.
pub(super) fn json_of(result: Result<Value, Trouble>) -> Outcome {
    Ok(json_response(200, vec![], &result?))
}

/// An address that the provider does not have.
async fn unknown(State(shared): Sim, method: Method, uri: Uri) -> Response {
    let provider = provider::at(uri.path());
    let trouble = (provider.unknown)(&method, uri.path());
    conclude(&shared, provider, Err(trouble.into())).await
}
