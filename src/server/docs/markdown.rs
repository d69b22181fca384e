//! Markdown of our own to HTML: headings that can be linked to, tables that scroll by themselves.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// A heading: its place in the page, and its words.
pub type Heading = (String, String);

/// The HTML, with the headings of the second level. `deeper` is how many levels all headings go down.
pub fn render(text: &str, deeper: usize) -> (String, Vec<Heading>) {
    let events: Vec<Event<'_>> = Parser::new_ext(text, Options::ENABLE_TABLES).collect();
    let mut headings = Vec::new();
    let mut out = Vec::with_capacity(events.len());
    // Whether each link that is open leads anywhere from here.
    let mut links = Vec::new();
    for (at, event) in events.iter().enumerate() {
        let event = match event.clone() {
            Event::Start(Tag::Heading { level, .. }) => {
                let words = heading(events.get(at..).unwrap_or_default());
                let (level, id) = (down(level, deeper), slug(&words));
                if level == HeadingLevel::H2 {
                    headings.push((id.clone(), words));
                }
                Event::Start(Tag::Heading {
                    level,
                    id: Some(CowStr::from(id)),
                    classes: Vec::new(),
                    attrs: Vec::new(),
                })
            }
            Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(down(level, deeper))),
            Event::Start(Tag::Link { ref dest_url, .. }) => {
                let leads = ["http", "/", "#"]
                    .iter()
                    .any(|start| dest_url.starts_with(start));
                links.push(leads);
                if !leads {
                    continue;
                }
                event.clone()
            }
            Event::End(TagEnd::Link) if links.pop() == Some(false) => continue,
            Event::Start(Tag::Table(_)) => {
                out.push(Event::Html(r#"<div class="scroll" tabindex="0">"#.into()));
                event.clone()
            }
            Event::End(TagEnd::Table) => {
                out.push(event.clone());
                Event::Html("</div>".into())
            }
            other => other,
        };
        out.push(event);
    }
    let mut page = String::new();
    html::push_html(&mut page, out.into_iter());
    // What scrolls sideways is reached by the keyboard, too.
    let page = page.replace("<pre>", r#"<pre tabindex="0">"#);
    (page, headings)
}

/// The words of the heading that `events` begin with.
fn heading(events: &[Event<'_>]) -> String {
    let inside = events
        .iter()
        .take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
    let words = inside.filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
        _ => None,
    });
    words.collect()
}

/// What stands for words in an address.
pub fn slug(words: &str) -> String {
    let parts = words.split(|c: char| !c.is_ascii_alphanumeric());
    let parts: Vec<String> = parts
        .filter(|part| !part.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    parts.join("-")
}

fn down(level: HeadingLevel, deeper: usize) -> HeadingLevel {
    HeadingLevel::try_from(level as usize + deeper).unwrap_or(HeadingLevel::H6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_can_be_linked_to_and_what_leads_nowhere_is_no_link() {
        let (html, headings) = render("# Data & `keys`\n\n[a](b.md) [c](https://d.e/) <b>", 1);
        assert_eq!(
            headings,
            [("data-keys".to_owned(), "Data & keys".to_owned())]
        );
        assert!(
            html.starts_with(r#"<h2 id="data-keys">Data &amp; <code>keys</code></h2>"#),
            "{html}"
        );
        assert!(html.contains(r#"a <a href="https://d.e/">c</a>"#), "{html}");
    }

    #[test]
    fn code_is_reached_by_the_keyboard() {
        let (html, _) = render("```sh\nmake run\n```\n", 0);
        assert!(html.starts_with(r#"<pre tabindex="0"><code"#), "{html}");
    }

    #[test]
    fn a_table_scrolls_by_itself() {
        let (html, _) = render("| a |\n| --- |\n| b |\n", 0);
        assert!(
            html.starts_with(r#"<div class="scroll" tabindex="0"><table>"#),
            "{html}"
        );
        assert!(html.trim_end().ends_with("</table>\n</div>"), "{html}");
    }
}
