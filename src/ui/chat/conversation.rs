//! What is going on in one open thread.

mod elsewhere;
mod parts;
mod window;

pub(super) use parts::Part;
pub(super) use window::place_in;

use parts::cut;

use super::answer::Answer;
use super::{COMPOSER, LOG};
use crate::api::messages::{edit_message, retry_answer, send_message, stop_answer};
use crate::client::activity::nudge;
use crate::client::stream::{Follow, Link, follow};
use crate::client::{dom, log};
use crate::shared::activity::ThreadState;
use crate::shared::chat::{MessageStatus, Sent, Thread, ThreadView, ViewEvent};
use crate::shared::error::AppError;
use crate::shared::ids::{ClientRequestId, MessageId, ModelId, ThreadId};
use crate::shared::words::Chat;
use crate::ui::state::threads::Threads;
use crate::ui::state::unless_signed_out;
use crate::ui::state::unread::Unread;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::sync::Arc;

/// Which of the sentences of the catalog.
type Saying = fn(&Chat) -> &'static str;

/// What is on its way between the page and the server.
#[derive(Default)]
struct Traffic {
    /// The stream of the answer that goes on.
    followed: Option<Follow>,
    /// Whether a send, retry or edit is.
    sending: bool,
    /// Whether the thread is, once more.
    renewing: bool,
    /// The state that it was loaded once more for.
    renewed: Option<ThreadState>,
    /// The state in which it is kept for when there is no network.
    kept: Option<ThreadState>,
    /// Whether messages around those that are shown are.
    paging: bool,
}

/// An open thread.
#[derive(Clone, Copy)]
pub(super) struct Conversation {
    /// The thread.
    pub thread: RwSignal<Thread>,
    /// Its messages, oldest first.
    pub parts: RwSignal<Vec<Part>>,
    /// What to ask the messages before these with.
    pub earlier: RwSignal<Option<i64>>,
    /// What to ask the messages after these with, where these are not the newest.
    pub later: RwSignal<Option<i64>>,
    /// The answer that is going on; its id is not the server's while the send is on its way.
    pub running: RwSignal<Option<Answer>>,
    /// How the last answer ended here, until the next one begins.
    pub over: RwSignal<Option<MessageStatus>>,
    /// Whether the person asked for an end.
    pub stopping: RwSignal<bool>,
    /// How the stream's connection stands.
    pub link: RwSignal<Link>,
    /// What a screen reader is told.
    pub said: RwSignal<Saying>,
    /// Why the last send, retry or edit was not taken.
    pub refused: RwSignal<Option<AppError>>,
    /// Whether the thread was deleted elsewhere.
    pub gone: RwSignal<bool>,
    traffic: StoredValue<Traffic>,
    threads: Threads,
    unread: StoredValue<Unread>,
}

impl Conversation {
    /// A thread as it was loaded. `html` is its messages, empty when the page has them already.
    pub fn new(view: ThreadView, html: Arc<str>) -> Self {
        let finished = Part::Finished {
            key: "opened".to_owned(),
            html,
        };
        let live = view.live.map(|view| Part::Answer(Answer::new(view)));
        Self {
            thread: RwSignal::new(view.thread),
            parts: RwSignal::new(std::iter::once(finished).chain(live).collect()),
            earlier: RwSignal::new(view.earlier),
            later: RwSignal::new(view.later),
            running: RwSignal::new(None),
            over: RwSignal::new(None),
            stopping: RwSignal::new(false),
            link: RwSignal::new(Link::Open),
            said: RwSignal::new(|_| ""),
            refused: RwSignal::new(None),
            gone: RwSignal::new(false),
            traffic: StoredValue::new(Traffic::default()),
            threads: expect_context::<Threads>(),
            unread: StoredValue::new(expect_context::<Unread>()),
        }
    }

    fn note(self, change: impl FnOnce(&mut Traffic)) {
        _ = self.traffic.try_update_value(change);
    }

    fn id(self) -> Option<ThreadId> {
        self.thread.try_with_untracked(|thread| thread.id.clone())
    }

    /// Follows the last answer if it goes on. For effects.
    pub fn attach(self) {
        if let Some(answer) = self.last().filter(|answer| !answer.status().is_final()) {
            self.run(answer.clone());
            self.follow(answer);
        }
        on_cleanup(move || self.note(|traffic| traffic.followed = None));
    }

    /// The last part, if it is an answer that was seen live.
    fn last(self) -> Option<Answer> {
        self.parts
            .try_with_untracked(|parts| match parts.last() {
                Some(Part::Answer(answer)) => Some(answer.clone()),
                _ => None,
            })
            .flatten()
    }

    fn run(self, answer: Answer) {
        self.note(|traffic| traffic.followed = None);
        self.running.set(Some(answer));
        self.over.set(None);
        self.stopping.set(false);
        self.refused.set(None);
        self.link.set(Link::Open);
        self.said.set(|words| words.answering);
        self.mark();
    }

    fn rest(self) {
        self.running.set(None);
        self.stopping.set(false);
        self.mark();
    }

    fn mark(self) {
        if let (Some(id), Some(running)) =
            (self.id(), self.running.try_with_untracked(Option::is_some))
        {
            self.threads.mark(id, running);
        }
    }

    fn ended(self, status: MessageStatus) {
        self.said.set(match status {
            MessageStatus::Failed => |words| words.failed,
            MessageStatus::Stopped => |words| words.stopped,
            _ => |words| words.complete,
        });
        if let Some(id) = self.id().filter(|_| !dom::visible()) {
            _ = self.unread.try_with_value(|unread| unread.add(&id));
        }
        self.over.set(Some(status));
        self.rest();
    }

    fn follow(self, answer: Answer) {
        let Some(thread) = self.id() else { return };
        let url = format!(
            "/api/threads/{thread}/messages/{}/stream?view=html",
            answer.id()
        );
        // After a reset everything is said again; what stands is written over, so that nothing flickers.
        let again = std::cell::Cell::new(false);
        let receive = move |event: ViewEvent| match event {
            ViewEvent::Reset => again.set(true),
            ViewEvent::Patch { b, at, h } => answer.patch(b, at, &h),
            ViewEvent::Think { t } => answer.think(t, again.replace(false)),
            ViewEvent::Thought { t } => answer.thought(t),
            ViewEvent::End { m } => {
                let status = m.status;
                answer.settle(*m);
                self.ended(status);
            }
        };
        let followed = follow(url, receive, move |link| self.link.set(link));
        self.note(|traffic| traffic.followed = Some(followed));
    }

    /// Takes what the server stored in the place of the sketches.
    fn accepted(self, answer: &Answer, sent: Sent) {
        self.note(|traffic| traffic.sending = false);
        log::drop_hidden(LOG);
        self.parts.update(|parts| {
            for part in parts {
                if matches!(part, Part::Sketch { .. })
                    && let Some(question) = Part::finished(std::slice::from_ref(&sent.question))
                {
                    *part = question;
                }
            }
        });
        answer.settle(sent.answer);
        if answer.status().is_final() {
            self.over.set(Some(answer.status()));
            self.rest();
        } else {
            self.follow(answer.clone());
        }
        if let Some(thread) = self.thread.try_get_untracked() {
            self.threads.touch(Thread {
                updated_at: dom::now(),
                ..thread
            });
        }
        if self.stopping.try_get_untracked() == Some(true) {
            self.stop();
        }
    }

    fn refuse(self, error: AppError, before: Vec<Part>, later: Option<i64>) {
        self.note(|traffic| traffic.sending = false);
        log::bring_back(LOG);
        self.parts.set(before);
        self.later.set(later);
        self.rest();
        self.refused.set(Some(unless_signed_out(error)));
        self.said.set(|words| words.not_sent);
    }

    /// Sends a message; `done` hears whether it was taken. Where the end of the thread is not on the page, it is shown first.
    pub fn send(self, text: String, done: impl FnOnce(bool) + 'static) {
        if self.later.read_untracked().is_none() {
            return self.say(text, done);
        }
        spawn_local(async move {
            match self.show_end().await {
                Ok(()) => self.say(text, done),
                Err(error) => {
                    done(false);
                    self.refused.set(Some(unless_signed_out(error)));
                }
            }
        });
    }

    fn say(self, text: String, done: impl FnOnce(bool) + 'static) {
        let Some(thread) = self.id() else { return };
        let ask = {
            let text = text.clone();
            move |request| send_message(thread, text, request)
        };
        self.ask(None, Some(text), ask, done);
    }

    /// Says something else in a message's place. The old branch stays on the server.
    pub fn edit(self, message: MessageId, text: String) {
        let Some(thread) = self.id() else { return };
        let ask = {
            let (message, text) = (message.clone(), text.clone());
            move |request| edit_message(thread, message, text, request)
        };
        self.ask(Some(message), Some(text), ask, |_| {});
    }

    /// Asks for another answer in an answer's place, of another model of the provider if one is named. The old one stays on
    /// the server.
    pub fn retry(self, message: MessageId, model: Option<ModelId>) {
        let Some(thread) = self.id() else { return };
        let ask = {
            let message = message.clone();
            move |request| retry_answer(thread, message, request, model)
        };
        self.ask(Some(message), None, ask, |_| {});
    }

    /// Shows at once what is being asked for: from a message on, a new question if there is one and its answer.
    fn ask<F>(
        self,
        instead: Option<MessageId>,
        text: Option<String>,
        ask: impl FnOnce(ClientRequestId) -> F,
        done: impl FnOnce(bool) + 'static,
    ) where
        F: Future<Output = Result<Sent, AppError>> + 'static,
    {
        let request = dom::request_id();
        let ids = (
            format!("{request}-a").parse(),
            request.parse::<ClientRequestId>(),
        );
        let (Ok(answer), Ok(id)) = ids else { return };
        if self.running.read_untracked().is_some() {
            return done(false);
        }
        let answer = Answer::sketch(answer);
        let mut before = self.parts.get_untracked();
        let mut parts = before.clone();
        let later = self.later.get_untracked();
        if let Some(from) = &instead {
            // What is said here is the end from now on.
            self.later.set(None);
            cut(&mut parts, from);
            // What goes must be complete to come back, and without what has gone before.
            for part in before.iter_mut().skip(parts.len()) {
                if let Part::Finished { key, html } = part {
                    *html = log::html_of(LOG, key).into();
                }
            }
        }
        parts.extend(text.map(|text| Part::Sketch { key: request, text }));
        parts.push(Part::Answer(answer.clone()));
        self.parts.set(parts);
        self.note(|traffic| traffic.sending = true);
        self.run(answer.clone());
        dom::scroll_to_end(LOG);
        let asked = ask(id);
        spawn_local(async move {
            let sent = asked.await;
            done(sent.is_ok());
            match sent {
                Ok(sent) => self.accepted(&answer, sent),
                Err(error) => self.refuse(error, before, later),
            }
        });
    }

    /// Ends the answer that goes on; before the server knows it, as soon as it does.
    pub fn stop(self) {
        let (Some(thread), Some(answer)) = (self.id(), self.running.try_get_untracked().flatten())
        else {
            return;
        };
        self.stopping.set(true);
        let message = answer.id();
        if self.traffic.with_value(|traffic| traffic.sending) {
            return;
        }
        dom::focus(COMPOSER);
        spawn_local(async move {
            match stop_answer(thread, message).await {
                Ok(()) => nudge(),
                Err(error) => {
                    self.stopping.set(false);
                    self.refused.set(Some(unless_signed_out(error)));
                }
            }
        });
    }
}
