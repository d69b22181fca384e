//! Limits as clients meet them, each with its count.

use crate::support::Engine;
use crate::support::app::{TestApp, parts, text_of};
use crate::support::probe::{Tail, refusal, wrong_fields};
use keylm::server::config::Limit;
use reqwest::{Body, Method};
use rstest::rstest;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn app(settings: &[(&str, &str)]) -> TestApp {
    TestApp::start_with(Engine::Sqlite, settings).await
}

impl TestApp {
    fn hits(&self, limit: Limit) -> u64 {
        self.services.metrics().limit_hits(limit)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_bounded_whether_it_says_its_length_or_not() {
    let app = app(&[("LIMIT_REQUEST_BYTES", "2048")]).await;
    let ada = app.user().await;
    let body = |size: usize| format!("{{\"x\":\"{}\"}}", "a".repeat(size - 8));
    let chunked = |size: usize| {
        let pieces = [body(size)].map(Ok::<_, std::io::Error>);
        Body::wrap_stream(futures::stream::iter(pieces))
    };
    for (n, (body, status)) in [
        (Body::from(body(2048)), 400),
        (chunked(2048), 400),
        (Body::from(body(2049)), 413),
        (chunked(2049), 413),
    ]
    .into_iter()
    .enumerate()
    {
        let request = ada.request(Method::POST, "/api/threads");
        let request = request.header("content-type", "application/json");
        let response = request.body(body).send().await.unwrap();
        assert_eq!(response.status(), status, "{n}");
    }
    assert_eq!(app.hits(Limit::RequestBytes), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let app = app(&[("LIMIT_BODY_READ_SECONDS", "1")]).await;
    let ada = app.user().await;
    let cookie = ada.cookie.as_ref().unwrap();
    let head = format!(
        "POST /api/threads HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{{"
    );
    let mut stream = TcpStream::connect(app.url.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("did not arrive within 1 s"), "{answer}");
    assert_eq!(app.hits(Limit::BodyRead), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_bounded_in_characters() {
    let app = app(&[("LIMIT_MESSAGE_CHARS", "5")]).await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-short").await;
    let refused = ada.ask(&thread, "r1", "éééééé").await;
    assert_eq!(wrong_fields(refused).await, ["content"]);
    assert_eq!(ada.ask(&thread, "r2", "ééééé").await.status(), 200);
    assert_eq!(app.hits(Limit::MessageChars), 1);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::postgres(Engine::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_person_has_so_many_answers_at_once(#[case] engine: Engine) {
    let app = TestApp::start_with(engine, &[("LIMIT_ANSWERS_PER_USER", "2")]).await;
    let (ada, bob) = (app.user_with_keys().await, app.user_with_keys().await);
    let mut tails = Vec::new();
    for n in 0..2 {
        let thread = ada.thread("openai", "sim-endless").await;
        let mut tail = Tail::new(ada.ask(&thread, &format!("r{n}"), "Go on").await);
        let message = tail.answer().await;
        tails.push((thread, message, tail));
    }
    let third = ada.thread("openai", "sim-short").await;
    let (status, error) = refusal(ada.ask(&third, "r3", "Hello?").await).await;
    assert_eq!((status, &error["code"]), (429, &json!("rate_limited")));
    assert_eq!(error["retryAfterMs"], 5000);
    assert!(error["message"].as_str().unwrap().contains("stop it"));
    let (_, opened) = parts(ada.get(&format!("/api/threads/{third}")).await).await;
    assert_eq!(opened["messages"], json!([]), "nothing was stored");
    assert_eq!(app.hits(Limit::AnswersPerUser), 1);
    // A request that was taken is attached to, however full it is; its thread says that it is being answered.
    let (thread, message, _) = &tails[0];
    let mut again = Tail::new(ada.ask(thread, "r0", "Go on").await);
    assert_eq!(again.answer().await, *message);
    let (_, error) = refusal(ada.ask(thread, "r4", "And?").await).await;
    assert_eq!(error["code"], "generation_in_progress");
    // Others have their own.
    let bobs = bob.thread("openai", "sim-short").await;
    assert_eq!(
        bob.say(&bobs, "r1", "Hello?").await.last().unwrap().name,
        "done"
    );
    let (thread, message, tail) = tails.remove(0);
    let path = format!("/api/threads/{thread}/messages/{message}/stop");
    assert_eq!(ada.post(&path, &json!({})).await.status(), 202);
    tail.rest().await;
    assert_eq!(
        ada.say(&third, "r3", "Hello?").await.last().unwrap().name,
        "done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_together_has_so_many_answers_at_once() {
    let app = app(&[("LIMIT_ANSWERS", "1")]).await;
    let (ada, bob) = (app.user_with_keys().await, app.user_with_keys().await);
    let thread = ada.thread("openai", "sim-endless").await;
    let mut tail = Tail::new(ada.ask(&thread, "r1", "Go on").await);
    tail.until(2).await;
    let bobs = bob.thread("openai", "sim-short").await;
    let (status, error) = refusal(bob.ask(&bobs, "r1", "Hello?").await).await;
    assert_eq!((status, &error["code"]), (429, &json!("rate_limited")));
    assert_eq!(app.hits(Limit::Answers), 1);
    assert_eq!(app.hits(Limit::AnswersPerUser), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_has_so_many_readers() {
    let app = app(&[]).await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-endless").await;
    let mut first = Tail::new(ada.ask(&thread, "r1", "Go on").await);
    let message = first.answer().await;
    let path = format!("/api/threads/{thread}/messages/{message}/stream");
    let mut readers = Vec::new();
    for n in 1..16 {
        let view = if n % 2 == 0 { "?view=html" } else { "" };
        let reader = ada.get(&format!("{path}{view}")).await;
        assert_eq!(reader.status(), 200);
        readers.push(reader);
    }
    for path in [path.clone(), format!("{path}?view=html")] {
        let (status, error) = refusal(ada.get(&path).await).await;
        assert_eq!((status, &error["code"]), (429, &json!("rate_limited")));
    }
    assert_eq!(app.hits(Limit::ReadersPerMessage), 2);
    readers.pop();
    let mut again = ada.get(&path).await;
    while again.status() == 429 {
        again = ada.get(&path).await;
    }
    let mut again = Tail::new(again);
    assert_eq!(again.answer().await, message);
}

#[rstest]
#[case::text("sim-fast", "LIMIT_OUTPUT_BYTES", Limit::OutputBytes)]
#[case::stream("sim-flood", "LIMIT_STREAM_BYTES", Limit::StreamBytes)]
#[case::line("sim-huge", "LIMIT_SSE_LINE_BYTES", Limit::SseLineBytes)]
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_grows_too_large_ends_and_keeps_what_it_had(
    #[case] model: &str,
    #[case] variable: &str,
    #[case] limit: Limit,
) {
    let app = app(&[(variable, "2048")]).await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", model).await;
    let events = ada.say(&thread, "r1", "Go on").await;
    let last = events.last().unwrap();
    assert_eq!(last.data["error"]["code"], "upstream_error", "{last:?}");
    let content = last.data["message"]["content"].as_str().unwrap();
    assert_eq!(content, text_of(&events));
    assert_eq!(app.hits(limit), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_models_is_cut() {
    let app = app(&[("LIMIT_MODELS", "2")]).await;
    let ada = app.user_with_keys().await;
    let (status, body) = parts(ada.get("/api/providers/gemini/models").await).await;
    assert_eq!(status, 200);
    assert_eq!(body["models"].as_array().unwrap().len(), 2);
    assert!(app.hits(Limit::Models) >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_nested_too_deep_is_shown_as_text() {
    let app = app(&[("LIMIT_MARKDOWN_DEPTH", "3")]).await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-echo").await;
    let mut tail = Tail::new(ada.ask(&thread, "r1", "> > > > > deep").await);
    let message = tail.answer().await;
    tail.rest().await;
    assert_eq!(app.hits(Limit::MarkdownDepth), 0);
    let path = format!("/api/threads/{thread}/messages/{message}/stream?view=html");
    let html = ada.get(&path).await.text().await.unwrap();
    assert!(html.contains("deep"), "{html}");
    assert!(app.hits(Limit::MarkdownDepth) > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_beyond_the_rate_are_counted() {
    let app = app(&[("RATE_LIMIT_PER_MINUTE", "2")]).await;
    let form = json!({ "email": "nobody@example.org", "password": "wrong password" });
    let nobody = app.anonymous();
    for status in [401, 401, 429] {
        assert_eq!(nobody.post("/api/auth/login", &form).await.status(), status);
    }
    assert_eq!(app.hits(Limit::RequestRate), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_where_the_operator_wants_them_and_know_nobody() {
    let hidden = app(&[]).await;
    assert_eq!(hidden.anonymous().get("/metrics").await.status(), 404);
    let apart = app(&[("METRICS_ADDR", "127.0.0.1:9")]).await;
    assert_eq!(apart.anonymous().get("/metrics").await.status(), 404);

    let app = app(&[
        ("KEYLM_ADDR", "127.0.0.1:3000"),
        ("METRICS_ADDR", "127.0.0.1:3000"),
    ])
    .await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-endless").await;
    let mut tail = Tail::new(ada.ask(&thread, "r1", "A canary").await);
    let message = tail.answer().await;
    tail.until(2).await;
    let short = ada.thread("openai", "sim-short").await;
    ada.say(&short, "r2", "Hello?").await;
    let broken = ada.thread("openai", "sim-401").await;
    ada.say(&broken, "r3", "Hello?").await;
    let response = app.anonymous().get("/metrics").await;
    let kind = response.headers()["content-type"].to_str().unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    let text = response.text().await.unwrap();
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let line = line.unwrap_or_else(|| panic!("{name}\n{text}"));
        line.trim().parse::<f64>().unwrap()
    };
    for (name, least) in [
        ("keylm_answers_running", 1.0),
        ("keylm_answers_ended_total{status=\"complete\"}", 1.0),
        ("keylm_answers_ended_total{status=\"failed\"}", 1.0),
        ("keylm_events_committed_total", 3.0),
        ("keylm_commit_seconds_count", 2.0),
        ("keylm_commit_answers_count", 2.0),
        ("keylm_readers", 1.0),
        ("keylm_connections", 1.0),
        ("keylm_requests_total{class=\"api\",status=\"201\"}", 4.0),
        (
            "keylm_provider_calls_total{provider=\"openai\",outcome=\"ok\"}",
            2.0,
        ),
        (
            "keylm_provider_calls_total{provider=\"openai\",outcome=\"invalid_key\"}",
            1.0,
        ),
        (
            "keylm_database_connections{pool=\"write\",state=\"idle\"}",
            0.0,
        ),
    ] {
        assert!(value(name) >= least, "{name}\n{text}");
    }
    let user = app.text("SELECT id FROM users").await;
    for secret in [
        &thread, &message, &user, &ada.email, "canary", "sk-sim", "sim-",
    ] {
        assert!(!text.contains(secret), "{secret}\n{text}");
    }
}
