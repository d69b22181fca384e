//! The answers that this process is writing, with what is committed of them.

use crate::server::store::events::Event;
use crate::shared::ids::MessageId;
use dashmap::DashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// One running answer.
pub struct LiveAnswer {
    /// Committed events; number `n` stands at `n - 1`.
    committed: Mutex<Vec<Arc<Event>>>,
    progress: watch::Sender<Progress>,
    /// Cancelled when the person wants it to end.
    pub stop: CancellationToken,
}

/// How far an answer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The number of the last committed event.
    pub last: usize,
    /// Whether no event follows.
    pub ended: bool,
}

impl LiveAnswer {
    /// An answer whose first event is committed.
    #[must_use]
    pub fn new(start: Arc<Event>) -> Self {
        Self {
            committed: Mutex::new(vec![start]),
            progress: watch::Sender::new(Progress {
                last: 1,
                ended: false,
            }),
            stop: CancellationToken::new(),
        }
    }

    /// Shows events to the readers. Only for events that are committed.
    pub fn publish(&self, events: Vec<Arc<Event>>, ended: bool) {
        let last = {
            let mut committed = self
                .committed
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            committed.extend(events);
            committed.len()
        };
        self.progress.send_replace(Progress { last, ended });
    }

    /// The committed events after number `after`.
    #[must_use]
    pub fn after(&self, after: usize) -> Vec<Arc<Event>> {
        let committed = self
            .committed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        committed
            .get(after..)
            .map(<[_]>::to_vec)
            .unwrap_or_default()
    }

    /// Follows how far the answer is.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }
}

/// All running answers of this process.
#[derive(Clone, Default)]
pub struct LiveAnswers(Arc<DashMap<MessageId, Arc<LiveAnswer>>>);

impl LiveAnswers {
    /// The answer, while it runs here.
    #[must_use]
    pub fn get(&self, id: &MessageId) -> Option<Arc<LiveAnswer>> {
        self.0.get(id).map(|entry| Arc::clone(&entry))
    }

    /// Adds an answer that is about to run.
    pub fn insert(&self, id: MessageId, answer: Arc<LiveAnswer>) {
        self.0.insert(id, answer);
    }

    /// Forgets an answer; whoever reads it keeps it until the end.
    pub fn remove(&self, id: &MessageId) {
        self.0.remove(id);
    }
}
