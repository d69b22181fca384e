//! Answers: written once, durable before visible, read by anyone from anywhere.
//!
//! An answer is an append-only log of numbered events. A [`turn`] listens to the provider and hands pieces to the one
//! [`writer`], which commits whatever is waiting once its last commit returned. Only then do [`follow`]ers see them.

mod accounting;
mod aside;
pub mod follow;
pub mod house;
pub mod lease;
pub mod live;
pub mod loan;
pub mod payers;
pub mod recovery;
pub mod turn;
pub mod wake;
pub mod writer;

use crate::server::clock::Env;
use crate::server::config::Limits;
use crate::server::metrics::Metrics;
use crate::server::providers::TokenUsage;
use crate::server::providers::sse::FrameLimits;
use crate::server::providers::transport::Transport;
use crate::server::store::hints::{self, Hint};
use crate::server::store::{Db, Result, answers};
use crate::shared::ids::{MessageId, ModelId, ProviderId};
use crate::shared::tariff::Tariff;
use crate::shared::time::Timestamp;
use lease::{LEASE_MS, LeaseClock};
use live::LiveAnswers;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wake::Wakes;
use writer::Writer;

/// USD for these tokens of this model, where the price is known: by the provider's own tariff, or by whatever else is known.
pub type Price = fn(&ProviderId, &ModelId, Option<&Tariff>, &TokenUsage) -> Option<f64>;

/// How large an answer may become.
#[derive(Clone, Copy, Debug)]
pub struct EngineLimits {
    /// Bytes of its text and reasoning.
    pub output: usize,
    /// Of the provider's events.
    pub frames: FrameLimits,
}

impl From<&Limits> for EngineLimits {
    fn from(limits: &Limits) -> Self {
        Self {
            output: limits.output_bytes,
            frames: limits.into(),
        }
    }
}

/// What the engine works with.
pub struct Parts {
    /// The database.
    pub db: Db,
    /// Time and ids.
    pub env: Env,
    /// The way to the providers.
    pub transport: Transport,
    /// What tokens cost.
    pub price: Price,
    /// How large an answer may become.
    pub limits: EngineLimits,
    /// Counts what is done.
    pub metrics: Metrics,
}

/// The engine of one process. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

pub(super) struct Inner {
    parts: Parts,
    /// Names this process in the rows that it writes.
    owner: String,
    leases: LeaseClock,
    live: LiveAnswers,
    wakes: Wakes,
    writer: Writer,
    turns: TaskTracker,
    /// Set when no new answers are taken any more.
    closing: CancellationToken,
    /// Ends every turn with `server_restart`.
    drain: CancellationToken,
}

impl Engine {
    /// An engine with its writer running. Call [`Engine::recover`] before the first send.
    #[must_use]
    pub fn start(parts: Parts) -> Self {
        let owner = parts.env.uuid();
        let live = LiveAnswers::default();
        let writer = Writer::start(
            parts.db.clone(),
            parts.env.clone(),
            owner.clone(),
            live.clone(),
            parts.metrics.clone(),
        );
        Self(Arc::new(Inner {
            leases: LeaseClock::new(parts.env.now().0),
            parts,
            owner,
            live,
            wakes: Wakes::default(),
            writer,
            turns: TaskTracker::new(),
            closing: CancellationToken::new(),
            drain: CancellationToken::new(),
        }))
    }

    /// The name under which this process owns answers.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.0.owner
    }

    /// Until when an answer that begins now belongs to this process, unless it is renewed.
    #[must_use]
    pub fn lease(&self) -> Timestamp {
        Timestamp(self.0.leases.now() + LEASE_MS)
    }

    /// Takes no new answers from now on.
    pub fn close(&self) {
        self.0.closing.cancel();
    }

    /// Whether new answers are refused.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.0.closing.is_cancelled()
    }

    /// Cancelled when this process is about to end.
    #[must_use]
    pub fn draining(&self) -> &CancellationToken {
        &self.0.drain
    }

    /// How many answers this process is writing.
    #[must_use]
    pub fn running(&self) -> usize {
        self.0.turns.len()
    }

    /// Whether this process is writing that answer.
    #[must_use]
    pub fn is_writing(&self, message: &MessageId) -> bool {
        self.0.live.get(message).is_some()
    }

    /// Ends an answer, wherever it is being written. The text so far stays.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn stop(&self, message: &MessageId) -> Result<bool> {
        let asked =
            answers::request_stop(&self.0.parts.db, message, self.0.parts.env.now()).await?;
        self.stop_here(message);
        Ok(asked)
    }

    fn stop_here(&self, message: &MessageId) {
        if let Some(answer) = self.0.live.get(message) {
            answer.stop.cancel();
        }
    }

    /// Ends an answer whose row has gone, wherever it was being written.
    ///
    /// # Errors
    /// When the database fails. Its writer finds out by itself then, when it next has something to store.
    pub async fn abandon(&self, message: &MessageId) -> Result<()> {
        match self.0.live.get(message) {
            Some(answer) => answer.stop.cancel(),
            None if self.0.parts.db.is_shared() => {
                let mut tx = self.0.parts.db.begin().await?;
                hints::send(&mut tx, &Hint::Stop(message.clone())).await?;
                tx.commit().await?;
            }
            None => {}
        }
        Ok(())
    }

    /// Ends all answers that this process writes, as interrupted by a restart, and waits until that is stored.
    pub async fn shut_down(&self) {
        self.0.drain.cancel();
        self.0.turns.close();
        self.0.turns.wait().await;
    }

    /// Waits until no answer is being written.
    pub async fn idle(&self) {
        self.0.turns.close();
        self.0.turns.wait().await;
    }
}
