//! The answers that this process is writing, with the newest of what is committed of them.

use crate::server::store::events::Event;
use crate::shared::ids::MessageId;
use dashmap::DashMap;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Events that are kept in memory for readers that keep up; who is further behind reads the log.
const KEPT_EVENTS: usize = 256;
/// The same in bytes of data.
const KEPT_BYTES: usize = 32 * 1024;

/// One running answer.
pub struct LiveAnswer {
    tail: Mutex<Tail>,
    progress: watch::Sender<Progress>,
    /// Cancelled when the person wants it to end.
    pub stop: CancellationToken,
}

/// The newest committed events.
#[derive(Default)]
struct Tail {
    events: VecDeque<Arc<Event>>,
    /// Of their data.
    bytes: usize,
    /// The number of the last one.
    last: usize,
}

impl Tail {
    fn push(&mut self, event: Arc<Event>) {
        self.bytes += event.data.len();
        self.last += 1;
        self.events.push_back(event);
        while self.events.len() > 1 && (self.events.len() > KEPT_EVENTS || self.bytes > KEPT_BYTES)
        {
            self.bytes -= self.events.pop_front().map_or(0, |event| event.data.len());
        }
    }
}

/// How far an answer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The number of the last committed event.
    pub last: usize,
    /// Whether no event follows here.
    pub ended: bool,
}

impl LiveAnswer {
    /// An answer whose first event is committed.
    #[must_use]
    pub fn new(start: Arc<Event>) -> Self {
        let mut tail = Tail::default();
        tail.push(start);
        Self {
            tail: Mutex::new(tail),
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
            let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
            for event in events {
                tail.push(event);
            }
            tail.last
        };
        self.progress.send_replace(Progress { last, ended });
    }

    /// The committed events after number `after`; none when some of them are in the log only.
    #[must_use]
    pub fn after(&self, after: usize) -> Option<Vec<Arc<Event>>> {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = tail.last.saturating_sub(after);
        let skip = tail.events.len().checked_sub(missing)?;
        Some(tail.events.range(skip..).cloned().collect())
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

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// All of them.
    #[must_use]
    pub fn ids(&self) -> Vec<MessageId> {
        self.0.iter().map(|entry| entry.key().clone()).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::store::events::Kind;

    fn event(seq: i64, bytes: usize) -> Arc<Event> {
        Arc::new(Event {
            seq,
            kind: Kind::Delta,
            data: "x".repeat(bytes),
        })
    }

    fn numbers(answer: &LiveAnswer, after: usize) -> Option<Vec<i64>> {
        let events = answer.after(after)?;
        Some(events.iter().map(|event| event.seq).collect())
    }

    #[test]
    fn the_newest_events_are_kept_and_older_ones_are_left_to_the_log() {
        let answer = LiveAnswer::new(event(1, 1));
        assert_eq!(numbers(&answer, 0), Some(vec![1]));
        for seq in 2..=1000 {
            answer.publish(vec![event(seq, 1)], false);
        }
        assert_eq!(numbers(&answer, 1000), Some(vec![]));
        assert_eq!(numbers(&answer, 998), Some(vec![999, 1000]));
        assert_eq!(
            numbers(&answer, 1000 - KEPT_EVENTS).unwrap().len(),
            KEPT_EVENTS
        );
        assert_eq!(numbers(&answer, 1000 - KEPT_EVENTS - 1), None);
        assert_eq!(numbers(&answer, 0), None);
    }

    #[test]
    fn large_events_do_not_pile_up() {
        let answer = LiveAnswer::new(event(1, 1));
        for seq in 2..=9 {
            answer.publish(vec![event(seq, 1 << 20)], false);
        }
        assert_eq!(numbers(&answer, 8), Some(vec![9]));
        assert_eq!(numbers(&answer, 7), None);
    }
}
