//! What must hold after every fault.

use super::NEVER;
use crate::support::app::{Client, SseEvent, parse_events, parts, text_of};
use crate::support::probe::Tail;
use serde_json::{Value, json};

/// An answer, and what somebody was shown of it before or while something broke: one event at least.
pub struct Shown {
    pub thread: String,
    pub id: String,
    pub events: Vec<SseEvent>,
}

impl Shown {
    pub fn new(events: Vec<SseEvent>) -> Self {
        let start = events.first().expect("one event was seen at least");
        assert_eq!(start.name, "start");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            thread: text(&start.data["threadId"]),
            id: text(&start.data["message"]["id"]),
            events,
        }
    }

    pub fn of(tail: &Tail) -> Self {
        Self::new(tail.events())
    }

    /// Where its events are.
    pub fn stream(&self) -> String {
        format!("/api/threads/{}/messages/{}/stream", self.thread, self.id)
    }

    /// Asks it to end.
    pub async fn stop(&self, client: &Client) {
        let path = format!("/api/threads/{}/messages/{}/stop", self.thread, self.id);
        assert_eq!(client.post(&path, &json!({})).await.status(), 202);
    }
}

/// How an answer may honestly say that it ended: its status and the code of its error.
pub type Ending = (&'static str, Option<&'static str>);

pub const COMPLETE: Ending = ("complete", None);
pub const STOPPED: Ending = ("stopped", None);
pub const RESTARTED: Ending = ("failed", Some("server_restart"));
pub const BROKEN: Ending = ("failed", Some("internal"));
pub const STORAGE: Ending = ("failed", Some("storage"));

/// Nothing that was shown is missing, the endings are honest, the next send works, the process is alive.
pub async fn aftermath(client: &Client, shown: &[Shown], honest: &[Ending]) {
    for one in shown {
        intact(client, one, honest).await;
    }
    alive(client).await;
}

/// What was shown stands at the beginning of what is told now, which is numbered without gaps, ends once, and says what is
/// stored.
pub async fn intact(client: &Client, shown: &Shown, honest: &[Ending]) -> Value {
    let told = replay(client, shown).await;
    let numbers: Vec<u64> = told.iter().map(|event| event.id).collect();
    assert_eq!(numbers, (1..=told.len() as u64).collect::<Vec<_>>());
    for (at, seen) in shown.events.iter().enumerate() {
        assert_eq!(told.get(at), Some(seen), "what was shown is there");
    }
    let ends = |event: &&SseEvent| ["done", "error"].contains(&event.name.as_str());
    assert_eq!(told.iter().filter(ends).count(), 1);
    let last = told.last().unwrap();
    let message = &last.data["message"];
    let status = message["status"].as_str().unwrap();
    let code = message["error"]["code"].as_str();
    assert!(
        honest.contains(&(status, code)),
        "{status} {code:?} is not one of {honest:?}"
    );
    assert_eq!(last.name == "error", code.is_some());
    assert_eq!(last.data["error"]["code"].as_str(), code);
    assert_eq!(
        message["content"],
        text_of(&told),
        "the content is what was told"
    );
    let path = format!("/api/threads/{}", shown.thread);
    let (_, opened) = parts(client.get(&path).await).await;
    let stored = opened["messages"]
        .as_array()
        .unwrap_or_else(|| panic!("{opened}"));
    let stored = stored.iter().find(|stored| stored["id"] == *shown.id);
    assert_eq!(stored, Some(message), "and what is stored");
    message.clone()
}

/// All events, from the first one on; the answer must have ended or be about to.
async fn replay(client: &Client, shown: &Shown) -> Vec<SseEvent> {
    let read = async {
        let response = client.get(&shown.stream()).await;
        assert_eq!(response.status(), 200);
        parse_events(&response.text().await.unwrap())
    };
    tokio::time::timeout(NEVER, read)
        .await
        .unwrap_or_else(|_| panic!("answer {} never ends", shown.id))
}

/// The probes say so, and a new question is answered.
pub async fn alive(client: &Client) {
    for path in ["/healthz", "/readyz"] {
        assert_eq!(client.get(path).await.status(), 200, "{path}");
    }
    let thread = client.thread("openai", "sim-short").await;
    let said = client.say(&thread, &thread, "Still there?").await;
    let last = said.last().unwrap();
    assert_eq!(
        (last.name.as_str(), text_of(&said).as_str()),
        ("done", "Hello from the simulator."),
        "{last:?}"
    );
}
