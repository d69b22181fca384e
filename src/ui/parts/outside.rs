//! Asks before a link of an answer leads outside.

use crate::ui::state::words;
use leptos::prelude::*;

/// The dialog; `client::outside` puts the address in.
#[component]
pub fn Outside() -> impl IntoView {
    let words = words();
    view! {
        <dialog id="outside" class="modal" aria-labelledby="outside-title">
            <h2 id="outside-title">{words.around.leave}</h2>
            <p class="outside-address mono"><bdi dir="ltr"></bdi></p>
            <p class="muted">{words.around.leave_note}</p>
            <div class="modal-actions">
                <a class="button primary" target="_blank" rel="noopener noreferrer nofollow">{words.around.leave_open}</a>
                <button type="button" class="button quiet" data-do="close">{words.chat.stay}</button>
            </div>
        </dialog>
    }
    .into_any()
}
