//! Asking for an answer once more with more or less reasoning than the chat asks for.

use super::conversation::Conversation;
use super::dock;
use crate::client::{dom, overlays};
use crate::shared::chat::ReasoningEffort;
use crate::shared::ids::MessageId;
use std::cell::RefCell;
use std::rc::Rc;

const DIALOG: &str = "rethink";
/// Its buttons, which say an effort each.
const EFFORTS: &str = "#rethink [data-effort]";

thread_local! {
    /// The answer that the dialog is about.
    static ABOUT: RefCell<Option<MessageId>> = const { RefCell::new(None) };
}

/// Hears the dialog's buttons.
pub(super) fn start() {
    dom::on("click", |event| {
        let Some(button) = dom::closest(&event, EFFORTS) else {
            return;
        };
        overlays::close(DIALOG);
        let word = dom::attr(&button, "data-effort");
        let mut efforts = ReasoningEffort::ALL.into_iter();
        let effort = efforts.find(|effort| effort.as_str() == word);
        if let (Some(conversation), Some(message)) = (dock::conversation(), ABOUT.take()) {
            conversation.retry(message, None, effort);
        }
    });
}

/// Asks how much the model is to reason. What the chat asks for is marked.
pub(super) fn open(conversation: &Rc<Conversation>, message: MessageId) {
    let chosen = conversation.thread().settings.reasoning_effort;
    let chosen = chosen.map(ReasoningEffort::as_str);
    for button in dom::all(EFFORTS) {
        let marked = button.get_attribute("data-effort").as_deref() == chosen;
        if marked {
            _ = button.set_attribute("aria-current", "true");
        } else {
            _ = button.remove_attribute("aria-current");
        }
        dom::toggle_attr(&button, "autofocus", marked);
    }
    ABOUT.set(Some(message));
    overlays::open(DIALOG);
}
