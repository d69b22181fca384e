//! Keys that are pasted into the wrong card.

use super::{dom, time, words};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement};

/// What begins like this may be anybody's key.
const COMMON: usize = "sk-".len();

/// Hears what is typed and moved.
pub fn start() {
    dom::on("input", |event| {
        if let Some(field) = dom::closest(&event, ".provider input.mono") {
            look(&field);
        }
    });
    dom::on("click", |event| {
        if let Some(button) = dom::closest(&event, "[data-do=move-key]") {
            _ = carry(&button);
        }
    });
}

fn card_of(element: &Element) -> Option<Element> {
    element.closest(".provider").ok()?
}

/// The card of another provider whose keys begin as what is in the field, where that says more than its own.
fn other(field: &Element, own: &Element) -> Option<Element> {
    let typed = field.dyn_ref::<HtmlInputElement>()?.value();
    let prefix = |card: &Element| dom::attr(card, "data-prefix");
    let fits = |card: &Element| typed.trim().starts_with(&prefix(card));
    let cards = dom::all(".provider[data-prefix]").into_iter();
    let best = cards.filter(fits).max_by_key(|card| prefix(card).len())?;
    let telling = prefix(&best).len() > COMMON || own.has_attribute("data-prefix");
    (telling && best.id() != own.id()).then_some(best)
}

fn look(field: &Element) {
    let Some((own, around)) = card_of(field).zip(field.closest(".field").ok().flatten()) else {
        return;
    };
    let said = dom::find(&around, ".foreign-key");
    let Some(other) = other(field, &own) else {
        if let Some(said) = said {
            said.remove();
        }
        return;
    };
    let Some(said) = said.or_else(|| dom::template("foreign-key")) else {
        return;
    };
    // A reader hears what comes into what is there already, and each change of it.
    if said.parent_node().is_none() {
        _ = around.append_child(&said);
    }
    if dom::attr(&said, "data-to") == other.id() {
        return;
    }
    _ = said.set_attribute("data-to", &other.id());
    if let Some(text) = dom::find(&said, "span") {
        let name = dom::attr(&other, "aria-label");
        time::later(0, move || {
            text.set_text_content(Some(&(words().keys.looks_like)(&name)));
        });
    }
}

/// Puts what was pasted into the first secret field of the provider whose it seems to be, unless something is in it.
fn carry(button: &Element) -> Option<()> {
    let said = button.closest(".foreign-key").ok()??;
    let from = dom::find(&said.parent_element()?, "input.mono")?;
    let from: HtmlInputElement = from.dyn_into().ok()?;
    let card: Element = dom::by_id(&dom::attr(&said, "data-to"))?;
    let fold = dom::find(&card, ".connect")?;
    let to = dom::find(&fold, "input.mono")?;
    let to: HtmlInputElement = to.dyn_into().ok()?;
    dom::toggle_attr(&fold, "open", true);
    if !to.value().is_empty() {
        return to.focus().ok();
    }
    to.set_value(from.value().trim());
    from.set_value("");
    said.remove();
    if let Ok(Some(left)) = from.closest("details") {
        _ = left.remove_attribute("open");
    }
    to.focus().ok()
}
