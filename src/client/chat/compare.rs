//! `/compare`: the answers of several models side by side, and the question to them.

use super::conversation::Conversation;
use crate::client::{dom, storage};
use std::rc::Rc;
use web_sys::HtmlTextAreaElement;

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

/// The threads of the page.
#[must_use]
pub fn sides() -> Vec<Rc<Conversation>> {
    dom::all(".side-answer[data-thread]")
        .into_iter()
        .filter_map(|side| Conversation::new(side.clone(), &side))
        .collect()
}
