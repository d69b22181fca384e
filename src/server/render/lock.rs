//! The second lock: an allow-list over what the renderer wrote. It must find nothing to change.

use ammonia::Builder;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

static DIFFERENCES: AtomicU64 = AtomicU64::new(0);

/// How often the second lock had to change what the renderer wrote, since the process started. Anything but 0 is a bug.
#[must_use]
pub fn differences() -> u64 {
    DIFFERENCES.load(Ordering::Relaxed)
}

/// Bytes of HTML that go through the list at once: its cost a call is far above its cost a block.
const BATCH: usize = 64 * 1024;

/// Passes blocks through the allow-list. What differs is counted, and the list's version wins.
///
/// Returns whether nothing differed.
pub(super) fn check(blocks: &mut [String]) -> bool {
    let mut rest = blocks;
    let mut same = true;
    while !rest.is_empty() {
        let mut bytes = 0;
        let count = rest
            .iter()
            .take_while(|block| {
                let fits = bytes < BATCH;
                bytes += block.len();
                fits
            })
            .count();
        let (batch, after) = rest.split_at_mut(count);
        let joined = batch.concat();
        if CLEANER.clean(&joined).to_string() != joined {
            same = false;
            for block in batch {
                let clean = CLEANER.clean(block).to_string();
                DIFFERENCES.fetch_add(u64::from(clean != *block), Ordering::Relaxed);
                *block = clean;
            }
        }
        rest = after;
    }
    same
}

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let attributes: HashMap<&str, HashSet<&str>> = [
        ("a", &["href", "title", "target"][..]),
        ("blockquote", &["dir"]),
        ("button", &["type", "class", "data-copy"]),
        ("code", &["class"]),
        ("div", &["class", "tabindex", "role", "aria-label"]),
        ("h1", &["dir"]),
        ("h2", &["dir"]),
        ("h3", &["dir"]),
        ("h4", &["dir"]),
        ("h5", &["dir"]),
        ("h6", &["dir"]),
        ("input", &["type", "disabled", "checked", "aria-label"]),
        ("li", &["dir"]),
        ("ol", &["start"]),
        ("p", &["dir"]),
        ("pre", &["tabindex"]),
        ("span", &["class", "title"]),
        ("td", &["class", "dir"]),
        ("th", &["class", "dir", "scope"]),
    ]
    .into_iter()
    .map(|(tag, names)| (tag, names.iter().copied().collect()))
    .collect();
    let bare = [
        "br", "del", "em", "hr", "strong", "table", "tbody", "thead", "tr", "ul",
    ];
    let mut builder = Builder::empty();
    builder
        .tags(attributes.keys().copied().chain(bare).collect())
        .tag_attributes(attributes)
        .url_schemes(["http", "https", "mailto"].into())
        .link_rel(Some("noopener noreferrer nofollow"))
        .attribute_filter(|tag, name, value| {
            allowed(tag, name, value).then_some(Cow::Borrowed(value))
        });
    builder
});

/// Which values the allowed attributes may have; `href` was already held against the schemes.
fn allowed(tag: &str, name: &str, value: &str) -> bool {
    match (tag, name) {
        ("a", "href" | "title") | ("span", "title") => true,
        ("a", "target") => value == "_blank",
        ("a", "rel") => value == "noopener noreferrer nofollow",
        (_, "dir") => value == "auto",
        (_, "tabindex") => value == "0",
        ("button", "type") => value == "button",
        ("button", "class") => value == "code-copy",
        ("button", "data-copy") | ("input", "disabled" | "checked") => value.is_empty(),
        ("code", "class") => value.strip_prefix("language-").is_some_and(|lang| {
            lang.len() <= 20
                && lang
                    .bytes()
                    .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'+' | b'#' | b'-'))
        }),
        ("div", "class") => matches!(value, "code" | "code-head" | "table"),
        ("div", "role") => value == "region",
        ("div", "aria-label") => value == "Table",
        ("input", "type") => value == "checkbox",
        ("input", "aria-label") => matches!(value, "done" | "to do"),
        ("ol", "start") => value.parse::<u64>().is_ok(),
        ("span", "class") => matches!(value, "code-lang" | "hidden-char" | "image-chip"),
        ("td" | "th", "class") => matches!(value, "align-left" | "align-center" | "align-right"),
        ("th", "scope") => value == "col",
        _ => false,
    }
}
