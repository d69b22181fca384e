//! The clock that leases are measured with.

use std::sync::Mutex;
use std::sync::PoisonError;
use tokio::time::Instant;

/// How long a writer may be silent before others take its answers for abandoned. Milliseconds. Others look once a second,
/// so that readers learn of a dead writer within 15 seconds.
pub const LEASE_MS: i64 = 14_000;

/// The database's clock, carried on by this machine's monotonic one between two looks: what the wall clock of any one
/// process says, and when it jumps, plays no part.
pub struct LeaseClock(Mutex<(Instant, i64)>);

impl LeaseClock {
    /// A clock that says `now`, in milliseconds since 1970.
    #[must_use]
    pub fn new(now: i64) -> Self {
        Self(Mutex::new((Instant::now(), now)))
    }

    /// Sets it to what the database said.
    pub fn set(&self, now: i64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), now);
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        let (at, then) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        then + i64::try_from(at.elapsed().as_millis()).unwrap_or(0)
    }
}
