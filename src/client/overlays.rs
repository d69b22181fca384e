//! What lies over the page for a while: dialogs, and menus (`details.menu`).

use super::dom::{self, by_id};
use std::cell::Cell;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlDialogElement, HtmlElement, Node};

thread_local! {
    /// Whether the last press began behind a dialog.
    static PRESSED_BEHIND: Cell<bool> = const { Cell::new(false) };
}

/// Hears what closes them.
pub fn start() {
    dom::on("pointerdown", |event| PRESSED_BEHIND.set(is_behind(&event)));
    dom::on("click", |event| {
        close_menus_but(&event);
        // Who marks a text may let go beyond the dialog's edge.
        let behind = PRESSED_BEHIND.get() && is_behind(&event);
        if behind || dom::closest(&event, "dialog [data-do=close]").is_some() {
            let dialog = dom::closest(&event, "dialog");
            if let Some(dialog) = dialog.and_then(|it| it.dyn_into::<HtmlDialogElement>().ok()) {
                dialog.close();
            }
        }
    });
}

/// Opens a `<dialog>` over the page; the browser keeps the focus inside and brings it back.
pub fn open(id: &str) {
    if let Some(dialog) = by_id::<HtmlDialogElement>(id)
        && !dialog.open()
    {
        _ = dialog.show_modal();
    }
}

/// Closes a `<dialog>`.
pub fn close(id: &str) {
    if let Some(dialog) = by_id::<HtmlDialogElement>(id) {
        dialog.close();
    }
}

/// Whether a dialog is open.
#[must_use]
pub fn is_any_open() -> bool {
    dom::one("dialog[open]").is_some()
}

/// Closes every open menu; says whether there was one.
pub fn close_menus() -> bool {
    let menus = menus();
    menus.iter().for_each(fold);
    !menus.is_empty()
}

/// Closes every open menu that an event did not fall into.
fn close_menus_but(event: &Event) {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Node>().ok());
    let others = menus().into_iter();
    for menu in others.filter(|menu| !menu.contains(target.as_ref())) {
        fold(&menu);
    }
}

fn menus() -> Vec<Element> {
    dom::all("details.menu[open]")
}

/// Closes a menu. If the keyboard was in it, it is on what opened it.
fn fold(menu: &Element) {
    let active = dom::document().and_then(|document| document.active_element());
    if active.is_some_and(|active| menu.contains(Some(&active)))
        && let Some(summary) = dom::find(menu, "summary")
        && let Ok(summary) = summary.dyn_into::<HtmlElement>()
    {
        _ = summary.focus();
    }
    _ = menu.remove_attribute("open");
}

/// Whether something fell on what is behind a dialog: it falls on the dialog itself then.
fn is_behind(event: &Event) -> bool {
    let target = event.target();
    target.is_some_and(|target| target.has_type::<HtmlDialogElement>())
}
