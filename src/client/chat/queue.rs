//! What was written while an answer goes on, to be sent one after the other. This browser remembers it for each thread.

use super::conversation::Conversation;
use super::{dock, sends};
use crate::client::{dom, storage};
use crate::shared::ids::ThreadId;
use std::cell::RefCell;
use std::rc::Rc;
use web_sys::Element;

thread_local! {
    /// What was sent last, until the server has said whether it took it.
    static SENDING: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Where a text is kept: by the name of its send, which begins with the time. So tabs that do something at once do nothing to each
/// other's texts, and if two send the same one, the server takes it once.
fn key(thread: &ThreadId, name: &str) -> String {
    ["queue:", thread.as_str(), ":", name].concat()
}

/// The names of what waits. What is on the page waits no more.
fn names(thread: &ThreadId) -> Vec<String> {
    let start = key(thread, "");
    let mut names = Vec::new();
    for key in storage::names(&start) {
        let name = key.trim_start_matches(&*start);
        if sends::is_shown(name) {
            storage::set(&key, "");
        } else if SENDING.with_borrow(|sending| sending != name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn text_of(thread: &ThreadId, name: &str) -> String {
    storage::get(&key(thread, name)).unwrap_or_default()
}

/// Shows what waits for a thread, if its page is open. Rows that stay are written over, so that the keyboard stays too.
pub(super) fn show(thread: &ThreadId) {
    let open = dock::conversation().filter(|open| open.id() == *thread);
    let (Some(open), Some(queue)) = (open, dom::one(".queue")) else {
        return;
    };
    let names = names(thread);
    dom::toggle_attr(&queue, "hidden", names.is_empty());
    if let Some(button) = dom::find(&queue, "[data-do=send-queued]") {
        dom::toggle_attr(&button, "hidden", open.is_busy());
    }
    let Some(list) = dom::find(&queue, "ul") else {
        return;
    };
    let mut row = list.first_element_child();
    for name in names {
        let Some(chip) = row.or_else(|| add_row(&list)) else {
            return;
        };
        if let Some(words) = dom::find(&chip, "span") {
            words.set_text_content(Some(&text_of(thread, &name)));
        }
        _ = chip.set_attribute("data-id", &name);
        row = chip.next_element_sibling();
    }
    while let Some(over) = row {
        row = over.next_element_sibling();
        over.remove();
    }
}

fn add_row(list: &Element) -> Option<Element> {
    let chip = dom::template("chip")?;
    list.append_child(&chip).ok()?;
    Some(chip)
}

/// Lets a message wait; says whether this browser keeps it.
pub(super) fn add(conversation: &Rc<Conversation>, name: &str, text: &str) -> bool {
    let thread = conversation.id();
    storage::set(&key(&thread, name), text);
    show(&thread);
    text_of(&thread, name) == text
}

/// Takes away all that waits for a thread.
pub(super) fn take_all(thread: &ThreadId) -> Vec<String> {
    let take = |name: String| {
        let text = text_of(thread, &name);
        storage::set(&key(thread, &name), "");
        text
    };
    names(thread).into_iter().map(take).collect()
}

/// Takes the message away whose row something is in.
pub(super) fn remove(conversation: &Rc<Conversation>, button: &Element) {
    if let Ok(Some(row)) = button.closest("[data-id]") {
        add(conversation, &dom::attr(&row, "data-id"), "");
    }
}

/// Sends the next one, if there is one. It is kept until the server has taken it.
pub(super) fn send_next(conversation: &Rc<Conversation>) -> bool {
    let thread = conversation.id();
    let Some(name) = names(&thread).into_iter().next() else {
        return false;
    };
    let text = text_of(&thread, &name);
    SENDING.set(name.clone());
    show(&thread);
    let sent = name.clone();
    let done = move |taken: bool| {
        // Another thread's may have been sent since.
        SENDING.with_borrow_mut(|sending| {
            if *sending == sent {
                sending.clear();
            }
        });
        if taken {
            storage::set(&key(&thread, &sent), "");
        }
        show(&thread);
    };
    let own = Rc::clone(conversation);
    let again = Rc::new(move || _ = send_next(&own));
    conversation.send(name, text, again, Box::new(done));
    true
}
