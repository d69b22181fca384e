//! The documentation that the server itself serves: `/docs` and `/docs/api`. HTML without script, made of what the program
//! is made of: the contract, the settings and the schema. Each page is made once a process.

mod api;
mod guide;
mod markdown;

use crate::server::render::markup::Html;
use crate::shared::account::Theme;
use markdown::Heading;
use std::sync::LazyLock;

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// What KeyLM is and how it is run.
    Guide,
    /// Every call of the HTTP API.
    Api,
}

impl Page {
    const ALL: [Self; 2] = [Self::Guide, Self::Api];

    const fn path(self) -> &'static str {
        match self {
            Self::Guide => "/docs",
            Self::Api => "/docs/api",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Guide => "Guide",
            Self::Api => "API",
        }
    }

    const fn about(self) -> &'static str {
        match self {
            Self::Guide => "What KeyLM does, how it is set up, and what it keeps.",
            Self::Api => "Every call of KeyLM's HTTP API, with its parameters, answers and errors.",
        }
    }

    /// All of the page's body.
    fn body(self) -> &'static str {
        static GUIDE: LazyLock<String> = LazyLock::new(|| Page::Guide.frame(&guide::page()));
        static API: LazyLock<String> = LazyLock::new(|| Page::Api.frame(&api::page()));
        match self {
            Self::Guide => &GUIDE,
            Self::Api => &API,
        }
    }

    fn frame(self, content: &Content) -> String {
        let mut html = Html::default();
        html.raw(r##"<a class="skip-link" href="#main">Skip to content</a><header class="docs-head"><a class="brand" href="/">"##)
            .raw(r#"<img src="/favicon.svg" alt="" width="26" height="26">KeyLM</a><nav aria-label="Documentation">"#);
        for page in Self::ALL {
            let current = if page == self {
                r#" aria-current="page""#
            } else {
                ""
            };
            html.raw(&format!(
                r#"<a href="{}"{current}>{}</a>"#,
                page.path(),
                page.name()
            ));
        }
        html.raw(r#"<a href="/chat">Chat</a></nav></header><div class="docs-body">"#)
            .raw(r#"<nav class="docs-list" aria-label="On this page"><ul>"#);
        for (place, words) in &content.headings {
            html.raw(r##"<li><a href="#"##)
                .text(place)
                .raw(r#"">"#)
                .text(words)
                .raw("</a></li>");
        }
        html.raw(r#"</ul></nav><main id="main" class="docs-main">"#)
            .raw(&content.html)
            .raw("</main></div>");
        html.0
    }

    /// The document, in these colours, with the style sheet at this address.
    #[must_use]
    pub fn document(self, theme: Theme, css: &str) -> String {
        let theme = match theme {
            Theme::System => String::new(),
            chosen => format!(r#" data-theme="{}""#, chosen.as_str()),
        };
        let (name, about, body) = (self.name(), self.about(), self.body());
        format!(
            r#"<!DOCTYPE html><html lang="en"{theme}><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{name} · KeyLM</title>
<meta name="description" content="{about}">
<link rel="stylesheet" href="{css}"><link rel="stylesheet" href="/docs.css">
<link rel="icon" type="image/svg+xml" href="/favicon.svg">
</head><body class="docs">{body}</body></html>"#
        )
    }
}

/// What a page says, and the list of its parts.
struct Content {
    html: String,
    headings: Vec<Heading>,
}

/// Text in which what stands between backticks is code.
fn prose(html: &mut Html, text: &str) {
    for (at, part) in text.split('`').enumerate() {
        if at % 2 == 1 {
            html.raw("<code>").text(part).raw("</code>");
        } else {
            html.text(part);
        }
    }
}
