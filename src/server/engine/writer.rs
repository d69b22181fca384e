//! The one task that writes events. There is no timer: it commits what is waiting as soon as its last commit returned, so
//! one stream waits for about one commit and many streams share one.

use super::live::LiveAnswers;
use crate::server::clock::Env;
use crate::server::store::events::{self, Event};
use crate::server::store::{Db, Result, StoreError, Tx, messages, provider_keys};
use crate::shared::chat::Message;
use crate::shared::error::ErrorCode;
use crate::shared::ids::MessageId;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Operations in one commit at the most; keeps a single commit short.
const BATCH: usize = 512;
/// Pauses between tries while the database does not take a commit: about five seconds in all.
const PATIENCE_MS: [u64; 6] = [50, 150, 400, 900, 1500, 2000];

/// What one answer wants stored.
pub struct Op {
    /// The answer.
    pub message: MessageId,
    /// Its next events.
    pub events: Vec<Arc<Event>>,
    /// Whether these are the provider's first: the answer goes from pending to streaming.
    pub first: bool,
    /// How it ends, when it does.
    pub end: Option<Box<End>>,
}

/// How an answer ends.
pub struct End {
    /// The final message.
    pub message: Message,
    /// The version of the key that paid; a key that was replaced meanwhile is not blamed.
    pub key_version: i64,
}

/// What became of an [`Op`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// Committed and shown.
    Stored,
    /// The answer is not ours any more: deleted, or taken for abandoned.
    Lost,
    /// The database did not take it for about five seconds.
    Failed,
}

struct Waiting {
    op: Op,
    done: oneshot::Sender<Outcome>,
}

/// A handle to the writer task.
#[derive(Clone)]
pub struct Writer(mpsc::UnboundedSender<Waiting>);

impl Writer {
    /// Starts the task; it ends when the last handle is dropped. The queue needs no bound of its own: each answer has at
    /// most one operation in it.
    #[must_use]
    pub fn start(db: Db, env: Env, owner: String, live: LiveAnswers) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(
            Task {
                db,
                env,
                owner,
                live,
            }
            .run(receiver),
        );
        Self(sender)
    }

    /// Hands an operation over; the receiver resolves when its fate is known.
    #[must_use]
    pub fn submit(&self, op: Op) -> oneshot::Receiver<Outcome> {
        let (done, outcome) = oneshot::channel();
        if let Err(mpsc::error::SendError(waiting)) = self.0.send(Waiting { op, done }) {
            let _ = waiting.done.send(Outcome::Failed);
        }
        outcome
    }
}

struct Task {
    db: Db,
    env: Env,
    owner: String,
    live: LiveAnswers,
}

impl Task {
    async fn run(self, mut queue: mpsc::UnboundedReceiver<Waiting>) {
        let mut batch = Vec::with_capacity(BATCH);
        while queue.recv_many(&mut batch, BATCH).await > 0 {
            match self.commit(batch.iter().map(|waiting| &waiting.op)).await {
                Ok(kept) => {
                    for (waiting, kept) in batch.drain(..).zip(kept) {
                        self.settle(waiting, if kept { Outcome::Stored } else { Outcome::Lost });
                    }
                }
                // One bad operation must not take the others with it.
                Err(error) => {
                    tracing::warn!(%error, operations = batch.len(), "commit failed, trying one by one");
                    for waiting in batch.drain(..) {
                        let outcome = self.insist(&waiting.op).await;
                        self.settle(waiting, outcome);
                    }
                }
            }
        }
    }

    async fn commit<'a>(&self, ops: impl Iterator<Item = &'a Op>) -> Result<Vec<bool>> {
        let mut tx = self.db.begin().await?;
        let mut kept = Vec::new();
        for op in ops {
            kept.push(self.apply(&mut tx, op).await?);
        }
        tx.commit().await?;
        Ok(kept)
    }

    async fn apply(&self, tx: &mut Tx, op: &Op) -> Result<bool> {
        if op.first && !messages::begin_streaming(tx, &op.message, &self.owner).await? {
            return Ok(false);
        }
        for event in &op.events {
            if !events::append(tx, &op.message, &self.owner, event).await? {
                return Ok(false);
            }
        }
        let Some(end) = &op.end else { return Ok(true) };
        let End {
            message,
            key_version,
        } = &**end;
        if let Some(key) = &message.key_id {
            let trouble = message
                .error
                .as_ref()
                .filter(|error| blames_key(error.code));
            provider_keys::note_used(tx, key, *key_version, trouble, self.env.now()).await?;
        }
        messages::finish(tx, message, &self.owner).await
    }

    async fn insist(&self, op: &Op) -> Outcome {
        for pause in PATIENCE_MS {
            match self.commit(std::iter::once(op)).await {
                Ok(kept) => {
                    return if kept.first() == Some(&true) {
                        Outcome::Stored
                    } else {
                        Outcome::Lost
                    };
                }
                Err(error) if error.is_orphan() => return Outcome::Lost,
                Err(error @ StoreError::Corrupt { .. }) => {
                    tracing::error!(%error, "an answer's row does not read");
                    return Outcome::Lost;
                }
                Err(error) => tracing::warn!(%error, message.id = %op.message, "commit failed"),
            }
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        Outcome::Failed
    }

    fn settle(&self, waiting: Waiting, outcome: Outcome) {
        let Waiting { op, done } = waiting;
        let ended = op.end.is_some() && outcome == Outcome::Stored;
        if outcome == Outcome::Stored
            && let Some(answer) = self.live.get(&op.message)
        {
            answer.publish(op.events, ended);
        }
        let _ = done.send(outcome);
    }
}

/// Whether a failure says something about the key and the account behind it.
const fn blames_key(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::InvalidKey
            | ErrorCode::InsufficientPermission
            | ErrorCode::QuotaExhausted
            | ErrorCode::RateLimited
    )
}
