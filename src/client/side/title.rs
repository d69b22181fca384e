//! The field for another title: Enter and leaving it keep what was typed, Escape does not.

use super::presses::change;
use super::{rows, show};
use crate::client::{dom, time, words};
use crate::shared::chat::ThreadChange;
use crate::shared::ids::ThreadId;
use crate::shared::validate::MAX_TITLE_CHARS;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, KeyboardEvent};

/// The field.
const FIELD: &str = ".row-title";
/// Says that a field was left already: taking it away may say so once more.
const OVER: &str = "data-over";

pub(super) fn start() {
    dom::on("focusout", |event| {
        if let Some(field) = dom::closest(&event, FIELD) {
            end(&field, true, false);
        }
    });
    dom::on("keydown", |event| {
        let Some(field) = dom::closest(&event, FIELD) else {
            return;
        };
        let Some(event) = event.dyn_ref::<KeyboardEvent>() else {
            return;
        };
        match event.key().as_str() {
            "Enter" if !dom::composing(event) => end(&field, true, true),
            "Escape" if !dom::composing(event) => {
                event.stop_propagation();
                end(&field, false, true);
            }
            _ => {}
        }
    });
}

/// Whether a title is being typed. What happens elsewhere must not take it away.
pub(super) fn is_typed() -> bool {
    dom::one(FIELD).is_some()
}

/// Puts the field into the row of a chat.
pub(super) fn ask(id: &ThreadId) {
    if let Some(field) = dom::one(FIELD) {
        end(&field, true, false);
    }
    let row: Option<Element> = dom::by_id(&["row-", id.as_str()].concat());
    let field = dom::document().and_then(|document| document.create_element("input").ok());
    let Some((row, field)) = row.zip(field) else {
        return;
    };
    field.set_class_name("row-title");
    _ = field.set_attribute("aria-label", words().sidebar.new_title);
    _ = field.set_attribute("maxlength", &MAX_TITLE_CHARS.to_string());
    _ = field.set_attribute("value", &of(&row));
    if let Some(link) = dom::find(&row, "a") {
        _ = link.insert_adjacent_element("afterend", &field);
    }
    time::later(0, || dom::focus_first(FIELD));
}

/// The title of a row's chat; one that has none is called something else.
pub(super) fn of(row: &Element) -> String {
    if row.has_attribute("data-untitled") {
        return String::new();
    }
    let name = dom::find(row, ".row-name").and_then(|name| name.text_content());
    name.unwrap_or_default()
}

/// Takes the field away, and keeps what was typed or not; the keyboard goes `back` to the row's link or stays where it went.
fn end(field: &Element, keep: bool, back: bool) {
    if field.has_attribute(OVER) {
        return;
    }
    dom::toggle_attr(field, OVER, true);
    let typed = field
        .dyn_ref::<HtmlInputElement>()
        .map(HtmlInputElement::value);
    let typed = typed.unwrap_or_default();
    let Some(row) = field.closest(".row").ok().flatten() else {
        return;
    };
    field.remove();
    if back
        && let Some(link) = dom::find(&row, "a")
        && let Some(link) = link.dyn_ref::<HtmlElement>()
    {
        _ = link.focus();
    }
    let title = typed.trim();
    if keep
        && !title.is_empty()
        && title != of(&row)
        && let Some(id) = rows::id_of(&row)
    {
        let title = Some(title.to_owned());
        change(
            id,
            ThreadChange {
                title,
                ..ThreadChange::default()
            },
        );
    }
    // What was said meanwhile.
    show();
}
