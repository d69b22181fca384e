//! The chats whose answer ended while nobody was looking, in all tabs of this browser.

use crate::client::storage;
use crate::shared::ids::ThreadId;
use leptos::prelude::*;

/// Where this browser keeps them for its other tabs, which hear of every change.
const KEPT: &str = "unread";

/// Their ids. The title of the tab follows it after the page is gone, so it stands outside of the arena of signals.
#[derive(Clone, Default)]
pub struct Unread(ArcRwSignal<Vec<ThreadId>>);

impl Unread {
    /// Takes what this browser knows.
    pub fn hear(&self) {
        let kept = storage::get(KEPT).unwrap_or_default();
        let kept: Vec<_> = kept.split(' ').filter_map(|id| id.parse().ok()).collect();
        if *self.0.read_untracked() != kept {
            self.0.set(kept);
        }
    }

    /// Adds one.
    pub fn add(&self, id: &ThreadId) {
        if !self.0.read_untracked().contains(id) {
            self.0.update(|ids| ids.push(id.clone()));
            self.tell();
        }
    }

    /// Takes one out: it is looked at.
    pub fn seen(&self, id: &ThreadId) {
        if self.0.read_untracked().contains(id) {
            self.keep(|known| known != id);
            self.tell();
        }
    }

    /// Keeps those that fit, in this tab: another one may know chats that are not known here yet.
    pub fn keep(&self, fits: impl Fn(&ThreadId) -> bool) {
        if !self.0.read_untracked().iter().all(&fits) {
            self.0.update(|ids| ids.retain(fits));
        }
    }

    fn tell(&self) {
        let ids = self.0.read_untracked();
        let ids: Vec<_> = ids.iter().map(ThreadId::as_str).collect();
        storage::set(KEPT, &ids.join(" "));
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
