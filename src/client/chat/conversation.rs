//! What is going on in one open thread. What is shown of it stands in the document, and nowhere else.

mod asking;
mod elsewhere;
mod parts;
mod window;

pub use window::place_in;

use super::answer::Answer;
use super::refusal::{self, Again};
use super::{compare, dock, queue, sends};
use crate::api::messages::stop_answer;
use crate::client::activity::nudge;
use crate::client::dom::{self, attr, toggle_attr};
use crate::client::server::unless_signed_out;
use crate::client::stream::{Follow, Link, follow};
use crate::client::time::{Timer, every, later, spawn};
use crate::client::{log, side, unread, visit, words};
use crate::shared::activity::ThreadState;
use crate::shared::chat::{MessageStatus, Thread, ViewEvent};
use crate::shared::error::AppError;
use crate::shared::ids::{MessageId, ThreadId};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use web_sys::Element;

/// Hears whether something was taken.
pub type Done = Box<dyn FnOnce(bool)>;

/// An open thread.
pub struct Conversation {
    /// What its messages stand in.
    root: Element,
    /// What scrolls them, where this is the thread of the page. Other threads have no composer either.
    log: Option<Element>,
    thread: RefCell<Thread>,
    /// What to ask the messages before these with.
    earlier: Cell<Option<i64>>,
    /// What to ask the messages after these with, where these are not the newest.
    later: Cell<Option<i64>>,
    /// The answer that goes on; its id is not the server's while the send is on its way.
    running: RefCell<Option<Rc<Answer>>>,
    /// Its stream.
    followed: RefCell<Option<Follow>>,
    /// Whether the person asked for its end.
    stopping: Cell<bool>,
    /// Whether another answer is to be asked for then.
    anew: Cell<bool>,
    /// How the stream's connection stands.
    link: Cell<Link>,
    /// Whether the thread was deleted elsewhere.
    gone: Cell<bool>,
    /// Whether its page was left.
    left: Cell<bool>,
    /// Whether a send, retry or edit is on its way.
    sending: Cell<bool>,
    /// Whether the thread is, once more.
    renewing: Cell<bool>,
    /// The state that it was loaded once more for.
    renewed: RefCell<Option<ThreadState>>,
    /// The state in which it is kept for when there is no network.
    kept: RefCell<Option<ThreadState>>,
    /// Whether messages around those that are shown are on their way.
    paging: Cell<bool>,
    /// Whether that failed last. Then only the links load more, so that a server in trouble is not asked with every turn of
    /// the wheel.
    failed: Cell<bool>,
    /// Whether the reader is away from the end.
    away: Cell<bool>,
    /// Whether the place of reading is about to be remembered.
    remembering: Cell<bool>,
    /// How often all messages were changed for others.
    generation: Cell<u32>,
    /// Counts the seconds down that buttons wait.
    ticks: RefCell<Option<Timer>>,
}

impl Conversation {
    /// The thread whose messages the server printed into `root`; `holder` says which it is.
    #[must_use]
    pub fn new(root: Element, holder: &Element) -> Option<Rc<Self>> {
        let thread = serde_json::from_str(&attr(holder, "data-thread")).ok()?;
        let log = (holder.id() == super::LOG).then(|| holder.clone());
        Some(Rc::new(Self {
            root,
            log,
            thread: RefCell::new(thread),
            earlier: Cell::new(attr(holder, "data-earlier").parse().ok()),
            later: Cell::new(attr(holder, "data-later").parse().ok()),
            running: RefCell::default(),
            followed: RefCell::default(),
            stopping: Cell::new(false),
            anew: Cell::new(false),
            link: Cell::new(Link::Open),
            gone: Cell::new(false),
            left: Cell::new(false),
            sending: Cell::new(false),
            renewing: Cell::new(false),
            renewed: RefCell::default(),
            kept: RefCell::default(),
            paging: Cell::new(false),
            failed: Cell::new(false),
            away: Cell::new(false),
            remembering: Cell::new(false),
            generation: Cell::new(0),
            ticks: RefCell::default(),
        }))
    }

    /// Follows the last answer if it goes on.
    pub fn begin(self: &Rc<Self>) {
        let last = self.last_part().and_then(Answer::printed);
        if let Some(answer) = last {
            self.run(&answer);
            self.follow(&answer);
        }
        self.changed_parts();
    }

    /// Lets go of everything: the page is about to go. What is on its way finds nothing to change any more.
    pub fn leave(&self) {
        self.left.set(true);
        drop(self.followed.take());
        drop(self.running.take());
        drop(self.ticks.take());
    }

    /// What its messages stand in.
    #[must_use]
    pub const fn root(&self) -> &Element {
        &self.root
    }

    /// Whether it has a composer below.
    #[must_use]
    pub const fn is_docked(&self) -> bool {
        self.log.is_some()
    }

    /// The thread's id.
    #[must_use]
    pub fn id(&self) -> ThreadId {
        self.thread.borrow().id.clone()
    }

    /// The thread.
    #[must_use]
    pub fn thread(&self) -> Thread {
        self.thread.borrow().clone()
    }

    /// Whether an answer goes on.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.running.borrow().is_some()
    }

    /// Whether that answer was asked to end.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.get()
    }

    /// Whether the thread was deleted elsewhere.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.gone.get()
    }

    /// How the stream's connection stands.
    #[must_use]
    pub fn link(&self) -> Link {
        self.link.get()
    }

    /// The last message of the person.
    #[must_use]
    pub fn last_question(&self) -> Option<MessageId> {
        log::last_question(&self.root)
    }

    /// Takes the thread as it is stored with what was changed here.
    pub fn changed(&self, thread: Thread) {
        let before = self.thread.replace(thread.clone());
        if before == thread || self.left.get() || !self.is_docked() {
            return;
        }
        if before.title != thread.title {
            self.say_title();
        }
        if before.pool_fallback != thread.pool_fallback {
            dock::pool(thread.pool_fallback);
            // It may be the only one that can answer.
            visit::refresh();
        }
    }

    /// Takes the thread as it is on the server. What says its settings may be others, too.
    fn take_thread(&self, thread: Thread) {
        let before = self.thread.borrow().clone();
        let other =
            before.system_prompt != thread.system_prompt || before.settings != thread.settings;
        self.changed(thread);
        if other && self.is_docked() {
            visit::refresh();
        }
    }

    /// Takes another title.
    pub fn titled(&self, title: &str) {
        if self.thread.borrow().title != title {
            title.clone_into(&mut self.thread.borrow_mut().title);
            self.say_title();
        }
    }

    fn say_title(&self) {
        let untitled = words().begin.title;
        let title = self.thread.borrow().name_or(untitled).to_owned();
        if let Some(heading) = dom::one(".top-title") {
            heading.set_text_content(Some(&title));
            dom::replay(&heading, "renamed");
        }
        unread::set_title(&[&title, " · KeyLM"].concat());
    }

    fn running(&self) -> Option<Rc<Answer>> {
        self.running.borrow().clone()
    }

    /// Tells a screen reader.
    fn say_status(&self, text: &str) {
        if self.is_docked() {
            dock::said(text);
        } else if let Some(line) = dom::find(&self.root, ":scope > [role=status]") {
            line.set_text_content(Some(text));
        }
    }

    /// Says that something about what goes on is different.
    fn tell(self: &Rc<Self>) {
        if let Some(log) = &self.log {
            toggle_attr(log, "data-busy", self.is_busy());
            dock::changed(self);
        } else {
            compare::changed(self);
        }
    }

    fn refused(&self, error: Option<AppError>) {
        self.refused_once(error, None);
    }

    /// Says why something was not taken; `again` tries it once more.
    fn refused_once(&self, error: Option<AppError>, again: Option<Again>) {
        // By then the dock may be another thread's.
        if self.left.get() {
            return;
        }
        let error = error.map(unless_signed_out);
        if self.is_docked() {
            dock::refused(error.as_ref(), again);
        } else {
            compare::refused(&self.root, error.as_ref());
        }
    }

    fn over(self: &Rc<Self>, status: MessageStatus) {
        if self.is_docked() {
            dock::ended(self, status);
        }
    }

    fn run(self: &Rc<Self>, answer: &Rc<Answer>) {
        drop(self.followed.take());
        self.running.replace(Some(Rc::clone(answer)));
        self.stopping.set(false);
        self.anew.set(false);
        self.link.set(Link::Open);
        self.refused(None);
        self.say_status(words().chat.answering);
        self.tell();
        self.mark();
    }

    fn rest(self: &Rc<Self>) {
        drop(self.running.take());
        self.stopping.set(false);
        self.tell();
        self.mark();
        self.changed_parts();
    }

    fn mark(&self) {
        side::mark(&self.id(), self.is_busy());
    }

    fn ended(self: &Rc<Self>, status: MessageStatus) {
        let words = &words().chat;
        self.say_status(match status {
            MessageStatus::Failed => words.failed,
            MessageStatus::Stopped => words.stopped,
            _ => words.complete,
        });
        if !dom::visible() {
            unread::add(&self.id());
        }
        let stopped = self.running().filter(|_| status == MessageStatus::Stopped);
        let anew = stopped.filter(|_| self.anew.get());
        self.rest();
        if let Some(answer) = anew {
            // As soon as the stream that told it is closed.
            let own = Rc::clone(self);
            later(0, move || own.retry(answer.id(), None, None));
        } else {
            self.over(status);
        }
    }

    fn follow(self: &Rc<Self>, answer: &Rc<Answer>) {
        let thread = self.id();
        let message = answer.id();
        let url = [
            "/api/threads/",
            thread.as_str(),
            "/messages/",
            message.as_str(),
            "/stream?view=html",
        ];
        let (own, answer) = (Rc::downgrade(self), Rc::clone(answer));
        let receive = move |event: ViewEvent| match event {
            ViewEvent::Reset => answer.reset(),
            ViewEvent::Patch { b, at, h } => {
                if answer.patch(b, at, &h)
                    && let Some(own) = own.upgrade()
                {
                    own.arrived();
                }
            }
            ViewEvent::Think { t } => answer.think(&t),
            ViewEvent::Thought { t } => answer.thought(&t),
            ViewEvent::End { m } => {
                let status = m.status;
                answer.settle(*m);
                if let Some(own) = own.upgrade().filter(|own| !own.left.get()) {
                    own.ended(status);
                }
            }
        };
        let own = Rc::downgrade(self);
        let hear = move |link| {
            if let Some(own) = own.upgrade().filter(|own| own.link.get() != link) {
                own.link.set(link);
                own.tell();
                own.catch_up();
            }
        };
        let followed = follow(url.concat(), Box::new(receive), Box::new(hear));
        self.followed.replace(Some(followed));
    }

    /// Something that was not there has come. Who reads further up is told.
    fn arrived(&self) {
        if self.away.get() && !self.left.get() {
            dock::fresh();
        }
    }

    /// Ends the answer that goes on, and asks for another one in its place.
    pub fn start_over(self: &Rc<Self>) {
        self.anew.set(true);
        self.stop();
    }

    /// Ends the answer that goes on; before the server knows it, as soon as it does.
    pub fn stop(self: &Rc<Self>) {
        let Some(answer) = self.running() else { return };
        let thread = self.id();
        self.stopping.set(true);
        self.tell();
        if self.sending.get() {
            return;
        }
        if self.is_docked() && !dom::is_touch() {
            dom::focus(super::composer::TEXT);
        }
        let own = Rc::clone(self);
        spawn(async move {
            match stop_answer(thread, answer.id()).await {
                Ok(()) => nudge(),
                Err(_) if own.left.get() => {}
                Err(error) => {
                    own.stopping.set(false);
                    own.anew.set(false);
                    own.tell();
                    own.refused(Some(error));
                }
            }
        });
    }

    /// The messages are others: a button among them may have to wait for its time, and they may fill more of the window.
    fn changed_parts(self: &Rc<Self>) {
        let own = Rc::downgrade(self);
        later(0, move || {
            if let Some(own) = own.upgrade().filter(|own| !own.left.get()) {
                own.count();
                own.measure();
                own.settle();
            }
        });
    }

    /// What is on the page was taken, and waits for nothing any more.
    fn settle(&self) {
        if self.is_docked() {
            if sends::settle() {
                refusal::clear();
            }
            queue::show(&self.id());
        }
    }

    /// Says how much of the model's window the chat fills. While an answer goes on that stays as it was.
    fn measure(&self) {
        if self.is_docked() && !self.is_busy() {
            let end = self.later.get().is_none();
            dock::filled(end.then(|| log::tokens(&self.root)).flatten());
        }
    }

    /// Says on the buttons that wait how long, each second while there is one.
    pub fn count(self: &Rc<Self>) {
        if self.left.get() || !log::count_down(&self.root) {
            drop(self.ticks.take());
        } else if self.ticks.borrow().is_none() {
            let own = Rc::downgrade(self);
            let tick = move || {
                if let Some(own) = own.upgrade() {
                    own.count();
                }
            };
            self.ticks.replace(Some(every(1_000, tick)));
        }
    }
}
