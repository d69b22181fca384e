//! Colours, what Enter does, the language, and whether the sidebar is open.

use crate::client::dom;
use crate::shared::account::{Preferences, Theme};
use crate::shared::words::Language;
use leptos::prelude::*;

/// The preferences as signals; setting one keeps it in its cookie.
#[derive(Clone, Copy)]
pub struct Prefs {
    now: RwSignal<Preferences>,
}

impl Prefs {
    /// As the request's cookies have them; the browser reads the same cookies.
    #[must_use]
    pub fn new() -> Self {
        let read = use_context::<Preferences>().unwrap_or_else(|| {
            if is_browser() {
                Preferences::from_cookies(&dom::cookies())
            } else {
                Preferences::default()
            }
        });
        Self {
            now: RwSignal::new(read),
        }
    }

    /// The colours.
    #[must_use]
    pub fn theme(self) -> Theme {
        self.now.get().theme
    }

    /// Whether Enter sends.
    #[must_use]
    pub fn enter_sends(self) -> bool {
        self.now.get().enter_sends
    }

    /// Whether the sidebar stands open on wide screens.
    #[must_use]
    pub fn side_open(self) -> bool {
        self.now.get().side_open
    }

    /// The language that was chosen, if one was.
    #[must_use]
    pub fn language(self) -> Option<Language> {
        self.now.get().language
    }

    /// Chooses a language, or leaves it to the browser, and loads the page anew in it.
    pub fn set_language(self, language: Option<Language>) {
        dom::set_cookie("lang", language.map_or("", Language::code));
        dom::go("");
    }

    /// Changes the colours at once.
    pub fn set_theme(self, theme: Theme) {
        self.now.update(|now| now.theme = theme);
        dom::set_cookie("theme", theme.as_str());
        dom::mark_page(
            "data-theme",
            (theme != Theme::System).then(|| theme.as_str()),
        );
    }

    /// Changes what Enter does.
    pub fn set_enter_sends(self, sends: bool) {
        self.now.update(|now| now.enter_sends = sends);
        dom::set_cookie("enter", if sends { "send" } else { "newline" });
    }

    /// Opens or closes the sidebar.
    pub fn set_side_open(self, open: bool) {
        self.now.update(|now| now.side_open = open);
        dom::set_cookie("side", if open { "open" } else { "closed" });
    }
}

impl Default for Prefs {
    fn default() -> Self {
        Self::new()
    }
}
