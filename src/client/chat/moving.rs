//! Going on in a new chat that takes the history along: on another model, or from a message on.

use super::{composer, dock, picker};
use crate::api::threads::fork_thread;
use crate::client::server::unless_signed_out;
use crate::client::{dom, overlays, side, storage, time, toasts, visit, words};
use crate::shared::ids::MessageId;
use crate::shared::model::Choice;
use std::cell::{Cell, RefCell};
use web_sys::{Element, Event};

const DIALOG: &str = "other-model";

thread_local! {
    /// The model that the dialog is about.
    static WANTED: RefCell<Option<Choice>> = const { RefCell::new(None) };
    /// Whether a chat is being made of the one on the page, until it is shown. Who presses twice wants one.
    static MAKING: Cell<bool> = const { Cell::new(false) };
}

/// Hears the buttons that go on with a model.
pub(super) fn start() {
    dom::on("submit", |event| {
        if let Some(form) = dom::closest(&event, "form[data-choice]") {
            event.prevent_default();
            go(None, dom::attr(&form, "data-choice").parse().ok());
        }
    });
    dom::on("click", |event| pressed(&event));
}

fn pressed(event: &Event) {
    let Some(button) = dom::closest(event, "#other-model [data-do]") else {
        return;
    };
    let along = match dom::attr(&button, "data-do").as_str() {
        "other-along" => true,
        "other-empty" => false,
        _ => return,
    };
    overlays::close(DIALOG);
    let Some(choice) = WANTED.take() else { return };
    if along {
        go(None, Some(choice));
    } else {
        let model = dom::encode(&choice.to_string());
        visit::go(&["/chat?model=", &model].concat());
    }
}

/// Makes a new chat with the history up to a message, or with all of it, on another model if one is named. What is being
/// written goes with the whole of it.
pub fn go(message: Option<MessageId>, choice: Option<Choice>) {
    let Some(from) = dock::conversation().map(|open| open.id()) else {
        return;
    };
    if MAKING.replace(true) {
        return;
    }
    time::spawn(async move {
        let whole = message.is_none();
        let made = fork_thread(from.clone(), message, choice).await;
        match made {
            Ok(thread) => {
                let draft = composer::draft_of(&from);
                let written = composer::current().filter(|now| whole && now.draft() == draft);
                let written = written.map(|now| now.take_text());
                if let Some(written) = written.filter(|text| !text.is_empty()) {
                    storage::set(&composer::draft_of(&thread.id), &written);
                }
                side::renew();
                visit::go(&["/chat/", thread.id.as_str()].concat());
            }
            Err(error) => {
                MAKING.set(false);
                toasts::trouble(&unless_signed_out(error));
            }
        }
    });
}

/// The chat on the page is another one, or none.
pub(super) fn over() {
    MAKING.set(false);
}

/// Asks whether to go on with another model, because a thread keeps its own.
pub fn ask(choice: Choice) {
    let name = picker::name_of(&choice);
    if let Some(title) = dom::by_id::<Element>("other-model-title") {
        title.set_text_content(Some(&(words().chat.other_model)(&name)));
    }
    WANTED.set(Some(choice));
    // After the picker is closed, which gives the keyboard back.
    time::later(0, || overlays::open(DIALOG));
}
