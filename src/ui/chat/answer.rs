//! An answer that is being written, or was since the page is open.

use super::conversation::Conversation;
use crate::api::messages::StopAnswer;
use crate::shared::chat::{AnswerView, MessageStatus};
use crate::shared::ids::MessageId;
use crate::ui::erased::{Effect, For};
use crate::ui::parts::post_form::PostForm;
use crate::ui::state::words;
use leptos::prelude::*;
use std::time::Duration;

/// After this the waiting line says that it takes long.
const SLOW: Duration = Duration::from_secs(10);

/// An answer with its signals, which outlive the page that shows them, because answers arrive when they want.
#[derive(Clone)]
pub(super) struct Answer {
    /// What tells it from the others, also before the server gave it an id.
    pub key: String,
    /// The answer but for its text.
    pub view: ArcRwSignal<AnswerView>,
    /// The answer's HTML, a signal for each block, so that only what changed is painted.
    blocks: ArcRwSignal<Vec<ArcRwSignal<String>>>,
    /// The reasoning.
    thought: ArcRwSignal<String>,
}

impl Answer {
    /// An answer as the server tells it.
    pub fn new(mut view: AnswerView) -> Self {
        let blocks = std::mem::take(&mut view.blocks);
        Self {
            key: view.id.to_string(),
            blocks: ArcRwSignal::new(blocks.into_iter().map(ArcRwSignal::new).collect()),
            thought: ArcRwSignal::new(view.reasoning.take().unwrap_or_default()),
            view: ArcRwSignal::new(view),
        }
    }

    /// An answer that the server does not know yet.
    pub fn sketch(id: MessageId) -> Self {
        Self::new(AnswerView {
            id,
            sibling: (1, 1),
            status: MessageStatus::Pending,
            model: None,
            blocks: Vec::new(),
            reasoning: None,
            thought: String::new(),
            foot: String::new(),
        })
    }

    /// The id that the server knows it by.
    pub fn id(&self) -> MessageId {
        self.view.read_untracked().id.clone()
    }

    /// Where it stands.
    pub fn status(&self) -> MessageStatus {
        self.view.read_untracked().status
    }

    /// Takes the answer as it is stored, painting only what differs.
    pub fn settle(&self, mut view: AnswerView) {
        let new = std::mem::take(&mut view.blocks);
        let thought = view.reasoning.take().unwrap_or_default();
        if *self.thought.read_untracked() != thought {
            self.thought.set(thought);
        }
        self.blocks.update(|blocks| {
            blocks.truncate(new.len());
            for (index, html) in new.into_iter().enumerate() {
                match blocks.get(index) {
                    Some(block) if *block.read_untracked() == html => {}
                    Some(block) => block.set(html),
                    None => blocks.push(ArcRwSignal::new(html)),
                }
            }
        });
        if *self.view.read_untracked() != view {
            self.view.set(view);
        }
    }

    /// Takes a change of a block.
    pub fn patch(&self, index: usize, at: usize, html: &str) {
        let known = self
            .blocks
            .with_untracked(|blocks| blocks.get(index).cloned());
        let block = known.unwrap_or_else(|| {
            let block = ArcRwSignal::new(String::new());
            self.blocks.update(|blocks| {
                // A block that was skipped is empty: its place is kept.
                blocks.resize_with(index, ArcRwSignal::default);
                blocks.push(block.clone());
            });
            block
        });
        block.update(|text| {
            if text.is_char_boundary(at) {
                text.truncate(at);
                text.push_str(html);
            }
        });
        self.begun();
    }

    /// Takes more reasoning, or all of it `anew`.
    pub fn think(&self, text: String, anew: bool) {
        if anew {
            self.thought.set(text);
        } else {
            self.thought.update(|thought| thought.push_str(&text));
        }
        self.begun();
    }

    /// Takes what the fold of the reasoning is called once that is over.
    pub fn thought(&self, name: String) {
        self.view.update(|view| view.thought = name);
    }

    fn begun(&self) {
        if self.status() == MessageStatus::Pending {
            self.view
                .update(|view| view.status = MessageStatus::Streaming);
        }
    }
}

/// The answer. Once it has ended it is as the server would send it, but for its elements, which stay.
#[component]
pub(super) fn LiveAnswer(
    /// The answer.
    answer: Answer,
    /// Its thread.
    conversation: Conversation,
) -> impl IntoView {
    let Answer {
        key,
        view,
        blocks,
        thought,
    } = answer;
    let stop_fields = vec![
        (
            "thread",
            conversation.thread.read_untracked().id.to_string(),
        ),
        ("message", view.read_untracked().id.to_string()),
    ];
    let about = move |what: fn(&AnswerView) -> Option<String>| {
        let view = view.clone();
        Memo::new(move |_| what(&view.read()))
    };
    let id = about(|view| Some(format!("m-{}", view.id)));
    let sibling = about(|view| {
        let (which, of) = view.sibling;
        view.status.is_final().then(|| format!("{which}/{of}"))
    });
    let model = about(|view| view.model.as_ref().map(ToString::to_string));
    let foot = about(|view| Some(view.foot.clone()));
    let name = about(|view| Some(view.thought.clone()));
    let live = Memo::new(move |_| sibling.read().is_none());
    let thinks = {
        let thought = thought.clone();
        Memo::new(move |_| !thought.read().is_empty())
    };
    let silent = {
        let blocks = blocks.clone();
        Memo::new(move |_| blocks.read().is_empty())
    };
    let words = &words().chat;
    let thinking = move || {
        thinks.get().then(|| {
            let thought = thought.clone();
            view! {
                <details class="thought">
                    <summary>{move || name.get()}</summary>
                    <p class="plain">{move || thought.get()}</p>
                </details>
            }
        })
    };
    view! {
        <article
            class="message answer" class:live=live id=id data-part=key data-sibling=sibling
            aria-label=move || model.get().unwrap_or_else(|| words.answer.to_owned()) aria-busy=move || live.get().then_some("true")
        >
            {thinking}
            <div class="prose">
                <For each=move || blocks.get().into_iter().enumerate() key=|(index, _)| *index let((_, html))>
                    <div class="block" inner_html=move || html.get()></div>
                </For>
            </div>
            {move || (live.get() && silent.get() && !thinks.get()).then(|| view! { <Waiting/> })}
            {move || live.get().then(|| view! {
                <div class="no-js-only live-note">
                    <a class="button small" href="">{words.read_on}</a>
                    <PostForm action=StopAnswer::PATH fields=stop_fields.clone() submit=move || conversation.stop()>
                        <button type="submit" class="button small">{words.stop}</button>
                    </PostForm>
                </div>
            })}
            <div class="below" inner_html=move || foot.get().unwrap_or_default()></div>
        </article>
    }
    .into_any()
}

/// What is shown until the first word.
#[component]
fn Waiting() -> impl IntoView {
    let slow = RwSignal::new(false);
    let words = &words().chat;
    Effect::new(move || {
        if let Ok(timer) = set_timeout_with_handle(move || slow.set(true), SLOW) {
            on_cleanup(move || timer.clear());
        }
    });
    view! {
        <p class="waiting">
            <span class="pulse" aria-hidden="true"><i></i><i></i><i></i></span>
            <span>{move || if slow.get() { words.slow } else { "" }}</span>
        </p>
    }
    .into_any()
}
