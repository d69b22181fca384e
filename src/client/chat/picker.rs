//! Picking a model.

mod stars;

use super::new_chat;
use crate::api::models::{list_choices, refresh_models};
use crate::client::server::unless_signed_out;
use crate::client::time::{self, Timer};
use crate::client::{dom, overlays, page, words};
use crate::shared::error::AppError;
use crate::shared::ids::ProviderId;
use crate::shared::model::Choice;
use std::cell::{Cell, RefCell};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlInputElement, KeyboardEvent};

/// The dialog.
const ID: &str = "picker";
/// Where the list is.
const LIST: &str = "picker-list";
/// A row that can be taken.
const ROW: &str = "#picker-list [data-choice]";
/// What is shown until there is something else.
const SKELETON: &str = r#"<div class="skeleton lines" aria-busy="true"></div>"#;
/// Typing pauses for so many milliseconds before the list is asked for.
const PAUSE: i32 = 80;

/// What takes a picked model.
type Then = Box<dyn FnOnce(Choice)>;

/// What goes on in it.
struct State {
    /// Takes what is picked next.
    then: RefCell<Option<Then>>,
    /// The row that Enter takes.
    active: Cell<usize>,
    /// Counts the lists that were wanted.
    wanted: Cell<u32>,
    /// Which of them is shown.
    shown: Cell<u32>,
    /// What was searched for in that one.
    search: RefCell<String>,
    /// Whether Enter was pressed before the wanted list came.
    hasty: Cell<bool>,
    /// Until typing pauses.
    pause: RefCell<Option<Timer>>,
    /// The providers that are being asked anew.
    busy: RefCell<Vec<String>>,
    /// Those that refused since the dialog was opened, and why.
    refused: RefCell<Vec<(String, String)>>,
    /// Those that were asked since then because it was due. One whose list stays old must not be asked for ever.
    asked: RefCell<Vec<String>>,
}

thread_local! {
    static STATE: State = const { State {
        then: RefCell::new(None),
        active: Cell::new(0),
        wanted: Cell::new(0),
        shown: Cell::new(0),
        search: RefCell::new(String::new()),
        hasty: Cell::new(false),
        pause: RefCell::new(None),
        busy: RefCell::new(Vec::new()),
        refused: RefCell::new(Vec::new()),
        asked: RefCell::new(Vec::new()),
    } };
}

/// Hears what is typed and taken in it.
pub fn start() {
    stars::start();
    dom::on("click", |event| click(&event));
    dom::on("input", |event| {
        if dom::closest(&event, "#picker-search").is_some() {
            STATE.with(|state| {
                state.active.set(0);
                state.hasty.set(false);
                state.wanted.set(state.wanted.get() + 1);
                state.pause.replace(Some(time::after(PAUSE, ask)));
            });
            mark();
        }
    });
    dom::on("keydown", |event| {
        if let Some(key) = event.dyn_ref::<KeyboardEvent>()
            && dom::closest(&event, "#picker-search").is_some()
        {
            press(key);
        }
    });
    dom::on("mousemove", |event| {
        if let Some(row) = dom::closest(&event, ROW)
            && let Some(index) = index_of(&row)
            && STATE.with(|state| state.active.replace(index)) != index
        {
            mark();
        }
    });
}

fn click(event: &Event) {
    if dom::closest(event, ".picker-button, [data-do=picker]").is_some() {
        open(Box::new(page::picked));
    } else if stars::click(event) {
        // It is in a row.
    } else if let Some(row) = dom::closest(event, ROW) {
        take(&row);
    } else if let Some(button) = dom::closest(event, "#picker-list [data-do=refresh-models]")
        && let Ok(Some(line)) = button.closest("[data-provider]")
    {
        refresh(&dom::attr(&line, "data-provider"));
    }
}

/// What is picked on this page.
pub(super) fn chosen() -> Option<Choice> {
    let button = dom::one(".picker-button")?;
    dom::attr(&button, "data-choice").parse().ok()
}

/// The rows of a model: it may stand above its provider, too.
fn rows_of(choice: &str) -> Vec<Element> {
    let mut rows = rows();
    rows.retain(|row| dom::attr(row, "data-choice") == choice);
    rows
}

fn row_of(choice: &Choice) -> Option<Element> {
    rows_of(&choice.to_string()).into_iter().next()
}

fn text_of(root: &Element, selector: &str) -> Option<String> {
    dom::find(root, selector)?.text_content()
}

/// The name of a model, as the list says it.
#[must_use]
pub fn name_of(choice: &Choice) -> String {
    let name = row_of(choice).and_then(|row| text_of(&row, ".strong"));
    name.unwrap_or_else(|| choice.model.to_string())
}

/// Shows at once what is picked now, as far as the list says it.
pub(super) fn show(choice: &Choice) {
    let Some(button) = dom::one(".picker-button") else {
        return;
    };
    _ = button.set_attribute("data-choice", &choice.to_string());
    let row = row_of(choice);
    let facts = row
        .as_ref()
        .and_then(|row| text_of(row, ".model-facts > :last-child"));
    let provider = row.and_then(|row| {
        let section = || row.closest("section").ok()?;
        text_of(&row, ".model-of").or_else(|| text_of(&section()?, ".picker-head-line > .strong"))
    });
    for (part, text) in [
        (".picker-model", name_of(choice)),
        (".picker-facts", facts.unwrap_or_default()),
        (
            ".picker-provider",
            provider.unwrap_or_else(|| choice.provider.to_string()),
        ),
    ] {
        if let Some(part) = dom::find(&button, part) {
            part.set_text_content(Some(&text));
        }
    }
}

/// Opens the dialog; `then` takes what is picked.
pub fn open(then: Then) {
    STATE.with(|state| {
        state.then.replace(Some(then));
        state.active.set(0);
        state.hasty.set(false);
        state.wanted.set(state.wanted.get() + 1);
        state.refused.take();
        state.asked.take();
        stars::forget();
        let same = *state.search.borrow() == typed();
        if let Some(list) = dom::by_id::<Element>(LIST)
            && (!same || list.child_element_count() == 0)
        {
            list.set_inner_html(SKELETON);
        }
    });
    mark();
    overlays::open(ID);
    ask();
}

fn is_open() -> bool {
    dom::one("#picker[open]").is_some()
}

fn field() -> Option<HtmlInputElement> {
    dom::by_id("picker-search")
}

fn typed() -> String {
    field().map(|field| field.value()).unwrap_or_default()
}

fn rows() -> Vec<Element> {
    dom::all(ROW)
}

fn row_id(index: usize) -> String {
    ["model-", &index.to_string()].concat()
}

fn index_of(row: &Element) -> Option<usize> {
    row.id().strip_prefix("model-")?.parse().ok()
}

/// Asks for the list that is wanted now. The one that is shown stays until then.
fn ask() {
    let number = STATE.with(|state| state.wanted.get());
    let search = typed();
    time::spawn(async move {
        let answer = list_choices(search.clone(), chosen()).await;
        // A newer one may be there already, and the page another one.
        let Some(list) = dom::by_id::<Element>(LIST) else {
            return;
        };
        let before = STATE.with(|state| {
            let late = number < state.shown.get();
            (!late).then(|| {
                state.shown.set(number);
                state.search.replace(search.clone())
            })
        });
        let Some(before) = before else { return };
        let place = (before == search).then(place).flatten();
        let held = dom::is_focus_in(stars::STAR);
        match answer {
            Ok(html) => {
                list.set_inner_html(&html);
                if let Some(place) = place {
                    keep(&place);
                }
            }
            Err(error) => refuse(&list, &said(&unless_signed_out(error))),
        }
        // The star that had the keyboard is gone.
        if held {
            dom::focus("picker-search");
        }
        arrived(&list);
    });
}

/// Which row Enter takes, if it was moved to: its model, and whether it is above the providers.
fn place() -> Option<(String, bool)> {
    let active = STATE.with(|state| state.active.get());
    let row: Element = (active > 0).then(|| dom::by_id(&row_id(active)))??;
    Some((dom::attr(&row, "data-choice"), is_above(&row)))
}

fn is_above(row: &Element) -> bool {
    matches!(row.closest(".picker-top"), Ok(Some(_)))
}

/// Lets Enter take the same row of another list.
fn keep((choice, above): &(String, bool)) {
    let rows = rows_of(choice);
    let same = rows.iter().find(|row| is_above(row) == *above);
    if let Some(index) = same.or_else(|| rows.first()).and_then(index_of) {
        STATE.with(|state| state.active.set(index));
    }
}

/// Notes that something is under way; false if it is already.
fn claim(under_way: &RefCell<Vec<String>>, name: &str) -> bool {
    let mut under_way = under_way.borrow_mut();
    let free = !under_way.iter().any(|known| known == name);
    if free {
        under_way.push(name.to_owned());
    }
    free
}

fn said(error: &AppError) -> String {
    words().errors.said(error)
}

fn refuse(list: &Element, message: &str) {
    STATE.with(|state| state.hasty.set(false));
    list.set_inner_html(&[SKELETON, r#"<p class="muted small"></p>"#].concat());
    if let Some(said) = dom::find(list, "p") {
        said.set_text_content(Some(message));
    }
}

/// Shows in a list that came what the server does not know, and asks the providers that are due.
fn arrived(list: &Element) {
    let known = |id: &String| {
        STATE.with(|state| {
            let refused = state.refused.borrow();
            let mut asked = state.asked.borrow_mut();
            let known = asked.contains(id) || refused.iter().any(|(refused, _)| refused == id);
            if !known {
                asked.push(id.clone());
            }
            known
        })
    };
    let due = dom::find_all(list, "[data-due]");
    let due = due.iter().map(|line| dom::attr(line, "data-provider"));
    for provider in due.filter(|id| !known(id)).collect::<Vec<_>>() {
        refresh(&provider);
    }
    tell(list);
    stars::show();
    mark();
    if STATE.with(|state| state.hasty.get()) && is_open() {
        enter();
    }
}

/// Says which providers are being asked, and what those say that refused.
fn tell(list: &Element) {
    let (busy, refused) =
        STATE.with(|state| (state.busy.borrow().clone(), state.refused.borrow().clone()));
    for line in dom::find_all(list, "[data-provider]") {
        let id = dom::attr(&line, "data-provider");
        let asked = busy.contains(&id);
        if let Some(button) = dom::find(&line, "button") {
            dom::toggle_class(&button, "spinning", asked);
            dom::toggle_attr(&button, "disabled", asked);
        }
        let section = line.parent_element();
        let Some(section) = section else { continue };
        if let Some((_, why)) = refused.iter().find(|(refused, _)| *refused == id) {
            for hidden in dom::find_all(&section, ".badge, .picker-note") {
                dom::toggle_attr(&hidden, "hidden", false);
            }
            if let Some(note) = dom::find(&section, ".picker-note") {
                note.set_text_content(Some(why));
            }
        }
        // What is listed already can be read meanwhile.
        if asked && dom::find(&section, ".model, .skeleton").is_none() {
            for skeleton in dom::fragment(SKELETON) {
                _ = section.append_child(&skeleton);
            }
        }
    }
}

/// Asks a provider for its models anew, and shows what it said wherever models are shown.
pub(super) fn refresh(provider: &str) {
    let provider = provider.to_owned();
    let Ok(id) = provider.parse::<ProviderId>() else {
        return;
    };
    if !STATE.with(|state| claim(&state.busy, &provider)) {
        return;
    }
    if let Some(list) = dom::by_id::<Element>(LIST) {
        tell(&list);
    }
    time::spawn(async move {
        let answer = refresh_models(id).await;
        STATE.with(|state| {
            state.busy.borrow_mut().retain(|busy| *busy != provider);
            let mut refused = state.refused.borrow_mut();
            refused.retain(|(id, _)| *id != provider);
            if let Err(error) = &answer {
                refused.push((provider, said(error)));
            }
            state.wanted.set(state.wanted.get() + 1);
        });
        if is_open() {
            ask();
        }
        if answer.is_ok() {
            new_chat::models_changed();
        }
    });
}

/// Shows which row Enter takes.
fn mark() {
    let rows = rows();
    let active = STATE.with(|state| {
        let last = rows.len().saturating_sub(1);
        // Fewer rows than wanted are there only while none are.
        if !rows.is_empty() && state.active.get() > last {
            state.active.set(last);
        }
        state.active.get()
    });
    let active_row = rows.get(active);
    for row in dom::all("#picker-list [aria-selected=true]") {
        if active_row != Some(&row) {
            select(&row, false);
        }
    }
    if let Some(row) = active_row {
        select(row, true);
    }
    if let Some(field) = field() {
        // What may be found and not taken has no row to point at.
        _ = match active_row {
            Some(row) => field.set_attribute("aria-activedescendant", &row.id()),
            None => field.remove_attribute("aria-activedescendant"),
        };
    }
}

/// Marks a row as the one that Enter takes. Its star alone can be reached by the Tab key.
fn select(row: &Element, on: bool) {
    _ = row.set_attribute("aria-selected", if on { "true" } else { "false" });
    if let Some(star) = dom::find(row, ".star") {
        _ = star.set_attribute("tabindex", if on { "0" } else { "-1" });
    }
}

fn press(event: &KeyboardEvent) {
    let last = rows().len().saturating_sub(1);
    let active = STATE.with(|state| state.active.get());
    let to = match event.key().as_str() {
        "ArrowDown" => (active + 1).min(last),
        "ArrowUp" => active.saturating_sub(1),
        "Home" if event.ctrl_key() => 0,
        "End" if event.ctrl_key() => last,
        "Enter" if !dom::composing(event) => {
            event.prevent_default();
            enter();
            return;
        }
        _ => return,
    };
    event.prevent_default();
    STATE.with(|state| {
        state.active.set(to);
        state.hasty.set(false);
    });
    mark();
    dom::reveal(&row_id(to));
}

/// Takes the active row, once the list is the one for what is typed.
fn enter() {
    let active = STATE.with(|state| {
        let there =
            *state.search.borrow() == typed() && dom::one("#picker-list > .skeleton").is_none();
        state.hasty.set(!there);
        there.then(|| state.active.get())
    });
    let row = active.and_then(|active| dom::by_id(&row_id(active)));
    if let Some(row) = row {
        take(&row);
    }
}

fn take(row: &Element) {
    let Ok(choice) = dom::attr(row, "data-choice").parse::<Choice>() else {
        return;
    };
    overlays::close(ID);
    if let Some(field) = field() {
        field.set_value("");
    }
    let then = STATE.with(|state| state.then.take());
    if let Some(then) = then {
        then(choice);
    }
}
