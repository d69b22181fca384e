//! The search of the sidebar.

use super::{renew, show};
use crate::client::dom;
use crate::client::time::{Timer, after};
use std::cell::{Cell, RefCell};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement, KeyboardEvent};

/// The field.
const FIELD: &str = "thread-search";
/// How long a person may think between two letters before the server is asked, in milliseconds.
const PAUSE: i32 = 150;

thread_local! {
    /// What was found for the words of before, until the server has answered for these; none before its first answer.
    static FOUND: RefCell<Option<Element>> = const { RefCell::new(None) };
    static PAGES: Cell<u32> = const { Cell::new(1) };
    static PAUSING: RefCell<Option<Timer>> = const { RefCell::new(None) };
}

pub(super) fn start() {
    dom::on("input", |event| {
        if dom::closest(&event, "#thread-search").is_some() {
            typed();
        }
    });
    dom::on("keydown", |event| {
        let Some(field) = dom::closest(&event, "#thread-search") else {
            return;
        };
        if let (Some(event), Some(field)) = (
            event.dyn_ref::<KeyboardEvent>(),
            field.dyn_ref::<HtmlInputElement>(),
        ) && event.key() == "Escape"
            && !field.value().is_empty()
        {
            event.prevent_default();
            event.stop_propagation();
            field.set_value("");
            typed();
        }
    });
    // What a browser put back into the field after a reload is looked for again.
    if !wanted().is_empty() {
        typed();
    }
}

/// What is looked for; empty if nothing is.
pub(super) fn wanted() -> String {
    let field = dom::by_id::<HtmlInputElement>(FIELD);
    let typed = field.map(|field| field.value()).unwrap_or_default();
    if typed.trim().is_empty() {
        String::new()
    } else {
        typed
    }
}

/// Asks the server when the person pauses.
fn typed() {
    PAGES.set(1);
    if wanted().is_empty() {
        PAUSING.set(None);
        FOUND.set(None);
        show();
        // It was not kept up meanwhile.
        renew();
    } else {
        PAUSING.set(Some(after(PAUSE, renew)));
    }
}

/// Takes what was found, unless it is something else that is looked for by now.
pub(super) fn found(search: &str, list: Option<Element>) {
    if wanted() == search {
        FOUND.set(list);
    }
}

/// What was found, if that is what the list shows. The chats stay until there is something to show in their place.
pub(super) fn shown() -> Option<Element> {
    FOUND.with_borrow(Clone::clone)
}

/// Whether the list shows what was found.
pub(super) fn is_shown() -> bool {
    FOUND.with_borrow(Option::is_some)
}

pub(super) fn pages() -> u32 {
    PAGES.get()
}

pub(super) fn one_page_more() {
    PAGES.set(PAGES.get() + 1);
}
