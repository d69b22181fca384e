//! Picking a model.

use crate::shared::model::{Choice, ModelLine};
use crate::ui::parts::icon::icon;
use crate::ui::state::words;
use leptos::prelude::*;

/// The dialog.
const ID: &str = "picker";

/// The button that shows the picked model and opens the dialog.
#[component]
pub(super) fn PickerButton(
    /// What is picked.
    choice: Option<Choice>,
    /// What is known of it.
    known: Option<ModelLine>,
) -> impl IntoView {
    let words = &words().picker;
    let (label, facts, provider) = match (known, &choice) {
        (Some(known), _) => (known.name, known.facts, Some(known.provider)),
        (None, Some(choice)) => {
            let provider = choice.provider.to_string();
            (choice.model.to_string(), String::new(), Some(provider))
        }
        (None, None) => (words.no_model.to_owned(), String::new(), None),
    };
    let choice = choice.map(|choice| choice.to_string());
    view! {
        <button type="button" class="picker-button" aria-haspopup="dialog" aria-controls=ID data-choice=choice>
            <span class="picker-what">
                <span class="picker-model">{label}</span>
                <span class="picker-facts" dir="auto" title=words.facts>{facts}</span>
            </span>
            <span class="picker-provider">{provider}</span>
            {icon("down")}
        </button>
    }
    .into_any()
}

/// The dialog with all models. Its list is asked for when it is opened: most pages never show it.
#[component]
pub(super) fn Picker() -> impl IntoView {
    let (close, words) = (words().frame.close, &words().picker);
    view! {
        <dialog id=ID class="picker" aria-label=words.title>
            <div class="picker-head" data-keep="">
                {icon("search")}
                <input
                    id="picker-search" type="text" role="combobox" aria-expanded="true" aria-autocomplete="list" inputmode="search" autofocus=true placeholder=words.search aria-label=words.search autocomplete="off"
                    aria-haspopup="grid" aria-controls="picker-list"
                />
                <button type="button" class="icon-button" aria-label=close data-do="close">{icon("close")}</button>
            </div>
            <div class="picker-list" id="picker-list" data-keep=""></div>
            <a class="picker-all small" href="/models">{words.all}</a>
        </dialog>
    }
    .into_any()
}
