//! An answer as it comes in: patches of HTML for what is new.

use super::formula::Source;
use super::repair::{may_close, shown};
use super::source::Normaliser;
use super::split::{self, Split};
use super::text::{Place, escape};
use super::{Context, MAX_BLOCKS, code, highlight, html, lock};
use crate::shared::chat::ViewEvent;

/// Bytes of an open piece from which on it is trusted without the second lock until it closes.
const TRUSTED: usize = 32 * 1024;

/// Bytes of open pieces from which on they are rendered only when they have grown by a part of their size: so the
/// work for a piece is at most some hundred times its size, no matter in how many parts it comes.
const LARGE: usize = 8 * 1024;

/// That part: one in so many.
const GROWTH: usize = 64;

/// Renders a text that grows, as patches of [`super::blocks`].
///
/// Only the source from the first open piece on is kept and parsed. After [`finish`](Self::finish) the patches, applied
/// in order to an empty list, give what `blocks` gives of the whole text; a block that vanished on the way reads as
/// an empty string at the end of the list.
#[derive(Debug)]
pub struct StreamRenderer {
    normaliser: Normaliser,
    /// The source from the first open piece on.
    text: String,
    context: Context,
    /// The index of the block that the source starts in.
    first: usize,
    /// Bytes of HTML of that block that are before the source.
    kept: usize,
    /// What a reader has of the blocks from there on, without the kept bytes.
    sent: Vec<String>,
    /// The end tag of the list that the source starts in, when bytes of one are kept.
    list: &'static str,
    fence: Option<Fence>,
    /// Length of the source when it was last rendered.
    rendered: usize,
    /// Source bytes that were given to the parser since the start, and never twice for a closed piece.
    parsed: u64,
}

/// An open code block that only grows; the source starts with its first line that was not yet sent whole.
#[derive(Debug)]
struct Fence {
    mark: u8,
    len: usize,
    /// Whether a line was sent, which the next one has to be parted from.
    has_lines: bool,
    language: String,
    /// Its text so far, for the colours that come at its end; empty when it is too long for that.
    code: String,
    /// Bytes of HTML up to where the text begins.
    head: usize,
}

impl Default for StreamRenderer {
    fn default() -> Self {
        Self::new()
    }
}

impl StreamRenderer {
    /// A renderer of an empty text.
    #[must_use]
    pub fn new() -> Self {
        Self::within(Context::default())
    }

    /// The same, within the limits and under the name of `context`.
    #[must_use]
    pub const fn within(context: Context) -> Self {
        Self {
            context,
            normaliser: Normaliser::new(),
            text: String::new(),
            first: 0,
            kept: 0,
            sent: Vec::new(),
            list: "",
            fence: None,
            rendered: 0,
            parsed: 0,
        }
    }

    /// Adds what came in. Cheap: nothing is rendered before someone asks.
    pub fn push(&mut self, text: &str) {
        self.normaliser.push(text, &mut self.text);
    }

    /// What changed since the last call.
    #[must_use]
    pub fn patches(&mut self) -> Vec<ViewEvent> {
        self.advance(false)
    }

    /// What is left to send when the text has ended.
    #[must_use]
    pub fn finish(&mut self) -> Vec<ViewEvent> {
        self.normaliser.finish(&mut self.text);
        let mut out = self.advance(true);
        let blocks = self.first + self.sent.len();
        if self.normaliser.cut || blocks > MAX_BLOCKS {
            out.push(ViewEvent::Patch {
                b: blocks.min(MAX_BLOCKS),
                at: 0,
                h: self.context.cut_notice(),
            });
        }
        out
    }

    /// Whether something was nested deeper than is shown.
    #[must_use]
    pub const fn too_deep(&self) -> bool {
        self.context.too_deep()
    }

    /// Source bytes that the parser was given so far: the measure of the work.
    #[must_use]
    pub const fn parsed_bytes(&self) -> u64 {
        self.parsed
    }

    fn advance(&mut self, ended: bool) -> Vec<ViewEvent> {
        let mut out = Vec::new();
        if self.fence.is_some() && !self.advance_fence(ended, &mut out) {
            return out;
        }
        let len = if ended {
            self.text.len()
        } else {
            shown(&self.text)
        };
        let grown = len.saturating_sub(self.rendered);
        if !ended && (grown == 0 && len == self.rendered || len > LARGE && grown < len / GROWTH) {
            return out;
        }
        self.render(len, ended, &mut out);
        out
    }

    /// Renders the source up to `len` and lets go of what is closed.
    fn render(&mut self, len: usize, ended: bool, out: &mut Vec<ViewEvent>) {
        let src = self.text.get(..len).unwrap_or_default();
        let Split {
            pieces,
            tail,
            fence,
        } = split::split(src, !ended);
        self.parsed += len as u64;
        let closed = (1..pieces.len())
            .rev()
            .find(|i| {
                pieces
                    .get(*i)
                    .and_then(|p| src.get(p.start..))
                    .is_some_and(|rest| rest.contains('\n'))
            })
            .unwrap_or(0);

        let mut blocks: Vec<String> = Vec::new();
        let (mut list, mut mark) = (self.list, (0, 0, ""));
        let begun = self.context.mark();
        let mut met = begun;
        for (i, piece) in pieces.iter().enumerate() {
            let whole = split::slice(src, &pieces, i);
            self.parsed += whole.len() as u64;
            let open = !ended && i + 1 == pieces.len();
            let mut slice = Source::new(whole, open);
            if open {
                slice = slice.repaired(tail.saturating_sub(piece.start));
            }
            // What is let go of, or has its end, does not change any more.
            let colours = ended || i < closed || (!piece.list && is_closed_fence(whole));
            if i == closed {
                met = self.context.mark();
            }
            let goes_on = i == 0 && self.kept > 0;
            if goes_on {
                blocks.push(list.to_owned());
            }
            if piece.joins || goes_on {
                let block = blocks.last_mut().map_or_else(String::new, std::mem::take);
                let mut block = block.strip_suffix(list).map(str::to_owned).unwrap_or(block);
                if i == closed {
                    mark = (blocks.len() - 1, block.len(), list);
                }
                block.push_str(&html::item(&slice, &mut self.context, colours).inner);
                block.push_str(list);
                if let Some(last) = blocks.last_mut() {
                    *last = block;
                }
                continue;
            }
            if i == closed {
                mark = (blocks.len(), 0, "");
            }
            if self.first + blocks.len() >= MAX_BLOCKS {
                blocks.push(String::new());
            } else if piece.list {
                let item = html::item(&slice, &mut self.context, colours);
                list = item.close;
                blocks.push(item.whole());
            } else {
                blocks.push(html::block(&slice, &mut self.context, colours));
            }
        }
        let start = pieces.get(closed).map_or(0, |piece| piece.start);
        let same = self.check(&mut blocks, if ended { usize::MAX } else { mark.0 });
        self.send(&blocks, out);
        self.rendered = len;
        self.context.back_to(if same { met } else { begun });
        if closed > 0 && same {
            let (block, bytes, list) = mark;
            self.kept = bytes + if block == 0 { self.kept } else { 0 };
            self.list = list;
            self.first += block;
            self.sent.drain(..block.min(self.sent.len()));
            if let Some(html) = self.sent.first_mut() {
                html.drain(..bytes);
            }
            self.text.drain(..start);
            self.rendered -= start;
        }
        if fence && !ended && same && closed + 1 == pieces.len() {
            self.enter_fence(if closed > 0 { 0 } else { start }, out);
        }
    }

    /// Passes the blocks through the second lock; returns whether nothing differed. Those from `open` on may still
    /// grow: they go through once more when they close, and not each time when they are large.
    fn check(&self, blocks: &mut [String], open: usize) -> bool {
        let goes_on = if self.kept == 0 {
            ""
        } else if self.list == "</ol>" {
            "<ol>"
        } else {
            "<ul>"
        };
        if let Some(block) = blocks.first_mut() {
            block.insert_str(0, goes_on);
        }
        let (closed, growing) = blocks.split_at_mut(open.min(blocks.len()));
        let mut same = lock::check(closed);
        for block in growing.iter_mut().filter(|block| block.len() <= TRUSTED) {
            same &= lock::check(std::slice::from_mut(block));
        }
        if let Some(block) = blocks.first_mut() {
            block.drain(..block.find(goes_on).map_or(0, |at| at + goes_on.len()));
        }
        same
    }

    /// Sends what differs from what the reader has.
    fn send(&mut self, blocks: &[String], out: &mut Vec<ViewEvent>) {
        for i in 0..blocks.len().max(self.sent.len()) {
            let old = self.sent.get(i).map_or("", String::as_str);
            let new = blocks.get(i).map_or("", String::as_str);
            if old != new && self.first + i < MAX_BLOCKS {
                let common = common_prefix(old, new);
                let at = common + if i == 0 { self.kept } else { 0 };
                out.push(ViewEvent::Patch {
                    b: self.first + i,
                    at,
                    h: new.get(common..).unwrap_or_default().to_owned(),
                });
            }
        }
        self.sent.clear();
        self.sent.extend_from_slice(blocks);
    }

    /// From here on only new lines are looked at, if the block that starts at `start` is an open fence.
    fn enter_fence(&mut self, start: usize, out: &mut Vec<ViewEvent>) {
        let block = self.text.get(start..).unwrap_or_default();
        let Some((line, _)) = block.split_once('\n') else {
            return;
        };
        let Some(mark) = line.bytes().next().filter(|b| matches!(b, b'`' | b'~')) else {
            return;
        };
        let len = line.bytes().take_while(|b| *b == mark).count();
        let Some(html) = self.sent.last() else { return };
        if self.first + self.sent.len() > MAX_BLOCKS {
            return;
        }
        // The head is written by the one who knows the language; what is sent starts with it.
        let Some(head) = html
            .find("<code")
            .and_then(|at| html.get(at..)?.find('>').map(|end| at + end + 1))
        else {
            return;
        };
        let language = html
            .get(..head)
            .and_then(|html| html.rsplit_once("language-"));
        let language = language.map_or("", |(_, name)| name.trim_end_matches("\">"));
        let language = language.to_owned();
        let text = start + line.len() + 1;
        if closing_line(self.text.get(text..).unwrap_or_default(), mark, len) {
            return;
        }
        self.first += self.sent.len() - 1;
        self.sent.drain(..self.sent.len() - 1);
        self.kept = head;
        self.list = "";
        if let Some(html) = self.sent.first_mut() {
            html.drain(..head);
        }
        self.text.drain(..text);
        self.fence = Some(Fence {
            mark,
            len,
            has_lines: false,
            language,
            code: String::new(),
            head,
        });
        self.advance_fence(false, out);
    }

    /// Sends the new lines of an open code block. Returns whether the block ended and the source goes on after it.
    fn advance_fence(&mut self, ended: bool, out: &mut Vec<ViewEvent>) -> bool {
        let Some(fence) = &mut self.fence else {
            return true;
        };
        let (mut html, mut used, mut done) = (String::new(), 0, false);
        while let Some(line) = self
            .text
            .get(used..)
            .and_then(|rest| rest.split_once('\n'))
            .map(|(line, _)| line)
        {
            used += line.len() + 1;
            done = closes(line, fence.mark, fence.len);
            if done {
                break;
            }
            fence.line(line, &mut html);
        }
        let kept = html.len();
        let last = self.text.get(used..).unwrap_or_default();
        let hidden = if ended {
            closes(last, fence.mark, fence.len)
        } else {
            may_close(last, fence.mark)
        };
        // Spaces that end the text are no line, here as in the whole text.
        if !done && !last.trim_matches([' ', '\t']).is_empty() && !hidden {
            if ended {
                fence.line(last, &mut html);
            } else {
                if fence.has_lines {
                    html.push('\n');
                }
                escape(last, Place::Code, &mut html);
            }
        }
        let coloured = (done || ended).then(|| fence.coloured()).flatten();
        let head = fence.head;
        html.push_str(code::TAIL);
        self.text.drain(..used);
        match coloured {
            Some(coloured) => out.push(ViewEvent::Patch {
                b: self.first,
                at: head,
                h: coloured + code::TAIL,
            }),
            None => self.send(&[html], out),
        }
        if done || ended {
            if ended && !done {
                self.text.clear();
            }
            (self.fence, self.kept, self.rendered) = (None, 0, 0);
            self.first += 1;
            self.sent.clear();
            return true;
        }
        self.kept += kept;
        if let Some(html) = self.sent.first_mut() {
            html.drain(..kept);
        }
        false
    }
}

impl Fence {
    /// Takes a line that is whole.
    fn line(&mut self, line: &str, html: &mut String) {
        let more = std::mem::replace(&mut self.has_lines, true);
        if more {
            html.push('\n');
        }
        escape(line, Place::Code, html);
        // One byte too many is what tells that it is too long.
        if self.code.len() <= highlight::MAX_BYTES {
            if more {
                self.code.push('\n');
            }
            self.code.push_str(line);
        }
    }

    /// The text with its colours, if it gets any.
    fn coloured(&self) -> Option<String> {
        if !self.has_lines || self.code.len() > highlight::MAX_BYTES {
            return None;
        }
        let mut html = String::new();
        highlight::code(&self.language, &self.code, &mut html);
        lock::fits_in_code(&html).then_some(html)
    }
}

/// Whether a piece is a fenced code block that has its end.
fn is_closed_fence(piece: &str) -> bool {
    let Some((line, text)) = piece.split_once('\n') else {
        return false;
    };
    let mark = line.bytes().next().unwrap_or_default();
    let len = line.bytes().take_while(|b| *b == mark).count();
    let opens =
        mark == b'~' || (mark == b'`' && !line.get(len..).is_some_and(|info| info.contains('`')));
    opens && len >= 3 && closing_line(text, mark, len)
}

fn closing_line(text: &str, mark: u8, len: usize) -> bool {
    text.split_inclusive('\n')
        .any(|line| line.ends_with('\n') && closes(line.trim_end_matches('\n'), mark, len))
}

/// Whether a line ends a code block that `len` marks opened.
fn closes(line: &str, mark: u8, len: usize) -> bool {
    may_close(line, mark) && line.trim().len() >= len
}

/// Bytes that both start with, up to a character boundary.
fn common_prefix(a: &str, b: &str) -> usize {
    let mut common = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    while !a.is_char_boundary(common) || !b.is_char_boundary(common) {
        common -= 1;
    }
    common
}
