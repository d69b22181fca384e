use crate::support::Engine;
use crate::support::app::{SseEvent, TestApp, parts, read_events, text_of};
use crate::support::probe::soon;
use keylm::server::services::threads::NewThread;
use keylm::server::store::Db;
use keylm::shared::chat::ChatSettings;
use keylm::shared::ids::UserId;
use rstest::rstest;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::time::timeout;

fn names(events: &[SseEvent]) -> Vec<&str> {
    let mut names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    names.dedup();
    names
}

/// What api.md says of every stream: numbered from 1 without gaps, a start, one end, and the deltas are the content.
fn check(events: &[SseEvent]) {
    let numbers: Vec<u64> = events.iter().map(|event| event.id).collect();
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>());
    assert_eq!(events[0].name, "start");
    let ends = events
        .iter()
        .filter(|event| ["done", "error"].contains(&event.name.as_str()))
        .count();
    assert_eq!(ends, 1, "{:?}", names(events));
    let last = events.last().unwrap();
    assert_eq!(last.data["message"]["content"], text_of(events));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_key_goes_in_and_a_streamed_answer_comes_out_and_stays(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let ada = app.user_with_keys().await;
    for (provider, model) in [
        ("openai", "sim-short"),
        ("anthropic", "sim-short"),
        ("gemini", "sim-short"),
        ("openai", "gpt-6-sol"),
    ] {
        let thread = ada.thread(provider, model).await;
        let events = ada
            .say(&thread, &format!("r-{provider}-{model}"), "Hello?")
            .await;
        check(&events);
        assert_eq!(
            names(&events),
            ["start", "delta", "usage", "done"],
            "{provider}"
        );
        let done = &events.last().unwrap().data["message"];
        assert_eq!(
            (done["status"].as_str(), done["provider"].as_str()),
            (Some("complete"), Some(provider)),
            "{done}"
        );
        assert!(done["usage"]["inputTokens"].as_u64().unwrap() > 0, "{done}");
        let (status, stored) = parts(ada.get(&format!("/api/threads/{thread}")).await).await;
        assert_eq!(status, 200);
        assert_eq!(stored["messages"].as_array().unwrap().len(), 2);
        assert_eq!(&stored["messages"][1], done);
        assert_eq!(stored["messages"][0]["content"], "Hello?");
        assert_eq!(stored["thread"]["title"], "Hello?");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_followed_again_from_any_number() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-short").await;
    let events = ada.say(&thread, "r1", "Hello?").await;
    let id = events[0].data["message"]["id"].as_str().unwrap();
    let path = format!("/api/threads/{thread}/messages/{id}/stream");
    for (last, from) in [
        ("0", 0),
        ("2", 2),
        ("999999", 0),
        ("-1", 0),
        ("x\u{7f}", 0),
        ("99999999999999999999999999", 0),
    ] {
        let request = ada.request(reqwest::Method::GET, &path);
        let Ok(value) = reqwest::header::HeaderValue::from_bytes(last.as_bytes()) else {
            continue;
        };
        let again = read_events(request.header("last-event-id", value).send().await.unwrap()).await;
        assert_eq!(again, events[from..], "Last-Event-ID: {last}");
    }
    let by_query = read_events(ada.get(&format!("{path}?after=3")).await).await;
    assert_eq!(by_query, events[3..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_is_answered_once() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-short").await;
    let (a, b, c) = tokio::join!(
        ada.say(&thread, "r1", "Hello?"),
        ada.say(&thread, "r1", "Hello?"),
        ada.say(&thread, "r1", "Hello?")
    );
    assert_eq!((&a, &a), (&b, &c));
    assert_eq!(ada.say(&thread, "r1", "Hello?").await, a);
    assert_eq!(app.sim.count_chat(), 1);
    let (status, body) = parts(ada.ask(&thread, "r1", "Something else").await).await;
    assert_eq!(
        (status, body["error"]["code"].as_str()),
        (409, Some("idempotency_mismatch"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_without_stream_answers_when_it_has_ended() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("gemini", "sim-short").await;
    let body = json!({ "content": "Hi", "clientRequestId": "r1", "stream": false });
    let (status, body) = parts(
        ada.post(&format!("/api/threads/{thread}/messages"), &body)
            .await,
    )
    .await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["userMessage"]["content"], "Hi");
    assert_eq!(body["message"]["status"], "complete");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_keeps_the_text_and_hangs_up_on_the_provider() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    for provider in ["openai", "anthropic", "gemini"] {
        let thread = ada.thread(provider, "sim-endless").await;
        let mut response = ada.ask(&thread, &format!("r-{provider}"), "Go on").await;
        let mut text = String::new();
        while text.matches("event: delta").count() < 3 {
            text.push_str(std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap());
        }
        let start = text
            .lines()
            .find_map(|line| line.strip_prefix("data: "))
            .unwrap();
        let start: serde_json::Value = serde_json::from_str(start).unwrap();
        let id = start["message"]["id"].as_str().unwrap().to_owned();
        let busy = parts(ada.ask(&thread, "another", "And?").await).await;
        assert_eq!(
            (busy.0, busy.1["error"]["code"].as_str()),
            (409, Some("generation_in_progress"))
        );
        assert_eq!(busy.1["error"]["details"]["messageId"], id);
        let stopped = ada
            .post(
                &format!("/api/threads/{thread}/messages/{id}/stop"),
                &json!({}),
            )
            .await;
        assert_eq!(stopped.status(), 202);
        let told = Instant::now();
        while let Some(chunk) = response.chunk().await.unwrap() {
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        let events = crate::support::app::parse_events(&text);
        check(&events);
        let done = &events.last().unwrap().data["message"];
        assert_eq!(done["status"], "stopped");
        assert!(!done["content"].as_str().unwrap().is_empty());
        soon("the provider's connection closes", || {
            app.sim.recorded().last().unwrap().aborted
        })
        .await;
        println!(
            "{provider} was hung up on {:?} after the stop",
            told.elapsed()
        );
        assert_eq!(
            ada.post(
                &format!("/api/threads/{thread}/messages/{id}/stop"),
                &json!({})
            )
            .await
            .status(),
            202,
            "a second stop is no error"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_tab_does_not_end_an_answer() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "gpt-6-sol").await;
    let response = ada.ask(&thread, "r1", "Tell me").await;
    drop(response);
    let events = ada.say(&thread, "r1", "Tell me").await;
    check(&events);
    assert_eq!(events.last().unwrap().name, "done");
    assert_eq!(app.sim.count_chat(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_while_a_chat_is_begun_leaves_no_empty_one() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let (_, me) = parts(ada.get("/api/auth/me").await).await;
    let user: UserId = me["user"]["id"].as_str().unwrap().parse().unwrap();
    let new = NewThread {
        provider: "openai".parse().unwrap(),
        model: Some("sim-short".parse().unwrap()),
        title: None,
        system_prompt: None,
        settings: ChatSettings::default(),
        private: false,
        pool_fallback: false,
    };
    let Db::Sqlite { write, read, .. } = app.services.db() else {
        panic!("on SQLite");
    };
    let request = "r1".parse().unwrap();
    let begins = app
        .services
        .start_thread(&user, new, "Hello?".to_owned(), &request);
    let mut begins = Box::pin(begins);
    let waits = Duration::from_millis(100);
    // It comes to where it writes the thread, and then to where it reads it again.
    let writer = write.acquire().await.unwrap();
    assert!(timeout(waits, &mut begins).await.is_err());
    let mut readers = Vec::new();
    for _ in 0..read.options().get_max_connections() {
        readers.push(read.acquire().await.unwrap());
    }
    drop(writer);
    assert!(timeout(waits, &mut begins).await.is_err());
    drop((begins, readers));
    let answered = async {
        while app.number("SELECT count(*) FROM messages").await < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let answered = timeout(Duration::from_secs(5), answered).await;
    answered.expect("the chat has its first message");
    assert_eq!(app.number("SELECT count(*) FROM threads").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_a_sibling_and_the_old_answer_stays() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-short").await;
    let first = ada.say(&thread, "r1", "Hello?").await;
    let old = first.last().unwrap().data["message"].clone();
    let id = old["id"].as_str().unwrap();
    let response = ada
        .post(
            &format!("/api/threads/{thread}/messages/{id}/retry"),
            &json!({ "clientRequestId": "r2" }),
        )
        .await;
    let again = read_events(response).await;
    check(&again);
    let new = &again.last().unwrap().data["message"];
    assert_ne!(new["id"], old["id"]);
    assert_eq!(new["parentId"], old["parentId"]);
    let (_, shown) = parts(ada.get(&format!("/api/threads/{thread}")).await).await;
    assert_eq!(shown["messages"].as_array().unwrap().len(), 2);
    assert_eq!(&shown["messages"][1], new);
    let replay = read_events(
        ada.get(&format!("/api/threads/{thread}/messages/{id}/stream"))
            .await,
    )
    .await;
    assert_eq!(replay, first, "the old answer is still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_a_branch_beside_the_first() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-echo").await;
    let first = ada.say(&thread, "r1", "First words").await;
    ada.say(&thread, "r2", "Second words").await;
    let asked = first[0].data["userMessage"]["id"].as_str().unwrap();
    let edit = json!({ "content": "Other words", "clientRequestId": "r3" });
    let events = read_events(
        ada.patch(&format!("/api/threads/{thread}/messages/{asked}"), &edit)
            .await,
    )
    .await;
    check(&events);
    let (_, shown) = parts(ada.get(&format!("/api/threads/{thread}")).await).await;
    let said: Vec<&str> = shown["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    assert_eq!(said.len(), 2);
    assert_eq!(said[0], "Other words");
    let sent = app.sim.recorded().pop().unwrap().body;
    assert!(
        sent.contains("Other words")
            && !sent.contains("Second words")
            && !sent.contains("First words"),
        "{sent}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_keeps_what_had_arrived_and_says_what_it_was() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let cases = [
        ("sim-401", "invalid_key", false),
        ("sim-404", "bad_model", false),
        ("sim-429", "rate_limited", false),
        ("sim-503", "overloaded", false),
        ("sim-context", "context_length", false),
        ("sim-filter", "content_filtered", false),
        ("sim-html", "upstream_error", false),
        ("sim-stall", "timeout", true),
        ("sim-nofirst", "timeout", false),
        ("sim-half", "upstream_truncated", true),
        ("sim-noend", "upstream_truncated", true),
        ("sim-error-mid", "overloaded", true),
    ];
    for provider in ["openai", "anthropic", "gemini"] {
        for (model, code, partial) in cases {
            let client = app.user().await;
            client
                .add_key(
                    provider,
                    match provider {
                        "openai" => "sk-sim-good-1",
                        "anthropic" => "sk-ant-sim-good-1",
                        _ => "AIza-sim-good-1",
                    },
                )
                .await;
            let thread = client.thread(provider, model).await;
            let events = client.say(&thread, "r1", "Hello?").await;
            check(&events);
            let last = events.last().unwrap();
            assert_eq!(last.name, "error", "{provider} {model}: {last:?}");
            assert_eq!(
                last.data["error"]["code"], code,
                "{provider} {model}: {last:?}"
            );
            assert_eq!(last.data["message"]["status"], "failed");
            assert_eq!(!text_of(&events).is_empty(), partial, "{provider} {model}");
            // The next send works.
            let fine = client.thread(provider, "sim-short").await;
            if code != "invalid_key" {
                assert_eq!(
                    client.say(&fine, "r2", "Hello?").await.last().unwrap().name,
                    "done"
                );
            }
        }
    }
    drop(ada);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_everything_that_was_shown() {
    let app = TestApp::start().await;
    let mut ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-endless").await;
    let mut response = ada.ask(&thread, "r1", "Go on").await;
    let mut text = String::new();
    while text.matches("event: delta").count() < 5 {
        text.push_str(std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap());
    }
    let whole = &text[..text.rfind("\n\n").unwrap() + 2];
    let seen = crate::support::app::parse_events(whole);
    let id = seen[0].data["message"]["id"].as_str().unwrap().to_owned();
    app.clock.advance(60_000);
    let app = app.crash().await;
    ada.url = app.url.clone();
    let after = read_events(
        ada.get(&format!("/api/threads/{thread}/messages/{id}/stream"))
            .await,
    )
    .await;
    check(&after);
    assert_eq!(
        after[..seen.len()],
        seen,
        "nothing that was shown is missing"
    );
    let last = after.last().unwrap();
    assert_eq!(
        (last.name.as_str(), last.data["error"]["code"].as_str()),
        ("error", Some("server_restart"))
    );
}
