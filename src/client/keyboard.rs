//! A keyboard on the screen, where it lies over the page instead of making it smaller: the workspace ends above it.

use super::dom;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Pixels that every keyboard takes, and no bar of a browser.
const LEAST: i32 = 100;

/// Hears what is seen of the page become more or less.
pub fn start() {
    if let Some(viewport) = dom::window().and_then(|window| window.visual_viewport()) {
        dom::listen(&viewport, "resize", false, Box::new(|_| fit()));
    }
}

fn fit() {
    // Other pages scroll as a whole, and the browser shows the field.
    if dom::one(".workspace").is_none() {
        return;
    }
    let root = dom::document().and_then(|document| document.document_element());
    let root = root.and_then(|root| root.dyn_into::<HtmlElement>().ok());
    let (Some(root), Some(window)) = (root, dom::window()) else {
        return;
    };
    // Who draws two fingers apart wants to see less, and not another page.
    let Some(viewport) = window.visual_viewport().filter(|it| it.scale() <= 1.0) else {
        return;
    };
    #[expect(clippy::cast_possible_truncation, reason = "pixels of a screen")]
    let seen = viewport.height() as i32;
    if root.client_height() - seen > LEAST {
        _ = root
            .style()
            .set_property("--seen", &[&seen.to_string(), "px"].concat());
        // The browser has moved the page away under the keyboard to show the field.
        window.scroll_to_with_x_and_y(0.0, 0.0);
    } else {
        _ = root.style().remove_property("--seen");
    }
}
