//! What can be done from everywhere: one table, from which come the shortcuts, the sheet that lists them, and what the palette
//! offers.

use super::account::Theme;
use super::words::{Around, Words};

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Do {
    /// Opens or closes the palette.
    Palette,
    /// Opens or closes the list of the shortcuts.
    Sheet,
    /// Goes to a page.
    Go(&'static str),
    /// Opens or closes the sidebar.
    Sidebar,
    /// Puts the keyboard into the composer.
    Compose,
    /// Presses the last button of the page that this selects, if there is one.
    Press(&'static str),
    /// Saves the open chat in a format that the API has.
    Export(&'static str),
    /// Chooses the colours.
    Colours(Theme),
    /// Ends the session.
    SignOut,
}

/// A key that is pressed together with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Whether Ctrl, or Cmd, is held.
    pub command: bool,
    /// Whether Shift is held; where it is not asked for, it may be, as some keyboards need it for the character.
    pub shift: bool,
    /// The characters that mean it.
    pub key: &'static [&'static str],
    /// Where it is on a keyboard that writes other letters.
    pub code: &'static str,
    /// What stands on it.
    pub cap: &'static str,
}

const fn keys(
    shift: bool,
    key: &'static [&'static str],
    code: &'static str,
    cap: &'static str,
) -> Keys {
    Keys {
        command: true,
        shift,
        key,
        code,
        cap,
    }
}

/// What keeps what was edited, as in any program.
pub const SAVE: Keys = keys(false, &["s"], "KeyS", "S");

/// A line of the table.
pub struct Command {
    /// What it does.
    pub does: Do,
    /// Its drawing.
    pub icon: &'static str,
    /// What it is called.
    pub name: fn(&Words) -> &'static str,
    /// Its shortcut.
    pub keys: Option<Keys>,
    /// Whether the palette offers it.
    pub offered: bool,
    /// Whether it is about the chat that is open.
    pub of_chat: bool,
}

const fn command(does: Do, icon: &'static str, name: fn(&Words) -> &'static str) -> Command {
    Command {
        does,
        icon,
        name,
        keys: None,
        offered: true,
        of_chat: false,
    }
}

/// The table, in the order of the palette.
pub static COMMANDS: [Command; 19] = [
    Command {
        keys: Some(keys(false, &["k"], "KeyK", "K")),
        offered: false,
        ..command(Do::Palette, "bolt", |words| words.around.palette)
    },
    Command {
        keys: Some(keys(true, &["o"], "KeyO", "O")),
        ..command(Do::Go("/chat"), "new", |words| words.begin.title)
    },
    Command {
        keys: Some(keys(true, &["s"], "KeyS", "S")),
        ..command(Do::Sidebar, "side", |words| words.around.toggle_sidebar)
    },
    Command {
        keys: Some(keys(true, &["c"], "KeyC", "C")),
        of_chat: true,
        ..command(
            Do::Press("#log article.answer [data-do=\"copy\"]"),
            "copy",
            |words| words.around.copy_answer,
        )
    },
    Command {
        keys: Some(keys(true, &[";", ":"], "Semicolon", ";")),
        of_chat: true,
        ..command(
            Do::Press("#log .code [data-do=\"code\"]"),
            "copy",
            |words| words.around.copy_code,
        )
    },
    Command {
        of_chat: true,
        ..command(Do::Press(".composer .stop"), "close", |words| {
            words.chat.stop
        })
    },
    Command {
        of_chat: true,
        ..command(Do::Export("markdown"), "save", |words| words.around.export)
    },
    Command {
        of_chat: true,
        ..command(Do::Export("json"), "save", |words| words.around.export_json)
    },
    Command {
        keys: Some(Keys {
            command: false,
            shift: true,
            key: &["escape"],
            code: "Escape",
            cap: "Esc",
        }),
        ..command(Do::Compose, "edit", |words| words.around.compose)
    },
    command(Do::Go("/providers"), "key", |words| words.sidebar.providers),
    command(Do::Go("/models"), "search", |words| words.sidebar.models),
    command(Do::Go("/compare"), "swap", |words| words.comparison.title),
    command(Do::Go("/archive"), "archive", |words| words.around.archive),
    Command {
        keys: Some(keys(false, &["."], "Period", ".")),
        ..command(Do::Go("/settings"), "gear", |words| words.settings.title)
    },
    command(Do::Colours(Theme::Light), "sun", |words| words.around.light),
    command(Do::Colours(Theme::Dark), "moon", |words| words.around.dark),
    command(Do::Colours(Theme::System), "gear", |words| {
        words.around.system
    }),
    Command {
        keys: Some(keys(false, &["/"], "Slash", "/")),
        ..command(Do::Sheet, "bolt", |words| words.around.shortcuts)
    },
    command(Do::SignOut, "out", |words| words.settings.sign_out),
];

/// The keys of a shortcut, as they stand on the keyboard.
#[must_use]
pub fn caps(keys: &Keys, around: &Around) -> Vec<&'static str> {
    let command = keys.command.then_some(around.command_key);
    let shift = keys.shift.then_some("Shift");
    command.into_iter().chain(shift).chain([keys.cap]).collect()
}

/// Whether a text has all words of what was typed, in whatever case.
#[must_use]
pub fn has(text: &str, typed: &str) -> bool {
    let (text, typed) = (text.to_lowercase(), typed.to_lowercase());
    typed.split_whitespace().all(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::words::Language;

    #[test]
    fn no_two_commands_have_the_same_keys_or_the_same_name() {
        for language in Language::ALL {
            let words = language.words();
            let mut names: Vec<_> = COMMANDS.iter().map(|one| (one.name)(words)).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), COMMANDS.len(), "{}", language.code());
        }
        let mut keys: Vec<_> = COMMANDS
            .iter()
            .filter_map(|one| Some((one.keys?.shift, one.keys?.code)))
            .collect();
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!((keys.len(), all), (8, 8));
    }

    #[test]
    fn a_text_has_what_was_typed_when_it_has_each_word_of_it() {
        for (typed, fits) in [
            ("", true),
            ("dar", true),
            (" COL  dark", true),
            ("dark x", false),
        ] {
            assert_eq!(has("Dark colours", typed), fits, "{typed}");
        }
    }
}
