//! Markdown of a model to safe HTML, in one place for history and stream alike.
//!
//! Safe by construction: parser events in, an allow-list of elements out. Raw HTML is shown as text, images are inert
//! chips, links lead to http, https or mailto only, characters that hide text are made visible, nesting is capped.
//! A second sanitiser ([`lock`]) goes over the result and must find nothing to change.
//!
//! The unit of work is a *piece* ([`split`]): a top-level block, or one item of a top-level list. Each piece is parsed
//! on its own, which is what makes a stream cheap and the stream equal to the history. It also means that a link
//! reference is resolved only inside of its piece; a definition elsewhere stays visible as text.

pub mod archive;
mod cache;
mod code;
pub mod compare;
mod context;
pub mod design;
mod facts;
mod formula;
mod highlight;
mod html;
mod link;
mod lock;
pub(super) mod markup;
mod mathml;
pub mod message;
pub mod models;
pub(super) mod otherwise;
pub mod picker;
pub(super) mod plain;
mod repair;
mod source;
mod split;
mod stream;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod writer;

pub use cache::Rendered;
pub use context::Context;
pub use lock::differences;
pub use stream::StreamRenderer;

use formula::Source;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Bytes of Markdown that are rendered at the most; what follows is left out, with a notice.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Blocks that are rendered at the most; what follows is left out, with a notice.
pub const MAX_BLOCKS: usize = 10_000;

/// Characters of an automatic title.
const TITLE_CHARS: usize = 60;

/// The parser's own formulas are off on purpose: it takes prices for some, and knows no brackets. The notes are those that
/// need no definition in the same piece.
const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_OLD_FOOTNOTES)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS);

/// Renders Markdown as safe HTML, one string a top-level block. Pure; never panics.
#[must_use]
pub fn blocks(markdown: &str) -> Vec<String> {
    blocks_within(&mut Context::default(), markdown)
}

/// As [`blocks`], within the limits and under the name of `context`.
#[must_use]
pub fn blocks_within(context: &mut Context, markdown: &str) -> Vec<String> {
    let (src, mut cut) = source::normalise(markdown);
    let pieces = split::split(&src, false).pieces;
    let mut blocks: Vec<String> = Vec::new();
    let mut close = "";
    for (i, piece) in pieces.iter().enumerate() {
        let slice = Source::new(split::slice(&src, &pieces, i), false);
        if let Some(list) = blocks.last_mut().filter(|_| piece.joins) {
            list.truncate(list.len() - close.len());
            list.push_str(&html::item(&slice, context, true).inner);
            list.push_str(close);
            continue;
        }
        if blocks.len() == MAX_BLOCKS {
            cut = true;
            break;
        }
        if piece.list {
            let item = html::item(&slice, context, true);
            close = item.close;
            blocks.push(item.whole());
        } else {
            blocks.push(html::block(&slice, context, true));
        }
    }
    lock::check(&mut blocks);
    if cut {
        blocks.push(context.cut_notice());
    }
    blocks
}

/// The first line of a text without its Markdown, at most 60 characters, for a title; empty when there is none.
#[must_use]
pub fn plain_text_title(markdown: &str) -> String {
    let head: String = markdown.chars().take(2_000).collect();
    let (src, _) = source::normalise(&head);
    let mut line = String::new();
    for event in Parser::new_ext(&src, OPTIONS) {
        match event {
            Event::Text(t) | Event::Code(t) | Event::Html(t) | Event::InlineHtml(t) => {
                line.push_str(&t);
            }
            Event::HardBreak
            | Event::SoftBreak
            | Event::Start(Tag::List(_))
            | Event::End(
                TagEnd::Paragraph
                | TagEnd::Heading(_)
                | TagEnd::CodeBlock
                | TagEnd::HtmlBlock
                | TagEnd::Item
                | TagEnd::TableRow
                | TagEnd::TableHead,
            ) => line.push('\n'),
            Event::End(TagEnd::TableCell) => line.push(' '),
            _ => {}
        }
        if line.trim_start().contains('\n') {
            break;
        }
    }
    let first = line.trim_start().lines().next().unwrap_or_default();
    let visible: String = text::without_hidden(first);
    let words = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= TITLE_CHARS {
        return words;
    }
    let cut: String = words.chars().take(TITLE_CHARS - 1).collect();
    let at = cut
        .rfind(' ')
        .filter(|at| *at > cut.len() / 2)
        .unwrap_or(cut.len());
    format!("{}…", cut.get(..at).unwrap_or(&cut).trim_end())
}
