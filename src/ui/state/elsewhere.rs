//! What other tabs and other devices do, as the server last said.

use super::threads::Threads;
use super::unread::Unread;
use crate::client::{activity, dom};
use crate::shared::activity::{Activity, ThreadState};
use crate::shared::ids::ThreadId;
use crate::ui::erased::Effect;
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
        let unread = expect_context::<Unread>();
        Effect::new(move || {
            self.word.set(None);
            self.open.set(Some(id.clone()));
            unread.seen(&id);
        });
        let own = self.open;
        on_cleanup(move || _ = own.try_set(None));
    }

    /// Asks as long as the calling component lives.
    pub fn watch(self, threads: Threads) {
        let unread = expect_context::<Unread>();
        let open = move || self.open.try_get_untracked().flatten();
        let answering = move || threads.any_answering();
        Effect::new(move || {
            let unread = unread.clone();
            let looks = ["focus", "storage"].map(|name| {
                let unread = unread.clone();
                window_event_listener_untyped(name, move |_| {
                    unread.hear();
                    if let Some(open) = open().filter(|_| dom::visible()) {
                        unread.seen(&open);
                    }
                })
            });
            unread.hear();
            activity::start(open, answering, move |asked, activity| {
                self.take(threads, &unread, asked, activity);
            });
            on_cleanup(move || {
                activity::stop();
                for look in looks {
                    look.remove();
                }
            });
        });
    }

    fn take(self, threads: Threads, unread: &Unread, asked: Option<ThreadId>, activity: Activity) {
        let answering = activity.answering.into_iter();
        let ended = threads.set_answering(answering.map(|answer| answer.thread_id).collect());
        let looked_at = self.open.try_get_untracked().flatten();
        let looked_at = looked_at.filter(|_| dom::visible());
        // What was deleted is nobody's to read.
        let (list, pinned) = (
            threads.list.read_untracked(),
            threads.pinned.read_untracked(),
        );
        unread.keep(|id| {
            list.iter()
                .chain(pinned.iter())
                .any(|known| known.id == *id)
        });
        drop((list, pinned));
        for id in ended.iter().filter(|id| Some(*id) != looked_at.as_ref()) {
            unread.add(id);
        }
        threads.keep_up(activity.threads);
        if let Some(asked) = asked {
            self.word.set(Some(Word {
                about: asked,
                state: activity.thread,
            }));
        }
    }
}
