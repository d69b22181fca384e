//! The mark of a chat that is being answered.

use crate::ui::state::words;
use leptos::prelude::*;

/// A turning ring, and words for those who do not see it.
#[must_use]
pub fn answering_mark() -> AnyView {
    view! {
        <span class="spinner" aria-hidden="true"></span>
        <span class="visually-hidden">{words().frame.being_answered}</span>
    }
    .into_any()
}
