//! The operator's free pool, as a person sees it.

use super::ids::ModelId;
use super::time::Timestamp;
use super::words::printed::Pool;
use serde::{Deserialize, Serialize};

const DAY_MS: i64 = 86_400_000;

/// The day that a quota is taken from: days since 1970, by UTC.
#[must_use]
pub const fn day_of(now: Timestamp) -> i64 {
    now.0.div_euclid(DAY_MS)
}

/// When a day's quota ends.
#[must_use]
pub const fn midnight_after(day: i64) -> Timestamp {
    Timestamp((day + 1) * DAY_MS)
}

/// Whose quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The person's.
    User,
    /// Everybody's.
    Global,
}

/// How many requests may be made in a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyLimits {
    /// By one person.
    pub user: u32,
    /// By all.
    pub global: u32,
}

/// Requests of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// How many there may be.
    pub limit: u32,
    /// How many there were.
    pub used: u32,
    /// How many there may still be.
    pub remaining: u32,
}

impl Quota {
    /// `used` of `limit`.
    #[must_use]
    pub fn new(limit: u32, used: i64) -> Self {
        let used = u32::try_from(used.max(0)).unwrap_or(u32::MAX);
        Self {
            limit,
            used,
            remaining: limit.saturating_sub(used),
        }
    }
}

/// `GET /api/usage/free`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FreeUsage {
    /// Whether there is a pool.
    pub enabled: bool,
    /// What the person has of it today.
    pub user: Quota,
    /// What everybody has of it today.
    pub global: Quota,
    /// When both begin anew: midnight, UTC.
    pub resets_at: Timestamp,
    /// The model that answers.
    pub model: Option<ModelId>,
    /// Whether it is time to mention that a key of one's own answers better.
    pub nudge: bool,
}

impl FreeUsage {
    /// How many requests the person may still make today.
    #[must_use]
    pub fn left(&self) -> u32 {
        self.user.remaining.min(self.global.remaining)
    }

    /// What a person has of it, in words; `zone_minutes` is what their clock is ahead of UTC.
    #[must_use]
    pub fn sentence(&self, said: &Pool, zone_minutes: i16) -> String {
        let there = self.resets_at.plus_ms(i64::from(zone_minutes) * 60_000);
        let left = match self.left() {
            0 => (said.used_up)(&there.clock()),
            left => (said.left)(left, self.user.limit, &there.clock()),
        };
        if self.nudge {
            [&left, " ", said.nudge].concat()
        } else {
            left
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::words::Language;

    const SAID: &Pool = &Language::English.printed().pool;

    fn usage(user: i64, global: i64, nudge: bool) -> FreeUsage {
        FreeUsage {
            enabled: true,
            user: Quota::new(50, user),
            global: Quota::new(1000, global),
            resets_at: Timestamp(0),
            model: None,
            nudge,
        }
    }

    #[test]
    fn what_is_left_is_what_is_left_of_both() {
        let left = |user, global| usage(user, global, false).sentence(SAID, 0);
        assert!(left(3, 10).contains("47 of 50"));
        assert!(left(3, 990).contains("10 of 50"));
        assert!(left(50, 10).contains("used up") && left(0, 2000).contains("used up"));
    }

    #[test]
    fn new_ones_come_at_midnight_utc_by_the_clock_of_the_reader() {
        let at = |zone| usage(50, 10, false).sentence(SAID, zone);
        assert!(at(345).contains("at 05:45"), "{}", at(345));
        assert!(at(-300).contains("at 19:00"), "{}", at(-300));
        let left = usage(3, 10, false).sentence(SAID, 345);
        assert!(left.contains("until 05:45"), "{left}");
    }

    #[test]
    fn a_key_of_ones_own_is_mentioned_when_it_is_time() {
        assert!(
            usage(5, 5, true)
                .sentence(SAID, 0)
                .contains("a key of your own")
        );
        assert!(
            !usage(5, 5, false)
                .sentence(SAID, 0)
                .contains("a key of your own")
        );
    }
}
