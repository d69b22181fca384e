//! Does what the buttons of all messages say, and hears where the reader is.

use super::conversation::Conversation;
use super::{LOG, conversation_of, current, editor, moving, picker, refusal, rethink};
use crate::api::messages::message_source;
use crate::client::log::{self, Press};
use crate::client::server::unless_signed_out;
use crate::client::time::spawn;
use crate::client::{clipboard, dom, overlays, toasts};
use crate::shared::ids::MessageId;
use crate::shared::model::Choice;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event};

/// Hears them.
pub fn start() {
    dom::on("click", |event| {
        if let Some(link) = dom::closest(&event, "#log .more") {
            event.prevent_default();
            if let Some(conversation) = current() {
                conversation.load(dom::attr(&link, "href").starts_with("?before"));
            }
        } else {
            pressed(&event);
        }
    });
    dom::on("pointerdown", |event| log::hold(&event));
    dom::on("pointerup", |event| {
        if log::held_through(&event) {
            pressed(&event);
        }
    });
    dom::on_capture("scroll", |event| {
        let scrolled = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok());
        if scrolled.is_some_and(|scrolled| scrolled.id() == LOG)
            && let Some(conversation) = current()
        {
            conversation.scrolled();
        }
    });
}

fn pressed(event: &Event) {
    let Some(press) = log::press(event) else {
        return;
    };
    if press.what == "copy-id" {
        return copy(press.id(), press);
    }
    let Some(conversation) = conversation_of(&press) else {
        return refusal::pressed(&press);
    };
    if act(&conversation, press) {
        event.prevent_default();
    }
}

/// Says whether the button did what its form would do without script.
fn act(conversation: &Rc<Conversation>, press: Press) -> bool {
    let (idle, docked) = (!conversation.is_busy(), conversation.is_docked());
    match (press.what.as_str(), press.message()) {
        ("stop", _) if !conversation.is_stopping() => conversation.stop(),
        ("anew", _) => conversation.start_over(),
        // Beside other answers there is neither picker nor drawer: their pages are gone to.
        ("swap" | "settings", _) if !docked => return false,
        ("settings", _) => overlays::open("options"),
        ("retry", Some(message)) => conversation.retry(message, None, None),
        ("previous", Some(message)) => conversation.turn(message, -1),
        ("next", Some(message)) => conversation.turn(message, 1),
        ("fork", Some(message)) if docked => moving::go(Some(message), None),
        ("go-on", _) if idle => conversation.go_on(),
        ("edit", Some(message)) if idle && docked => editor::open(&message),
        ("swap", Some(message)) if idle && docked => swap(conversation, message),
        ("rethink", Some(message)) if idle && docked => rethink::open(conversation, message),
        ("stop" | "fork" | "go-on" | "edit" | "swap" | "rethink", _) => {}
        (_, message) => {
            stay(conversation, press, message);
            return false;
        }
    }
    true
}

/// What is done with what is shown, and changes nothing.
fn stay(conversation: &Rc<Conversation>, press: Press, message: Option<MessageId>) {
    match (press.what.as_str(), message) {
        ("copy", Some(message)) => copy_message(conversation, message, press),
        ("code", _) => copy(press.code().unwrap_or_default(), press),
        ("csv", _) => copy(press.table().unwrap_or_default(), press),
        ("save", _) => dom::save(&press.file_name(), &press.code().unwrap_or_default()),
        ("wrap", _) => press.wrap(),
        _ => {}
    }
}

/// Asks for a model: one of the same provider gives the answer once more, another one takes the history along.
fn swap(conversation: &Rc<Conversation>, message: MessageId) {
    let own = Rc::clone(conversation);
    picker::open(Box::new(move |choice: Choice| {
        if own.thread().provider == choice.provider {
            own.retry(message, Some(choice.model), None);
        } else {
            moving::ask(choice);
        }
    }));
}

fn copy_message(conversation: &Rc<Conversation>, message: MessageId, press: Press) {
    let thread = conversation.id();
    if let Some(text) = log::text_of_question(&message) {
        return copy(text, press);
    }
    spawn(async move {
        match clipboard::copy_coming(message_source(thread, message)).await {
            Ok(worked) => press.copied(worked),
            Err(error) => toasts::trouble(&unless_signed_out(error)),
        }
    });
}

fn copy(text: String, press: Press) {
    spawn(async move { press.copied(clipboard::copy(&text).await) });
}
