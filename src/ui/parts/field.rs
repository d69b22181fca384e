//! Labelled fields of forms.

use super::icon::icon;
use crate::ui::state::words;
use leptos::prelude::*;

/// A one-line field with its label, its error below it, and an eye when it is typed blind.
#[component]
pub fn Field(
    /// The name in the form, and the start of the ids.
    name: String,
    /// What it is called.
    #[prop(into)]
    label: String,
    /// `text`, `email`, `password`, …
    #[prop(default = "text")]
    kind: &'static str,
    /// The `autocomplete` word.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// What it looks like, shown while it is empty.
    #[prop(optional, into)]
    placeholder: String,
    /// A word on what to enter.
    #[prop(optional, into)]
    hint: String,
    /// A prefix that makes the ids of several forms differ.
    #[prop(optional, into)]
    scope: String,
    /// Whether it must be filled in.
    #[prop(default = true)]
    required: bool,
    /// What is wrong with it.
    #[prop(optional_no_strip)]
    error: Option<String>,
) -> impl IntoView {
    let id = format!("{scope}{name}").replace(['[', ']'], "-");
    let note = format!("{id}-note");
    let blind = kind == "password";
    let secret = blind && autocomplete == "off";
    let class = if error.is_some() {
        "field-note trouble"
    } else {
        "field-note"
    };
    // What stands there again once nothing is wrong.
    let kept = error.as_ref().map(|_| hint.clone());
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <div class="input-row">
                <input
                    id=id
                    name=name
                    class=secret.then_some("mono")
                    type=kind
                    autocomplete=autocomplete
                    autocapitalize="off"
                    spellcheck="false"
                    placeholder=(!placeholder.is_empty()).then_some(placeholder)
                    required=required
                    aria-invalid=error.is_some().then_some("true")
                    aria-describedby=note.clone()
                    data-trim=secret.then_some("")
                />
                {blind.then(|| view! {
                    <button type="button" class="icon-button js-only" aria-label=words().frame.show_typed aria-pressed="false" data-do="eye">
                        {icon("eye")}
                    </button>
                })}
            </div>
            <p id=note class=class aria-live="polite" data-hint=kept>{error.unwrap_or(hint)}</p>
        </div>
    }
    .into_any()
}

/// The button that sends a form; turns while the server is asked.
#[component]
pub fn Submit(
    /// What it says.
    #[prop(into)]
    label: String,
    /// What it says meanwhile.
    #[prop(into)]
    busy_label: String,
    /// More classes.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    view! {
        <button type="submit" class=["button primary ", class].concat() data-busy=busy_label>{label}</button>
    }
    .into_any()
}
