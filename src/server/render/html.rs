//! A piece of source to HTML.

use super::OPTIONS;
use super::context::Context;
use super::formula::Source;
use super::writer::Writer;
use pulldown_cmark::{Event, Parser};

/// A list with one item, in three parts: the stream keeps the list open between them.
#[derive(Debug)]
pub(super) struct Item {
    pub open: String,
    pub inner: String,
    pub close: &'static str,
}

impl Item {
    pub(super) fn whole(&self) -> String {
        [&self.open, &self.inner, self.close].concat()
    }
}

/// Renders a piece that is a block; its code with `colours` once it does not change any more.
pub(super) fn block(source: &Source<'_>, context: &mut Context, colours: bool) -> String {
    let Rendered {
        html, definitions, ..
    } = render(source, context, colours);
    html + &definitions
}

/// Renders a piece that is an item of a list.
pub(super) fn item(source: &Source<'_>, context: &mut Context, colours: bool) -> Item {
    let Rendered {
        html,
        definitions,
        blocks,
    } = render(source, context, colours);
    let close = if html.starts_with("<ol") {
        "</ol>"
    } else {
        "</ul>"
    };
    let is_list = blocks == 1 && (html.starts_with("<ul>") || html.starts_with("<ol"));
    let end = ["</li>", close].concat();
    let list = html.strip_suffix(&end).filter(|_| is_list);
    let open = html.find('>').map_or(0, |at| at + 1);
    match list.and_then(|list| list.split_at_checked(open)) {
        Some((open, inner)) => Item {
            open: open.to_owned(),
            inner: [inner, &definitions, "</li>"].concat(),
            close,
        },
        None => Item {
            open: "<ul>".to_owned(),
            inner: format!("<li dir=\"auto\">{html}{definitions}</li>"),
            close: "</ul>",
        },
    }
}

struct Rendered {
    html: String,
    /// The link reference definitions, which the parser swallows and a reader should still see.
    definitions: String,
    /// How many blocks the HTML is of.
    blocks: usize,
}

fn render(source: &Source<'_>, context: &mut Context, colours: bool) -> Rendered {
    let mut writer = Writer::new(context, source, colours);
    let (mut depth, mut blocks) = (0_usize, 0);
    let parser = Parser::new_ext(&source.text, OPTIONS);
    let mut spans: Vec<_> = parser
        .reference_definitions()
        .iter()
        .map(|(_, def)| def.span.clone())
        .collect();
    for (event, range) in parser.into_offset_iter() {
        match &event {
            Event::Start(_) => {
                blocks += usize::from(depth == 0);
                depth += 1;
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => blocks += usize::from(depth == 0),
        }
        writer.event(event, &range);
    }
    let html = writer.finish();
    spans.sort_by_key(|span| span.start);
    let mut definitions = String::new();
    for span in spans {
        let mut writer = Writer::new(context, source, false);
        writer.paragraph(source.text.get(span).unwrap_or_default().trim());
        definitions.push_str(&writer.finish());
    }
    if blocks == 0 && definitions.is_empty() {
        definitions.push_str("<p dir=\"auto\"></p>");
    }
    Rendered {
        html,
        definitions,
        blocks,
    }
}
