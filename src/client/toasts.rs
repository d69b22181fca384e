//! Short notes in the corner.

use super::{dom, time};
use crate::shared::error::AppError;
use crate::shared::time::Timestamp;
use std::cell::{Cell, OnceCell, RefCell};
use web_sys::{Element, Event};

/// Notes that are shown at once.
const MOST: usize = 3;
/// How often is looked which notes have been there long enough, in milliseconds.
const TICK: i32 = 250;
/// Milliseconds that a note stays, by what it is.
const DONE: i64 = 4_000;
const TROUBLE: i64 = 10_000;
const UNDOABLE: i64 = 8_000;
/// Milliseconds that it stays at the most, however it is held.
const LATEST: i64 = 48_000;

/// What is to be done.
type Act = Box<dyn Fn()>;

struct Note {
    element: Element,
    /// How many milliseconds it has left, and until when it stays at the most.
    left: i64,
    latest: Timestamp,
    /// What takes back what it is about, and what happens once it is gone and was not.
    undo: Option<(Act, Act)>,
}

thread_local! {
    /// Oldest first.
    static SHOWN: RefCell<Vec<Note>> = const { RefCell::new(Vec::new()) };
    static TICKING: Cell<bool> = const { Cell::new(false) };
    /// The corner and where the page has it.
    static CORNER: OnceCell<(Element, Element)> = const { OnceCell::new() };
    /// Whether the last press was on a note.
    static TOUCHED: Cell<bool> = const { Cell::new(false) };
}

/// Hears their buttons.
pub fn start() {
    dom::on("click", pressed);
    // Where fingers point nothing hovers.
    dom::on("pointerdown", |event| {
        TOUCHED.set(dom::closest(&event, ".toast").is_some());
    });
    dom::on_capture("close", |_| _ = place());
}

/// The corner, brought to where it is seen and can be pressed: all that is not in it lies under an open dialog.
fn place() -> Option<Element> {
    let known = CORNER.with(|known| {
        if known.get().is_none()
            && let Some(corner) = dom::one(".toasts")
            && let Some(home) = corner.parent_element()
        {
            _ = known.set((corner, home));
        }
        known.get().cloned()
    });
    let (corner, home) = known?;
    let place = dom::all("dialog:modal").pop().unwrap_or(home);
    if corner.parent_element().as_ref() != Some(&place) {
        _ = place.append_child(&corner);
    }
    Some(corner)
}

fn pressed(event: Event) {
    let Some(note) = dom::closest(&event, ".toast") else {
        return;
    };
    let what = dom::closest(&event, "[data-do], a").map(|button| dom::attr(&button, "data-do"));
    let undo = match what.as_deref() {
        Some("toast-undo") => true,
        // The link leads on.
        Some("toast-dismiss" | "") => false,
        _ => return,
    };
    TOUCHED.set(false);
    end(&note, undo);
    // What is behind an open dialog cannot have the keyboard.
    let field = dom::one("dialog:modal [autofocus]");
    if let Some(field) = field.filter(|_| dom::is_focus_lost()) {
        dom::focus(&field.id());
    } else {
        dom::settle_focus();
    }
}

/// Says that something was done.
pub fn done(text: &str) {
    show(text, "", None, false);
}

/// Says that something is to be seen on a page.
pub fn linked(text: &str, path: &str) {
    show(text, path, None, false);
}

/// Says what went wrong.
pub fn trouble(error: &AppError) {
    show(&super::words().errors.said(error), "", None, true);
}

/// Says what did not work, in words of its own.
pub fn failed(text: &str) {
    show(text, "", None, true);
}

/// Says that something was done that `back` undoes; `over` hears, once, that it was not.
pub fn undoable(text: &str, back: Box<dyn Fn()>, over: Box<dyn Fn()>) {
    show(text, "", Some((back, over)), false);
}

/// Takes all notes away.
pub fn dismiss_all() {
    let shown = SHOWN.with_borrow(|shown| shown.iter().map(|note| note.element.clone()).collect());
    end_all(shown);
}

fn end_all(notes: Vec<Element>) {
    for note in notes {
        end(&note, false);
    }
}

/// Takes a note away, and takes back what it is about or lets it be.
fn end(element: &Element, back: bool) {
    let taken = SHOWN.with_borrow_mut(|shown| {
        let at = shown.iter().position(|note| note.element == *element);
        at.map(|at| shown.remove(at))
    });
    element.remove();
    if let Some((undo, over)) = taken.and_then(|note| note.undo) {
        if back {
            undo();
        } else {
            over();
        }
    }
}

fn show(text: &str, path: &str, undo: Option<(Act, Act)>, trouble: bool) {
    let (Some(corner), Some(element)) = (place(), dom::template("toast")) else {
        return;
    };
    if let Some(said) = dom::find(&element, "span") {
        said.set_text_content(Some(text));
    }
    if undo.is_none()
        && let Some(button) = dom::find(&element, "[data-do=toast-undo]")
    {
        button.remove();
    }
    if let Some(link) = dom::find(&element, "a") {
        _ = link.set_attribute("href", path);
        if path.is_empty() {
            link.remove();
        }
    }
    dom::toggle_class(&element, "trouble", trouble);
    _ = corner.append_child(&element);
    let left = match undo {
        Some(_) => UNDOABLE,
        None if trouble || !path.is_empty() => TROUBLE,
        None => DONE,
    };
    let now = dom::now();
    let note = Note {
        element,
        left,
        latest: now.plus_ms(LATEST),
        undo,
    };
    let oldest = SHOWN.with_borrow_mut(|shown| {
        shown.push(note);
        // What can be undone makes room last, for that ends with its note; the newest one is not read yet.
        let before = shown.split_last().map_or(&[][..], |(_, before)| before);
        let idle = before.iter().find(|note| note.undo.is_none());
        let oldest = idle.or_else(|| shown.first());
        let oldest = oldest.filter(|_| shown.len() > MOST);
        oldest.map(|oldest| oldest.element.clone())
    });
    if let Some(oldest) = oldest {
        end(&oldest, false);
    }
    if !TICKING.replace(true) {
        tick(now);
    }
}

/// Looks again and again which notes have been there long enough, as long as there are any. While one is pointed at, was
/// touched last or has the keyboard, they wait.
fn tick(before: Timestamp) {
    time::later(TICK, move || {
        // A dialog may have been opened, or the page changed with the one that they were in.
        place();
        let held = TOUCHED.get() || dom::is_held(".toasts");
        let now = dom::now();
        let passed = if held { 0 } else { now.0 - before.0 };
        let over = SHOWN.with_borrow_mut(|shown| {
            for note in &mut *shown {
                note.left -= passed;
            }
            let over = shown
                .iter()
                .filter(|note| note.left <= 0 || now >= note.latest);
            over.map(|note| note.element.clone()).collect()
        });
        end_all(over);
        if SHOWN.with_borrow(Vec::is_empty) {
            TICKING.set(false);
        } else {
            tick(now);
        }
    });
}
