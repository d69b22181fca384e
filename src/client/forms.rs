//! Forms, sent without loading the page anew.

use super::server::{self, Body, unless_signed_out};
use super::visit::{self, Page};
use super::{dom, side, time, toasts};
use crate::shared::error::AppError;
use wasm_bindgen::JsCast;
use web_sys::{
    Element, Event, HtmlButtonElement, HtmlDialogElement, HtmlElement, HtmlFormElement,
    HtmlInputElement, ScrollIntoViewOptions, ScrollLogicalPosition, SubmitEvent, UrlSearchParams,
};

/// What can be filled in.
const FIELDS: &str = "input:not([type=hidden]), select, textarea";

/// Hears them.
pub fn start() {
    dom::on("submit", |event| _ = submitted(&event));
    dom::on("click", |event| _ = show_typed(&event));
    dom::on("change", |event| {
        if dom::closest(&event, "[data-trim]").is_some() {
            dom::trim_value(&event);
        }
    });
}

/// Shows what is typed blind, or hides it again.
fn show_typed(event: &Event) -> Option<()> {
    let eye = dom::closest(event, "[data-do=eye]")?;
    let row = eye.closest(".input-row").ok()??;
    let field: HtmlInputElement = dom::find(&row, "input")?.dyn_into().ok()?;
    let show = field.type_() == "password";
    field.set_type(if show { "text" } else { "password" });
    eye.set_attribute("aria-pressed", if show { "true" } else { "false" })
        .ok()
}

fn submitted(event: &Event) -> Option<()> {
    let form: HtmlFormElement = event.target()?.dyn_into().ok()?;
    let post = dom::attr(&form, "method").eq_ignore_ascii_case("post");
    let action = dom::attr(&form, "action");
    if event.default_prevented()
        || !post
        || form.has_attribute("data-plain")
        || !action.starts_with("/fn/")
    {
        return None;
    }
    let body = Body::of(event)?;
    event.prevent_default();
    if form.has_attribute("aria-busy") {
        return None;
    }
    let pressed = event
        .dyn_ref::<SubmitEvent>()
        .and_then(SubmitEvent::submitter);
    let button = pressed.map(Element::from);
    let button = button.or_else(|| dom::find(&form, "[type=submit]"));
    let busy = Busy::new(&form, button.and_then(|button| button.dyn_into().ok()));
    time::spawn(async move {
        let loaded = visit::load(&action, Some(body)).await;
        busy.end();
        match loaded.and_then(refused) {
            Ok(page) => taken(&form, &action, &page),
            Err(error) => say(&form, &unless_signed_out(error)),
        }
    });
    Some(())
}

/// A form while the server is asked.
struct Busy {
    form: HtmlFormElement,
    button: Option<HtmlButtonElement>,
    /// What the button says else.
    label: String,
    /// Whether it had the keyboard, which a browser takes from what cannot be pressed.
    focused: bool,
}

impl Busy {
    fn new(form: &HtmlFormElement, button: Option<HtmlButtonElement>) -> Self {
        _ = form.set_attribute("aria-busy", "true");
        let mut busy = Self {
            form: form.clone(),
            button,
            label: String::new(),
            focused: false,
        };
        if let Some(button) = &busy.button {
            let active = dom::document().and_then(|document| document.active_element());
            busy.focused = active.as_ref() == Some(button);
            button.set_disabled(true);
            dom::toggle_class(button, "busy", true);
            if let Some(meanwhile) = button.get_attribute("data-busy") {
                busy.label = button.text_content().unwrap_or_default();
                button.set_text_content(Some(&meanwhile));
            }
        }
        busy
    }

    fn end(self) {
        _ = self.form.remove_attribute("aria-busy");
        let Some(button) = self.button else { return };
        button.set_disabled(false);
        dom::toggle_class(&button, "busy", false);
        if button.has_attribute("data-busy") {
            button.set_text_content(Some(&self.label));
        }
        if self.focused && dom::is_focus_lost() {
            _ = button.focus();
        }
    }
}

/// The page, unless its address says why the form was refused.
fn refused(page: Page) -> Result<Page, AppError> {
    // Not the app's answer, but what stands before it says that it is not there.
    if page.address.starts_with("/fn/") {
        return Err(server::unreadable());
    }
    let query = page.address.split_once('?').map_or("", |(_, query)| query);
    let told = UrlSearchParams::new_with_str(query).ok();
    let Some(told) = told.and_then(|told| told.get("__err")) else {
        return Ok(page);
    };
    // leptos writes it as JSON in the base64 of addresses.
    let told = told.replace('-', "+").replace('_', "/");
    let bytes = dom::window().and_then(|window| window.atob(&told).ok());
    let bytes: Vec<u8> = bytes
        .unwrap_or_default()
        .chars()
        .filter_map(|byte| u8::try_from(byte).ok())
        .collect();
    Err(server::error(&String::from_utf8_lossy(&bytes)))
}

/// A form was taken, and this page is the answer.
fn taken(form: &HtmlFormElement, action: &str, page: &Page) {
    let done = form.get_attribute("data-done");
    let only = form.get_attribute("data-done-if");
    if !form.is_connected() {
        // Its page was left meanwhile.
    } else if bare(&page.address) == bare(&dom::here()) && page.fits() {
        clear(form);
        let folded = fold(form);
        visit::become_page(page, &page.address);
        if let Some(folded) = folded
            && let Some(summary) = dom::one(&folded)
            && let Ok(summary) = summary.dyn_into::<HtmlElement>()
        {
            _ = summary.focus();
        }
    } else if !(page.fits() && visit::is_on_its_way()) {
        // Who went on meanwhile is not called back.
        visit::arrive(page);
    }
    if let Some(done) = done
        && only.is_none_or(|only| dom::one(&only).is_some())
    {
        toasts::done(&done);
    }
    if ["/fn/threads/", "/fn/compare/"]
        .iter()
        .any(|about| action.starts_with(about))
    {
        side::renew();
    }
}

/// An address in one spelling, without what leptos writes into it about a form that was refused.
fn bare(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let query = UrlSearchParams::new_with_str(query).map_or_else(
        |_| query.to_owned(),
        |query| {
            query.delete("__path");
            query.delete("__err");
            String::from(query.to_string())
        },
    );
    [path, "?", &query].concat()
}

/// Empties a form and folds it up. Where the keyboard is to be then, if it was in what is no longer to be seen.
fn fold(form: &HtmlFormElement) -> Option<String> {
    form.reset();
    let around = form.closest("[data-fold]").ok()??;
    if let Some(dialog) = around.dyn_ref::<HtmlDialogElement>() {
        dialog.close();
        return None;
    }
    let active = dom::document().and_then(|document| document.active_element());
    let held = around.contains(active.as_deref());
    _ = around.remove_attribute("open");
    let id = dom::attr(&around, "id");
    // The whole part of the page may come to stand somewhere else.
    held.then(|| ["[id=\"", &id, "\"] > summary"].concat())
}

/// Says what is wrong with a form: at its fields, else on top of it, and in the corner if nothing can be filled in.
fn say(form: &HtmlFormElement, error: &AppError) {
    clear(form);
    let fields = dom::find_all(form, FIELDS);
    let mut first = None;
    for field in &fields {
        let name = dom::attr(field, "name");
        let key = name.split_once('[').map_or(name.as_str(), |(_, key)| key);
        if let Some(text) = error.field(key.trim_end_matches(']'))
            && mark(field, &text)
        {
            first = first.or(Some(field.clone()));
        }
    }
    let named = error
        .details
        .as_ref()
        .is_some_and(|it| it.get("fields").is_some());
    if first.is_none()
        && !named
        && let Some(secret) = dom::find(form, "input.mono, textarea.mono")
        && mark(&secret, &error.message)
    {
        first = Some(secret);
    }
    if let Some(first) = first {
        if let Ok(first) = first.dyn_into::<HtmlElement>() {
            _ = first.focus();
        }
    } else if fields.is_empty() || !form.is_connected() {
        toasts::trouble(error);
    } else if let Some(notice) = dom::template("notice") {
        if let Some(text) = dom::find(&notice, "p") {
            text.set_text_content(Some(&super::words().errors.said(error)));
        }
        _ = form.insert_before(&notice, form.first_child().as_ref());
        let nearest = ScrollIntoViewOptions::new();
        nearest.set_block(ScrollLogicalPosition::Nearest);
        notice.scroll_into_view_with_scroll_into_view_options(&nearest);
    }
}

/// The line below a field.
fn note(field: &Element) -> Option<Element> {
    let around = field.closest(".field").ok()??;
    dom::find(&around, ".field-note")
}

/// Says below a field what is wrong with it; false where nothing can be said.
fn mark(field: &Element, text: &str) -> bool {
    let Some(note) = note(field) else {
        return false;
    };
    _ = field.set_attribute("aria-invalid", "true");
    if !note.has_attribute("data-hint") {
        _ = note.set_attribute("data-hint", &note.text_content().unwrap_or_default());
    }
    note.set_text_content(Some(text));
    dom::toggle_class(&note, "trouble", true);
    true
}

/// Takes away what was wrong with a form.
fn clear(form: &Element) {
    for field in dom::find_all(form, "[aria-invalid]") {
        _ = field.remove_attribute("aria-invalid");
        if let Some(note) = note(&field)
            && let Some(hint) = note.get_attribute("data-hint")
        {
            note.set_text_content(Some(&hint));
            _ = note.remove_attribute("data-hint");
            dom::toggle_class(&note, "trouble", false);
        }
    }
    for notice in dom::find_all(form, ".notice.trouble") {
        notice.remove();
    }
}
