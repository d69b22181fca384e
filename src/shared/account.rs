//! Who is signed in.

use super::ids::UserId;
use super::time::Timestamp;
use super::words::Language;
use serde::{Deserialize, Serialize};

/// A person's own account, as the person sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The account.
    pub id: UserId,
    /// As typed at sign-up, trimmed.
    pub email: String,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// What every page needs to know first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Who is signed in, if anybody.
    pub user: Option<User>,
    /// The server's time, so that ages read the same in its HTML and in the browser.
    pub now: Timestamp,
}

/// The colours of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// The word in the cookie and in `data-theme`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// Minutes between UTC and any place on earth, at the most.
const FARTHEST: i16 = 14 * 60;

/// What a browser remembers in cookies of its own (`theme`, `enter`, `side`, `lang`, `zone`), because the first paint depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// Cookie `theme`.
    pub theme: Theme,
    /// Whether Enter sends; else Ctrl+Enter does. Cookie `enter`, `newline` or absent.
    pub enter_sends: bool,
    /// Whether the sidebar stands open on wide screens. Cookie `side`, `closed` or absent.
    pub side_open: bool,
    /// The language that was chosen, if one was. Cookie `lang`.
    pub language: Option<Language>,
    /// Where the reader's clock stands, in minutes east of UTC. Cookie `zone`.
    pub zone_minutes: i16,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            enter_sends: true,
            side_open: true,
            language: None,
            zone_minutes: 0,
        }
    }
}

impl Preferences {
    /// Reads them from the text of a `Cookie` header (or of `document.cookie`).
    #[must_use]
    pub fn from_cookies(cookies: &str) -> Self {
        let mut found = Self::default();
        for pair in cookies.split(';') {
            let pair = pair.trim();
            match pair {
                "theme=light" => found.theme = Theme::Light,
                "theme=dark" => found.theme = Theme::Dark,
                "enter=newline" => found.enter_sends = false,
                "side=closed" => found.side_open = false,
                _ => {
                    let code = pair.strip_prefix("lang=");
                    found.language = code.and_then(Language::parse).or(found.language);
                    let zone = pair
                        .strip_prefix("zone=")
                        .and_then(|zone| zone.parse().ok());
                    let zone = zone.filter(|zone| (-FARTHEST..=FARTHEST).contains(zone));
                    found.zone_minutes = zone.unwrap_or(found.zone_minutes);
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_ignore_what_is_none_of_theirs() {
        let read = Preferences::from_cookies("a=b; theme=dark;enter=newline; theme2=light");
        assert_eq!(read.theme, Theme::Dark);
        assert!(!read.enter_sends);
        assert!(read.side_open);
        assert_eq!(read.language, None);
        let zone = |cookies| Preferences::from_cookies(cookies).zone_minutes;
        assert_eq!(
            [
                "zone=345",
                "zone=-720; zone=x",
                "zone=841",
                "zone=99999",
                ""
            ]
            .map(zone),
            [345, -720, 0, 0, 0]
        );
        let read = Preferences::from_cookies("lang=ar; lang=<b>");
        assert_eq!(read.language, Some(Language::Arabic));
        assert_eq!(
            Preferences::from_cookies("theme=<b>"),
            Preferences::default()
        );
    }
}
