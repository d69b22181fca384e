//! Browser behaviour: listens to the pages that the server printed. Compiles for both targets, runs only in a browser.

pub mod activity;
pub mod chat;
pub mod clipboard;
pub mod clock;
pub mod commands;
pub mod dom;
pub mod drawer;
pub mod elsewhere;
pub mod forms;
pub mod keyboard;
pub mod keys;
pub mod leave;
pub mod log;
pub mod morph;
pub mod offline;
pub mod outside;
pub mod overlays;
pub mod page;
pub mod palette;
mod place;
pub mod prefs;
pub mod scroll;
pub mod server;
pub mod side;
pub mod storage;
pub mod stream;
pub mod swipe;
pub mod time;
pub mod toasts;
pub mod unread;
pub mod visit;

use crate::shared::words::live::Live;

/// What the page says, in its language.
#[must_use]
pub fn words() -> &'static Live {
    dom::language().live()
}
