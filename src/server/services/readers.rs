//! Who reads which answer: so many at once, no more.

use super::{Result, ServiceError};
use crate::server::config::Limit;
use crate::server::engine::follow::Follower;
use crate::server::metrics::{Metrics, Open};
use crate::server::store;
use crate::server::store::events::Event;
use crate::shared::ids::MessageId;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use std::sync::Arc;

/// The readers of this process, by answer. Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Readers {
    seats: Arc<DashMap<MessageId, usize>>,
    most: usize,
    metrics: Metrics,
}

impl Readers {
    /// At most so many readers an answer.
    #[must_use]
    pub fn new(most: usize, metrics: Metrics) -> Self {
        Self {
            seats: Arc::default(),
            most,
            metrics,
        }
    }

    /// A seat before an answer, kept until it is dropped.
    ///
    /// # Errors
    /// `TooManyReaders` when none is free.
    pub fn take(&self, message: &MessageId) -> Result<Seat> {
        let mut taken = self.seats.entry(message.clone()).or_insert(0);
        if *taken >= self.most {
            self.metrics.limit_hit(Limit::ReadersPerMessage);
            return Err(ServiceError::TooManyReaders(self.most));
        }
        *taken += 1;
        Ok(Seat {
            seats: Arc::clone(&self.seats),
            message: message.clone(),
            _open: self.metrics.reader(),
        })
    }
}

/// See [`Readers::take`].
pub struct Seat {
    seats: Arc<DashMap<MessageId, usize>>,
    message: MessageId,
    _open: Open,
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Entry::Occupied(mut taken) = self.seats.entry(self.message.clone()) {
            *taken.get_mut() -= 1;
            if *taken.get() == 0 {
                taken.remove();
            }
        }
    }
}

/// A reader of one answer, in a seat.
pub struct Reader {
    follower: Follower,
    _seat: Seat,
}

impl Reader {
    pub(super) const fn new(follower: Follower, seat: Seat) -> Self {
        Self {
            follower,
            _seat: seat,
        }
    }

    /// As [`Follower::batch`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn batch(&mut self) -> store::Result<Option<Vec<Arc<Event>>>> {
        self.follower.batch().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_that_is_left_is_free_and_an_answer_without_readers_is_forgotten() {
        let metrics = Metrics::default();
        let readers = Readers::new(2, metrics.clone());
        let [one, other]: [MessageId; 2] = [1, 2].map(|n| {
            format!("01890a5d-ac96-774b-bcce-b302099a805{n}")
                .parse()
                .unwrap()
        });
        let first = readers.take(&one).unwrap();
        let second = readers.clone().take(&one).unwrap();
        assert!(matches!(
            readers.take(&one),
            Err(ServiceError::TooManyReaders(2))
        ));
        let third = readers.take(&other).unwrap();
        assert_eq!(metrics.limit_hits(Limit::ReadersPerMessage), 1);
        assert!(metrics.render().contains("keylm_readers 3"));
        drop(first);
        let again = readers.take(&one).unwrap();
        drop((second, third, again));
        assert!(readers.seats.is_empty());
    }
}
