//! The palette: chats, models and commands, found by what is typed and taken by keyboard.

use super::server::unless_signed_out;
use super::time::{self, Timer};
use super::{chat, commands, dom, overlays, side, toasts, visit, words};
use crate::api::threads::palette_lines;
use crate::shared::commands::{COMMANDS, Command, has};
use std::cell::RefCell;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlInputElement, HtmlTemplateElement, KeyboardEvent};

/// The dialog.
const PALETTE: &str = "palette";
/// The field.
const FIELD: &str = "palette-field";
/// What is in the dialog while it is open.
const PARTS: &str = "palette-parts";
/// The list.
const LINES: Lines = Lines {
    list: "palette-list",
    field: FIELD,
};
/// How long a person may think between two letters before the server is asked, in milliseconds.
const PAUSE: i32 = 150;

thread_local! {
    /// The lines while nothing is typed.
    static FIRST: RefCell<String> = const { RefCell::new(String::new()) };
    static PAUSING: RefCell<Option<Timer>> = const { RefCell::new(None) };
}

/// Hears what is typed and taken in it.
pub fn start() {
    dom::on("input", |event| {
        if dom::closest(&event, "#palette-field").is_some() {
            typed();
        }
    });
    dom::on("keydown", |event| {
        if dom::closest(&event, "#palette-field").is_some()
            && let Some(event) = event.dyn_ref::<KeyboardEvent>()
        {
            hear(event);
        }
    });
    dom::on("click", |event| {
        if let Some(line) = dom::closest(&event, "#palette-list > .palette-line") {
            take(&line);
        }
    });
    dom::on_capture("close", closed);
}

/// Opens or closes it.
pub fn toggle() {
    if dom::one("#palette[open]").is_some() {
        overlays::close(PALETTE);
    } else {
        open();
    }
}

fn open() {
    let (Some(dialog), Some(parts)) =
        (dom::by_id::<Element>(PALETTE), dom::by_id::<Element>(PARTS))
    else {
        return;
    };
    dialog.set_inner_html(&parts.inner_html());
    if FIRST.with_borrow(String::is_empty) {
        FIRST.set(offered());
    }
    show_first("");
    overlays::open(PALETTE);
    ask(String::new());
}

/// Nothing of it stays on the page.
fn closed(event: Event) {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    if let Some(dialog) =
        target.filter(|target| target.id() == PALETTE && !target.has_attribute("open"))
    {
        PAUSING.set(None);
        dialog.set_inner_html("");
    }
}

/// The lines of all commands that are offered, as they stand in the page.
#[must_use]
pub fn offered() -> String {
    let list = dom::by_id::<HtmlTemplateElement>(PARTS)
        .and_then(|parts| parts.content().query_selector("[role=listbox]").ok()?);
    list.map(|list| list.inner_html()).unwrap_or_default()
}

/// A list of lines, of which one is chosen while a field has the keyboard.
#[derive(Clone, Copy, Debug)]
pub struct Lines {
    /// The list.
    pub list: &'static str,
    /// The field.
    pub field: &'static str,
}

impl Lines {
    /// All that are shown.
    #[must_use]
    pub fn all(&self) -> Vec<Element> {
        dom::all(&["#", self.list, " > .palette-line"].concat())
    }

    /// Shows those that fit, the first one chosen; says how many there are.
    pub fn show(&self, html: &str, fits: &dyn Fn(&Element) -> bool) -> usize {
        if let Some(list) = dom::by_id::<Element>(self.list) {
            list.set_inner_html(html);
        }
        for line in self.all() {
            if !fits(&line) {
                line.remove();
            }
        }
        let left = self.all();
        for (index, line) in left.iter().enumerate() {
            line.set_id(&self.id_of(index));
        }
        self.choose(0);
        left.len()
    }

    fn id_of(&self, index: usize) -> String {
        [self.list, "-", &index.to_string()].concat()
    }

    /// Which one is chosen.
    #[must_use]
    pub fn at(&self) -> usize {
        let chosen = |line: &Element| dom::attr(line, "aria-selected") == "true";
        self.all().iter().position(chosen).unwrap_or(0)
    }

    /// Chooses one, or the last one if there are fewer.
    pub fn choose(&self, at: usize) {
        let lines = self.all();
        let at = at.min(lines.len().saturating_sub(1));
        for (index, line) in lines.iter().enumerate() {
            let chosen = if index == at { "true" } else { "false" };
            _ = line.set_attribute("aria-selected", chosen);
        }
        let Some(field) = dom::by_id::<Element>(self.field) else {
            return;
        };
        _ = if lines.is_empty() {
            field.remove_attribute("aria-activedescendant")
        } else {
            field.set_attribute("aria-activedescendant", &self.id_of(at))
        };
        dom::reveal(&self.id_of(at));
    }

    /// Chooses the one above or below if that is what was pressed; says whether it is.
    pub fn step(&self, key: &str) -> bool {
        let (count, at) = (self.all().len(), self.at());
        let next = match key {
            "ArrowDown" if count > 0 => (at + 1) % count,
            "ArrowUp" if count > 0 => (at + count - 1) % count,
            _ => return false,
        };
        self.choose(next);
        true
    }

    /// The one that is chosen.
    #[must_use]
    pub fn chosen(&self) -> Option<Element> {
        self.all().into_iter().nth(self.at())
    }
}

/// What is typed; none while the palette is closed.
fn search() -> Option<String> {
    dom::by_id::<HtmlInputElement>(FIELD).map(|field| field.value())
}

/// Shows those of the first lines that fit at once, and asks the server when the person pauses.
fn typed() {
    let Some(search) = search() else { return };
    show_first(&search);
    let asked = !search.trim().is_empty();
    PAUSING.set(asked.then(|| time::after(PAUSE, move || ask(search))));
}

fn show_first(typed: &str) {
    let first = FIRST.with_borrow(Clone::clone);
    show(&first, typed);
}

/// Asks for the lines for what was typed.
fn ask(typed: String) {
    time::spawn(async move {
        let answer = palette_lines(typed.clone()).await;
        let here = search();
        match answer {
            Ok(html) => {
                if typed.is_empty() {
                    FIRST.set(html.clone());
                }
                // An answer that comes late is one to words that are no longer there.
                if here == Some(typed) {
                    let at = LINES.at();
                    show(&html, "");
                    LINES.choose(at);
                }
            }
            Err(error) if here == Some(typed) => toasts::trouble(&unless_signed_out(error)),
            Err(_) => {}
        }
    });
}

fn show(html: &str, typed: &str) {
    let count = LINES.show(html, &|line| fits(line, typed));
    if let Some(none) = dom::one(".palette-none") {
        let text = if count == 0 {
            words().around.palette_none
        } else {
            ""
        };
        none.set_text_content(Some(text));
    }
}

/// Whether a line has what was typed, and can be taken now.
#[must_use]
pub fn fits(line: &Element, typed: &str) -> bool {
    has(&name_of(line), typed) && can_take(line)
}

/// The command that a line is about, if it is one.
#[must_use]
pub fn command(line: &Element) -> Option<&'static Command> {
    COMMANDS.get(dom::attr(line, "data-run").parse::<usize>().ok()?)
}

fn name_of(line: &Element) -> String {
    let name = dom::find(line, ".palette-name").and_then(|name| name.text_content());
    name.unwrap_or_default()
}

fn can_take(line: &Element) -> bool {
    if let Some(command) = command(line) {
        return commands::can(command);
    }
    let path = dom::attr(line, "data-go");
    let thread = path.strip_prefix("/chat/").and_then(|id| id.parse().ok());
    thread.is_none_or(|thread| !side::is_doomed(&thread))
}

fn hear(event: &KeyboardEvent) {
    if event.key() == "Enter" && !dom::composing(event) {
        event.prevent_default();
        if let Some(line) = LINES.chosen() {
            take(&line);
        }
    } else if LINES.step(&event.key()) {
        event.prevent_default();
    }
}

/// Does what a line says.
fn take(line: &Element) {
    let command = command(line);
    let path = dom::attr(line, "data-go");
    overlays::close(PALETTE);
    // The dialog gives the keyboard back first.
    time::later(0, move || match command {
        Some(command) => commands::run(command.does),
        None if chat::new_chat::arrive(&path) => {}
        None => visit::go(&path),
    });
}
