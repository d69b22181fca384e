//! The text of a message while it is edited, within the message.

use super::{composer, dock, sends};
use crate::client::{commands, dom, log, storage};
use crate::shared::commands::SAVE;
use crate::shared::ids::MessageId;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlButtonElement, HtmlTextAreaElement, KeyboardEvent};

/// Its text area.
const TEXT: &str = "edit-text";
/// Its form, which is never there twice.
const FORM: &str = "form.edit";

/// The beginning of where it is kept what is written instead of a message, until that was taken or given up.
const DRAFT: &str = "edit:";

/// Where that is kept.
pub(super) fn draft_of(message: &MessageId) -> String {
    [DRAFT, message.as_str()].concat()
}

fn forget(draft: &str) {
    storage::set(draft, "");
    sends::forget(draft);
}

/// Hears its buttons and keys.
pub fn start() {
    dom::on("input", |event| {
        if dom::closest(&event, "#edit-text").is_some() {
            dom::fit_height(TEXT);
            keep();
        }
    });
    dom::on("keydown", |event| {
        if dom::closest(&event, "#edit-text").is_some()
            && let Some(event) = event.dyn_ref::<KeyboardEvent>()
        {
            key(event);
        }
    });
    dom::on("submit", |event| {
        if dom::closest(&event, FORM).is_some() {
            event.prevent_default();
            finish(true);
        }
    });
    dom::on("click", |event| {
        let button = dom::closest(&event, "form.edit [data-do]");
        match button
            .map(|button| dom::attr(&button, "data-do"))
            .as_deref()
        {
            Some("cancel-edit") => cancel(),
            Some("save-edit") => finish(false),
            _ => {}
        }
    });
}

fn key(event: &KeyboardEvent) {
    if dom::composing(event) {
        return;
    }
    match event.key().as_str() {
        "Escape" => {
            // Nothing but the editor is meant.
            event.prevent_default();
            event.stop_propagation();
            cancel();
        }
        "Enter" if event.ctrl_key() || event.meta_key() => {
            event.prevent_default();
            finish(true);
        }
        _ if commands::fit(&SAVE, event) => {
            event.prevent_default();
            finish(false);
        }
        _ => {}
    }
}

/// Keeps what is written, unless that is what is there anyway.
fn keep() {
    if let Some((message, text)) = written() {
        let same = log::text_of_question(&message).is_some_and(|before| before == text);
        storage::set(&draft_of(&message), if same { "" } else { &text });
    }
}

/// Opens a message of the person.
pub fn open(message: &MessageId) {
    show(message);
    dom::focus(TEXT);
}

/// Opens the message of the page that something was being written instead of.
pub(super) fn resume() {
    let drafts = storage::names(DRAFT).into_iter();
    let mut messages = drafts.filter_map(|name| name.strip_prefix(DRAFT)?.parse().ok());
    if let Some(message) = messages.find(|message| log::element(message).is_some()) {
        show(&message);
    }
}

fn show(message: &MessageId) {
    let (Some(open), Some(article), Some(form)) = (
        dock::conversation(),
        log::element(message),
        dom::template("editor"),
    ) else {
        return;
    };
    close();
    if let Some(area) = area(&form) {
        let text = storage::get(&draft_of(message)).or_else(|| log::text_of_question(message));
        area.set_value(&text.unwrap_or_default());
    }
    log::mark_edited(message, true);
    _ = article.append_child(&form);
    set_busy(open.is_busy());
    dom::fit_height(TEXT);
}

/// Closes it, if it is open, and gives up what was changed.
fn cancel() {
    if let Some((message, _)) = written() {
        forget(&draft_of(&message));
    }
    close();
}

/// Closes it, if it is open. What was changed is there again when it is opened again.
pub(super) fn close() {
    if let Some(form) = dom::one(FORM) {
        if let Some(message) = message_of(&form) {
            log::mark_edited(&message, false);
        }
        form.remove();
    }
}

/// Says whether an answer goes on: nothing can be asked meanwhile.
pub(super) fn set_busy(busy: bool) {
    for button in dom::all("form.edit :is([type=submit], [data-do=save-edit])") {
        if let Some(button) = button.dyn_ref::<HtmlButtonElement>() {
            button.set_disabled(busy);
        }
    }
}

fn area(form: &Element) -> Option<HtmlTextAreaElement> {
    dom::find(form, "textarea")?.dyn_into().ok()
}

fn message_of(form: &Element) -> Option<MessageId> {
    let article = form.closest("article").ok()??;
    article.id().strip_prefix("m-")?.parse().ok()
}

/// The message that is edited, and what is written instead of it.
fn written() -> Option<(MessageId, String)> {
    let form = dom::one(FORM)?;
    Some((message_of(&form)?, area(&form)?.value()))
}

/// Says in the message's place what was written, and asks for an answer or keeps the answers. What is not taken is being edited
/// again.
fn finish(ask: bool) {
    let Some(open) = dock::conversation().filter(|open| !open.is_busy()) else {
        return;
    };
    let Some((message, text)) = written() else {
        return;
    };
    let draft = draft_of(&message);
    let same = log::text_of_question(&message).is_some_and(|before| before == text);
    let nothing = text.trim().is_empty() || (same && !ask);
    if nothing {
        cancel();
    } else {
        storage::set(&draft, &text);
        close();
    }
    if !dom::is_touch() {
        dom::focus(composer::TEXT);
    }
    if nothing {
        return;
    }
    let edited = message.clone();
    let done = Box::new(move |taken| {
        if taken {
            forget(&draft);
        } else if composer::current().is_some_and(|composer| composer.text().is_empty()) {
            self::open(&edited);
        } else {
            show(&edited);
        }
    });
    if ask {
        open.edit(message, text, done);
    } else {
        open.reword(message, text, done);
    }
}
