//! Why something was not sent, and the way on.

use crate::client::log::{self, Press};
use crate::client::time::{Timer, after};
use crate::client::{clock, dom, words};
use crate::shared::error::AppError;
use crate::shared::model::Choice;
use crate::shared::remedy::Way;
use std::cell::RefCell;
use std::rc::Rc;
use web_sys::Element;

/// Tries once more what was refused.
pub type Again = Rc<dyn Fn()>;

const CARD: &str = "refused";

thread_local! {
    /// The card of this page, and what tries once more what it is about.
    static SHOWN: RefCell<Option<(Element, Option<Again>)>> = const { RefCell::new(None) };
    /// When its button says again how long it waits.
    static TICK: RefCell<Option<Timer>> = const { RefCell::new(None) };
}

/// Shows the card for an error above the composer, in the place of the one that is there, or none any more.
pub fn show(error: Option<&AppError>, provider: &str, again: Option<Again>) {
    clear();
    let again = again.filter(|_| error.is_some_and(|error| error.retryable));
    let card = error.and_then(|error| card(error, provider, again.is_some()));
    SHOWN.set(card.map(|card| (card, again)));
    restore();
    count();
}

/// Takes the card away.
pub fn clear() {
    drop(SHOWN.take());
    if let Some(old) = dom::by_id::<Element>(CARD) {
        old.remove();
    }
}

/// Shows the card again on a page that is shown anew, which has only what the server knows.
pub fn restore() {
    if dom::by_id::<Element>(CARD).is_none()
        && let Some(card) = shown()
        && let Some(place) = dom::by_id::<Element>("refusal")
    {
        _ = place.insert_adjacent_element("afterend", &card);
    }
}

fn shown() -> Option<Element> {
    SHOWN.with_borrow(|shown| shown.as_ref().map(|(card, _)| card.clone()))
}

/// Says on the button how long it waits, each second while it does.
fn count() {
    let waits = shown().is_some_and(|card| log::count_down(&card));
    TICK.set(waits.then(|| after(1_000, count)));
}

/// Tries once more, if that is what a button of the card says.
pub(super) fn pressed(press: &Press) {
    if press.what == "again" {
        let again = SHOWN.with_borrow(|shown| shown.as_ref()?.1.clone());
        clear();
        if let Some(again) = again {
            again();
        }
        dom::settle_focus();
    }
}

/// Sends what is written.
pub fn press_send() {
    dom::press_last("#compose .send:not(.wait, .stop)");
}

/// The card above the composer. Of all ways on that its template has, it keeps those that fit.
#[must_use]
fn card(error: &AppError, provider: &str, again: bool) -> Option<Element> {
    let card = dom::template("refusal")?;
    let words = words();
    card.set_id(CARD);
    write(&card, "strong", (words.errors.headline)(error.code));
    write(&card, "p:not(.error-title)", &words.errors.said(error));
    if let Some(button) = dom::find(&card, "[data-do=again]") {
        if let Some(wait) = error.retry_after_ms.filter(|_| again) {
            let due = clock::now().plus_ms(i64::try_from(wait).unwrap_or(i64::MAX));
            _ = button.set_attribute("data-due", &due.0.to_string());
        } else if !again {
            button.remove();
        }
    }
    if let Some(button) = dom::find(&card, "[data-do=copy-id]") {
        _ = button.set_attribute("data-id", &error.request_id);
        if error.request_id.is_empty() {
            button.remove();
        }
    }
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
