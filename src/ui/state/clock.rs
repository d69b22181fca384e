//! What time it is, for ages and for the days of the sidebar.

use super::words;
use crate::client::dom;
use crate::shared::time::{Age, Timestamp};
use crate::shared::words::Words;
use crate::ui::erased::Effect;
use leptos::prelude::*;
use std::time::Duration;

/// The server's time while the page is made, the browser's from hydration on.
#[derive(Clone, Copy)]
pub struct Clock {
    now: RwSignal<Timestamp>,
    zone_ms: RwSignal<i64>,
    words: &'static Words,
}

impl Clock {
    /// A clock that stands until [`start`](Self::start).
    #[must_use]
    pub fn new() -> Self {
        let clock = Self {
            now: RwSignal::new(Timestamp::default()),
            zone_ms: RwSignal::new(0),
            words: words(),
        };
        Effect::new(move || {
            let tick = move || clock.now.set(dom::now());
            clock.zone_ms.set(dom::zone_ms());
            tick();
            set_interval(tick, Duration::from_secs(30));
        });
        clock
    }

    /// Sets the clock for the first time.
    pub fn start(self, now: Timestamp) {
        if self.now.get_untracked() == Timestamp::default() {
            self.now.set(now);
        }
    }

    /// How long ago that was. Follows the clock.
    #[must_use]
    pub fn ago(self, then: Timestamp) -> String {
        (self.words.frame.ago)(Age::of(then, self.now.get()))
    }

    /// How many midnights, where the reader is, lie between then and now. Follows the clock.
    #[must_use]
    pub fn days_ago(self, then: Timestamp) -> i64 {
        let day = |at: Timestamp| at.plus_ms(self.zone_ms.get()).0.div_euclid(86_400_000);
        day(self.now.get()) - day(then)
    }

    /// The day that it was then where the reader is: `2026-11-21`. Follows the clock.
    #[must_use]
    pub fn day(self, then: Timestamp) -> String {
        then.plus_ms(self.zone_ms.get()).day()
    }

    /// The year that it is where the reader is. Follows the clock.
    #[must_use]
    pub fn this_year(self) -> u32 {
        let day = self.day(self.now.get());
        let year = day.split('-').next();
        year.and_then(|year| year.parse().ok()).unwrap_or(0)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}
