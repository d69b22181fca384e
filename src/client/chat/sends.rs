//! Sends that may not have been taken. This browser keeps the name of each (`clientRequestId`) with what is said until it was.
//! So the same, asked for once more at the same place, is the same send to the server, and is never taken twice.

use super::composer;
use super::conversation::Done;
use crate::client::{dom, storage};

const KEPT: &str = "send:";

fn key(place: &str) -> String {
    [KEPT, place].concat()
}

/// What a send is called that says `text` in some way: as it was when the same was last tried there.
pub(super) fn name(place: &str, how: &str, text: &str) -> String {
    let (key, what) = (key(place), [how, "\n", text].concat());
    let before = storage::get(&key);
    let before = before.as_deref().and_then(|before| before.split_once(' '));
    if let Some((name, _)) = before.filter(|(_, before)| *before == what) {
        return name.to_owned();
    }
    let name = dom::request_id();
    keep(place, &name, how, text);
    name
}

/// Keeps what a send that says `text` in some way is called.
pub(super) fn keep(place: &str, name: &str, how: &str, text: &str) {
    storage::set(&key(place), &[name, " ", how, "\n", text].concat());
}

/// What is sent there next is another send, whatever it says.
pub(super) fn forget(place: &str) {
    storage::set(&key(place), "");
}

/// Forgets a send once it was taken.
pub(super) fn done(place: String) -> Done {
    Box::new(move |taken| {
        if taken {
            forget(&place);
        }
    })
}

/// Whether the question of a send is on the page.
pub(super) fn is_shown(name: &str) -> bool {
    dom::one(&["[data-request=\"", name, "\"]"].concat()).is_some()
}

/// Forgets the sends whose questions are on the page, as when their answers were lost on the way. What they said is no draft
/// any more. Says whether there was one.
pub(super) fn settle() -> bool {
    let mut any = false;
    for key in storage::names(KEPT) {
        let kept = storage::get(&key).unwrap_or_default();
        let said = kept.split_once(' ').filter(|(name, _)| is_shown(name));
        if let Some((_, text)) = said.and_then(|(_, what)| what.split_once('\n')) {
            storage::set(&key, "");
            composer::said(key.trim_start_matches(KEPT), text);
            any = true;
        }
    }
    any
}
