//! What is not finished never shows its marks, whatever the reader sees on the way.

use super::Page;
use crate::server::render::{StreamRenderer, blocks, differences};
use crate::shared::chat::ViewEvent;

/// Texts in which no mark is meant to be read.
const DOCUMENTS: &[&str] = &[
    "Some **bold words** and *slanted* and ***both***, then `code` and ~~gone~~.\n\nNext **bold\nover lines** end.\n",
    "# A **bold** title\n\n- one **two**\n- [a link](https://example.org/a_b \"title\") after\n  - `deep` **er**\n\n1. first *x*\n2. second\n",
    "See [the **manual**](https://example.org/x?a=1&b=2), ![a picture](https://example.org/i.png) and <https://example.org>.\n",
    "```rust\nlet a = \"b\";\n\nfn c() {}\n```\n\nAfter.\n\n~~~\nplain\n~~~\n- item\n\n  ```js\n  const x = 1;\n  ```\n",
    "| head **a** | `b` |\n|---|:--:|\n| one *two* | [x](https://example.org) |\n| **three** | 4 |\n\nAfter.\n",
    "- [ ] to **do**\n- [x] done\n\n> A **quote** with `code`\n> and [more](https://example.org/).\n",
    "A formula $x^2 + \\frac{1}{2}$ in a line, \\(a \\le b\\) as well.\n\n$$\n\\int_0^1 x \\, dx\n- 2\n$$\n\nThen\n\\[\n\\begin{aligned}\na &= b \\\\\n+ c &= d\n\\end{aligned}\n\\]\nand words.\n",
    "It costs $5 and $10, or $20–$30.\n\n- in a list \\(x\\)\n- $$y_1$$ shown\n\n| f | g |\n|---|---|\n| $|x|$ | \\(y\\) |\n",
    "A claim.[^1] Another one[^note] too.\n\n[^1]: The **source** of it.\n[^note]: With a [link](https://example.org).\n",
    "[![a badge](https://example.org/b.svg)](https://example.org) and ![an **image** here](https://example.org/i.png) end.\n",
    "日本語の**太字**と`コード`、[リンク](https://example.org/)。\n\nمرحبا **بك** في $x$.\n",
];

/// Marks, and what is left of them.
const MARKS: &[&str] = &[
    "**", "```", "~~", "](", "[the", "\\(", "\\[", "\\frac", "\\begin", "$$", "$x", "|--", "| one",
    "[ ]", "[x]", "[^", "![", "<https",
];

fn read(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some((text, tag)) = rest.split_once('<') {
        out.push_str(text);
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    (out + rest).replace("&lt;", "<").replace("&gt;", ">")
}

#[test]
fn no_prefix_of_a_text_shows_a_mark() {
    for document in DOCUMENTS {
        let mut renderer = StreamRenderer::new();
        let mut page = Page::default();
        let mut seen = String::new();
        for c in document.chars() {
            seen.push(c);
            renderer.push(c.encode_utf8(&mut [0; 4]));
            page.apply(renderer.patches());
            for block in &page.blocks {
                let text = read(block);
                for mark in MARKS {
                    assert!(!text.contains(mark), "{mark} in {text:?} after {seen:?}");
                }
            }
        }
        page.apply(renderer.finish());
        assert_eq!(page.ended(), blocks(document));
    }
    assert_eq!(differences(), 0);
}

#[test]
fn a_finished_block_is_never_touched_again() {
    for document in DOCUMENTS {
        let mut renderer = StreamRenderer::new();
        let mut last = 0;
        let mut each = |patches: Vec<ViewEvent>| {
            for patch in patches {
                let ViewEvent::Patch { b, .. } = patch else {
                    panic!("only patches are sent")
                };
                assert!(b + 1 >= last, "block {b} after {last} of {document:?}");
                last = last.max(b);
            }
        };
        for c in document.chars() {
            renderer.push(c.encode_utf8(&mut [0; 4]));
            each(renderer.patches());
        }
        each(renderer.finish());
    }
}
