//! What other tabs and other devices do, as the server last said.

use super::threads::Threads;
use crate::client::activity;
use crate::shared::activity::{Activity, ThreadState};
use crate::shared::ids::ThreadId;
use leptos::prelude::*;

/// What was said about a thread.
#[derive(Clone)]
pub struct Word {
    /// The thread.
    pub about: ThreadId,
    /// How it stands; none when it is gone.
    pub state: Option<ThreadState>,
}

/// What is known of elsewhere.
#[derive(Clone, Copy, Default)]
pub struct Elsewhere {
    /// The thread whose page is open here.
    pub open: RwSignal<Option<ThreadId>>,
    /// The last word on that thread. It is said again and again, also when nothing changed.
    pub word: RwSignal<Option<Word>>,
}

impl Elsewhere {
    /// Names the thread that the calling component shows, for as long as it does.
    pub fn show(self, id: ThreadId) {
        Effect::new(move || {
            self.word.set(None);
            self.open.set(Some(id.clone()));
        });
        let own = self.open;
        on_cleanup(move || _ = own.try_set(None));
    }

    /// Asks as long as the calling component lives.
    pub fn watch(self, threads: Threads) {
        let open = move || self.open.try_get_untracked().flatten();
        let answering = move || untrack(|| open().is_some_and(|open| threads.is_answering(&open)));
        Effect::new(move || {
            activity::start(open, answering, move |asked, activity| {
                self.take(threads, asked, activity);
            });
            on_cleanup(activity::stop);
        });
    }

    fn take(self, threads: Threads, asked: Option<ThreadId>, activity: Activity) {
        let answering = activity.answering.into_iter();
        threads.set_answering(answering.map(|answer| answer.thread_id).collect());
        threads.keep_up(activity.threads);
        if let Some(asked) = asked {
            self.word.set(Some(Word {
                about: asked,
                state: activity.thread,
            }));
        }
    }
}
