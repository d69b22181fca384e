//! What a page that is open elsewhere learns by asking.

use super::free_pool::{free_thread, with_pool};
use crate::support::Engine;
use crate::support::app::{Client, OPENAI_KEY, TestApp, parts};
use crate::support::probe::{Tail, has_exactly, refused};
use keylm::shared::activity::{Activity, ThreadState, Version, WATCHED};
use keylm::shared::chat::{Message, Thread, ThreadPage};
use keylm::shared::ids::ThreadId;
use keylm::shared::time::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};

async fn activity(client: &Client, thread: &str) -> Activity {
    let (status, body) = parts(client.get(&format!("/api/activity?thread={thread}")).await).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_value(body).unwrap()
}

/// What a page makes of the thread that it has.
async fn state(client: &Client, thread: &str) -> Option<ThreadState> {
    let (_, mut opened) = parts(client.get(&format!("/api/threads/{thread}")).await).await;
    let thread: Thread = serde_json::from_value(opened["thread"].take()).unwrap();
    let mut messages: Vec<Message> = serde_json::from_value(opened["messages"].take()).unwrap();
    let last = messages.pop();
    let live = last.as_ref().is_some_and(|last| !last.status.is_final());
    Some(ThreadState::new(&thread, last.map(|last| last.id), live))
}

fn version(list: &[Thread], pinned: &[Thread]) -> Version {
    fn line(thread: &Thread) -> (&ThreadId, &str, Timestamp) {
        (&thread.id, thread.title.as_str(), thread.updated_at)
    }
    Version::of_list(list.iter().map(line), pinned.iter().map(line))
}

/// What a page makes of the list that it has, without pinned threads.
async fn list(client: &Client) -> Version {
    let (_, body) = parts(client.get("/api/threads").await).await;
    let page: ThreadPage = serde_json::from_value(body).unwrap();
    version(&page.threads, &[])
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_seen_while_it_is_written_and_no_longer(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let ada = app.user_with_keys().await;
    let quiet = ada.thread("openai", "sim-short").await;
    let thread = ada.thread("openai", "sim-endless").await;
    let before = activity(&ada, &thread).await;
    assert_eq!(before.answering, []);
    assert_eq!(before.thread.as_ref().unwrap().tip, None);

    app.clock.advance(1000);
    let mut tail = Tail::new(ada.ask(&thread, "r1", "Hello?").await);
    let answer = tail.answer().await;
    for open in [&thread, &quiet] {
        let [running] = &activity(&ada, open).await.answering[..] else {
            panic!("one answer runs");
        };
        assert_eq!(running.thread_id.as_str(), thread);
        assert_eq!(running.message_id.as_str(), answer);
    }
    let during = activity(&ada, &thread).await;
    let tip = during.thread.as_ref().unwrap().tip.as_ref();
    assert_eq!(tip.unwrap().as_str(), answer);
    assert_ne!(during.threads, before.threads, "the list has a new first");

    let stop = format!("/api/threads/{thread}/messages/{answer}/stop");
    assert_eq!(ada.post(&stop, &Value::Null).await.status(), 202);
    tail.rest().await;
    let after = activity(&ada, &thread).await;
    assert_eq!(after.answering, []);
    assert_eq!(after.threads, during.threads);
    let (during, after) = (during.thread.unwrap(), after.thread.unwrap());
    assert_eq!(after.tip, during.tip);
    assert_ne!(after.version, during.version, "the tip has ended");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_has_everything_sees_no_difference_and_any_other_does(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let ada = app.user_with_keys().await;
    let other = ada.thread("openai", "sim-short").await;
    let thread = ada.thread("openai", "sim-short").await;
    let path = format!("/api/threads/{thread}");
    let mut seen = Vec::new();
    for step in 0..5 {
        app.clock.advance(1000);
        match step {
            0 => drop(ada.say(&thread, "r1", "Hello?").await),
            1 => drop(ada.patch(&path, &json!({ "title": "Renamed" })).await),
            2 => drop(
                ada.patch(&path, &json!({ "settings": { "temperature": 0.3 } }))
                    .await,
            ),
            3 => drop(
                ada.patch(&path, &json!({ "systemPrompt": "Be brief." }))
                    .await,
            ),
            _ => drop(ada.patch(&path, &json!({ "status": "archived" })).await),
        }
        let now = activity(&ada, &thread).await;
        assert_eq!(now.threads, list(&ada).await, "{step}");
        assert_eq!(now.thread, state(&ada, &thread).await, "{step}");
        assert!(!seen.contains(&now.thread), "{step} is seen");
        seen.push(now.thread);
    }
    let before = activity(&ada, &other).await;
    ada.delete(&format!("/api/threads/{other}")).await;
    let after = activity(&ada, &other).await;
    assert!(before.thread.is_some() && after.thread.is_none());
    assert_ne!(before.threads, after.threads);
    assert_eq!(after.threads, list(&ada).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_of_other_peoples_chats(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let (ada, bob) = (app.user_with_keys().await, app.user().await);
    let before = activity(&bob, "nothing").await;
    let thread = ada.thread("openai", "sim-endless").await;
    let mut tail = Tail::new(ada.ask(&thread, "r1", "Hello?").await);
    tail.answer().await;
    assert_eq!(activity(&bob, &thread).await, before);
    assert_eq!(before.thread, None);
    assert_eq!(before.answering, []);
    let signed_out = app.anonymous().get("/api/activity").await;
    assert_eq!(
        refused(signed_out).await,
        (401, "unauthenticated".to_owned())
    );
    ada.delete(&format!("/api/threads/{thread}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_activity_is_a_small_object_that_nobody_keeps() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-endless").await;
    let mut tail = Tail::new(ada.ask(&thread, "r1", "Hello?").await);
    tail.answer().await;
    let response = ada.get(&format!("/api/activity?thread={thread}")).await;
    assert_eq!(response.headers()["cache-control"], "no-store");
    let (_, body) = parts(response).await;
    has_exactly(&body, &["answering", "threads", "means", "thread"]);
    has_exactly(&body["answering"][0], &["threadId", "messageId"]);
    has_exactly(&body["thread"], &["tip", "version"]);
    let (_, body) = parts(ada.get("/api/activity").await).await;
    assert_eq!(body["thread"], Value::Null);
    let odd = ada.get("/api/activity?thread=%20").await;
    assert_eq!(refused(odd).await, (400, "validation".to_owned()));
    ada.delete(&format!("/api/threads/{thread}")).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_pinned_elsewhere_is_seen_however_old_it_is(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let ada = app.user().await;
    let (_, me) = parts(ada.get("/api/auth/me").await).await;
    let user = me["user"]["id"].as_str().unwrap().parse().unwrap();
    let old = ada.thread("openai", "sim-short").await;
    for _ in 0..WATCHED {
        app.clock.advance(1000);
        ada.thread("openai", "sim-short").await;
    }
    let path = format!("/api/threads/{old}");
    let mut seen = vec![activity(&ada, "nothing").await.threads];
    for change in [
        json!({ "pinned": true }),
        json!({ "title": "Renamed" }),
        json!({ "pinned": false }),
    ] {
        ada.patch(&path, &change).await;
        let now = activity(&ada, "nothing").await.threads;
        let page = app.services.sidebar(&user, None).await.unwrap();
        assert_eq!(now, version(&page.threads, &page.pinned), "{change}");
        assert_ne!(seen.last(), Some(&now), "{change}");
        seen.push(now);
    }
    assert_eq!(seen.first(), seen.last());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_to_pay_with_differs_with_the_keys_and_with_what_one_took_of_the_pool(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = with_pool(engine, &[]).await;
    let (ada, bob) = (app.user().await, app.user().await);
    let means = async || activity(&ada, "nothing").await.means;
    let none = means().await;
    let keys = "/api/providers/openai/keys";
    let (_, added) = parts(ada.post(keys, &json!({ "key": OPENAI_KEY })).await).await;
    let key = format!("{keys}/{}", added["key"]["id"].as_str().unwrap());
    let one = means().await;
    assert_ne!(one, none);
    ada.patch(&key, &json!({ "active": false })).await;
    assert_eq!(means().await, none, "a key that is off buys nothing");
    ada.patch(&key, &json!({ "active": true })).await;
    assert_eq!(means().await, one);
    for (person, same) in [(&bob, true), (&ada, false)] {
        let thread = free_thread(person).await;
        person.say(&thread, "r1", "Hello?").await;
        assert_eq!(
            means().await == one,
            same,
            "others take nothing of one's own"
        );
    }
}
