//! Browser behaviour. Compiles for both targets, is called only from effects and event handlers, so only in a browser.

pub mod activity;
pub mod clipboard;
pub mod dom;
pub mod leave;
pub mod log;
pub mod offline;
mod place;
pub mod server;
pub mod storage;
pub mod stream;
