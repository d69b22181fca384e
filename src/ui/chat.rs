//! The chat.

mod answer;
mod compare;
mod composer;
mod conversation;
mod forms;
mod log;
mod moving;
mod new_chat;
mod options;
mod picker;
mod queue;
mod refusal;
mod thread;

pub use compare::Compare;
pub use new_chat::NewChat;
pub use thread::ThreadPage;

use crate::shared::ids::ThreadId;

/// The element that scrolls the messages.
const LOG: &str = "log";
/// Where the draft of a chat that does not exist yet is kept.
const NEW_DRAFT: &str = "draft:new";
/// The text area of the composer.
const COMPOSER: &str = "composer-text";

/// Where the draft for a thread is kept.
fn draft_of(id: &ThreadId) -> String {
    format!("draft:{id}")
}
