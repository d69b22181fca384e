//! What is done in the thread in other tabs and on other devices.

use super::parts::{Part, cut, known};
use super::{Conversation, Traffic};
use crate::api::threads::open_thread;
use crate::client::stream::Link;
use crate::client::{log, offline};
use crate::shared::activity::ThreadState;
use crate::shared::chat::{MessageStatus, ThreadView};
use crate::shared::error::ErrorCode;
use crate::shared::ids::MessageId;
use crate::ui::chat::LOG;
use crate::ui::chat::answer::Answer;
use leptos::prelude::*;
use leptos::task::spawn_local;

impl Conversation {
    /// Hears how the thread stands on the server, none when it is gone, and catches up with what was done elsewhere.
    pub fn hear(self, state: Option<ThreadState>) {
        let gone = state.is_none();
        if self.gone.get_untracked() != gone {
            self.gone.set(gone);
        }
        let Some(state) = state else {
            return self.abandon();
        };
        // Away from the end of the thread nothing of that is on the page; the way to it loads it.
        if self.later.read_untracked().is_some() {
            return;
        }
        // A send that is on its way hears from its own answer.
        if self.traffic.with_value(|traffic| traffic.sending) {
            return self.mark();
        }
        let same = self.state().as_ref() == Some(&state);
        if same {
            self.note(|traffic| traffic.renewed = None);
            self.keep(&state);
        }
        // Once a state: a thread that can not become the same must not be loaded for ever.
        let (renewing, done) = self.traffic.with_value(|traffic| {
            let done = same || traffic.renewed.as_ref() == Some(&state);
            (traffic.renewing, done)
        });
        if !renewing && (!done || self.is_deaf()) {
            self.note(|traffic| traffic.renewing = true);
            spawn_local(self.renew(state));
        }
    }

    /// Keeps the thread for when there is no network, once a state, unless it is private.
    fn keep(self, state: &ThreadState) {
        let known = |traffic: &Traffic| traffic.kept.as_ref() == Some(state);
        if self.running.read_untracked().is_some() || self.traffic.with_value(known) {
            return;
        }
        self.note(|traffic| traffic.kept = Some(state.clone()));
        let thread = self.thread.get_untracked();
        if !thread.private {
            offline::keep(&thread.id);
        }
    }

    /// Whether an answer goes on that can not be followed, only loaded again and again.
    fn is_deaf(self) -> bool {
        self.running.read_untracked().is_some()
            && matches!(self.link.get_untracked(), Link::Waiting | Link::Dead)
    }

    /// The state of what is shown.
    fn state(self) -> Option<ThreadState> {
        let last = self.last();
        let live = last.as_ref().is_some_and(|last| !last.status().is_final());
        let tip = match last {
            Some(answer) => Some(answer.id()),
            None => log::last_known(LOG),
        };
        self.thread
            .try_with_untracked(|thread| ThreadState::new(thread, tip, live))
    }

    fn last_key(self) -> Option<String> {
        self.parts
            .try_with_untracked(|parts| parts.last().map(|part| part.key().to_owned()))
            .flatten()
    }

    fn abandon(self) {
        if self.running.read_untracked().is_some() {
            self.note(|traffic| traffic.followed = None);
            self.rest();
        }
    }

    async fn renew(self, state: ThreadState) {
        let before = self.last_key();
        let Some(id) = self.id() else { return };
        let loaded = open_thread(id, None, None, None).await;
        self.note(|traffic| traffic.renewing = false);
        if self.traffic.is_disposed() {
            return;
        }
        // What was sent here in the meantime is newer than what was loaded.
        let overtaken = self.last_key() != before;
        match loaded {
            Ok(view) if !overtaken => {
                self.note(|traffic| traffic.renewed = Some(state));
                self.take(view);
            }
            Err(error) if error.code == ErrorCode::NotFound => {
                self.gone.set(true);
                self.abandon();
            }
            _ => {}
        }
    }

    /// Takes the thread as it is now. What is shown already stays in its place.
    fn take(self, view: ThreadView) {
        if *self.thread.read_untracked() != view.thread {
            self.thread.set(view.thread);
        }
        let running = self.running.get_untracked();
        let is_running = |id: &MessageId| running.as_ref().is_some_and(|own| own.id() == *id);
        let mut parts = self.parts.get_untracked();
        let own =
            parts.pop_if(|last| matches!(last, Part::Answer(answer) if is_running(&answer.id())));
        let here = log::known(LOG);
        // A message has one path to the root, so what stands above a known one is above it still.
        let first = view
            .messages
            .first()
            .and_then(|first| here.iter().position(|known| known.id == first.id));
        let here = here.get(first.unwrap_or(here.len())..).unwrap_or_default();
        let same = here
            .iter()
            .zip(&view.messages)
            .take_while(|(here, there)| **here == known(there))
            .count();
        match here.get(same) {
            _ if same == 0 => {
                parts.clear();
                self.earlier.set(view.earlier);
            }
            Some(other) => cut(&mut parts, &other.id),
            None => {}
        }
        log::drop_hidden(LOG);
        parts.extend(Part::finished(
            view.messages.get(same..).unwrap_or_default(),
        ));
        let ended = running
            .as_ref()
            .and_then(|own| view.messages.iter().find(|message| message.id == own.id()));
        let ended = ended.map(|message| message.status);
        let live = view.live.filter(|view| !view.status.is_final());
        match (own, live) {
            (Some(Part::Answer(own)), Some(live)) if own.id() == live.id => {
                if self.is_deaf() {
                    own.settle(live);
                }
                parts.push(Part::Answer(own));
                self.parts.set(parts);
                self.mark();
            }
            (_, Some(live)) => {
                let answer = Answer::new(live);
                parts.push(Part::Answer(answer.clone()));
                self.parts.set(parts);
                self.run(answer.clone());
                self.follow(answer);
            }
            (_, None) => {
                self.parts.set(parts);
                if running.is_some() {
                    self.note(|traffic| traffic.followed = None);
                    self.ended(ended.unwrap_or(MessageStatus::Complete));
                }
            }
        }
    }
}
