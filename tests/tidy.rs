//! The architecture test: who may name what. Every rule says why, and every rule is shown to be able to fail.
//!
//! Comments and the contents of string literals never count. Test modules answer only to the rules about time and
//! the environment.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A source file with everything removed that is not code.
struct Source {
    /// Relative to the root of the repository, with `/`.
    path: String,
    /// The code without its test modules.
    code: String,
    /// The code with them.
    all: String,
    /// The string literals of the code.
    literals: Vec<Literal>,
}

/// A string literal: what it says, and the code on both sides of it.
struct Literal {
    line: usize,
    before: String,
    text: String,
    after: String,
}

impl Literal {
    /// The plain literals of `code`, which is `text` with all of them blanked but for their quotes.
    fn all(text: &str, code: &str) -> Vec<Self> {
        let (text, code): (Vec<char>, Vec<char>) = (text.chars().collect(), code.chars().collect());
        let quotes: Vec<usize> = (0..code.len()).filter(|at| code[*at] == '"').collect();
        let (pairs, _) = quotes.as_chunks::<2>();
        let literal = |&[open, close]: &[usize; 2]| {
            let before: String = code[open.saturating_sub(60)..open].iter().collect();
            let after: String = code[close + 1..].iter().take(60).collect();
            Self {
                line: code[..open].iter().filter(|c| **c == '\n').count() + 1,
                before: before.trim_end().to_owned(),
                text: text[open + 1..close].iter().collect(),
                after: after.trim_start().to_owned(),
            }
        };
        pairs.iter().map(literal).collect()
    }

    /// Whether people read it: as a text or a label of a view, or because it is a sentence.
    fn is_read(&self) -> bool {
        let Self { before, after, .. } = self;
        let words = || self.text.split(|c: char| !c.is_alphabetic());
        let says = words().any(|word| word.chars().count() > 1);
        let arrow = before.ends_with("=>") || before.ends_with("->");
        let pattern = ["=>", "|", "if "]
            .iter()
            .any(|sign| after.starts_with(sign));
        let node = (before.ends_with('>') && !arrow || before.ends_with('}')) && !pattern;
        let label = LABELS.iter().any(|name| before.ends_with(name));
        let sentence = self.text.starts_with(char::is_uppercase)
            && self.text.contains(' ')
            && words().any(|word| word.chars().filter(|c| c.is_lowercase()).count() > 2);
        !NAMES.contains(&self.text.as_str()) && (says && (node || label) || sentence)
    }
}

/// What may be read the same in every language.
const NAMES: [&str; 1] = ["KeyLM"];

/// Attributes that people read or hear.
const LABELS: [&str; 7] = [
    "alt=",
    "aria-label=",
    " hint=",
    "label=",
    "placeholder=",
    " text=",
    "title=",
];

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let all = blank_comments_and_literals(text);
        let code = if path.ends_with("/tests.rs") {
            String::new()
        } else {
            blank_test_modules(&all)
        };
        Self {
            path: path.to_owned(),
            literals: Literal::all(text, &code),
            code,
            all,
        }
    }

    /// Whether the file is `stem.rs` or lies below `stem/`.
    fn within(&self, stem: &str) -> bool {
        self.path == format!("{stem}.rs") || self.path.starts_with(&format!("{stem}/"))
    }

    fn within_any(&self, stems: &[&str]) -> bool {
        stems.iter().any(|stem| self.within(stem))
    }

    /// The module's path, `crate` first.
    fn module(&self) -> Vec<String> {
        let inner = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let mut module = vec!["crate".to_owned()];
        if inner != "lib" && inner != "main" {
            module.extend(inner.split('/').map(str::to_owned));
        }
        module
    }
}

/// Replaces what the compiler does not read as code by spaces; lines keep their numbers.
fn blank_comments_and_literals(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut out = String::with_capacity(text.len());
    let blank = |out: &mut String, c: char| out.push(if c == '\n' { '\n' } else { ' ' });
    let mut i = 0;
    while i < chars.len() {
        let word_before = i > 0 && (at(i - 1).is_alphanumeric() || at(i - 1) == '_');
        if at(i) == '/' && at(i + 1) == '/' {
            while i < chars.len() && at(i) != '\n' {
                blank(&mut out, at(i));
                i += 1;
            }
        } else if at(i) == '/' && at(i + 1) == '*' {
            let mut depth = 0;
            loop {
                if at(i) == '/' && at(i + 1) == '*' {
                    depth += 1;
                    blank(&mut out, at(i));
                    i += 1;
                } else if at(i) == '*' && at(i + 1) == '/' {
                    depth -= 1;
                    blank(&mut out, at(i));
                    i += 1;
                }
                blank(&mut out, at(i));
                i += 1;
                if depth == 0 || i >= chars.len() {
                    break;
                }
            }
        } else if at(i) == 'r' && !word_before && matches!(at(i + 1), '"' | '#') && {
            let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
            at(i + 1 + hashes) == '"'
        } {
            let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
            let mut end = i + 2 + hashes;
            while end < chars.len() && !(at(end) == '"' && (1..=hashes).all(|n| at(end + n) == '#'))
            {
                end += 1;
            }
            for c in &chars[i..(end + 1 + hashes).min(chars.len())] {
                blank(&mut out, *c);
            }
            i = end + 1 + hashes;
        } else if at(i) == '"' {
            out.push('"');
            i += 1;
            while i < chars.len() && at(i) != '"' {
                let step = if at(i) == '\\' { 2 } else { 1 };
                for n in 0..step {
                    blank(&mut out, at(i + n));
                }
                i += step;
            }
            out.push('"');
            i += 1;
        } else if at(i) == '\'' && (at(i + 1) == '\\' || at(i + 2) == '\'') {
            // A character literal; anything else that starts with an apostrophe is a lifetime.
            let mut end = i + if at(i + 1) == '\\' { 3 } else { 2 };
            while end < chars.len() && at(end) != '\'' {
                end += 1;
            }
            for _ in i..=end {
                out.push(' ');
            }
            i = end + 1;
        } else {
            out.push(at(i));
            i += 1;
        }
    }
    out
}

/// Blanks `#[cfg(test)] mod name { … }`.
fn blank_test_modules(code: &str) -> String {
    let mut out = code.to_owned();
    let mut from = 0;
    while let Some(start) = out[from..].find("#[cfg(test)]").map(|n| n + from) {
        from = start + 1;
        let Some(open) = out[start..].find('{').map(|n| n + start) else {
            break;
        };
        let head = &out[start + "#[cfg(test)]".len()..open];
        if !head.split_whitespace().any(|word| word == "mod") || head.contains(';') {
            continue;
        }
        let mut depth = 0;
        let end = out[open..]
            .char_indices()
            .find(|(_, c)| {
                depth += match c {
                    '{' => 1,
                    '}' => -1,
                    _ => 0,
                };
                depth == 0
            })
            .map_or(out.len(), |(n, _)| open + n + 1);
        let blanked: String = out[start..end]
            .chars()
            .map(|c| if c == '\n' { '\n' } else { ' ' })
            .collect();
        out = format!("{}{blanked}{}", &out[..start], &out[end..]);
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where `needle` stands in `code` as words of its own: (line, offset).
fn find_words(code: &str, needle: &str) -> Vec<(usize, usize)> {
    code.match_indices(needle)
        .filter(|(at, _)| {
            let before = code[..*at].chars().next_back();
            let after = code[at + needle.len()..].chars().next();
            let cut = |edge: bool, next: Option<char>| edge && next.is_some_and(is_word);
            !cut(needle.starts_with(is_word), before) && !cut(needle.ends_with(is_word), after)
        })
        .map(|(at, _)| (line_of(code, at), at))
        .collect()
}

fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}

/// Every path that begins with `crate`, `self` or `super`, made absolute, with `use` groups spelled out: (line, path).
fn crate_paths(source: &Source) -> Vec<(usize, String)> {
    let mut paths = Vec::new();
    for root in ["crate::", "super::", "self::"] {
        for (line, at) in find_words(&source.code, root) {
            // Not the middle of a longer path (`super::super::x` counts once, from its start).
            if source.code[..at].ends_with("::") {
                continue;
            }
            for path in expand(&source.code[at..]) {
                paths.push((line, absolute(&source.module(), &path)));
            }
        }
    }
    paths
}

/// The paths of the `use` tree or plain path that `text` begins with.
fn expand(text: &str) -> Vec<String> {
    let mut head = String::new();
    for (at, c) in text.char_indices() {
        match c {
            c if is_word(c) || c == ':' => head.push(c),
            '{' => {
                let mut depth = 0;
                let mut start = at + 1;
                let mut out = Vec::new();
                for (n, c) in text[at..].char_indices() {
                    let n = at + n;
                    match c {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        _ => {}
                    }
                    if (c == ',' && depth == 1) || depth == 0 {
                        for tail in expand(text[start..n].trim()) {
                            out.push(match tail.as_str() {
                                "self" => head.trim_end_matches(':').to_owned(),
                                tail => format!("{head}{tail}"),
                            });
                        }
                        start = n + 1;
                    }
                    if depth == 0 {
                        break;
                    }
                }
                return out;
            }
            _ => break,
        }
    }
    let head = head.trim_end_matches(':').to_owned();
    if head.is_empty() { vec![] } else { vec![head] }
}

fn absolute(module: &[String], path: &str) -> String {
    let mut base = module.to_vec();
    let mut rest = Vec::new();
    for (n, part) in path.split("::").enumerate() {
        match part {
            "crate" if n == 0 => base.truncate(1),
            "self" if n == 0 => {}
            "super" if rest.is_empty() => {
                base.pop();
            }
            part => rest.push(part.to_owned()),
        }
    }
    base.extend(rest);
    base.join("::")
}

/// `path` is `zone` or something in it.
fn in_zone(path: &str, zone: &str) -> bool {
    path == zone
        || path
            .strip_prefix(zone)
            .is_some_and(|rest| rest.starts_with("::"))
}

/// One rule about the text of files.
struct Rule {
    reason: &'static str,
    check: fn(&Source) -> Vec<(usize, String)>,
    /// A file that keeps the rule, and one that breaks it: (path, text).
    good: (&'static str, &'static str),
    bad: (&'static str, &'static str),
}

/// The words of `words` that occur, unless the file may use them.
fn words(code: &str, allowed: bool, words: &[&str]) -> Vec<(usize, String)> {
    if allowed {
        return vec![];
    }
    words
        .iter()
        .flat_map(|word| {
            find_words(code, word)
                .into_iter()
                .map(move |(line, _)| (line, format!("`{word}`")))
        })
        .collect()
}

/// The crate paths below `roots` that lie in none of `zones`, or, when `deny` is set, in one of them.
fn reaches(source: &Source, applies: bool, zones: &[&str], deny: bool) -> Vec<(usize, String)> {
    if !applies {
        return vec![];
    }
    crate_paths(source)
        .into_iter()
        .filter(|(_, path)| zones.iter().any(|zone| in_zone(path, zone)) == deny)
        .map(|(line, path)| (line, format!("`{path}`")))
        .collect()
}

const RULES: &[Rule] = &[
    Rule {
        reason: "zones carry the split between server and browser, so `cfg(feature` stays in lib.rs",
        check: |source| {
            words(
                &source.all,
                source.path == "src/lib.rs",
                &["(feature =", "(feature="],
            )
        },
        good: ("src/lib.rs", "#[cfg(feature = \"ssr\")] pub mod server;"),
        bad: ("src/ui/app.rs", "#[cfg(not(feature = \"ssr\"))] fn f() {}"),
    },
    Rule {
        reason: "what runs in a browser is audited in one place, src/client",
        check: |source| {
            let allowed = source.within("src/client") || source.path == "src/lib.rs";
            words(
                &source.code,
                allowed,
                &[
                    "web_sys",
                    "js_sys",
                    "wasm_bindgen",
                    "wasm_bindgen_futures",
                    "gloo_net",
                    "gloo",
                ],
            )
        },
        good: ("src/client/storage.rs", "use web_sys::Storage;"),
        bad: ("src/ui/app.rs", "let window = web_sys::window();"),
    },
    Rule {
        reason: "queries have one home, src/server/store",
        check: |source| words(&source.code, source.within("src/server/store"), &["sqlx"]),
        good: ("src/server/store/users.rs", "sqlx::query(sql)"),
        bad: (
            "src/server/services/accounts.rs",
            "use sqlx::Row; // select",
        ),
    },
    Rule {
        reason: "one egress, time-out and redaction policy: only the transport knows the HTTP client",
        check: |source| {
            let allowed = source.path == "src/server/providers/transport.rs";
            words(&source.code, allowed, &["reqwest"])
        },
        good: (
            "src/server/providers/transport.rs",
            "reqwest::Client::builder()",
        ),
        bad: (
            "src/server/providers/openai.rs",
            "fn f(client: &reqwest::Client) {}",
        ),
    },
    Rule {
        reason: "business rules know no transport: no axum and no leptos in services, store, providers, crypto, engine",
        check: |source| {
            let zones = ["services", "store", "providers", "crypto", "engine"];
            let inside = zones
                .iter()
                .any(|zone| source.within(&format!("src/server/{zone}")));
            words(
                &source.code,
                !inside,
                &[
                    "axum",
                    "leptos",
                    "leptos_axum",
                    "leptos_router",
                    "leptos_meta",
                ],
            )
        },
        good: ("src/server/http/keys.rs", "use axum::Json;"),
        bad: ("src/server/services/keys.rs", "use axum::http::StatusCode;"),
    },
    Rule {
        reason: "the server is free of UI except where it is put together and where it renders the page",
        check: |source| {
            let allowed = !source.within("src/server")
                || ["boot", "router", "ctx", "state", "error", "page"]
                    .iter()
                    .any(|file| source.path == format!("src/server/{file}.rs"));
            words(
                &source.code,
                allowed,
                &["leptos", "leptos_router", "leptos_meta"],
            )
        },
        good: ("src/server/page.rs", "use leptos::prelude::*;"),
        bad: ("src/server/http/chat.rs", "use leptos::prelude::*;"),
    },
    Rule {
        reason: "shared depends on no other zone",
        check: |source| {
            reaches(
                source,
                source.within("src/shared"),
                &["crate::shared"],
                false,
            )
        },
        good: ("src/shared/chat.rs", "use super::ids::ThreadId;"),
        bad: ("src/shared/chat.rs", "use crate::client::storage;"),
    },
    Rule {
        reason: "client depends on shared and api only",
        check: |source| {
            reaches(
                source,
                source.within("src/client"),
                &["crate::shared", "crate::api", "crate::client"],
                false,
            )
        },
        good: ("src/client/side.rs", "use crate::api::threads;"),
        bad: ("src/client/stream.rs", "use crate::{shared, ui::app};"),
    },
    Rule {
        reason: "pages are printed on the server: the browser has no leptos (docs/decisions/0006)",
        check: |source| {
            let inside = source.within_any(&["src/client", "src/shared"]);
            words(
                &source.code,
                !inside,
                &["leptos", "leptos_router", "leptos_meta"],
            )
        },
        good: ("src/ui/app.rs", "use leptos::prelude::*;"),
        bad: ("src/client/dom.rs", "use leptos::prelude::set_timeout;"),
    },
    Rule {
        reason: "ui only prints; what listens to the pages is in client",
        check: |source| reaches(source, source.within("src/ui"), &["crate::client"], true),
        good: ("src/ui/app.rs", "use crate::api::keys::list_keys;"),
        bad: ("src/ui/app.rs", "use crate::client::dom;"),
    },
    Rule {
        reason: "a server function knows how the browser calls it, and nothing else of client",
        check: |source| {
            let mut found = reaches(source, source.within("src/api"), &["crate::client"], true);
            found.retain(|(_, path)| !path.starts_with("`crate::client::server::"));
            found
        },
        good: (
            "src/api/keys.rs",
            "fn f() { crate::client::server::call() }",
        ),
        bad: ("src/api/keys.rs", "fn f() { crate::client::dom::here() }"),
    },
    Rule {
        reason: "the browser has the texts of words/live.rs: the catalog itself would bring all others along",
        check: |source| {
            let catalog = ["Words", ".words()", "Printed", ".printed()"];
            words(&source.code, !source.within("src/client"), &catalog)
        },
        good: ("src/client/clock.rs", "(super::words().frame.ago)(age)"),
        bad: (
            "src/client/clock.rs",
            "(dom::language().words().frame.ago)(age)",
        ),
    },
    Rule {
        reason: "ui reaches the server only through api",
        check: |source| reaches(source, source.within("src/ui"), &["crate::server"], true),
        good: ("src/ui/app.rs", "use crate::api::keys::list_keys;"),
        bad: (
            "src/ui/app.rs",
            "fn f() { crate::server::services::keys::list() }",
        ),
    },
    Rule {
        reason: "the browser compiles api too, so it names the server inside function bodies only",
        check: |source| {
            let at_top_level = |line: &usize| {
                let before: String = source
                    .code
                    .lines()
                    .take(line - 1)
                    .flat_map(str::chars)
                    .collect();
                before.matches('{').count() == before.matches('}').count()
            };
            reaches(source, source.within("src/api"), &["crate::server"], true)
                .into_iter()
                .filter(|(line, _)| at_top_level(line))
                .collect()
        },
        good: (
            "src/api/keys.rs",
            "pub async fn list() {\n    use crate::server::ctx::Ctx;\n}",
        ),
        bad: (
            "src/api/keys.rs",
            "use crate::server::ctx::Ctx;\npub async fn list() {}",
        ),
    },
    Rule {
        reason: "the store is the lowest layer: it knows no service, no provider and no HTTP",
        check: |source| {
            let above = [
                "crate::server::services",
                "crate::server::engine",
                "crate::server::providers",
                "crate::server::http",
                "crate::server::gateway",
                "crate::server::router",
                "crate::server::ctx",
                "crate::server::state",
                "crate::ui",
                "crate::api",
                "crate::client",
            ];
            reaches(source, source.within("src/server/store"), &above, true)
        },
        good: ("src/server/store/keys.rs", "use super::{Db, StoreError};"),
        bad: (
            "src/server/store/keys.rs",
            "use crate::server::{clock::Clock, services::{keys, usage}};",
        ),
    },
    Rule {
        reason: "a provider is a translator: it knows no store and no service",
        check: |source| {
            let above = [
                "crate::server::store",
                "crate::server::services",
                "crate::server::engine",
                "crate::server::http",
                "crate::server::gateway",
                "crate::server::state",
            ];
            reaches(source, source.within("src/server/providers"), &above, true)
        },
        good: (
            "src/server/providers/openai.rs",
            "use super::{Frame, Provider};",
        ),
        bad: (
            "src/server/providers/openai.rs",
            "use super::super::store::Db;",
        ),
    },
    Rule {
        reason: "services know no HTTP",
        check: |source| {
            let above = [
                "crate::server::http",
                "crate::server::gateway",
                "crate::server::router",
                "crate::ui",
                "crate::api",
            ];
            let inside = source.within_any(&["src/server/services", "src/server/engine"]);
            reaches(source, inside, &above, true)
        },
        good: (
            "src/server/services/keys.rs",
            "use crate::server::store::Db;",
        ),
        bad: (
            "src/server/services/keys.rs",
            "use crate::server::http::Session;",
        ),
    },
    Rule {
        reason: "what people read stands in the catalog, src/shared/words, in every language",
        check: |source| {
            let literals = source.literals.iter().filter(|_| source.within("src/ui"));
            literals
                .filter(|literal| literal.is_read())
                .map(|literal| (literal.line, format!("{:?}", literal.text)))
                .collect()
        },
        good: (
            "src/ui/app.rs",
            r#"view! { <p class="big" title=words.title>{words.text}" · "</p> } // "Not this.""#,
        ),
        bad: ("src/ui/app.rs", r#"view! { <p>"Sign in"</p> }"#),
    },
    Rule {
        reason: "time comes from the injected clock, in tests too",
        check: |source| {
            words(
                &source.all,
                source.path == "src/server/clock.rs",
                &["SystemTime::now", "Utc::now", "OffsetDateTime::now_utc"],
            )
        },
        good: ("src/server/clock.rs", "SystemTime::now()"),
        bad: (
            "src/server/store/keys.rs",
            "#[cfg(test)] mod tests { fn f() { std::time::SystemTime::now(); } }",
        ),
    },
    Rule {
        reason: "only the configuration reads the environment",
        check: |source| {
            words(
                &source.all,
                source.within("src/server/config"),
                &["env::var", "env::var_os", "env::vars"],
            )
        },
        good: ("src/server/config/http.rs", "std::env::var(\"KEYLM_ADDR\")"),
        bad: (
            "src/server/router.rs",
            "let address = std::env::var(\"KEYLM_ADDR\");",
        ),
    },
    Rule {
        reason: "a module is name.rs beside name/",
        check: |source| {
            let broken = source.path.ends_with("/mod.rs");
            broken
                .then(|| (1, "mod.rs".to_owned()))
                .into_iter()
                .collect()
        },
        good: ("src/server/store.rs", ""),
        bad: ("src/server/store/mod.rs", ""),
    },
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return found;
    };
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn sources() -> Vec<Source> {
    let sources: Vec<Source> = files(&root().join("src"))
        .iter()
        .filter(|path| path.extension().is_some_and(|kind| kind == "rs"))
        .map(|path| {
            let relative = path
                .strip_prefix(root())
                .expect("a file of the repository")
                .to_str()
                .expect("a UTF-8 path")
                .replace('\\', "/");
            Source::new(&relative, &fs::read_to_string(path).expect("UTF-8 source"))
        })
        .collect();
    assert!(sources.len() > 5, "the sources were not found");
    sources
}

#[test]
fn the_sources_keep_every_rule() {
    let sources = sources();
    let broken: Vec<String> = RULES
        .iter()
        .flat_map(|rule| sources.iter().map(move |source| (rule, source)))
        .flat_map(|(rule, source)| {
            (rule.check)(source)
                .into_iter()
                .map(|(line, what)| format!("{}:{line}: {what}: {}", source.path, rule.reason))
        })
        .collect();
    assert!(
        broken.is_empty(),
        "architecture rules are broken:\n{}",
        broken.join("\n")
    );
}

#[test]
fn every_rule_can_fail_and_can_hold() {
    for rule in RULES {
        let check = |(path, text): (&str, &str)| (rule.check)(&Source::new(path, text));
        assert!(
            check(rule.good).is_empty(),
            "refuses its own good example: {}",
            rule.reason
        );
        assert!(
            !check(rule.bad).is_empty(),
            "misses its own bad example: {}",
            rule.reason
        );
    }
}

#[test]
fn what_people_read_is_found_wherever_it_stands() {
    let read = |code: &str| {
        let source = Source::new("src/ui/app.rs", code);
        let read = source.literals.iter().filter(|literal| literal.is_read());
        read.map(|literal| literal.text.clone()).collect::<Vec<_>>()
    };
    for (code, text) in [
        (r#"<h1 class="x">"Models"</h1>"#, "Models"),
        ("<p>\n    \"in two\"\n</p>", "in two"),
        (r#"{icon("key")}"Key""#, "Key"),
        (r#"<button aria-label="Close" class="x">"#, "Close"),
        (r#"<Title text="Settings"/>"#, "Settings"),
        (r#"toasts.done("It was done.")"#, "It was done."),
        (r#"if on { "Switch it off" } else { on }"#, "Switch it off"),
    ] {
        assert_eq!(read(code), [text], "{code}");
    }
    for code in [
        r#"<p class="small muted" data-part="Key">{text}" · "{more}</p>"#,
        r#"match key { "Escape" => {} "Enter" | "Tab" => {} "Home" if on => {} _ => {} }"#,
        r#"<a class="brand" href="/">{icon("key")}"KeyLM"</a>"#,
        r#"<path d="M4 7h16M4 12h16"/>"#,
        r#"#[cfg(test)] mod tests { const A: &str = "A sentence here."; }"#,
    ] {
        assert!(read(code).is_empty(), "{code}: {:?}", read(code));
    }
}

#[test]
fn comments_literals_and_test_modules_do_not_count() {
    let text = r##"
        //! axum::Json is named in words only.
        /* use axum::Json; /* nested */ axum:: */
        const A: &str = "axum::Json \" axum::";
        const B: &str = r#"axum::"#;
        const C: [char; 2] = ['"', '\''];
        fn f<'a>(x: &'a str) -> &'a str { x }
        #[cfg(test)]
        mod tests { use axum::Json; fn g() { if true {} } }
    "##;
    let source = Source::new("src/server/services/keys.rs", text);
    assert_eq!(words(&source.code, false, &["axum"]), []);
    assert!(source.code.contains("fn f<'a>(x: &'a str)"));

    let outside = Source::new("src/server/services/keys/tests.rs", "use axum::Json;");
    assert_eq!(words(&outside.code, false, &["axum"]), []);

    let after = format!("{text}\nuse axum::Json;");
    let source = Source::new("src/server/services/keys.rs", &after);
    assert_eq!(words(&source.code, false, &["axum"]).len(), 1);
}

#[test]
fn grouped_and_relative_paths_are_seen_through() {
    let text = "use super::{a::{self, b}, c as d}; fn f() -> crate::x::Y {}";
    let source = Source::new("src/server/store/keys.rs", text);
    let mut paths: Vec<String> = crate_paths(&source)
        .into_iter()
        .map(|(_, path)| path)
        .collect();
    paths.sort();
    assert_eq!(
        paths,
        [
            "crate::server::store::a",
            "crate::server::store::a::b",
            "crate::server::store::c",
            "crate::x::Y",
        ]
    );
}

/// The ids that `text`, a provider's file, declares in its static facts.
fn provider_ids(text: &str) -> BTreeSet<String> {
    text.split("ProviderInfo {")
        .skip(1)
        .filter_map(|info| {
            info.split('}')
                .next()?
                .split("id: \"")
                .nth(1)?
                .split('"')
                .next()
        })
        .map(str::to_owned)
        .collect()
}

/// What is wrong with the recorded cases of `provider`: each is a folder, and three are the least.
fn missing_cases(provider: &str, cases: usize) -> Option<String> {
    (cases < 3)
        .then(|| format!("{provider}: {cases} of at least 3 cases in tests/transcripts/{provider}"))
}

#[test]
fn every_provider_has_recorded_evidence() {
    let ids: BTreeSet<String> = files(&root().join("src/server/providers"))
        .iter()
        .filter(|path| path.extension().is_some_and(|kind| kind == "rs"))
        .flat_map(|path| provider_ids(&fs::read_to_string(path).expect("UTF-8 source")))
        .collect();
    let missing: Vec<String> = ids
        .iter()
        .filter_map(|id| {
            let folder = root().join("tests/transcripts").join(id);
            let cases: BTreeSet<_> = files(&folder)
                .iter()
                .filter_map(|file| file.parent().map(Path::to_path_buf))
                .collect();
            missing_cases(id, cases.len())
        })
        .collect();
    assert!(
        missing.is_empty(),
        "a provider without recordings is a guess: {missing:#?}"
    );
}

#[test]
fn a_provider_without_recordings_is_noticed() {
    let text = r#"static INFO: ProviderInfo = ProviderInfo { id: "acme", name: "Acme" };"#;
    assert_eq!(provider_ids(text), BTreeSet::from(["acme".to_owned()]));
    assert!(missing_cases("acme", 2).is_some());
    assert_eq!(missing_cases("acme", 3), None);
}

/// The `key = value` lines of `[package.metadata.leptos]`.
fn leptos_keys(text: &str) -> BTreeMap<&str, &str> {
    text.lines()
        .skip_while(|line| line.trim() != "[package.metadata.leptos]")
        .skip(1)
        .take_while(|line| !line.trim_start().starts_with('['))
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim(), value.trim()))
        .collect()
}

/// What is wrong with `settings`, a Leptos.toml, beside `manifest`, a Cargo.toml.
fn mirror_faults(settings: &str, manifest: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let last = settings.lines().rev().find(|line| line.starts_with('['));
    if last != Some("[package.metadata.leptos]") {
        faults.push(format!("the last section is {last:?}"));
    }
    let manifest = leptos_keys(manifest);
    let mirrored = leptos_keys(settings);
    if mirrored.is_empty() {
        faults.push("the section is empty".to_owned());
    }
    for (key, value) in mirrored {
        if manifest.get(key) != Some(&value) {
            faults.push(format!(
                "{key} = {value} here, {:?} there",
                manifest.get(key)
            ));
        }
    }
    faults
}

#[test]
fn the_last_section_of_leptos_toml_mirrors_cargo_toml() {
    let faults = mirror_faults(&read("Leptos.toml"), &read("Cargo.toml"));
    assert!(
        faults.is_empty(),
        "leptos reads Leptos.toml from its last section on, cargo-leptos reads Cargo.toml: {faults:#?}"
    );
}

#[test]
fn a_wrong_mirror_is_noticed() {
    let manifest = "[package.metadata.leptos]\noutput-name = \"a\"\n[x]\nsite-root = \"b\"";
    let good = "[settings]\n[package.metadata.leptos]\noutput-name = \"a\"\n";
    assert_eq!(mirror_faults(good, manifest), Vec::<String>::new());
    for bad in [
        "[package.metadata.leptos]\noutput-name = \"b\"",
        "[package.metadata.leptos]\nsite-root = \"b\"",
        "[package.metadata.leptos]\noutput-name = \"a\"\n[settings]",
        "[package.metadata.leptos]",
        "",
    ] {
        assert_ne!(mirror_faults(bad, manifest), Vec::<String>::new(), "{bad}");
    }
}
