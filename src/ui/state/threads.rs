//! The threads of the sidebar.

use crate::api::threads::{delete_thread, list_threads, update_thread};
use crate::client::activity::nudge;
use crate::shared::activity::Version;
use crate::shared::chat::{Thread, ThreadChange, ThreadPage, ThreadStatus, ThreadView};
use crate::shared::error::AppError;
use crate::shared::ids::ThreadId;
use leptos::prelude::*;
use leptos::task::spawn_local;

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
    /// What to ask the next page with.
    pub cursor: RwSignal<Option<String>>,
    /// A thread that was just started, so that its page need not load it again.
    pub handed_over: RwSignal<Option<ThreadView>>,
    answering: RwSignal<Vec<ThreadId>>,
    renewal: StoredValue<Renewal>,
}

impl Threads {
    /// Takes the first page.
    pub fn start(self, page: ThreadPage) {
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

    /// Takes what is new about a thread; one that is not known comes first.
    pub fn put(self, thread: Thread) {
        self.list
            .update(|list| match list.iter_mut().find(|t| t.id == thread.id) {
                Some(known) => *known = thread,
                None => list.insert(0, thread),
            });
    }

    /// Moves a thread to the top, because something was said in it here.
    pub fn touch(self, thread: Thread) {
        nudge();
        self.list.update(|list| {
            list.retain(|known| known.id != thread.id);
            list.insert(0, thread);
        });
    }

    /// Loads the first page anew unless this is its version.
    pub fn keep_up(self, version: Version) {
        let here = self.list.with_untracked(|list| {
            Version::of_list(
                list.iter()
                    .map(|thread| (&thread.id, thread.title.as_str(), thread.updated_at)),
            )
        });
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

    /// Marks the threads that are being answered, and no others.
    pub fn set_answering(self, ids: Vec<ThreadId>) {
        if self.answering.try_with_untracked(|known| *known != ids) == Some(true) {
            self.answering.set(ids);
        }
    }

    /// Marks a thread as being answered, or no longer.
    pub fn mark(self, id: ThreadId, answering: bool) {
        let mut ids = self.answering.try_get_untracked().unwrap_or_default();
        ids.retain(|known| *known != id);
        if answering {
            ids.push(id);
        }
        self.set_answering(ids);
    }

    /// Changes a thread on the server and here.
    ///
    /// # Errors
    /// What the server said; nothing changed then.
    pub async fn change(self, id: ThreadId, change: ThreadChange) -> Result<Thread, AppError> {
        let thread = update_thread(id, change).await?;
        nudge();
        if thread.status == ThreadStatus::Archived {
            self.list
                .update(|list| list.retain(|known| known.id != thread.id));
        } else {
            self.put(thread.clone());
        }
        Ok(thread)
    }

    /// Deletes a thread on the server and here.
    ///
    /// # Errors
    /// What the server said; the thread stays then.
    pub async fn delete(self, id: ThreadId) -> Result<(), AppError> {
        delete_thread(id.clone()).await?;
        nudge();
        self.list.update(|list| list.retain(|known| known.id != id));
        Ok(())
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::chat::ChatSettings;
    use crate::shared::time::Timestamp;

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
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        ThreadPage {
            threads: ids.chars().map(thread).collect(),
            next_cursor: next_cursor.map(str::to_owned),
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
