//! The sheet that lists the shortcuts.

use super::state::words;
use crate::shared::commands::{COMMANDS, Command, caps};
use leptos::prelude::*;

/// The list of the shortcuts. It needs no script but to be opened.
#[component]
pub fn Sheet() -> impl IntoView {
    let words = words();
    let line = |command: &'static Command| {
        let keys = command.keys.as_ref()?;
        let caps = caps(keys, &words.around)
            .into_iter()
            .map(|cap| view! { <kbd>{cap}</kbd> })
            .collect_view();
        Some(view! { <div><dt>{(command.name)(words)}</dt><dd>{caps}</dd></div> })
    };
    view! {
        <dialog id="shortcuts" class="modal" aria-labelledby="shortcuts-title">
            <h2 id="shortcuts-title">{words.around.shortcuts}</h2>
            <dl class="shortcuts">{COMMANDS.iter().filter_map(line).collect_view()}</dl>
            <form method="dialog" class="modal-actions">
                <button type="submit" class="button">{words.frame.close}</button>
            </form>
        </dialog>
    }
    .into_any()
}
