//! The mark of what is private.

use super::icon::icon;
use crate::ui::state::words;
use leptos::prelude::*;

/// A lock with its word, which style sheets hide where there is no room for it.
#[must_use]
pub fn private_mark() -> AnyView {
    view! { <span class="private-mark">{icon("lock")}<span>{words().options.private}</span></span> }
        .into_any()
}
