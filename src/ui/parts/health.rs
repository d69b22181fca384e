//! How well a provider answers, in one line.

use crate::shared::provider::Health;
use leptos::prelude::*;

/// The line.
#[component]
pub fn HealthLine(
    /// What is known.
    health: Health,
) -> impl IntoView {
    let class = if health.poor {
        "health small poor"
    } else {
        "health small"
    };
    let about = health.about.clone();
    view! { <p class=class title=about>{health.text}<span class="visually-hidden">". "{health.about}</span></p> }
}
