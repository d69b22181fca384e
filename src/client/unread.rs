//! The chats whose answer ended while nobody was looking, in all tabs of this browser.

use super::{dom, side, storage};
use crate::shared::ids::ThreadId;
use std::cell::RefCell;

thread_local! {
    static IDS: RefCell<Vec<ThreadId>> = const { RefCell::new(Vec::new()) };
    /// What the page is called, without a mark.
    static TITLE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Where this browser keeps them for its other tabs, which hear of every change.
fn kept() -> String {
    storage::of_account("unread")
}

/// Takes what this browser knows.
pub fn start() {
    if let Some(document) = dom::document() {
        TITLE.set(document.title());
    }
    if dom::one(".workspace").is_some() {
        hear();
    }
}

/// Takes what this browser knows.
pub fn hear() {
    let kept = storage::get(&kept()).unwrap_or_default();
    set(kept.split(' ').filter_map(|id| id.parse().ok()).collect());
}

/// Adds one.
pub fn add(thread: &ThreadId) {
    if !has(thread) {
        let mut ids = ids();
        ids.push(thread.clone());
        set(ids);
        tell();
    }
}

/// Takes one out: it is looked at.
pub fn seen(thread: &ThreadId) {
    if has(thread) {
        keep(&|known| known != thread);
        tell();
    }
}

/// Keeps those that fit, in this tab: another one may know chats that are not known here yet.
pub fn keep(fits: &dyn Fn(&ThreadId) -> bool) {
    let mut ids = ids();
    ids.retain(fits);
    set(ids);
}

/// Whether this is one.
#[must_use]
pub fn has(thread: &ThreadId) -> bool {
    IDS.with_borrow(|ids| ids.contains(thread))
}

/// Names the page in its tab, with a mark if there is any.
pub fn set_title(title: &str) {
    TITLE.set(title.to_owned());
    show_title();
}

fn ids() -> Vec<ThreadId> {
    IDS.with_borrow(Clone::clone)
}

fn set(ids: Vec<ThreadId>) {
    if IDS.replace(ids.clone()) != ids {
        show_title();
        side::mark_rows();
    }
}

fn tell() {
    let ids = ids();
    let ids: Vec<_> = ids.iter().map(ThreadId::as_str).collect();
    storage::set(&kept(), &ids.join(" "));
}

fn show_title() {
    let mark = if ids().is_empty() { "" } else { "● " };
    if let Some(document) = dom::document() {
        let title = TITLE.with_borrow(|title| [mark, title].concat());
        if document.title() != title {
            document.set_title(&title);
        }
    }
}
