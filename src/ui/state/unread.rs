//! The chats whose answer ended while nobody was looking.

use crate::shared::ids::ThreadId;
use leptos::prelude::*;

/// Their ids. The title of the tab follows it after the page is gone, so it stands outside of the arena of signals.
#[derive(Clone, Default)]
pub struct Unread(ArcRwSignal<Vec<ThreadId>>);

impl Unread {
    /// Adds one.
    pub fn add(&self, id: &ThreadId) {
        if !self.0.read_untracked().contains(id) {
            self.0.update(|ids| ids.push(id.clone()));
        }
    }

    /// Takes one out: it is looked at.
    pub fn seen(&self, id: &ThreadId) {
        self.keep(|known| known != id);
    }

    /// Keeps those that fit.
    pub fn keep(&self, fits: impl Fn(&ThreadId) -> bool) {
        if !self.0.read_untracked().iter().all(&fits) {
            self.0.update(|ids| ids.retain(fits));
        }
    }

    /// Whether this is one. Follows changes.
    #[must_use]
    pub fn has(&self, id: &ThreadId) -> bool {
        self.0.read().contains(id)
    }

    /// Whether there is any. Follows changes.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.0.read().is_empty()
    }
}
