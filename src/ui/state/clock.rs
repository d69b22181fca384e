//! What time it is, for ages and for the days of the sidebar.

use super::{preferences, words};
use crate::shared::time::{Age, Timestamp};
use leptos::prelude::*;

/// Stands where an age is to be put into a sentence. No sentence has it.
const HOLE: &str = "\u{1}";

/// When the page was asked for, and where its reader is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    /// The server's time.
    pub now: Timestamp,
    /// What to add to UTC for the reader's local time, in milliseconds.
    pub zone_ms: i64,
}

#[derive(Clone, Copy)]
struct Now(StoredValue<Timestamp>);

/// Puts a clock into context that stands until [`start`].
pub(super) fn provide() {
    provide_context(Now(StoredValue::new(Timestamp::default())));
}

/// Sets it.
pub(super) fn start(now: Timestamp) {
    expect_context::<Now>().0.set_value(now);
}

/// The clock, once `Who::session` is known.
#[must_use]
pub fn current() -> Clock {
    let now = use_context::<Now>();
    Clock {
        now: now.map_or_else(Timestamp::default, |now| now.0.get_value()),
        zone_ms: i64::from(preferences::chosen().zone_minutes) * 60_000,
    }
}

/// How long ago that was. The browser says it anew as time goes on.
#[must_use]
pub fn ago(then: Timestamp) -> AnyView {
    let said = (words().frame.ago)(Age::of(then, current().now));
    view! { <time data-ago=then.0.to_string()>{said}</time> }.into_any()
}

/// The same in a sentence.
#[must_use]
pub fn ago_in(sentence: &dyn Fn(&str) -> String, then: Timestamp) -> AnyView {
    let sentence = sentence(HOLE);
    let (before, after) = sentence.split_once(HOLE).unwrap_or((&sentence, ""));
    let (before, after) = (before.to_owned(), after.to_owned());
    view! { {before}{ago(then)}{after} }.into_any()
}

impl Clock {
    /// How many midnights, where the reader is, lie between then and now.
    #[must_use]
    pub fn days_ago(self, then: Timestamp) -> i64 {
        let day = |at: Timestamp| at.plus_ms(self.zone_ms).0.div_euclid(86_400_000);
        day(self.now) - day(then)
    }

    /// The day that it was then where the reader is: `2026-11-21`.
    #[must_use]
    pub fn day(self, then: Timestamp) -> String {
        then.plus_ms(self.zone_ms).day()
    }

    /// The year that it is where the reader is.
    #[must_use]
    pub fn this_year(self) -> u32 {
        let day = self.day(self.now);
        let year = day.split('-').next();
        year.and_then(|year| year.parse().ok()).unwrap_or(0)
    }
}
