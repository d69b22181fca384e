//! Going on in a new chat that takes the history along: on another model, or from a message on.

use crate::api::threads::ReplaceModel;
use crate::shared::ids::ThreadId;
use crate::shared::model::{Choice, Leaving, Replacement};
use crate::ui::parts::icon::icon;
use crate::ui::state::words;
use leptos::prelude::*;

/// The button that goes on with a model, which its form names to the script. Without script, the server finds the model
/// once more. Without a model it is a button that the script will give one.
#[must_use]
pub(super) fn go_on(thread: &ThreadId, replacement: Option<Replacement>) -> AnyView {
    let words = &words().chat;
    let (choice, label) = replacement.map_or_else(Default::default, |replacement| {
        let label = (words.continue_with)(&replacement.display_name);
        let choice = Choice {
            provider: replacement.provider,
            model: replacement.model,
        };
        (choice.to_string(), label)
    });
    view! {
        <form method="post" action=ReplaceModel::PATH data-plain="" data-choice=choice>
            <input type="hidden" name="id" value=thread.to_string()/>
            <button type="submit" class="button small" title=words.continue_note>{label}</button>
        </form>
    }
    .into_any()
}

/// Says that the chat's model is about to go, or gone.
#[component]
pub(super) fn Farewell(
    /// What there is to know.
    leaving: Leaving,
    /// The chat.
    thread: ThreadId,
) -> impl IntoView {
    let replacement = leaving.replacement;
    view! {
        <div class="farewell" role="note">
            <p>{icon("warn")}{leaving.text}" "{words().chat.still_readable}</p>
            {replacement.map(|replacement| go_on(&thread, Some(replacement)))}
        </div>
    }
    .into_any()
}

/// Offers ways to go on with another model, because a thread keeps its own. The script writes which into its title.
#[component]
pub(super) fn OtherModel() -> impl IntoView {
    let words = &words().chat;
    view! {
        <dialog id="other-model" class="modal" aria-labelledby="other-model-title">
            <h2 id="other-model-title"></h2>
            <p class="muted">{words.other_model_note}</p>
            <div class="modal-actions">
                <button type="button" class="button primary" data-do="other-along">{words.continue_there}</button>
                <button type="button" class="button" data-do="other-empty">{words.start_empty}</button>
                <button type="button" class="button quiet" data-do="close">{words.stay}</button>
            </div>
        </dialog>
    }
    .into_any()
}
