//! What can be done from everywhere: one table, from which come the shortcuts, the sheet that lists them, and what the palette
//! offers.

use super::pages::workspace::Drawer;
use super::state::elsewhere::Elsewhere;
use super::state::preferences::Prefs;
use super::state::words;
use crate::api::account::sign_out;
use crate::client::dom;
use crate::shared::account::Theme;
use crate::shared::words::{Around, Words};
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

/// The dialog of the palette.
pub const PALETTE: &str = "palette";
/// The dialog that lists the shortcuts.
pub const SHEET: &str = "shortcuts";

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
    /// Saves the open chat as Markdown.
    Export,
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

impl Keys {
    /// Whether this was pressed.
    fn fit(&self, event: &KeyboardEvent) -> bool {
        let held = event.ctrl_key() || event.meta_key();
        let letter = self.cap.chars().all(char::is_alphabetic);
        let shift = event.shift_key() == self.shift || (event.shift_key() && !letter);
        if held != self.command || event.alt_key() || !shift {
            return false;
        }
        let key = event.key().to_lowercase();
        self.key.contains(&key.as_str()) || (!key.is_ascii() && event.code() == self.code)
    }
}

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
pub static COMMANDS: [Command; 18] = [
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
        ..command(Do::Press("#log .code [data-copy]"), "copy", |words| {
            words.around.copy_code
        })
    },
    Command {
        of_chat: true,
        ..command(Do::Press(".composer .stop"), "close", |words| {
            words.chat.stop
        })
    },
    Command {
        of_chat: true,
        ..command(Do::Export, "save", |words| words.around.export)
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

/// What the commands work with.
#[derive(Clone, Copy)]
pub struct Commander {
    /// Whether the palette is open.
    pub palette: RwSignal<bool>,
    /// Goes to a path of this site without loading it anew.
    pub go: Callback<String>,
    prefs: Prefs,
    drawer: Drawer,
    elsewhere: Elsewhere,
}

impl Commander {
    /// For the frame of the signed-in pages.
    #[must_use]
    pub fn new(drawer: Drawer, elsewhere: Elsewhere, go: Callback<String>) -> Self {
        Self {
            palette: RwSignal::new(false),
            go,
            prefs: expect_context::<Prefs>(),
            drawer,
            elsewhere,
        }
    }

    /// Whether a command can be used now. Follows which chat is open.
    #[must_use]
    pub fn can(self, command: &Command) -> bool {
        !command.of_chat || self.elsewhere.open.read().is_some()
    }

    /// Does it.
    pub fn run(self, what: Do) {
        match what {
            Do::Palette => self.palette.update(|open| *open = !*open),
            Do::Sheet => {
                if dom::dialog_open() {
                    dom::close_dialog(SHEET);
                } else {
                    dom::open_dialog(SHEET);
                }
            }
            Do::Go(path) => self.go.run(path.to_owned()),
            Do::Sidebar if dom::is_narrow() => self.drawer.0.update(|open| *open = !*open),
            Do::Sidebar => self.prefs.set_side_open(!self.prefs.side_open()),
            Do::Compose => dom::focus("composer-text"),
            Do::Press(selector) => dom::press_last(selector),
            Do::Export => {
                if let Some(open) = self.elsewhere.open.get_untracked() {
                    dom::go(&format!("/api/threads/{open}/export?format=markdown"));
                }
            }
            Do::Colours(theme) => self.prefs.set_theme(theme),
            Do::SignOut => spawn_local(async {
                if sign_out().await.is_ok() {
                    dom::go("/");
                }
            }),
        }
    }

    /// Does what was pressed a shortcut of; says whether there is one.
    pub fn press(self, event: &KeyboardEvent) -> bool {
        let fits = |command: &&Command| command.keys.as_ref().is_some_and(|keys| keys.fit(event));
        let Some(command) = COMMANDS.iter().find(fits) else {
            return false;
        };
        event.prevent_default();
        // What lies over the page takes the keys but for those that close it.
        if !dom::dialog_open() || matches!(command.does, Do::Palette | Do::Sheet) {
            self.run(command.does);
        }
        true
    }
}

/// The keys of a shortcut, as they stand on the keyboard.
#[must_use]
pub fn caps(keys: &Keys, around: &Around) -> Vec<&'static str> {
    let command = keys.command.then_some(around.command_key);
    let shift = keys.shift.then_some("Shift");
    command.into_iter().chain(shift).chain([keys.cap]).collect()
}

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
        <dialog id=SHEET class="modal" aria-labelledby="shortcuts-title">
            <h2 id="shortcuts-title">{words.around.shortcuts}</h2>
            <dl class="shortcuts">{COMMANDS.iter().filter_map(line).collect_view()}</dl>
            <form method="dialog" class="modal-actions">
                <button type="submit" class="button">{words.frame.close}</button>
            </form>
        </dialog>
    }
    .into_any()
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
}
