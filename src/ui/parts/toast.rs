//! The corner with the short notes.

use super::icon::icon;
use crate::ui::state::{toasts, words};
use leptos::prelude::*;

/// The notes of [`toasts::Toasts`].
#[component]
pub fn Toasts() -> impl IntoView {
    let toasts = expect_context::<toasts::Toasts>();
    let words = words();
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=move || toasts.shown.get() key=|toast| toast.0 let((number, text, trouble))>
                <div class="toast" class:trouble=trouble>
                    <span>{text}</span>
                    <button type="button" class="icon-button" aria-label=words.frame.dismiss on:click=move |_| toasts.dismiss(number)>
                        {icon("close")}
                    </button>
                </div>
            </For>
        </div>
    }
    .into_any()
}
