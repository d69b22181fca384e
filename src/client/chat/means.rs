//! What there is to pay with, as the server printed it with the composer.

use crate::client::{dom, visit};
use crate::shared::activity::Version;
use crate::shared::time::Timestamp;
use std::cell::RefCell;
use web_sys::Element;

/// Milliseconds until the page is asked for again that should say something else.
const PATIENCE: i64 = 30_000;

thread_local! {
    /// The version for which the page was last asked for anew, and when.
    static ASKED_FOR: RefCell<Option<(Version, Timestamp)>> = const { RefCell::new(None) };
}

fn form() -> Option<Element> {
    dom::by_id("compose")
}

/// Shows the page anew if it was printed for another version. A page that did not come, or not for that one, is asked for
/// again only after a while.
pub fn keep_up(version: &Version) {
    let printed = form().map(|form| dom::attr(&form, "data-means"));
    if printed.is_none_or(|printed| printed == version.as_str()) {
        ASKED_FOR.set(None);
        return;
    }
    let now = dom::now();
    let asked = ASKED_FOR.with_borrow(|asked| {
        let asked = asked.as_ref().filter(|(asked, _)| asked == version);
        asked.is_some_and(|(_, at)| now < at.plus_ms(PATIENCE))
    });
    if !asked && !visit::is_on_its_way() {
        ASKED_FOR.set(Some((version.clone(), now)));
        visit::refresh();
    }
}

/// Why nothing can be sent, as far as the server knew.
pub(super) fn blocked(form: &Element) -> Option<String> {
    let lent = form.has_attribute("data-lent");
    form.get_attribute("data-blocked").filter(|_| !lent)
}

/// Lets the free pool stand in for keys in the chat that will begin, or not.
pub(super) fn lend(on: bool) {
    if let Some(form) = form() {
        let on = on && form.has_attribute("data-lends");
        dom::toggle_attr(&form, "data-lent", on);
    }
}

/// Another model was picked: why nothing could be sent to the one before says nothing of it.
pub(super) fn forget() {
    if let Some(form) = form() {
        _ = form.remove_attribute("data-blocked");
    }
}
