//! English.

use super::{Frame, Settings, Words};

/// What both sides say.
pub static WORDS: Words = Words {
    frame: Frame {
        skip: "Skip to content",
    },
    settings: Settings {
        title: "Settings",
        language: "Language",
        as_the_browser: "As the browser asks",
        colours: "Colours",
        system: "System",
        light: "Light",
        dark: "Dark",
        enter_key: "Enter key",
        enter_sends: "Sends",
        enter_breaks: "Starts a new line",
        enter_note: "Shift+Enter always starts a new line, Ctrl+Enter always sends. On touch keyboards Enter starts a new line.",
        save: "Save",
        account: "Account",
        since: |day| ["Since ", day].concat(),
        sign_out: "Sign out",
        delete: "Delete the account",
        delete_note: "Your keys, chats and usage are deleted at once and cannot be brought back.",
        password: "Your password",
        delete_all: "Delete everything",
        deleting: "Deleting…",
    },
};
