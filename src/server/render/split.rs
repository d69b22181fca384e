//! Where the pieces of a text begin.

use super::OPTIONS;
use super::formula::Source;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// A part of the source that is rendered on its own. It reaches up to the start of the next piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Byte offset, always at the start of a line.
    pub start: usize,
    /// Whether it is an item of a top-level list.
    pub list: bool,
    /// Whether it continues the block of the piece before it.
    pub joins: bool,
}

/// A text in pieces.
#[derive(Debug, Default)]
pub(super) struct Split {
    pub pieces: Vec<Piece>,
    /// Where the inline text at the very end begins: what a stream may have to repair.
    pub tail: usize,
    /// Whether the last piece is a fenced code block whose fence starts its line.
    pub fence: bool,
}

impl Split {
    /// What is between two blocks but belongs to none is link reference definitions: they are pieces, to be visible.
    ///
    /// Returns whether the block that starts at `next` may be a piece of its own: the title of a definition may still
    /// come on the lines that follow it, up to an empty one.
    fn gap(&mut self, src: &str, from: usize, next: usize) -> bool {
        let (mut at, mut blank) = (from, true);
        for line in src
            .get(from..next)
            .unwrap_or_default()
            .split_inclusive('\n')
        {
            let empty = line.trim().is_empty();
            if blank && !empty {
                self.pieces.push(Piece {
                    start: at,
                    list: false,
                    joins: false,
                });
                self.fence = false;
            }
            blank = empty;
            at += line.len();
        }
        blank
    }
}

/// Finds the pieces. What it says about a prefix of whole lines stays true when more follows, except for the last piece.
///
/// `open`: more may follow.
pub(super) fn split(src: &str, open: bool) -> Split {
    let source = Source::new(src, open);
    let src = source.text.as_ref();
    let mut split = Split::default();
    let (mut depth, mut covered, mut in_list, mut itemised) = (0_usize, 0_usize, false, false);
    for (event, range) in Parser::new_ext(src, OPTIONS).into_offset_iter() {
        let at = range.start;
        if depth == 0 && matches!(event, Event::Start(_) | Event::Rule) {
            let start = line_start(src, at);
            // A definition does not end a list: what looks like a gap may have items on both sides.
            covered = if in_list { start } else { covered };
            in_list = matches!(event, Event::Start(Tag::List(_)));
            itemised = start >= covered && split.gap(src, covered, start);
            if itemised {
                split.pieces.push(Piece {
                    start,
                    list: in_list,
                    joins: false,
                });
                split.fence = matches!(
                    event,
                    Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_)))
                ) && start == at;
            } else {
                split.fence = false;
            }
            covered = range.end;
        }
        match event {
            Event::Start(tag) => {
                if matches!(tag, Tag::Item) && depth == 1 && in_list && itemised {
                    let start = line_start(src, at);
                    let indent = src.get(start..at).unwrap_or("\t");
                    let after = split.pieces.last().is_some_and(|p| p.start < start);
                    if after && indent.len() < 4 && indent.bytes().all(|b| b == b' ') {
                        split.pieces.push(Piece {
                            start,
                            list: true,
                            joins: true,
                        });
                    }
                }
                let text = matches!(
                    tag,
                    Tag::Paragraph | Tag::Heading { .. } | Tag::TableCell | Tag::Item
                );
                // The parser fills rows up with cells that nobody wrote.
                if text && !range.is_empty() {
                    split.tail = at;
                }
                depth += 1;
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    covered = covered.max(range.end);
                }
                if matches!(tag, TagEnd::CodeBlock | TagEnd::HtmlBlock) {
                    split.tail = range.end;
                }
            }
            _ => {}
        }
    }
    if !in_list {
        split.gap(src, covered, src.len());
    }
    split
}

/// The source of a piece.
pub(super) fn slice<'a>(src: &'a str, pieces: &[Piece], i: usize) -> &'a str {
    let from = pieces.get(i).map_or(src.len(), |p| p.start);
    let to = pieces.get(i + 1).map_or(src.len(), |p| p.start);
    src.get(from..to).unwrap_or_default()
}

fn line_start(src: &str, at: usize) -> usize {
    src.get(..at)
        .and_then(|s| s.rfind('\n'))
        .map_or(0, |i| i + 1)
}
