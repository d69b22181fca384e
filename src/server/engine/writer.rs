//! The one task that writes events. It commits what is waiting as soon as its last commit returned, so one stream waits for
//! about one commit and many streams share one. Where very many are written, commits keep a least distance.

use super::live::LiveAnswers;
use super::payers;
use crate::server::clock::Env;
use crate::server::metrics::Metrics;
use crate::server::store::events::{self, Event, MOST_AT_ONCE, Next};
use crate::server::store::hints::{self, Hint};
use crate::server::store::{Db, Result, answers, provider_keys};
use crate::shared::chat::Message;
use crate::shared::ids::MessageId;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Operations in one commit at the most; keeps a single commit short.
const BATCH: usize = 512;
/// From so many running answers on, they wait for each other: [`PACE`].
const CROWD: usize = 16;
/// The least time from the beginning of one commit to the next in a crowd. A fast disk would be asked for one commit a token
/// otherwise (docs/decisions/0002-pace.md).
const PACE: Duration = Duration::from_millis(2);
/// How long the database may refuse a commit before the answers concerned are ended.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// What one answer wants stored.
pub struct Op {
    /// The answer.
    pub message: MessageId,
    /// Which of the answer's owners asks.
    pub epoch: i64,
    /// Its next events.
    pub events: Vec<Arc<Event>>,
    /// Whether these are the provider's first: the answer goes from pending to streaming.
    pub first: bool,
    /// How it ends, when it does.
    pub end: Option<Arc<End>>,
}

/// How an answer ends.
pub struct End {
    /// The final message.
    pub message: Message,
    /// The version of the key that paid; a key that was replaced meanwhile is not blamed.
    pub key_version: i64,
    /// Whether no other key went along with it.
    pub alone: bool,
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
    /// The database will never take it.
    Refused,
}

struct Waiting {
    op: Op,
    /// How many of its events stand in the log: an earlier try committed them, and the connection broke before it said so.
    written: usize,
    done: oneshot::Sender<Outcome>,
}

/// A handle to the writer task.
#[derive(Clone)]
pub struct Writer(mpsc::UnboundedSender<Waiting>);

impl Writer {
    /// Starts the task; it ends when the last handle is dropped. The queue needs no bound of its own: each answer has at
    /// most one operation in it.
    #[must_use]
    pub fn start(db: Db, env: Env, owner: String, live: LiveAnswers, metrics: Metrics) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(
            Task {
                db,
                env,
                owner,
                live,
                metrics,
            }
            .run(receiver),
        );
        Self(sender)
    }

    /// Hands an operation over; the receiver resolves when its fate is known.
    #[must_use]
    pub fn submit(&self, op: Op) -> oneshot::Receiver<Outcome> {
        let (done, outcome) = oneshot::channel();
        let waiting = Waiting {
            op,
            written: 0,
            done,
        };
        if let Err(mpsc::error::SendError(waiting)) = self.0.send(waiting) {
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
    metrics: Metrics,
}

impl Task {
    async fn run(self, mut queue: mpsc::UnboundedReceiver<Waiting>) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut begun: Option<Instant> = None;
        while queue.recv_many(&mut batch, BATCH).await > 0 {
            if self.live.count() >= CROWD
                && let Some(begun) = begun
            {
                tokio::time::sleep_until(begun + PACE).await;
                while batch.len() < BATCH
                    && let Ok(waiting) = queue.try_recv()
                {
                    batch.push(waiting);
                }
            }
            begun = Some(Instant::now());
            match self.insist(&batch).await {
                Ok(outcomes) => {
                    for (waiting, outcome) in batch.drain(..).zip(outcomes) {
                        self.settle(waiting, outcome).await;
                    }
                }
                // One operation that the database refuses must not take the others with it.
                Err(error) => {
                    tracing::warn!(%error, operations = batch.len(), "commit refused, trying one by one");
                    for mut waiting in batch.drain(..) {
                        let outcome = self.alone(&mut waiting).await;
                        self.settle(waiting, outcome).await;
                    }
                }
            }
        }
    }

    /// Commits one operation, what is missing of it.
    async fn alone(&self, waiting: &mut Waiting) -> Outcome {
        loop {
            match self.insist(std::slice::from_ref(waiting)).await {
                Ok(outcomes) => return outcomes.first().copied().unwrap_or(Outcome::Failed),
                Err(error) if error.is_conflict() => match self.written(&waiting.op).await {
                    Ok(written) if written > waiting.written => waiting.written = written,
                    // Somebody else has ended it.
                    Ok(_) => return Outcome::Lost,
                    Err(_) => return Outcome::Failed,
                },
                // It was deleted.
                Err(error) if error.is_orphan() => return Outcome::Lost,
                Err(error) => {
                    tracing::error!(%error, message.id = %waiting.op.message, "commit refused");
                    return Outcome::Refused;
                }
            }
        }
    }

    /// How many of an operation's events, from the first one on, stand in the log as they are.
    async fn written(&self, op: &Op) -> Result<usize> {
        let Some(first) = op.events.first() else {
            return Ok(0);
        };
        let most = i64::try_from(op.events.len()).unwrap_or(i64::MAX);
        let stored = events::after(&self.db, &op.message, first.seq - 1, most).await?;
        let same = stored.iter().zip(&op.events);
        Ok(same
            .take_while(|(stored, ours)| **stored == ***ours)
            .count())
    }

    /// Commits, again and again while the database is locked, full or away.
    ///
    /// # Errors
    /// When the database refuses what it is told to write, which trying again would not change.
    async fn insist(&self, batch: &[Waiting]) -> Result<Vec<Outcome>> {
        let give_up = Instant::now() + PATIENCE;
        loop {
            match self.commit(batch).await {
                Err(error) if error.is_refusal() => return Err(error),
                Err(error) if Instant::now() >= give_up => {
                    tracing::error!(%error, operations = batch.len(), "commit failed for good");
                    return Ok(batch.iter().map(|_| Outcome::Failed).collect());
                }
                Err(error) => {
                    tracing::warn!(%error, operations = batch.len(), "commit failed, trying again");
                    tokio::time::sleep(PAUSE).await;
                }
                done => return done,
            }
        }
    }

    async fn commit(&self, batch: &[Waiting]) -> Result<Vec<Outcome>> {
        if let Some(rows) = self.only_more(batch) {
            return self.extend(batch, &rows).await;
        }
        let begun = Instant::now();
        let mut tx = self.db.begin().await?;
        let ops = || batch.iter().map(|waiting| &waiting.op);
        let begun_before = ops().filter(|op| !op.first);
        let asked: Vec<_> = begun_before.map(|op| (&op.message, op.epoch)).collect();
        let ours = answers::still_ours(&mut tx, &self.owner, &asked).await?;
        let mut ours = ours.into_iter();
        let mut kept = Vec::with_capacity(batch.len());
        for op in ops() {
            kept.push(if op.first {
                answers::begin_streaming(&mut tx, &op.message, &self.owner, op.epoch).await?
            } else {
                ours.next().unwrap_or(false)
            });
        }
        let rows: Vec<_> = batch
            .iter()
            .zip(&kept)
            .filter(|(_, kept)| **kept)
            .flat_map(|(Waiting { op, written, .. }, _)| {
                let missing = op.events.iter().skip(*written);
                missing.map(|event| (&op.message, &**event))
            })
            .collect();
        events::append(&mut tx, &rows).await?;
        for (op, kept) in ops().zip(&mut kept).filter(|(_, kept)| **kept) {
            let Some(end) = &op.end else { continue };
            let now = self.env.now();
            if let Some(key) = &end.message.key_id {
                let trouble = payers::trouble(end.message.error.as_ref(), end.alone, now);
                let version = end.key_version;
                provider_keys::note_used(&mut tx, key, version, trouble.as_ref(), now).await?;
            }
            *kept = answers::finish(&mut tx, &end.message, &self.owner, op.epoch, now).await?;
        }
        if self.db.is_shared() {
            let grown = ops().map(|op| op.message.clone()).collect();
            hints::send(&mut tx, &Hint::Grown(grown)).await?;
        }
        let stored = rows.len();
        tx.commit().await?;
        self.metrics.committed(batch.len(), stored, begun.elapsed());
        let outcome = |kept| if kept { Outcome::Stored } else { Outcome::Lost };
        Ok(kept.into_iter().map(outcome).collect())
    }

    /// The rows of a batch in which nothing begins and nothing ends, as most are: there is a shorter way for those. Not
    /// where other processes want to hear of it in the same transaction.
    fn only_more<'a>(&self, batch: &'a [Waiting]) -> Option<Vec<Next<'a>>> {
        let more = |Waiting { op, written, .. }: &Waiting| {
            *written == 0 && !op.first && op.end.is_none() && !op.events.is_empty()
        };
        if self.db.is_shared() || !batch.iter().all(more) {
            return None;
        }
        let rows: Vec<_> = batch
            .iter()
            .flat_map(|Waiting { op, .. }| {
                let events = op.events.iter();
                events.map(|event| (&op.message, op.epoch, &**event))
            })
            .collect();
        (rows.len() <= MOST_AT_ONCE).then_some(rows)
    }

    async fn extend(&self, batch: &[Waiting], rows: &[Next<'_>]) -> Result<Vec<Outcome>> {
        let begun = Instant::now();
        let stored = events::extend(&self.db, &self.owner, rows).await?;
        let stored = usize::try_from(stored).unwrap_or(0);
        self.metrics.committed(batch.len(), stored, begun.elapsed());
        // Some are not ours any more. Which ones, the log says when they are settled.
        let all = stored == rows.len();
        let outcome = if all { Outcome::Stored } else { Outcome::Lost };
        Ok(vec![outcome; batch.len()])
    }

    async fn settle(&self, waiting: Waiting, mut outcome: Outcome) {
        let Waiting { op, done, .. } = waiting;
        // It may be stored all the same: an answer that is not ours any more has ended by this very operation, or others
        // of its batch were lost.
        if outcome == Outcome::Lost
            && matches!(self.written(&op).await, Ok(written) if written == op.events.len())
        {
            outcome = Outcome::Stored;
        }
        let end = op.end.as_ref().filter(|_| outcome == Outcome::Stored);
        if let Some(end) = end {
            self.metrics.answer_ended(end.message.status.as_str());
        }
        let ended = end.is_some();
        if outcome == Outcome::Stored
            && let Some(answer) = self.live.get(&op.message)
        {
            answer.publish(op.events, ended);
        }
        let _ = done.send(outcome);
    }
}
