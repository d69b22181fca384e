//! Where formulas stand in a source: `$…$`, `$$…$$`, `\(…\)`, `\[…\]`.
//!
//! The parser of Markdown knows nothing of them. It gets a text of the same length in which each formula is a run of two
//! characters that no source has ([`super::source`] takes them out), so that no mark inside of one means anything, and
//! the writer puts the formula in its place.

use super::OPTIONS;
use super::repair::repair;
use pulldown_cmark::{Event, Parser, Tag};
use std::borrow::Cow;
use std::ops::Range;

/// The first byte of a formula in what the parser gets.
pub(super) const FIRST: char = '\u{1}';
/// All others.
pub(super) const OTHER: char = '\u{2}';

/// Bytes of a formula; what is longer is text.
const MAX: usize = 4_096;

/// A formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Formula {
    /// As it was written, with its marks.
    pub source: String,
    /// Whether it stands on a line of its own.
    pub display: bool,
    /// Whether its end has not come yet.
    pub pending: bool,
}

impl Formula {
    /// What is between the marks.
    pub(super) fn tex(&self) -> String {
        let marks = usize::from(!self.source.starts_with('$') || self.source.starts_with("$$")) + 1;
        let inner = self
            .source
            .get(marks..self.source.len().saturating_sub(marks));
        let inner = inner.unwrap_or_default();
        let mut tex = String::with_capacity(inner.len());
        for (i, line) in inner.split('\n').enumerate() {
            // The marks of a quote at the start of its further lines.
            let line = if i > 0 {
                line.trim_start().trim_start_matches("> ")
            } else {
                line
            };
            tex.push_str(line);
            tex.push('\n');
        }
        tex.trim().to_owned()
    }
}

/// A source as the parser gets it.
#[derive(Clone, Debug)]
pub(super) struct Source<'a> {
    pub text: Cow<'a, str>,
    formulas: Vec<Formula>,
    /// Where they begin in the text.
    starts: Vec<usize>,
}

impl<'a> Source<'a> {
    /// `open`: more may follow, so that the last formula may still be without its end.
    pub(super) fn new(src: &'a str, open: bool) -> Self {
        let found = find(src, open);
        if found.is_empty() {
            return Self {
                text: Cow::Borrowed(src),
                formulas: Vec::new(),
                starts: Vec::new(),
            };
        }
        let mut text = String::with_capacity(src.len());
        let (mut formulas, mut starts) = (Vec::new(), Vec::new());
        for (range, formula) in found {
            text.push_str(src.get(text.len()..range.start).unwrap_or_default());
            starts.push(range.start);
            text.push(FIRST);
            text.extend(std::iter::repeat_n(OTHER, range.len() - 1));
            formulas.push(formula);
        }
        text.push_str(src.get(text.len()..).unwrap_or_default());
        Self {
            text: Cow::Owned(text),
            formulas,
            starts,
        }
    }

    /// With what the text leaves open closed, from `tail` on.
    pub(super) fn repaired(mut self, tail: usize) -> Self {
        let text = repair(&self.text, tail);
        self.starts = text.match_indices(FIRST).map(|(at, _)| at).collect();
        self.text = Cow::Owned(text);
        self
    }

    /// The formulas that begin in that part of the text.
    pub(super) fn within(&self, range: &Range<usize>) -> &[Formula] {
        let from = self.starts.partition_point(|start| *start < range.start);
        let to = self.starts.partition_point(|start| *start < range.end);
        self.formulas.get(from..to.max(from)).unwrap_or_default()
    }

    /// Text from that part, with its formulas as they were written.
    pub(super) fn as_written<'t>(&self, text: &'t str, range: &Range<usize>) -> Cow<'t, str> {
        let formulas = self.within(range);
        if formulas.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        for formula in formulas {
            let Some((before, after)) = rest.split_once(FIRST) else {
                break;
            };
            out.push_str(before);
            out.push_str(&formula.source);
            rest = after.trim_start_matches(OTHER);
        }
        out.push_str(rest);
        Cow::Owned(out)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Marks {
    Dollar,
    Dollars,
    Round,
    Square,
}

impl Marks {
    const fn len(self) -> usize {
        if matches!(self, Self::Dollar) { 1 } else { 2 }
    }

    const fn display(self) -> bool {
        matches!(self, Self::Dollars | Self::Square)
    }
}

enum End {
    /// The formula ends after so many bytes behind its opening marks, the closing ones included.
    At(usize),
    /// It has no end so far.
    Open,
    None,
}

fn find(src: &str, open: bool) -> Vec<(Range<usize>, Formula)> {
    let mut found = Vec::new();
    let mut opaque: Option<Vec<Range<usize>>> = None;
    let mut at = 0;
    while let Some(next) = src.get(at..).and_then(|rest| rest.find(['$', '\\'])) {
        at += next;
        let rest = src.get(at..).unwrap_or_default();
        let marks = match rest.as_bytes() {
            [b'$', b'$', b'$', ..] => {
                at += rest.len() - rest.trim_start_matches('$').len();
                continue;
            }
            [b'$', b'$', ..] => Marks::Dollars,
            [b'$', ..] => Marks::Dollar,
            [b'\\', b'(', ..] => Marks::Round,
            [b'\\', b'[', ..] => Marks::Square,
            _ => {
                let escaped = rest.chars().nth(1).map_or(0, char::len_utf8);
                at += 1 + escaped;
                continue;
            }
        };
        let inner = rest.get(marks.len()..).unwrap_or_default();
        let long = marks.display() && starts_its_line(src, at);
        let before = src.get(..at).and_then(|s| s.chars().next_back());
        let (len, pending) = match end(marks, inner, long, before.unwrap_or(' ')) {
            End::At(len) => (marks.len() + len, false),
            End::Open if open && long => (rest.len(), true),
            End::Open | End::None => {
                at += marks.len();
                continue;
            }
        };
        let opaque = opaque.get_or_insert_with(|| opaque_ranges(src));
        let range = at..at + len;
        let first = opaque.partition_point(|known| known.end <= range.start);
        if opaque
            .get(first)
            .is_some_and(|known| known.start < range.end)
        {
            at += marks.len();
            continue;
        }
        at = range.end;
        let formula = Formula {
            source: src.get(range.clone()).unwrap_or_default().to_owned(),
            display: marks.display(),
            pending,
        };
        found.push((range, formula));
    }
    found
}

/// Whether nothing but marks of containers stands before.
fn starts_its_line(src: &str, at: usize) -> bool {
    let before = src.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let marks = |c: char| c.is_ascii_digit() || " \t>-*+.)".contains(c);
    line.len() < 100 && line.chars().all(marks)
}

/// Where a formula ends whose opening marks stand before `inner`; `long` when it may go on in further lines.
fn end(marks: Marks, inner: &str, long: bool, before: char) -> End {
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        if at > MAX {
            return End::None;
        }
        let rest = inner.get(at..).unwrap_or_default();
        match (c, marks) {
            ('\n', _) if !long || blank_line(rest.get(1..).unwrap_or_default()) => {
                return End::None;
            }
            ('$', Marks::Dollar) => {
                let after = rest.get(1..).and_then(|after| after.chars().next());
                let formula = inner.get(..at).unwrap_or_default();
                return if is_formula(before, formula, after.unwrap_or(' ')) {
                    End::At(at + 1)
                } else {
                    End::None
                };
            }
            ('$', Marks::Dollars) if rest.starts_with("$$") => {
                let empty = inner.get(..at).is_none_or(|inner| inner.trim().is_empty());
                return if empty { End::None } else { End::At(at + 2) };
            }
            ('\\', _) => {
                let empty = inner.get(..at).is_none_or(|inner| inner.trim().is_empty());
                match (rest.as_bytes().get(1), marks) {
                    (Some(b')'), Marks::Round) | (Some(b']'), Marks::Square) => {
                        return if empty { End::None } else { End::At(at + 2) };
                    }
                    (Some(b'('), Marks::Round) | (Some(b'['), Marks::Square) => return End::None,
                    _ => _ = chars.next(),
                }
            }
            _ => {}
        }
    }
    End::Open
}

fn blank_line(rest: &str) -> bool {
    let line = rest.trim_start_matches([' ', '\t', '>']);
    line.starts_with('\n')
}

/// What prices do not have.
const SIGNS: [char; 10] = ['\\', '^', '_', '=', '{', '+', '<', '>', '*', '|'];

fn has_words(inner: &str) -> bool {
    let mut words = inner.split(|c: char| !c.is_alphabetic());
    words.any(|word| word.chars().count() > 2)
}

/// Whether a character may stand next to the marks of a formula: not within a word, a path or a name.
fn can_stand_around(c: char) -> bool {
    !(c.is_alphanumeric() || "\\/=&$".contains(c))
}

/// Whether what stands between two dollar signs is a formula, and no price: `$5 and $10`.
fn is_formula(before: char, inner: &str, after: char) -> bool {
    let around = can_stand_around(before) && !after.is_alphanumeric() && after != '$';
    let blank = inner.is_empty() || inner.trim() != inner;
    around && !blank && inner.len() <= 1_000 && (inner.contains(SIGNS) || !has_words(inner))
}

/// Whether what stands at the end of a text from `at` on is likely to become a formula, and is not shown until it is.
pub(super) fn may_become_one(text: &str, at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    if rest.contains('\n') || rest.len() > 500 {
        return false;
    }
    let Some(inner) = rest
        .strip_prefix('$')
        .filter(|inner| !inner.starts_with('$'))
    else {
        return true;
    };
    let before = text.get(..at).and_then(|s| s.chars().next_back());
    let begins = |first: char| !(first.is_ascii_digit() || first.is_whitespace());
    let signs = inner.contains(SIGNS) && !inner.starts_with(char::is_whitespace);
    let likely = inner.chars().next().is_none_or(begins) && !has_words(inner);
    can_stand_around(before.unwrap_or(' ')) && (signs || likely)
}

/// Parts of a source that are no text: code, raw HTML, addresses, definitions.
fn opaque_ranges(src: &str) -> Vec<Range<usize>> {
    let parser = Parser::new_ext(src, OPTIONS);
    let mut ranges: Vec<Range<usize>> = parser
        .reference_definitions()
        .iter()
        .map(|(_, definition)| definition.span.clone())
        .collect();
    let mut links: Vec<usize> = Vec::new();
    for (event, range) in parser.into_offset_iter() {
        match event {
            Event::Code(_)
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::Start(Tag::CodeBlock(_) | Tag::Image { .. }) => ranges.push(range.clone()),
            Event::Start(Tag::Link { .. }) => {
                links.push(range.start + 1);
                continue;
            }
            Event::End(pulldown_cmark::TagEnd::Link) => {
                if let Some(text) = links.pop() {
                    ranges.push(text.min(range.end)..range.end);
                }
                continue;
            }
            _ => {}
        }
        if let Some(last) = links.last_mut() {
            *last = range.end.max(*last);
        }
    }
    ranges.sort_by_key(|range| range.start);
    // A range within another one would hide it from a search by ends.
    let mut apart: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match apart.last_mut().filter(|last| range.start < last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => apart.push(range),
        }
    }
    apart
}
