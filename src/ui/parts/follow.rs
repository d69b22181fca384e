//! The keyboard follows to a new page.

use crate::client::dom;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// Puts the keyboard on each page that is gone to, unless the page puts it somewhere itself. Belongs into the router.
#[component]
pub fn Follow() -> impl IntoView {
    let path = use_location().pathname;
    Effect::new(move |before: Option<()>| {
        path.track();
        if before.is_some() {
            dom::settle_focus();
        }
    });
}
