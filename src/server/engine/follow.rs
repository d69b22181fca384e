//! Reading an answer from any number on, while it is written or after.

use super::Engine;
use super::live::{LiveAnswer, Progress};
use super::wake::Wake;
use crate::server::store::events::{self, Event, Kind};
use crate::server::store::{Result, messages};
use crate::shared::chat::{Message, MessageStatus};
use crate::shared::ids::{MessageId, ThreadId, UserId};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often the log is looked at when another process writes it.
const POLL: Duration = Duration::from_millis(250);
/// Rows that are read at once.
const PAGE: i64 = 500;

/// Whose answer is read.
#[derive(Clone)]
pub struct Address {
    /// The reader, who owns the thread.
    pub user: UserId,
    /// The thread.
    pub thread: ThreadId,
    /// The answer.
    pub message: MessageId,
}

/// A reader of one answer.
pub struct Follower {
    engine: Engine,
    address: Address,
    /// The number of the last event given out.
    after: usize,
    /// Whether the answer has, or had, an event of that number.
    known: bool,
    /// Whether the end was given out.
    told: bool,
    ready: Vec<Arc<Event>>,
    source: Source,
}

enum Source {
    Live(Arc<LiveAnswer>, watch::Receiver<Progress>),
    /// Another process writes it, or it has ended.
    Log(Option<Wake>),
    Done,
}

impl Engine {
    /// Follows an answer from after event number `after` on. A number that the answer never reached starts anew. The
    /// caller has checked that the answer is the reader's.
    #[must_use]
    pub fn follow(&self, address: Address, after: usize) -> Follower {
        let source = match self.0.live.get(&address.message) {
            Some(answer) => {
                let progress = answer.progress();
                Source::Live(answer, progress)
            }
            None => Source::Log(None),
        };
        let after = match &source {
            Source::Live(_, progress) if after > progress.borrow().last => 0,
            _ => after,
        };
        Follower {
            engine: self.clone(),
            address,
            after,
            known: false,
            told: false,
            ready: Vec::new(),
            source,
        }
    }
}

impl Follower {
    /// The next events, at least one, waiting for it if need be; none when the answer has ended. May be dropped while it
    /// waits without losing anything.
    ///
    /// # Errors
    /// When the database fails. The reader may come back with the last number that it saw.
    pub async fn batch(&mut self) -> Result<Option<Vec<Arc<Event>>>> {
        loop {
            if let Some(last) = self.ready.last() {
                self.after = usize::try_from(last.seq).unwrap_or(usize::MAX);
                self.known = true;
                self.told = matches!(last.kind, Kind::Done | Kind::Error);
                return Ok(Some(std::mem::take(&mut self.ready)));
            }
            match &mut self.source {
                Source::Done => return Ok(None),
                Source::Live(answer, progress) => {
                    let now = *progress.borrow_and_update();
                    if now.last > self.after {
                        match answer.after(self.after) {
                            Some(events) => self.ready = events,
                            None => self.catch_up().await?,
                        }
                    } else if now.ended || progress.changed().await.is_err() {
                        // Without an end when its task panicked or another process took it over: whoever ends it then
                        // writes to the log.
                        self.source = if self.told {
                            Source::Done
                        } else {
                            Source::Log(None)
                        };
                    }
                }
                Source::Log(wake) => {
                    let wake =
                        wake.get_or_insert_with(|| self.engine.0.wakes.join(&self.address.message));
                    let notify = Arc::clone(wake.notify());
                    let mut news = std::pin::pin!(notify.notified());
                    news.as_mut().enable();
                    if self.read_log().await? == Found::Nothing {
                        let _ = tokio::time::timeout(POLL, news).await;
                    }
                }
            }
        }
    }

    /// Reads a page of what the memory does not have any more.
    async fn catch_up(&mut self) -> Result<()> {
        let rows = self.page(self.after).await?;
        if rows.is_empty() {
            // The answer was deleted.
            self.source = Source::Done;
        }
        self.ready = rows;
        Ok(())
    }

    async fn page(&self, after: usize) -> Result<Vec<Arc<Event>>> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let db = &self.engine.0.parts.db;
        let rows = events::after(db, &self.address.message, after, PAGE).await?;
        Ok(rows.into_iter().map(Arc::new).collect())
    }

    async fn read_log(&mut self) -> Result<Found> {
        let db = &self.engine.0.parts.db;
        let Address {
            user,
            thread,
            message,
        } = &self.address;
        // The state is read first: what it calls final has its last event in the log already.
        let Some(placed) = messages::get(db, user, thread, message).await? else {
            self.source = Source::Done;
            return Ok(Found::Something);
        };
        self.ready = self.page(self.after).await?;
        if !self.ready.is_empty() {
            return Ok(Found::Something);
        }
        if !self.known && self.after > 0 {
            self.known = !self.page(self.after - 1).await?.is_empty();
            if !self.known && !self.page(0).await?.is_empty() {
                // A number that this answer does not have.
                self.after = 0;
                return Ok(Found::Something);
            }
        }
        if !placed.message.status.is_final() {
            return Ok(Found::Nothing);
        }
        self.source = Source::Done;
        if !self.known {
            // The log was collected.
            let asked = match &placed.message.parent_id {
                Some(parent) => messages::get(db, user, thread, parent).await?,
                None => None,
            };
            let told = replay(&placed.message, asked.as_ref().map(|asked| &asked.message));
            // Who has seen some of it already gets the outcome, which holds the whole text, and no text twice.
            let skip = if self.after > 0 { told.len() - 1 } else { 0 };
            let numbered = (self.after + 1..).zip(told.into_iter().skip(skip));
            self.ready = numbered
                .map(|(seq, (kind, data))| {
                    Arc::new(Event {
                        seq: i64::try_from(seq).unwrap_or(i64::MAX),
                        kind,
                        data: data.to_string(),
                    })
                })
                .collect();
        }
        Ok(Found::Something)
    }
}

/// What a look into the log brought.
#[derive(PartialEq, Eq)]
enum Found {
    /// Events, or the insight that there will be none.
    Something,
    /// Nothing yet.
    Nothing,
}

/// A finished answer without a log, told as a log.
fn replay(message: &Message, asked: Option<&Message>) -> Vec<(Kind, Value)> {
    let pending = Message {
        status: MessageStatus::Pending,
        content: String::new(),
        reasoning: None,
        finish_reason: None,
        error: None,
        usage: None,
        timing: None,
        ..message.clone()
    };
    let start = json!({ "threadId": message.thread_id, "userMessage": asked, "message": pending });
    let mut told = vec![(Kind::Start, start)];
    if let Some(reasoning) = &message.reasoning {
        told.push((Kind::Reasoning, json!({ "text": reasoning })));
    }
    if !message.content.is_empty() {
        told.push((Kind::Delta, json!({ "text": message.content })));
    }
    if let Some(usage) = &message.usage {
        told.push((Kind::Usage, json!(usage)));
    }
    told.push(match &message.error {
        Some(error) => (Kind::Error, json!({ "error": error, "message": message })),
        None => (Kind::Done, json!({ "message": message })),
    });
    told
}
