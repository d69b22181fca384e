//! Takes out of a log record what looks like a secret, and makes control characters visible.

use std::fmt::Write;

/// What stands in place of a secret.
const MASK: &str = "[redacted]";
/// How the keys of providers, of this program and of clouds begin.
const PREFIXES: [&str; 11] = [
    "sk-", "sk_", "AIza", "AQ.", "gsk_", "xai-", "vck_", "klm_", "ya29.", "ABSK", "AKIA",
];
/// Names whose value is a secret whatever it looks like. Those with `true` have values with blanks in them.
const NAMES: [(&str, bool); 8] = [
    ("cookie", true),
    ("authorization", true),
    ("keylm_session", false),
    ("password", false),
    ("passwd", false),
    ("api-key", false),
    ("api_key", false),
    ("apikey", false),
];
/// A shorter rest is a word, not a key.
const MIN_KEY: usize = 8;

/// The record, one line, without secrets. Keeps the line break at its end.
#[must_use]
pub fn clean(record: &str) -> String {
    let (body, end) = record
        .strip_suffix('\n')
        .map_or((record, ""), |body| (body, "\n"));
    let mut out = String::with_capacity(record.len());
    let mut rest = body;
    while let Some(c) = rest.chars().next() {
        if let Some((shown, hidden)) = secret(&out, rest) {
            let (shown, after) = rest.split_at(shown);
            shown.chars().for_each(|c| show(&mut out, c));
            out.push_str(MASK);
            rest = after.get(hidden..).unwrap_or_default();
        } else {
            show(&mut out, c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    out + end
}

/// Whether a secret begins here: the bytes before it that may be seen, and its own.
fn secret(before: &str, rest: &str) -> Option<(usize, usize)> {
    let first = rest.as_bytes().first()?.to_ascii_lowercase();
    if !matches!(
        first,
        b's' | b'a' | b'g' | b'x' | b'v' | b'k' | b'y' | b'b' | b'c' | b'p'
    ) {
        return None;
    }
    if let Some(prefix) = PREFIXES.iter().find(|prefix| rest.starts_with(**prefix)) {
        let tail = rest.get(prefix.len()..)?;
        let run = span(tail, |c| {
            c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+' | '=')
        });
        let digits = tail.get(..run)?.contains(|c: char| c.is_ascii_digit());
        // `risk-assessment` and `disk-management` are words.
        return (run >= MIN_KEY && (digits || !in_word(before))).then_some((0, prefix.len() + run));
    }
    if let Some(tail) = strip_name(rest, "bearer") {
        let blank = span(tail, |c| matches!(c, ' ' | '\t'));
        let run = span(tail.get(blank..)?, |c| {
            !c.is_whitespace() && !is_quote(c) && c != ','
        });
        return (blank > 0 && run >= MIN_KEY).then_some(("bearer".len() + blank, run));
    }
    NAMES.iter().find_map(|(name, blanks)| {
        let tail = strip_name(rest, name)?;
        // A quoted name may be the first of a pair: `("cookie", "a=b")` is how header lists print.
        let quoted = tail.starts_with(is_quote);
        let gap = span(tail, |c| {
            matches!(c, ':' | '=' | ' ') || is_quote(c) || (quoted && c == ',')
        });
        let (between, value) = tail.split_at_checked(gap)?;
        let run = span(value, |c| {
            !is_quote(c) && (*blanks || !(c.is_whitespace() || matches!(c, ',' | '&' | ';' | '}')))
        });
        (between.contains([':', '=', ',']) && run > 0).then_some((name.len() + gap, run))
    })
}

/// The length in bytes of the characters at the start that pass.
fn span(text: &str, pass: impl Fn(char) -> bool) -> usize {
    text.find(|c| !pass(c)).unwrap_or(text.len())
}

fn strip_name<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(name.len())?;
    head.eq_ignore_ascii_case(name).then_some(tail)
}

const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '\\')
}

/// Whether what was written so far ends inside a word; the letter of an escape like `\n` is none.
fn in_word(before: &str) -> bool {
    let mut back = before.chars().rev();
    back.next()
        .is_some_and(|c| c.is_ascii_alphabetic() && back.next() != Some('\\'))
}

/// Control characters, and those that reorder or break lines, as `\uXXXX`, which is good JSON, too.
fn show(out: &mut String, c: char) {
    if c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    {
        let _ = write!(out, "\\u{:04x}", u32::from(c));
    } else {
        out.push(c);
    }
}
