//! The palette: chats, models and commands, found by what is typed and taken by keyboard.

use crate::shared::commands::{COMMANDS, caps, has};
use crate::shared::words::Words;
use crate::ui::parts::icon::icon;
use crate::ui::state::words;
use leptos::prelude::*;

/// What happens when a line is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Take {
    /// A command is done: that line of the table.
    Command(usize),
    /// A page is gone to.
    Page(String),
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its drawing.
    pub icon: &'static str,
    /// What it is called.
    pub name: String,
    /// What it is, or how it is reached without the palette.
    pub note: String,
    /// What it does.
    pub take: Take,
}

/// The commands that fit to what was typed.
#[must_use]
pub fn commands(words: &Words, typed: &str) -> Vec<Line> {
    let offered = COMMANDS.iter().enumerate().filter(|(_, one)| one.offered);
    let lines = offered.map(|(index, command)| Line {
        icon: command.icon,
        name: (command.name)(words).to_owned(),
        note: command
            .keys
            .as_ref()
            .map(|keys| caps(keys, &words.around).join(" + "))
            .unwrap_or_default(),
        take: Take::Command(index),
    });
    lines.filter(|line| has(&line.name, typed)).collect()
}

/// The lines as HTML. They are numbered, and one is chosen, where they are shown.
#[must_use]
pub fn html(lines: Vec<Line>) -> String {
    shown(lines).to_html()
}

fn shown(lines: Vec<Line>) -> AnyView {
    let line = |line: Line| {
        let (run, go) = match line.take {
            Take::Command(index) => (Some(index.to_string()), None),
            Take::Page(path) => (None, Some(path)),
        };
        view! {
            <div class="palette-line" role="option" data-run=run data-go=go>
                {icon(line.icon)}
                <span class="palette-name">{line.name}</span>
                <span class="muted small" dir="auto">{line.note}</span>
            </div>
        }
    };
    lines.into_iter().map(line).collect_view().into_any()
}

/// The palette. Nothing of it is on the page until it is opened, and the server knows more lines by then.
#[component]
pub(super) fn Palette() -> impl IntoView {
    let words = words();
    let around = &words.around;
    view! {
        <dialog id="palette" class="palette" aria-label=around.palette></dialog>
        <template id="palette-parts">
            <input
                id="palette-field" type="text" role="combobox" autofocus=true autocomplete="off" spellcheck="false"
                placeholder=around.palette_hint aria-label=around.palette_hint aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list"
            />
            <div id="palette-list" role="listbox" aria-label=around.palette>{shown(commands(words, ""))}</div>
            <p class="muted small palette-none" role="status"></p>
        </template>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::words::Language;

    #[test]
    fn commands_are_found_by_their_words_and_know_their_place_in_the_table() {
        let words = Language::English.words();
        let all = commands(words, "");
        assert!(all.len() > 10, "{all:?}");
        for line in &all {
            let Take::Command(index) = line.take else {
                panic!("{line:?}");
            };
            assert_eq!((COMMANDS[index].name)(words), line.name);
        }
        assert_eq!(commands(words, "no command says this"), []);
    }
}
