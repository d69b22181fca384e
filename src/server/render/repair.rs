//! What a reader sees of Markdown that is not finished yet. Only looks depend on it: whatever comes out is rendered
//! like everything else, and the end of the stream shows the source as it is.

/// Bytes of inline text that are looked through; a longer one is shown as it stands.
const MAX_TEXT: usize = 4_096;

/// Bytes of an unfinished link that are held back; longer ones are just text.
const MAX_LINK: usize = 500;

/// Bytes of an unfinished link text without its bracket.
const MAX_LINK_TEXT: usize = 200;

/// How much of a text can be shown before its last line is complete.
pub(super) fn shown(src: &str) -> usize {
    let start = src.rfind('\n').map_or(0, |i| i + 1);
    let line = src.get(start..).unwrap_or_default();
    if is_unsettled(line) { start } else { src.len() }
}

/// Whether nobody can say yet what kind of block the line is part of.
fn is_unsettled(line: &str) -> bool {
    let quoted = line.trim_start_matches([' ', '\t', '>', '-', '*', '+']);
    let digits = quoted.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = (1..10).contains(&(quoted.len() - digits.len()));
    let item = digits.strip_prefix(['.', ')']).filter(|_| numbered);
    let inner = item.map_or(quoted, |item| item.trim_start_matches([' ', '\t']));
    // A list, a rule, a heading, emphasis, the line below a heading or a table's head; or a number in a sentence.
    let marks = inner
        .trim_start_matches([' ', '\t', '#', '=', '_', '|', ':', '~', '-', '*', '+', '>'])
        .is_empty();
    let number = numbered && digits.is_empty();
    // A fence, whose language is not known before its line ends.
    let fence =
        ["```", "~~~"].iter().any(|f| inner.starts_with(f)) || inner.bytes().all(|b| b == b'`');
    let tag = inner.strip_prefix('<').is_some_and(|tag| {
        let name = tag.strip_prefix('/').unwrap_or(tag);
        name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    let task = matches!(inner, "[" | "[ " | "[x" | "[X" | "[ ]" | "[x]" | "[X]");
    // The label of a definition, or the text of a link that has no address yet.
    let label = line
        .trim_start_matches(' ')
        .strip_prefix('[')
        .is_some_and(|label| match label.split_once(']') {
            Some((_, after)) => after.is_empty() || after.starts_with(':'),
            None => label.len() < MAX_LINK_TEXT,
        });
    marks || number || fence || tag || task || label
}

/// Whether the last, incomplete line of a fenced code block may still become its end.
pub(super) fn may_close(line: &str, fence: u8) -> bool {
    let rest = line.trim_start_matches(' ');
    let marks = rest.trim_end_matches([' ', '\t']);
    line.len() - rest.len() < 4 && !marks.is_empty() && marks.bytes().all(|b| b == fence)
}

/// Closes what the text leaves open, from `tail` on, where its last run of inline text begins.
pub(super) fn repair(src: &str, tail: usize) -> String {
    let (before, text) = src.split_at_checked(tail).unwrap_or((src, ""));
    if text.len() > MAX_TEXT || text.trim().is_empty() {
        return src.to_owned();
    }
    if before.is_empty()
        && let Some(table) = table_head(text)
    {
        return table;
    }
    let mut scan = Scan {
        text: text.trim_end(),
        at: 0,
        open: Vec::new(),
        bracket: None,
    };
    let (shown, code) = scan.run();
    let mut out = String::with_capacity(src.len() + 16);
    out.push_str(before);
    out.push_str(&shown);
    if !code.is_empty() {
        out.push_str(&code);
    }
    for (mark, len) in scan.open.iter().rev() {
        out.extend(std::iter::repeat_n(*mark, *len));
    }
    out
}

/// A first line of cells will be a table's head as soon as the line below it is there.
fn table_head(text: &str) -> Option<String> {
    let line = text.trim_end();
    if !line.starts_with('|') || line.contains('\n') || line.len() < 2 {
        return None;
    }
    let line = line.trim_end_matches('|').trim_end_matches('\\');
    let pipes = line.matches('|').count() - line.matches("\\|").count();
    Some(format!("{line} |\n|{}", "-|".repeat(pipes)))
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// Emphasis that is open: its mark and how many of it.
    open: Vec<(char, usize)>,
    /// Where a link's text may have begun.
    bracket: Option<usize>,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// What to show of the text, and the mark that ends a code span.
    fn run(&mut self) -> (String, String) {
        let upto = |scan: &Self, end: usize| scan.text.get(..end).unwrap_or_default().to_owned();
        while let Some(c) = self.rest().chars().next() {
            let run = match c {
                '`' | '*' | '_' | '~' => {
                    self.rest().len() - self.rest().trim_start_matches(c).len()
                }
                _ => 1,
            };
            match c {
                '\\' if self.at + 1 == self.text.len() => {
                    return (upto(self, self.at), String::new());
                }
                '\\' => {
                    self.at += 1 + self
                        .rest()
                        .get(1..)
                        .and_then(|r| r.chars().next())
                        .map_or(0, char::len_utf8);
                }
                '`' => {
                    let Some(len) = end_of_code(self.rest().get(run..).unwrap_or_default(), run)
                    else {
                        let whole = self.text.trim_end_matches('`');
                        let empty = whole.len() <= self.at + run;
                        let shown = if empty {
                            upto(self, self.at)
                        } else {
                            whole.to_owned()
                        };
                        return (
                            shown,
                            if empty {
                                String::new()
                            } else {
                                "`".repeat(run)
                            },
                        );
                    };
                    self.at += run + len;
                }
                '*' | '_' | '~' => {
                    if self.at + run == self.text.len() {
                        return (upto(self, self.at).trim_end().to_owned(), String::new());
                    }
                    self.emphasis(c, run);
                    self.at += run;
                }
                '[' => {
                    self.bracket = Some(self.at);
                    self.at += 1;
                }
                ']' => {
                    let after = self.rest().get(1..).unwrap_or_default();
                    let Some(bracket) = self.bracket.take() else {
                        self.at += 1;
                        continue;
                    };
                    if after.is_empty() {
                        return (self.without_link(bracket, self.at), String::new());
                    }
                    match after.strip_prefix('(').map(destination) {
                        Some(Destination::Ends(len)) => self.at += 2 + len,
                        Some(Destination::Open) => {
                            return (self.without_link(bracket, self.at), String::new());
                        }
                        Some(Destination::None) | None => self.at += 1,
                    }
                }
                '<' if is_open_autolink(self.rest()) => {
                    return (upto(self, self.at).trim_end().to_owned(), String::new());
                }
                c => self.at += c.len_utf8(),
            }
        }
        let shown = match self.bracket {
            Some(at)
                if self.text.len() - at < MAX_LINK_TEXT
                    && !self.text.get(at..).unwrap_or_default().contains('\n') =>
            {
                self.without_link(at, self.text.len())
            }
            _ => self.text.to_owned(),
        };
        (shown, String::new())
    }

    /// The text up to `end` without the bracket that opens a link; nothing of an image.
    fn without_link(&self, bracket: usize, end: usize) -> String {
        let before = self.text.get(..bracket).unwrap_or_default();
        match before.strip_suffix('!') {
            Some(before) => before.trim_end().to_owned(),
            None => [before, self.text.get(bracket + 1..end).unwrap_or_default()].concat(),
        }
    }

    fn emphasis(&mut self, mark: char, run: usize) {
        let before = self
            .text
            .get(..self.at)
            .and_then(|s| s.chars().next_back())
            .unwrap_or(' ');
        let after = self
            .rest()
            .get(run..)
            .and_then(|s| s.chars().next())
            .unwrap_or(' ');
        let opens = !after.is_whitespace() && (mark != '_' || !before.is_alphanumeric());
        let closes = !before.is_whitespace() && (mark != '_' || !after.is_alphanumeric());
        let mut left = run;
        while closes && left > 0 {
            let Some(i) = self.open.iter().rposition(|(open, _)| *open == mark) else {
                break;
            };
            self.open.truncate(i + 1);
            if let Some((_, len)) = self.open.last_mut() {
                let used = left.min(*len);
                *len -= used;
                left -= used;
                if *len == 0 {
                    self.open.pop();
                }
            }
        }
        // One tilde alone means "about" more often than anything else.
        if opens && left > 0 && left <= 3 && self.open.len() < 32 && (mark != '~' || left == 2) {
            self.open.push((mark, left));
        }
    }
}

/// Where a code span's text ends, past its closing mark.
fn end_of_code(text: &str, run: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text.get(at..)?.find('`') {
        let start = at + found;
        let len = text
            .get(start..)?
            .bytes()
            .take_while(|b| *b == b'`')
            .count();
        at = start + len;
        if len == run {
            return Some(at);
        }
    }
    None
}

enum Destination {
    /// Ends after so many bytes.
    Ends(usize),
    /// May still go on.
    Open,
    /// Is none.
    None,
}

fn destination(text: &str) -> Destination {
    let (mut depth, mut quote) = (0_usize, None);
    for (i, c) in text.char_indices().take(MAX_LINK) {
        if let Some(end) = quote {
            quote = Some(end).filter(|end| *end != c);
            continue;
        }
        match c {
            '"' | '\'' if text.get(..i).is_some_and(|s| s.ends_with(' ')) => quote = Some(c),
            '(' => depth += 1,
            ')' if depth == 0 => return Destination::Ends(i + 1),
            ')' => depth -= 1,
            c if c.is_whitespace() => {
                let title = text.get(i..).unwrap_or_default().trim_start();
                if !title.is_empty() && !title.starts_with(['"', '\'', '(', ')']) {
                    return Destination::None;
                }
            }
            _ => {}
        }
    }
    if text.len() < MAX_LINK {
        Destination::Open
    } else {
        Destination::None
    }
}

fn is_open_autolink(text: &str) -> bool {
    let text = text.get(1..).unwrap_or_default();
    let scheme = ["http", "mailto:"]
        .iter()
        .any(|s| text.starts_with(s) || s.starts_with(text));
    scheme && text.len() < MAX_LINK && !text.contains(|c: char| c == '>' || c.is_whitespace())
}
