//! What stands below the messages of a thread: the composer, and the notes above it. All that only the script knows is
//! printed hidden, or as a template at its place.

use super::chips::Chips;
use super::composer::Composer;
use super::options::{left_note, pool_note, private_note, window_note};
use super::queue::queued;
use super::refusal::{Refusal, RefusalTemplate};
use crate::api::messages::SendMessage;
use crate::shared::chat::Thread;
use crate::shared::error::AppError;
use crate::shared::model::{Means, ModelLine};
use crate::ui::parts::icon::icon;
use crate::ui::state::words;
use leptos::prelude::*;

/// The dock, the line that a screen reader is told, and the editor of messages.
#[component]
pub(super) fn Dock(
    /// The thread.
    thread: Thread,
    /// Names the next send.
    seed: String,
    /// Why what was posted was not taken.
    posted: Option<AppError>,
    /// How many of them the chat fills.
    tokens: Option<u64>,
    /// What there is to pay with.
    means: Means,
    /// What is known of its model.
    known: ModelLine,
) -> impl IntoView {
    let words = &words().chat;
    let (id, provider) = (thread.id.clone(), thread.provider.to_string());
    let refused = posted
        .map(|error| view! { <Refusal error provider thread=id.clone()/> })
        .into_any();
    view! {
        <div class="dock">
            <button type="button" class="latest" hidden=true aria-label=words.to_latest data-do="latest">{icon("latest")}</button>
            <p id="link-dead" class="banner" role="status" hidden=true>{words.connection_gone}" "<a href="" rel="external">{words.reload}</a></p>
            <p id="link-lost" class="banner" role="status" hidden=true>{words.reconnecting}</p>
            {gone()}
            <RefusalTemplate thread=id.clone()/>
            {refused}
            {known.window.map(|window| window_note(window, tokens))}
            {means.left.clone().map(left_note)}
            {pool_note(thread.pool_fallback)}
            {thread.private.then(private_note)}
            {queued()}
            <Chips thread=Some(thread) known=Some(known)/>
            <Composer action=SendMessage::PATH means>
                <input type="hidden" name="thread" value=id.to_string()/>
                <input type="hidden" name="client_request_id" value=seed/>
            </Composer>
        </div>
        <p id="said" class="visually-hidden" role="status"></p>
        {editor()}
    }
    .into_any()
}

/// Says that the thread was deleted elsewhere. What was written for it goes along to a new one.
fn gone() -> AnyView {
    let words = &words().chat;
    view! {
        <template id="gone">
            <div class="error-card" role="alert">
                <p class="error-title">{icon("trash")}<strong>{words.gone_title}</strong></p>
                <p>{words.gone}</p>
                <div class="error-actions">
                    <a class="button small primary" href="/chat" data-do="take-along">{words.start_another}</a>
                </div>
            </div>
        </template>
    }
    .into_any()
}

/// The text of a message while it is edited, within the message.
fn editor() -> AnyView {
    let (words, save) = (&words().chat, words().options.save);
    view! {
        <template id="editor">
            <form class="edit">
                <label class="visually-hidden" for="edit-text">{words.edit}</label>
                <textarea id="edit-text"></textarea>
                <div class="edit-actions">
                    <button type="button" class="button small" data-do="cancel-edit">{words.cancel}</button>
                    <button type="button" class="button small" data-do="save-edit">{save}</button>
                    <button type="submit" class="button small primary">{words.send_again}</button>
                </div>
            </form>
        </template>
    }
    .into_any()
}
