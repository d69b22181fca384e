//! What other tabs and other devices do, as the server last said.

use super::{activity, chat, dom, side, toasts, unread, words};
use crate::shared::activity::Activity;
use crate::shared::ids::ThreadId;
use std::cell::RefCell;

thread_local! {
    /// The thread whose page is open here.
    static OPEN: RefCell<Option<ThreadId>> = const { RefCell::new(None) };
}

/// Begins to ask, where somebody is signed in.
pub fn start() {
    if dom::one(".workspace").is_none() {
        return;
    }
    for name in ["focus", "storage"] {
        dom::on_window(name, |_| {
            unread::hear();
            if let Some(open) = looked_at() {
                unread::seen(&open);
            }
        });
    }
    activity::start(open, side::any_answering, take);
}

/// Names the thread that is open here.
pub fn show(thread: Option<ThreadId>) {
    OPEN.set(thread);
    if let Some(open) = open() {
        unread::seen(&open);
    }
}

/// The thread that is open here.
#[must_use]
pub fn open() -> Option<ThreadId> {
    OPEN.with_borrow(Clone::clone)
}

fn looked_at() -> Option<ThreadId> {
    open().filter(|_| dom::visible())
}

fn take(asked: Option<ThreadId>, activity: Activity) {
    let answering = activity.answering.into_iter();
    let ended = side::set_answering(answering.map(|answer| answer.thread_id).collect());
    let looked_at = looked_at();
    // What was deleted is nobody's to read.
    unread::keep(&side::knows);
    for id in ended.iter().filter(|id| Some(*id) != looked_at.as_ref()) {
        unread::add(id);
        if let Some(name) = side::name_of(id).filter(|_| dom::visible()) {
            let said = (words().around.answered)(&name);
            toasts::linked(&said, &["/chat/", id.as_str()].concat());
        }
    }
    side::keep_up(&activity.threads);
    chat::means::keep_up(&activity.means);
    if let Some(asked) = asked {
        chat::hear(&asked, activity.thread);
    }
}
