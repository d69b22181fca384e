//! The operator's free pool in the place of a person's own keys: only where they allowed it, only where none of their keys
//! can answer, exactly counted, and told.

use super::free_pool::{KEY, used, with_pool};
use crate::support::Engine;
use crate::support::app::{Client, TestApp, parts, read_events, text_of};
use futures::future::join_all;
use keylm::server::simulate::Recorded;
use rstest::rstest;
use serde_json::{Value, json};

const OWN: &str = "sk-sim-good-of-ada-Hd72";

async fn allow(person: &Client, thread: &str, allowed: bool) -> Value {
    let path = format!("/api/threads/{thread}");
    let (status, body) = parts(
        person
            .patch(&path, &json!({ "poolFallback": allowed }))
            .await,
    )
    .await;
    assert_eq!(status, 200, "{body}");
    body["thread"].clone()
}

/// A chat on a model that fails in the way of its name, in which the pool may answer.
async fn allowed(person: &Client, model: &str) -> String {
    person.add_key("openai", OWN).await;
    let thread = person.thread("openai", model).await;
    allow(person, &thread, true).await;
    thread
}

/// How an answer ended, and with which error.
async fn end(person: &Client, thread: &str, request: &str) -> (Value, Value) {
    let events = person.say(thread, request, "Hello?").await;
    let data = &events.last().unwrap().data;
    (data["message"].clone(), data["error"].clone())
}

/// How many requests went out with the operator's key.
fn lent(app: &TestApp) -> usize {
    let of_the_operator = |one: &&Recorded| {
        one.header("authorization")
            .is_some_and(|value| value.contains(KEY))
    };
    app.sim.recorded().iter().filter(of_the_operator).count()
}

/// Whether a page says that the pool may answer; where it may not, the note is there and not shown.
fn says(page: &str) -> bool {
    let note = page.split(r#"<p id="pool-note""#).nth(1).unwrap();
    let (tag, text) = note.split_once('>').unwrap();
    !tag.contains("hidden") && text.contains("free pool does")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_begins_without_it_and_keeps_what_it_is_told() {
    let app = with_pool(Engine::Sqlite, &[]).await;
    let ada = app.user().await;
    let thread = ada.thread("openai", "sim-short").await;
    let path = format!("/api/threads/{thread}");
    let read = async || parts(ada.get(&path).await).await.1["thread"]["poolFallback"].clone();
    assert_eq!(read().await, false);
    assert_eq!(allow(&ada, &thread, true).await["poolFallback"], true);
    let settings = json!({ "settings": { "temperature": 1.0 } });
    assert_eq!(parts(ada.patch(&path, &settings).await).await.0, 200);
    assert_eq!(read().await, true, "other settings leave it");
    let unknown = json!({ "settings": { "poolFallback": true } });
    assert_eq!(parts(ada.patch(&path, &unknown).await).await.0, 400);
    let page = ada.get(&format!("/chat/{thread}")).await.text().await;
    assert!(says(&page.unwrap()));
    let fork = parts(ada.post(&format!("{path}/fork"), &json!({})).await).await;
    assert_eq!(fork.1["thread"]["poolFallback"], false, "one chat's word");
    allow(&ada, &thread, false).await;
    assert_eq!(read().await, false);
    let page = ada.get(&format!("/chat/{thread}")).await.text().await;
    assert!(!says(&page.unwrap()));
    let new = json!({ "provider": "openai", "model": "m", "poolFallback": true });
    let (_, made) = parts(ada.post("/api/threads", &new).await).await;
    assert_eq!(made["thread"]["poolFallback"], true);
}

#[rstest]
#[case("sim-401", "invalid_key")]
#[case("sim-quota", "quota_exhausted")]
#[case("sim-quota-mid", "quota_exhausted")]
#[case("sim-429", "rate_limited")]
#[case("sim-503", "overloaded")]
#[tokio::test(flavor = "multi_thread")]
async fn where_every_key_fails_the_pool_answers_and_is_shown_and_counted(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] model: &str,
    #[case] code: &str,
) {
    let app = with_pool(engine, &[]).await;
    let ada = app.user().await;
    let thread = allowed(&ada, model).await;
    ada.add_key("openai", "sk-sim-good-of-ada-too-Ww31").await;
    app.sim.clear();
    let (message, error) = end(&ada, &thread, "r1").await;
    assert_eq!(message["status"], "complete", "{error}");
    let paid = ["provider", "model", "keyId"].map(|name| &message[name]);
    assert_eq!(paid, [&json!("free"), &json!("sim-short"), &Value::Null]);
    assert_eq!(message["usage"]["cost"], 0.0);
    let attempts = message["attempts"].as_array().unwrap();
    let told: Vec<_> = attempts
        .iter()
        .map(|one| (one["keyMask"].as_str().unwrap(), &one["code"]))
        .collect();
    let code = &json!(code);
    assert_eq!(
        told,
        [
            ("…Hd72", code),
            ("…Ww31", code),
            ("free pool", &Value::Null)
        ]
    );
    assert_eq!((used(&ada).await, lent(&app)), ((1, 1), 1));
    let consumed = "SELECT COUNT(*) FROM free_reservations WHERE state = 'consumed'";
    assert_eq!(app.number(consumed).await, 1);

    let asked = app.sim.recorded();
    let asked = asked.iter().rfind(|one| one.is_generation()).unwrap();
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(body["max_completion_tokens"], 4096, "{body}");
    let (_, read) = parts(ada.get(&format!("/api/threads/{thread}")).await).await;
    assert_eq!(read["messages"][1], message);
    assert_eq!(read["thread"]["provider"], "openai");
    let page = ada.get(&format!("/chat/{thread}")).await.text().await;
    let page = page.unwrap();
    assert!(page.contains("free pool · not …Hd72") && !page.contains(KEY));
    let (_, keys) = parts(ada.get("/api/providers/openai/keys").await).await;
    for key in keys["keys"].as_array().unwrap() {
        assert_eq!(key["lastError"].is_null(), code == "overloaded", "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_asked_only_where_it_was_allowed() {
    let app = with_pool(Engine::Sqlite, &[]).await;
    let ada = app.user().await;
    let thread = allowed(&ada, "sim-quota").await;
    allow(&ada, &thread, false).await;
    let (_, error) = end(&ada, &thread, "r1").await;
    assert_eq!(error["code"], "quota_exhausted");
    let bare = ada.thread("anthropic", "sim-short").await;
    let (status, body) = parts(ada.ask(&bare, "r2", "Hello?").await).await;
    assert_eq!((status, &body["error"]["code"]), (409, &json!("no_key")));
    assert_eq!((used(&ada).await, lent(&app)), ((0, 0), 0));
}

#[rstest]
#[case("sim-context", "context_length")]
#[case("sim-404", "bad_model")]
#[case("sim-html", "upstream_error")]
#[case("sim-403", "insufficient_permission")]
#[case("sim-reset", "upstream_truncated")]
#[case("sim-error-mid", "overloaded")]
#[tokio::test(flavor = "multi_thread")]
async fn what_no_other_key_would_help_with_stays_the_keys_own(
    #[case] model: &str,
    #[case] code: &str,
) {
    let app = with_pool(Engine::Sqlite, &[]).await;
    let ada = app.user().await;
    let thread = allowed(&ada, model).await;
    let (message, error) = end(&ada, &thread, "r1").await;
    assert_eq!(error["code"], code);
    assert_eq!(message["provider"], "openai");
    assert_eq!((used(&ada).await, lent(&app)), ((0, 0), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_ones_own_that_answers_is_the_one_that_pays() {
    let app = with_pool(Engine::Sqlite, &[]).await;
    let ada = app.user().await;
    let thread = allowed(&ada, "sim-short").await;
    let (message, _) = end(&ada, &thread, "r1").await;
    assert_eq!(message["provider"], "openai");
    assert_eq!((used(&ada).await, lent(&app)), ((0, 0), 0));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn where_no_key_is_left_the_pool_answers_from_the_beginning(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = with_pool(engine, &[("FREE_USER_DAILY_LIMIT", "1")]).await;
    let ada = app.user().await;
    let thread = ada.thread("openai", "gpt-5.4").await;
    allow(&ada, &thread, true).await;
    let events = ada.say(&thread, "r1", "Hello?").await;
    let first = &events[0].data["message"];
    assert_eq!(
        (&first["provider"], &first["model"]),
        (&json!("free"), &json!("sim-short"))
    );
    let message = &events.last().unwrap().data["message"];
    assert_eq!(
        (&message["status"], &message["attempts"][0]["keyMask"]),
        (&json!("complete"), &json!("free pool"))
    );
    assert_eq!(used(&ada).await, (1, 1));
    let (status, body) = parts(ada.ask(&thread, "r2", "More?").await).await;
    assert_eq!((status, &body["error"]["code"]), (409, &json!("no_key")));
    assert_eq!(used(&ada).await, (1, 1));
    let stored = "SELECT COUNT(*) FROM messages";
    assert_eq!(app.number(stored).await, 2, "a refused send leaves nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_does_not_open_is_never_stood_in_for() {
    let app = with_pool(Engine::Sqlite, &[]).await;
    let ada = app.user().await;
    let thread = allowed(&ada, "sim-short").await;
    app.execute("UPDATE provider_keys SET blob = ''").await;
    let (status, body) = parts(ada.ask(&thread, "r1", "Hello?").await).await;
    let code = &body["error"]["code"];
    assert_eq!((status, code), (409, &json!("key_unreadable")));
    assert_eq!(lent(&app), 0);
}

#[rstest]
#[case(("FREE_USER_DAILY_LIMIT", "0"))]
#[case(("FREE_GLOBAL_DAILY_LIMIT", "0"))]
#[tokio::test(flavor = "multi_thread")]
async fn where_the_pool_has_nothing_left_the_keys_own_trouble_stands(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] limit: (&str, &str),
) {
    let app = with_pool(engine, &[limit]).await;
    let ada = app.user().await;
    let thread = allowed(&ada, "sim-401").await;
    let (message, error) = end(&ada, &thread, "r1").await;
    assert_eq!(error["code"], "invalid_key");
    let key = &message["keyId"];
    assert!(key.is_string() && message["provider"] == "openai");
    assert_eq!(message["attempts"].as_array().unwrap().len(), 1);
    let (_, read) = parts(ada.get(&format!("/api/threads/{thread}")).await).await;
    assert_eq!(read["messages"][1], message);
    assert_eq!((used(&ada).await, lent(&app)), ((0, 0), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_is_too_long_for_the_pool_stays_with_its_keys() {
    let app = with_pool(Engine::Sqlite, &[]).await;
    let ada = app.user().await;
    let thread = allowed(&ada, "sim-quota").await;
    let events = ada.say(&thread, "r1", &"x".repeat(48_001)).await;
    assert_eq!(
        events.last().unwrap().data["error"]["code"],
        "quota_exhausted"
    );
    let bare = ada.thread("anthropic", "sim-short").await;
    allow(&ada, &bare, true).await;
    let (_, body) = parts(ada.ask(&bare, "r2", &"x".repeat(48_001)).await).await;
    assert_eq!(body["error"]["code"], "no_key");
    assert_eq!((used(&ada).await, lent(&app)), ((0, 0), 0));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_the_pool_did_not_answer_either_is_given_back_and_both_are_told(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = with_pool(engine, &[("GROQ_FREE_MODEL", "sim-503")]).await;
    let ada = app.user().await;
    let thread = allowed(&ada, "sim-401").await;
    let (message, error) = end(&ada, &thread, "r1").await;
    assert_eq!(
        (&error["code"], &message["provider"]),
        (&json!("overloaded"), &json!("free"))
    );
    let words = error["message"].as_str().unwrap();
    assert!(
        words.contains("OpenAI") && words.contains("free pool"),
        "{words}"
    );
    assert_eq!((used(&ada).await, lent(&app)), ((0, 0), 1));
    let refunded = "SELECT COUNT(*) FROM free_reservations WHERE state = 'refunded'";
    assert_eq!(app.number(refunded).await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_stopped_or_deleted_before_the_pools_first_word_is_given_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(true, false)] stopped: bool,
) {
    let app = with_pool(engine, &[("GROQ_FREE_MODEL", "sim-nofirst")]).await;
    let ada = app.user().await;
    let thread = allowed(&ada, "sim-401").await;
    let running = ada.ask(&thread, "r1", "Hello?").await;
    taken(&app).await;
    let path = format!("/api/threads/{thread}");
    if stopped {
        let id = app
            .text("SELECT id FROM messages WHERE status = 'pending'")
            .await;
        let stop = format!("{path}/messages/{id}/stop");
        assert_eq!(ada.post(&stop, &json!({})).await.status(), 202);
        let last = read_events(running).await.pop().unwrap();
        assert_eq!(last.data["message"]["status"], "stopped");
        let attempts = last.data["message"]["attempts"].as_array().unwrap().len();
        assert_eq!(attempts, 2);
    } else {
        assert_eq!(ada.delete(&path).await.status(), 204);
        drop(running);
    }
    assert_eq!(used(&ada).await, (0, 0));
}

/// Waits until the pool was asked in the place of a key.
async fn taken(app: &TestApp) {
    while lent(app) == 0 {
        tokio::task::yield_now().await;
    }
    let reserved = "SELECT COUNT(*) FROM free_reservations WHERE state = 'reserved'";
    assert_eq!(app.number(reserved).await, 1, "reserved before it is asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_the_pools_first_word_costs_nobody_anything() {
    let app = with_pool(Engine::Sqlite, &[("GROQ_FREE_MODEL", "sim-nofirst")]).await;
    let mut ada = app.user().await;
    let thread = allowed(&ada, "sim-401").await;
    let running = ada.ask(&thread, "r1", "Hello?").await;
    taken(&app).await;
    assert_eq!(used(&ada).await, (1, 1));
    app.clock.advance(60_000);
    let app = app.crash().await;
    drop(running);
    ada.url = app.url.clone();
    let (_, read) = parts(ada.get(&format!("/api/threads/{thread}")).await).await;
    let message = &read["messages"][1];
    assert_eq!(
        (&message["error"]["code"], &message["provider"]),
        (&json!("server_restart"), &json!("free"))
    );
    assert_eq!(used(&ada).await, (0, 0));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn exactly_as_many_are_lent_as_the_quotas_allow(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let limits = [
        ("FREE_USER_DAILY_LIMIT", "3"),
        ("FREE_GLOBAL_DAILY_LIMIT", "7"),
        ("RATE_LIMIT_PER_MINUTE", "10000"),
    ];
    let app = with_pool(engine, &limits).await;
    let people = join_all((0..6).map(|_| app.user())).await;
    let rounds = people.iter().map(async |person| {
        let mut answered = 0;
        let threads = [(); 3].map(|()| allowed(person, "sim-401"));
        let threads = join_all(threads).await;
        for round in 0..4 {
            let ends = threads.iter().map(async |thread| {
                let response = person
                    .ask(thread, &format!("{round}-{thread}"), "Hello?")
                    .await;
                if response.status() == 200 {
                    return !text_of(&read_events(response).await).is_empty();
                }
                // Its own keys were refused by then, and the pool has nothing for it.
                let (_, body) = parts(response).await;
                assert_eq!(body["error"]["code"], "no_key");
                false
            });
            answered += join_all(ends).await.iter().filter(|said| **said).count();
        }
        answered
    });
    let answered = join_all(rounds).await;
    assert!(answered.iter().all(|count| *count <= 3), "{answered:?}");
    assert_eq!(answered.iter().sum::<usize>(), 7, "{answered:?}");
    assert_eq!(used(&people[0]).await.1, 7);
    let sum = "SELECT CAST(SUM(used) AS BIGINT) FROM free_usage_user_daily";
    assert_eq!(app.number(sum).await, 7);
}
