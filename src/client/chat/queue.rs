//! What was written while an answer goes on, to be sent one after the other. This browser remembers it for each thread.

use super::conversation::Conversation;
use super::dock;
use crate::client::{dom, storage};
use crate::shared::ids::ThreadId;
use std::rc::Rc;
use web_sys::Element;

fn key(thread: &ThreadId) -> String {
    ["queue:", thread.as_str()].concat()
}

fn kept(thread: &ThreadId) -> Vec<String> {
    let kept = storage::get(&key(thread));
    kept.and_then(|kept| serde_json::from_str(&kept).ok())
        .unwrap_or_default()
}

fn keep(thread: &ThreadId, texts: &[String]) {
    let text = if texts.is_empty() {
        String::new()
    } else {
        serde_json::to_string(texts).unwrap_or_default()
    };
    storage::set(&key(thread), &text);
    show(thread);
}

/// Shows what waits for a thread, if its page is open. Rows that stay are written over, so that the keyboard stays too.
pub(super) fn show(thread: &ThreadId) {
    let open = dock::conversation().filter(|open| open.id() == *thread);
    let (Some(open), Some(queue)) = (open, dom::one(".queue")) else {
        return;
    };
    let texts = kept(thread);
    dom::toggle_attr(&queue, "hidden", texts.is_empty());
    if let Some(button) = dom::find(&queue, "[data-do=send-queued]") {
        dom::toggle_attr(&button, "hidden", open.is_busy());
    }
    let Some(list) = dom::find(&queue, "ul") else {
        return;
    };
    let mut row = list.first_element_child();
    for text in texts {
        let Some(chip) = row.or_else(|| add_row(&list)) else {
            return;
        };
        if let Some(words) = dom::find(&chip, "span") {
            words.set_text_content(Some(&text));
        }
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

/// Lets a message wait.
pub(super) fn add(conversation: &Rc<Conversation>, text: String) {
    let thread = conversation.id();
    // Another tab may have taken something away, so what is remembered counts.
    let mut texts = kept(&thread);
    texts.push(text);
    keep(&thread, &texts);
}

/// Takes the message away whose row something is in.
pub(super) fn remove(conversation: &Rc<Conversation>, button: &Element) {
    let mut before = button.closest("li").ok().flatten();
    if before.is_none() {
        return;
    }
    let thread = conversation.id();
    let mut index = 0;
    while let Some(row) = before.and_then(|row| row.previous_element_sibling()) {
        index += 1;
        before = Some(row);
    }
    let mut texts = kept(&thread);
    if index < texts.len() {
        texts.remove(index);
    }
    keep(&thread, &texts);
}

/// Sends the next one.
pub(super) fn send_next(conversation: &Rc<Conversation>) {
    let thread = conversation.id();
    let mut texts = kept(&thread);
    if texts.is_empty() {
        return;
    }
    let text = texts.remove(0);
    keep(&thread, &texts);
    let again = text.clone();
    let done = move |taken: bool| {
        if !taken {
            let mut texts = kept(&thread);
            texts.insert(0, again);
            keep(&thread, &texts);
        }
    };
    conversation.send(text, Box::new(done));
}
