//! What was written while an answer goes on, to be sent one after the other. Only its browser knows it, so nothing of it is
//! printed but its place.

use crate::ui::parts::icon::icon;
use crate::ui::state::words;
use leptos::prelude::*;

/// Where the messages that wait stand, above the composer.
#[must_use]
pub(super) fn queued() -> AnyView {
    let words = &words().chat;
    view! {
        <div class="queue" hidden=true>
            <ul aria-label=words.queued></ul>
            <button type="button" class="button small" data-do="send-queued">{words.send_queued}</button>
        </div>
        <template id="chip">
            <li class="chip">
                <span></span>
                <button type="button" class="icon-button" aria-label=words.unqueue title=words.unqueue data-do="unqueue">
                    {icon("close")}
                </button>
            </li>
        </template>
    }
    .into_any()
}
