//! Characters that were cut in half between two frames.
//!
//! Whoever counts text in UTF-16 units, as JavaScript does, may cut a character outside the basic plane in two, and writes
//! each half as an escape: `"\ud83c"`, then `"\udf88"`. No parser here takes such a text, and with the half everything else
//! in its frame would be lost.

use serde_json::{Result, Value};

/// Reads frames, and remembers the first half of a character until the second one comes.
#[derive(Default)]
pub(super) struct Halves {
    first: Option<u32>,
}

/// Bytes of `\uXXXX`.
const ESCAPE: usize = 6;

impl Halves {
    /// The JSON of a frame. A first half is left out, and comes with the second one, if that is in the next frame.
    pub(super) fn parse(&mut self, json: &str) -> Result<Value> {
        match serde_json::from_str(json) {
            Err(_) if json.contains("\\u") => serde_json::from_str(&self.mended(json)),
            parsed => {
                self.first = None;
                parsed
            }
        }
    }

    fn mended(&mut self, json: &str) -> String {
        let mut mended = String::with_capacity(json.len());
        let mut rest = json;
        while let Some(at) = rest.find('\\') {
            let (before, escape) = rest.split_at(at);
            mended.push_str(before);
            let taken = match unit(escape) {
                Some(0xd800..=0xdbff) if second(escape).is_some() => 2 * ESCAPE,
                Some(first @ 0xd800..=0xdbff) => {
                    self.first = Some(first);
                    rest = escape.get(ESCAPE..).unwrap_or_default();
                    continue;
                }
                Some(second @ 0xdc00..=0xdfff) => {
                    mended.push(whole(self.first.take(), second));
                    rest = escape.get(ESCAPE..).unwrap_or_default();
                    continue;
                }
                // What is escaped is one character, and may be a backslash.
                _ => 1 + escape.chars().nth(1).map_or(0, char::len_utf8),
            };
            let (kept, behind) = escape.split_at(taken);
            mended.push_str(kept);
            rest = behind;
        }
        mended + rest
    }
}

/// The UTF-16 unit of the escape that `text` begins with.
fn unit(text: &str) -> Option<u32> {
    let hex = text.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(hex, 16).ok()
}

/// The second half behind the first one that `text` begins with.
fn second(text: &str) -> Option<u32> {
    unit(text.get(ESCAPE..)?).filter(|unit| (0xdc00..=0xdfff).contains(unit))
}

/// The character of two halves, or what stands for one that is lost.
fn whole(first: Option<u32>, second: u32) -> char {
    first
        .and_then(|first| char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)))
        .unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn read(frames: &[&str]) -> String {
        let mut halves = Halves::default();
        let texts = frames.iter().map(|frame| {
            let value = halves.parse(&format!(r#"{{"text":"{frame}"}}"#)).unwrap();
            value["text"].as_str().unwrap().to_owned()
        });
        texts.collect()
    }

    #[rstest]
    #[case(&[r"a\ud83c", r"\udf88b"], "a\u{1f388}b")]
    #[case(&[r"\ud83c", r"\uDF88\ud83c", r"\udf88"], "\u{1f388}\u{1f388}")]
    #[case(&[r"\ud83c\udf88\n\ud83c", r"\udf88\u00e9"], "\u{1f388}\n\u{1f388}\u{e9}")]
    #[case(&[r"a\ud83c", "b", r"\udf88c"], "ab\u{fffd}c")]
    #[case(&[r"a\ud83cb\ud83c"], "ab")]
    #[case(&[r"\\ud83c \udf88"], "\\ud83c \u{fffd}")]
    fn halves_meet_in_the_next_frame_and_take_nothing_else_along(
        #[case] frames: &[&str],
        #[case] text: &str,
    ) {
        assert_eq!(read(frames), text);
    }

    #[rstest]
    #[case(r#"{"a":"\ud83c""#)]
    #[case(r"\u")]
    #[case(r#"{"a":"\ud8"}"#)]
    #[case("{\"a\":\"\\u00\u{e9}\\\u{1f388}\"}")]
    #[case(r"\ud83c\")]
    fn what_is_no_json_stays_none(#[case] json: &str) {
        assert!(Halves::default().parse(json).is_err());
    }
}
