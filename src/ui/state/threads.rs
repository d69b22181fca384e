//! The threads of the sidebar.

use crate::api::threads::{delete_thread, list_threads, update_thread};
use crate::shared::chat::{Thread, ThreadChange, ThreadPage, ThreadStatus, ThreadView};
use crate::shared::error::AppError;
use crate::shared::ids::ThreadId;
use leptos::prelude::*;

/// The threads that were loaded so far, newest activity first.
#[derive(Clone, Copy, Default)]
pub struct Threads {
    /// The threads.
    pub list: RwSignal<Vec<Thread>>,
    /// What to ask the next page with.
    pub cursor: RwSignal<Option<String>>,
    /// A thread that was just started, so that its page need not load it again.
    pub handed_over: RwSignal<Option<ThreadView>>,
    /// The thread that is being answered in this tab.
    pub answering: RwSignal<Option<ThreadId>>,
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

    /// Moves a thread to the top, because something was said in it.
    pub fn touch(self, thread: Thread) {
        self.list.update(|list| {
            list.retain(|known| known.id != thread.id);
            list.insert(0, thread);
        });
    }

    /// Looks for titles that the server has found since.
    pub async fn refresh(self) {
        if let Ok(page) = list_threads(None).await {
            for thread in page.threads.into_iter().rev() {
                self.put(thread);
            }
        }
    }

    /// Changes a thread on the server and here.
    ///
    /// # Errors
    /// What the server said; nothing changed then.
    pub async fn change(self, id: ThreadId, change: ThreadChange) -> Result<Thread, AppError> {
        let thread = update_thread(id, change).await?;
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
        self.list.update(|list| list.retain(|known| known.id != id));
        Ok(())
    }
}
