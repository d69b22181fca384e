//! What only the server says. Nothing in the browser names it, so it weighs nothing there.

use super::language::Language;
use super::{ar, en};
use crate::shared::error::{AppError, ErrorCode};
use serde_json::Value;

/// What the server prints into pages, and says in the answers of server functions.
#[derive(Debug)]
pub struct Printed {
    pub message: Message,
    pub block: Block,
    pub facts: Facts,
    pub models: Models,
    pub compare: CompareForm,
    pub health: Health,
    pub farewell: Farewell,
    pub pool: Pool,
    pub blocked: Blocked,
    pub archive: Archive,
    pub sentences: Sentences,
    pub offline: Offline,
}

/// What is shown without a network.
#[derive(Debug)]
pub struct Offline {
    pub title: &'static str,
    pub about: &'static str,
    pub chats: &'static str,
    pub none: &'static str,
}

/// The page of the archived chats.
#[derive(Debug)]
pub struct Archive {
    pub empty: &'static str,
    pub bring_back: &'static str,
    pub delete_ask: &'static str,
    pub delete_for_good: &'static str,
    pub older: &'static str,
}

/// Around a message that has ended.
#[derive(Debug)]
pub struct Message {
    pub branches: &'static str,
    pub copy: &'static str,
    pub copy_markdown: &'static str,
    pub again: &'static str,
    pub answers: &'static str,
    pub previous: &'static str,
    pub next: &'static str,
    pub swap: &'static str,
    pub fork: &'static str,
    pub go_on: &'static str,
    pub details: &'static str,
    /// What the fold with its reasoning is called: while it thinks, afterwards, and with how long it took in milliseconds.
    pub thinking: &'static str,
    pub mused: &'static str,
    pub thought_for: fn(u64) -> String,
    pub stopped: &'static str,
    pub cut_at_length: &'static str,
    pub cut_by_filter: &'static str,
    pub wrong: &'static str,
    pub nearest: &'static str,
    pub copy_id: &'static str,
    pub copy_id_note: &'static str,
    /// With a count of tokens.
    pub read: fn(&str) -> String,
    pub written: fn(&str) -> String,
    pub thought: fn(&str) -> String,
    pub cost: fn(&str) -> String,
    pub cost_unknown: &'static str,
    pub model: fn(&str) -> String,
    /// With a time span.
    pub first_word: fn(&str) -> String,
    pub in_all: fn(&str) -> String,
    pub span: fn(u64) -> String,
    /// With the mask of a key.
    pub key: fn(&str) -> String,
    pub not: fn(&str, ErrorCode) -> String,
}

/// The form of a comparison.
#[derive(Debug)]
pub struct CompareForm {
    pub question: &'static str,
    pub models: &'static str,
    /// With its number, from 1.
    pub model: fn(usize) -> String,
    pub needed: &'static str,
    pub optional: &'static str,
    pub note: &'static str,
    pub ask: &'static str,
}

/// Around a code block, a table or a task in an answer.
#[derive(Debug)]
pub struct Block {
    pub wrap: &'static str,
    pub unwrap: &'static str,
    pub download: &'static str,
    pub copy: &'static str,
    pub copy_csv: &'static str,
    pub table: &'static str,
    pub done: &'static str,
    pub to_do: &'static str,
    pub cut: &'static str,
}

/// What is known of how an answer came about.
#[derive(Debug)]
pub struct Facts {
    pub model: &'static str,
    pub key: &'static str,
    /// In tokens.
    pub read: &'static str,
    pub written: &'static str,
    pub thought: &'static str,
    pub pace: &'static str,
    pub cost: &'static str,
    pub unknown: &'static str,
    pub first_word: &'static str,
    pub in_all: &'static str,
    pub asked: &'static str,
    pub attempt: &'static str,
    pub request: &'static str,
}

/// The page of all models.
#[derive(Debug)]
pub struct Models {
    pub none: &'static str,
    pub count: fn(usize) -> String,
    /// How many there are, and the first and last that are shown.
    pub part: fn(usize, usize, usize) -> String,
    pub search: &'static str,
    pub provider: &'static str,
    pub all: &'static str,
    pub ability: &'static str,
    pub anything: &'static str,
    /// Stream, see, call, write JSON, reason.
    pub abilities: [&'static str; 5],
    pub context: &'static str,
    pub any: &'static str,
    pub and_more: fn(&str) -> String,
    pub price: &'static str,
    pub sort: &'static str,
    /// Best, name, provider, context, output, reading, writing.
    pub sorts: [&'static str; 7],
    pub direction: &'static str,
    pub up: &'static str,
    pub down: &'static str,
    pub usable: &'static str,
    pub show: &'static str,
    pub reset: &'static str,
    pub for_you: &'static str,
    pub unknown: &'static str,
    pub start: &'static str,
    pub start_with: fn(&str) -> String,
    pub not_listed: &'static str,
    /// Why there is no way to a chat, and what to do about it.
    pub unasked: (&'static str, &'static str),
    pub no_key: (&'static str, &'static str),
    pub off: (&'static str, &'static str),
    pub refused: (&'static str, &'static str),
    pub unreadable: (&'static str, &'static str),
    pub for_provider: fn(&str) -> String,
    pub pages: &'static str,
    pub previous: &'static str,
    pub next: &'static str,
    pub page: fn(usize, usize) -> String,
}

/// How a provider does.
#[derive(Debug)]
pub struct Health {
    pub answered: fn(usize) -> String,
    pub first_word: fn(&str) -> String,
    pub last_trouble: fn(ErrorCode) -> String,
    pub about: fn(usize) -> String,
}

/// The end of a model, by its provider's name and the day.
#[derive(Debug)]
pub struct Farewell {
    pub gone: fn(&str) -> String,
    pub ended: fn(&str, &str) -> String,
    pub ending: fn(&str, &str) -> String,
}

/// The operator's free pool.
#[derive(Debug)]
pub struct Pool {
    /// The time of day at which there are new ones.
    pub used_up: fn(&str) -> String,
    /// What is left, of how many, and until when.
    pub left: fn(u32, u32, &str) -> String,
    pub nudge: &'static str,
}

/// Why nothing can be sent in a chat, with the name of its provider.
#[derive(Debug)]
pub struct Blocked {
    pub no_key: fn(&str) -> String,
    pub no_usable_key: fn(&str) -> String,
}

/// What the API says in English, in this language.
#[derive(Debug)]
pub struct Sentences {
    /// A text that is the same every time it is said, but for its numbers: where it has no words of its own, each of them
    /// is a `#`, here as there.
    pub of_english: fn(&str) -> Option<&'static str>,
    /// What to say of an error whose own sentence is made of names and numbers.
    pub of_code: fn(ErrorCode) -> Option<&'static str>,
}

impl Sentences {
    fn known(&self, english: &str) -> Option<String> {
        if let Some(said) = (self.of_english)(english) {
            return Some(said.to_owned());
        }
        let of_number = |c: char| c.is_ascii_digit();
        let parts = english.split(of_number).filter(|part| !part.is_empty());
        let (first, last) = (english.starts_with(of_number), english.ends_with(of_number));
        let mark = |edge| if edge { "#" } else { "" };
        let pattern = [
            mark(first),
            &parts.collect::<Vec<_>>().join("#"),
            mark(last),
        ]
        .concat();
        let numbers = english
            .split(|c| !of_number(c))
            .filter(|part| !part.is_empty());
        let said = (self.of_english)(&pattern)?.to_owned();
        Some(numbers.fold(said, |said, number| said.replacen('#', number, 1)))
    }

    /// A text of the API's, as the page says it.
    #[must_use]
    pub fn text(&self, english: String) -> String {
        self.known(&english).unwrap_or(english)
    }

    /// What an error says, as the page says it.
    #[must_use]
    pub fn said(&self, error: &AppError) -> String {
        self.known(&error.message)
            .or_else(|| (self.of_code)(error.code).map(str::to_owned))
            .unwrap_or_else(|| error.message.clone())
    }

    /// An error of the API's, as the page says it.
    #[must_use]
    pub fn error(&self, mut error: AppError) -> AppError {
        error.message = self.said(&error);
        let fields = error
            .details
            .as_mut()
            .and_then(|details| details.get_mut("fields"))
            .and_then(Value::as_object_mut);
        for problem in fields.into_iter().flat_map(serde_json::Map::values_mut) {
            if let Some(said) = problem.as_str().and_then(|problem| self.known(problem)) {
                *problem = Value::from(said);
            }
        }
        error
    }
}

impl Language {
    /// What the server says in it.
    #[must_use]
    pub const fn printed(self) -> &'static Printed {
        match self {
            Self::English => &en::PRINTED,
            Self::Arabic => &ar::PRINTED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_error_is_told_in_the_readers_language_and_stays_as_it_is_in_english() {
        let mut error = AppError::new(ErrorCode::Validation, "Use at least 8 characters.");
        error.details =
            Some(json!({ "fields": { "password": "Use at least 8 characters.", "x": "?" } }));
        let english = Language::English.printed().sentences.error(error.clone());
        assert_eq!(english, error);
        let arabic = Language::Arabic.printed().sentences.error(error);
        assert!(arabic.message.contains("8 أحرف"), "{}", arabic.message);
        assert_eq!(arabic.field("password"), Some(arabic.message.clone()));
        assert_eq!(arabic.field("x").as_deref(), Some("?"), "nobody knows it");
    }

    #[test]
    fn what_has_a_number_in_it_is_told_with_that_number() {
        let arabic = |text: &str| Language::Arabic.printed().sentences.text(text.to_owned());
        for (english, wanted) in [
            ("Use at most 12000 characters.", "العدد الأقصى للأحرف: 12000."),
            (
                "Too many requests. Try again in 7 s.",
                "الطلبات كثيرة. حاول مجددًا بعد 7 ث.",
            ),
            ("Use at least 8 characters.", "استخدم 8 أحرف على الأقل."),
            ("Choose 3 of 4.", "Choose 3 of 4."),
        ] {
            assert_eq!(arabic(english), wanted);
        }
        let many = arabic(
            "3 answers of yours are being written. Wait for one of them to end, or stop it.",
        );
        assert!(many.contains('3') && many.contains("إجابات"), "{many}");
    }

    #[test]
    fn an_error_whose_sentence_has_a_name_in_it_is_told_by_its_code() {
        let refused = ErrorCode::InvalidKey;
        let error = AppError::new(refused, refused.provider_sentence("OpenAI"));
        let arabic = Language::Arabic.printed().sentences.error(error);
        assert!(!arabic.message.contains("OpenAI"));
        assert_eq!(arabic.code, refused, "programs see no difference");
    }
}
