//! A provider is asked a second time only before its first byte, and only where that costs nobody anything.

use crate::support::Engine;
use crate::support::app::{TestApp, parts, text_of};
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use rstest::rstest;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const GOOD: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Here it is.\"}}]}\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
/// Begins to answer and breaks off.
const TORN: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Here\"}}]}\n\n";

/// What the provider says to one request.
#[derive(Clone, Copy)]
enum Says {
    Good,
    Torn,
    Refuses(u16, Option<&'static str>),
}

impl Says {
    fn response(self) -> Response {
        match self {
            Self::Good => ([("content-type", "text/event-stream")], GOOD).into_response(),
            Self::Torn => ([("content-type", "text/event-stream")], TORN).into_response(),
            Self::Refuses(status, wait) => {
                let mut headers = HeaderMap::new();
                if let Some(wait) = wait {
                    headers.insert("retry-after", wait.parse().unwrap());
                }
                let body = json!({ "error": { "message": "no", "type": "error", "param": null, "code": null } });
                let status = StatusCode::from_u16(status).unwrap();
                (status, headers, axum::Json(body)).into_response()
            }
        }
    }
}

/// A stand-in for OpenAI that says these one after another, the last one for ever, and how often it was asked.
async fn provider(script: &'static [Says]) -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let answer = post(async move || {
        let turn = count.fetch_add(1, Ordering::SeqCst);
        script[turn.min(script.len() - 1)].response()
    });
    let list = get(async || {
        axum::Json(json!({ "object": "list", "data": [
            { "id": "gpt-5.4", "object": "model", "created": 1, "owned_by": "openai" },
        ] }))
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/v1/models", list)
        .route("/v1/chat/completions", answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}

#[rstest]
#[case::overloaded_for_a_moment(&[Says::Refuses(503, Some("1")), Says::Good], 2, None)]
#[case::too_fast_for_a_moment(&[Says::Refuses(429, Some("1")), Says::Good], 2, None)]
#[case::once_and_no_more(&[Says::Refuses(503, Some("1"))], 2, Some("overloaded"))]
#[case::no_word_of_when(&[Says::Refuses(503, None), Says::Good], 1, Some("overloaded"))]
#[case::too_long_a_wait(&[Says::Refuses(429, Some("30")), Says::Good], 1, Some("rate_limited"))]
#[case::the_request_itself(&[Says::Refuses(400, Some("1")), Says::Good], 1, Some("upstream_error"))]
#[case::after_the_first_byte(&[Says::Torn, Says::Good], 1, Some("upstream_truncated"))]
#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_asked_again_only_where_it_asks_for_it(
    #[case] script: &'static [Says],
    #[case] requests: usize,
    #[case] fails: Option<&str>,
) {
    let (url, asked) = provider(script).await;
    let app = TestApp::start_with(Engine::Sqlite, &[("OPENAI_BASE_URL", &url)]).await;
    let ada = app.user().await;
    ada.add_key("openai", "sk-anything-at-all-0123456789").await;
    let thread = ada.thread("openai", "gpt-5.4").await;
    let events = ada.say(&thread, "r1", "Well?").await;
    assert_eq!(asked.load(Ordering::SeqCst), requests);
    let last = events.last().unwrap();
    match fails {
        None => {
            assert_eq!(last.name, "done");
            assert_eq!(text_of(&events), "Here it is.");
        }
        Some(code) => assert_eq!(
            (last.name.as_str(), last.data["error"]["code"].as_str()),
            ("error", Some(code))
        ),
    }
}

/// What some servers say of a field that they do not know.
#[rstest]
#[case::in_any_words(&[Says::Refuses(400, None), Says::Good], 2, None)]
#[case::by_its_schema(&[Says::Refuses(422, None), Says::Good], 2, None)]
#[case::once_and_no_more(&[Says::Refuses(400, None)], 2, Some("upstream_error"))]
#[case::not_for_what_it_is_about(&[Says::Refuses(404, None), Says::Good], 1, Some("bad_model"))]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_ones_own_that_refuses_how_it_is_asked_is_asked_once_more_with_less(
    #[case] script: &'static [Says],
    #[case] requests: usize,
    #[case] fails: Option<&str>,
) {
    let (url, asked) = provider(script).await;
    let app = TestApp::start_with(Engine::Sqlite, &[("CUSTOM_ENDPOINTS", "list:127.0.0.1")]).await;
    let ada = app.user().await;
    let key = json!({ "credentials": { "baseUrl": url } });
    let (status, body) = parts(ada.post("/api/providers/custom/keys", &key).await).await;
    assert_eq!(status, 201, "{body}");
    let thread = ada.thread("custom", "gpt-5.4").await;
    let events = ada.say(&thread, "r1", "Well?").await;
    assert_eq!(asked.load(Ordering::SeqCst), requests);
    let message = &events.last().unwrap().data["message"];
    assert_eq!(message["error"]["code"].as_str(), fails);
    assert_eq!(message["attempts"].as_array().unwrap().len(), requests);
}
