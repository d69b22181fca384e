//! What the browser knows of the rows and the server does not: which one is open, is being answered, is not read yet.

use super::{is_answering, is_doomed, is_open};
use crate::client::{dom, unread, words};
use crate::shared::ids::ThreadId;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// Marks the rows that are on the page.
pub fn mark_rows() {
    for row in dom::all("#side-list .row") {
        mark(&row);
    }
}

/// Marks a list that is about to be shown, and takes away what is to be deleted.
pub(super) fn dress(list: &Element) {
    for row in dom::find_all(list, ".row") {
        if id_of(&row).is_some_and(|id| is_doomed(&id)) {
            row.remove();
        } else {
            mark(&row);
        }
    }
    for section in dom::find_all(list, "section") {
        if dom::find(&section, ".row").is_none() {
            section.remove();
        }
    }
    if dom::find(list, ".row").is_none() {
        say_empty(list);
    }
}

/// Marks the chats of a list that is about to be shown whose name is shown as another one.
pub(super) fn mark_renamed(list: &Element) {
    for row in dom::find_all(list, ".row") {
        let name = dom::find(&row, ".row-name");
        let shown: Option<Element> = dom::by_id(&row.id());
        let shown = shown.and_then(|shown| dom::find(&shown, ".row-name"));
        if let (Some(name), Some(shown)) = (name, shown)
            && name.text_content() != shown.text_content()
        {
            dom::toggle_class(&name, "renamed", true);
        }
    }
}

fn say_empty(list: &Element) {
    if let Some(status) = dom::find(list, "[role=status]") {
        status.set_text_content(Some(words().sidebar.nothing_found));
    } else if dom::find(list, ".side-empty").is_none()
        && let Some(document) = dom::document()
        && let Ok(line) = document.create_element("p")
    {
        line.set_class_name("muted small side-empty");
        line.set_text_content(Some(words().sidebar.none));
        _ = list.insert_adjacent_element("afterbegin", &line);
    }
}

/// The row that has the keyboard, if it is in one, how many rows stand before it, and whether its menu has it.
pub(super) struct Held {
    id: String,
    place: usize,
    menu: bool,
}

/// Which row has the keyboard.
pub(super) fn held() -> Option<Held> {
    let rows = dom::all("#side-list .row");
    let place = rows
        .iter()
        .position(|row| row.matches(":focus-within").unwrap_or(false));
    let row = place.and_then(|place| rows.get(place));
    // The way to more rows stands behind them.
    let behind = || dom::is_focus_in("#side-list > [data-do=more]").then_some(rows.len());
    Some(Held {
        id: row.map(Element::id).unwrap_or_default(),
        place: place.or_else(behind)?,
        menu: row.is_some_and(|row| dom::find(row, ".menu:focus-within").is_some()),
    })
}

/// Gives the keyboard back to a row that lost it. Where that row is gone, the one in its place has it, the last one, or what
/// begins a chat.
pub(super) fn hold(held: &Held) {
    if !dom::is_focus_lost() {
        return;
    }
    let row: Option<Element> = dom::by_id(&held.id);
    let part = if held.menu { "summary" } else { "a" };
    let same = row.and_then(|row| dom::find(&row, part));
    let near = || {
        let mut links = dom::all("#side-list .row > a");
        links.truncate(held.place + 1);
        links.pop().or_else(|| dom::one("#side > a"))
    };
    if let Some(target) = same.or_else(near)
        && let Ok(target) = target.dyn_into::<HtmlElement>()
    {
        _ = target.focus();
    }
}

/// The chat of a row.
pub(super) fn id_of(row: &Element) -> Option<ThreadId> {
    dom::attr(row, "data-id").parse().ok()
}

/// Whether a link leads to this page.
pub(super) fn set_current(link: &Element, current: bool) {
    _ = if current {
        link.set_attribute("aria-current", "page")
    } else {
        link.remove_attribute("aria-current")
    };
}

fn mark(row: &Element) {
    let (Some(id), Some(link)) = (id_of(row), dom::find(row, "a")) else {
        return;
    };
    let current = is_open(&id);
    dom::toggle_class(row, "current", current);
    set_current(&link, current);
    let mark = if is_answering(&id) {
        "spinner"
    } else if unread::has(&id) && !current {
        "unread-dot"
    } else {
        ""
    };
    if dom::attr(row, "data-mark") == mark {
        return;
    }
    _ = row.set_attribute("data-mark", mark);
    for old in dom::find_all(&link, ".spinner, .unread-dot, .visually-hidden") {
        old.remove();
    }
    let said = match mark {
        "" => return,
        "spinner" => words().frame.being_answered,
        _ => words().around.unread,
    };
    if let Some(name) = dom::find(&link, ".row-name") {
        // The second one stands before the first: both are put right behind the name.
        for (class, text) in [("visually-hidden", said), (mark, "")] {
            if let Some(span) = span(class, text) {
                _ = name.insert_adjacent_element("afterend", &span);
            }
        }
    }
}

fn span(class: &str, text: &str) -> Option<Element> {
    let span = dom::document()?.create_element("span").ok()?;
    span.set_class_name(class);
    if text.is_empty() {
        _ = span.set_attribute("aria-hidden", "true");
    } else {
        span.set_text_content(Some(text));
    }
    Some(span)
}
