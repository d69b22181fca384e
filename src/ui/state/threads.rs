//! The threads of the sidebar.

use crate::api::threads::{list_threads, update_thread};
use crate::client::activity::nudge;
use crate::client::{dom, leave, storage};
use crate::shared::activity::Version;
use crate::shared::chat::{Thread, ThreadChange, ThreadPage, ThreadStatus, ThreadView};
use crate::shared::error::AppError;
use crate::shared::ids::ThreadId;
use crate::shared::time::Timestamp;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;

/// How the list is kept up.
#[derive(Default)]
struct Renewal {
    /// Whether the first page is being loaded.
    running: bool,
    /// The version that it was loaded for.
    done: Option<Version>,
}

/// The threads that were loaded so far, newest activity first.
#[derive(Clone, Copy, Default)]
pub struct Threads {
    /// The threads.
    pub list: RwSignal<Vec<Thread>>,
    /// Those that stand first, newest activity first; the list may have them, too.
    pub pinned: RwSignal<Vec<Thread>>,
    /// What to ask the next page with.
    pub cursor: RwSignal<Option<String>>,
    /// A thread that was just started, so that its page need not load it again.
    pub handed_over: RwSignal<Option<ThreadView>>,
    answering: RwSignal<Vec<ThreadId>>,
    /// Those that are to be deleted unless that is undone. They are not shown.
    doomed: RwSignal<Vec<ThreadId>>,
    renewal: StoredValue<Renewal>,
}

impl Threads {
    /// Takes the first page.
    pub fn start(self, page: ThreadPage) {
        self.pinned.set(page.pinned);
        self.list.set(page.threads);
        self.cursor.set(page.next_cursor);
    }

    /// Loads the next page.
    ///
    /// # Errors
    /// What the server said.
    pub async fn load_more(self) -> Result<(), AppError> {
        let page = list_threads(self.cursor.get_untracked()).await?;
        self.list.update(|list| {
            for thread in page.threads {
                if !list.iter().any(|known| known.id == thread.id) {
                    list.push(thread);
                }
            }
        });
        self.cursor.set(page.next_cursor);
        Ok(())
    }

    /// Takes what is new about a thread.
    pub fn put(self, thread: Thread) {
        let all = self.cursor.read_untracked().is_none();
        self.pinned.update(|pinned| {
            place(pinned, &thread, thread.pinned, true);
        });
        let active = thread.status == ThreadStatus::Active;
        self.list.update(|list| place(list, &thread, active, all));
    }

    /// Moves a thread to the top, because something was said in it here.
    pub fn touch(self, thread: Thread) {
        nudge();
        self.put(thread);
    }

    /// Loads the first page anew unless this is its version.
    pub fn keep_up(self, version: Version) {
        let here = Version::of_list(
            self.list.read_untracked().iter().map(line),
            self.pinned.read_untracked().iter().map(line),
        );
        if here == version {
            self.note(|renewal| renewal.done = None);
            return;
        }
        // Once a version: a list that can not become the same must not be loaded for ever.
        let wanted = self
            .renewal
            .with_value(|renewal| !renewal.running && renewal.done.as_ref() != Some(&version));
        if !wanted {
            return;
        }
        self.note(|renewal| renewal.running = true);
        spawn_local(async move {
            let page = list_threads(None).await;
            self.note(|renewal| renewal.running = false);
            if let Ok(page) = page {
                self.note(|renewal| renewal.done = Some(version));
                let known = ThreadPage {
                    threads: self.list.try_get_untracked().unwrap_or_default(),
                    next_cursor: self.cursor.try_get_untracked().flatten(),
                    pinned: Vec::new(),
                };
                self.start(renewed(known, page));
            }
        });
    }

    fn note(self, change: impl FnOnce(&mut Renewal)) {
        _ = self.renewal.try_update_value(change);
    }

    /// Whether a thread is being answered, here or elsewhere.
    #[must_use]
    pub fn is_answering(self, id: &ThreadId) -> bool {
        self.answering
            .try_with(|answering| answering.contains(id))
            .unwrap_or(false)
    }

    /// Whether any thread is being answered, as far as is known.
    #[must_use]
    pub fn any_answering(self) -> bool {
        self.answering.try_with_untracked(Vec::is_empty) == Some(false)
    }

    /// Marks the threads that are being answered, and no others. Answers those that were until now.
    pub fn set_answering(self, ids: Vec<ThreadId>) -> Vec<ThreadId> {
        let mut ended = self.answering.try_get_untracked().unwrap_or_default();
        if ended != ids {
            _ = self.answering.try_set(ids.clone());
        }
        ended.retain(|id| !ids.contains(id));
        ended
    }

    /// Marks a thread as being answered, or no longer.
    pub fn mark(self, id: ThreadId, answering: bool) {
        let mut ids = self.answering.try_get_untracked().unwrap_or_default();
        ids.retain(|known| *known != id);
        if answering {
            ids.push(id);
        }
        _ = self.set_answering(ids);
    }

    /// Changes a thread on the server and here.
    ///
    /// # Errors
    /// What the server said; nothing changed then.
    pub async fn change(self, id: ThreadId, change: ThreadChange) -> Result<Thread, AppError> {
        let thread = update_thread(id, change).await?;
        nudge();
        self.put(thread.clone());
        Ok(thread)
    }

    /// Whether a thread is to be deleted. Follows changes.
    #[must_use]
    pub fn is_doomed(self, id: &ThreadId) -> bool {
        self.doomed.read().contains(id)
    }

    /// Hides a thread that is to be deleted, and notes that: should this page end before it is done or undone, the next one
    /// does it.
    pub fn doom(self, id: &ThreadId) {
        self.doomed.update(|doomed| doomed.push(id.clone()));
        let mut notes = notes();
        notes.push((id.clone(), dom::now()));
        keep_notes(&notes);
    }

    /// Shows a thread again that was to be deleted.
    pub fn spare(self, id: &ThreadId) {
        let mut notes = notes();
        notes.retain(|(noted, _)| noted != id);
        keep_notes(&notes);
        _ = self
            .doomed
            .try_update(|doomed| doomed.retain(|doomed| doomed != id));
    }

    /// Deletes a thread that is to be deleted, on the server and here, also when the page is being left. If that fails the
    /// thread is back, and the answer false.
    pub async fn carry_out(self, id: ThreadId) -> bool {
        let status = leave::delete(format!("/api/threads/{id}")).await;
        // What is not there any more is deleted.
        let gone = matches!(status, Some(204 | 404));
        if gone {
            nudge();
            for list in [self.list, self.pinned] {
                _ = list.try_update(|list| list.retain(|known| known.id != id));
            }
        }
        self.spare(&id);
        gone
    }

    /// Deletes what a page that ended was to delete. What another tab may still undo is left to it, and looked at again later.
    pub fn resume(self) {
        let notes = notes();
        self.doomed
            .set(notes.iter().map(|(id, _)| id.clone()).collect());
        for (id, at) in notes {
            let wait = at.plus_ms(UNDO_MS).0 - dom::now().0;
            let wait = Duration::from_millis(u64::try_from(wait.min(UNDO_MS)).unwrap_or(0));
            let look = move || {
                if !self::notes().iter().any(|(noted, _)| *noted == id) {
                    return self.spare(&id);
                }
                let id = id.clone();
                spawn_local(async move { _ = self.carry_out(id).await });
            };
            set_timeout(look, wait);
        }
    }
}

/// Where this browser notes what is to be deleted.
const NOTES: &str = "deleting";
/// Milliseconds after which nobody undoes a deletion any more, unless they hold the note that offers it.
const UNDO_MS: i64 = 60_000;

/// What is to be deleted, and since when.
fn notes() -> Vec<(ThreadId, Timestamp)> {
    let notes = storage::get(NOTES).unwrap_or_default();
    let note = |note: &str| {
        let (id, at) = note.split_once('@')?;
        Some((id.parse().ok()?, Timestamp(at.parse().ok()?)))
    };
    notes.split(' ').filter_map(note).collect()
}

fn keep_notes(notes: &[(ThreadId, Timestamp)]) {
    let notes: Vec<String> = notes
        .iter()
        .map(|(id, at)| format!("{id}@{}", at.0))
        .collect();
    storage::set(NOTES, &notes.join(" "));
}

/// A thread as its version tells it.
fn line(thread: &Thread) -> (&ThreadId, &str, Timestamp) {
    (&thread.id, &thread.title, thread.updated_at)
}

/// Puts a thread where it belongs in a list that has the newest first, or takes it out if it is not `wanted`. Behind the
/// last one it belongs only if the list is `whole`.
fn place(list: &mut Vec<Thread>, thread: &Thread, wanted: bool, whole: bool) {
    let before = list.len();
    list.retain(|known| known.id != thread.id);
    let known = list.len() < before;
    let at = list
        .iter()
        .position(|other| other.updated_at <= thread.updated_at);
    let at = at.or_else(|| (whole || known).then_some(list.len()));
    if let Some(at) = at.filter(|_| wanted) {
        list.insert(at, thread.clone());
    }
}

/// The list with its first page as it is now. What was loaded below that stays if it joins on.
fn renewed(mut known: ThreadPage, first: ThreadPage) -> ThreadPage {
    let last = first.threads.last().filter(|_| first.next_cursor.is_some());
    let joint = last.and_then(|last| {
        let mut threads = known.threads.iter();
        threads.position(|thread| thread.id == last.id)
    });
    let mut below = joint.map_or_else(Vec::new, |at| known.threads.split_off(at + 1));
    below.retain(|thread| first.threads.iter().all(|newer| newer.id != thread.id));
    if below.is_empty() {
        return first;
    }
    let mut threads = first.threads;
    threads.append(&mut below);
    ThreadPage {
        threads,
        next_cursor: known.next_cursor,
        pinned: first.pinned,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::chat::ChatSettings;

    fn page(ids: &str, next_cursor: Option<&str>) -> ThreadPage {
        let thread = |id: char| Thread {
            id: id.to_string().parse().expect("an id"),
            title: String::new(),
            provider: "openai".parse().expect("an id"),
            model: "m".parse().expect("an id"),
            system_prompt: None,
            settings: ChatSettings::default(),
            status: ThreadStatus::Active,
            private: false,
            pool_fallback: false,
            pinned: false,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        ThreadPage {
            threads: ids.chars().map(thread).collect(),
            next_cursor: next_cursor.map(str::to_owned),
            pinned: Vec::new(),
        }
    }

    #[test]
    fn a_thread_is_put_where_its_last_activity_says() {
        let at = |id: char, at: i64| Thread {
            updated_at: Timestamp(at),
            ..page(&id.to_string(), None).threads.remove(0)
        };
        let before = || vec![at('a', 9), at('b', 5), at('c', 1)];
        for (what, thread, wanted, whole, order) in [
            ("a new one", at('x', 10), true, false, "xabc"),
            ("one between", at('x', 4), true, false, "abxc"),
            ("one of a later page", at('x', 0), true, false, "abc"),
            ("the last of all", at('x', 0), true, true, "abcx"),
            ("a known one that moves", at('c', 9), true, false, "cab"),
            ("a known one that stays", at('c', 1), true, false, "abc"),
            ("one that goes", at('b', 5), false, true, "ac"),
        ] {
            let mut list = before();
            place(&mut list, &thread, wanted, whole);
            let ids: String = list.iter().map(|thread| thread.id.to_string()).collect();
            assert_eq!(ids, order, "{what}");
        }
    }

    #[test]
    fn what_was_loaded_below_the_first_page_stays_where_it_joins_on() {
        let known = || page("abcdef", Some("f"));
        for (what, first, wanted) in [
            ("nothing", page("abc", Some("c")), page("abcdef", Some("f"))),
            (
                "a new one",
                page("xab", Some("b")),
                page("xabcdef", Some("f")),
            ),
            (
                "a new first",
                page("eab", Some("b")),
                page("eabcdf", Some("f")),
            ),
            ("one less", page("acd", Some("d")), page("acdef", Some("f"))),
            ("a gap", page("xyz", Some("z")), page("xyz", Some("z"))),
            ("no more than this", page("ab", None), page("ab", None)),
            ("none at all", page("", None), page("", None)),
        ] {
            assert_eq!(renewed(known(), first), wanted, "{what}");
        }
        let whole = page("abc", Some("c"));
        assert_eq!(
            renewed(page("abc", Some("c")), page("xab", Some("b"))).next_cursor,
            whole.next_cursor
        );
    }
}
