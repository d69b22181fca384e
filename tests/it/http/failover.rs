//! Several keys at one provider: which of them pays, and what is kept of those that could not.

use crate::support::Engine;
use crate::support::app::{Client, TestApp, parts, text_of};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::routing::{get, post};
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// A stand-in for OpenAI that lists models for every key, and answers each key by what its name says.
struct Doorman {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

const ANSWER: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Yes.\"}}]}\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
const BROKEN: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Ye\"}}]}\n\n\
    data: {\"error\":{\"message\":\"busy\",\"type\":\"server_error\",\"code\":\"rate_limit_exceeded\"}}\n\n";
const SPENT: &str = "data: {\"error\":{\"message\":\"no credit\",\"type\":\"insufficient_quota\",\"code\":\"insufficient_quota\"}}\n\n";

fn key_of(headers: &HeaderMap) -> String {
    let value = headers[header::AUTHORIZATION].to_str().unwrap();
    value.trim_start_matches("Bearer ").to_owned()
}

fn answer(key: &str) -> Response<Body> {
    let stream = |text: &'static str| {
        let builder = Response::builder().header(header::CONTENT_TYPE, "text/event-stream");
        builder.body(Body::from(text)).unwrap()
    };
    let refuse = |status: u16, code: &str, wait: Option<&str>| {
        let error =
            json!({ "error": { "message": "no", "type": "error", "param": null, "code": code } });
        let mut builder = Response::builder()
            .status(StatusCode::from_u16(status).unwrap())
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(wait) = wait {
            builder = builder.header(header::RETRY_AFTER, wait);
        }
        builder.body(Body::from(error.to_string())).unwrap()
    };
    match key.rsplit('-').next().unwrap() {
        "invalid" => refuse(401, "invalid_api_key", None),
        "limited" => refuse(429, "rate_limit_exceeded", Some("120")),
        "spent" => refuse(429, "insufficient_quota", None),
        "busy" => refuse(503, "overloaded", None),
        "long" => refuse(400, "context_length_exceeded", None),
        "midway" => stream(BROKEN),
        "first" => stream(SPENT),
        _ => stream(ANSWER),
    }
}

impl Doorman {
    async fn start() -> Self {
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&asked);
        let chat = post(async move |headers: HeaderMap| {
            let key = key_of(&headers);
            log.lock().unwrap().push(key.clone());
            answer(&key)
        });
        let list = get(async || {
            let list = json!({ "object": "list", "data": [{ "id": "gpt-5.4", "object": "model", "created": 1 }] });
            (
                [(header::CONTENT_TYPE, "application/json")],
                list.to_string(),
            )
        });
        let router = Router::new()
            .route("/v1/models", list)
            .route("/v1/chat/completions", chat);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, asked }
    }

    /// The keys that were asked since the last call, by their last word.
    fn asked(&self) -> Vec<String> {
        let keys = std::mem::take(&mut *self.asked.lock().unwrap());
        keys.iter().map(|key| word(key)).collect()
    }
}

fn word(key: &str) -> String {
    key.rsplit('-').next().unwrap().to_owned()
}

/// Ada with keys of these names, in this order; their ids.
async fn with_keys(engine: Engine, names: &[&str]) -> (TestApp, Doorman, Client, Vec<String>) {
    let door = Doorman::start().await;
    let app = TestApp::start_with(engine, &[("OPENAI_BASE_URL", &door.url)]).await;
    let ada = app.user().await;
    let mut ids = Vec::new();
    for name in names {
        ids.push(
            ada.add_key("openai", &format!("sk-of-the-tests-{name}"))
                .await,
        );
    }
    (app, door, ada, ids)
}

/// What is kept of each request: the key's tail, the status, the code.
fn attempts(message: &Value) -> Vec<(String, Value, Value)> {
    let each = |one: &Value| {
        let mask = one["keyMask"].as_str().unwrap();
        (
            mask.trim_start_matches('…').to_owned(),
            one["status"].clone(),
            one["code"].clone(),
        )
    };
    message["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(each)
        .collect()
}

#[rstest]
#[case("invalid", "invalid_key", 401)]
#[case("limited", "rate_limited", 429)]
#[case("spent", "quota_exhausted", 429)]
#[case("busy", "overloaded", 503)]
#[case("first", "quota_exhausted", 200)]
#[tokio::test(flavor = "multi_thread")]
async fn the_next_key_pays_where_that_helps(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] first: &str,
    #[case] code: &str,
    #[case] status: u16,
) {
    let (app, door, ada, ids) = with_keys(engine, &[first, "good"]).await;
    let thread = ada.thread("openai", "gpt-5.4").await;
    let events = ada.say(&thread, "r1", "Hello?").await;
    let last = events.last().unwrap();
    assert_eq!(
        (last.name.as_str(), text_of(&events).as_str()),
        ("done", "Yes.")
    );
    assert_eq!(door.asked(), [first, "good"]);
    let message = &last.data["message"];
    assert_eq!(message["keyId"], ids[1].as_str());
    let tail = |name: &str| name[name.len() - 4..].to_owned();
    assert_eq!(
        attempts(message),
        [
            (tail(first), json!(status), json!(code)),
            (tail("good"), json!(200), Value::Null)
        ]
    );
    let (_, read) = parts(ada.get(&format!("/api/threads/{thread}")).await).await;
    assert_eq!(
        read["messages"][1], *message,
        "what was streamed is what is stored"
    );
    let (_, list) = parts(ada.get("/api/providers/openai/keys").await).await;
    let failed = &list["keys"][0];
    assert_eq!(failed["status"] == "invalid", code == "invalid_key");
    assert_eq!(
        failed["lastError"]["code"].is_null(),
        code == "overloaded",
        "{failed}"
    );

    // It comes last for a while, or not at all.
    ada.say(&thread, "r2", "And now?").await;
    assert_eq!(door.asked(), ["good"]);
    drop(app);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_is_about_the_question_is_not_carried_to_another_key() {
    let (_app, door, ada, _) = with_keys(Engine::Sqlite, &["long", "good"]).await;
    let thread = ada.thread("openai", "gpt-5.4").await;
    let events = ada.say(&thread, "r1", "Hello?").await;
    assert_eq!(
        events.last().unwrap().data["error"]["code"],
        "context_length"
    );
    assert_eq!(door.asked(), ["long"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_begun_to_answer_is_not_asked_of_another_key() {
    let (_app, door, ada, ids) = with_keys(Engine::Sqlite, &["midway", "good"]).await;
    let thread = ada.thread("openai", "gpt-5.4").await;
    let events = ada.say(&thread, "r1", "Hello?").await;
    let last = events.last().unwrap();
    assert_eq!(
        (last.name.as_str(), text_of(&events).as_str()),
        ("error", "Ye")
    );
    assert_eq!(last.data["message"]["keyId"], ids[0].as_str());
    assert_eq!(attempts(&last.data["message"]).len(), 1);
    assert_eq!(door.asked(), ["midway"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_no_key_helps_the_last_failure_is_told_and_every_attempt_is_kept() {
    let (_app, door, ada, _) = with_keys(Engine::Sqlite, &["spent", "limited", "busy"]).await;
    let thread = ada.thread("openai", "gpt-5.4").await;
    let events = ada.say(&thread, "r1", "Hello?").await;
    let last = events.last().unwrap();
    assert_eq!(last.data["error"]["code"], "overloaded");
    let codes: Vec<Value> = attempts(&last.data["message"])
        .into_iter()
        .map(|(_, _, code)| code)
        .collect();
    assert_eq!(codes, ["quota_exhausted", "rate_limited", "overloaded"]);
    assert_eq!(door.asked(), ["spent", "limited", "busy"]);
    // All of them failed just now: the one whose rest is the shortest comes first.
    ada.say(&thread, "r2", "And now?").await;
    assert_eq!(door.asked(), ["busy", "limited", "spent"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_off_or_removed_is_not_asked_in_the_place_of_another() {
    let (_app, door, ada, ids) = with_keys(Engine::Sqlite, &["busy", "off", "gone", "good"]).await;
    let path = |id: &str| format!("/api/providers/openai/keys/{id}");
    assert_eq!(
        ada.patch(&path(&ids[1]), &json!({ "active": false }))
            .await
            .status(),
        200
    );
    assert_eq!(ada.delete(&path(&ids[2])).await.status(), 204);
    let thread = ada.thread("openai", "gpt-5.4").await;
    assert_eq!(
        ada.say(&thread, "r1", "Hello?").await.last().unwrap().name,
        "done"
    );
    assert_eq!(door.asked(), ["busy", "good"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_tested_successfully_comes_in_its_turn_again() {
    let (_app, door, ada, ids) = with_keys(Engine::Sqlite, &["spent", "good"]).await;
    let thread = ada.thread("openai", "gpt-5.4").await;
    ada.say(&thread, "r1", "Hello?").await;
    assert_eq!(door.asked(), ["spent", "good"]);
    ada.say(&thread, "r2", "And now?").await;
    assert_eq!(door.asked(), ["good"]);
    let path = format!("/api/providers/openai/keys/{}/validate", ids[0]);
    let (_, tested) = parts(ada.post(&path, &json!({})).await).await;
    assert_eq!(
        (&tested["valid"], &tested["key"]["lastError"]),
        (&json!(true), &Value::Null)
    );
    ada.say(&thread, "r3", "And now?").await;
    assert_eq!(door.asked(), ["spent", "good"]);
}
