//! `/compare`: the answers of several models side by side, and the question to them.

use super::conversation::Conversation;
use crate::client::{dom, storage, words};
use crate::shared::error::AppError;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlTextAreaElement};

/// Where the question is written.
const QUESTION: &str = "compare-text";

/// Where the question is kept until it was taken.
fn draft() -> String {
    storage::of_account("draft:compare")
}

fn question() -> Option<HtmlTextAreaElement> {
    dom::by_id(QUESTION)
}

/// Hears what is written.
pub(super) fn start() {
    dom::on("input", |event| {
        if let Some(question) = question()
            && event.target().as_ref() == Some(question.as_ref())
        {
            storage::set(&draft(), &question.value());
        }
    });
}

/// A question that was not taken is there again; one whose answers are shown is kept no longer.
pub(super) fn attach() {
    let Some(kept) = storage::get(&draft()) else {
        return;
    };
    let asked = dom::one(".side-answer .message.user .plain").and_then(|it| it.text_content());
    if asked.is_some_and(|asked| asked.trim() == kept.trim()) {
        storage::set(&draft(), "");
    } else if let Some(question) = question().filter(|question| question.value().is_empty()) {
        question.set_value(&kept);
    }
}

/// Shows how an answer stands: its button stops it while it goes on.
pub(super) fn changed(side: &Conversation) {
    let Some(stop) = dom::find(side.root(), "header [data-do=stop]") else {
        return;
    };
    let active = dom::document().and_then(|document| document.active_element());
    let (busy, had) = (side.is_busy(), active.as_ref() == Some(&stop));
    dom::toggle_attr(&stop, "hidden", !busy);
    dom::toggle_class(&stop, "busy", side.is_stopping());
    // A browser takes the keyboard from what is gone.
    if had
        && !busy
        && let Some(choose) = dom::find(side.root(), "header [type=submit]")
        && let Ok(choose) = choose.dyn_into::<HtmlElement>()
    {
        _ = choose.focus();
    }
}

/// Says in a side why something was not taken, or nothing any more.
pub(super) fn refused(side: &Element, error: Option<&AppError>) {
    for old in dom::find_all(side, ":scope > .notice") {
        old.remove();
    }
    let notice = error.and_then(|error| {
        let notice = dom::template("notice")?;
        dom::find(&notice, "p")?.set_text_content(Some(&words().errors.said(error)));
        Some(notice)
    });
    if let Some(notice) = notice {
        _ = side.append_child(&notice);
    }
}

/// The threads of the page.
#[must_use]
pub fn sides() -> Vec<Rc<Conversation>> {
    dom::all(".side-answer[data-thread]")
        .into_iter()
        .filter_map(|side| Conversation::new(side.clone(), &side))
        .collect()
}
