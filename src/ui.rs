//! What people see: the document, the routes, the pages. Printed on the server; what they do in a browser is in
//! `crate::client`.

#![expect(
    clippy::must_use_candidate,
    reason = "a component is called by `view!`, which uses it"
)]

pub mod app;
pub mod chat;
pub mod commands;
pub mod keys;
pub mod pages;
pub mod parts;
pub mod shell;
pub mod state;
