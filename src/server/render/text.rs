//! Text to HTML text, with the characters that hide text made visible.
//!
//! Bidirectional controls reorder what is read, tag characters and variation selectors carry whole messages unseen
//! (Unicode Technical Standard 55, "Unicode source code handling"). Where such characters belong to the writing of a
//! language or to an emoji they stay.

use std::borrow::Cow;
use std::fmt::Write;

/// Where the text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Between tags: a hidden character becomes a small element.
    Text,
    /// Inside of `<code>`: a hidden character becomes text, so that what is copied is what is seen.
    Code,
    /// The same, for what [`visible`] has been over.
    Plain,
    /// A quoted attribute value.
    Attribute,
}

/// The subdivision flags that Unicode recommends: the black flag, spelled-out tags, the end tag.
const FLAGS: [&str; 3] = [
    "\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
    "\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
    "\u{E0067}\u{E0062}\u{E0077}\u{E006C}\u{E0073}\u{E007F}",
];

/// More hidden characters than these in a row are shown as one.
const RUN: usize = 3;

/// Appends `text`, escaped for its place. Each line stands for itself.
pub(super) fn escape(text: &str, place: Place, out: &mut String) {
    if place == Place::Plain {
        entities(text, out);
    } else {
        write(text, place, true, out);
    }
}

/// The text with its hidden characters as text, as they stand in code.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if text
        .bytes()
        .all(|b| matches!(b, b' '..=b'~' | b'\n' | b'\t'))
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    write(text, Place::Code, false, &mut out);
    Cow::Owned(out)
}

fn entities(text: &str, out: &mut String) {
    let mut from = 0;
    for (at, c) in text.char_indices() {
        let entity = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '\u{A0}' => "&nbsp;",
            _ => continue,
        };
        out.push_str(text.get(from..at).unwrap_or_default());
        out.push_str(entity);
        from = at + c.len_utf8();
    }
    out.push_str(text.get(from..).unwrap_or_default());
}

fn write(text: &str, place: Place, html: bool, out: &mut String) {
    let mut prev = '\n';
    let mut plain = 0;
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let end = at + c.len_utf8();
        let entity = match c {
            '&' if html => "&amp;",
            '<' if html => "&lt;",
            '>' if html => "&gt;",
            '"' if place == Place::Attribute => "&quot;",
            '\u{A0}' if html => "&nbsp;",
            ' '..='~' | '\n' | '\t' => {
                (prev, at) = (c, end);
                continue;
            }
            _ => "",
        };
        if !entity.is_empty() {
            out.push_str(text.get(plain..at).unwrap_or_default());
            out.push_str(entity);
            (prev, at, plain) = (c, end, end);
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let visible = visible_len(rest, prev);
        if visible > 0 {
            prev = rest
                .get(..visible)
                .and_then(|s| s.chars().next_back())
                .unwrap_or(c);
            at += visible;
            continue;
        }
        out.push_str(text.get(plain..at).unwrap_or_default());
        if c.is_control() && c < '\u{80}' {
            let picture = if c == '\u{7F}' {
                0x2421
            } else {
                0x2400 + u32::from(c)
            };
            out.push(char::from_u32(picture).unwrap_or('\u{FFFD}'));
            (prev, at, plain) = (c, end, end);
            continue;
        }
        let mut run = Vec::new();
        for c in rest.chars() {
            if c.is_ascii() || visible_len(text.get(at..).unwrap_or_default(), prev) > 0 {
                break;
            }
            run.push(c);
            at += c.len_utf8();
            prev = c;
        }
        marker(&run, place, out);
        plain = at;
    }
    out.push_str(text.get(plain..).unwrap_or_default());
}

/// The text without its hidden characters.
pub(super) fn without_hidden(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut at, mut prev) = (0, '\n');
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let len = visible_len(rest, prev);
        let next = rest.chars().next().unwrap_or_default();
        let taken = if len > 0 { len } else { next.len_utf8() };
        if len > 0 {
            out.push_str(rest.get(..len).unwrap_or_default());
        } else if next.is_whitespace() {
            out.push(' ');
        }
        prev = rest
            .get(..taken)
            .and_then(|s| s.chars().next_back())
            .unwrap_or(next);
        at += taken;
    }
    out
}

fn marker(run: &[char], place: Place, out: &mut String) {
    let names = |chars: &[char]| {
        chars
            .iter()
            .map(|c| format!("U+{:04X}", u32::from(*c)))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let groups: Vec<&[char]> = if run.len() > RUN {
        vec![run]
    } else {
        run.chunks(1).collect()
    };
    for group in groups {
        let label = if group.len() > 1 {
            format!("{} hidden characters", group.len())
        } else {
            names(group)
        };
        // A string takes writes without fail.
        let _ = match place {
            Place::Text => {
                let more = if group.len() > 16 { " …" } else { "" };
                let title = names(group.get(..16).unwrap_or(group));
                write!(
                    out,
                    "<span class=\"hidden-char\" title=\"{title}{more}\">{label}</span>"
                )
            }
            Place::Code | Place::Plain => write!(out, "⟨{label}⟩"),
            Place::Attribute => write!(out, "[{label}]"),
        };
    }
}

/// Bytes of what `rest` starts with that can be shown as it is; 0 when its first character hides something.
fn visible_len(rest: &str, prev: char) -> usize {
    let mut chars = rest.chars();
    let Some(c) = chars.next() else { return 0 };
    let next = chars.next().unwrap_or('\n');
    let shown = match c {
        '\n' | '\t' => true,
        '\u{200C}' => joins_letters(prev),
        '\u{200D}' => joins_letters(prev) || (is_emoji(prev) && is_emoji(next)),
        '\u{200E}' | '\u{200F}' | '\u{61C}' => {
            let in_word = prev.is_ascii_alphanumeric() && next.is_ascii_alphanumeric();
            !in_word && !matches!(prev, '\u{200B}'..='\u{200F}' | '\u{61C}')
        }
        '\u{FE00}'..='\u{FE0F}' => takes_variation(prev),
        '\u{180B}'..='\u{180D}' | '\u{180F}' => ('\u{1820}'..='\u{18AA}').contains(&prev),
        '\u{E0067}' if prev == '\u{1F3F4}' => {
            return FLAGS
                .iter()
                .find(|flag| rest.starts_with(**flag))
                .map_or(0, |flag| flag.len());
        }
        c => !c.is_control() && !is_hidden(c),
    };
    if shown { c.len_utf8() } else { 0 }
}

fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}' | '\u{200B}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Emoji that take part in joined sequences, and what may stand at their end.
fn is_emoji(c: char) -> bool {
    matches!(c, '\u{1F000}'..='\u{1FAFF}' | '\u{2190}'..='\u{2BFF}' | '\u{FE0F}' | '\u{20E3}')
}

/// Arabic, Syriac, N'Ko and the scripts of India and its neighbours shape their letters by joiners.
fn joins_letters(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{DFF}' | '\u{F00}'..='\u{109F}' | '\u{1780}'..='\u{18AF}' | '\u{A840}'..='\u{ABFF}'
        | '\u{FB50}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}' | '\u{11000}'..='\u{11FFF}')
}

/// A selector after an ASCII letter, a space or another selector means nothing to a font.
fn takes_variation(prev: char) -> bool {
    let selector = matches!(prev, '\u{FE00}'..='\u{FE0F}' | '\u{200B}'..='\u{200F}');
    !(selector
        || prev.is_ascii_alphabetic()
        || prev.is_whitespace()
        || prev.is_control()
        || is_hidden(prev))
}
