//! What the buttons of the messages post where there is no script: a form for each thing that they do, called after it and
//! the thread.

use crate::api::messages::{RetryAnswer, SendMessage};
use crate::api::threads::{ForkThread, ReplaceModel, ShowBranch};
use crate::shared::ids::ThreadId;

/// Where a message is said otherwise.
const OTHERWISE: &str = "/otherwise";

/// The forms, as HTML. Both `seed`, which names a send, and the id are words without signs; `go_on` is what a person says
/// to an answer that broke off.
pub(super) fn forms(thread: &ThreadId, seed: &str, go_on: &str) -> String {
    let thread = thread.as_str();
    [
        (
            "retry",
            RetryAnswer::PATH,
            "thread",
            [("client_request_id", seed), ("", "")],
        ),
        (
            "go-on",
            SendMessage::PATH,
            "thread",
            [("client_request_id", seed), ("content", go_on)],
        ),
        (
            "previous",
            ShowBranch::PATH,
            "thread",
            [("step", "-1"), ("", "")],
        ),
        (
            "next",
            ShowBranch::PATH,
            "thread",
            [("step", "1"), ("", "")],
        ),
        ("fork", ForkThread::PATH, "id", [("", ""), ("", "")]),
        // Goes on with the nearest model.
        ("replace", ReplaceModel::PATH, "id", [("", ""), ("", "")]),
        // A page of the server with the forms for these (`http/otherwise.rs`).
        ("edit", OTHERWISE, "thread", [("", ""), ("", "")]),
        ("swap", OTHERWISE, "thread", [("", ""), ("", "")]),
    ]
    .map(|(name, path, id, fields)| {
        let mut form = [
            r#"<form id=""#,
            name,
            "-",
            thread,
            if path == OTHERWISE {
                r#"" action=""#
            } else {
                r#"" method="post" action=""#
            },
            path,
            "\">",
        ]
        .concat();
        for (name, value) in [(id, thread)].into_iter().chain(fields) {
            if !name.is_empty() {
                let field = [
                    r#"<input type="hidden" name=""#,
                    name,
                    r#"" value=""#,
                    value,
                    "\">",
                ];
                form += &field.concat();
            }
        }
        form + "</form>"
    })
    .concat()
}
