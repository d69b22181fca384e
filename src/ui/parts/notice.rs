//! Boxes that say what went wrong.

use super::icon::icon;
use crate::shared::error::AppError;
use crate::ui::state::words;
use leptos::prelude::*;

/// An error as a box, read out at once.
#[component]
pub fn Notice(
    /// What went wrong.
    error: AppError,
) -> impl IntoView {
    notice(words().errors.said(&error))
}

/// The box, with what is said in it.
pub(super) fn notice(text: String) -> AnyView {
    view! {
        <div class="notice trouble" role="alert">
            {icon("warn")}
            <p>{text}</p>
        </div>
    }
    .into_any()
}
