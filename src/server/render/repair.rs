//! What a reader sees of Markdown that is not finished yet. Only looks depend on it: whatever comes out is rendered
//! like everything else, and the end of the stream shows the source as it is.

use super::formula::may_become_one;

/// Bytes of inline text that are looked through; a longer one is shown as it stands.
const MAX_TEXT: usize = 16 * 1024;

/// Bytes of an unfinished link that are held back; longer ones are just text.
const MAX_LINK: usize = 500;

/// Bytes of an unfinished link text without its bracket.
const MAX_LINK_TEXT: usize = 200;

/// Links that may be open inside of each other.
const MAX_BRACKETS: usize = 8;

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
            Some((_, after)) => {
                let note = label.starts_with('^') && after.len() > 2;
                after.is_empty() || (after.starts_with(':') && !note)
            }
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
    if let Some(row) = formula_over_cells(before, text) {
        return row.to_owned();
    }
    if text.len() > MAX_TEXT || text.trim().is_empty() {
        return src.to_owned();
    }
    if before.is_empty()
        && let Some(table) = table_head(text)
    {
        return table;
    }
    [before, &closed(text)].concat()
}

/// The row up to an open formula that has a bar in it, which no cell ends at.
fn formula_over_cells<'a>(before: &'a str, text: &str) -> Option<&'a str> {
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let row = before
        .get(line..)
        .filter(|row| row.len() < MAX_LINK && row.contains('|'))?;
    let open = ["$|", "$\\", "\\("]
        .iter()
        .filter_map(|mark| row.rfind(mark))
        .max()?;
    let rest = text.len() + row.len() - open;
    (!text.contains(['\n', '$']) && rest < MAX_LINK).then(|| before.get(..line + open))?
}

/// The text with what it leaves open closed.
fn closed(text: &str) -> String {
    let mut scan = Scan {
        text: text.trim_end(),
        at: 0,
        open: Vec::new(),
        brackets: Vec::new(),
    };
    let (mut out, code) = scan.run();
    out.push_str(&code);
    for open in scan.open.iter().rev() {
        out.extend(std::iter::repeat_n(open.mark, open.len));
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
    let (cells, last) = line.rsplit_once('|').unwrap_or(("", line));
    let last = closed(last);
    Some(format!("{cells}|{last} |\n|{}", "-|".repeat(pipes)))
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    open: Vec<Open>,
    /// Where the texts of links may have begun.
    brackets: Vec<usize>,
}

/// Emphasis that is open.
struct Open {
    mark: char,
    /// How many of it.
    len: usize,
    at: usize,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// What to show of the text, and the mark that ends a code span.
    fn run(&mut self) -> (String, String) {
        let (mut shown, mut code) = self.scan();
        while let Some(at) = self.brackets.pop() {
            let rest = shown.get(at..).unwrap_or_default();
            if !rest.is_empty() && rest.len() < MAX_LINK_TEXT && !rest.contains('\n') {
                let cut;
                (shown, cut) = without_link(&shown, at);
                if cut {
                    code.clear();
                    self.open.retain(|open| open.at < at);
                }
            }
        }
        (shown, code)
    }

    fn scan(&mut self) -> (String, String) {
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
                '\\' | '$' if opens_formula(self.rest()) && may_become_one(self.text, self.at) => {
                    return (upto(self, self.at).trim_end().to_owned(), String::new());
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
                    if self.brackets.len() < MAX_BRACKETS {
                        self.brackets.push(self.at);
                    }
                    self.at += 1;
                }
                ']' => {
                    let after = self.rest().get(1..).unwrap_or_default();
                    let Some(bracket) = self.brackets.pop() else {
                        self.at += 1;
                        continue;
                    };
                    let note = self
                        .text
                        .get(bracket + 1..)
                        .is_some_and(|t| t.starts_with('^'));
                    if after.is_empty() && !note {
                        return (self.held_back(bracket), String::new());
                    }
                    match after.strip_prefix('(').map(destination) {
                        Some(Destination::Ends(len)) => self.at += 2 + len,
                        Some(Destination::Open) => {
                            return (self.held_back(bracket), String::new());
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
        (self.text.to_owned(), String::new())
    }

    /// The text so far without the link that begins there, whose address has not come yet.
    fn held_back(&mut self, bracket: usize) -> String {
        let (shown, cut) = without_link(self.text.get(..self.at).unwrap_or_default(), bracket);
        if cut {
            self.open.retain(|open| open.at < bracket);
        }
        shown
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
            let Some(i) = self.open.iter().rposition(|open| open.mark == mark) else {
                break;
            };
            self.open.truncate(i + 1);
            if let Some(open) = self.open.last_mut() {
                let used = left.min(open.len);
                open.len -= used;
                left -= used;
                if open.len == 0 {
                    self.open.pop();
                }
            }
        }
        // One tilde alone means "about" more often than anything else.
        if opens && left > 0 && left <= 3 && self.open.len() < 32 && (mark != '~' || left == 2) {
            self.open.push(Open {
                mark,
                len: left,
                at: self.at,
            });
        }
    }
}

/// The text without the bracket that opens a link, and whether all from there on is gone: an image, or a note.
fn without_link(text: &str, bracket: usize) -> (String, bool) {
    let before = text.get(..bracket).unwrap_or_default();
    let inner = text.get(bracket + 1..).unwrap_or_default();
    if inner.starts_with('^') {
        return (before.trim_end().to_owned(), true);
    }
    match before.strip_suffix('!') {
        Some(before) => (before.trim_end().to_owned(), true),
        None => ([before, inner].concat(), false),
    }
}

fn opens_formula(rest: &str) -> bool {
    rest.starts_with('$') || rest.starts_with("\\(") || rest.starts_with("\\[")
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
