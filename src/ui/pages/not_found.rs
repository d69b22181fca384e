//! What is shown where nothing is.

use leptos::prelude::*;
use leptos_meta::Title;

/// The page for unknown addresses.
#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <Title text="Not found"/>
        <main id="main" class="door">
            <p class="big-number" aria-hidden="true">"404"</p>
            <h1>"Nothing lives here"</h1>
            <p class="muted">"The page may have moved, or the chat may have been deleted."</p>
            <p><a class="button primary" href="/chat">"Go to your chats"</a></p>
        </main>
    }
    .into_any()
}
