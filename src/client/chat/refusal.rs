//! Why something was not sent, and the way on.

use crate::client::{dom, words};
use crate::shared::error::AppError;
use crate::shared::model::Choice;
use crate::shared::remedy::Way;
use web_sys::Element;

/// Shows the card for an error above the composer, in the place of the one that is there, or none any more.
pub fn show(error: Option<&AppError>, provider: &str) {
    if let Some(old) = dom::by_id::<Element>("refused") {
        old.remove();
    }
    if let Some(error) = error
        && let Some(card) = card(error, provider)
        && let Some(place) = dom::by_id::<Element>("refusal")
    {
        card.set_id("refused");
        _ = place.insert_adjacent_element("afterend", &card);
    }
}

/// The card above the composer. Of all ways on that its template has, it keeps those that fit.
#[must_use]
fn card(error: &AppError, provider: &str) -> Option<Element> {
    let card = dom::template("refusal")?;
    let words = words();
    write(&card, "strong", (words.errors.headline)(error.code));
    write(&card, "p:not(.error-title)", &words.errors.said(error));
    let remedy = error.code.remedy();
    for (selector, way) in [
        (".error-actions a", Way::Keys),
        ("[data-do=picker]", Way::Models),
        ("[data-do=options]", Way::Settings),
    ] {
        let remedy = remedy.filter(|remedy| remedy.way() == way);
        match (dom::find(&card, selector), remedy) {
            (Some(button), Some(remedy)) => {
                if way == Way::Keys {
                    _ = button.set_attribute("href", &["/providers#", provider].concat());
                }
                let name = words.errors.remedy(remedy);
                _ = button.insert_adjacent_text("beforeend", name);
            }
            (Some(button), None) => button.remove(),
            _ => {}
        }
    }
    if let Some(form) = dom::find(&card, "form") {
        if let Some(next) = error.replacement() {
            let label = (words.chat.continue_with)(&next.display_name);
            let choice = Choice {
                provider: next.provider,
                model: next.model,
            };
            _ = form.set_attribute("data-choice", &choice.to_string());
            write(&form, "button", &label);
        } else {
            form.remove();
        }
    }
    Some(card)
}

fn write(root: &Element, selector: &str, text: &str) {
    if let Some(element) = dom::find(root, selector) {
        element.set_text_content(Some(text));
    }
}
