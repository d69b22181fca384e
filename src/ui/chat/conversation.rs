//! What is going on in one open thread.

use super::{COMPOSER, LOG};
use crate::api::messages::{edit_message, retry_answer, send_message, stop_answer};
use crate::api::threads::open_thread;
use crate::client::dom;
use crate::client::stream::{Follow, Link, follow};
use crate::shared::chat::{MessageStatus, MessageView, Role, Sent, Thread, ThreadView, ViewEvent};
use crate::shared::error::AppError;
use crate::shared::ids::{ClientRequestId, MessageId, ThreadId};
use crate::ui::state::threads::Threads;
use crate::ui::state::unless_signed_out;
use leptos::prelude::*;
use leptos::task::spawn_local;

/// One message on the page. Its signals outlive the page that shows them, because answers arrive when they want.
#[derive(Clone)]
pub(super) struct Entry {
    /// What tells it from the others, also before the server gave it an id.
    pub key: String,
    /// The message but for its live text.
    pub view: ArcRwSignal<MessageView>,
    /// The answer's HTML, a signal for each block, so that only what changed is painted.
    pub blocks: ArcRwSignal<Vec<ArcRwSignal<String>>>,
    /// The reasoning.
    pub thought: ArcRwSignal<String>,
}

impl Entry {
    fn new(mut view: MessageView) -> Self {
        let blocks = std::mem::take(&mut view.blocks);
        Self {
            key: view.id.to_string(),
            blocks: ArcRwSignal::new(blocks.into_iter().map(ArcRwSignal::new).collect()),
            thought: ArcRwSignal::new(view.reasoning.take().unwrap_or_default()),
            view: ArcRwSignal::new(view),
        }
    }

    /// A message that the server does not know yet.
    fn sketch(id: MessageId, role: Role, text: String) -> Self {
        Self::new(MessageView {
            id,
            role,
            text,
            blocks: Vec::new(),
            reasoning: None,
            status: if role == Role::User {
                MessageStatus::Complete
            } else {
                MessageStatus::Pending
            },
            finish_reason: None,
            error: None,
            model: None,
            key_mask: None,
            usage: None,
            timing: None,
            created_at: dom::now(),
            sibling: (1, 1),
        })
    }

    /// The id that the server knows it by.
    pub fn id(&self) -> MessageId {
        self.view.read_untracked().id.clone()
    }

    /// Takes the message as it is stored, painting only what differs.
    fn settle(&self, mut view: MessageView) {
        let new = std::mem::take(&mut view.blocks);
        self.thought.set(view.reasoning.take().unwrap_or_default());
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
        self.view.set(view);
    }

    fn patch(&self, index: usize, at: usize, html: &str) {
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
        if self.view.read_untracked().status == MessageStatus::Pending {
            self.view
                .update(|view| view.status = MessageStatus::Streaming);
        }
    }
}

/// An open thread.
#[derive(Clone, Copy)]
pub(super) struct Conversation {
    /// The thread.
    pub thread: RwSignal<Thread>,
    /// Its messages, oldest first.
    pub entries: RwSignal<Vec<Entry>>,
    /// What to ask the messages before these with.
    pub earlier: RwSignal<Option<i64>>,
    /// The answer that is going on; its id is not the server's while the send is on its way.
    pub running: RwSignal<Option<Entry>>,
    /// Whether the person asked for an end.
    pub stopping: RwSignal<bool>,
    /// How the stream's connection stands.
    pub link: RwSignal<Link>,
    /// What a screen reader is told.
    pub said: RwSignal<&'static str>,
    /// Why the last send, retry or edit was not taken.
    pub refused: RwSignal<Option<AppError>>,
    /// Whether something ended while the tab was not seen.
    pub unseen: RwSignal<bool>,
    followed: StoredValue<Option<Follow>>,
    threads: Threads,
}

impl Conversation {
    /// A thread as it was loaded.
    pub fn new(view: ThreadView) -> Self {
        Self {
            thread: RwSignal::new(view.thread),
            entries: RwSignal::new(view.messages.into_iter().map(Entry::new).collect()),
            earlier: RwSignal::new(view.earlier),
            running: RwSignal::new(None),
            stopping: RwSignal::new(false),
            link: RwSignal::new(Link::Open),
            said: RwSignal::new(""),
            refused: RwSignal::new(None),
            unseen: RwSignal::new(false),
            followed: StoredValue::new(None),
            threads: expect_context::<Threads>(),
        }
    }

    fn id(self) -> Option<ThreadId> {
        self.thread.try_with_untracked(|thread| thread.id.clone())
    }

    /// Follows the last answer if it goes on. For effects.
    pub fn attach(self) {
        let last = self
            .entries
            .with_untracked(|entries| entries.last().cloned());
        let live = last.filter(|entry| {
            let view = entry.view.read_untracked();
            view.role == Role::Assistant && !view.status.is_final()
        });
        if let Some(entry) = live {
            self.run(entry.clone());
            self.follow(entry);
        }
        on_cleanup(move || {
            if self.threads.answering.get_untracked() == self.id() {
                self.threads.answering.set(None);
            }
            _ = self.followed.try_set_value(None);
        });
    }

    fn run(self, entry: Entry) {
        _ = self.followed.try_set_value(None);
        self.running.set(Some(entry));
        self.stopping.set(false);
        self.refused.set(None);
        self.said.set("Answering");
        self.threads.answering.set(self.id());
    }

    fn rest(self) {
        self.running.set(None);
        self.stopping.set(false);
        self.threads.answering.set(None);
    }

    fn follow(self, entry: Entry) {
        let Some(thread) = self.id() else { return };
        let url = format!(
            "/api/threads/{thread}/messages/{}/stream?view=html",
            entry.id()
        );
        // After a reset everything is said again; what stands is written over, so that nothing flickers.
        let again = std::cell::Cell::new(false);
        let receive = move |event: ViewEvent| match event {
            ViewEvent::Reset => again.set(true),
            ViewEvent::Patch { b, at, h } => entry.patch(b, at, &h),
            ViewEvent::Think { t } => {
                if again.replace(false) {
                    entry.thought.set(t);
                } else {
                    entry.thought.update(|thought| thought.push_str(&t));
                }
                if entry.view.read_untracked().status == MessageStatus::Pending {
                    entry
                        .view
                        .update(|view| view.status = MessageStatus::Streaming);
                }
            }
            ViewEvent::End { m } => {
                self.said.set(match m.status {
                    MessageStatus::Failed => "The answer failed",
                    MessageStatus::Stopped => "The answer was stopped",
                    _ => "The answer is complete",
                });
                entry.settle(*m);
                self.unseen.set(!dom::visible());
                self.rest();
                if self
                    .entries
                    .try_with_untracked(Vec::len)
                    .is_some_and(|count| count <= 2)
                {
                    spawn_local(self.threads.refresh());
                }
            }
        };
        let followed = follow(url, receive, move |link| self.link.set(link));
        _ = self.followed.try_set_value(Some(followed));
    }

    /// Takes what the server stored in the place of the sketches.
    fn accepted(self, user: &Entry, answer: &Entry, sent: Sent) {
        user.settle(sent.user);
        answer.settle(sent.answer);
        if answer.view.read_untracked().status.is_final() {
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

    fn refuse(self, error: AppError, before: Vec<Entry>) {
        self.entries.set(before);
        self.rest();
        self.refused.set(Some(unless_signed_out(error)));
        self.said.set("The message was not sent");
    }

    /// Sends a message; `done` hears whether it was taken.
    pub fn send(self, text: String, done: impl FnOnce(bool) + 'static) {
        self.say(None, text, done);
    }

    /// Says something else in a message's place. The old branch stays on the server.
    pub fn edit(self, entry: &Entry, text: String) {
        self.say(Some(entry), text, |_| {});
    }

    fn say(self, instead: Option<&Entry>, text: String, done: impl FnOnce(bool) + 'static) {
        let request = dom::request_id();
        let ids = (
            format!("{request}-q").parse(),
            format!("{request}-a").parse(),
            request.parse::<ClientRequestId>(),
        );
        let (Some(thread), (Ok(user), Ok(answer), Ok(request))) = (self.id(), ids) else {
            return;
        };
        let user = Entry::sketch(user, Role::User, text.clone());
        let answer = Entry::sketch(answer, Role::Assistant, String::new());
        let before = self.entries.get_untracked();
        let replaced = instead.map(Entry::id);
        self.entries.update(|entries| {
            if let Some(at) =
                instead.and_then(|old| entries.iter().position(|entry| entry.key == old.key))
            {
                entries.truncate(at);
            }
            entries.extend([user.clone(), answer.clone()]);
        });
        self.run(answer.clone());
        dom::scroll_to_end(LOG);
        spawn_local(async move {
            let sent = match replaced {
                None => send_message(thread, text, request).await,
                Some(message) => edit_message(thread, message, text, request).await,
            };
            done(sent.is_ok());
            match sent {
                Ok(sent) => self.accepted(&user, &answer, sent),
                Err(error) => self.refuse(error, before),
            }
        });
    }

    /// Asks for another answer in an answer's place. The old one stays on the server.
    pub fn retry(self, entry: &Entry) {
        let request = dom::request_id();
        let ids = (
            format!("{request}-a").parse(),
            request.parse::<ClientRequestId>(),
        );
        let (Some(thread), (Ok(answer), Ok(request))) = (self.id(), ids) else {
            return;
        };
        let before = self.entries.get_untracked();
        let Some(at) = before.iter().position(|known| known.key == entry.key) else {
            return;
        };
        let Some(user) = at.checked_sub(1).and_then(|at| before.get(at).cloned()) else {
            return;
        };
        let message = entry.id();
        let answer = Entry::sketch(answer, Role::Assistant, String::new());
        self.entries.update(|entries| {
            entries.truncate(at);
            entries.push(answer.clone());
        });
        self.run(answer.clone());
        dom::scroll_to_end(LOG);
        spawn_local(async move {
            match retry_answer(thread, message, request).await {
                Ok(sent) => self.accepted(&user, &answer, sent),
                Err(error) => self.refuse(error, before),
            }
        });
    }

    /// Ends the answer that goes on; before the server knows it, as soon as it does.
    pub fn stop(self) {
        let (Some(thread), Some(entry)) = (self.id(), self.running.try_get_untracked().flatten())
        else {
            return;
        };
        self.stopping.set(true);
        let message = entry.id();
        if message.as_str() == entry.key && self.followed.with_value(Option::is_none) {
            return;
        }
        dom::focus(COMPOSER);
        spawn_local(async move {
            if let Err(error) = stop_answer(thread, message).await {
                self.stopping.set(false);
                self.refused.set(Some(unless_signed_out(error)));
            }
        });
    }

    /// Loads the messages before these.
    pub async fn load_earlier(self) -> Result<(), AppError> {
        let Some(id) = self.id() else { return Ok(()) };
        let view = open_thread(id, self.earlier.get_untracked()).await?;
        self.earlier.set(view.earlier);
        self.entries.update(|entries| {
            entries.splice(0..0, view.messages.into_iter().map(Entry::new));
        });
        Ok(())
    }
}
