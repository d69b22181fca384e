//! Ages, said again while time goes on.

use super::{dom, side, time};
use crate::shared::time::{Age, Timestamp};
use std::cell::Cell;

/// How often they are said, in milliseconds.
const AGAIN: i32 = 30_000;

thread_local! {
    /// What the sidebar is made for: the zone of its reader, and which day it is there.
    static HERE: Cell<(i64, i64)> = const { Cell::new((0, 0)) };
}

fn here() -> (i64, i64) {
    let zone = dom::zone_ms();
    (zone, dom::now().plus_ms(zone).0.div_euclid(86_400_000))
}

/// Begins to say them, and tells the server where its reader is, for the days of the sidebar.
pub fn start() {
    let now = here();
    HERE.set(now);
    // Without a word the server takes it for UTC.
    let cookies = dom::cookies();
    let known = cookies
        .split("; ")
        .find_map(|cookie| cookie.strip_prefix("zone="));
    if known.unwrap_or("0") != minutes(now.0) {
        tell(now.0);
    }
    let tick = || {
        attach();
        let now = here();
        if HERE.replace(now) != now {
            tell(now.0);
        }
    };
    time::every(AGAIN, tick).forget();
}

fn minutes(zone: i64) -> String {
    (zone / 60_000).to_string()
}

fn tell(zone: i64) {
    dom::set_cookie("zone", &minutes(zone));
    side::renew();
}

/// Says those of a new page.
pub fn attach() {
    let now = dom::now();
    for place in dom::all("[data-ago]") {
        let Ok(then) = dom::attr(&place, "data-ago").parse() else {
            continue;
        };
        let said = (super::words().frame.ago)(Age::of(Timestamp(then), now));
        if place.text_content().as_deref() != Some(&said) {
            place.set_text_content(Some(&said));
        }
    }
}
