//! Which of the thread's messages are on the page, and which branch.

use super::{Conversation, Done};
use crate::api::messages::reword_message;
use crate::api::threads::{open_thread, show_branch};
use crate::client::activity::nudge;
use crate::client::chat::answer::Answer;
use crate::client::chat::dock;
use crate::client::log::{self, Place};
use crate::client::server::unless_signed_out;
use crate::client::time::{self, frame, spawn};
use crate::client::{dom, storage, toasts};
use crate::shared::chat::{MessageStatus, ThreadView};
use crate::shared::error::AppError;
use crate::shared::ids::{MessageId, ThreadId};
use std::pin::Pin;
use std::rc::Rc;

/// Pixels from the end within which the reader counts as being at it.
const NEAR_END: i32 = 48;
/// So many screens before the messages on the page end, more are loaded.
const AHEAD: i32 = 2;
/// Milliseconds after a turn of the wheel after which the place is remembered.
const RESTING: i32 = 200;

/// Where a tab remembers the place of reading in a thread.
fn key_of(thread: &ThreadId) -> String {
    ["place:", thread.as_str()].concat()
}

/// The place of reading in a thread that this tab remembers.
#[must_use]
pub fn place_in(thread: &ThreadId) -> Option<Place> {
    Place::parse(&storage::tab::get(&key_of(thread))?)
}

/// The thread as it is shown from then on.
type Branch = Pin<Box<dyn Future<Output = Result<ThreadView, AppError>>>>;

impl Conversation {
    /// Scrolls to the end, once what changed is there.
    pub(super) fn scroll_to_end(&self) {
        if let Some(log) = &self.log {
            log.set_scroll_top(0);
        }
    }

    /// Scrolls to a place, once what changed is there.
    fn scroll_to(&self, place: Place) {
        if let Some(log) = self.log.clone() {
            frame(move || _ = place.restore(log));
        }
    }

    /// Looks where the reader is, soon.
    pub fn look_soon(self: &Rc<Self>) {
        let own = Rc::downgrade(self);
        time::later(0, move || {
            if let Some(own) = own.upgrade() {
                own.scrolled();
            }
        });
    }

    /// Looks where the reader is: more messages may be wanted.
    pub fn scrolled(self: &Rc<Self>) {
        if self.left.get() || !self.is_docked() {
            return;
        }
        let beyond = dom::beyond(crate::client::chat::LOG);
        let (earlier, later) = (self.earlier.get().is_some(), self.later.get().is_some());
        let away = later || beyond.below > NEAR_END;
        if self.away.replace(away) != away {
            dock::away(away);
        }
        let enough = AHEAD * beyond.seen;
        if !self.failed.get() && earlier && beyond.above < enough {
            self.load(true);
        }
        if !self.failed.get() && later && beyond.below < enough {
            self.load(false);
        }
        if !self.remembering.replace(true) {
            let own = Rc::downgrade(self);
            time::later(RESTING, move || {
                if let Some(own) = own.upgrade() {
                    own.remembering.set(false);
                    own.remember_place();
                }
            });
        }
    }

    /// Remembers where somebody reads; at the end of the thread there is nothing to remember.
    fn remember_place(&self) {
        let Some(log) = &self.log else { return };
        let place = if self.left.get() {
            None
        } else if self.away.get() {
            // Something may lie over the log.
            Place::here(log).map(|place| place.to_text())
        } else {
            Some(String::new())
        };
        if let Some(place) = place {
            storage::tab::set(&key_of(&self.id()), &place);
        }
    }

    /// Goes back to where somebody read. The place is forgotten if it is not on the shown branch any more.
    pub async fn return_to(self: Rc<Self>, place: Place) {
        let thread = self.id();
        if log::element(&place.message).is_none() {
            let at = Some(place.message.clone());
            match open_thread(thread, None, None, at).await {
                Ok(view) if view.at.is_some() && !self.left.get() => self.replace(view),
                _ => return,
            }
        }
        self.scroll_to(place);
    }

    /// Shows a message, with the branch that it is on and the messages around it. If that fails, what is shown stays.
    pub fn go_to(self: &Rc<Self>, message: MessageId) {
        let own = Rc::clone(self);
        spawn(async move {
            if let Err(error) = own.find(message).await {
                toasts::trouble(&unless_signed_out(error));
            }
        });
    }

    async fn find(self: &Rc<Self>, message: MessageId) -> Result<(), AppError> {
        let thread = self.id();
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
        self.scroll_to(Place { message, top: 0 });
        Ok(())
    }

    /// Shows the end of the thread. If that fails, what is shown stays.
    pub fn to_end(self: &Rc<Self>) {
        let own = Rc::clone(self);
        spawn(async move {
            if let Err(error) = own.show_end().await {
                toasts::trouble(&unless_signed_out(error));
            }
        });
    }

    /// Shows the end of the thread.
    pub(super) async fn show_end(self: &Rc<Self>) -> Result<(), AppError> {
        if self.later.get().is_some() {
            self.replace(open_thread(self.id(), None, None, None).await?);
        }
        let own = Rc::clone(self);
        frame(move || own.scroll_to_end());
        Ok(())
    }

    /// Shows these messages instead.
    fn replace(self: &Rc<Self>, view: ThreadView) {
        if self.left.get() {
            return;
        }
        self.clear(None);
        self.add(&view.messages, None);
        self.set_earlier(view.earlier);
        self.set_later(view.later);
        self.put(view);
    }

    /// Shows below the messages what is being written in `view`, whose messages are shown already.
    fn put(self: &Rc<Self>, view: ThreadView) {
        self.take_thread(view.thread);
        match (view.live, self.running()) {
            (Some(live), Some(own)) if own.id() == live.id => self.append(&own.article),
            (Some(live), _) => self.join(live),
            (None, running) => {
                let end = view.messages.last();
                let ended = running.filter(|own| {
                    let id = own.id();
                    !self.sending.get() && end.is_some_and(|end| end.id == id)
                });
                if ended.is_some() {
                    let status = end.map_or(MessageStatus::Complete, |end| end.status);
                    drop(self.followed.take());
                    self.ended(status);
                }
            }
        }
    }

    /// Shows an answer that goes on, and follows it.
    pub(super) fn join(self: &Rc<Self>, live: crate::shared::chat::AnswerView) {
        if let Some(answer) = Answer::new(live) {
            self.append(&answer.article);
            self.run(&answer);
            self.follow(&answer);
        }
    }

    /// Loads the messages before these, or after them.
    pub fn load(self: &Rc<Self>, earlier: bool) {
        let depth = if earlier { &self.earlier } else { &self.later };
        let Some(depth) = depth.get() else { return };
        let thread = self.id();
        if self.paging.replace(true) {
            return;
        }
        let own = Rc::clone(self);
        spawn(async move {
            let (before, after) = if earlier {
                (Some(depth), None)
            } else {
                (None, Some(depth))
            };
            let view = open_thread(thread, before, after, None).await;
            own.paging.set(false);
            if own.left.get() {
                return;
            }
            own.failed.set(view.is_err());
            match view {
                Ok(view) if earlier => own.take_earlier(depth, view),
                Ok(view) => own.take_later(depth, view),
                Err(error) => toasts::trouble(&unless_signed_out(error)),
            }
        });
    }

    /// Shows the messages before these. What is seen stays in its place, because the log is measured from its end.
    fn take_earlier(self: &Rc<Self>, before: i64, view: ThreadView) {
        // Other messages may be shown by now.
        if self.earlier.get() == Some(before) {
            self.add_before(&view.messages);
            self.set_earlier(view.earlier);
        }
    }

    /// Shows the messages after these, and keeps what is seen in its place.
    fn take_later(self: &Rc<Self>, after: i64, view: ThreadView) {
        if self.later.get() == Some(after) {
            let place = self.log.as_ref().and_then(Place::here);
            self.add(&view.messages, None);
            self.set_later(view.later);
            self.put(view);
            if let Some(place) = place {
                self.scroll_to(place);
            }
        }
    }

    /// Shows the branch on one side of a message, in its place.
    pub fn turn(self: &Rc<Self>, message: MessageId, step: i64) {
        let thread = self.id();
        let shown = show_branch(thread, message.clone(), step);
        self.branch_off(message, step, Box::pin(shown), Box::new(|_| {}));
    }

    /// Says something else in a question's place, with the same answers.
    pub fn reword(self: &Rc<Self>, message: MessageId, text: String, done: Done) {
        let thread = self.id();
        let reworded = reword_message(thread, message.clone(), text);
        self.branch_off(message, 1, Box::pin(reworded), done);
    }

    fn branch_off(self: &Rc<Self>, message: MessageId, step: i64, branch: Branch, done: Done) {
        if self.is_busy() {
            return done(false);
        }
        let own = Rc::clone(self);
        spawn(async move {
            let view = branch.await;
            done(view.is_ok());
            if own.left.get() {
                return;
            }
            match view {
                Ok(view) => own.turned(&message, view, step),
                Err(error) => own.refused(Some(error)),
            }
        });
    }

    fn turned(self: &Rc<Self>, from: &MessageId, mut view: ThreadView, step: i64) {
        let place = self.log.as_ref().and_then(|log| Place::of(log, from));
        let shown = view.at.clone();
        let at = view
            .messages
            .iter()
            .position(|message| Some(&message.id) == shown.as_ref());
        let (Some(at), Some(shown)) = (at, shown) else {
            return self.replace(view);
        };
        if log::element(from).is_none() {
            // The button was pressed twice, or other messages are shown by now.
            if log::element(&shown).is_none() {
                self.replace(view);
            }
            return;
        }
        self.cut(from, None);
        self.add(&view.messages.split_off(at), None);
        self.set_later(view.later);
        self.put(view);
        nudge();
        let log = self.log.clone();
        frame(move || {
            log::focus_turn(&shown, if step < 0 { "previous" } else { "next" });
            if let (Some(Place { top, .. }), Some(log)) = (place, log) {
                let message = shown;
                Place { message, top }.restore(log);
            }
        });
    }
}
