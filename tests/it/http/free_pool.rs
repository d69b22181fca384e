//! The operator's free pool: who is answered from it, how often, and who is told what.

use crate::support::Engine;
use crate::support::app::{Client, TestApp, parts, read_events, text_of};
use futures::future::join_all;
use keylm::server::simulate::Recorded;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use std::collections::HashMap;

pub const KEY: &str = "gsk_sim-good-of-the-operator";

pub async fn with_pool(engine: Engine, settings: &[(&str, &str)]) -> TestApp {
    let mut all = vec![("GROQ_API_KEY", KEY), ("GROQ_FREE_MODEL", "sim-short")];
    all.retain(|(name, _)| !settings.iter().any(|(other, _)| other == name));
    all.extend(settings);
    TestApp::start_with(engine, &all).await
}

pub async fn free_thread(person: &Client) -> String {
    let (status, body) = parts(
        person
            .post("/api/threads", &json!({ "provider": "free" }))
            .await,
    )
    .await;
    assert_eq!(status, 201, "{body}");
    body["thread"]["id"].as_str().unwrap().to_owned()
}

async fn usage(person: &Client) -> Value {
    parts(person.get("/api/usage/free").await).await.1
}

/// What was used of the person's day and of everybody's.
pub async fn used(person: &Client) -> (i64, i64) {
    let usage = usage(person).await;
    let of = |whose: &str| usage[whose]["used"].as_i64().unwrap();
    (of("user"), of("global"))
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_of_the_operator_there_is_no_pool() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let usage = usage(&ada).await;
    assert_eq!(
        (&usage["enabled"], &usage["model"]),
        (&json!(false), &Value::Null)
    );
    let (status, body) = parts(
        ada.post("/api/threads", &json!({ "provider": "free" }))
            .await,
    )
    .await;
    assert_eq!((status, &body["error"]["code"]), (409, &json!("no_key")));
    let (_, list) = parts(ada.get("/api/providers").await).await;
    assert!(!list.to_string().contains("KeyLM Free"), "{list}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_key_is_answered_from_the_pool_and_sees_who_paid(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = with_pool(engine, &[]).await;
    let ada = app.user().await;
    let thread = free_thread(&ada).await;
    let events = ada.say(&thread, "r1", "Hello?").await;
    let last = events.last().unwrap();
    assert_eq!(last.name, "done", "{:?}", last.data);
    let message = &last.data["message"];
    let paid = ["provider", "model", "keyId"].map(|name| &message[name]);
    assert_eq!(paid, [&json!("free"), &json!("sim-short"), &Value::Null]);
    assert_eq!(message["usage"]["cost"], 0.0);
    assert_eq!(message["attempts"][0]["keyMask"], "free pool");

    let asked = app.sim.recorded().into_iter().find(Recorded::is_generation);
    let asked = asked.unwrap();
    assert_eq!(
        asked.header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(body["max_completion_tokens"], 4096, "{body}");

    let usage = usage(&ada).await;
    let day = json!({ "limit": 50, "used": 1, "remaining": 49 });
    assert_eq!(usage["user"], day);
    assert_eq!(
        usage["global"],
        json!({ "limit": 1000, "used": 1, "remaining": 999 })
    );
    assert_eq!(
        (&usage["enabled"], &usage["model"], &usage["nudge"]),
        (&json!(true), &json!("sim-short"), &json!(false))
    );
    assert!(
        usage["resetsAt"]
            .as_str()
            .unwrap()
            .ends_with("T00:00:00.000Z"),
        "{usage}"
    );

    let page = ada
        .get(&format!("/chat/{thread}"))
        .await
        .text()
        .await
        .unwrap();
    assert!(page.contains("free pool") && !page.contains(KEY));
    let (_, list) = parts(ada.get("/api/providers/free/models").await).await;
    assert_eq!(
        (&list["models"][0]["id"], &list["keyId"]),
        (&json!("sim-short"), &Value::Null)
    );
    let (status, _) = parts(
        ada.post("/api/providers/free/keys", &json!({ "key": "sk-mine" }))
            .await,
    )
    .await;
    assert_eq!(status, 404, "nobody has a key for the pool");
}

/// T28: 64 sends at once by 16 people, as often as it takes.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn exactly_as_many_are_answered_as_the_quotas_allow(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let limits = [
        ("FREE_USER_DAILY_LIMIT", "5"),
        ("FREE_GLOBAL_DAILY_LIMIT", "20"),
    ];
    let app = with_pool(engine, &limits).await;
    let people = join_all((0..16).map(|_| app.user())).await;
    let sends = people.iter().flat_map(|person| {
        (0..4).map(async |_| {
            let thread = free_thread(person).await;
            loop {
                let response = person.ask(&thread, &thread, "Hello?").await;
                if response.status() == 200 {
                    return (
                        "answered".to_owned(),
                        read_events(response).await.last().unwrap().name == "done",
                    );
                }
                let (_, body) = parts(response).await;
                let code = body["error"]["code"].as_str().unwrap().to_owned();
                // One answer at a time for each person.
                if code != "rate_limited" {
                    let scope = body["error"]["details"]["scope"].as_str().unwrap();
                    assert!(body["error"]["details"]["resetsAt"].is_string(), "{body}");
                    return (scope.to_owned(), code == "free_quota_exhausted");
                }
                tokio::task::yield_now().await;
            }
        })
    });
    let outcomes = join_all(sends).await;
    assert!(outcomes.iter().all(|(_, right)| *right), "{outcomes:?}");
    let mut counted: HashMap<&str, usize> = HashMap::new();
    for (what, _) in &outcomes {
        *counted.entry(what).or_default() += 1;
    }
    assert_eq!(counted["answered"], 20, "{counted:?}");
    assert_eq!(app.sim.count_chat(), 20);
    assert_eq!(used(&people[0]).await.1, 20);
    let sum = "SELECT CAST(SUM(used) AS BIGINT) FROM free_usage_user_daily";
    assert_eq!(app.number(sum).await, 20);
    let consumed = "SELECT COUNT(*) FROM free_reservations WHERE state = 'consumed'";
    assert_eq!(app.number(consumed).await, 20);
}

#[rstest]
#[case("sim-503")]
#[case("sim-429-nohint")]
#[case("sim-html")]
#[tokio::test(flavor = "multi_thread")]
async fn what_fails_before_its_first_word_is_given_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] model: &str,
) {
    let app = with_pool(engine, &[("GROQ_FREE_MODEL", model)]).await;
    let ada = app.user().await;
    let thread = free_thread(&ada).await;
    assert_eq!(
        ada.say(&thread, "r1", "Hello?").await.last().unwrap().name,
        "error"
    );
    assert_eq!(used(&ada).await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_after_its_first_word_counts() {
    let app = with_pool(Engine::Sqlite, &[("GROQ_FREE_MODEL", "sim-reset")]).await;
    let ada = app.user().await;
    let thread = free_thread(&ada).await;
    let events = ada.say(&thread, "r1", "Hello?").await;
    assert!(!text_of(&events).is_empty());
    assert_eq!(used(&ada).await, (1, 1));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_deleted_before_its_first_word_is_given_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = with_pool(engine, &[("GROQ_FREE_MODEL", "sim-nofirst")]).await;
    let ada = app.user().await;
    let thread = free_thread(&ada).await;
    let running = ada.ask(&thread, "r1", "Hello?").await;
    assert_eq!(used(&ada).await, (1, 1));
    assert_eq!(
        ada.delete(&format!("/api/threads/{thread}")).await.status(),
        204
    );
    drop(running);
    assert_eq!(used(&ada).await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_counts_once_and_the_day_never_goes_back() {
    let app = with_pool(Engine::Sqlite, &[("FREE_USER_DAILY_LIMIT", "2")]).await;
    let ada = app.user().await;
    let thread = free_thread(&ada).await;
    for _ in 0..3 {
        assert_eq!(
            ada.say(&thread, "r1", "Hello?").await.last().unwrap().name,
            "done"
        );
    }
    assert_eq!(used(&ada).await, (1, 1));
    ada.say(&thread, "r2", "And now?").await;
    app.clock.advance(-25 * 3_600_000);
    let (status, body) = parts(ada.ask(&thread, "r3", "More?").await).await;
    assert_eq!(
        (
            status,
            &body["error"]["code"],
            &body["error"]["details"]["scope"]
        ),
        (429, &json!("free_quota_exhausted"), &json!("user"))
    );
    app.clock.advance(50 * 3_600_000);
    assert_eq!(used(&ada).await, (0, 0), "a new day");
    assert_eq!(
        ada.say(&thread, "r4", "More?").await.last().unwrap().name,
        "done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_model_is_gone_the_next_one_answers_and_is_named() {
    let settings = [
        ("GROQ_FREE_MODEL", "sim-404"),
        ("GROQ_FREE_FALLBACK_MODELS", "sim-404, sim-short"),
    ];
    let app = with_pool(Engine::Sqlite, &settings).await;
    let ada = app.user().await;
    let thread = free_thread(&ada).await;
    let events = ada.say(&thread, "r1", "Hello?").await;
    let last = events.last().unwrap();
    assert_eq!(last.name, "done", "{:?}", last.data);
    assert_eq!(last.data["message"]["model"], "sim-short");
    let (_, read) = parts(ada.get(&format!("/api/threads/{thread}")).await).await;
    assert_eq!(read["messages"][1], last.data["message"]);
    assert_eq!(used(&ada).await, (1, 1), "three requests, one answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_operator_took_a_model_away_the_chat_is_offered_another() {
    let app = with_pool(Engine::Sqlite, &[]).await;
    let ada = app.user().await;
    let thread = free_thread(&ada).await;
    ada.say(&thread, "r1", "Hello?").await;
    // What the operator named before.
    app.execute("UPDATE threads SET model = 'sim-think'").await;
    let (status, body) = parts(ada.ask(&thread, "r2", "And now?").await).await;
    let error = &body["error"];
    assert_eq!(
        (status, &error["code"]),
        (409, &json!("model_unavailable")),
        "{body}"
    );
    let other = &error["details"]["replacement"];
    assert_eq!(
        (&other["provider"], &other["model"]),
        (&json!("free"), &json!("sim-short")),
        "{body}"
    );
    let page = ada.get(&format!("/chat/{thread}")).await.text().await;
    assert!(page.unwrap().contains("does not offer this model any more"));
    let form = ada
        .request(Method::POST, "/fn/threads/replace")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("id={thread}"));
    let (_, to) = parts(form.send().await.unwrap()).await;
    let to = to["id"].as_str().unwrap();
    let events = ada.say(to, "r3", "And now?").await;
    assert_eq!(events.last().unwrap().data["message"]["model"], "sim-short");
    assert_eq!(used(&ada).await, (2, 2));
}

#[rstest]
#[case("sim-401")]
#[case("sim-quota")]
#[tokio::test(flavor = "multi_thread")]
async fn trouble_with_the_operators_key_is_not_the_persons_to_mend(#[case] model: &str) {
    let settings = [
        ("GROQ_FREE_MODEL", model),
        ("GROQ_FREE_FALLBACK_MODELS", "sim-short"),
    ];
    let app = with_pool(Engine::Sqlite, &settings).await;
    let ada = app.user().await;
    let thread = free_thread(&ada).await;
    let events = ada.say(&thread, "r1", "Hello?").await;
    assert_eq!(app.sim.count_chat(), 1, "no other model has another key");
    let error = &events.last().unwrap().data["error"];
    assert_eq!(error["code"], "upstream_error");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("a key of your own"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_on_the_persons_own_key_never_goes_to_the_pool() {
    let app = with_pool(Engine::Sqlite, &[]).await;
    let ada = app.user().await;
    ada.add_key("groq", "gsk_sim-good-of-ada").await;
    let thread = ada.thread("groq", "sim-quota").await;
    app.sim.clear();
    assert_eq!(
        ada.say(&thread, "r1", "Hello?").await.last().unwrap().name,
        "error"
    );
    let all = app.sim.recorded();
    assert!(!all.is_empty());
    let operator = |one: &&Recorded| {
        one.header("authorization")
            .is_some_and(|value| value.contains(KEY))
    };
    assert_eq!(all.iter().filter(operator).count(), 0);
    assert_eq!(used(&ada).await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_five_answers_a_key_of_ones_own_is_mentioned() {
    let app = with_pool(Engine::Sqlite, &[]).await;
    let ada = app.user().await;
    let thread = free_thread(&ada).await;
    for n in 0..5 {
        assert_eq!(usage(&ada).await["nudge"], false);
        ada.say(&thread, &format!("r{n}"), "Hello?").await;
    }
    assert_eq!(usage(&ada).await["nudge"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pool_reads_and_writes_only_so_much() {
    let app = with_pool(Engine::Sqlite, &[]).await;
    let ada = app.user().await;
    let thread = free_thread(&ada).await;
    let (status, body) = parts(ada.ask(&thread, "r1", &"x".repeat(48_001)).await).await;
    assert_eq!(status, 400, "{body}");
    assert!(body["error"]["details"]["fields"]["content"].is_string());
    assert_eq!((used(&ada).await, app.sim.count_chat()), ((0, 0), 0));
}
