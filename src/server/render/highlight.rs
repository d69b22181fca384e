//! Colours for code, as classes: one pass over the text, driven by a table of languages ([`languages`]).
//!
//! It knows comments, texts, numbers and words, which is what the eye asks for, and nothing of grammar. Every step takes
//! what it looked at, so the work is linear whatever the text is; there is nothing to load and nothing to keep in
//! memory. `docs/decisions/0004-highlighting.md` says why this is no library.

mod languages;
mod other;

use super::text::{Place, escape, visible};
use languages::{Family, Habit, Language, Quote};

/// Bytes of code that are coloured; longer code is plain.
pub(super) const MAX_BYTES: usize = 48 * 1024;

/// What a piece of code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Added,
    Call,
    Comment,
    Heading,
    Key,
    Keyword,
    Literal,
    Note,
    Number,
    Removed,
    Tag,
    Text,
    Type,
    Variable,
}

impl Kind {
    const fn class(self) -> &'static str {
        match self {
            Self::Added => "h-added",
            Self::Call => "h-call",
            Self::Comment => "h-comment",
            Self::Heading => "h-heading",
            Self::Key => "h-key",
            Self::Keyword => "h-keyword",
            Self::Literal => "h-literal",
            Self::Note => "h-note",
            Self::Number => "h-number",
            Self::Removed => "h-removed",
            Self::Tag => "h-tag",
            Self::Text => "h-text",
            Self::Type => "h-type",
            Self::Variable => "h-variable",
        }
    }
}

/// Whether a class is one of those that are written here.
pub(super) fn is_class(class: &str) -> bool {
    use Kind::{
        Added, Call, Comment, Heading, Key, Keyword, Literal, Note, Number, Removed, Tag, Text,
        Type, Variable,
    };
    [
        Added, Call, Comment, Heading, Key, Keyword, Literal, Note, Number, Removed, Tag, Text,
        Type, Variable,
    ]
    .iter()
    .any(|kind| kind.class() == class)
}

/// How a file with code in that language is called.
pub(super) fn file_name(language: &str) -> &'static str {
    languages::find(language).map_or("code.txt", |language| language.file)
}

/// Whether a file may be called so.
pub(super) fn is_file_name(name: &str) -> bool {
    name == "code.txt" || languages::files().any(|file| file == name)
}

/// Appends code as HTML, with its colours if the language is known and the code not too long.
pub(super) fn code(language: &str, text: &str, out: &mut String) {
    let known = languages::find(language).filter(|_| text.len() <= MAX_BYTES);
    let Some(language) = known else {
        escape(text, Place::Code, out);
        return;
    };
    let text = visible(text);
    let mut lexer = Lexer {
        text: &text,
        at: 0,
        plain: 0,
        out,
    };
    match language.family {
        Family::Code => lexer.code(language, text.len()),
        Family::Markup => lexer.markup(language),
        Family::Diff => lexer.diff(),
        Family::Prose => lexer.prose(),
    }
    lexer.flush();
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// From where on the text is not written yet.
    plain: usize,
    out: &'a mut String,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn prev(&self) -> char {
        let before = self.text.get(..self.at).unwrap_or_default();
        before.chars().next_back().unwrap_or('\n')
    }

    fn starts_line(&self) -> bool {
        let before = self.text.get(..self.at).unwrap_or_default();
        let before = before.trim_end_matches([' ', '\t']);
        before.is_empty() || before.ends_with('\n')
    }

    fn flush(&mut self) {
        let upto = self.text.len();
        self.write_plain(upto);
    }

    fn write_plain(&mut self, upto: usize) {
        let plain = self.text.get(self.plain..upto).unwrap_or_default();
        entities(plain, self.out);
        self.plain = upto;
    }

    /// The next `len` bytes are of that kind.
    fn take(&mut self, len: usize, kind: Kind) {
        self.write_plain(self.at);
        let end = (self.at + len.max(1)).min(self.text.len());
        let taken = self.text.get(self.at..end).unwrap_or_default();
        self.out.push_str("<span class=\"");
        self.out.push_str(kind.class());
        self.out.push_str("\">");
        entities(taken, self.out);
        self.out.push_str("</span>");
        (self.at, self.plain) = (end, end);
    }

    /// The next `len` bytes are nothing special.
    const fn skip(&mut self, len: usize) {
        self.at += len;
    }

    /// Code up to `end`.
    fn code(&mut self, language: &Language, end: usize) {
        while self.at < end {
            self.step(language, end);
        }
    }

    fn step(&mut self, language: &Language, end: usize) {
        let rest = self.text.get(self.at..end).unwrap_or_default();
        let Some(c) = rest.chars().next() else {
            self.at = end;
            return;
        };
        if let Some(len) = comment(language, rest, self.prev()) {
            self.take(len, Kind::Comment);
            return;
        }
        if let Some((len, kind)) = special(language, rest, c, self) {
            self.take(len, kind);
            return;
        }
        if let Some(quote) = language.quotes.iter().find(|q| rest.starts_with(q.open)) {
            let len = quoted(rest, *quote);
            let after = rest.get(len..).unwrap_or_default();
            let key = language.has(Habit::Keys) && is_key(after, ':');
            self.take(len, if key { Kind::Key } else { Kind::Text });
            return;
        }
        if c.is_ascii_digit() {
            self.take(number(rest), Kind::Number);
        } else if starts_word(rest, language) {
            self.word(language, rest);
        } else {
            self.skip(c.len_utf8());
        }
    }

    fn word(&mut self, language: &Language, rest: &str) {
        let len = rest
            .find(|c: char| !in_word(c, language))
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(len);
        if language.has(Habit::Lifetimes)
            && matches!(word, "r" | "br" | "cr")
            && let Some(more) = raw_text(after)
        {
            self.take(len + more, Kind::Text);
            return;
        }
        let macro_call = language.has(Habit::Macros)
            && ["!(", "![", "!{", "! {"]
                .iter()
                .any(|open| after.starts_with(open));
        let kind = if is_key_of(language, after) {
            Some(Kind::Key)
        } else if listed(language, language.literals, word) {
            Some(Kind::Literal)
        } else if listed(language, language.keywords, word) {
            Some(Kind::Keyword)
        } else if listed(language, language.types, word) {
            Some(Kind::Type)
        } else if macro_call || (after.starts_with('(') && !language.has(Habit::NoCalls)) {
            Some(Kind::Call)
        } else if language.has(Habit::Types) && word.starts_with(char::is_uppercase) {
            let shouted = word.len() > 1 && !word.contains(char::is_lowercase);
            Some(if shouted { Kind::Literal } else { Kind::Type })
        } else {
            None
        };
        match kind {
            Some(kind) => self.take(len + usize::from(macro_call), kind),
            None => self.skip(len),
        }
    }
}

/// How long the comment is that stands here.
fn comment(language: &Language, rest: &str, prev: char) -> Option<usize> {
    for (open, close) in language.block {
        if let Some(inner) = rest.strip_prefix(open) {
            let end = inner.find(close).map(|at| at + close.len());
            return Some(open.len() + end.unwrap_or(inner.len()));
        }
    }
    let free = prev.is_whitespace() || ";({[,})]>".contains(prev);
    let starts = |mark: &&&str| rest.starts_with(**mark) && (free || !matches!(**mark, "#" | ";"));
    language.line.iter().find(starts).map(|_| line_len(rest))
}

/// What only some languages have.
fn special(language: &Language, rest: &str, c: char, lexer: &Lexer<'_>) -> Option<(usize, Kind)> {
    let after = rest.get(c.len_utf8()..).unwrap_or_default();
    let name = |text: &str| {
        let end =
            |c: char| !(c.is_alphanumeric() || c == '_' || c == '-' && language.has(Habit::Styles));
        text.find(end).unwrap_or(text.len())
    };
    let word_before = lexer.prev().is_alphanumeric() || lexer.prev() == '_';
    match c {
        '\'' if language.has(Habit::Lifetimes) => {
            let mut chars = after.chars();
            let (first, second) = (chars.next()?, chars.next());
            if first == '\\' {
                let end = after.bytes().skip(2).take(12).position(|b| b == b'\'')?;
                Some((1 + 2 + end + 1, Kind::Text))
            } else if second == Some('\'') {
                Some((1 + first.len_utf8() + 1, Kind::Text))
            } else {
                Some((1 + name(after), Kind::Variable)).filter(|(len, _)| *len > 1)
            }
        }
        '#' if language.has(Habit::Lifetimes) && after.trim_start_matches('!').starts_with('[') => {
            let line = rest.get(..line_len(rest))?;
            Some((line.rfind(']').map_or(line.len(), |at| at + 1), Kind::Note))
        }
        '#' if language.has(Habit::Preprocessor) && lexer.starts_line() => {
            let blank = after.len() - after.trim_start_matches([' ', '\t']).len();
            Some((1 + blank + name(after.get(blank..)?), Kind::Keyword))
        }
        '#' if language.has(Habit::Styles) => {
            let len = name(after);
            let colour = matches!(len, 3 | 4 | 6 | 8)
                && after.bytes().take(len).all(|b| b.is_ascii_hexdigit());
            Some((1 + len, if colour { Kind::Number } else { Kind::Type })).filter(|_| len > 0)
        }
        '.' if language.has(Habit::Styles) && !word_before => {
            let len = name(after);
            let class = after.starts_with(|c: char| c.is_alphabetic() || "_-".contains(c));
            Some((1 + len, Kind::Type)).filter(|_| class)
        }
        '@' if language.has(Habit::Styles) => Some((1 + name(after), Kind::Keyword)),
        '@' if language.has(Habit::Notes) && !word_before => {
            Some((1 + name(after), Kind::Note)).filter(|(len, _)| *len > 1)
        }
        '$' if language.has(Habit::Variables) => {
            let braced = after.strip_prefix(['{', '(']);
            let len = match braced {
                Some(inner) if after.starts_with('{') => {
                    let line = inner.get(..line_len(inner))?;
                    line.find('}').map_or(1 + line.len(), |at| at + 2)
                }
                Some(_) => 0,
                None if after.starts_with(['?', '#', '@', '*', '!', '$']) => 1,
                None => name(after),
            };
            Some((1 + len, Kind::Variable)).filter(|_| len > 0)
        }
        '\\' if language.has(Habit::Commands) => {
            let len = after
                .find(|c: char| !c.is_ascii_alphabetic())
                .unwrap_or(after.len());
            Some((1 + len, Kind::Keyword)).filter(|_| len > 0)
        }
        ':' if language.has(Habit::Symbols) && !word_before && lexer.prev() != ':' => {
            let symbol = after.starts_with(|c: char| c.is_alphabetic() || c == '_');
            Some((1 + name(after), Kind::Literal)).filter(|_| symbol)
        }
        '[' if language.has(Habit::Settings) && lexer.starts_line() => {
            let line = rest.get(..line_len(rest))?.trim_end();
            Some((line.len(), Kind::Heading)).filter(|_| line.ends_with(']'))
        }
        _ => None,
    }
}

/// Bytes up to the end of the line.
fn line_len(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// How long the text is that starts here; up to the end of its line, or of all, if it does not end.
fn quoted(rest: &str, quote: Quote) -> usize {
    let mut at = quote.open.len();
    while let Some(inner) = rest.get(at..).filter(|inner| !inner.is_empty()) {
        if inner.starts_with(quote.close) {
            return at + quote.close.len();
        }
        let mut chars = inner.chars();
        let c = chars.next().unwrap_or_default();
        if c == '\n' && !quote.long {
            return at;
        }
        at += c.len_utf8();
        if c == '\\' && quote.escapes {
            at += chars
                .next()
                .filter(|c| *c != '\n')
                .map_or(0, char::len_utf8);
        }
    }
    rest.len()
}

/// How long `#"…"#` is, with as many marks as it starts with.
fn raw_text(after: &str) -> Option<usize> {
    let marks = after.len() - after.trim_start_matches('#').len();
    let inner = after.get(marks..)?.strip_prefix('"')?;
    if marks > 16 {
        return None;
    }
    let close = format!("\"{}", "#".repeat(marks));
    let end = inner.find(&close).map(|at| at + close.len());
    Some(marks + 1 + end.unwrap_or(inner.len()))
}

fn number(rest: &str) -> usize {
    let mut prev = ' ';
    let mut chars = rest.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map_or(' ', |(_, next)| *next);
        let exponent = matches!(c, '+' | '-') && matches!(prev, 'e' | 'E') && next.is_ascii_digit();
        let point = c == '.' && next.is_ascii_digit() && prev != '.';
        if !(c.is_ascii_alphanumeric() || c == '_' || point || exponent) {
            return at;
        }
        prev = c;
    }
    rest.len()
}

fn starts_word(rest: &str, language: &Language) -> bool {
    let mut chars = rest.chars();
    let (c, next) = (chars.next().unwrap_or(' '), chars.next().unwrap_or(' '));
    let marked = c == '$' || c == '-' && (next == '-' || next.is_alphabetic());
    c.is_alphabetic() || c == '_' || (marked && language.word.contains(c))
}

fn in_word(c: char, language: &Language) -> bool {
    c.is_alphanumeric() || c == '_' || language.word.contains(c)
}

/// Whether a key ends here: a colon, or an equals sign that nothing is compared with.
fn is_key(after: &str, mark: char) -> bool {
    let after = after.trim_start_matches([' ', '\t']);
    after
        .strip_prefix(mark)
        .is_some_and(|value| !value.starts_with(['=', ':']))
}

fn is_key_of(language: &Language, after: &str) -> bool {
    language.has(Habit::Keys) && is_key(after, ':')
        || language.has(Habit::Settings) && is_key(after, '=')
}

fn listed(language: &Language, words: &str, word: &str) -> bool {
    words.split(' ').any(|known| {
        if language.has(Habit::AnyCase) {
            known.eq_ignore_ascii_case(word)
        } else {
            known == word
        }
    })
}

/// Escapes text whose hidden characters were made visible before.
fn entities(text: &str, out: &mut String) {
    escape(text, Place::Plain, out);
}

#[cfg(test)]
mod tests;
