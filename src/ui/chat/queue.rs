//! What was written while an answer goes on, to be sent one after the other.

use super::conversation::Conversation;
use crate::client::storage;
use crate::shared::chat::MessageStatus;
use crate::shared::ids::ThreadId;
use crate::ui::erased::Effect;
use crate::ui::parts::icon::icon;
use crate::ui::state::words;
use leptos::prelude::*;

/// The messages that wait, oldest first. This browser remembers them for each thread.
#[derive(Clone, Copy)]
pub(super) struct Queue {
    texts: RwSignal<Vec<String>>,
    key: StoredValue<String>,
}

impl Queue {
    /// The queue of a thread; what waits is known in a browser only.
    pub fn new(thread: &ThreadId) -> Self {
        Self {
            texts: RwSignal::default(),
            key: StoredValue::new(["queue:", thread.as_str()].concat()),
        }
    }

    /// Has the next one sent whenever an answer of `conversation` is complete. After any other end, and where nobody saw
    /// the end, they wait for a word.
    pub fn serve(self, conversation: Conversation) {
        Effect::new(move || self.texts.set(self.kept()));
        Effect::new(move || {
            if conversation.over.get() == Some(MessageStatus::Complete) {
                untrack(|| self.send_next(conversation));
            }
        });
    }

    fn kept(self) -> Vec<String> {
        let kept = storage::get(&self.key.read_value());
        kept.and_then(|kept| serde_json::from_str(&kept).ok())
            .unwrap_or_default()
    }

    /// Another tab may have taken something away, so what is remembered counts.
    fn change(self, change: impl FnOnce(&mut Vec<String>)) {
        let mut texts = self.kept();
        change(&mut texts);
        let text = if texts.is_empty() {
            String::new()
        } else {
            serde_json::to_string(&texts).unwrap_or_default()
        };
        storage::set(&self.key.read_value(), &text);
        self.texts.set(texts);
    }

    /// Lets a message wait.
    pub fn add(self, text: String) {
        self.change(|texts| texts.push(text));
    }

    fn remove(self, index: usize) {
        self.change(|texts| {
            if index < texts.len() {
                texts.remove(index);
            }
        });
    }

    fn send_next(self, conversation: Conversation) {
        let mut next = None;
        self.change(|texts| {
            if !texts.is_empty() {
                next = Some(texts.remove(0));
            }
        });
        let Some(text) = next else { return };
        let again = text.clone();
        conversation.send(text, move |taken| {
            if !taken && !self.texts.is_disposed() {
                self.change(|texts| texts.insert(0, again));
            }
        });
    }
}

/// The messages that wait, above the composer.
#[component]
pub(super) fn Queued(
    /// They.
    queue: Queue,
    /// Their thread.
    conversation: Conversation,
) -> impl IntoView {
    let words = &words().chat;
    let row = move |(index, text): (usize, String)| {
        view! {
            <li class="chip">
                <span>{text}</span>
                <button type="button" class="icon-button" aria-label=words.unqueue title=words.unqueue on:click=move |_| queue.remove(index)>
                    {icon("close")}
                </button>
            </li>
        }
    };
    move || {
        let texts = queue.texts.get();
        (!texts.is_empty()).then(|| {
            let rows = texts.into_iter().enumerate().map(row).collect_view();
            view! {
                <div class="queue">
                    <ul aria-label=words.queued>{rows}</ul>
                    {move || conversation.running.read().is_none().then(|| view! {
                        <button type="button" class="button small" on:click=move |_| queue.send_next(conversation)>{words.send_queued}</button>
                    })}
                </div>
            }
        })
    }
}
