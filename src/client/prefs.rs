//! Colours, what Enter does, the language, and whether the sidebar is open.

use super::{dom, drawer};
use crate::shared::account::{Preferences, Theme};
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlInputElement, HtmlSelectElement};

/// Hears the settings.
pub fn start() {
    dom::on("change", changed);
}

fn changed(event: Event) {
    let Some(field) = dom::closest(&event, "[data-pref]") else {
        return;
    };
    if let Some(list) = field.dyn_ref::<HtmlSelectElement>() {
        dom::set_cookie("lang", &list.value());
        dom::go("");
    }
    let Some(chosen) = field.dyn_ref::<HtmlInputElement>() else {
        return;
    };
    match (
        dom::attr(&field, "data-pref").as_str(),
        chosen.value().as_str(),
    ) {
        ("theme", "light") => set_theme(Theme::Light),
        ("theme", "dark") => set_theme(Theme::Dark),
        ("theme", _) => set_theme(Theme::System),
        (_, value) => dom::set_cookie("enter", value),
    }
}

/// What is chosen.
#[must_use]
pub fn now() -> Preferences {
    Preferences::from_cookies(&dom::cookies())
}

/// Whether Enter sends.
#[must_use]
pub fn enter_sends() -> bool {
    now().enter_sends
}

/// Whether the sidebar stands open on wide screens.
#[must_use]
pub fn side_open() -> bool {
    now().side_open
}

/// Opens or closes the sidebar.
pub fn set_side_open(open: bool) {
    let leaves = if open { "[data-do=side-open]" } else { "#side" };
    let held = dom::is_focus_in(leaves);
    dom::set_cookie("side", if open { "open" } else { "closed" });
    if let Some(frame) = dom::one(".workspace") {
        dom::toggle_class(&frame, "side-closed", !open);
    }
    if held {
        drawer::follow(open);
    }
}

/// Changes the colours at once.
pub fn set_theme(theme: Theme) {
    dom::set_cookie("theme", theme.as_str());
    let named = (theme != Theme::System).then(|| theme.as_str());
    dom::mark_page("data-theme", named);
    for choice in dom::all("[data-pref=theme]") {
        if let Ok(choice) = choice.dyn_into::<HtmlInputElement>() {
            choice.set_checked(choice.value() == theme.as_str());
        }
    }
}
