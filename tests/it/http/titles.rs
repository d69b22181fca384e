//! The name that a chat gets from its own model, behind its first answer.

use crate::support::Engine;
use crate::support::app::{Client, OPENAI_KEY, SseEvent, TestApp, parts, read_events, text_of};
use crate::support::probe::soon;
use keylm::server::simulate::Recorded;
use keylm::shared::ids::UserId;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Duration;

const ON: (&str, &str) = ("AUTO_TITLES", "on");

/// What a person writes on the page of a chat; answers what was told of its answer.
async fn say(client: &Client, thread: &str, request: &str, content: &str) -> Vec<SseEvent> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([
        ("thread", thread),
        ("content", content),
        ("client_request_id", request),
    ]);
    let sent = client
        .request(Method::POST, "/fn/messages/send")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json")
        .body(form.finish())
        .send()
        .await
        .unwrap();
    let (status, sent) = parts(sent).await;
    assert_eq!(status, 200, "{sent}");
    let answer = sent["answer"]["id"].as_str().unwrap();
    let stream = format!("/api/threads/{thread}/messages/{answer}/stream");
    read_events(client.get(&stream).await).await
}

async fn thread_of(client: &Client, id: &str) -> Value {
    let (status, mut body) = parts(client.get(&format!("/api/threads/{id}")).await).await;
    assert_eq!(status, 200, "{body}");
    body["thread"].take()
}

async fn title(client: &Client, id: &str) -> String {
    thread_of(client, id).await["title"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Waits until the chat is called something else than `before`.
async fn renamed(client: &Client, id: &str, before: &str) -> String {
    let other = async {
        loop {
            let now = title(client, id).await;
            if now != before {
                return now;
            }
            tokio::task::yield_now().await;
        }
    };
    let limit = Duration::from_secs(30);
    tokio::time::timeout(limit, other)
        .await
        .expect("a new name")
}

async fn id_of(client: &Client) -> UserId {
    let (_, me) = parts(client.get("/api/auth/me").await).await;
    me["user"]["id"].as_str().unwrap().parse().unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_chat_gets_a_name_from_its_model_once_its_first_answer_is_complete(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[ON]).await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-echo").await;
    let events = say(&ada, &thread, "r1", "What is *this*?").await;
    let before = thread_of(&ada, &thread).await;
    let name = renamed(&ada, &thread, "What is this?").await;
    assert!(name.starts_with("Name the conversation"), "{name}");
    assert!(name.chars().count() <= 60, "{name}");

    let asked = app.sim.recorded().into_iter();
    let asked: Vec<_> = asked.filter(Recorded::is_generation).collect();
    let [answer, aside] = &asked[..] else {
        panic!("an answer and a name: {asked:?}");
    };
    assert_eq!(
        aside.header("authorization"),
        answer.header("authorization")
    );
    let body: Value = serde_json::from_str(&aside.body).unwrap();
    let text = body.to_string();
    assert!(text.contains("What is *this*?"), "{text}");
    let caps = ["max_tokens", "max_completion_tokens", "max_output_tokens"];
    assert!(caps.iter().any(|cap| body[cap] == 24), "{text}");

    let after = thread_of(&ada, &thread).await;
    assert_eq!(after["updatedAt"], before["updatedAt"]);
    let (_, opened) = parts(ada.get(&format!("/api/threads/{thread}")).await).await;
    let messages = opened["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 2);
    let told = &events.last().unwrap().data["message"];
    for field in ["content", "usage", "attempts", "timing"] {
        assert_eq!(messages[1][field], told[field], "{field}");
    }
    assert_eq!(messages[1]["content"], text_of(&events));

    say(&ada, &thread, "r2", "And this?").await;
    assert_eq!(title(&ada, &thread).await, name, "it is asked once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_comes_only_to_those_who_want_one_and_pay_for_it_themselves() {
    let pool = [
        ON,
        ("GROQ_API_KEY", "gsk_sim-good-of-the-operator"),
        ("GROQ_FREE_MODEL", "sim-short"),
    ];
    let app = TestApp::start_with(Engine::Sqlite, &pool).await;
    let (ada, bob) = (app.user().await, app.user().await);
    for client in [&ada, &bob] {
        client.add_key("openai", OPENAI_KEY).await;
    }
    app.sim.clear();
    app.services
        .set_auto_titles(&id_of(&bob).await, false)
        .await
        .unwrap();
    let unwanted = bob.thread("openai", "sim-short").await;
    say(&bob, &unwanted, "r1", "Bob asks").await;

    let made = json!({ "provider": "openai", "model": "sim-short", "title": "My own words" });
    let (_, body) = parts(ada.post("/api/threads", &made).await).await;
    let own = body["thread"]["id"].as_str().unwrap().to_owned();
    say(&ada, &own, "r2", "Ada asks").await;

    let (_, body) = parts(
        ada.post("/api/threads", &json!({ "provider": "free" }))
            .await,
    )
    .await;
    let free = body["thread"]["id"].as_str().unwrap().to_owned();
    say(&ada, &free, "r3", "The pool is asked").await;

    let failed = ada.thread("openai", "sim-reset").await;
    say(&ada, &failed, "r4", "This breaks").await;

    // What is asked last is named after all that could have been named before.
    let named = ada.thread("openai", "sim-short").await;
    say(&ada, &named, "r5", "This has no name").await;
    renamed(&ada, &named, "This has no name").await;
    assert_eq!(app.sim.count_chat(), 6, "one name for five answers");
    assert_eq!(title(&bob, &unwanted).await, "Bob asks");
    assert_eq!(title(&ada, &own).await, "My own words");
    assert_eq!(title(&ada, &free).await, "The pool is asked");
    assert_eq!(title(&ada, &failed).await, "This breaks");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_gives_no_name_leaves_the_chat_with_its_first_words() {
    let app = TestApp::start_with(Engine::Sqlite, &[ON]).await;
    let ada = app.user().await;
    ada.add_key("mistral", "mist-sim-good-of-ada").await;
    app.sim.clear();
    // It refuses a limit on its words.
    let thread = ada.thread("mistral", "sim-strict").await;
    let events = say(&ada, &thread, "r1", "The first words").await;
    soon("the name is asked for", || app.sim.count_chat() == 2).await;
    let second = say(&ada, &thread, "r2", "More words").await;
    for events in [&events, &second] {
        assert_eq!(events.last().unwrap().data["message"]["status"], "complete");
    }
    assert_eq!(title(&ada, &thread).await, "The first words");
    assert_eq!(app.sim.count_chat(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_operator_wants_no_names_nobody_is_asked_for_one() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    assert_eq!(
        app.services.auto_titles(&id_of(&ada).await).await.unwrap(),
        None
    );
    let thread = ada.thread("openai", "sim-short").await;
    say(&ada, &thread, "r1", "Hello?").await;
    assert_eq!(title(&ada, &thread).await, "Hello?");
}
