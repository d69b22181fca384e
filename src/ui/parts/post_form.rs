//! A form: `client::forms` sends it and stays on the page, or the browser does. Without script the page that it is on says
//! what went wrong with it.

use leptos::prelude::*;

/// The form.
#[component]
pub fn PostForm(
    /// The server function's path.
    action: &'static str,
    /// What is sent along.
    #[prop(optional)]
    fields: Vec<(&'static str, String)>,
    /// Whether browsers must not fill in what they remember.
    #[prop(optional)]
    fresh: bool,
    /// What a note in the corner says once it is done.
    #[prop(optional, into)]
    done: String,
    /// The note is only for pages that have such an element then.
    #[prop(optional, into)]
    done_if: String,
    /// What is in it.
    children: Children,
) -> impl IntoView {
    let fields: Vec<_> = fields
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
        .collect();
    let some = |text: String| (!text.is_empty()).then_some(text);
    view! {
        <form method="post" action=action autocomplete=fresh.then_some("off") data-done=some(done) data-done-if=some(done_if)>
            {fields}
            {children()}
        </form>
    }
    .into_any()
}
