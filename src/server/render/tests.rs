//! The renderer by example, and the stream against it.

mod flash;

use super::{Context, StreamRenderer, blocks, blocks_within, differences, plain_text_title};
use crate::shared::chat::ViewEvent;
use crate::shared::words::Language;
use rstest::rstest;

/// A client: what it shows after the patches.
#[derive(Default)]
struct Page {
    blocks: Vec<String>,
    vanished: usize,
}

impl Page {
    fn apply(&mut self, patches: Vec<ViewEvent>) {
        for patch in patches {
            let ViewEvent::Patch { b, at, h } = patch else {
                panic!("only patches are sent")
            };
            assert!(
                b <= self.blocks.len(),
                "block {b} comes after {}",
                self.blocks.len()
            );
            if b == self.blocks.len() {
                self.blocks.push(String::new());
            }
            let block = &mut self.blocks[b];
            assert!(block.is_char_boundary(at), "{at} in {block:?}");
            block.truncate(at);
            block.push_str(&h);
            self.vanished += usize::from(block.is_empty());
        }
    }

    fn ended(mut self) -> Vec<String> {
        while self.blocks.last().is_some_and(String::is_empty) {
            self.blocks.pop();
        }
        self.blocks
    }
}

/// xorshift64*: a run can be repeated from its seed.
struct Rng(u64);

impl Rng {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % n
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

fn stream(text: &str, rng: &mut Rng, most: usize) -> (Vec<String>, usize) {
    let mut renderer = StreamRenderer::new();
    let mut page = Page::default();
    let mut rest = text;
    while !rest.is_empty() {
        let mut at = (1 + rng.below(most)).min(rest.len());
        while !rest.is_char_boundary(at) {
            at += 1;
        }
        renderer.push(&rest[..at]);
        rest = &rest[at..];
        if rng.below(4) > 0 {
            page.apply(renderer.patches());
        }
    }
    page.apply(renderer.finish());
    let vanished = page.vanished;
    (page.ended(), vanished)
}

const PARTS: &[&str] = &[
    "word ",
    "two words",
    "\n",
    "\n",
    "\n\n",
    "\n\n",
    "# ",
    "## Title\n",
    "- ",
    "- item\n",
    "* star\n",
    "+ plus\n",
    "1. ",
    "1. one\n",
    "2. two\n",
    "7) seven\n",
    "  ",
    "    ",
    "   - nested\n",
    "\t",
    "> ",
    "> quote\n",
    "```\n",
    "```rust\n",
    "````\n",
    "~~~\n",
    "let x = 1 < 2;\n",
    "**",
    "*",
    "_",
    "__",
    "`",
    "``",
    "~~",
    "~",
    "[",
    "]",
    "](",
    ")",
    "(",
    "[a](https://e.org/x)",
    "[a]: https://e.org\n",
    "[a]: https://e.org",
    "'title",
    "\"title\"\n",
    "[a]",
    "[a][b]",
    "[^1]",
    "[^1]: note\n",
    "![alt](https://e.org/i.png)",
    "<https://e.org>",
    "<b>",
    "</b>",
    "<div>\n",
    "</div>\n",
    "<!-- ",
    "-->",
    "<br>",
    "<script>",
    "<pre>\n",
    "<d",
    "| a | b |\n",
    "|---|---|\n",
    "| 1 | 2 |\n",
    "|:-:|--:|\n",
    "|",
    "a|b\n",
    "-|-\n",
    "---\n",
    "===\n",
    "***\n",
    "- - -\n",
    "- [ ] todo\n",
    "- [x] done\n",
    "[ ] ",
    "\\",
    "\\\n",
    "  \n",
    "&amp;",
    "&lt;",
    "&#13;",
    "&nbsp;",
    "&",
    "<",
    ">",
    "\"",
    "'",
    "\r\n",
    "\r",
    "\0",
    "é",
    "日本語",
    "👩\u{200D}👩\u{200D}👧",
    "\u{202E}",
    "\u{E0041}\u{E0042}\u{E0043}\u{E0044}\u{E0045}",
    "\u{200B}",
    "\u{A0}",
    "\u{FEFF}",
    "שלום",
    "नमस्ते",
    "می\u{200C}خواهم",
    "https://e.org/a_b_c?x=1&y=2",
    "$5 and $6",
    "$",
    "$$",
    "$x$",
    "$$x^2$$",
    "$$\na\n",
    "\\(",
    "\\)",
    "\\(a*b\\)",
    "\\[",
    "\\]",
    "\\[\na &= b \\\\\n- c\n\\]\n",
    "\n- b\n$$",
    "\u{1}",
    "\u{2}",
    "[^n]",
    "[^n]: a note\n",
    "\u{1b}[0m",
    ":",
    "=",
    "1",
    "9.",
    "!",
    "![",
    "{",
    "}",
    "\u{85}",
    "\u{2028}",
];

fn generated(rng: &mut Rng) -> String {
    (0..=rng.below(40)).map(|_| rng.pick(PARTS)).collect()
}

/// Whether some way to cut the text up ends differently from the whole.
fn differs(text: &str) -> bool {
    let whole = blocks(text);
    (1..12).any(|seed| {
        [1, 4, 30]
            .into_iter()
            .any(|most| stream(text, &mut Rng(seed * 77), most).0 != whole)
    })
}

/// The smallest text found by leaving out parts that still fails.
fn shrunk(text: &str, fails: impl Fn(&str) -> bool) -> String {
    let mut best: Vec<char> = text.chars().collect();
    let mut len = best.len() / 2;
    while len > 0 {
        let mut at = 0;
        while at + len <= best.len() {
            let shorter: String = best[..at].iter().chain(&best[at + len..]).collect();
            if fails(&shorter) {
                best = shorter.chars().collect();
            } else {
                at += 1;
            }
        }
        len /= 2;
    }
    best.into_iter().collect()
}

#[test]
fn a_stream_in_any_chunks_ends_as_the_whole_text_reads() {
    let mut rng = Rng(0x5EED);
    let mut vanished = 0;
    for _ in 0..500 {
        let text = generated(&mut rng);
        let most = [1, 3, 8, 200][rng.below(4)];
        let (streamed, gone) = stream(&text, &mut rng, most);
        vanished += gone;
        if streamed != blocks(&text) {
            let small = if differs(&text) {
                shrunk(&text, differs)
            } else {
                text
            };
            panic!("{small:?} reads {:?}", blocks(&small));
        }
    }
    assert!(
        vanished <= 2,
        "blocks that were shown vanished {vanished} times"
    );
    assert_eq!(differences(), 0);
}

#[rstest]
#[case::paragraph("a *b* **c** ~~d~~ `e`", &["<p dir=\"auto\">a <em>b</em> <strong>c</strong> <del>d</del> <code>e</code></p>"])]
#[case::two_blocks("# T\n\ntext", &["<h1 dir=\"auto\">T</h1>", "<p dir=\"auto\">text</p>"])]
#[case::raw_html("<b onclick=x>hi</b>", &["<p dir=\"auto\">&lt;b onclick=x&gt;hi&lt;/b&gt;</p>"])]
#[case::html_block("<script>\nalert(1)\n</script>", &["<p dir=\"auto\">&lt;script&gt;<br>alert(1)<br>&lt;/script&gt;</p>"])]
#[case::line_break("a<br/>b", &["<p dir=\"auto\">a<br>b</p>"])]
#[case::image("![a cat](https://e.org/c.png?d=1)", &["<p dir=\"auto\"><span class=\"image-chip\">image: a cat → e.org</span></p>"])]
#[case::image_without_words("![](//e.org/c.png)", &["<p dir=\"auto\"><span class=\"image-chip\">image → e.org</span></p>"])]
#[case::other_scheme("[x](javascript:alert(1)) <ftp://a/b>", &["<p dir=\"auto\">x ftp://a/b</p>"])]
#[case::list_is_always_paragraphs("- a\n- b", &["<ul><li dir=\"auto\"><p dir=\"auto\">a</p></li><li dir=\"auto\"><p dir=\"auto\">b</p></li></ul>"])]
#[case::numbered("3. a", &["<ol start=\"3\"><li dir=\"auto\"><p dir=\"auto\">a</p></li></ol>"])]
#[case::task("- [x] a", &["<ul><li dir=\"auto\"><p dir=\"auto\"><input type=\"checkbox\" disabled=\"\" checked=\"\" aria-label=\"done\"> a</p></li></ul>"])]
#[case::definition_stays_visible("[1]: /x", &["<p dir=\"auto\">[1]: /x</p>"])]
#[case::money("$5 and $6", &["<p dir=\"auto\">$5 and $6</p>"])]
#[case::nothing(" \n\n", &[])]
#[case::formula("a $x$ b", &["<p dir=\"auto\">a <math><mi>x</mi></math> b</p>"])]
#[case::formula_in_brackets("\\(x\\)", &["<p dir=\"auto\"><math><mi>x</mi></math></p>"])]
#[case::formula_of_its_own("$$\nx\n- y\n$$", &["<p dir=\"auto\"><math display=\"block\" tabindex=\"0\"><mi>x</mi><mo>−</mo><mi>y</mi></math></p>"])]
#[case::formula_in_square_brackets("> \\[\n> x\n> \\]", &["<blockquote dir=\"auto\"><p dir=\"auto\"><math display=\"block\" tabindex=\"0\"><mi>x</mi></math></p></blockquote>"])]
#[case::formula_with_marks("$a*b*c$", &["<p dir=\"auto\"><math><mi>a</mi><mo lspace=\"0.2222em\" rspace=\"0.2222em\">∗</mo><mi>b</mi><mo lspace=\"0.2222em\" rspace=\"0.2222em\">∗</mo><mi>c</mi></math></p>"])]
#[case::formula_that_nobody_knows("$\\foo{x}$", &["<p dir=\"auto\"><code>\\foo{x}</code></p>"])]
#[case::formula_that_loads("$$\\includegraphics{https://e.org/a.png}$$", &["<p dir=\"auto\"><code>\\includegraphics{https://e.org/a.png}</code></p>"])]
#[case::prices("$5 and $10, $5-$10, $5/$10, US$5 or 5$, $1,000", &["<p dir=\"auto\">$5 and $10, $5-$10, $5/$10, US$5 or 5$, $1,000</p>"])]
#[case::names("$HOME and $PATH, `$x$`, \\$x$ y", &["<p dir=\"auto\">$HOME and $PATH, <code>$x$</code>, $x$ y</p>"])]
#[case::no_end("\\[ x\n\n\\] y", &["<p dir=\"auto\">[ x</p>", "<p dir=\"auto\">] y</p>"])]
#[case::what_stands_for_a_formula("\u{1}\u{2} $x$", &["<p dir=\"auto\">␁␂ <math><mi>x</mi></math></p>"])]
#[case::another_host("[https://good.test](https://evil.test/)", &["<p dir=\"auto\"><a href=\"https://evil.test/\" title=\"https://evil.test/\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">https://good.test</a> <span class=\"link-host\">→ evil.test</span></p>"])]
#[case::note_without_a_good_label("a[^x y]", &["<p dir=\"auto\">a[^x y]</p>"])]
fn markdown_reads_as_expected(#[case] markdown: &str, #[case] html: &[&str]) {
    assert_eq!(blocks(markdown), html);
}

#[test]
fn a_code_block_says_its_language_and_what_can_be_done_with_it() {
    assert_eq!(
        blocks("```Rust,ignore\nlet a = b < c;\n```\n"),
        [
            "<div class=\"code\"><div class=\"block-head\"><span class=\"code-lang\">rust</span>\
          <button type=\"button\" class=\"block-button\" data-do=\"wrap\">\
          <span class=\"if-long\">Wrap</span><span class=\"if-wrapped\">Unwrap</span></button>\
          <button type=\"button\" class=\"block-button\" data-do=\"save\" data-name=\"code.rs\">Download</button>\
          <button type=\"button\" class=\"block-button\" data-do=\"code\">Copy</button></div>\
          <pre tabindex=\"0\"><code class=\"language-rust\"><span class=\"h-keyword\">let</span> a = b &lt; c;</code></pre></div>"
        ]
    );
    assert!(blocks("```\nx\n```")[0].contains("<span class=\"code-lang\">text</span>"));
    assert!(blocks("~~~ \"><script>\nx\n~~~")[0].contains("language-text"));
}

#[test]
fn a_link_opens_elsewhere_and_tells_where_it_leads() {
    assert_eq!(
        blocks("[x](https://e.org/?a=1&b=\"2\")"),
        [
            "<p dir=\"auto\"><a href=\"https://e.org/?a=1&amp;b=&quot;2&quot;\" title=\"https://e.org/?a=1&amp;b=&quot;2&quot;\" \
          target=\"_blank\" rel=\"noopener noreferrer nofollow\">x</a></p>"
        ]
    );
    assert!(blocks("<me@e.org>")[0].contains("href=\"mailto:me@e.org\""));
}

#[test]
fn a_table_scrolls_by_itself_and_says_where_its_columns_stand() {
    assert_eq!(
        blocks("| a | b |\n|--:|---|\n| 1 | 2 |"),
        [
            "<div class=\"table\"><div class=\"table-scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table>\
          <thead><tr><th class=\"align-right\" dir=\"auto\" scope=\"col\">a</th><th dir=\"auto\" scope=\"col\">b</th></tr></thead>\
          <tbody><tr><td class=\"align-right\" dir=\"auto\">1</td><td dir=\"auto\">2</td></tr></tbody></table></div>\
          <div class=\"block-foot\"><button type=\"button\" class=\"block-button\" data-do=\"csv\">Copy as CSV</button></div></div>"
        ]
    );
}

#[rstest]
#[case("# The *plan*\nmore", "The plan")]
#[case("\n\n- [a](https://e.org) `b`\n- c", "a b")]
#[case("hi\u{E0041}\u{202E} there", "hi there")]
#[case("", "")]
fn a_title_is_the_first_line_without_marks(#[case] markdown: &str, #[case] title: &str) {
    assert_eq!(plain_text_title(markdown), title);
}

#[test]
fn a_long_title_is_cut_between_words() {
    let title = plain_text_title(&"wonderful ".repeat(20));
    assert_eq!(title, "wonderful wonderful wonderful wonderful wonderful…");
    assert!(plain_text_title(&"x".repeat(500)).chars().count() <= 60);
}

#[rstest]
#[case::strong("a **bo", "<p dir=\"auto\">a <strong>bo</strong></p>")]
#[case::strong_just_opened("a **", "<p dir=\"auto\">a</p>")]
#[case::strong_half_closed("a **bo*", "<p dir=\"auto\">a <strong>bo</strong></p>")]
#[case::nested("a **b *c", "<p dir=\"auto\">a <strong>b <em>c</em></strong></p>")]
#[case::code("a `co", "<p dir=\"auto\">a <code>co</code></p>")]
#[case::code_hides_emphasis("a `*co", "<p dir=\"auto\">a <code>*co</code></p>")]
#[case::strike("a ~~b", "<p dir=\"auto\">a <del>b</del></p>")]
#[case::about("about ~5", "<p dir=\"auto\">about ~5</p>")]
#[case::product("2 * 3", "<p dir=\"auto\">2 * 3</p>")]
#[case::snake("a snake_case", "<p dir=\"auto\">a snake_case</p>")]
#[case::link_text("see [the te", "<p dir=\"auto\">see the te</p>")]
#[case::link_address("see [text](https://e.o", "<p dir=\"auto\">see text</p>")]
#[case::link_title("see [text](https://e.org \"ti", "<p dir=\"auto\">see text</p>")]
#[case::no_link("call f[x](a b", "<p dir=\"auto\">call f[x](a b</p>")]
#[case::image("see ![alt](https://e.org/i", "<p dir=\"auto\">see</p>")]
#[case::autolink("see <https://e.o", "<p dir=\"auto\">see</p>")]
#[case::item(
    "- **a",
    "<ul><li dir=\"auto\"><p dir=\"auto\"><strong>a</strong></p></li></ul>"
)]
#[case::bullet_only("- ", "")]
#[case::task_only("- [x", "")]
#[case::rule_or_heading("a\n--", "<p dir=\"auto\">a</p>")]
#[case::fence_without_language("```ru", "")]
#[case::number_only("42", "")]
fn what_is_not_finished_looks_finished(#[case] text: &str, #[case] html: &str) {
    let mut renderer = StreamRenderer::new();
    renderer.push(text);
    let mut page = Page::default();
    page.apply(renderer.patches());
    assert_eq!(page.blocks.concat(), html);
}

#[test]
fn an_open_fence_is_a_code_block_that_only_grows() {
    let mut renderer = StreamRenderer::new();
    let mut page = Page::default();
    for part in ["```rust\n", "let", " a;\n", "let b", ";\n``"] {
        renderer.push(part);
        let patches = renderer.patches();
        for patch in &patches {
            let ViewEvent::Patch { h, .. } = patch else {
                panic!("only patches are sent")
            };
            assert!(
                page.blocks.is_empty() || h.len() < 40,
                "only what is new: {h}"
            );
        }
        page.apply(patches);
        assert!(page.blocks.concat().ends_with("</code></pre></div>"));
    }
    assert!(
        page.blocks[0].contains("<code class=\"language-rust\">let a;\nlet b;</code>"),
        "{:?}",
        page.blocks
    );
    renderer.push("`\nafter");
    page.apply(renderer.finish());
    assert!(
        page.blocks[0].contains("<span class=\"h-keyword\">let</span> a;\n"),
        "the colours come at the end: {:?}",
        page.blocks
    );
    assert_eq!(page.blocks[1..], ["<p dir=\"auto\">after</p>"]);
}

#[test]
fn the_head_of_a_table_is_one_before_the_line_below_it() {
    let mut renderer = StreamRenderer::new();
    let mut page = Page::default();
    renderer.push("| a | b");
    page.apply(renderer.patches());
    assert!(
        page.blocks[0].contains("<th dir=\"auto\" scope=\"col\">b</th>"),
        "{:?}",
        page.blocks
    );
    renderer.push(" |\n|--");
    assert_eq!(renderer.patches(), [], "nothing new to see");
    renderer.push("-|---|\n| 1");
    page.apply(renderer.patches());
    assert!(
        page.blocks[0].contains("<td dir=\"auto\">1</td>"),
        "{:?}",
        page.blocks
    );
}

#[test]
fn closed_blocks_are_never_sent_again() {
    let mut renderer = StreamRenderer::new();
    renderer.push("# One\n\nTwo\n\nThree\n");
    assert_eq!(renderer.patches().len(), 3);
    renderer.push("more");
    let patches = renderer.patches();
    assert!(
        matches!(patches.as_slice(), [ViewEvent::Patch { b: 2, at: 19, h }] if h == "\nmore</p>"),
        "{patches:?}"
    );
}

#[rstest]
#[case::bare("see https://e.org/a_b?c=1&d.", "https://e.org/a_b?c=1&amp;d")]
#[case::in_brackets("(https://e.org/a_(b))", "https://e.org/a_(b)")]
#[case::strong("**https://e.org**", "https://e.org")]
#[case::before_chinese("https://e.org，好", "https://e.org")]
fn a_bare_address_is_a_link(#[case] text: &str, #[case] href: &str) {
    let html = blocks(text).concat();
    assert!(
        html.contains(&format!("<a href=\"{href}\" title=\"{href}\"")),
        "{html}"
    );
}

#[rstest]
#[case::in_a_word("xhttps://e.org")]
#[case::in_code("`https://e.org`")]
#[case::no_host("https://")]
#[case::someones_password("https://good.test@evil.test")]
fn what_is_no_address_stays_text(#[case] text: &str) {
    assert!(!blocks(text).concat().contains("<a "), "{:?}", blocks(text));
}

#[test]
fn a_list_that_turns_loose_does_not_change_what_was_shown() {
    let tight = blocks("- a\n- b").concat();
    let loose = blocks("- a\n\n- b").concat();
    assert_eq!(tight, loose);
}

#[test]
fn a_note_and_what_refers_to_it_lead_to_each_other_within_their_message() {
    let mut context = Context::new(64, "01-ab", Language::English);
    let html = blocks_within(&mut context, "One[^a], two[^a].\n\n[^a]: Why.\n").concat();
    let rel = "rel=\"noopener noreferrer nofollow\"";
    assert_eq!(
        html,
        format!(
            "<p dir=\"auto\">One<sup><a class=\"note-ref\" id=\"ref-01-ab-a\" href=\"#note-01-ab-a\" {rel}>a</a></sup>, \
             two<sup><a class=\"note-ref\" href=\"#note-01-ab-a\" {rel}>a</a></sup>.</p>\
             <div class=\"note\" id=\"note-01-ab-a\"><a class=\"note-label\" href=\"#ref-01-ab-a\" {rel}>a</a>\
             <p dir=\"auto\">Why.</p></div>"
        )
    );
}

#[test]
fn what_stands_around_a_text_is_in_the_readers_language() {
    let markdown = "- [x] a\n\n| a |\n|---|\n\n```\nx\n```\n";
    for language in Language::ALL {
        let words = &language.printed().block;
        let html = blocks_within(&mut Context::new(64, "m", language), markdown).concat();
        for word in [
            words.done,
            words.table,
            words.copy_csv,
            words.wrap,
            words.unwrap,
            words.download,
            words.copy,
        ] {
            assert!(html.contains(word), "{word} in {html}");
        }
    }
    assert_eq!(differences(), 0);
}

#[test]
fn what_is_deeper_than_allowed_is_text_and_is_noticed() {
    let render = |most, text: &str| {
        let mut context = Context::new(most, "m", Language::English);
        let whole = blocks_within(&mut context, text).concat();
        let mut stream = StreamRenderer::within(Context::new(most, "m", Language::English));
        stream.push(text);
        let _ = stream.finish();
        assert_eq!(stream.too_deep(), context.too_deep());
        (
            whole.matches("<blockquote").count(),
            whole.contains("deep"),
            context.too_deep(),
        )
    };
    assert_eq!(render(4, "> > > deep"), (3, true, false));
    assert_eq!(render(3, "> > > deep"), (3, true, false));
    assert_eq!(render(2, "> > > deep"), (2, true, true));
    let abyss = format!("{} deep", "> ".repeat(100));
    assert_eq!(render(64, &abyss), (64, true, true));
}
