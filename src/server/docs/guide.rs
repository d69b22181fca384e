//! `/docs`: prose, and between it what the program knows of itself.

use super::markdown::{self, render};
use super::{Content, prose};
use crate::server::openapi::{calls, document};
use crate::server::render::markup::Html;
use crate::server::store::schema;

const PROSE: &str = include_str!("guide.md");
/// The operator's handbook, whole: its tables are checked against the settings that the program reads.
const CONFIGURATION: &str = include_str!("../../../docs/configuration.md");

/// What each table is for.
const TABLES: [(&str, &str); 17] = [
    ("instance", "What this installation is."),
    (
        "master_keys",
        "Which master keys have sealed something. Check values only.",
    ),
    ("users", "Accounts. Passwords are argon2id hashes."),
    (
        "sessions",
        "Who is signed in. The token itself is in the cookie only.",
    ),
    (
        "provider_keys",
        "Credentials, sealed to their row, owner, provider, origin and version.",
    ),
    (
        "provider_models",
        "The list of models that each key last gave.",
    ),
    (
        "favourite_models",
        "The models that people marked to find them first.",
    ),
    (
        "threads",
        "Conversations, each bound to a provider and a model.",
    ),
    (
        "messages",
        "What was said: a tree in each thread, one branch of it shown. Usage, cost and speed are the answer's own.",
    ),
    (
        "message_events",
        "The log of each running answer, written before anybody reads it.",
    ),
    (
        "request_claims",
        "Which sends were made, so that each is made once.",
    ),
    (
        "connects",
        "People on their way to a provider that gives out keys by itself.",
    ),
    (
        "free_usage_user_daily",
        "Answers of the free pool by person and day.",
    ),
    (
        "free_usage_global_daily",
        "Answers of the free pool by day.",
    ),
    ("free_reservations", "Which answers of the pool count."),
    (
        "search_entries",
        "What is found by a search: titles and messages that ended.",
    ),
    (
        "search_unspaced",
        "On SQLite: texts in scripts without blanks that wait to be taken apart for the search.",
    ),
];

pub(super) fn page() -> Content {
    let mut content = Content {
        html: String::new(),
        headings: Vec::new(),
    };
    for part in PROSE.split("<!-- ") {
        let (slot, text) = part.split_once(" -->").unwrap_or(("", part));
        content.html.push_str(&match slot {
            "configuration" => {
                let (_, text) = CONFIGURATION.split_once('\n').unwrap_or_default();
                render(text, 1).0
            }
            "calls" => all_calls(),
            "tables" => tables(),
            _ => String::new(),
        });
        let (html, headings) = render(text, 0);
        content.html.push_str(&html);
        content.headings.extend(headings);
    }
    content
}

fn all_calls() -> String {
    let mut html = Html::default();
    for tag in document()["tags"].as_array().into_iter().flatten() {
        let name = tag["name"].as_str().unwrap_or_default();
        html.raw("<h3>")
            .text(name)
            .raw(r#"</h3><dl class="calls">"#);
        for call in calls(name) {
            html.raw(r#"<div><dt><a href="/docs/api#"#)
                .text(&markdown::slug(call.id))
                .raw(r#""><span class="method">"#)
                .text(&call.method)
                .raw("</span> <code>")
                .text(call.path)
                .raw("</code></a></dt><dd>")
                .text(call.summary)
                .raw("</dd></div>");
        }
        html.raw("</dl>");
    }
    html.0
}

fn tables() -> String {
    let mut html = Html::default();
    for table in schema::tables() {
        html.raw("<h3><code>")
            .text(table.name)
            .raw("</code></h3><p>");
        let about = TABLES.iter().find(|(name, _)| *name == table.name);
        prose(&mut html, about.map_or("", |(_, about)| about));
        html.raw(r#"</p><p class="columns">"#);
        for (at, (column, kind)) in table.columns.iter().enumerate() {
            html.raw(if at == 0 { "<code>" } else { ", <code>" })
                .text(column)
                .raw("</code> <span class=\"muted small\">")
                .text(&kind.to_lowercase())
                .raw("</span>");
        }
        html.raw("</p>");
    }
    html.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_explained_and_nothing_else_is() {
        let there: Vec<&str> = schema::tables().iter().map(|table| table.name).collect();
        let mut explained: Vec<&str> = TABLES.iter().map(|(name, _)| *name).collect();
        let mut sorted = there.clone();
        sorted.sort_unstable();
        explained.sort_unstable();
        assert_eq!(sorted, explained);
    }

    #[test]
    fn the_guide_has_the_settings_the_calls_and_the_tables() {
        let page = page().html;
        for name in [
            "RATE_LIMIT_PER_MINUTE",
            "/api/threads/{thread}/fork",
            "message_events",
            "lease_until",
        ] {
            assert!(page.contains(name), "{name}");
        }
        assert!(!page.contains("<!--"), "every slot is filled");
    }
}
