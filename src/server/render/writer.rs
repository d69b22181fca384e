//! Parser events to HTML, out of a fixed set of elements.

use super::context::{Context, is_label};
use super::formula::{FIRST, Formula, OTHER, Source};
use super::link::{host, link, names_another, safe_url, split_url};
use super::table::Columns;
use super::text::{Place, escape};
use super::{code, highlight, mathml, table};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, LinkType, Tag, TagEnd};
use std::ops::Range;

/// What an open element is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Holds blocks, or text that still lacks its paragraph.
    Item,
    /// A paragraph that the source of a tight list does not have.
    ///
    /// Every item holds paragraphs: a list that turns loose late would otherwise redraw all that was already shown.
    Implied,
    Paragraph,
    /// A table, or its body: rows only.
    Rows,
    /// A row with one cell for what the parser put between the rows, when a table became too large for it.
    ImpliedRow,
    Link,
    Other,
}

/// Writes the HTML of a piece.
pub(super) struct Writer<'a> {
    context: &'a mut Context,
    source: &'a Source<'a>,
    /// Whether code is coloured: the piece will not change any more.
    colours: bool,
    pub(super) out: String,
    /// The end tags of the open elements.
    pub(super) stack: Vec<(&'static str, Kind)>,
    /// Text that is not yet written: one text may come in many events.
    text: String,
    /// Open elements that were left out because they are too deep.
    skipped: usize,
    /// The text of an open code block, or of raw HTML.
    verbatim: Option<String>,
    /// The language of an open code block.
    language: String,
    /// The image that is open: elements in its description, the description, its host.
    image: Option<(usize, String, String)>,
    /// The address of the link that is open, and what it says.
    link: Option<(String, String)>,
    /// The task box that belongs at the start of the next paragraph.
    task: Option<bool>,
    pub(super) table: Columns,
}

impl<'a> Writer<'a> {
    pub(super) fn new(context: &'a mut Context, source: &'a Source<'a>, colours: bool) -> Self {
        Self {
            context,
            source,
            colours,
            out: String::new(),
            stack: Vec::new(),
            text: String::new(),
            skipped: 0,
            verbatim: None,
            language: String::new(),
            image: None,
            link: None,
            task: None,
            table: Columns::default(),
        }
    }

    /// The HTML, with what is open closed.
    pub(super) fn finish(mut self) -> String {
        while !self.stack.is_empty() {
            self.close();
        }
        self.flush();
        self.out
    }

    /// A paragraph with nothing but that text.
    pub(super) fn paragraph(&mut self, text: &str) {
        self.open("<p dir=\"auto\">", "</p>", Kind::Paragraph);
        self.text.push_str(text);
        self.close();
    }

    /// Writes what the parser found in that part of the text.
    pub(super) fn event(&mut self, event: Event<'_>, range: &Range<usize>) {
        let source = self.source;
        if let Some((depth, alt, _)) = &mut self.image {
            match event {
                Event::Start(_) => *depth += 1,
                Event::End(_) if *depth > 0 => *depth -= 1,
                Event::End(_) => self.image_chip(),
                Event::Text(t) | Event::Code(t) | Event::InlineHtml(t) => {
                    alt.push_str(&source.as_written(&t, range));
                }
                Event::SoftBreak | Event::HardBreak => alt.push(' '),
                _ => {}
            }
            return;
        }
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text_with_formulas(&text, range),
            Event::InlineHtml(html) if is_line_break(&html) && self.skipped == 0 => {
                self.inline_html("<br>");
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                self.inline_text(&source.as_written(&html, range));
            }
            Event::Code(code) => self.code_span(&source.as_written(&code, range)),
            Event::SoftBreak => self.inline_text("\n"),
            Event::HardBreak => self.inline_html("<br>"),
            Event::Rule => {
                if self.skipped == 0 && !self.between_rows() {
                    self.block();
                    self.out.push_str("<hr>");
                }
            }
            Event::TaskListMarker(done) => self.task = Some(done).filter(|_| self.skipped == 0),
            Event::FootnoteReference(label) => self.note_reference(&label),
            Event::InlineMath(text) | Event::DisplayMath(text) => self.inline_text(&text),
        }
    }

    fn text_with_formulas(&mut self, text: &str, range: &Range<usize>) {
        let source = self.source;
        if self.verbatim.is_some() {
            self.inline_text(&source.as_written(text, range));
            return;
        }
        let mut rest = text;
        for formula in source.within(range) {
            let Some((before, after)) = rest.split_once(FIRST) else {
                break;
            };
            if !before.is_empty() {
                self.inline_text(before);
            }
            self.formula(formula);
            rest = after.trim_start_matches(OTHER);
        }
        if !rest.is_empty() {
            self.inline_text(rest);
        }
    }

    fn formula(&mut self, formula: &Formula) {
        if formula.pending {
            return;
        }
        let tex = formula.tex();
        let takes = self.context.takes_formula();
        match Some(())
            .filter(|()| takes)
            .and_then(|()| mathml::set(&tex, formula.display))
        {
            Some(mathml) => self.inline_html(&mathml),
            None => self.code_span(&tex),
        }
    }

    fn code_span(&mut self, code: &str) {
        self.inline_html("<code>");
        escape(code, Place::Code, &mut self.out);
        self.out.push_str("</code>");
        if let Some((_, said)) = &mut self.link {
            said.push_str(code);
        }
    }

    fn note_reference(&mut self, label: &str) {
        if !is_label(label) || self.in_link() {
            self.inline_text(&format!("[^{label}]"));
            return;
        }
        let (note, own) = (
            self.context.id("note", label),
            self.context.id("ref", label),
        );
        let id = if self.context.is_first(&own) {
            format!(" id=\"{own}\"")
        } else {
            String::new()
        };
        self.inline_html(&format!(
            "<sup><a class=\"note-ref\"{id} href=\"#{note}\" rel=\"noopener noreferrer nofollow\">{label}</a></sup>"
        ));
    }

    /// The head of a note leads back to where it was referred to first.
    fn note(&mut self, label: &str) {
        if !is_label(label) {
            self.open_block("<div class=\"note\">", "</div>", Kind::Item);
            self.inline_text(&format!("[^{label}]: "));
            return;
        }
        let (own, reference) = (
            self.context.id("note", label),
            self.context.id("ref", label),
        );
        let id = if self.context.is_first(&own) {
            format!(" id=\"{own}\"")
        } else {
            String::new()
        };
        self.open_block(&format!("<div class=\"note\"{id}>"), "</div>", Kind::Item);
        let tag = format!(
            "<a class=\"note-label\" href=\"#{reference}\" rel=\"noopener noreferrer nofollow\">{label}</a>"
        );
        self.out.push_str(&tag);
    }

    fn start(&mut self, tag: Tag<'_>) {
        let in_table = matches!(
            tag,
            Tag::Item | Tag::TableHead | Tag::TableRow | Tag::TableCell | Tag::Paragraph
        );
        let misplaced = self.between_rows() && !matches!(tag, Tag::TableHead | Tag::TableRow);
        let too_deep = self.stack.len() >= self.context.most && !in_table;
        self.context.too_deep |= too_deep;
        if self.skipped > 0 || misplaced || too_deep {
            self.skipped += 1;
            let inline = matches!(
                tag,
                Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. }
            );
            if !inline {
                self.inline_text(" ");
            }
            return;
        }
        match tag {
            Tag::Paragraph => self.open_block("<p dir=\"auto\">", "</p>", Kind::Paragraph),
            Tag::Heading { level, .. } => {
                let (open, close) = match level {
                    HeadingLevel::H1 => ("<h1 dir=\"auto\">", "</h1>"),
                    HeadingLevel::H2 => ("<h2 dir=\"auto\">", "</h2>"),
                    HeadingLevel::H3 => ("<h3 dir=\"auto\">", "</h3>"),
                    HeadingLevel::H4 => ("<h4 dir=\"auto\">", "</h4>"),
                    HeadingLevel::H5 => ("<h5 dir=\"auto\">", "</h5>"),
                    HeadingLevel::H6 => ("<h6 dir=\"auto\">", "</h6>"),
                };
                self.open_block(open, close, Kind::Other);
            }
            Tag::BlockQuote(_) => {
                self.open_block("<blockquote dir=\"auto\">", "</blockquote>", Kind::Other);
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(info)) => self.code_block(&info),
            Tag::CodeBlock(CodeBlockKind::Indented) => self.code_block(""),
            Tag::HtmlBlock => {
                self.open_block("<p dir=\"auto\">", "</p>", Kind::Paragraph);
                self.verbatim = Some(String::new());
            }
            Tag::List(Some(start)) if start != 1 => {
                self.open_block(&format!("<ol start=\"{start}\">"), "</ol>", Kind::Other);
            }
            Tag::List(Some(_)) => self.open_block("<ol>", "</ol>", Kind::Other),
            Tag::List(None) => self.open_block("<ul>", "</ul>", Kind::Other),
            Tag::Item => self.open("<li dir=\"auto\">", "</li>", Kind::Item),
            Tag::Table(alignments) => {
                self.table.alignments = alignments;
                self.table.has_rows = false;
                self.open_block(&table::head(self.context.words()), table::TAIL, Kind::Rows);
            }
            Tag::TableHead => {
                (self.table.in_head, self.table.column) = (true, 0);
                self.open("<thead><tr>", "</tr></thead>", Kind::Other);
            }
            Tag::TableRow => {
                self.table.column = 0;
                self.body();
                self.open("<tr>", "</tr>", Kind::Other);
            }
            Tag::TableCell => self.table.empty_cells += 1,
            Tag::Emphasis => self.open_inline("<em>", "</em>", Kind::Other),
            Tag::Strong => self.open_inline("<strong>", "</strong>", Kind::Other),
            Tag::Strikethrough => self.open_inline("<del>", "</del>", Kind::Other),
            Tag::Link {
                link_type,
                dest_url,
                ..
            } => {
                let url = if link_type == LinkType::Email {
                    format!("mailto:{dest_url}")
                } else {
                    dest_url.into_string()
                };
                match safe_url(&url).filter(|_| !self.in_link()) {
                    Some(url) => {
                        self.open_inline(&link(&url), "</a>", Kind::Link);
                        self.link = Some((url, String::new()));
                    }
                    None => self.open_inline("", "", Kind::Other),
                }
            }
            Tag::Image { dest_url, .. } => {
                self.inline_html("");
                self.image = Some((0, String::new(), host(&dest_url)));
            }
            Tag::FootnoteDefinition(label) => self.note(&label),
            Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Superscript
            | Tag::Subscript
            | Tag::MetadataBlock(_) => self.open("", "", Kind::Other),
        }
    }

    fn code_block(&mut self, info: &str) {
        let head = code::head(info, self.context.words());
        self.open_block(&head, code::TAIL, Kind::Other);
        self.language = code::language(info);
        self.verbatim = Some(String::new());
    }

    fn end(&mut self, tag: TagEnd) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        match tag {
            TagEnd::CodeBlock => {
                let text = self.verbatim.take().unwrap_or_default();
                let language = if self.colours {
                    self.language.as_str()
                } else {
                    ""
                };
                highlight::code(language, code::text(&text), &mut self.out);
            }
            TagEnd::HtmlBlock => {
                let html = self.verbatim.take().unwrap_or_default();
                for (i, line) in html.trim_end().split('\n').enumerate() {
                    self.out.push_str(if i == 0 { "" } else { "<br>" });
                    escape(line, Place::Text, &mut self.out);
                }
            }
            TagEnd::Link
                if self
                    .stack
                    .last()
                    .is_some_and(|(_, kind)| *kind == Kind::Link) =>
            {
                self.close();
                self.link_host();
                return;
            }
            TagEnd::FootnoteDefinition => self.end_if(Kind::Implied),
            TagEnd::Item => {
                if self.task.is_some() {
                    self.inline();
                }
                self.end_if(Kind::Implied);
            }
            TagEnd::TableHead => self.table.in_head = false,
            TagEnd::TableCell if self.table.empty_cells > 0 && !self.table.in_head => return,
            TagEnd::TableCell => self.cells(),
            TagEnd::TableRow => self.table.empty_cells = 0,
            TagEnd::Table => {
                self.end_if(Kind::ImpliedRow);
                if self.table.has_rows {
                    self.close();
                }
                self.close();
                self.out.push_str(&table::foot(self.context.words()));
                return;
            }
            _ => {}
        }
        self.close();
    }

    /// Says where a link leads that says something else.
    fn link_host(&mut self) {
        let Some((url, said)) = self.link.take() else {
            return;
        };
        if let Some(host) = names_another(&said, &url) {
            self.out.push_str(" <span class=\"link-host\">→ ");
            escape(&host, Place::Code, &mut self.out);
            self.out.push_str("</span>");
        }
    }

    /// Ends the text so far.
    pub(super) fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        if let Some((_, said)) = &mut self.link {
            said.push_str(&text);
        }
        let mut rest = text.as_str();
        while let Some((before, url, after)) = split_url(rest).filter(|_| !self.in_link()) {
            escape(before, Place::Text, &mut self.out);
            let safe = safe_url(url);
            self.out
                .push_str(&safe.as_deref().map(link).unwrap_or_default());
            escape(url, Place::Text, &mut self.out);
            self.out.push_str(safe.map_or("", |_| "</a>"));
            rest = after;
        }
        escape(rest, Place::Text, &mut self.out);
    }

    pub(super) fn in_link(&self) -> bool {
        self.stack.iter().any(|(_, kind)| *kind == Kind::Link)
    }

    pub(super) fn open(&mut self, open: &str, close: &'static str, kind: Kind) {
        self.flush();
        self.out.push_str(open);
        self.stack.push((close, kind));
        if matches!(kind, Kind::Paragraph | Kind::Implied)
            && let Some(done) = self.task.take()
        {
            let words = self.context.words();
            let (checked, name) = if done {
                (" checked=\"\"", words.done)
            } else {
                ("", words.to_do)
            };
            let parts = [
                "<input type=\"checkbox\" disabled=\"\"",
                checked,
                " aria-label=\"",
                name,
                "\"> ",
            ];
            self.out.push_str(&parts.concat());
        }
    }

    pub(super) fn close(&mut self) {
        self.flush();
        if let Some((close, _)) = self.stack.pop() {
            self.out.push_str(close);
        }
    }

    /// Before anything inline is written.
    fn inline(&mut self) {
        self.cells();
        match self.stack.last() {
            Some((_, Kind::Item)) => self.open("<p dir=\"auto\">", "</p>", Kind::Implied),
            Some((_, Kind::Rows)) => {
                self.body();
                self.open("<tr><td dir=\"auto\">", "</td></tr>", Kind::ImpliedRow);
            }
            _ => {}
        }
    }

    fn inline_text(&mut self, text: &str) {
        if let Some(verbatim) = &mut self.verbatim {
            verbatim.push_str(text);
            return;
        }
        self.inline();
        self.text.push_str(text);
    }

    /// Writes what has no text of its own.
    fn inline_html(&mut self, html: &str) {
        self.inline();
        self.flush();
        self.out.push_str(html);
    }

    fn open_inline(&mut self, open: &str, close: &'static str, kind: Kind) {
        self.inline();
        self.open(open, close, kind);
    }

    /// Before a block is written.
    fn block(&mut self) {
        self.flush();
        self.end_if(Kind::Implied);
    }

    pub(super) fn end_if(&mut self, kind: Kind) {
        if self.stack.last().is_some_and(|(_, last)| *last == kind) {
            self.close();
        }
    }

    fn open_block(&mut self, open: &str, close: &'static str, kind: Kind) {
        self.block();
        self.open(open, close, kind);
    }

    fn image_chip(&mut self) {
        let Some((_, alt, host)) = self.image.take() else {
            return;
        };
        self.out.push_str("<span class=\"image-chip\">");
        let alt = alt.trim();
        let separator = if alt.is_empty() { "" } else { ": " };
        let arrow = if host.is_empty() { "" } else { " → " };
        escape(
            &format!("image{separator}{alt}{arrow}{host}"),
            Place::Code,
            &mut self.out,
        );
        self.out.push_str("</span>");
    }
}

/// Models write `<br>` to break lines in table cells.
fn is_line_break(html: &str) -> bool {
    matches!(
        html.to_ascii_lowercase().as_str(),
        "<br>" | "<br/>" | "<br />"
    )
}
