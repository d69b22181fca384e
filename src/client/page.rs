//! The page as a whole: what begins once, and what begins with each page that is shown.

use super::{
    chat, clock, commands, dom, elsewhere, forms, keyboard, keys, offline, outside, overlays,
    palette, prefs, scroll, side, swipe, time, toasts, unread, visit,
};
use crate::shared::model::Choice;

/// What begins once, and then what [`attach`] does; a pause follows each group, so that none of them holds up the browser for
/// long.
const STEPS: [&[fn()]; 6] = [
    &[
        commands::start,
        overlays::start,
        palette::start,
        side::start,
    ],
    &[chat::start, toasts::start, prefs::start],
    &[
        forms::start,
        visit::start,
        outside::start,
        clock::start,
        scroll::start,
    ],
    &[
        unread::start,
        elsewhere::start,
        keys::start,
        swipe::start,
        keyboard::start,
    ],
    &[side::page_changed, clock::attach],
    &[chat::attach],
];

/// Takes over the page that the server printed.
pub fn start() {
    // The network may be back before the rest has begun.
    offline::start();
    time::spawn(async {
        for step in STEPS {
            // Nobody waits for a hidden tab, whose timers are slow.
            if dom::visible() {
                time::pause().await;
            }
            run(step);
        }
        dom::mark_page("data-live", Some(""));
    });
}

fn run(step: &[fn()]) {
    for part in step {
        part();
    }
}

/// Binds what is on the page and not bound yet, after every change of the page's main part.
pub fn attach() {
    run(&[side::page_changed, chat::attach, clock::attach]);
}

/// Lets go of the main part, which is about to be replaced.
pub fn detach() {
    chat::detach();
}

/// A model was picked for what is on the page.
pub fn picked(choice: Choice) {
    if !chat::picked(choice.clone()) {
        chat::new_chat::picked(choice);
    }
}
