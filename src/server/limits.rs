//! Rate limits: so many a minute for each key, on the injected clock.

use crate::server::clock::Env;
use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How many checks lie between two clean-ups. Keys that have their whole allowance back are forgotten then, so memory
/// is bounded by the keys that are really being limited.
const SWEEP: u32 = 1024;

/// Counts per key. Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Limiter(Arc<Inner>);

struct Inner {
    limiter: RateLimiter<String, DashMapStateStore<String>, EnvClock, NoOpMiddleware<Moment>>,
    clock: EnvClock,
    checks: AtomicU32,
}

impl Limiter {
    /// `n` at once, and one more each time that the `n`th part of a minute has passed.
    #[must_use]
    pub fn per_minute(n: NonZeroU32, env: Env) -> Self {
        let clock = EnvClock {
            env,
            latest: Arc::default(),
        };
        let quota = Quota::per_minute(n);
        let limiter = RateLimiter::new(quota, DashMapStateStore::default(), clock.clone());
        Self(Arc::new(Inner {
            limiter,
            clock,
            checks: AtomicU32::new(0),
        }))
    }

    /// Counts one for `key`.
    ///
    /// # Errors
    /// How long to wait when it is one too many.
    pub fn check(&self, key: &str) -> Result<(), Duration> {
        let inner = &self.0;
        if inner
            .checks
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(SWEEP)
        {
            inner.limiter.retain_recent();
        }
        inner
            .limiter
            .check_key(&key.to_owned())
            .map_err(|refusal| refusal.wait_time_from(inner.clock.now()))
    }
}

/// The key of a limit by address: an IPv4 address, or the /64 that an IPv6 customer has all of.
#[must_use]
pub fn ip_key(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("{}/64", Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
    }
}

/// The injected clock, which never goes back here: whoever was counted an hour ahead would have to wait for an hour.
#[derive(Clone)]
struct EnvClock {
    env: Env,
    latest: Arc<Mutex<Latest>>,
}

/// The latest moment that was told, and how far the clock has gone back since the start, all in all. Milliseconds.
#[derive(Default)]
struct Latest {
    clock: i64,
    back: i64,
}

impl Clock for EnvClock {
    type Instant = Moment;

    fn now(&self) -> Moment {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.env.now().0;
        latest.back = latest
            .back
            .saturating_add((latest.clock.saturating_sub(now)).max(0));
        latest.clock = now;
        let ms = u64::try_from(now.saturating_add(latest.back)).unwrap_or(0);
        Moment(Duration::from_millis(ms))
    }
}

/// Time since 1970. Saturates, as the clock's own numbers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Moment(Duration);

impl std::ops::Add<Nanos> for Moment {
    type Output = Self;

    fn add(self, other: Nanos) -> Self {
        Self(self.0.saturating_add(other.into()))
    }
}

impl Reference for Moment {
    fn duration_since(&self, earlier: Self) -> Nanos {
        // `Nanos` is 64 bits wide: 584 years since 1970.
        let passed = self.0.saturating_sub(earlier.0).as_nanos();
        Nanos::from(u64::try_from(passed).unwrap_or(u64::MAX))
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0.checked_sub(duration.into()).unwrap_or(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::clock::{ManualClock, SystemEntropy};
    use crate::shared::time::Timestamp;

    fn limiter(n: u32) -> (Limiter, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(Timestamp(1_700_000_000_000)));
        let env = Env::new(clock.clone(), Arc::new(SystemEntropy));
        (Limiter::per_minute(NonZeroU32::new(n).unwrap(), env), clock)
    }

    #[test]
    fn the_allowance_goes_at_once_and_comes_back_piece_by_piece() {
        let (limiter, clock) = limiter(3);
        for _ in 0..3 {
            assert_eq!(limiter.check("ada"), Ok(()));
        }
        assert_eq!(limiter.check("ada"), Err(Duration::from_secs(20)));
        clock.advance(19_999);
        assert_eq!(limiter.check("ada"), Err(Duration::from_millis(1)));
        clock.advance(1);
        assert_eq!(limiter.check("ada"), Ok(()));
        assert!(limiter.check("ada").is_err());
    }

    #[test]
    fn keys_and_limiters_do_not_count_for_each_other_and_clones_do() {
        let (limiter, _) = limiter(1);
        assert_eq!(limiter.check("ada"), Ok(()));
        assert_eq!(limiter.check("bob"), Ok(()));
        assert!(limiter.clone().check("ada").is_err());
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out_for_good() {
        let (limiter, clock) = limiter(1);
        assert_eq!(limiter.check("ada"), Ok(()));
        for back in [10_000, 25 * 60 * 60 * 1000] {
            clock.advance(-back);
            assert_eq!(limiter.check("ada"), Err(Duration::from_mins(1)));
            clock.advance(60_000);
            assert_eq!(limiter.check("ada"), Ok(()));
        }
    }

    #[test]
    fn the_largest_limit_is_one() {
        let (limiter, _) = limiter(u32::MAX);
        assert!((0..5000).all(|_| limiter.check("ada").is_ok()));
    }

    #[test]
    fn memory_is_bounded_by_the_keys_that_are_being_limited() {
        let (limiter, clock) = limiter(60);
        for n in 0..SWEEP * 4 {
            assert_eq!(limiter.check(&n.to_string()), Ok(()));
            clock.advance(100);
        }
        let kept = limiter.0.limiter.len();
        assert!(kept <= SWEEP as usize + 20, "{kept}");
    }

    #[test]
    fn an_ipv6_customer_has_one_allowance() {
        let key = |ip: &str| ip_key(ip.parse().unwrap());
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::1"));
        assert_ne!(key("2001:db8:1:3::1"), key("2001:db8:1:2::1"));
        assert_eq!(key("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(key("192.0.2.1"), "192.0.2.1");
    }
}
