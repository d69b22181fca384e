//! TeX as `MathML`, out of a fixed set of elements; what the library writes beyond that is left out.

use super::text::{Place, escape, visible};
use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};
use std::sync::LazyLock;
use std::thread;

/// Bytes of TeX that are set; longer formulas are shown as their source.
const MAX_TEX: usize = 2_000;

/// Bytes of `MathML` for one formula.
const MAX_OUT: usize = 64 * 1024;

/// Groups inside of each other, in the source and in the result.
const MAX_DEPTH: usize = 20;

/// Commands and groups up to which the reader's own stack is enough.
const SHALLOW: usize = 8;

/// A stack for everything that [`MAX_TEX`] has room for: the library calls itself for each argument.
const STACK: usize = 64 * 1024 * 1024;

/// The elements.
pub(super) const ELEMENTS: [&str; 26] = [
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

/// Their attributes.
pub(super) const ATTRIBUTES: [&str; 23] = [
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

/// Styles that the library writes and that have a class in the style sheet instead.
const CLASSES: [(&str, &str); 4] = [
    ("text-align: left", "math-start"),
    ("text-align: right", "math-end"),
    ("border-right:", "math-line-end"),
    ("border-top:", "math-line-top"),
];

static CONVERTER: LazyLock<Option<LatexToMathML>> = LazyLock::new(|| {
    let macros = [
        ("boxed", r"\begin{array}{|c|}\hline #1 \\ \hline\end{array}"),
        ("textcolor", "{#2}"),
    ];
    let config = MathCoreConfig {
        macros: macros
            .map(|(name, what)| (name.to_owned(), what.to_owned()))
            .into(),
        ..MathCoreConfig::default()
    };
    LatexToMathML::new(config).ok()
});

/// Sets a formula; none when it is not understood or too large.
pub(super) fn set(tex: &str, display: bool) -> Option<String> {
    let depth = depth(tex);
    if tex.is_empty() || tex.len() > MAX_TEX || depth > MAX_DEPTH {
        return None;
    }
    let mut tex = visible(tex).into_owned();
    for numbered in ["align", "equation", "gather", "multline"] {
        tex = tex.replace(&format!("{{{numbered}}}"), &format!("{{{numbered}*}}"));
    }
    let mathml = if depth + tex.matches('\\').count() <= SHALLOW {
        convert(&tex, display)
    } else {
        let roomy = thread::Builder::new().stack_size(STACK);
        let task = roomy.spawn(move || convert(&tex, display)).ok()?;
        task.join().ok()?
    };
    allowed(&mathml?)
}

fn convert(tex: &str, display: bool) -> Option<String> {
    let display = if display {
        MathDisplay::Block
    } else {
        MathDisplay::Inline
    };
    let converter = CONVERTER.as_ref()?;
    let result = converter.convert_with_local_state(tex, display).ok()?;
    Some(result.mathml)
}

/// How deep groups are inside of each other.
fn depth(tex: &str) -> usize {
    let (mut depth, mut most) = (0_usize, 0);
    let opens = tex.match_indices(['{', '}', '[', ']', '\\']);
    for (at, mark) in opens {
        let rest = tex.get(at..).unwrap_or_default();
        let (up, down) = match mark {
            "{" | "[" => (true, false),
            "}" | "]" => (false, true),
            _ => {
                let name = rest.get(1..).unwrap_or_default();
                let end = name.find(|c: char| !c.is_ascii_alphabetic());
                let name = name.get(..end.unwrap_or(name.len()));
                (
                    matches!(name, Some("left" | "begin")),
                    matches!(name, Some("right" | "end")),
                )
            }
        };
        depth = (depth + usize::from(up)).saturating_sub(usize::from(down));
        most = most.max(depth);
    }
    most
}

/// Writes what the library wrote once more, with the elements and attributes of the lists only.
fn allowed(mathml: &str) -> Option<String> {
    let mut out = String::with_capacity(mathml.len());
    let mut open: Vec<&str> = Vec::new();
    let mut rest = mathml;
    while let Some((text, tag)) = rest.split_once('<') {
        write_text(text, &mut out)?;
        let (tag, after) = tag.split_once('>')?;
        rest = after;
        let (tag, closed) = match tag.strip_suffix('/') {
            Some(tag) => (tag, true),
            None => (tag, false),
        };
        if let Some(name) = tag.strip_prefix('/') {
            if is_element(name) {
                open.pop().filter(|known| *known == name)?;
                write_parts(&["</", name, ">"], &mut out);
            }
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        if !is_element(name) {
            // Styled words in a text: the words stay.
            if open.last() == Some(&"mtext") {
                continue;
            }
            return None;
        }
        out.push('<');
        out.push_str(name);
        write_attributes(name, attributes, &mut out)?;
        out.push('>');
        if closed {
            write_parts(&["</", name, ">"], &mut out);
        } else {
            open.push(name);
        }
        if open.len() > MAX_DEPTH + 10 || out.len() > MAX_OUT {
            return None;
        }
    }
    write_text(rest, &mut out)?;
    open.is_empty().then_some(out)
}

fn write_parts(parts: &[&str], out: &mut String) {
    for part in parts {
        out.push_str(part);
    }
}

fn write_text(text: &str, out: &mut String) -> Option<()> {
    let mut rest = text;
    while let Some((before, entity)) = rest.split_once('&') {
        escape(before, Place::Plain, out);
        let (entity, after) = entity.split_once(';')?;
        let c = match entity {
            "lt" => "<",
            "gt" => ">",
            "amp" => "&",
            "quot" => "\"",
            "#x27" | "#39" | "apos" => "'",
            _ => return None,
        };
        escape(c, Place::Plain, out);
        rest = after;
    }
    escape(rest, Place::Plain, out);
    Some(())
}

fn write_attributes(element: &str, attributes: &str, out: &mut String) -> Option<()> {
    let mut rest = attributes.trim();
    while !rest.is_empty() {
        let (name, value) = rest.split_once("=\"")?;
        let (value, after) = value.split_once('"')?;
        rest = after.trim_start();
        if name == "style" && element == "mtd" {
            let classes: Vec<&str> = CLASSES
                .iter()
                .filter(|(style, _)| value.contains(style))
                .map(|(_, class)| *class)
                .collect();
            if !classes.is_empty() {
                write_parts(&[" class=\"", &classes.join(" "), "\""], out);
            }
        } else if !matches!(name, "class" | "tabindex")
            && ATTRIBUTES.contains(&name)
            && is_value(name, value)
        {
            write_parts(&[" ", name, "=\"", value, "\""], out);
        }
    }
    if element == "math" && out.ends_with("display=\"block\"") {
        // It scrolls by itself where it is wider than the page.
        out.push_str(" tabindex=\"0\"");
    }
    Some(())
}

/// Whether an element may be there.
pub(super) fn is_element(name: &str) -> bool {
    ELEMENTS.contains(&name)
}

/// Whether an attribute may have that value: a word, or a length that is not meant to move things about.
pub(super) fn is_value(name: &str, value: &str) -> bool {
    if name == "class" {
        let mut classes = value.split(' ');
        return classes.all(|class| CLASSES.iter().any(|(_, known)| *known == class));
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b".-% ".contains(&b);
    let number: String = value
        .chars()
        .take_while(|c| c.is_ascii_digit() || matches!(c, '.' | '-'))
        .collect();
    let small = number.is_empty() || number.parse::<f32>().is_ok_and(|n| n.abs() <= 20.0);
    value.len() <= 40 && value.bytes().all(plain) && small
}
