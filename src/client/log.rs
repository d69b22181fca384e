//! The messages on the page. Those that have ended are HTML of the server's, so what is to be known of them is asked of
//! the document, and what they are asked to do comes from one listener.

use super::dom::{self, attr, by_id, closest, document, find, find_all};
use super::time::{frame, later};
use super::{clock, toasts, words};
use crate::shared::csv;
use crate::shared::ids::MessageId;
use std::cell::RefCell;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlButtonElement, HtmlElement};

/// Where a screen reader hears what happened.
const EAR: &str = "p.visually-hidden[role=status]";
/// How long a button says that it has copied, in milliseconds.
const SAID: i32 = 2_000;

/// A message that has ended, as far as the document tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The message.
    pub id: MessageId,
    /// Its place among its siblings: `1/2`.
    pub sibling: String,
}

/// What a button was pressed for.
pub struct Press {
    /// The button's `data-do`.
    pub what: String,
    button: Element,
}

/// The element of a message.
#[must_use]
pub fn element(id: &MessageId) -> Option<Element> {
    by_id(&format!("m-{id}"))
}

/// The message that an element is.
#[must_use]
pub fn id_of(message: &Element) -> Option<MessageId> {
    message.id().strip_prefix("m-")?.parse().ok()
}

/// The messages that have ended, oldest first.
#[must_use]
pub fn known(root: &Element) -> Vec<Known> {
    find_all(root, "article[data-sibling]")
        .iter()
        .filter_map(|message| {
            Some(Known {
                id: id_of(message)?,
                sibling: attr(message, "data-sibling"),
            })
        })
        .collect()
}

/// The last message, if it has ended. It is found from the end: there may be thousands.
#[must_use]
pub fn last_known(root: &Element) -> Option<MessageId> {
    let mut part = root.last_element_child();
    while let Some(element) = part {
        let message = if element.tag_name() == "ARTICLE" {
            Some(element.clone())
        } else {
            element.last_element_child()
        };
        let ended = message.filter(|message| message.has_attribute("data-sibling"));
        if let Some(id) = ended.as_ref().and_then(id_of) {
            return Some(id);
        }
        part = element.previous_element_sibling();
    }
    None
}

/// Where somebody reads: a message, and how far below the top of the log it begins, in pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The message.
    pub message: MessageId,
    /// The pixels; below 0 where the message begins above what is seen.
    pub top: i32,
}

impl Place {
    /// The place that [`Place::to_text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (message, top) = text.split_once(' ')?;
        Some(Self {
            message: message.parse().ok()?,
            top: top.parse().ok()?,
        })
    }

    /// The place as a text.
    #[must_use]
    pub fn to_text(&self) -> String {
        [self.message.as_str(), " ", &self.top.to_string()].concat()
    }

    /// The first message that is seen.
    #[must_use]
    pub fn here(log: &Element) -> Option<Self> {
        let (left, top) = (log.get_bounding_client_rect().x(), top_of(log));
        let middle = left + f64::from(log.client_width()) / 2.0;
        // There may be nothing but room between two messages at a point.
        (1..9).find_map(|step| {
            let point = f64::from(top + 24 * step);
            #[expect(clippy::cast_possible_truncation, reason = "pixels of a screen")]
            let found = document()?.element_from_point(middle as f32, point as f32)?;
            Self::of(log, &id_of(&found.closest("article").ok()??)?)
        })
    }

    /// Where a message is seen.
    #[must_use]
    pub fn of(log: &Element, message: &MessageId) -> Option<Self> {
        Some(Self {
            message: message.clone(),
            top: top_of(&element(message)?) - top_of(log),
        })
    }

    /// Scrolls so that the message is seen there again. Whether it is on the page is said at once. Heights that were only
    /// guessed get known by being seen, so it is done once more a frame later.
    pub fn restore(self, log: Element) -> bool {
        fn scroll(log: &Element, place: &Place) -> bool {
            let Some(now) = Place::of(log, &place.message) else {
                return false;
            };
            log.set_scroll_top(log.scroll_top() + now.top - place.top);
            true
        }
        let found = scroll(&log, &self);
        if found {
            frame(move || _ = scroll(&log, &self));
        }
        found
    }
}

fn top_of(element: &Element) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "pixels of a page")]
    let top = element.get_bounding_client_rect().y().round() as i32;
    top
}

/// Puts the keyboard on the button of a message that shows the branch on that side, or else the other side's.
pub fn focus_turn(message: &MessageId, what: &str) {
    let Some(message) = element(message) else {
        return;
    };
    let buttons = find_all(&message, ".turn:not(:disabled)");
    let same = buttons
        .iter()
        .find(|button| attr(button, "data-do") == what);
    let button = same.or(buttons.first());
    if let Some(button) = button.and_then(|button| button.dyn_ref::<HtmlElement>()) {
        _ = button.focus();
    }
}

/// The last message of the person.
#[must_use]
pub fn last_question(root: &Element) -> Option<MessageId> {
    let questions = find_all(root, "article.user[data-sibling]");
    questions.last().and_then(id_of)
}

/// The tokens that the last answer took of which they are known.
#[must_use]
pub fn tokens(root: &Element) -> Option<u64> {
    let told = find_all(root, "[data-tokens]").pop()?;
    attr(&told, "data-tokens").parse().ok()
}

/// What the person wrote; none for an answer.
#[must_use]
pub fn text_of_question(id: &MessageId) -> Option<String> {
    find(&element(id)?, ".bubble > .plain")?.text_content()
}

/// Marks a message as being edited, or no longer.
pub fn mark_edited(id: &MessageId, edited: bool) {
    if let Some(message) = element(id) {
        dom::toggle_class(&message, "edited", edited);
    }
}

/// Lets the buttons that wait for their time say how long. Says whether one waits.
pub fn count_down(root: &Element) -> bool {
    let said = &words().chat;
    let mut waits = false;
    for button in find_all(root, "button[data-due]") {
        let due = attr(&button, "data-due").parse::<i64>();
        let left = due.map_or(0, |due| (due - clock::now().0 + 999) / 1000);
        let left_words = match left {
            ..=0 => said.try_again.to_owned(),
            1..120 => (said.try_in_seconds)(left),
            _ => (said.try_in_minutes)((left + 59) / 60),
        };
        if let Some(label) = find(&button, "span") {
            label.set_text_content(Some(&left_words));
        }
        if let Some(button) = button.dyn_ref::<HtmlButtonElement>() {
            button.set_disabled(left > 0);
        }
        waits |= left > 0;
    }
    waits
}

/// What a click in the log wants, if it fell on a button of a message.
#[must_use]
pub fn press(event: &Event) -> Option<Press> {
    let button = closest(event, ":is(#log, .side-answer, #refused) [data-do]")?;
    let what = attr(&button, "data-do");
    Some(Press { what, button })
}

thread_local! {
    static HELD: RefCell<Option<Press>> = const { RefCell::new(None) };
}

/// Notes the button on which the pointer went down.
pub fn hold(event: &Event) {
    HELD.set(press(event));
}

/// Whether the pointer came up on a button that took the place of the one on which it went down. While an answer grows its
/// last block is written anew all the time, and no click follows then.
#[must_use]
pub fn held_through(event: &Event) -> bool {
    let (down, up) = (HELD.take(), press(event));
    down.zip(up)
        .is_some_and(|(down, up)| down.what == up.what && !down.button.is_connected())
}

impl Press {
    /// Whether the button is in there.
    #[must_use]
    pub fn is_in(&self, root: &Element) -> bool {
        root.contains(Some(&self.button))
    }

    /// The message that the button belongs to.
    #[must_use]
    pub fn message(&self) -> Option<MessageId> {
        id_of(&self.button.closest("article").ok()??)
    }

    /// The button's `data-id`.
    #[must_use]
    pub fn id(&self) -> String {
        attr(&self.button, "data-id")
    }

    /// The text of the code block that the button belongs to.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        let block = self.button.closest(".code").ok()??;
        find(&block, "pre")?.text_content()
    }

    /// How a file with that code is called.
    #[must_use]
    pub fn file_name(&self) -> String {
        let name = self.button.get_attribute("data-name");
        name.unwrap_or_else(|| "code.txt".to_owned())
    }

    /// The table that the button belongs to, as CSV.
    #[must_use]
    pub fn table(&self) -> Option<String> {
        let block = self.button.closest(".table").ok()??;
        let rows = find_all(&block, "tr").into_iter().map(|row| {
            let cells = find_all(&row, "th, td").into_iter();
            cells
                .map(|cell| cell.text_content().unwrap_or_default())
                .collect()
        });
        Some(csv::table(rows))
    }

    /// Breaks the lines of the code that the button belongs to, or no longer. That is kept beside the code, which is written
    /// anew while its answer goes on; what the button says follows it in CSS.
    pub fn wrap(&self) {
        if let Ok(Some(block)) = self.button.closest(".block") {
            _ = block.class_list().toggle("wrapped");
        }
    }

    /// Says whether it was copied: the button for a moment, by its drawing or in words, and a screen reader hears it. In a note
    /// stands what failed, and what a button that nobody sees would say.
    pub fn copied(self, worked: bool) {
        let said = &words().chat;
        let Self { button, .. } = self;
        if !worked {
            return toasts::failed(said.not_copied);
        }
        if !dom::in_sight(&button) {
            return toasts::done(said.copied);
        }
        let (drawing, ear) = (find(&button, "use"), dom::one(EAR));
        let before = button.get_attribute("data-word");
        let before = before.unwrap_or_else(|| button.text_content().unwrap_or_default());
        if let Some(drawing) = &drawing {
            _ = drawing.set_attribute("href", "#i-check");
        } else {
            _ = button.set_attribute("data-word", &before);
            button.set_text_content(Some(said.copied));
        }
        if let Some(ear) = &ear {
            ear.set_text_content(Some(said.copied));
        }
        later(SAID, move || {
            match drawing {
                Some(drawing) => _ = drawing.set_attribute("href", "#i-copy"),
                None => button.set_text_content(Some(&before)),
            }
            // So that the same is heard the next time.
            let heard = |ear: &Element| ear.text_content().as_deref() == Some(said.copied);
            if let Some(ear) = ear.filter(heard) {
                ear.set_text_content(None);
            }
        });
    }
}
