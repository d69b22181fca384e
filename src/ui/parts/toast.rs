//! The corner with the short notes.

use super::icon::icon;
use crate::client::dom;
use crate::ui::erased::For;
use crate::ui::state::{toasts, words};
use leptos::prelude::*;

/// The notes of [`toasts::Toasts`].
#[component]
pub fn Toasts() -> impl IntoView {
    let toasts = expect_context::<toasts::Toasts>();
    let words = words();
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=move || toasts.shown.get() key=|toast| toast.number let(toast)>
                <div class="toast" class:trouble=toast.trouble>
                    <span>{toast.text.clone()}</span>
                    {toast.can_be_undone().then(|| view! {
                        <button type="button" class="button small" on:click=move |_| { toasts.undo(toast.number); dom::settle_focus(); }>{words.around.undo}</button>
                    })}
                    <button type="button" class="icon-button" aria-label=words.frame.dismiss on:click=move |_| { toasts.dismiss(toast.number); dom::settle_focus(); }>
                        {icon("close")}
                    </button>
                </div>
            </For>
        </div>
    }
    .into_any()
}
