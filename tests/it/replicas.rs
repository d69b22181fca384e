//! Two processes on one PostgreSQL: what is asked of one is read, stopped and ended by the other.

use crate::support::app::{Client, parts, read_events, text_of};
use crate::support::postgres::fresh_database;
use crate::support::probe::{Tail, soon};
use crate::support::process::Server;
use keylm::server::simulate::Simulator;
use serde_json::{Value, json};

/// Two processes, and Ada as each of them knows her.
struct Replicas {
    sim: Simulator,
    one: Server,
    two: Server,
    ada: Client,
    ada_on_two: Client,
}

impl Replicas {
    async fn start() -> Self {
        let sim = Simulator::start(0).await.unwrap();
        let database = fresh_database().await;
        let settings = [
            ("DATABASE_URL", database.as_str()),
            (
                "APP_ENCRYPTION_KEY",
                "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
            ),
            (
                "APP_AUTH_SECRET",
                "ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=",
            ),
        ];
        let one = Server::start(&sim, tempfile::tempdir().unwrap(), &settings).await;
        let two = Server::start(&sim, tempfile::tempdir().unwrap(), &settings).await;
        let ada = one.person().await;
        let ada_on_two = Client {
            url: two.url.clone(),
            ..ada.clone()
        };
        Self {
            sim,
            one,
            two,
            ada,
            ada_on_two,
        }
    }

    /// An endless answer that the first process writes: its thread, its id, and who reads it there.
    async fn endless(&self, request: &str) -> (String, String, Tail) {
        let thread = self.ada.thread("openai", "sim-endless").await;
        let mut tail = Tail::new(self.ada.ask(&thread, request, "Go on").await);
        let id = tail.answer().await;
        tail.until(3).await;
        (thread, id, tail)
    }
}

fn stream(thread: &str, id: &str) -> String {
    format!("/api/threads/{thread}/messages/{id}/stream")
}

/// Status of the message, and code of its error.
fn outcome(last: &Value) -> (&Value, &Value) {
    (&last["message"]["status"], &last["error"]["code"])
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_one_process_is_read_and_stopped_on_the_other() {
    let replicas = Replicas::start().await;
    let (thread, id, here) = replicas.endless("r1").await;
    let two = &replicas.ada_on_two;
    let mut there = Tail::new(two.get(&stream(&thread, &id)).await);
    there.until(20).await;
    let attached = Tail::new(two.ask(&thread, "r1", "Go on").await);
    let other = two.ask(&thread, "r2", "And this?").await;
    let (status, refused) = parts(other).await;
    assert_eq!(
        (status, &refused["error"]["code"]),
        (409, &json!("generation_in_progress"))
    );
    let stop = format!("/api/threads/{thread}/messages/{id}/stop");
    assert_eq!(two.post(&stop, &json!({})).await.status(), 202);
    let (here, there) = (here.rest().await, there.rest().await);
    assert_eq!(here, there, "both readers saw the same");
    assert_eq!(attached.rest().await, there);
    let last = there.last().unwrap();
    assert_eq!(outcome(&last.data), (&json!("stopped"), &Value::Null));
    assert_eq!(last.data["message"]["content"], text_of(&there));
    soon("the provider's connection is closed", || {
        replicas.sim.recorded().iter().any(|one| one.aborted)
    })
    .await;
    let mut next = Tail::new(two.ask(&thread, "r3", "Go on, then").await);
    next.until(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_on_the_other_process_learn_that_the_writer_died() {
    let replicas = Replicas::start().await;
    let (thread, id, here) = replicas.endless("r1").await;
    let two = &replicas.ada_on_two;
    let mut there = Tail::new(two.get(&stream(&thread, &id)).await);
    there.until(5).await;
    let _folder = replicas.one.kill();
    let seen = here.torn().await;
    let told = there.rest().await;
    assert_eq!(
        told[..seen.len()],
        seen,
        "what the dead process showed is there"
    );
    let last = told.last().unwrap();
    assert_eq!(
        outcome(&last.data),
        (&json!("failed"), &json!("server_restart"))
    );
    assert_eq!(last.data["message"]["content"], text_of(&told));
    assert_eq!(
        read_events(two.get(&stream(&thread, &id)).await).await,
        told
    );
    let retry = format!("/api/threads/{thread}/messages/{id}/retry");
    let mut again = Tail::new(two.post(&retry, &json!({ "clientRequestId": "r2" })).await);
    again.until(5).await;
    drop(replicas.two);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_that_is_deleted_on_one_process_ends_its_answer_on_the_other() {
    let replicas = Replicas::start().await;
    let (thread, _, here) = replicas.endless("r1").await;
    let gone = replicas
        .ada_on_two
        .delete(&format!("/api/threads/{thread}"))
        .await;
    assert_eq!(gone.status(), 204);
    here.torn().await;
    soon("the provider's connection is closed", || {
        replicas.sim.recorded().iter().any(|one| one.aborted)
    })
    .await;
}
