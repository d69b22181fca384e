//! Reading an answer from any number on, while it is written or after.

use super::Engine;
use super::live::LiveAnswer;
use crate::server::store::events::{self, Event};
use crate::server::store::{Result, messages};
use crate::shared::chat::{Message, MessageStatus};
use crate::shared::ids::{MessageId, ThreadId, UserId};
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
    ready: Vec<Arc<Event>>,
    source: Source,
}

enum Source {
    Live(Arc<LiveAnswer>, watch::Receiver<super::live::Progress>),
    Log,
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
            None => Source::Log,
        };
        let after = match &source {
            Source::Live(_, progress) if after > progress.borrow().last => 0,
            _ => after,
        };
        Follower {
            engine: self.clone(),
            address,
            after,
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
                return Ok(Some(std::mem::take(&mut self.ready)));
            }
            match &mut self.source {
                Source::Done => return Ok(None),
                Source::Live(answer, progress) => {
                    let now = *progress.borrow_and_update();
                    if now.last > self.after {
                        self.ready = answer.after(self.after);
                    } else if now.ended {
                        self.source = Source::Done;
                    } else if progress.changed().await.is_err() {
                        // The writer let go without an end: whatever there is stands in the log.
                        self.source = Source::Log;
                    }
                }
                Source::Log => self.read_log().await?,
            }
        }
    }

    async fn read_log(&mut self) -> Result<()> {
        let db = &self.engine.0.parts.db;
        let Address {
            user,
            thread,
            message,
        } = &self.address;
        // The state is read first: what it calls final has its last event in the log already.
        let Some(placed) = messages::get(db, user, thread, message).await? else {
            self.source = Source::Done;
            return Ok(());
        };
        let ended = placed.message.status.is_final();
        let after = i64::try_from(self.after).unwrap_or(i64::MAX);
        let rows = events::after(db, message, after, PAGE).await?;
        if !rows.is_empty() {
            self.ready = rows.into_iter().map(Arc::new).collect();
        } else if !ended {
            tokio::time::sleep(POLL).await;
        } else {
            self.source = Source::Done;
            let last = events::after(db, message, after.saturating_sub(1), 1).await?;
            if last.is_empty() && self.after > 0 {
                // A number that this answer never had.
                self.after = 0;
                self.source = Source::Log;
            } else if last.is_empty() {
                self.ready = replay(&placed.message).into_iter().map(Arc::new).collect();
            }
        }
        Ok(())
    }
}

/// A finished answer without a log, told as a log.
fn replay(message: &Message) -> Vec<Event> {
    let mut told: Vec<(&str, serde_json::Value)> = Vec::new();
    if let Some(reasoning) = &message.reasoning {
        told.push(("reasoning", serde_json::json!({ "text": reasoning })));
    }
    if !message.content.is_empty() {
        told.push(("delta", serde_json::json!({ "text": message.content })));
    }
    if message.status == MessageStatus::Failed {
        told.push((
            "error",
            serde_json::json!({ "error": message.error, "message": message }),
        ));
    } else {
        told.push(("done", serde_json::json!({ "message": message })));
    }
    (1..)
        .zip(told)
        .map(|(seq, (kind, data))| Event {
            seq,
            kind: kind.to_owned(),
            data: data.to_string(),
        })
        .collect()
}
