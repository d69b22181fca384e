//! A form for one button: a call with script, a plain post without.

use leptos::prelude::*;

/// Posts `fields` to `action`, or runs `submit` instead where there is script.
#[component]
pub fn PostForm(
    /// The server function's path.
    action: &'static str,
    /// Its arguments.
    fields: Vec<(&'static str, String)>,
    /// What the same call is with script.
    submit: impl Fn() + 'static,
    /// The button.
    children: Children,
) -> impl IntoView {
    let fields: Vec<_> = fields
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
        .collect();
    view! {
        <form
            method="post"
            action=action
            on:submit=move |event| {
                event.prevent_default();
                submit();
            }
        >
            {fields}
            {children()}
        </form>
    }
    .into_any()
}
