//! Boxes that say what went wrong.

use super::icon::icon;
use crate::shared::error::AppError;
use leptos::prelude::*;

/// An error as a box, read out at once.
#[component]
pub fn Notice(
    /// What went wrong.
    error: AppError,
) -> impl IntoView {
    view! {
        <div class="notice trouble" role="alert">
            {icon("warn")}
            <p>{error.message}</p>
        </div>
    }
    .into_any()
}
