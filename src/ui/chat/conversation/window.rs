//! Which of the thread's messages are on the page, and which branch.

use super::parts::{Part, cut};
use super::{Conversation, Traffic};
use crate::api::messages::reword_message;
use crate::api::threads::{open_thread, show_branch};
use crate::client::activity::nudge;
use crate::client::log::{self, Place};
use crate::client::{dom, storage};
use crate::shared::chat::{MessageStatus, ThreadView};
use crate::shared::error::AppError;
use crate::shared::ids::{MessageId, ThreadId};
use crate::ui::chat::LOG;
use crate::ui::chat::answer::Answer;
use crate::ui::state::unless_signed_out;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::pin::Pin;

/// Where a tab remembers the place of reading in a thread.
fn key_of(thread: &ThreadId) -> String {
    ["place:", thread.as_str()].concat()
}

/// The place of reading in a thread that this tab remembers.
pub(in crate::ui::chat) fn place_in(thread: &ThreadId) -> Option<Place> {
    Place::parse(&storage::tab::get(&key_of(thread))?)
}

/// The thread as it is shown from then on.
type Branch = Pin<Box<dyn Future<Output = Result<ThreadView, AppError>>>>;

impl Conversation {
    /// Remembers where somebody reads; at the end of the thread there is nothing to remember.
    pub fn remember_place(self, at_end: bool) {
        let Some(thread) = self.id() else { return };
        let place = if at_end {
            Some(String::new())
        } else {
            // Something may lie over the log.
            Place::here(LOG).map(|place| place.to_text())
        };
        if let Some(place) = place {
            storage::tab::set(&key_of(&thread), &place);
        }
    }

    /// Goes back to where somebody read. The place is forgotten if it is not on the shown branch any more.
    pub async fn return_to(self, place: Place) {
        let Some(thread) = self.id() else { return };
        if log::element(&place.message).is_none() {
            let at = Some(place.message.clone());
            match open_thread(thread, None, None, at).await {
                Ok(view) if view.at.is_some() => self.replace(view),
                _ => return,
            }
        }
        request_animation_frame(move || _ = place.restore(LOG));
    }

    /// Shows a message, with the branch that it is on and the messages around it.
    ///
    /// # Errors
    /// What the server said; what is shown stays then.
    pub async fn go_to(self, message: MessageId) -> Result<(), AppError> {
        let Some(thread) = self.id() else {
            return Ok(());
        };
        if log::element(&message).is_none() {
            let at = Some(message.clone());
            let view = open_thread(thread.clone(), None, None, at).await?;
            let view = if view.at.is_some() {
                view
            } else {
                show_branch(thread, message.clone(), 0).await?
            };
            self.replace(view);
        }
        let place = Place { message, top: 0 };
        request_animation_frame(move || _ = place.restore(LOG));
        Ok(())
    }

    /// Shows the end of the thread.
    ///
    /// # Errors
    /// What the server said; what is shown stays then.
    pub async fn show_end(self) -> Result<(), AppError> {
        let away = self.later.try_get_untracked().flatten().is_some();
        if let Some(thread) = self.id().filter(|_| away) {
            self.replace(open_thread(thread, None, None, None).await?);
        }
        request_animation_frame(|| dom::scroll_to_end(LOG));
        Ok(())
    }

    /// Shows these messages instead.
    fn replace(self, view: ThreadView) {
        if self.traffic.is_disposed() {
            return;
        }
        self.earlier.set(view.earlier);
        self.later.set(view.later);
        let parts = Part::finished(&view.messages).into_iter().collect();
        self.put(parts, view);
    }

    /// Shows these parts, and below them what is being written in `view`.
    fn put(self, mut parts: Vec<Part>, view: ThreadView) {
        if *self.thread.read_untracked() != view.thread {
            self.thread.set(view.thread);
        }
        let running = self.running.get_untracked();
        match (view.live, running) {
            (Some(live), Some(own)) if own.id() == live.id => {
                parts.push(Part::Answer(own));
                self.parts.set(parts);
            }
            (Some(live), _) => {
                let answer = Answer::new(live);
                parts.push(Part::Answer(answer.clone()));
                self.parts.set(parts);
                self.run(answer.clone());
                self.follow(answer);
            }
            (None, running) => {
                let end = view.messages.last();
                let ended = running.filter(|own| {
                    let (id, sending) = (own.id(), self.is_sending());
                    !sending && end.is_some_and(|end| end.id == id)
                });
                self.parts.set(parts);
                if ended.is_some() {
                    let status = end.map_or(MessageStatus::Complete, |end| end.status);
                    self.note(|traffic| traffic.followed = None);
                    self.ended(status);
                }
            }
        }
    }

    fn is_sending(self) -> bool {
        self.traffic.with_value(|traffic| traffic.sending)
    }

    /// Whether nothing else is loaded, which it is from now on.
    fn begin_paging(self) -> bool {
        let mut begun = false;
        self.note(|traffic: &mut Traffic| {
            begun = !traffic.paging;
            traffic.paging = true;
        });
        begun
    }

    /// Loads the messages before these. What is seen stays in its place, because the log is measured from its end.
    ///
    /// # Errors
    /// What the server said.
    pub async fn load_earlier(self) -> Result<(), AppError> {
        let (Some(thread), Some(before)) = (self.id(), self.earlier.get_untracked()) else {
            return Ok(());
        };
        if !self.begin_paging() {
            return Ok(());
        }
        let view = open_thread(thread, Some(before), None, None).await;
        self.note(|traffic| traffic.paging = false);
        let view = view?;
        // Other messages may be shown by now.
        if self.earlier.try_get_untracked() == Some(Some(before)) {
            self.earlier.set(view.earlier);
            if let Some(earlier) = Part::finished(&view.messages) {
                self.parts.update(|parts| parts.insert(0, earlier));
            }
        }
        Ok(())
    }

    /// Loads the messages after these, and keeps what is seen in its place.
    ///
    /// # Errors
    /// What the server said.
    pub async fn load_later(self) -> Result<(), AppError> {
        let (Some(thread), Some(after)) = (self.id(), self.later.get_untracked()) else {
            return Ok(());
        };
        if !self.begin_paging() {
            return Ok(());
        }
        let view = open_thread(thread, None, Some(after), None).await;
        self.note(|traffic| traffic.paging = false);
        let view = view?;
        if self.later.try_get_untracked() == Some(Some(after)) {
            let place = Place::here(LOG);
            self.later.set(view.later);
            let mut parts = self.parts.get_untracked();
            parts.extend(Part::finished(&view.messages));
            self.put(parts, view);
            request_animation_frame(move || _ = place.map(|place| place.restore(LOG)));
        }
        Ok(())
    }

    /// Shows the branch on one side of a message, in its place.
    pub fn turn(self, message: MessageId, step: i64) {
        let Some(thread) = self.id() else { return };
        let shown = show_branch(thread, message.clone(), step);
        self.branch_off(message, step, Box::pin(shown));
    }

    /// Says something else in a question's place, with the same answers.
    pub fn reword(self, message: MessageId, text: String) {
        let Some(thread) = self.id() else { return };
        let reworded = reword_message(thread, message.clone(), text);
        self.branch_off(message, 1, Box::pin(reworded));
    }

    fn branch_off(self, message: MessageId, step: i64, branch: Branch) {
        if self.running.read_untracked().is_some() {
            return;
        }
        spawn_local(async move {
            match branch.await {
                Ok(view) if !self.traffic.is_disposed() => self.turned(&message, view, step),
                Ok(_) => {}
                Err(error) => self.refused.set(Some(unless_signed_out(error))),
            }
        });
    }

    fn turned(self, from: &MessageId, mut view: ThreadView, step: i64) {
        let place = Place::of(LOG, from);
        let shown = view.at.clone();
        let at = view
            .messages
            .iter()
            .position(|message| Some(&message.id) == shown.as_ref());
        let (Some(at), Some(shown)) = (at, shown) else {
            return self.replace(view);
        };
        let mut parts = self.parts.get_untracked();
        cut(&mut parts, from);
        log::drop_hidden(LOG);
        parts.extend(Part::finished(&view.messages.split_off(at)));
        self.later.set(view.later);
        self.put(parts, view);
        nudge();
        request_animation_frame(move || {
            log::focus_turn(&shown, if step < 0 { "previous" } else { "next" });
            if let Some(Place { top, .. }) = place {
                let message = shown;
                Place { message, top }.restore(LOG);
            }
        });
    }
}
