//! The corner with the short notes, which `client::toasts` fills.

use super::icon::icon;
use super::notice::notice;
use crate::ui::state::words;
use leptos::prelude::*;

/// The corner, and what a note looks like. With it what a form says that was refused.
#[component]
pub fn Toasts() -> impl IntoView {
    let words = words();
    view! {
        <div class="toasts" role="status" aria-live="polite"></div>
        <template id="toast">
            <div class="toast">
                <span></span>
                <a class="button small">{words.around.show}</a>
                <button type="button" class="button small" data-do="toast-undo">{words.around.undo}</button>
                <button type="button" class="icon-button" aria-label=words.frame.dismiss data-do="toast-dismiss">{icon("close")}</button>
            </div>
        </template>
        <template id="notice">{notice(String::new())}</template>
    }
    .into_any()
}
