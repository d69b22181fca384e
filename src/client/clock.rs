//! What time it is on the server, and ages, said again while time goes on.

use super::{chat, dom, side, time, visit};
use crate::shared::time::{Age, Timestamp};
use js_sys::{Date, Object, Reflect};
use std::cell::Cell;
use web_sys::Event;

/// How often they are said, in milliseconds.
const AGAIN: i32 = 30_000;
/// So many milliseconds a clock may be wrong: the server tells whole seconds, and its word takes a while.
const SLACK: i64 = 2_000;

thread_local! {
    /// What to add to the browser's clock for the server's, in milliseconds.
    static AHEAD: Cell<i64> = const { Cell::new(0) };
    /// What the sidebar is made for: the zone of its reader, and which day it is there.
    static HERE: Cell<(i64, i64)> = const { Cell::new((0, 0)) };
}

/// This moment by the server's clock, as far as it is known.
#[must_use]
pub fn now() -> Timestamp {
    dom::now().plus_ms(AHEAD.get())
}

/// Hears which time it is from the `date` of an answer that has just come.
pub(super) fn heard(date: &str) {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds since 1970 fit"
    )]
    let told = js_sys::Date::parse(date) as i64;
    let ahead = told + 500 - dom::now().0;
    let ahead = if told == 0 || ahead.abs() < SLACK {
        0
    } else {
        ahead
    };
    if (AHEAD.replace(ahead) - ahead).abs() >= SLACK {
        chat::clock_set();
    }
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
    dom::on_capture("toggle", |event| unfolded(&event));
}

fn minutes(zone: i64) -> String {
    (zone / 60_000).to_string()
}

fn tell(zone: i64) {
    dom::set_cookie("zone", &minutes(zone));
    side::renew();
    // When there is more of the free pool is said there.
    if dom::one(".dock").is_some() {
        visit::refresh();
    }
}

/// Says the moments in what was unfolded as the clocks here do.
fn unfolded(event: &Event) {
    let Some(fold) = dom::closest(event, ".facts[open]") else {
        return;
    };
    let language = [dom::language().code(), "-u-nu-latn"].concat();
    let style = Object::new();
    for part in ["dateStyle", "timeStyle"] {
        _ = Reflect::set(&style, &part.into(), &"medium".into());
    }
    for moment in dom::find_all(&fold, "time") {
        let at = Date::new(&dom::attr(&moment, "datetime").into());
        let said = at.to_locale_string(&language, &style);
        moment.set_text_content(said.as_string().as_deref());
    }
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
