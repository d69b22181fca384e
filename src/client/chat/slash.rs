//! The commands, offered above the composer while its text begins with `/`.

use super::composer::{self, TEXT};
use crate::client::palette::{self, Lines};
use crate::client::{commands, dom};
use crate::shared::commands::Do;
use std::cell::Cell;
use web_sys::{Element, KeyboardEvent};

/// The list.
const LINES: Lines = Lines {
    list: "slash",
    field: TEXT,
};
/// Nobody writes a command with more bytes than that.
const LONGEST: usize = 100;
/// What the text area is while the list is open: the field of a list, although HTML knows no such text areas.
const COMBOBOX: [(&str, &str); 4] = [
    ("role", "combobox"),
    ("aria-autocomplete", "list"),
    ("aria-expanded", "true"),
    ("aria-controls", LINES.list),
];

thread_local! {
    /// Whether the list was closed by a person, so that what begins like a command is to be a text.
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// Hears what is pressed in the list.
pub(super) fn start() {
    dom::on("mousedown", |event| {
        // The keyboard stays where it is.
        if dom::closest(&event, ".slash").is_some() {
            event.prevent_default();
        }
    });
    dom::on("click", |event| {
        if let Some(line) = dom::closest(&event, ".slash > .palette-line") {
            take(&line);
        }
    });
}

fn is_open() -> bool {
    dom::one(".slash:not([hidden])").is_some()
}

/// How many commands are offered.
#[must_use]
pub(super) fn offered() -> usize {
    if is_open() { LINES.all().len() } else { 0 }
}

/// Offers the commands that fit to a text that was typed.
pub(super) fn typed(text: &str) {
    let Some(typed) = text.strip_prefix('/') else {
        forget();
        return;
    };
    let is_command = typed.len() <= LONGEST && !typed.contains('\n');
    if is_command
        && !REFUSED.get()
        && LINES.show(&palette::offered(), &|line| fits(line, typed)) > 0
    {
        open();
    } else {
        close();
    }
}

fn fits(line: &Element, typed: &str) -> bool {
    let command = palette::command(line);
    command.is_some_and(|command| command.does != Do::Compose) && palette::fits(line, typed)
}

/// The list and the text area.
fn parts() -> Option<(Element, Element)> {
    dom::by_id(LINES.list).zip(dom::by_id(TEXT))
}

fn open() {
    let Some((list, field)) = parts() else { return };
    dom::toggle_attr(&list, "hidden", false);
    for (name, value) in COMBOBOX {
        _ = field.set_attribute(name, value);
    }
}

/// Closes the list.
pub(super) fn close() {
    if !is_open() {
        return;
    }
    let Some((list, field)) = parts() else { return };
    dom::toggle_attr(&list, "hidden", true);
    list.set_inner_html("");
    for (name, _) in COMBOBOX {
        _ = field.remove_attribute(name);
    }
    LINES.choose(0);
}

/// Closes the list; the next text may be a command.
pub(super) fn forget() {
    REFUSED.set(false);
    close();
}

/// The page was shown anew, as the server prints it.
pub(super) fn attach() {
    if is_open() {
        open();
        LINES.choose(LINES.at());
    }
}

/// Takes a key that was pressed in the composer, if the list is open and the key is about it.
pub(super) fn key(event: &KeyboardEvent) -> bool {
    let held = event.shift_key() || event.ctrl_key() || event.meta_key() || event.alt_key();
    if held || !is_open() {
        return false;
    }
    match event.key().as_str() {
        "Enter" | "Tab" => {
            if let Some(line) = LINES.chosen() {
                take(&line);
            }
        }
        "Escape" => {
            REFUSED.set(true);
            close();
        }
        key => return LINES.step(key),
    }
    true
}

/// Does what a line says. It was no message.
fn take(line: &Element) {
    if let Some(command) = palette::command(line)
        && let Some(composer) = composer::current()
    {
        composer.take_text();
        commands::run(command.does);
    }
}
