//! The messages of a thread.

use super::answer::{live_answer, templates};
use crate::shared::chat::{Thread, ThreadView};
use crate::ui::parts::icon::message_icons;
use crate::ui::state::words;
use leptos::prelude::*;

/// What the script is to know of a thread.
pub(super) fn told(thread: &Thread) -> String {
    serde_json::to_string(thread).unwrap_or_default()
}

/// The messages. The element grows upwards, so it opens at its end and stays there by itself. Only the script changes what
/// is in it: nothing else does when the page is renewed.
pub(super) fn log(view: ThreadView) -> AnyView {
    let words = &words().chat;
    let (thread, earlier, later) = (told(&view.thread), view.earlier, view.later);
    let reasons = view.model.reasons;
    view! {
        {message_icons()}
        {templates()}
        <div
            id="log" class="log" role="log" aria-live="off" aria-label=words.messages tabindex="0"
            data-keep="" data-thread=thread data-earlier=earlier data-later=later data-reasons=reasons
        >
            <div class="log-inner">
                {earlier.map(|depth| more("before", depth, words.show_earlier))}
                {parts(view)}
                {later.map(|depth| more("after", depth, words.show_later))}
            </div>
        </div>
    }
    .into_any()
}

/// A way to more messages.
fn more(name: &'static str, depth: i64, words: &'static str) -> AnyView {
    view! { <a class="button quiet more" href=format!("?{name}={depth}")>{words}</a> }.into_any()
}

/// The messages themselves.
pub(super) fn parts(view: ThreadView) -> AnyView {
    let html: String = view
        .messages
        .iter()
        .map(|message| message.html.as_str())
        .collect();
    let live = view.live.map(|live| live_answer(live, &view.thread.id));
    view! {
        <div class="finished" data-part="" inner_html=html></div>
        {live}
    }
    .into_any()
}
