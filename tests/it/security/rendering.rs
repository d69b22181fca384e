//! Whatever a model writes, the page gets a fixed set of elements, asks no one for anything and leads only to http,
//! https and mailto. The HTML is read by a scanner of its own here, stricter than any browser.

mod payloads;

use keylm::server::render::{StreamRenderer, blocks, differences};
use keylm::shared::chat::ViewEvent;
use payloads::{PAYLOADS, pathological};
use rstest::rstest;

/// What may be on the page: an element and its attributes.
const ELEMENTS: &[(&str, &[&str])] = &[
    ("a", &["class", "href", "id", "title", "target", "rel"]),
    ("blockquote", &["dir"]),
    ("br", &[]),
    (
        "button",
        &["type", "class", "data-do", "data-name", "aria-pressed"],
    ),
    ("code", &["class"]),
    ("del", &[]),
    ("div", &["class", "id", "tabindex", "role", "aria-label"]),
    ("em", &[]),
    ("h1", &["dir"]),
    ("h2", &["dir"]),
    ("h3", &["dir"]),
    ("h4", &["dir"]),
    ("h5", &["dir"]),
    ("h6", &["dir"]),
    ("hr", &[]),
    ("input", &["type", "disabled", "checked", "aria-label"]),
    ("li", &["dir"]),
    ("ol", &["start"]),
    ("p", &["dir"]),
    ("pre", &["tabindex"]),
    ("span", &["class", "title"]),
    ("strong", &[]),
    ("sup", &[]),
    ("table", &[]),
    ("tbody", &[]),
    ("td", &["class", "dir"]),
    ("th", &["class", "dir", "scope"]),
    ("thead", &[]),
    ("tr", &[]),
    ("ul", &[]),
];

/// What a formula may be made of, and the attributes of all of that.
const FORMULA: &[&str] = &[
    "math",
    "menclose",
    "mfrac",
    "mi",
    "mmultiscripts",
    "mn",
    "mo",
    "mover",
    "mpadded",
    "mphantom",
    "mprescripts",
    "mroot",
    "mrow",
    "ms",
    "mspace",
    "msqrt",
    "mstyle",
    "msub",
    "msubsup",
    "msup",
    "mtable",
    "mtd",
    "mtext",
    "mtr",
    "munder",
    "munderover",
];
const OF_FORMULAS: &[&str] = &[
    "accent",
    "accentunder",
    "class",
    "depth",
    "display",
    "displaystyle",
    "fence",
    "form",
    "height",
    "largeop",
    "linethickness",
    "lspace",
    "mathvariant",
    "maxsize",
    "minsize",
    "movablelimits",
    "notation",
    "rspace",
    "scriptlevel",
    "stretchy",
    "symmetric",
    "tabindex",
    "width",
];

/// Reads HTML that must be exactly nested tags, quoted attributes and escaped text. Returns the depth, or what is wrong.
fn scan(html: &str) -> Result<usize, String> {
    let mut open: Vec<&str> = Vec::new();
    let mut depth = 0;
    let mut rest = html;
    while !rest.is_empty() {
        let Some(tag) = rest.strip_prefix('<') else {
            let end = rest.find('<').unwrap_or(rest.len());
            check_text(&rest[..end])?;
            rest = &rest[end..];
            continue;
        };
        let end = tag.find('>').ok_or_else(|| format!("an open tag: {tag}"))?;
        rest = &tag[end + 1..];
        let tag = &tag[..end];
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("</{name}> closes nothing in {html}"));
            }
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let known = ELEMENTS.iter().find(|(e, _)| *e == name);
        let formula = FORMULA.contains(&name).then_some(OF_FORMULAS);
        let allowed = known
            .map(|(_, allowed)| *allowed)
            .or(formula)
            .ok_or_else(|| format!("<{name}>"))?;
        check_attributes(name, attributes, allowed)?;
        if !matches!(name, "br" | "hr" | "input") {
            open.push(name);
            depth = depth.max(open.len());
        }
    }
    if open.is_empty() {
        Ok(depth)
    } else {
        Err(format!("{open:?} stay open in {html}"))
    }
}

fn check_attributes(tag: &str, mut rest: &str, allowed: &[&str]) -> Result<(), String> {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest
            .split_once("=\"")
            .ok_or_else(|| format!("an attribute without a value: {rest}"))?;
        let (value, after) = after
            .split_once('"')
            .ok_or_else(|| format!("an open value: {rest}"))?;
        rest = after.strip_prefix(' ').unwrap_or(after);
        if !allowed.contains(&name) || seen.iter().any(|(n, _)| *n == name) {
            return Err(format!("{name} on <{tag}>"));
        }
        check_text(value)?;
        seen.push((name, value));
    }
    let value = |name| {
        seen.iter()
            .find(|(n, _)| *n == name)
            .map_or("", |(_, v)| *v)
    };
    let within_the_page = ["#note-", "#ref-"]
        .iter()
        .any(|head| value("href").starts_with(head));
    if tag == "a" && within_the_page {
        if value("rel") != "noopener noreferrer nofollow" || !value("title").is_empty() {
            return Err(format!("a link to {}", value("href")));
        }
    } else if tag == "a" {
        let href = value("href");
        let scheme = ["http://", "https://", "mailto:"]
            .iter()
            .any(|s| href.to_ascii_lowercase().starts_with(s));
        let plain = href.bytes().all(|b| b.is_ascii_graphic());
        let fixed = value("rel") == "noopener noreferrer nofollow" && value("target") == "_blank";
        if !scheme || !plain || !fixed || value("title") != href {
            return Err(format!("a link to {href}"));
        }
    }
    if tag == "input" && !(value("type") == "checkbox" && seen.contains(&("disabled", ""))) {
        return Err("an input that takes input".to_owned());
    }
    Ok(())
}

fn check_text(text: &str) -> Result<(), String> {
    for (at, c) in text.char_indices() {
        let entity = ["&amp;", "&lt;", "&gt;", "&quot;", "&nbsp;"]
            .iter()
            .any(|e| text[at..].starts_with(e));
        let hidden = matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{E0100}'..='\u{E01EF}');
        if c == '>'
            || (c == '&' && !entity)
            || hidden
            || (c.is_control() && !matches!(c, '\n' | '\t'))
        {
            return Err(format!("{c:?} in {text:?}"));
        }
    }
    Ok(())
}

/// xorshift64*: a run can be repeated from its seed.
struct Rng(u64);

impl Rng {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % n
    }
}

/// Every state that a page goes through while `text` comes in.
fn states(
    text: &str,
    rng: &mut Rng,
    most: usize,
    mut each: impl FnMut(&[String]),
) -> StreamRenderer {
    let mut renderer = StreamRenderer::new();
    let mut page: Vec<String> = Vec::new();
    let mut rest = text;
    loop {
        let mut at = (1 + rng.below(most)).min(rest.len());
        while !rest.is_char_boundary(at) {
            at += 1;
        }
        renderer.push(&rest[..at]);
        rest = &rest[at..];
        let patches = if rest.is_empty() {
            renderer.finish()
        } else {
            renderer.patches()
        };
        for patch in patches {
            let ViewEvent::Patch { b, at, h } = patch else {
                panic!("only patches are sent")
            };
            page.resize(page.len().max(b + 1), String::new());
            page[b].truncate(at);
            page[b].push_str(&h);
        }
        each(&page);
        if rest.is_empty() {
            return renderer;
        }
    }
}

fn assert_safe(text: &str) {
    for block in blocks(text) {
        scan(&block).unwrap_or_else(|wrong| panic!("{wrong}\nfrom {text:?}"));
    }
    let mut rng = Rng(0x5EED);
    states(text, &mut rng, 5, |page| {
        for block in page.iter().filter(|block| !block.is_empty()) {
            scan(block).unwrap_or_else(|wrong| panic!("{wrong}\nwhile {text:?} comes in"));
        }
    });
}

/// What may stand between two payloads.
const GLUE: &[&str] = &[
    "",
    "\n",
    "\n\n",
    " ",
    "> ",
    "- ",
    "```\n",
    "*",
    "[",
    "`",
    "<",
    "| a |\n|---|\n| ",
];

#[test]
fn no_payload_gets_an_element_an_attribute_or_an_address_of_its_own() {
    for payload in PAYLOADS {
        assert_safe(payload);
    }
    assert!(PAYLOADS.len() >= 130);
    assert_eq!(differences(), 0, "the second lock had to step in");
}

#[test]
fn payloads_side_by_side_do_not_help_each_other() {
    let mut rng = Rng(0xFACE);
    for _ in 0..300 {
        let mut text = String::new();
        for _ in 0..4 {
            text.push_str(PAYLOADS[rng.below(PAYLOADS.len())]);
            text.push_str(GLUE[rng.below(GLUE.len())]);
        }
        for block in blocks(&text) {
            scan(&block).unwrap_or_else(|wrong| panic!("{wrong}\nfrom {text:?}"));
        }
        states(&text, &mut rng, 40, |page| {
            for block in page.iter().filter(|block| !block.is_empty()) {
                scan(block).unwrap_or_else(|wrong| panic!("{wrong}\nwhile {text:?} comes in"));
            }
        });
    }
    assert_eq!(differences(), 0, "the second lock had to step in");
}

#[rstest]
#[case("<img src=x>", "<img>")]
#[case("<p onclick=\"x\">a</p>", "onclick on <p>")]
#[case("<p>a", "[\"p\"] stay open in <p>a")]
#[case("<p>a & b</p>", "'&' in \"a & b\"")]
#[case("<a href=\"javascript:x\">a</a>", "a link to javascript:x")]
fn the_scanner_of_this_test_finds_what_is_wrong(#[case] html: &str, #[case] wrong: &str) {
    assert_eq!(scan(html).unwrap_err(), wrong);
}

#[rstest]
#[case::tags("hi\u{E0073}\u{E0065}\u{E006E}\u{E0064}", "4 hidden characters")]
#[case::bidi("a\u{202E}b", "U+202E")]
#[case::isolate("a\u{2066}b", "U+2066")]
#[case::selectors("\u{1F600}\u{FE0F}\u{E0101}\u{E0102}", "U+E0101")]
#[case::more_selectors("\u{1F600}\u{FE00}\u{FE01}\u{FE02}", "U+FE01")]
#[case::zero_width("pass\u{200B}word", "U+200B")]
#[case::joiner_between_letters("a\u{200D}b", "U+200D")]
#[case::byte_order_mark("\u{FEFF}x", "U+FEFF")]
#[case::in_code("`a\u{202E}b`", "⟨U+202E⟩")]
#[case::in_a_block("```\na\u{202E}b\n```", "⟨U+202E⟩")]
#[case::in_an_image("![a\u{202E}b](https://e.org)", "⟨U+202E⟩")]
#[case::escape("\u{1b}[31mred", "␛[31mred")]
fn a_hidden_character_is_shown(#[case] text: &str, #[case] shown: &str) {
    let html = blocks(text).concat();
    assert!(html.contains(shown), "{html}");
    let hidden = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{E0000}'..='\u{E01EF}' | '\u{200B}' | '\u{FEFF}' | '\u{1b}');
    assert!(!html.contains(hidden), "{html:?}");
}

#[rstest]
#[case::family("👩\u{200D}👩\u{200D}👧\u{200D}👦")]
#[case::skin_tone("👩🏽\u{200D}🚀")]
#[case::flag("🏳\u{FE0F}\u{200D}🌈")]
#[case::heart("❤\u{FE0F}")]
#[case::keycap("1\u{FE0F}\u{20E3}")]
#[case::england("🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}")]
#[case::arabic("مرحبا \u{200F}123")]
#[case::persian("می\u{200C}خواهم")]
#[case::hebrew("שלום עולם")]
#[case::hindi("क\u{94D}\u{200D}ष नमस्ते")]
#[case::tamil("வணக்கம்")]
#[case::thai("สวัสดี")]
#[case::chinese("你好，世界")]
#[case::combining("e\u{301}")]
fn writing_stays_as_it_is(#[case] text: &str) {
    assert_eq!(blocks(text), [format!("<p dir=\"auto\">{text}</p>")]);
}

/// Fails unless the text is rendered as safe HTML that is neither deep nor large.
fn assert_flat(name: &str, text: &str) {
    let blocks = blocks(text);
    let bytes: usize = blocks.iter().map(String::len).sum();
    assert!(bytes <= 200 * text.len(), "{name}: {bytes} bytes of HTML");
    for block in &blocks {
        let depth = scan(block).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
        assert!(depth <= 70, "{name}: {depth} deep");
    }
}

#[test]
fn pathological_text_is_rendered_flat_and_without_amplification() {
    for n in [2_000, 20_000] {
        for (name, text) in pathological(n) {
            assert_flat(&format!("{name} at {n}"), &text);
        }
    }
    assert_eq!(differences(), 0, "the second lock had to step in");
}

#[test]
fn two_hundred_kilobytes_of_nesting_are_rendered_flat() {
    const NESTED: [&str; 8] = [
        "quotes",
        "lists in lists",
        "lists by indentation",
        "nested emphasis",
        "brackets",
        "images in images",
        "a wide table",
        "notes in notes",
    ];
    let nested: Vec<_> = pathological(200_000)
        .into_iter()
        .filter(|(name, _)| NESTED.contains(name))
        .collect();
    assert_eq!(nested.len(), NESTED.len());
    for (name, text) in nested {
        assert_flat(name, &text);
    }
    assert_eq!(differences(), 0, "the second lock had to step in");
}

#[test]
fn pathological_text_is_safe_at_each_step_of_its_way() {
    let mut rng = Rng(7);
    for (name, text) in pathological(4_000) {
        states(&text, &mut rng, 1_500, |page| {
            for block in page.iter().filter(|block| !block.is_empty()) {
                scan(block).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
            }
        });
    }
    assert_eq!(differences(), 0, "the second lock had to step in");
}

#[test]
fn one_endless_paragraph_is_parsed_a_bounded_number_of_times() {
    for n in [5_000, 20_000] {
        let text = "some words ".repeat(n / 11);
        let renderer = states(&text, &mut Rng(11), 24, |_| {});
        let times = renderer.parsed_bytes() / text.len() as u64;
        assert!(times <= 700, "each byte of {n} {times} times");
    }
    let text = "some words ".repeat(10_000);
    let renderer = states(&text, &mut Rng(12), 2_000, |_| {});
    let times = renderer.parsed_bytes() / text.len() as u64;
    assert!(times <= 140, "each byte {times} times");
}

#[test]
fn a_long_code_block_a_long_list_and_many_paragraphs_are_parsed_a_few_times() {
    let mut rng = Rng(8);
    let code = format!("```rust\n{}```\n", "let x = 1;\n".repeat(5_000));
    let list = "- an item of a list\n".repeat(2_500);
    let paragraphs = "Some words, and some more.\n\n".repeat(2_000);
    for (text, most) in [(code, 1), (list, 16), (paragraphs, 16)] {
        let renderer = states(&text, &mut rng, 12, |_| {});
        let times = renderer.parsed_bytes() / text.len() as u64;
        assert!(
            times <= most,
            "each byte of {:?}… {times} times",
            &text[..12]
        );
    }
}

#[test]
fn what_is_too_long_is_cut_with_a_notice_in_both_ways() {
    let text = "word ".repeat(keylm::server::render::MAX_BYTES / 5 + 10);
    let whole = blocks(&text);
    assert_eq!(whole.len(), 2);
    assert!(whole[1].contains("too long"), "{}", whole[1]);
    let many = "a\n\n".repeat(keylm::server::render::MAX_BLOCKS + 5);
    let whole = blocks(&many);
    assert_eq!(whole.len(), keylm::server::render::MAX_BLOCKS + 1);
    let mut last = Vec::new();
    states(&many, &mut Rng(9), 3_000, |page| last = page.to_vec());
    assert_eq!(last, whole);
}
