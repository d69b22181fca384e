//! What is done in the thread in other tabs and on other devices.

use super::Conversation;
use super::parts::known;
use crate::api::threads::open_thread;
use crate::client::stream::Link;
use crate::client::time::{later, spawn};
use crate::client::{dom, log, offline};
use crate::shared::activity::ThreadState;
use crate::shared::chat::{MessageStatus, ThreadView};
use crate::shared::error::ErrorCode;
use std::rc::Rc;

/// Milliseconds between two looks at an answer that can not be followed.
const PAUSE: i32 = 4_000;

impl Conversation {
    /// Hears how the thread stands on the server, none when it is gone, and catches up with what was done elsewhere.
    pub fn hear(self: &Rc<Self>, state: Option<ThreadState>) {
        let gone = state.is_none();
        if self.gone.replace(gone) != gone {
            self.tell();
        }
        let Some(state) = state else {
            return self.abandon();
        };
        // Away from the end of the thread nothing of that is on the page; the way to it loads it.
        if self.later.get().is_some() {
            return;
        }
        // A send that is on its way hears from its own answer.
        if self.sending.get() {
            return self.mark();
        }
        let same = self.state() == state;
        if same {
            self.renewed.take();
            self.keep(&state);
        }
        // Once a state: a thread that can not become the same must not be loaded for ever.
        let done = same || self.renewed.borrow().as_ref() == Some(&state);
        if !self.renewing.get() && (!done || self.is_deaf()) {
            self.renewing.set(true);
            let own = Rc::clone(self);
            spawn(async move { _ = own.renew(state).await });
        }
    }

    /// Keeps the thread for when there is no network, once a state, unless it is private.
    fn keep(&self, state: &ThreadState) {
        if self.is_busy() || self.kept.borrow().as_ref() == Some(state) {
            return;
        }
        self.kept.replace(Some(state.clone()));
        let thread = self.thread.borrow();
        if !thread.private {
            offline::keep(&thread.id);
        }
    }

    /// Whether an answer goes on that can not be followed, only loaded again and again.
    fn is_deaf(&self) -> bool {
        self.is_busy() && matches!(self.link.get(), Link::Waiting | Link::Dead)
    }

    /// Beside other answers nobody asks how a thread stands. So it is loaded again and again while its answer can not be
    /// followed.
    pub(super) fn catch_up(self: &Rc<Self>) {
        if self.left.get() || self.is_docked() || !self.is_deaf() || self.renewing.replace(true) {
            return;
        }
        let own = Rc::downgrade(self);
        later(PAUSE, move || {
            let Some(own) = own.upgrade() else { return };
            // A send hears from its own answer, and a tab that is not seen reads nothing.
            if own.sending.get() || !own.is_deaf() || !dom::visible() {
                own.renewing.set(false);
                return own.catch_up();
            }
            spawn(async move {
                if Rc::clone(&own).renew(own.state()).await {
                    own.catch_up();
                }
            });
        });
    }

    /// The state of what is shown.
    fn state(&self) -> ThreadState {
        let live = self.running().filter(|own| {
            !own.status().is_final() && self.last_part().as_ref() == Some(&own.article)
        });
        let goes_on = live.is_some();
        let tip = live
            .map(|live| live.id())
            .or_else(|| log::last_known(&self.root));
        ThreadState::new(&self.thread.borrow(), tip, goes_on)
    }

    fn abandon(self: &Rc<Self>) {
        if self.is_busy() {
            drop(self.followed.take());
            self.rest();
        }
    }

    /// Loads it once more: what is shown is not what the server has.
    pub(super) fn look_again(self: &Rc<Self>) {
        if !self.renewing.replace(true) {
            let (own, state) = (Rc::clone(self), self.state());
            spawn(async move { _ = own.renew(state).await });
        }
    }

    /// Loads it once more; whether that may be worth the while again.
    async fn renew(self: Rc<Self>, state: ThreadState) -> bool {
        let before = self.last_part();
        let loaded = open_thread(self.id(), None, None, None).await;
        self.renewing.set(false);
        if self.left.get() {
            return false;
        }
        // What was sent here in the meantime is newer than what was loaded.
        let overtaken = self.last_part() != before;
        match loaded {
            Ok(view) if !overtaken => {
                self.renewed.replace(Some(state));
                self.take(view);
            }
            Err(error) if error.code == ErrorCode::NotFound => {
                self.gone.set(true);
                self.tell();
                self.abandon();
            }
            Err(error) => return error.code != ErrorCode::Unauthenticated,
            Ok(_) => {}
        }
        true
    }

    /// Takes the thread as it is now. What is shown already stays in its place.
    fn take(self: &Rc<Self>, view: ThreadView) {
        self.take_thread(view.thread);
        let live = view.live.filter(|view| !view.status.is_final());
        let running = self.running();
        let own = running
            .clone()
            .filter(|own| self.last_part().as_ref() == Some(&own.article));
        let stays = own
            .as_ref()
            .filter(|own| live.as_ref().is_some_and(|live| live.id == own.id()));
        if let Some(own) = own.as_ref().filter(|_| stays.is_none()) {
            own.article.remove();
        }
        let stays = stays.map(|own| &own.article);
        let here = log::known(&self.root);
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
                self.clear(stays);
                self.set_earlier(view.earlier);
            }
            Some(other) => _ = self.cut(&other.id, stays),
            None => {}
        }
        let new = view.messages.get(same..).unwrap_or_default();
        self.add(new, stays);
        if !new.is_empty() {
            self.arrived();
        }
        let ended = running
            .as_ref()
            .and_then(|own| view.messages.iter().find(|message| message.id == own.id()));
        let ended = ended.map(|message| message.status);
        match live {
            Some(live) if stays.is_some() => {
                if let Some(own) = own.as_ref().filter(|_| self.is_deaf()) {
                    own.settle(live);
                }
                self.mark();
            }
            Some(live) => self.join(live),
            None if running.is_some() => {
                drop(self.followed.take());
                self.ended(ended.unwrap_or(MessageStatus::Complete));
            }
            None => {}
        }
    }
}
