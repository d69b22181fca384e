//! Everything that the page says in a language of people's own: the catalog.
//!
//! A language is one value of [`Words`], so a sentence that is missing in one of them does not compile. What has a name or a
//! number in it is a function, because every language has its own order of words and its own plurals. See
//! `docs/decisions/0004-words.md`, also for how to add a string.
#![expect(
    missing_docs,
    reason = "what a field says stands in en.rs, and a second wording of it here would only drift"
)]

mod ar;
mod en;
pub mod language;

pub use language::Language;

/// What both sides say. The browser has all of it in memory, so what only the server prints is no part of it.
#[derive(Debug)]
pub struct Words {
    /// What is on every page.
    pub frame: Frame,
    pub settings: Settings,
}

#[derive(Debug)]
pub struct Frame {
    pub skip: &'static str,
}

#[derive(Debug)]
pub struct Settings {
    pub title: &'static str,
    pub language: &'static str,
    pub as_the_browser: &'static str,
    pub colours: &'static str,
    pub system: &'static str,
    pub light: &'static str,
    pub dark: &'static str,
    pub enter_key: &'static str,
    pub enter_sends: &'static str,
    pub enter_breaks: &'static str,
    pub enter_note: &'static str,
    pub save: &'static str,
    pub account: &'static str,
    pub since: fn(&str) -> String,
    pub sign_out: &'static str,
    pub delete: &'static str,
    pub delete_note: &'static str,
    pub password: &'static str,
    pub delete_all: &'static str,
    pub deleting: &'static str,
}
