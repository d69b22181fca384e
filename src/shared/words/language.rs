//! The languages that pages are written in, and which one a person reads.

use super::{Words, ar, en};
use serde::{Deserialize, Serialize};

/// A language that pages are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Language {
    /// What everybody gets who asks for none of the others.
    #[default]
    #[serde(rename = "en")]
    English,
    /// Written from right to left.
    #[serde(rename = "ar")]
    Arabic,
}

impl Language {
    /// All of them, in the order of the settings.
    pub const ALL: [Self; 2] = [Self::English, Self::Arabic];

    /// The word of `<html lang>`, of the cookie `lang` and of `Accept-Language`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Arabic => "ar",
        }
    }

    /// What it calls itself.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Arabic => "العربية",
        }
    }

    /// `<html dir>`.
    #[must_use]
    pub const fn dir(self) -> &'static str {
        match self {
            Self::English => "ltr",
            Self::Arabic => "rtl",
        }
    }

    /// The language that is spelled `code`.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.code() == code)
    }

    /// The best of an `Accept-Language`: of those that are spoken here the one that is wanted most, by whatever region;
    /// else English.
    #[must_use]
    pub fn accepted(header: &str) -> Self {
        let mut best = (0.0, Self::default());
        for wish in header.split(',') {
            let mut parts = wish.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default().to_ascii_lowercase();
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            let weight = weight.map_or(1.0, |text| text.parse::<f32>().unwrap_or(0.0));
            let known = Self::parse(tag.split('-').next().unwrap_or_default());
            if let Some(known) = known.filter(|_| weight > best.0) {
                best = (weight, known);
            }
        }
        best.1
    }

    /// What is said in it on pages.
    #[must_use]
    pub const fn words(self) -> &'static Words {
        match self {
            Self::English => &en::WORDS,
            Self::Arabic => &ar::WORDS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_wanted_language_that_is_spoken_here_is_taken() {
        use Language::{Arabic, English};
        for (header, wanted) in [
            ("", English),
            ("*", English),
            ("fr, de;q=0.9", English),
            ("ar", Arabic),
            ("AR-eg, en;q=0.5", Arabic),
            ("fr-CH, ar;q=0.7, en;q=0.9", English),
            ("en;q=0.7, ar;q=0.8", Arabic),
            ("en, ar", English),
            ("ar;q=0", English),
            ("ar;q=much", English),
            ("arc", English),
            ("de, ar ; q=0.1", Arabic),
        ] {
            assert_eq!(Language::accepted(header), wanted, "{header}");
        }
    }

    #[test]
    fn a_language_is_found_by_its_code_only() {
        for known in Language::ALL {
            assert_eq!(Language::parse(known.code()), Some(known));
        }
        assert_eq!(Language::parse("Arabic"), None);
        assert_eq!(Language::parse(""), None);
    }
}
