//! The stars of the rows, which mark favourites.

use super::{claim, rows_of};
use crate::api::models::set_favourite;
use crate::client::server::unless_signed_out;
use crate::client::{dom, time, toasts};
use crate::shared::model::Choice;
use std::cell::RefCell;
use web_sys::{Element, Event};

/// What marks a model as a favourite.
pub(super) const STAR: &str = "#picker-list .star";

thread_local! {
    /// The models whose star is being kept.
    static STARRING: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    /// The stars that were pressed since the dialog was opened: a list may be older than they are.
    static PRESSED: RefCell<Vec<(String, bool)>> = const { RefCell::new(Vec::new()) };
}

/// Leaves the keyboard where it is when one is pressed, for what is typed next.
pub(super) fn start() {
    dom::on("mousedown", |event| {
        if dom::closest(&event, STAR).is_some() {
            event.prevent_default();
        }
    });
}

/// Whether a click fell on a star, which does what it is there for then.
pub(super) fn click(event: &Event) -> bool {
    let star = dom::closest(event, STAR);
    if let Some(star) = &star {
        favour(star);
    }
    star.is_some()
}

/// Forgets which ones were pressed: the next list knows.
pub(super) fn forget() {
    PRESSED.take();
}

/// Shows in a list that came which ones were pressed meanwhile.
pub(super) fn show() {
    for (choice, on) in PRESSED.with_borrow(Clone::clone) {
        show_one(&choice, on);
    }
}

/// Marks the model of a star as a favourite, or no longer. The groups stay as they are while the dialog is open: what is pointed
/// at must not move away.
fn favour(star: &Element) {
    let Ok(Some(row)) = star.closest(".model") else {
        return;
    };
    let name = dom::attr(&row, "data-choice");
    let Ok(choice) = name.parse::<Choice>() else {
        return;
    };
    // The server must hear of presses in their order.
    if !STARRING.with(|starring| claim(starring, &name)) {
        return;
    }
    let on = dom::attr(star, "aria-pressed") != "true";
    note(&name, on);
    time::spawn(async move {
        let answer = set_favourite(choice, on).await;
        STARRING.with_borrow_mut(|starring| starring.retain(|busy| *busy != name));
        note(&name, on == answer.is_ok());
        if let Err(error) = answer {
            toasts::trouble(&unless_signed_out(error));
        }
    });
}

/// Shows whether a model is a favourite, also in lists that were asked for before.
fn note(choice: &str, on: bool) {
    PRESSED.with_borrow_mut(|pressed| {
        pressed.retain(|(starred, _)| starred != choice);
        pressed.push((choice.to_owned(), on));
    });
    show_one(choice, on);
}

fn show_one(choice: &str, on: bool) {
    for row in rows_of(choice) {
        if let Some(star) = dom::find(&row, ".star") {
            _ = star.set_attribute("aria-pressed", if on { "true" } else { "false" });
        }
    }
}
