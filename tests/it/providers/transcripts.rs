//! `tests/transcripts/<provider>/<case>`: the question (`case.json`), the request that it must become
//! (`request.json`), what the provider sent (`response.sse`, or `response.bin`
//! where it is no text) and what that means (`events.snap`).
//! A recording is evidence: it is never changed to make a test pass.

use super::{KEY, access, account, decode, provider};
use keylm::server::providers::{ChatRequest, REGISTRY, Turn};
use keylm::shared::chat::{ChatSettings, Role};
use keylm::shared::model::Capabilities;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case {
    model: String,
    #[serde(default)]
    capabilities: Capabilities,
    max_output_tokens: Option<u64>,
    system: Option<String>,
    turns: Vec<(Role, String)>,
    #[serde(default)]
    settings: ChatSettings,
}

impl Case {
    fn request(self) -> ChatRequest {
        let turns = self.turns.into_iter();
        ChatRequest {
            model: self.model.parse().expect("a model id"),
            capabilities: self.capabilities,
            max_output_tokens: self.max_output_tokens,
            system: self.system,
            turns: turns.map(|(role, text)| Turn { role, text }).collect(),
            settings: self.settings,
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths
}

/// Every case as (provider, folder).
fn cases() -> Vec<(String, PathBuf)> {
    let providers = entries(&folder()).into_iter();
    let cases = providers.flat_map(|provider| {
        let id = provider
            .file_name()
            .and_then(|name| name.to_str())
            .expect("UTF-8")
            .to_owned();
        entries(&provider)
            .into_iter()
            .map(move |case| (id.clone(), case))
    });
    cases.collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn question(case: &Path) -> ChatRequest {
    let case: Case = serde_json::from_str(&read(&case.join("case.json"))).expect("a case");
    case.request()
}

#[test]
fn every_question_becomes_the_expected_request() {
    for (id, case) in cases() {
        let provider = provider(&id);
        let wire = provider
            .encode(&access(&account(provider)), &question(&case))
            .expect("a request");
        let mut secrets = wire.secret_headers.iter();
        assert!(
            secrets.all(|(_, secret)| secret.expose().ends_with(KEY)),
            "{}",
            case.display()
        );
        let body: Value = serde_json::from_str(&wire.body.expect("a body")).expect("JSON");
        let found = json!({
            "method": wire.method.as_str(),
            "url": wire.url.as_str(),
            "headers": wire.headers,
            "secretHeaders": wire.secret_headers.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            "body": body,
        });
        let expected: Value =
            serde_json::from_str(&read(&case.join("request.json"))).expect("JSON");
        assert_eq!(found, expected, "{}", case.display());
    }
}

#[test]
fn every_recording_decodes_to_its_snapshot() {
    for (id, case) in cases() {
        let response = case.join("response.sse");
        let bytes = fs::read(response).or_else(|_| fs::read(case.join("response.bin")));
        let bytes = bytes.expect("a recording");
        let request = question(&case);
        let events = decode(provider(&id), &request, &[&bytes]);
        insta::with_settings!({
            snapshot_path => &case,
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_debug_snapshot!("events", events);
        });
        for at in 0..bytes.len() {
            let (head, tail) = bytes.split_at(at);
            assert_eq!(
                decode(provider(&id), &request, &[head, tail]),
                events,
                "{} cut at {at}",
                case.display()
            );
        }
    }
}

#[test]
fn every_provider_has_recordings_and_no_folder_is_left_over() {
    let cases = cases();
    for provider in REGISTRY {
        let id = provider.info().id;
        assert!(
            cases.iter().filter(|(provider, _)| provider == id).count() >= 5,
            "{id}"
        );
    }
    for (id, case) in &cases {
        provider(id);
        let files = entries(case);
        let names: Vec<_> = files
            .iter()
            .filter_map(|file| file.file_name()?.to_str())
            .collect();
        let [files @ .., response] = names.as_slice() else {
            panic!("{} is empty", case.display())
        };
        assert_eq!(
            files,
            ["case.json", "events.snap", "request.json"],
            "{}",
            case.display()
        );
        assert!(
            ["response.sse", "response.bin"].contains(response),
            "{}",
            case.display()
        );
    }
}

/// Whether a word of `text` looks like a credential: a known prefix and a long tail.
fn key_shaped(text: &str) -> bool {
    let prefixes = [
        "sk-", "AIza", "AQ.", "gsk_", "xai-", "vck_", "ABSK", "AKIA", "ya29.",
    ];
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.split(|c| !word(c)).any(|word| {
        let tail = prefixes.iter().find_map(|prefix| word.strip_prefix(prefix));
        tail.is_some_and(|tail| tail.len() >= 16)
    })
}

#[test]
fn no_recording_holds_a_key() {
    for (_, case) in cases() {
        for file in entries(&case) {
            let text = String::from_utf8_lossy(&fs::read(&file).expect("a file")).into_owned();
            assert!(!key_shaped(&text), "{}", file.display());
        }
    }
    assert!(key_shaped("{\"key\":\"sk-proj-0123456789abcdef\"}"));
}
