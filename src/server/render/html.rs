//! Parser events to HTML, out of a fixed set of elements.

use super::text::{Place, escape};
use super::{Nesting, OPTIONS};
use pulldown_cmark::{
    Alignment, CodeBlockKind, Event, HeadingLevel, LinkType, Parser, Tag, TagEnd,
};
use std::fmt::Write;
use url::Url;

/// Bytes of a link's address; a longer one is not made a link.
const MAX_URL: usize = 4_096;

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

/// Renders a piece that is a block.
pub(super) fn block(src: &str, nesting: &mut Nesting) -> String {
    let Rendered {
        html, definitions, ..
    } = render(src, nesting);
    html + &definitions
}

/// Renders a piece that is an item of a list.
pub(super) fn item(src: &str, nesting: &mut Nesting) -> Item {
    let Rendered {
        html,
        definitions,
        blocks,
    } = render(src, nesting);
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

/// The head of a code block, up to where its text begins.
pub(super) fn code_head(info: &str) -> String {
    let word = info.trim_start_matches(['{', '.', ' ']);
    let lang: String = word
        .chars()
        .map_while(|c| {
            (c.is_ascii_alphanumeric() || "+#-".contains(c)).then_some(c.to_ascii_lowercase())
        })
        .take(20)
        .collect();
    let lang = if lang.is_empty() { "text" } else { &lang };
    format!(
        "<div class=\"code\"><div class=\"code-head\"><span class=\"code-lang\">{lang}</span>\
         <button type=\"button\" class=\"code-copy\" data-copy=\"\">Copy</button></div>\
         <pre tabindex=\"0\"><code class=\"language-{lang}\">"
    )
}

/// The text of a code block without its last line end, nor the spaces after it: whether the parser keeps these
/// depends on how many they are.
fn code_text(code: &str) -> &str {
    let (lines, last) = code.rsplit_once('\n').unwrap_or(("", code));
    if last.trim_matches([' ', '\t']).is_empty() {
        lines
    } else {
        code
    }
}

/// The rest of a code block.
pub(super) const CODE_TAIL: &str = "</code></pre></div>";

struct Rendered {
    html: String,
    /// The link reference definitions, which the parser swallows and a reader should still see.
    definitions: String,
    /// How many blocks the HTML is of.
    blocks: usize,
}

fn render(src: &str, nesting: &mut Nesting) -> Rendered {
    let mut writer = Writer {
        most: nesting.most,
        ..Writer::default()
    };
    let (mut depth, mut blocks) = (0_usize, 0);
    let parser = Parser::new_ext(src, OPTIONS);
    let mut spans: Vec<_> = parser
        .reference_definitions()
        .iter()
        .map(|(_, def)| def.span.clone())
        .collect();
    for event in parser {
        match &event {
            Event::Start(_) => {
                blocks += usize::from(depth == 0);
                depth += 1;
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => blocks += usize::from(depth == 0),
        }
        writer.event(event);
    }
    nesting.met |= writer.too_deep;
    let html = writer.finish();
    spans.sort_by_key(|span| span.start);
    let mut definitions = String::new();
    for span in spans {
        let mut writer = Writer::default();
        writer.open("<p dir=\"auto\">", "</p>", Kind::Paragraph);
        writer
            .text
            .push_str(src.get(span).unwrap_or_default().trim());
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
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

#[derive(Default)]
struct Writer {
    out: String,
    /// The end tags of the open elements.
    stack: Vec<(&'static str, Kind)>,
    /// Text that is not yet written: one text may come in many events.
    text: String,
    /// Open elements at the most; what is nested deeper becomes text in the last one.
    most: usize,
    /// Whether something was.
    too_deep: bool,
    /// Open elements that were left out because they are too deep.
    skipped: usize,
    /// The text of an open code block, or of raw HTML.
    verbatim: Option<String>,
    /// The image that is open: elements in its description, the description, its host.
    image: Option<(usize, String, String)>,
    /// The task box that belongs at the start of the next paragraph.
    task: Option<bool>,
    alignments: Vec<Alignment>,
    column: usize,
    in_head: bool,
    has_rows: bool,
    /// Empty cells that are written only when another one follows: the parser fills every row up to the width of the
    /// table, which would make a small table with many columns a very large one.
    empty_cells: usize,
}

impl Writer {
    fn finish(mut self) -> String {
        while !self.stack.is_empty() {
            self.close();
        }
        self.flush();
        self.out
    }

    fn event(&mut self, event: Event<'_>) {
        if let Some((depth, alt, _)) = &mut self.image {
            match event {
                Event::Start(_) => *depth += 1,
                Event::End(_) if *depth > 0 => *depth -= 1,
                Event::End(_) => self.image_chip(),
                Event::Text(t) | Event::Code(t) | Event::InlineHtml(t) => alt.push_str(&t),
                Event::SoftBreak | Event::HardBreak => alt.push(' '),
                _ => {}
            }
            return;
        }
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.inline_text(&text),
            Event::InlineHtml(html) if is_line_break(&html) && self.skipped == 0 => {
                self.inline_html("<br>");
            }
            Event::Html(html) | Event::InlineHtml(html) => self.inline_text(&html),
            Event::Code(code) => {
                self.inline_html("<code>");
                escape(&code, Place::Code, &mut self.out);
                self.out.push_str("</code>");
            }
            Event::SoftBreak => self.inline_text("\n"),
            Event::HardBreak => self.inline_html("<br>"),
            Event::Rule => {
                if self.skipped == 0 && !self.between_rows() {
                    self.block();
                    self.out.push_str("<hr>");
                }
            }
            Event::TaskListMarker(done) => self.task = Some(done).filter(|_| self.skipped == 0),
            Event::FootnoteReference(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.inline_text(&text);
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        let in_table = matches!(
            tag,
            Tag::Item | Tag::TableHead | Tag::TableRow | Tag::TableCell | Tag::Paragraph
        );
        let misplaced = self.between_rows() && !matches!(tag, Tag::TableHead | Tag::TableRow);
        let too_deep = self.stack.len() >= self.most && !in_table;
        self.too_deep |= too_deep;
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
            Tag::CodeBlock(kind) => {
                let head = match &kind {
                    CodeBlockKind::Fenced(info) => code_head(info),
                    CodeBlockKind::Indented => code_head(""),
                };
                self.open_block(&head, CODE_TAIL, Kind::Other);
                self.verbatim = Some(String::new());
            }
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
                self.alignments = alignments;
                self.has_rows = false;
                let open = "<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"Table\"><table>";
                self.open_block(open, "</table></div>", Kind::Rows);
            }
            Tag::TableHead => {
                (self.in_head, self.column) = (true, 0);
                self.open("<thead><tr>", "</tr></thead>", Kind::Other);
            }
            Tag::TableRow => {
                self.column = 0;
                self.body();
                self.open("<tr>", "</tr>", Kind::Other);
            }
            Tag::TableCell => self.empty_cells += 1,
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
                    Some(url) => self.open_inline(&link(&url), "</a>", Kind::Link),
                    None => self.open_inline("", "", Kind::Other),
                }
            }
            Tag::Image { dest_url, .. } => {
                self.inline_html("");
                self.image = Some((0, String::new(), host(&dest_url)));
            }
            Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Superscript
            | Tag::Subscript
            | Tag::MetadataBlock(_) => self.open("", "", Kind::Other),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        match tag {
            TagEnd::CodeBlock => {
                let code = self.verbatim.take().unwrap_or_default();
                escape(code_text(&code), Place::Code, &mut self.out);
            }
            TagEnd::HtmlBlock => {
                let html = self.verbatim.take().unwrap_or_default();
                for (i, line) in html.trim_end().split('\n').enumerate() {
                    self.out.push_str(if i == 0 { "" } else { "<br>" });
                    escape(line, Place::Text, &mut self.out);
                }
            }
            TagEnd::Item => {
                if self.task.is_some() {
                    self.inline();
                }
                self.end_if(Kind::Implied);
            }
            TagEnd::TableHead => self.in_head = false,
            TagEnd::TableCell if self.empty_cells > 0 && !self.in_head => return,
            TagEnd::TableCell => self.cells(),
            TagEnd::TableRow => self.empty_cells = 0,
            TagEnd::Table => {
                self.end_if(Kind::ImpliedRow);
                if self.has_rows {
                    self.close();
                }
            }
            _ => {}
        }
        self.close();
    }

    fn between_rows(&self) -> bool {
        matches!(self.stack.last(), Some((_, Kind::Rows | Kind::ImpliedRow)))
    }

    /// Goes to where a row can be written.
    fn body(&mut self) {
        self.end_if(Kind::ImpliedRow);
        if !std::mem::replace(&mut self.has_rows, true) {
            self.open("<tbody>", "</tbody>", Kind::Rows);
        }
    }

    /// Writes the cells that were held back. The last one stays open, for its text.
    fn cells(&mut self) {
        while self.empty_cells > 0 {
            self.empty_cells -= 1;
            let class = match self.alignments.get(self.column) {
                Some(Alignment::Left) => " class=\"align-left\"",
                Some(Alignment::Center) => " class=\"align-center\"",
                Some(Alignment::Right) => " class=\"align-right\"",
                Some(Alignment::None) | None => "",
            };
            self.column += 1;
            if self.in_head {
                self.open(
                    &format!("<th{class} dir=\"auto\" scope=\"col\">"),
                    "</th>",
                    Kind::Other,
                );
            } else {
                self.open(&format!("<td{class} dir=\"auto\">"), "</td>", Kind::Other);
            }
            if self.empty_cells > 0 {
                self.close();
            }
        }
    }

    /// Ends the text so far.
    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
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

    fn in_link(&self) -> bool {
        self.stack.iter().any(|(_, kind)| *kind == Kind::Link)
    }

    fn open(&mut self, open: &str, close: &'static str, kind: Kind) {
        self.flush();
        self.out.push_str(open);
        self.stack.push((close, kind));
        if matches!(kind, Kind::Paragraph | Kind::Implied)
            && let Some(done) = self.task.take()
        {
            self.out.push_str(if done {
                "<input type=\"checkbox\" disabled=\"\" checked=\"\" aria-label=\"done\"> "
            } else {
                "<input type=\"checkbox\" disabled=\"\" aria-label=\"to do\"> "
            });
        }
    }

    fn close(&mut self) {
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

    fn end_if(&mut self, kind: Kind) {
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

/// The start tag of a link to an address that [`safe_url`] gave.
fn link(url: &str) -> String {
    let mut shown = String::with_capacity(url.len());
    escape(url, Place::Attribute, &mut shown);
    let mut tag = String::with_capacity(2 * shown.len() + 90);
    // A string takes writes without fail.
    let _ = write!(
        tag,
        "<a href=\"{shown}\" title=\"{shown}\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">"
    );
    tag
}

/// The first address that stands in a text as it is, what is before it and what is after it.
fn split_url(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.find("http")?;
        let (before, rest) = text.split_at_checked(at)?;
        from = at + 4;
        let scheme = rest.starts_with("https://") || rest.starts_with("http://");
        if !scheme || before.ends_with(char::is_alphanumeric) {
            continue;
        }
        let end = rest.find(ends_url).unwrap_or(rest.len());
        let url = without_punctuation(rest.get(..end)?);
        return Some((before, url, rest.get(url.len()..)?));
    }
}

fn ends_url(c: char) -> bool {
    let fullwidth = matches!(c, '\u{3000}'..='\u{303F}' | '\u{FF00}'..='\u{FF65}');
    c.is_whitespace() || c.is_control() || fullwidth || "<>\"`|\\^{}[]".contains(c)
}

/// A bare address without what belongs to the sentence around it.
fn without_punctuation(mut url: &str) -> &str {
    let (open, mut closed) = (url.matches('(').count(), url.matches(')').count());
    loop {
        let trimmed = url.trim_end_matches(['.', ',', ':', ';', '!', '?', '\'', '*', '_', '~']);
        match trimmed.strip_suffix(')').filter(|_| closed > open) {
            Some(shorter) => {
                closed -= 1;
                url = shorter;
            }
            None => return trimmed,
        }
    }
}

/// The address as it may be linked to: absolute, http, https or mailto, nobody's password in it, nothing hidden.
///
/// It is kept as it was given when it is plain; else it is what a browser would make of it, so that the title shows
/// where the link really leads.
fn safe_url(given: &str) -> Option<String> {
    let scheme = given.split(':').next()?.to_ascii_lowercase();
    let web = matches!(scheme.as_str(), "http" | "https");
    let slashes = given
        .get(scheme.len() + 1..)
        .is_some_and(|rest| rest.starts_with("//"));
    let control = given.chars().any(char::is_control);
    if given.len() > MAX_URL || control || !(scheme == "mailto" || (web && slashes)) {
        return None;
    }
    let url = Url::parse(given).ok()?;
    if url.scheme() != scheme || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let plain = given.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    Some(if plain { given.to_owned() } else { url.into() })
}

/// The host that an image would have been asked from; empty when there is none.
fn host(given: &str) -> String {
    let absolute = if given.starts_with("//") {
        format!("https:{given}")
    } else {
        given.to_owned()
    };
    Url::parse(&absolute)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default()
}

/// Models write `<br>` to break lines in table cells.
fn is_line_break(html: &str) -> bool {
    matches!(
        html.to_ascii_lowercase().as_str(),
        "<br>" | "<br/>" | "<br />"
    )
}
