//! The chats that are to be deleted unless that is undone.

use super::{renew, show};
use crate::client::activity::nudge;
use crate::client::{dom, leave, storage, time};
use crate::shared::ids::ThreadId;
use crate::shared::time::Timestamp;
use std::cell::RefCell;

/// Milliseconds after which nobody undoes a deletion any more, unless they hold the note that offers it.
const UNDO_MS: i32 = 60_000;

thread_local! {
    /// They are not shown, and neither are those that were deleted here.
    static DOOMED: RefCell<Vec<ThreadId>> = const { RefCell::new(Vec::new()) };
}

/// Where this browser notes what is to be deleted.
fn place() -> String {
    storage::of_account("deleting")
}

/// What is to be deleted, and since when.
fn notes() -> Vec<(ThreadId, Timestamp)> {
    let notes = storage::get(&place()).unwrap_or_default();
    let note = |note: &str| {
        let (id, at) = note.split_once('@')?;
        Some((id.parse().ok()?, Timestamp(at.parse().ok()?)))
    };
    notes.split(' ').filter_map(note).collect()
}

fn keep_notes(notes: &[(ThreadId, Timestamp)]) {
    let notes: Vec<String> = notes
        .iter()
        .map(|(id, at)| [id.as_str(), "@", &at.0.to_string()].concat())
        .collect();
    storage::set(&place(), &notes.join(" "));
}

fn forget_note(id: &ThreadId) {
    let mut notes = notes();
    notes.retain(|(noted, _)| noted != id);
    keep_notes(&notes);
}

/// Whether a thread is to be deleted.
#[must_use]
pub fn is_doomed(id: &ThreadId) -> bool {
    DOOMED.with_borrow(|doomed| doomed.contains(id))
}

/// Hides a thread that is to be deleted, and notes that: should this page end before it is done or undone, the next one
/// does it.
pub(super) fn doom(id: &ThreadId) {
    DOOMED.with_borrow_mut(|doomed| doomed.push(id.clone()));
    let mut notes = notes();
    notes.push((id.clone(), dom::now()));
    keep_notes(&notes);
    show();
}

/// Shows a thread again that was to be deleted.
pub(super) fn spare(id: &ThreadId) {
    forget_note(id);
    DOOMED.with_borrow_mut(|doomed| doomed.retain(|doomed| doomed != id));
    show();
}

/// Deletes a thread that is to be deleted, also when the page is being left. If that fails the thread is back, and the answer
/// false.
pub(super) async fn carry_out(id: ThreadId) -> bool {
    let status = leave::delete(["/api/threads/", id.as_str()].concat()).await;
    // What is not there any more is deleted.
    let gone = matches!(status, Some(204 | 404));
    if gone {
        forget_note(&id);
        nudge();
        renew();
    } else {
        spare(&id);
    }
    gone
}

/// Deletes what a page that ended was to delete. What another tab may still undo is left to it, and looked at again later.
pub(super) fn resume() {
    let notes = notes();
    DOOMED.set(notes.iter().map(|(id, _)| id.clone()).collect());
    for (id, at) in notes {
        let wait = at.0 + i64::from(UNDO_MS) - dom::now().0;
        let wait = i32::try_from(wait).unwrap_or(0).clamp(0, UNDO_MS);
        time::later(wait, move || {
            if !self::notes().iter().any(|(noted, _)| *noted == id) {
                return spare(&id);
            }
            time::spawn(async move { _ = carry_out(id).await });
        });
    }
}
