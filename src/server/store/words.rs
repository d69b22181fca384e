//! A text as the words that it is found by, as far as both databases split it alike.

use crate::shared::ids::UserId;
use icu_normalizer::DecomposingNormalizerBorrowed;
use std::ops::Range;

/// More words than these are not looked for.
const MOST_WORDS: usize = 16;
/// A run of characters without blanks may have as many.
const MOST_PARTS: usize = 64;
/// A shorter word is not taken for the beginning of others: too many begin with it.
const BEGINNING_LETTERS: usize = 3;

/// Whether it belongs to a script that sets no blanks, so that each character counts as a word. The migrations name the same.
const fn is_unspaced(letter: char) -> bool {
    matches!(letter, '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{318f}' | '\u{31a0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
}

const fn is_accent(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

/// The text with blanks around each character that counts as a word.
pub(super) fn spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(2 * text.len());
    for letter in text.chars() {
        if is_unspaced(letter) {
            spaced.extend([' ', letter, ' ']);
        } else {
            spaced.push(letter);
        }
    }
    spaced
}

/// A word of a text.
struct Part {
    place: Range<usize>,
    /// In lower case, without accents.
    plain: String,
}

fn split(text: &str) -> Vec<Part> {
    const NFD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfd();
    let mut parts: Vec<Part> = Vec::new();
    let mut going_on = false;
    for (at, letter) in text.char_indices() {
        let end = at + letter.len_utf8();
        if is_unspaced(letter) {
            going_on = false;
            parts.push(Part {
                place: at..end,
                plain: letter.to_string(),
            });
        } else if letter.is_alphanumeric() || (going_on && is_accent(letter)) {
            if !going_on {
                parts.push(Part {
                    place: at..end,
                    plain: String::new(),
                });
                going_on = true;
            }
            if let Some(part) = parts.last_mut() {
                part.place.end = end;
                let plain = NFD.normalize_iter(std::iter::once(letter));
                part.plain.extend(
                    plain
                        .filter(|letter| !is_accent(*letter))
                        .flat_map(char::to_lowercase),
                );
            }
        } else {
            going_on = false;
        }
    }
    parts
}

/// A word that is looked for; its parts follow each other.
struct Word {
    raw: Vec<String>,
    plain: Vec<String>,
}

/// What is looked for: all of these words, in any order. The last may be the beginning of one.
pub struct Words(Vec<Word>);

impl Words {
    /// The words of what somebody typed; none when there is no word in it.
    #[must_use]
    pub fn of(typed: &str) -> Option<Self> {
        let mut words = Vec::new();
        let mut left = MOST_PARTS;
        for chunk in typed.split_whitespace() {
            let mut parts = split(chunk);
            parts.truncate(left);
            left -= parts.len();
            if !parts.is_empty() {
                words.push(Word {
                    raw: parts
                        .iter()
                        .map(|part| chunk[part.place.clone()].to_owned())
                        .collect(),
                    plain: parts.into_iter().map(|part| part.plain).collect(),
                });
            }
            if words.len() == MOST_WORDS || left == 0 {
                break;
            }
        }
        (!words.is_empty()).then_some(Self(words))
    }

    fn may_go_on(&self) -> bool {
        let last = self.0.last().and_then(|word| word.plain.last());
        last.is_some_and(|part| part.chars().count() >= BEGINNING_LETTERS)
    }

    /// As a query of FTS5. It splits each word once more, by its own rules.
    pub(super) fn fts5(&self) -> String {
        let all: Vec<String> = self
            .0
            .iter()
            .map(|word| format!("\"{}\"", word.raw.join(" ")))
            .collect();
        let star = if self.may_go_on() { "*" } else { "" };
        format!("words : ({}{star})", all.join(" AND "))
    }

    /// As a query of PostgreSQL for what is `owner`'s.
    pub(super) fn tsquery(&self, owner: &UserId) -> String {
        let quoted = |part: &String| format!("'{part}'");
        let mut all = vec![format!("'owner:{owner}'")];
        all.extend(self.0.iter().map(|word| {
            let parts: Vec<String> = word.plain.iter().map(quoted).collect();
            parts.join(" <-> ")
        }));
        let star = if self.may_go_on() { ":*" } else { "" };
        format!("{}{star}", all.join(" & "))
    }

    /// Where these words are in `text`, in order and without overlaps.
    #[must_use]
    pub fn places_in(&self, text: &str) -> Vec<Range<usize>> {
        let parts = split(text);
        let mut places: Vec<Range<usize>> = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            let longest = self.0.iter().enumerate().filter_map(|(nth, word)| {
                let here = parts.get(at..at + word.plain.len())?;
                let open = nth + 1 == self.0.len() && self.may_go_on();
                let mut pairs = here.iter().map(|part| &part.plain).zip(&word.plain);
                let same = pairs.clone().all(|(here, wanted)| here == wanted)
                    || (open
                        && pairs.all(|(here, wanted)| {
                            here == wanted
                                || (Some(wanted) == word.plain.last() && here.starts_with(wanted))
                        }));
                same.then(|| here.last().map(|part| part.place.end))?
            });
            if let Some(end) = longest.max() {
                let begin = part.place.start;
                match places.last_mut() {
                    Some(before) if begin < before.end => before.end = before.end.max(end),
                    _ => places.push(begin..end),
                }
            }
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked<'a>(typed: &str, text: &'a str) -> Vec<&'a str> {
        let words = Words::of(typed).expect("words");
        words
            .places_in(text)
            .into_iter()
            .map(|place| &text[place])
            .collect()
    }

    #[test]
    fn words_are_found_whatever_their_case_their_accents_and_their_order() {
        assert_eq!(marked("BAYES naive", "A Naïve (Bayes)"), ["Naïve", "Bayes"]);
        assert_eq!(marked("naïve", "nai\u{308}ve"), ["nai\u{308}ve"]);
        assert_eq!(marked("йод", "ЙОД и иод"), ["ЙОД", "иод"]);
        assert_eq!(
            marked("lock", "Locks, a lock and a block"),
            ["Locks", "lock"]
        );
        assert_eq!(
            marked("lock a", "Locks, a lock and a block"),
            ["a", "lock", "a"]
        );
        assert_eq!(marked("foo-bar", "foo bar, bar-foo"), ["foo bar"]);
    }

    #[test]
    fn characters_of_scripts_without_blanks_are_found_next_to_each_other_only() {
        assert_eq!(marked("京タ", "東京タワー"), ["京タ"]);
        assert!(marked("京ワ", "東京タワー").is_empty());
        assert_eq!(marked("phone東", "新iPhone東京, Phone東京"), ["Phone東"]);
        assert_eq!(marked("한국", "대한국민"), ["한국"]);
    }

    #[test]
    fn only_characters_that_count_as_words_get_blanks_around_them() {
        assert_eq!(spaced("新iPhone, déjà 한국"), " 新 iPhone, déjà  한  국 ");
    }

    #[test]
    fn what_is_asked_holds_nothing_but_words() {
        assert!(Words::of(" \"'*()-:^ \u{1f600} ").is_none());
        let words = Words::of("\"a\" OR b* NEAR(c) words:d^2 'e'); --").expect("words");
        assert_eq!(
            words.fts5(),
            "words : (\"a\" AND \"OR\" AND \"b\" AND \"NEAR c\" AND \"words d 2\" AND \"e\")"
        );
        let owner = "u1".parse().expect("an id");
        assert_eq!(
            words.tsquery(&owner),
            "'owner:u1' & 'a' & 'or' & 'b' & 'near' <-> 'c' & 'words' <-> 'd' <-> '2' & 'e'"
        );
        let long = Words::of(&"漢".repeat(9999)).expect("words");
        assert_eq!(long.0[0].plain.len(), MOST_PARTS);
        let many = Words::of(&"a ".repeat(9999)).expect("words");
        assert_eq!(many.0.len(), MOST_WORDS);
    }
}
