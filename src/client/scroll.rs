//! How far down a page is scrolled. What scrolls is an element of it, of which a browser remembers nothing when somebody comes
//! back or loads the page anew, so it is kept with the page's entry of the history.

use super::dom::{self, window};
use super::time::later;
use super::visit;
use std::cell::Cell;
use wasm_bindgen::JsValue;
use web_sys::{Element, Event, History};

/// It is kept so often while somebody scrolls, in milliseconds. Browsers refuse to be told much more often.
const PACE: i32 = 400;

thread_local! {
    static SOON: Cell<bool> = const { Cell::new(false) };
}

/// Goes on where the page was left, and hears that it is scrolled.
pub fn start() {
    if let Some(top) = kept() {
        to(top);
    }
    dom::on_capture("scroll", |event| heard(&event));
}

fn heard(event: &Event) {
    let hit = scroller().is_some_and(|it| event.target().as_ref() == Some(it.as_ref()));
    if hit && !SOON.replace(true) {
        later(PACE, || {
            SOON.set(false);
            keep();
        });
    }
}

/// What scrolls: the answers that are compared, else the page's main part. A chat's messages have a place of their own.
fn scroller() -> Option<Element> {
    dom::one(".sides").or_else(|| dom::by_id("main"))
}

fn history() -> Option<History> {
    window()?.history().ok()
}

/// Keeps where the page stands. While the next one is on its way, the entry may be that one's already, and what is shown no
/// page.
pub fn keep() {
    if visit::is_on_its_way() {
        return;
    }
    if let (Some(history), Some(scroller)) = (history(), scroller()) {
        _ = history.replace_state(&JsValue::from(scroller.scroll_top()), "");
    }
}

/// Where the page of this entry was left, in pixels from its top.
#[must_use]
pub fn kept() -> Option<i32> {
    #[expect(clippy::cast_possible_truncation, reason = "what `keep` wrote")]
    let top = |state: JsValue| state.as_f64().map(|top| top as i32);
    top(history()?.state().ok()?)
}

/// Scrolls the page.
pub fn to(top: i32) {
    if let Some(scroller) = scroller() {
        scroller.set_scroll_top(top);
    }
}
