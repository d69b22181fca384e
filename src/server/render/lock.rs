//! The second lock: an allow-list over what the renderer wrote. It must find nothing to change.

use super::{context, highlight, mathml};
use crate::shared::words::Language;
use crate::shared::words::printed::Block;
use ammonia::{Builder, UrlRelative};
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

/// Whether the list has nothing to change in what stands in a code block.
pub(super) fn fits_in_code(html: &str) -> bool {
    check(&mut [format!("<pre><code>{html}</code></pre>")])
}

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let html: [(&str, &[&str]); 19] = [
        ("a", &["class", "href", "id", "title", "target"]),
        ("blockquote", &["dir"]),
        ("button", &["type", "class", "data-do", "data-name"]),
        ("code", &["class"]),
        ("div", &["class", "id", "tabindex", "role", "aria-label"]),
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
    ];
    let formulas = mathml::ELEMENTS.map(|tag| (tag, &mathml::ATTRIBUTES[..]));
    let attributes: HashMap<&str, HashSet<&str>> = html
        .into_iter()
        .chain(formulas)
        .map(|(tag, names)| (tag, names.iter().copied().collect()))
        .collect();
    let bare = [
        "br", "del", "em", "hr", "strong", "sup", "table", "tbody", "thead", "tr", "ul",
    ];
    let mut builder = Builder::empty();
    builder
        .tags(attributes.keys().copied().chain(bare).collect())
        .tag_attributes(attributes)
        .url_schemes(["http", "https", "mailto"].into())
        .url_relative(UrlRelative::PassThrough)
        .link_rel(Some("noopener noreferrer nofollow"))
        .attribute_filter(|tag, name, value| {
            allowed(tag, name, value).then_some(Cow::Borrowed(value))
        });
    builder
});

/// Whether a name is what one of the languages calls it.
fn says(value: &str, word: fn(&Block) -> &'static str) -> bool {
    let mut languages = Language::ALL.iter();
    languages.any(|language| word(&language.printed().block) == value)
}

/// Which values the allowed attributes may have; the scheme of an absolute `href` was already looked at.
fn allowed(tag: &str, name: &str, value: &str) -> bool {
    if mathml::is_element(tag) {
        return mathml::is_value(name, value);
    }
    match (tag, name) {
        ("a", "href") => match value.strip_prefix('#') {
            Some(id) => context::is_id(id),
            None => ["http:", "https:", "mailto:"].iter().any(|scheme| {
                let head = value.as_bytes().get(..scheme.len());
                head.is_some_and(|head| head.eq_ignore_ascii_case(scheme.as_bytes()))
            }),
        },
        ("a", "class") => matches!(value, "note-label" | "note-ref"),
        ("a" | "div", "id") => context::is_id(value),
        ("a" | "span", "title") => true,
        ("a", "target") => value == "_blank",
        ("a", "rel") => value == "noopener noreferrer nofollow",
        (_, "dir") => value == "auto",
        (_, "tabindex") => value == "0",
        ("button", "type") => value == "button",
        ("button", "class") => value == "block-button",
        ("button", "data-do") => matches!(value, "code" | "csv" | "save" | "wrap"),
        ("button", "data-name") => highlight::is_file_name(value),
        ("input", "disabled" | "checked") => value.is_empty(),
        ("code", "class") => value.strip_prefix("language-").is_some_and(|lang| {
            lang.len() <= 20
                && lang
                    .bytes()
                    .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'+' | b'#' | b'-'))
        }),
        ("div", "class") => matches!(
            value,
            "block-foot" | "block-head" | "code" | "note" | "table" | "table-scroll"
        ),
        ("div", "role") => value == "group",
        ("div", "aria-label") => says(value, |words| words.table),
        ("input", "type") => value == "checkbox",
        ("input", "aria-label") => {
            says(value, |words| words.done) || says(value, |words| words.to_do)
        }
        ("ol", "start") => value.parse::<u64>().is_ok(),
        ("span", "class") => {
            matches!(
                value,
                "code-lang" | "hidden-char" | "if-long" | "if-wrapped" | "image-chip" | "link-host"
            ) || highlight::is_class(value)
        }
        ("td" | "th", "class") => matches!(value, "align-left" | "align-center" | "align-right"),
        ("th", "scope") => value == "col",
        _ => false,
    }
}
