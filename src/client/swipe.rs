//! Fingers that draw the sidebar over a narrow page, and away again.

use super::{dom, drawer, overlays};
use crate::shared::time::Timestamp;
use std::cell::Cell;
use wasm_bindgen::JsCast;
use web_sys::{Event, TouchEvent};

/// Pixels that a finger goes at the least.
const FAR: i32 = 60;
/// Pixels at the edge that belong to the browser: from there it goes back.
const EDGE: i32 = 24;
/// What is scrolled or marked by fingers that go sideways.
const OWN: &str = "pre, .table-scroll, math, input, textarea, select";
/// Milliseconds within which it is a swipe.
const SWIFT: i64 = 600;

thread_local! {
    /// Where and when a single finger was put down.
    static BEGUN: Cell<Option<(i32, i32, Timestamp)>> = const { Cell::new(None) };
}

/// Hears the fingers.
pub fn start() {
    if dom::one(".workspace").is_none() {
        return;
    }
    dom::on("touchstart", |event| {
        let one = touched(&event).filter(|(_, _, fingers)| *fingers == 1);
        let one = one.filter(|_| dom::closest(&event, OWN).is_none());
        BEGUN.set(one.map(|(x, y, _)| (x, y, dom::now())));
    });
    dom::on("touchend", |event| {
        if let Some((from, to)) = BEGUN.take().zip(touched(&event)) {
            swiped(from, (to.0, to.1));
        }
    });
}

/// Where the finger of an event is, counted from the edge of the sidebar, and how many there are.
fn touched(event: &Event) -> Option<(i32, i32, u32)> {
    let event = event.dyn_ref::<TouchEvent>()?;
    let touch = event.changed_touches().item(0)?;
    let x = if dom::language().dir() == "rtl" {
        dom::width() - touch.client_x()
    } else {
        touch.client_x()
    };
    Some((x, touch.client_y(), event.touches().length()))
}

fn swiped((x, y, at): (i32, i32, Timestamp), to: (i32, i32)) {
    let (along, across) = (to.0 - x, to.1 - y);
    let swift = dom::now().0 - at.0 < SWIFT;
    let clear = dom::is_narrow() && !overlays::is_any_open();
    if !swift || along.abs() < FAR || along.abs() < 2 * across.abs() || !clear {
        return;
    }
    if along < 0 && drawer::is_open() {
        drawer::close();
    } else if along > 0 && x >= EDGE && !drawer::is_open() {
        drawer::open();
    }
}
