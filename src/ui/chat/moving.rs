//! Going on in a new chat that takes the history along: on another model, or from a message on.

use super::conversation::Conversation;
use super::draft_of;
use crate::api::threads::{ReplaceModel, fork_thread};
use crate::client::storage;
use crate::shared::ids::MessageId;
use crate::shared::model::{Choice, Leaving, Replacement};
use crate::ui::parts::icon::icon;
use crate::ui::parts::post_form::PostForm;
use crate::ui::state::threads::Threads;
use crate::ui::state::toasts::Toasts;
use crate::ui::state::{unless_signed_out, words};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

/// Makes a new chat with the history up to a message, or with all of it, on another model if one is named.
pub(super) type Go = Callback<(Option<MessageId>, Option<Choice>)>;

/// Takes the history along to a new chat. What is being written goes with the whole of it.
pub(super) fn moving(conversation: Conversation, text: RwSignal<String>) -> Go {
    let threads = expect_context::<Threads>();
    let toasts = expect_context::<Toasts>();
    let navigate = use_navigate();
    Callback::new(
        move |(message, choice): (Option<MessageId>, Option<Choice>)| {
            let from = conversation.thread.read_untracked().id.clone();
            let navigate = navigate.clone();
            spawn_local(async move {
                let whole = message.is_none();
                match fork_thread(from.clone(), message, choice).await {
                    Ok(thread) => {
                        let written = text.try_get_untracked();
                        if let Some(written) = written.filter(|text| whole && !text.is_empty()) {
                            storage::set(&draft_of(&thread.id), &written);
                            storage::set(&draft_of(&from), "");
                        }
                        let to = format!("/chat/{}", thread.id);
                        threads.touch(thread);
                        navigate(&to, NavigateOptions::default());
                    }
                    Err(error) => toasts.trouble(&unless_signed_out(error)),
                }
            });
        },
    )
}

/// The button that goes on with a model. Without script, the server finds the model once more.
#[component]
pub(super) fn GoOn(
    /// The chat.
    conversation: Conversation,
    /// The model.
    replacement: Replacement,
    /// Goes on with it.
    go: Go,
) -> impl IntoView {
    let id = conversation.thread.read_untracked().id.to_string();
    let words = &words().chat;
    let label = (words.continue_with)(&replacement.display_name);
    let choice = Choice {
        provider: replacement.provider,
        model: replacement.model,
    };
    view! {
        <PostForm action=ReplaceModel::PATH fields=vec![("id", id)] submit=move || go.run((None, Some(choice.clone())))>
            <button type="submit" class="button small" title=words.continue_note>{label}</button>
        </PostForm>
    }
}

/// Says that the chat's model is about to go, or gone.
#[component]
pub(super) fn Farewell(
    /// The chat.
    conversation: Conversation,
    /// What there is to know.
    leaving: Leaving,
    /// Goes on with another model.
    go: Go,
) -> impl IntoView {
    view! {
        <div class="farewell" role="note">
            <p>{icon("warn")}{leaving.text}" "{words().chat.still_readable}</p>
            {leaving.replacement.map(|replacement| view! { <GoOn conversation replacement go/> })}
        </div>
    }
    .into_any()
}
