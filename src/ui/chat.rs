//! The chat.

mod answer;
mod chips;
mod compare;
mod composer;
mod dock;
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
