//! An answer that is being written.

use crate::api::messages::StopAnswer;
use crate::shared::chat::AnswerView;
use crate::shared::ids::ThreadId;
use crate::shared::prose::runs;
use crate::ui::parts::post_form::PostForm;
use crate::ui::state::words;
use leptos::prelude::*;

/// The answer, as far as it is written. The script goes on with it.
pub(super) fn live_answer(view: AnswerView, thread: &ThreadId) -> AnyView {
    let words = &words().chat;
    let label = view
        .model
        .map_or_else(|| words.answer.to_owned(), |model| model.to_string());
    let id = format!("m-{}", view.id);
    let fields = vec![
        ("thread", thread.to_string()),
        ("message", view.id.to_string()),
    ];
    let silent = view.blocks.is_empty() && view.reasoning.is_none();
    view! {
        <article class="message answer live" id=id data-part="" aria-label=label aria-busy="true">
            {view.reasoning.map(|text| thoughts(Some(view.thought), Some(text)))}
            <div class="prose" inner_html=runs(&view.blocks)></div>
            {silent.then(waiting)}
            <div class="no-js-only live-note">
                <a class="button small" href="">{words.read_on}</a>
                <PostForm action=StopAnswer::PATH fields>
                    <button type="submit" class="button small">{words.stop}</button>
                </PostForm>
            </div>
            <div class="below" inner_html=view.foot></div>
        </article>
    }
    .into_any()
}

/// What the script makes new messages of: a question, and an answer of which nothing is known yet.
pub(super) fn templates() -> AnyView {
    let words = &words().chat;
    view! {
        <template id="question">
            <article class="message user" data-part="" aria-label=words.you><div class="bubble"><p class="plain"></p></div></article>
        </template>
        <template id="live-answer">
            <article class="message answer live" data-part="" aria-label=words.answer aria-busy="true">
                {thoughts(None, None)}
                <div class="prose"></div>
                {waiting()}
                <div class="below"></div>
            </article>
        </template>
    }
    .into_any()
}

/// The reasoning. What is not known yet is no text at all: an empty one would be printed as a blank.
fn thoughts(name: Option<String>, text: Option<String>) -> AnyView {
    view! {
        <details class="thought">
            <summary>{name}</summary>
            <p class="plain">{text}</p>
        </details>
    }
    .into_any()
}

/// What is shown until the first word. The script shows the rest of it once that takes long.
pub(super) fn waiting() -> AnyView {
    let words = &words().chat;
    view! {
        <div class="waiting">
            <span class="pulse" aria-hidden="true"><i></i><i></i><i></i></span>
            <div class="slow" role="status" hidden=true>
                <p>{words.slow}</p>
                <button type="button" class="button small" data-do="stop">{words.stop}</button>
                <button type="button" class="button small" data-do="anew">{words.try_again}</button>
            </div>
        </div>
    }
    .into_any()
}
