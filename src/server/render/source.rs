//! The source as the parser gets it: one kind of line end, no NUL, a bounded number of containers a line.

use super::MAX_BYTES;
use super::formula::{FIRST, OTHER};

/// Container markers (`>`, `-`, `1.`) at the start of a line after which the next one is escaped.
///
/// Each further line has to walk through every open container, so that this bounds the parser's work per line.
const MAX_MARKERS: u32 = 100;

/// Normalises a text that arrives in parts; the parts may be cut anywhere.
#[derive(Debug)]
pub(super) struct Normaliser {
    after_cr: bool,
    in_markers: bool,
    markers: u32,
    last: char,
    written: usize,
    /// Whether the text was longer than [`MAX_BYTES`] and lost its end.
    pub cut: bool,
}

impl Normaliser {
    pub(super) const fn new() -> Self {
        Self {
            after_cr: false,
            in_markers: true,
            markers: 0,
            last: '\n',
            written: 0,
            cut: false,
        }
    }

    /// Appends what `text` becomes. A trailing carriage return waits for the next part.
    pub(super) fn push(&mut self, text: &str, out: &mut String) {
        for c in text.chars() {
            if std::mem::take(&mut self.after_cr) {
                self.write('\n', out);
                if c == '\n' {
                    continue;
                }
            }
            match c {
                '\r' => self.after_cr = true,
                '\0' => self.write('\u{FFFD}', out),
                // What stands for formulas further on, as the pictures of these characters.
                FIRST => self.write('\u{2401}', out),
                OTHER => self.write('\u{2402}', out),
                c => self.write(c, out),
            }
        }
    }

    /// Ends the text.
    pub(super) fn finish(&mut self, out: &mut String) {
        if std::mem::take(&mut self.after_cr) {
            self.write('\n', out);
        }
    }

    fn write(&mut self, c: char, out: &mut String) {
        // The two bytes are for the backslash and so that the cut never depends on where the parts were cut.
        self.cut |= self.written + c.len_utf8() + 1 > MAX_BYTES;
        if self.cut {
            return;
        }
        match c {
            '\n' => (self.in_markers, self.markers) = (true, 0),
            _ if !self.in_markers => {}
            '>' | '-' | '+' | '*' | '0'..='9' if self.markers >= MAX_MARKERS => {
                self.in_markers = false;
                out.push('\\');
                self.written += 1;
            }
            '>' => self.markers += 1,
            ' ' | '\t' => {
                self.markers += u32::from(matches!(self.last, '-' | '+' | '*' | '.' | ')'));
            }
            '-' | '+' | '*' | '.' | ')' | '0'..='9' => {}
            _ => self.in_markers = false,
        }
        self.last = c;
        out.push(c);
        self.written += c.len_utf8();
    }
}

/// Normalises a whole text; also whether its end was cut off.
pub(super) fn normalise(text: &str) -> (String, bool) {
    let mut normaliser = Normaliser::new();
    let mut out = String::with_capacity(text.len().min(MAX_BYTES));
    normaliser.push(text, &mut out);
    normaliser.finish(&mut out);
    (out, normaliser.cut)
}
