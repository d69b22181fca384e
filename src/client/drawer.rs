//! The sidebar where it lies over the page, on narrow screens.

use super::dom;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Opens it.
pub fn open() {
    set(true);
}

/// Closes it.
pub fn close() {
    set(false);
}

/// Lets the keyboard follow the sidebar when it was opened, or goes away with what closed it.
pub fn follow(open: bool) {
    let target = if open {
        "#side [data-do=side-close]"
    } else {
        "#main [data-do=drawer-open], #main [data-do=side-open]"
    };
    let seen = |it: &HtmlElement| it.offset_parent().is_some();
    let targets = dom::all(target).into_iter();
    let mut targets = targets.filter_map(|it| it.dyn_into::<HtmlElement>().ok());
    if let Some(target) = targets.find(seen) {
        _ = target.focus();
    }
}

/// Whether it is open.
#[must_use]
pub fn is_open() -> bool {
    dom::one(".workspace.drawer-open").is_some()
}

fn set(open: bool) {
    let covered = if open { "#main" } else { "#side" };
    let held = dom::is_focus_in(covered);
    if let Some(workspace) = dom::one(".workspace") {
        dom::toggle_class(&workspace, "drawer-open", open);
    }
    // Nothing that it covers takes the keyboard.
    if let Some(main) = dom::one("#main") {
        dom::toggle_attr(&main, "inert", open);
    }
    if held || (open && dom::is_focus_lost()) {
        follow(open);
    }
}
