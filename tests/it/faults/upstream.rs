//! What providers do wrong, seen from the person who asked; `providers::simulator` has the same for each decoder alone.

use super::aftermath::{COMPLETE, Ending, Shown, aftermath, alive, intact};
use super::{GENEROUS, endless, until};
use crate::support::Engine;
use crate::support::app::{OPENAI_KEY, TestApp, parts, text_of};
use crate::support::probe::{Moody, Tail, deaf, deaf_at, refusal};
use crate::support::process::Server;
use axum::Router;
use axum::routing::{get, post};
use futures::future::join_all;
use keylm::server::simulate::Simulator;
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpSocket;

const fn failed(code: &'static str) -> Ending {
    ("failed", Some(code))
}

/// Fault models, how their answers end, and whether some text came before.
static FAULTS: [(&str, Ending, bool); 26] = [
    ("sim-nofirst", failed("timeout"), false),
    ("sim-stall", failed("timeout"), true),
    ("sim-reset", failed("upstream_truncated"), true),
    ("sim-half", failed("upstream_truncated"), true),
    ("sim-noend", failed("upstream_truncated"), true),
    ("sim-badutf", COMPLETE, true),
    ("sim-crlf", COMPLETE, true),
    ("sim-split", COMPLETE, true),
    ("sim-unknown", COMPLETE, true),
    ("sim-nousage", COMPLETE, true),
    ("sim-length", COMPLETE, true),
    ("sim-filter-mid", COMPLETE, true),
    ("sim-garbage", failed("upstream_error"), false),
    ("sim-html", failed("upstream_error"), false),
    ("sim-huge", failed("upstream_error"), false),
    ("sim-bomb", failed("upstream_error"), false),
    ("sim-redirect", failed("provider_redirected"), false),
    ("sim-403", failed("insufficient_permission"), false),
    ("sim-404", failed("bad_model"), false),
    ("sim-429", failed("rate_limited"), false),
    ("sim-500", failed("overloaded"), false),
    ("sim-503", failed("overloaded"), false),
    ("sim-quota", failed("quota_exhausted"), false),
    ("sim-quota-mid", failed("quota_exhausted"), false),
    ("sim-context", failed("context_length"), false),
    ("sim-error-mid", failed("overloaded"), true),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_provider_has_an_honest_end_that_stays() {
    // All at once: who should answer well has time for it.
    let patient = [
        GENEROUS,
        ("PROVIDER_FIRST_BYTE_SECONDS", "8"),
        ("PROVIDER_IDLE_SECONDS", "8"),
    ];
    let app = TestApp::start_with(Engine::Sqlite, &patient).await;
    let ada = app.user_with_keys().await;
    let asked = FAULTS.iter().flat_map(|(model, honest, partial)| {
        ["openai", "anthropic", "gemini"].map(|provider| {
            let ada = ada.clone();
            async move {
                let thread = ada.thread(provider, model).await;
                let told = Tail::new(ada.ask(&thread, &thread, "Hello?").await)
                    .rest()
                    .await;
                let shown = Shown::new(told);
                let message = intact(&ada, &shown, &[*honest]).await;
                let content = message["content"].as_str().unwrap();
                assert_eq!(
                    !content.is_empty(),
                    *partial,
                    "{provider} {model}: {content}"
                );
                assert!(!content.contains("<html"), "{provider} {model}: {content}");
                if model == &"sim-badutf" {
                    assert!(
                        content.contains('\u{fffd}') && content.ends_with("After the bad byte."),
                        "what follows the bad byte is there: {content}"
                    );
                }
                shown
            }
        })
    });
    let shown = join_all(asked).await;
    aftermath(&ada, &shown, &FAULTS.map(|(_, honest, _)| honest)).await;
    let recorded = app.sim.recorded();
    assert!(
        recorded.iter().all(|one| one.path != "/__trap"),
        "nobody went where a redirect pointed"
    );
    // A key that is refused while chatting is not used again, so this comes last and alone.
    let bob = app.user_with_keys().await;
    let thread = bob.thread("anthropic", "sim-401").await;
    let shown = Shown::new(bob.say(&thread, &thread, "Hello?").await);
    aftermath(&bob, &[shown], &[failed("invalid_key")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_drips_is_ended_by_its_total_time_and_kept() {
    let settings = [GENEROUS, ("PROVIDER_TOTAL_SECONDS", "4")];
    let app = TestApp::start_with(Engine::Sqlite, &settings).await;
    let ada = app.user_with_keys().await;
    let asked = [("openai", "sim-drip"), ("openai", "sim-endless")].map(|(provider, model)| {
        let ada = ada.clone();
        async move {
            let thread = ada.thread(provider, model).await;
            Shown::new(ada.say(&thread, &thread, "Hello?").await)
        }
    });
    let shown = join_all(asked).await;
    assert!(
        text_of(&shown[1].events).len() > 100,
        "what had come is kept"
    );
    aftermath(&ada, &shown, &[failed("timeout")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_goes_away_is_an_honest_end_and_is_asked_again_when_it_is_back() {
    let sim = Simulator::start(0).await.unwrap();
    let port = sim.addr().port();
    let server = Server::start(&sim, tempfile::tempdir().unwrap(), &[GENEROUS]).await;
    let ada = server.person().await;
    let interrupted = endless(&ada, 2).await;
    drop(sim);
    let mut shown = Vec::new();
    for tail in interrupted {
        shown.push(Shown::new(tail.rest().await));
    }
    let thread = ada.thread("openai", "sim-short").await;
    let refused = Shown::new(ada.say(&thread, &thread, "Hello?").await);
    intact(&ada, &refused, &[failed("network")]).await;
    let mut back = None;
    until("the provider is back", async || {
        back = Simulator::start(port).await.ok();
        back.is_some()
    })
    .await;
    aftermath(&ada, &shown, &[failed("upstream_truncated")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bombs_floods_and_endless_lines_cost_little_and_nobody_else() {
    let sim = Simulator::start(0).await.unwrap();
    let server = Server::start(&sim, tempfile::tempdir().unwrap(), &[GENEROUS]).await;
    let ada = server.person().await;
    let mut beside = endless(&ada, 1).await.remove(0);
    alive(&ada).await;
    let before = server.memory();
    let mut shown = Vec::new();
    for model in ["sim-bomb", "sim-huge", "sim-flood"] {
        let thread = ada.thread("openai", model).await;
        shown.push(Shown::new(ada.say(&thread, &thread, "Hello?").await));
        println!("{model}: {before} kB before, {} kB after", server.memory());
        let seen = beside.events().len();
        beside.until(seen + 3).await;
    }
    let after = server.memory();
    assert!(
        after.saturating_sub(before) < 128 << 10,
        "{before} kB, {after} kB"
    );
    assert!(text_of(&shown[2].events).len() <= (2 << 20) + (64 << 10));
    aftermath(&ada, &shown, &[failed("upstream_error")]).await;
    let other = Shown::of(&beside);
    other.stop(&ada).await;
    intact(
        &ada,
        &Shown::new(beside.rest().await),
        &[super::aftermath::STOPPED],
    )
    .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_the_provider_took_off_its_list_is_refused_before_anybody_is_asked(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let upstream = Moody::start().await;
    upstream.offer(&["gpt-5.4", "gpt-old"]);
    let app = TestApp::start_with(engine, &[("OPENAI_BASE_URL", &upstream.url)]).await;
    let ada = app.user().await;
    ada.add_key("openai", OPENAI_KEY).await;
    let refresh = async || {
        let path = "/api/providers/openai/models/refresh";
        assert_eq!(parts(ada.post(path, &Value::Null).await).await.0, 200);
    };
    let old = ada.thread("openai", "gpt-old").await;
    let before = Shown::new(ada.say(&old, "before", "Hello?").await);
    let answered = async |thread: &str, request: &str| {
        let said = ada.say(thread, request, "And now?").await;
        assert_eq!(said.last().unwrap().name, "done", "{request}");
    };
    upstream.offer(&["gpt-5.4"]);
    answered(&old, "nobody-has-said-that-it-is-gone").await;
    refresh().await;
    let asked = upstream.asked();
    for request in ["gone", "gone"] {
        let (status, error) = refusal(ada.ask(&old, request, "And now?").await).await;
        assert_eq!(
            (status, &error["code"], &error["details"]["model"]),
            (409, &json!("model_unavailable"), &json!("gpt-old"))
        );
        let nearest = json!({ "provider": "openai", "model": "gpt-5.4", "displayName": "GPT-5.4" });
        assert_eq!(error["details"]["replacement"], nearest);
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains("GPT-5.4 is the nearest on offer. Start a new chat"),
            "{message}"
        );
    }
    assert_eq!(upstream.asked(), asked, "nobody was asked");
    let (status, opened) = parts(ada.get(&format!("/api/threads/{old}")).await).await;
    assert_eq!(status, 200, "the chat is read: {opened}");
    assert_eq!(opened["messages"].as_array().unwrap().len(), 4);
    intact(&ada, &before, &[COMPLETE]).await;
    // On another model the same question is answered, and so is what no list ever had.
    let again = format!("/api/threads/{old}/messages/{}/retry", before.id);
    let body = json!({ "clientRequestId": "another", "model": "gpt-5.4" });
    let again = Tail::new(ada.post(&again, &body).await).rest().await;
    assert_eq!(again.last().unwrap().name, "done");
    let unlisted = ada.thread("openai", "gpt-latest").await;
    answered(&unlisted, "a-name-that-is-on-no-list").await;
    // A list that could not be renewed, or is from yesterday, refuses nothing.
    upstream.say(503);
    refresh().await;
    answered(&old, "the-list-failed").await;
    upstream.say(200);
    refresh().await;
    assert_eq!(refusal(ada.ask(&old, "gone", "?").await).await.0, 409);
    app.clock.advance(86_400_000);
    answered(&old, "the-list-is-old").await;
    upstream.offer(&["gpt-5.4", "gpt-old"]);
    refresh().await;
    answered(&old, "it-is-back").await;
}

const GOOD: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Here it is.\"}}]}\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_refused_once_is_tried_again_and_the_question_is_sent_once() {
    let closed = [("connection", "close")];
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let answer = post(async move || {
        count.fetch_add(1, Ordering::SeqCst);
        (closed, [("content-type", "text/event-stream")], GOOD)
    });
    let list = get(async move || {
        let models =
            json!([{ "id": "gpt-5.4", "object": "model", "created": 1, "owned_by": "openai" }]);
        (
            closed,
            axum::Json(json!({ "object": "list", "data": models })),
        )
    });
    let router = Router::new()
        .route("/v1/models", list)
        .route("/v1/chat/completions", answer);
    let listen = |socket: TcpSocket| {
        let (listener, router) = (socket.listen(64).unwrap(), router.clone());
        tokio::spawn(async move { axum::serve(listener, router).await })
    };
    let socket = deaf();
    let addr = socket.local_addr().unwrap();
    let base = format!("http://{addr}/v1");
    let app = TestApp::start_with(Engine::Sqlite, &[("OPENAI_BASE_URL", &base)]).await;
    let ada = app.user().await;
    let mut provider = listen(socket);
    ada.add_key("openai", OPENAI_KEY).await;
    let refused = || {
        let calls = "keylm_provider_calls_total{provider=\"openai\",outcome=\"network\"} ";
        let metrics = app.services.metrics().render();
        let line = metrics.lines().find_map(|line| line.strip_prefix(calls));
        line.map_or(0, |count| count.parse::<u64>().unwrap())
    };
    // Between the two tries is a random moment of 400 ms at the most: on a busy machine it may be missed, and then the
    // second try finds nobody either.
    for round in 0..30 {
        provider.abort();
        assert!(provider.await.unwrap_err().is_cancelled());
        let (socket, before) = (deaf_at(addr), refused());
        let thread = ada.thread("openai", "gpt-5.4").await;
        let told = tokio::spawn({
            let ada = ada.clone();
            async move { ada.say(&thread, &thread, "Well?").await }
        });
        until("the connection is refused", async || refused() > before).await;
        provider = listen(socket);
        let shown = Shown::new(told.await.unwrap());
        let message = intact(&ada, &shown, &[COMPLETE, failed("network")]).await;
        if message["status"] == "complete" {
            println!("round {round}: {} refused", refused() - before);
            assert_eq!(text_of(&shown.events), "Here it is.");
            assert_eq!(asked.load(Ordering::SeqCst), 1, "sent once");
            return;
        }
        assert_eq!(asked.load(Ordering::SeqCst), 0);
    }
    panic!("nobody was asked a second time");
}
