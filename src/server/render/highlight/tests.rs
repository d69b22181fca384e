use super::{MAX_BYTES, code, languages};
use crate::server::render::text::{Place, escape};
use rstest::rstest;

fn coloured(language: &str, text: &str) -> String {
    let mut out = String::new();
    code(language, text, &mut out);
    out
}

fn plain(text: &str) -> String {
    let mut out = String::new();
    escape(text, Place::Code, &mut out);
    out
}

fn without_spans(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let (tag, after) = after.split_once('>').expect("a whole tag");
        assert!(
            tag == "/span" || tag.starts_with("span class=\"h-"),
            "{tag}"
        );
        rest = after;
    }
    out + rest
}

/// The marked parts as `class:text`.
fn marks(language: &str, text: &str) -> Vec<String> {
    let html = coloured(language, text);
    html.split("<span class=\"h-")
        .skip(1)
        .filter_map(|part| {
            let (class, rest) = part.split_once("\">")?;
            Some(format!("{class}:{}", rest.split_once("</span>")?.0))
        })
        .collect()
}

#[rstest]
#[case::rust("rs", "fn f<'a>(x: &'a str) -> Vec<char> { vec!['x', '\\n'] } // end", &["keyword:fn", "variable:'a", "variable:'a", "type:str", "type:Vec", "type:char", "call:vec!", "text:'x'", "text:'\\n'", "comment:// end"])]
#[case::rust_raw("rust", "#[derive(Debug)] r#\"a\"b\"# 1_000u64", &["note:#[derive(Debug)]", "text:r#\"a\"b\"#", "number:1_000u64"])]
#[case::python("python", "@cache\ndef f(x=None):\n    '''doc\n    '''\n    return \"a\" # no", &["note:@cache", "keyword:def", "call:f", "literal:None", "text:'''doc\n    '''", "keyword:return", "text:\"a\"", "comment:# no"])]
#[case::javascript("js", "const a = `x\ny`; /* c */ f(1.5e-3)", &["keyword:const", "text:`x\ny`", "comment:/* c */", "call:f", "number:1.5e-3"])]
#[case::json("json", "{\"a\": [true, \"b\"]}", &["key:\"a\"", "literal:true", "text:\"b\""])]
#[case::shell("bash", "if [ \"$A\" ]; then echo ${B} $1 # c\nfi", &["keyword:if", "text:\"$A\"", "keyword:then", "variable:${B}", "variable:$1", "comment:# c", "keyword:fi"])]
#[case::sql("sql", "SELECT a FROM t WHERE b = 'x''y' -- c", &["keyword:SELECT", "keyword:FROM", "keyword:WHERE", "text:'x'", "text:'y'", "comment:-- c"])]
#[case::html("html", "<a href=\"x\">b &amp; c</a><!-- d -->", &["tag:&lt;a", "key:href", "text:\"x\"", "tag:&gt;", "literal:&amp;amp;", "tag:&lt;/a", "tag:&gt;", "comment:&lt;!-- d --&gt;"])]
#[case::script("html", "<script>let a</script>", &["tag:&lt;script", "tag:&gt;", "keyword:let", "tag:&lt;/script", "tag:&gt;"])]
#[case::css("css", ".a { color: #fff; margin: 2px } @media", &["type:.a", "key:color", "number:#fff", "key:margin", "number:2px", "keyword:@media"])]
#[case::yaml("yaml", "a-b: true # c", &["key:a-b", "literal:true", "comment:# c"])]
#[case::toml("toml", "[a.b]\nc = 1", &["heading:[a.b]", "key:c", "number:1"])]
#[case::diff("diff", "--- a\n+b\n-c\n d", &["heading:--- a", "added:+b", "removed:-c"])]
#[case::markdown("md", "# T\n- `x`", &["heading:# T", "keyword:-", "text:`x`"])]
#[case::c("c", "#include <a.h>\nint x;", &["keyword:#include", "type:int"])]
#[case::unclosed("go", "a := \"b\nc", &["text:\"b"])]
fn a_piece_is_called_what_it_is(
    #[case] language: &str,
    #[case] text: &str,
    #[case] expected: &[&str],
) {
    assert_eq!(marks(language, text), expected);
}

#[test]
fn an_unknown_language_and_long_code_are_plain() {
    assert_eq!(coloured("nothing", "let <a>"), "let &lt;a&gt;");
    let long = "let a;\n".repeat(MAX_BYTES / 7 + 1);
    assert_eq!(coloured("js", &long), plain(&long));
}

/// Every language over bits of all of them: colours change nothing about the text.
#[test]
fn colours_leave_the_text_as_it_is() {
    const BITS: [&str; 48] = [
        "\"", "'", "`", "\\", "/*", "*/", "//", "#", "--", "<", ">", "</", "<!--", "-->",
        "<script>", "</script", "\n", " ", "\t", "$", "${", "}", "{", "@", ":", "=", "[", "]",
        "#[", "'a", "r#\"", "\"#", "1", ".5", "e-", "if", "Name", "NAME", "é", "日本", "\u{202E}",
        "\u{A0}", "&", "&amp;", "+", "-", "%", "\"\"\"",
    ];
    let mut seed = 0x5EED_u64;
    let mut next = move |n: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(seed >> 33).unwrap_or_default() % n
    };
    for name in languages::names() {
        for _ in 0..60 {
            let text: String = (0..next(40)).map(|_| BITS[next(BITS.len())]).collect();
            assert_eq!(
                without_spans(&coloured(name, &text)),
                plain(&text),
                "{name}: {text:?}"
            );
        }
    }
}
