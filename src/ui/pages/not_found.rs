//! What is shown where nothing is.

use crate::ui::state::words;
use leptos::prelude::*;
use leptos_meta::Title;

/// The page for unknown addresses.
#[component]
pub fn NotFound() -> impl IntoView {
    let words = &words().missing;
    view! {
        <Title text=words.title/>
        <main id="main" tabindex="-1" class="door">
            <p class="big-number" aria-hidden="true">"404"</p>
            <h1>{words.heading}</h1>
            <p class="muted">{words.text}</p>
            <p><a class="button primary" href="/chat">{words.to_chats}</a></p>
        </main>
    }
    .into_any()
}
