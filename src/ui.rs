//! What people see: the document, the routes, the pages. Renders on the server first and is hydrated in the browser.

#![expect(
    clippy::must_use_candidate,
    reason = "a component is called by `view!`, which uses it"
)]
#![expect(
    clippy::too_many_lines,
    reason = "a page's markup reads best in one piece"
)]

pub mod app;
pub mod chat;
pub mod commands;
pub mod erased;
pub mod keys;
pub mod pages;
pub mod parts;
pub mod shell;
pub mod state;
