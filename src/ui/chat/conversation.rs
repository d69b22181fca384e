//! What is going on in one open thread.

use super::{COMPOSER, LOG};
use crate::api::messages::{edit_message, retry_answer, send_message, stop_answer};
use crate::api::threads::open_thread;
use crate::client::activity::nudge;
use crate::client::dom;
use crate::client::stream::{Follow, Link, follow};
use crate::shared::activity::ThreadState;
use crate::shared::chat::{MessageStatus, MessageView, Role, Sent, Thread, ThreadView, ViewEvent};
use crate::shared::error::{AppError, ErrorCode};
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

    /// Whether it is an answer that is still being written.
    fn is_live(&self) -> bool {
        let view = self.view.read_untracked();
        view.role == Role::Assistant && !view.status.is_final()
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
    /// Whether the thread was deleted elsewhere.
    pub gone: RwSignal<bool>,
    traffic: StoredValue<Traffic>,
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
            gone: RwSignal::new(false),
            traffic: StoredValue::new(Traffic::default()),
            threads: expect_context::<Threads>(),
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
        if let Some(entry) = self.last().filter(Entry::is_live) {
            self.run(entry.clone());
            self.follow(entry);
        }
        on_cleanup(move || self.note(|traffic| traffic.followed = None));
    }

    fn last(self) -> Option<Entry> {
        self.entries
            .try_with_untracked(|entries| entries.last().cloned())
            .flatten()
    }

    fn run(self, entry: Entry) {
        self.note(|traffic| traffic.followed = None);
        self.running.set(Some(entry));
        self.stopping.set(false);
        self.refused.set(None);
        self.link.set(Link::Open);
        self.said.set("Answering");
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
            MessageStatus::Failed => "The answer failed",
            MessageStatus::Stopped => "The answer was stopped",
            _ => "The answer is complete",
        });
        self.unseen.set(!dom::visible());
        self.rest();
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
                let status = m.status;
                entry.settle(*m);
                self.ended(status);
            }
        };
        let followed = follow(url, receive, move |link| self.link.set(link));
        self.note(|traffic| traffic.followed = Some(followed));
    }

    /// Takes what the server stored in the place of the sketches.
    fn accepted(self, user: &Entry, answer: &Entry, sent: Sent) {
        self.note(|traffic| traffic.sending = false);
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
        self.note(|traffic| traffic.sending = false);
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
        self.note(|traffic| traffic.sending = true);
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
        self.note(|traffic| traffic.sending = true);
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

    /// Hears how the thread stands on the server, none when it is gone, and catches up with what was done elsewhere.
    pub fn hear(self, state: Option<ThreadState>) {
        let gone = state.is_none();
        if self.gone.get_untracked() != gone {
            self.gone.set(gone);
        }
        let Some(state) = state else {
            return self.abandon();
        };
        // A send that is on its way hears from its own answer.
        if self.traffic.with_value(|traffic| traffic.sending) {
            return self.mark();
        }
        let same = self.state().as_ref() == Some(&state);
        if same {
            self.note(|traffic| traffic.renewed = None);
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

    /// Whether an answer goes on that can not be followed, only loaded again and again.
    fn is_deaf(self) -> bool {
        self.running.read_untracked().is_some()
            && matches!(self.link.get_untracked(), Link::Waiting | Link::Dead)
    }

    /// The state of what is shown.
    fn state(self) -> Option<ThreadState> {
        let last = self.last();
        let live = last.as_ref().is_some_and(Entry::is_live);
        let tip = last.as_ref().map(Entry::id);
        self.thread
            .try_with_untracked(|thread| ThreadState::new(thread, tip, live))
    }

    fn abandon(self) {
        if self.running.read_untracked().is_some() {
            self.note(|traffic| traffic.followed = None);
            self.rest();
        }
    }

    async fn renew(self, state: ThreadState) {
        let before = self.last().map(|last| last.key);
        let Some(id) = self.id() else { return };
        let loaded = open_thread(id, None).await;
        self.note(|traffic| traffic.renewing = false);
        if self.traffic.is_disposed() {
            return;
        }
        // What was sent here in the meantime is newer than what was loaded.
        let overtaken = self.last().map(|last| last.key) != before;
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
        let known = self.entries.get_untracked();
        let place = |id: &MessageId| known.iter().position(|entry| entry.id() == *id);
        // A message has one path to the root, so what stands above a known one is above it still.
        let first = view.messages.first().and_then(|first| place(&first.id));
        let mut entries = known.get(..first.unwrap_or(0)).unwrap_or_default().to_vec();
        if entries.is_empty() {
            self.earlier.set(view.earlier);
        }
        let streamed = self.running.get_untracked().filter(|_| !self.is_deaf());
        for message in view.messages {
            let entry = place(&message.id).and_then(|at| known.get(at).cloned());
            entries.push(match entry {
                Some(entry) => {
                    let own = streamed.as_ref().is_some_and(|own| own.key == entry.key);
                    if !own || message.status.is_final() {
                        entry.settle(message);
                    }
                    entry
                }
                None => Entry::new(message),
            });
        }
        if !entries
            .iter()
            .map(|entry| &entry.key)
            .eq(known.iter().map(|entry| &entry.key))
        {
            self.entries.set(entries);
        }
        let live = self.last().filter(Entry::is_live);
        match (self.running.get_untracked(), live) {
            (Some(old), Some(new)) if old.key == new.key => self.mark(),
            (_, Some(new)) => {
                self.run(new.clone());
                self.follow(new);
            }
            (Some(old), None) => {
                self.note(|traffic| traffic.followed = None);
                self.ended(old.view.read_untracked().status);
            }
            (None, None) => {}
        }
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
