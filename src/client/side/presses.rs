//! What is pressed in the rows.

use super::{doomed, is_open, more, renew, title};
use crate::api::threads::update_thread;
use crate::client::activity::nudge;
use crate::client::server::unless_signed_out;
use crate::client::{chat, dom, overlays, time, toasts, visit, words};
use crate::shared::chat::{ThreadChange, ThreadStatus};
use crate::shared::ids::ThreadId;
use web_sys::Event;

pub(super) fn start() {
    dom::on("click", |event| {
        if dom::closest(&event, "#side-list").is_some()
            && let Some((what, id)) = dom::pressed(&event)
        {
            press(&event, &what, &id);
        }
    });
}

fn press(event: &Event, what: &str, id: &str) {
    if what == "more" {
        return more();
    }
    let Ok(id) = id.parse::<ThreadId>() else {
        return;
    };
    overlays::close_menus();
    match what {
        "rename" => title::ask(&id),
        "pin" | "unpin" => change(
            id,
            ThreadChange {
                pinned: Some(what == "pin"),
                ..ThreadChange::default()
            },
        ),
        "archive" => {
            leave(&id);
            set_status(&id, ThreadStatus::Archived);
            let back = move || set_status(&id, ThreadStatus::Active);
            toasts::undoable(words().sidebar.archived, Box::new(back), Box::new(|| {}));
        }
        "delete" => {
            // The line opens a question where there is no script.
            event.prevent_default();
            leave(&id);
            doomed::doom(&id);
            let (spared, gone) = (id.clone(), id);
            let back = move || doomed::spare(&spared);
            let over = move || {
                let id = gone.clone();
                time::spawn(async move {
                    if !doomed::carry_out(id).await {
                        toasts::done(words().around.not_deleted);
                    }
                });
            };
            toasts::undoable(words().sidebar.deleted, Box::new(back), Box::new(over));
        }
        _ => {}
    }
}

/// Goes from a chat that will not be there any more.
fn leave(id: &ThreadId) {
    if is_open(id) {
        visit::go("/chat");
    }
}

fn set_status(id: &ThreadId, status: ThreadStatus) {
    let status = Some(status);
    change(
        id.clone(),
        ThreadChange {
            status,
            ..ThreadChange::default()
        },
    );
}

/// Changes a thread on the server, then here.
pub(super) fn change(id: ThreadId, change: ThreadChange) {
    time::spawn(async move {
        match update_thread(id, change).await {
            Ok(thread) => {
                nudge();
                chat::titled(&thread.id, &thread.title);
                renew();
            }
            Err(error) => toasts::trouble(&unless_signed_out(error)),
        }
    });
}
