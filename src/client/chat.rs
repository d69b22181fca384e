//! The chat.

pub mod answer;
pub mod compare;
pub mod composer;
pub mod conversation;
pub mod dock;
pub mod editor;
pub mod means;
pub mod moving;
pub mod new_chat;
pub mod options;
pub mod picker;
pub mod presses;
pub mod queue;
pub mod refusal;
pub mod rethink;
mod sends;
pub mod slash;

use super::log::Press;
use super::{dom, elsewhere, overlays};
use crate::shared::activity::ThreadState;
use crate::shared::ids::{MessageId, ThreadId};
use crate::shared::model::Choice;
use conversation::{Conversation, place_in};
use std::cell::RefCell;
use std::rc::Rc;
use web_sys::Element;

/// The element that scrolls the messages.
pub const LOG: &str = "log";

thread_local! {
    /// The threads on the page: one, or those that are compared.
    static OPEN: RefCell<Vec<Rc<Conversation>>> = const { RefCell::new(Vec::new()) };
}

/// Hears what is pressed in all chats.
pub fn start() {
    for start in [
        presses::start,
        compare::start,
        picker::start,
        options::start,
        new_chat::start,
        dock::start,
        editor::start,
        rethink::start,
    ] {
        start();
    }
    dom::on_window("hashchange", |_| {
        let hash = dom::window().and_then(|window| window.location().hash().ok());
        let message = hash.as_deref().and_then(message_of_hash);
        if let (Some(conversation), Some(message)) = (current(), message) {
            conversation.go_to(message);
        }
    });
}

/// Binds the chat of a page, if it has one that is not bound yet.
pub fn attach() {
    let known = all();
    let stale = known.iter().any(|one| !one.root().is_connected());
    if stale {
        detach();
    }
    if known.is_empty() || stale {
        begin();
    } else if let Some(conversation) = current() {
        dock::attach(&conversation);
    }
    new_chat::attach();
    compare::attach();
}

fn begin() {
    let log: Option<Element> = dom::by_id(LOG);
    let own = log.and_then(|log| {
        let root = log.first_element_child()?;
        Conversation::new(root, &log)
    });
    let open = match own {
        Some(own) => vec![own],
        None => compare::sides(),
    };
    OPEN.set(open.clone());
    for conversation in open {
        if conversation.is_docked() {
            elsewhere::show(Some(conversation.id()));
            dock::attach(&conversation);
        }
        conversation.begin();
        if conversation.is_docked() {
            conversation.look_soon();
            come(&conversation);
            editor::resume();
        }
    }
}

/// Lets go of the chat, whose page is about to go.
pub fn detach() {
    let open = OPEN.take();
    if open.iter().any(|one| one.is_docked()) {
        elsewhere::show(None);
        dock::detach();
    }
    for conversation in open {
        conversation.leave();
    }
    moving::over();
}

fn all() -> Vec<Rc<Conversation>> {
    OPEN.with_borrow(Clone::clone)
}

/// Ends the answers that go on.
fn stop_all() {
    for conversation in all() {
        if !conversation.is_stopping() {
            conversation.stop();
        }
    }
}

/// The server's clock is known better than before: what waits for a time waits for another moment.
pub fn clock_set() {
    for conversation in all() {
        conversation.count();
    }
}

/// How a thread stands on the server, none when it is gone.
pub fn hear(thread: &ThreadId, state: Option<ThreadState>) {
    if let Some(conversation) = current_of(thread) {
        conversation.hear(state);
    }
}

/// A thread has another title.
pub fn titled(thread: &ThreadId, title: &str) {
    if let Some(conversation) = current_of(thread) {
        conversation.titled(title);
    }
}

/// The conversation of the page.
#[must_use]
pub fn current() -> Option<Rc<Conversation>> {
    all().into_iter().find(|one| one.is_docked())
}

fn current_of(thread: &ThreadId) -> Option<Rc<Conversation>> {
    current().filter(|one| one.id() == *thread)
}

/// The conversation in which a button was pressed.
fn conversation_of(press: &Press) -> Option<Rc<Conversation>> {
    all().into_iter().find(|one| press.is_in(one.root()))
}

/// A model was picked on the page of a thread; false if this is none.
pub fn picked(choice: Choice) -> bool {
    let Some(thread) = current().map(|conversation| conversation.thread()) else {
        return false;
    };
    if choice.provider != thread.provider || choice.model != thread.model {
        moving::ask(choice);
    }
    true
}

/// What the address of a thread's page asks for.
struct Asked {
    thread: ThreadId,
    /// The message that it names.
    message: Option<MessageId>,
    /// Whether it asks for messages before or after some others.
    pages: bool,
}

impl Asked {
    fn of(address: &str) -> Option<Self> {
        let (address, hash) = address.split_once('#').unwrap_or((address, ""));
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let at = query.split('&').find_map(|field| field.strip_prefix("at="));
        Some(Self {
            thread: path.strip_prefix("/chat/")?.parse().ok()?,
            message: at
                .and_then(|at| at.parse().ok())
                .or_else(|| message_of_hash(hash)),
            pages: ["before=", "after="]
                .iter()
                .any(|name| query.split('&').any(|field| field.starts_with(name))),
        })
    }
}

fn message_of_hash(hash: &str) -> Option<MessageId> {
    hash.trim_start_matches('#')
        .strip_prefix("m-")?
        .parse()
        .ok()
}

/// Leads to the message that the address names, or else back to where this tab read the thread last.
fn come(conversation: &Rc<Conversation>) {
    let hash = dom::window().and_then(|window| window.location().hash().ok());
    let hash = hash.unwrap_or_default();
    if hash == "#options" {
        overlays::open("options");
    }
    let asked = Asked::of(&[dom::here(), hash].concat());
    let Some(Asked {
        thread,
        message,
        pages,
    }) = asked
    else {
        return;
    };
    if let Some(message) = message {
        conversation.go_to(message);
    } else if let Some(place) = place_in(&thread).filter(|_| !pages) {
        super::time::spawn(Rc::clone(conversation).return_to(place));
    }
}

/// Goes to an address without asking for its page, if that is the page which is open: a message of its thread is shown.
pub fn arrive(address: &str) -> bool {
    let Some(asked) = Asked::of(address).filter(|asked| !asked.pages) else {
        return false;
    };
    let Some(conversation) = current_of(&asked.thread) else {
        return false;
    };
    if let Some(message) = asked.message {
        conversation.go_to(message);
    }
    true
}

/// What to ask the server for when an address is visited: a thread that this tab read further up comes with what was read.
#[must_use]
pub fn fetched(address: &str) -> String {
    let place = Asked::of(address)
        .filter(|_| !address.contains(['?', '#']))
        .and_then(|asked| place_in(&asked.thread));
    match place {
        Some(place) => [address, "?at=", place.message.as_str()].concat(),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_which_messages_are_wanted() {
        for (address, message, pages) in [
            ("/chat/t", None, false),
            ("/chat/t?at=m", Some("m"), false),
            ("/chat/t?at=m#m-n", Some("m"), false),
            ("/chat/t#m-n", Some("n"), false),
            ("/chat/t#note-1", None, false),
            ("/chat/t?before=7", None, true),
            ("/chat/t?x=1&after=7", None, true),
        ] {
            let asked = Asked::of(address).expect(address);
            assert_eq!(asked.thread.as_str(), "t");
            let named = asked.message.as_ref().map(MessageId::as_str);
            assert_eq!((named, asked.pages), (message, pages), "{address}");
        }
        for other in ["/chat", "/chat?model=a", "/settings", "/chat/"] {
            assert!(Asked::of(other).is_none(), "{other}");
        }
    }
}
