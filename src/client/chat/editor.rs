//! The text of a message while it is edited, within the message.

use super::{composer, dock};
use crate::client::{dom, log};
use crate::shared::ids::MessageId;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlButtonElement, HtmlTextAreaElement, KeyboardEvent};

/// Its text area.
const TEXT: &str = "edit-text";
/// Its form, which is never there twice.
const FORM: &str = "form.edit";

/// Hears its buttons and keys.
pub fn start() {
    dom::on("input", |event| {
        if dom::closest(&event, "#edit-text").is_some() {
            dom::fit_height(TEXT);
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
            Some("cancel-edit") => close(),
            Some("save-edit") => finish(false),
            _ => {}
        }
    });
}

fn key(event: &KeyboardEvent) {
    let command = (event.ctrl_key() || event.meta_key()) && !dom::composing(event);
    match event.key().as_str() {
        "Escape" => {
            // Nothing but the editor is meant.
            event.prevent_default();
            event.stop_propagation();
            close();
        }
        "Enter" if command => {
            event.prevent_default();
            finish(true);
        }
        "s" if command => {
            event.prevent_default();
            finish(false);
        }
        _ => {}
    }
}

/// Opens a message of the person.
pub fn open(message: &MessageId) {
    close();
    let (Some(open), Some(article), Some(form)) = (
        dock::conversation(),
        log::element(message),
        dom::template("editor"),
    ) else {
        return;
    };
    if let Some(area) = area(&form) {
        area.set_value(&log::text_of_question(message).unwrap_or_default());
    }
    log::mark_edited(message, true);
    _ = article.append_child(&form);
    set_busy(open.is_busy());
    dom::focus(TEXT);
    dom::fit_height(TEXT);
}

/// Closes it, if it is open. What was changed is given up.
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

/// Says in the message's place what was written, and asks for an answer or keeps the answers.
fn finish(ask: bool) {
    let Some(open) = dock::conversation().filter(|open| !open.is_busy()) else {
        return;
    };
    let form = dom::one(FORM);
    let found = form.and_then(|form| Some((message_of(&form)?, area(&form)?.value())));
    let Some((message, text)) = found else {
        return;
    };
    let before = log::text_of_question(&message).unwrap_or_default();
    close();
    if !dom::is_touch() {
        dom::focus(composer::TEXT);
    }
    match !text.trim().is_empty() && text != before {
        true if ask => open.edit(message, text),
        true => open.reword(message, text),
        false => {}
    }
}
