//! Short notes in the corner.

use super::words;
use crate::shared::error::AppError;
use crate::shared::words::Words;
use leptos::prelude::*;
use std::time::Duration;

/// The notes that are shown.
#[derive(Clone, Copy)]
pub struct Toasts {
    /// (number, text, whether it is about trouble), oldest first.
    pub shown: RwSignal<Vec<(u32, String, bool)>>,
    next: RwSignal<u32>,
    words: &'static Words,
}

impl Toasts {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shown: RwSignal::default(),
            next: RwSignal::default(),
            words: words(),
        }
    }

    /// Says that something was done.
    pub fn done(self, text: impl Into<String>) {
        self.show(text.into(), false);
    }

    /// Says what went wrong.
    pub fn trouble(self, error: &AppError) {
        self.show(self.words.errors.said(error), true);
    }

    /// Takes a note away.
    pub fn dismiss(self, number: u32) {
        self.shown
            .update(|shown| shown.retain(|toast| toast.0 != number));
    }

    fn show(self, text: String, trouble: bool) {
        let number = self.next.get_untracked();
        self.next.set(number + 1);
        self.shown.update(|shown| {
            shown.push((number, text, trouble));
            if shown.len() > 3 {
                shown.remove(0);
            }
        });
        set_timeout(
            move || self.dismiss(number),
            Duration::from_secs(if trouble { 10 } else { 4 }),
        );
    }
}

impl Default for Toasts {
    fn default() -> Self {
        Self::new()
    }
}
