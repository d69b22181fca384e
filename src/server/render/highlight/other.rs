//! What is no code of words: tags, differences, Markdown.

use super::languages::{self, Language};
use super::{Kind, Lexer, comment, line_len};

impl Lexer<'_> {
    /// Tags, and the code in `<script>` and `<style>`.
    pub(super) fn markup(&mut self, language: &Language) {
        while !self.rest().is_empty() {
            let rest = self.rest();
            if let Some(len) = comment(language, rest, self.prev()) {
                self.take(len, Kind::Comment);
                continue;
            }
            let name = rest.get(1..).unwrap_or_default();
            let tag = name.starts_with(|c: char| c.is_alphabetic() || "/!?".contains(c));
            if rest.starts_with('<') && tag {
                self.tag();
                continue;
            }
            let entity = rest.bytes().take(12).position(|b| b == b';');
            if let Some(len) = entity.filter(|_| rest.starts_with('&')) {
                self.take(len + 1, Kind::Literal);
                continue;
            }
            // One character further, so that each is looked at once.
            let first = rest.chars().next().map_or(1, char::len_utf8);
            let next = rest.get(first..).and_then(|rest| rest.find(['<', '&']));
            self.skip(next.map_or(rest.len(), |next| first + next));
        }
    }

    fn tag(&mut self) {
        let rest = self.rest();
        let end = |c: char| c.is_whitespace() || matches!(c, '>' | '=' | '"' | '\'');
        let name = rest.find(end).unwrap_or(rest.len());
        let script = match rest.get(..name).unwrap_or_default() {
            "<script" => Some(("js", "</script")),
            "<style" => Some(("css", "</style")),
            _ => None,
        };
        self.take(name, Kind::Tag);
        while let Some(c) = self.rest().chars().next() {
            let rest = self.rest();
            match c {
                '>' => {
                    self.take(1, Kind::Tag);
                    break;
                }
                '"' | '\'' => {
                    let len = rest.get(1..).and_then(|inner| inner.find(c));
                    self.take(len.map_or(rest.len(), |len| len + 2), Kind::Text);
                }
                '/' if rest.starts_with("/>") => self.take(1, Kind::Tag),
                c if c.is_whitespace() || c == '=' => self.skip(c.len_utf8()),
                '<' => return,
                _ => {
                    let end =
                        |c: char| c.is_whitespace() || matches!(c, '=' | '>' | '"' | '\'' | '<');
                    let len = rest.find(end).unwrap_or(rest.len());
                    self.take(len, Kind::Key);
                }
            }
        }
        let inner = self.rest();
        if let Some((language, close)) = script
            && let Some(language) = languages::find(language)
        {
            let len = inner.find(close).unwrap_or(inner.len());
            let end = self.at + len;
            self.code(language, end);
        }
    }

    pub(super) fn diff(&mut self) {
        while !self.rest().is_empty() {
            let rest = self.rest();
            let len = line_len(rest);
            let kind = match rest.as_bytes().first() {
                _ if rest.starts_with("+++") || rest.starts_with("---") => Some(Kind::Heading),
                Some(b'+') => Some(Kind::Added),
                Some(b'-') => Some(Kind::Removed),
                Some(b'@') => Some(Kind::Note),
                _ if ["diff ", "index "].iter().any(|w| rest.starts_with(w)) => Some(Kind::Heading),
                _ => None,
            };
            match kind {
                Some(kind) => self.take(len, kind),
                None => self.skip(len),
            }
            self.skip(usize::from(!self.rest().is_empty()));
        }
    }

    pub(super) fn prose(&mut self) {
        let mut fence = false;
        while !self.rest().is_empty() {
            let rest = self.rest();
            let len = line_len(rest);
            let line = rest.get(..len).unwrap_or_default();
            let marks = line.trim_start();
            let mark = marks.starts_with("```") || marks.starts_with("~~~");
            fence ^= mark;
            let kind = if mark || fence {
                Some(Kind::Text)
            } else if marks.starts_with('#') {
                Some(Kind::Heading)
            } else if marks.starts_with('>') {
                Some(Kind::Comment)
            } else {
                None
            };
            match kind {
                Some(kind) if len > 0 => self.take(len, kind),
                _ => self.spans(len),
            }
            self.skip(usize::from(!self.rest().is_empty()));
        }
    }

    /// The list marks and code spans of a line of Markdown.
    fn spans(&mut self, len: usize) {
        let end = self.at + len;
        let line = self.text.get(self.at..end).unwrap_or_default();
        let indent = line.len() - line.trim_start().len();
        self.skip(indent);
        if ["- ", "* ", "+ "]
            .iter()
            .any(|mark| self.rest().starts_with(mark))
        {
            self.take(1, Kind::Keyword);
        }
        while let Some(line) = self.text.get(self.at..end).filter(|line| !line.is_empty()) {
            let Some(open) = line.find('`') else {
                self.skip(line.len());
                return;
            };
            self.skip(open);
            let close = line.get(open + 1..).and_then(|inner| inner.find('`'));
            self.take(
                close.map_or(line.len() - open, |close| close + 2),
                Kind::Text,
            );
        }
    }
}
