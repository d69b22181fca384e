//! OpenAI: Chat Completions, and Responses for the models that have nothing else (providers.md §1).

pub(super) mod chat;
pub(super) mod responses;

use super::account::Access;
use super::classify::{self, Said};
use super::decode::Decoding;
use super::{
    API_KEY, ChatRequest, Decoder, LiveModel, ModelPage, OriginInfo, Provider, ProviderError,
    ProviderInfo, WireFailure, WireRequest, wire,
};
use crate::shared::chat::ReasoningEffort::{
    self, High, Low, Max, Medium, Minimal, None as No, Xhigh,
};
use crate::shared::error::ErrorCode;
use chat::Quirks;
use serde::Deserialize;

static INFO: ProviderInfo = ProviderInfo {
    id: "openai",
    name: "OpenAI",
    key_hint: "sk-…",
    docs_url: "https://platform.openai.com/api-keys",
    fields: API_KEY,
    shown: &["key"],
    origins: &[OriginInfo {
        default: "https://api.openai.com/v1",
        var: "OPENAI_BASE_URL",
    }],
};

/// The name of the limit on tokens is the only one that models which reason take.
static QUIRKS: Quirks = Quirks {
    knobs,
    developer: true,
    rule,
    ..Quirks::NONE
};

/// The provider.
pub static OPENAI: OpenAi = OpenAi;

/// OpenAI's own API.
pub struct OpenAi;

impl Provider for OpenAi {
    fn info(&self) -> &'static ProviderInfo {
        &INFO
    }

    fn models_request(
        &self,
        access: &Access<'_>,
        _page: Option<&str>,
    ) -> Result<WireRequest, ProviderError> {
        let key = access.field("key")?;
        Ok(wire::get(
            wire::endpoint(access.origin(0)?, &["models"])?,
            vec![wire::bearer(key)],
        ))
    }

    fn parse_models(&self, body: &[u8]) -> Result<ModelPage, ProviderError> {
        let list: List = serde_json::from_slice(body)
            .map_err(|_| ProviderError::new(ErrorCode::UpstreamError))?;
        let models = list
            .data
            .into_iter()
            .filter(|row| chats(&row.id))
            .filter_map(|row| {
                Some(LiveModel {
                    reasoning: family(&row.id).map(|family| family.reasons),
                    deprecated_at: row.shutdown_date,
                    created: row.created,
                    ..LiveModel::new(row.id.parse().ok()?)
                })
            });
        Ok(ModelPage {
            models: models.collect(),
            next: None,
        })
    }

    fn encode(
        &self,
        access: &Access<'_>,
        request: &ChatRequest,
    ) -> Result<WireRequest, ProviderError> {
        let key = access.field("key")?;
        let (path, body): (&[&str], _) = if responses_only(request.model.as_str()) {
            (&["responses"], responses::body(request, &knobs(request)))
        } else {
            (
                &["chat", "completions"],
                chat::body(&QUIRKS, access, request)?,
            )
        };
        Ok(wire::post(
            wire::endpoint(access.origin(0)?, path)?,
            vec![wire::bearer(key)],
            &body,
        ))
    }

    fn decoder(&self, request: &ChatRequest) -> Box<dyn Decoder> {
        if responses_only(request.model.as_str()) {
            Box::new(Decoding::new(responses::Responses::new(rule)))
        } else {
            chat::decoder(&QUIRKS)
        }
    }

    fn classify(&self, failure: &WireFailure<'_>) -> ProviderError {
        let mut error = classify::failure(failure, rule);
        if error.code == ErrorCode::InsufficientPermission {
            let body = String::from_utf8_lossy(failure.body);
            let scopes = body
                .split_once("Missing scopes:")
                .map_or("", |(_, scopes)| scopes);
            let scopes = scopes.split(['"', '\\']).next().unwrap_or_default();
            let scopes = scopes
                .split(". ")
                .next()
                .unwrap_or_default()
                .trim_end_matches('.');
            // A restricted key may lack this one scope and chat all the same.
            error.list_only = scopes
                .split(',')
                .all(|scope| scope.trim() == "api.model.read");
        }
        error
    }
}

fn rule(said: &Said) -> Option<ErrorCode> {
    // 401, and yet the key is known.
    (said.says("missing scopes") || said.says("insufficient permissions"))
        .then_some(ErrorCode::InsufficientPermission)
}

#[derive(Deserialize)]
struct List {
    data: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    created: Option<i64>,
    shutdown_date: Option<String>,
}

/// What OpenAI lists and nobody can chat with (providers.md §1).
const NO_CHAT: [&str; 20] = [
    "embedding",
    "audio",
    "image",
    "moderation",
    "tts",
    "whisper",
    "realtime",
    "transcribe",
    "translate",
    "sora",
    "dall-e",
    "davinci",
    "babbage",
    "search-preview",
    "search-api",
    "instruct",
    "deep-research",
    "computer-use",
    "gpt-live",
    "omni-",
];

pub(super) fn chats(id: &str) -> bool {
    let base = base_model(id);
    let family = ["gpt", "o", "chatgpt", "codex", "sim-"];
    family.iter().any(|start| base.starts_with(start))
        && !NO_CHAT.iter().any(|word| base.contains(word))
}

/// The model that a fine-tuned one was made from (`ft:gpt-4.1:org::id`), or the model itself.
fn base_model(id: &str) -> &str {
    id.strip_prefix("ft:")
        .and_then(|tuned| tuned.split(':').next())
        .unwrap_or(id)
}

/// `*-pro` and `*-codex*` exist on the Responses API only.
fn responses_only(id: &str) -> bool {
    let mut words = base_model(id).split('-');
    words.any(|word| word == "pro" || word == "codex")
}

/// What a family of models takes.
#[derive(Debug, PartialEq)]
pub(super) struct Family {
    pub(super) reasons: bool,
    /// In ascending order; empty when the parameter is not taken.
    efforts: &'static [ReasoningEffort],
    /// Whether sampling parameters are taken when the effort is `none`.
    samples_unreasoned: bool,
}

/// The family of a model by its id, or `None` for an id that says nothing.
pub(super) fn family(id: &str) -> Option<Family> {
    let id = base_model(id);
    let plain = Family {
        reasons: false,
        efforts: &[],
        samples_unreasoned: false,
    };
    let reasoning = |efforts, samples_unreasoned| Family {
        reasons: true,
        efforts,
        samples_unreasoned,
    };
    if let Some(rest) = id.strip_prefix('o')
        && rest.starts_with(|c: char| c.is_ascii_digit())
    {
        return Some(reasoning(&[Low, Medium, High], false));
    }
    if id.starts_with("chatgpt") {
        return Some(plain);
    }
    if id.starts_with("codex") {
        return Some(reasoning(&[Low, Medium, High], false));
    }
    let rest = id.strip_prefix("gpt-")?;
    let version = wire::version(rest)?;
    if version < (5, 0) || id.contains("-chat") {
        return Some(plain);
    }
    let has = |word: &str| rest.split('-').any(|part| part == word);
    let full: &[_] = &[No, Low, Medium, High, Xhigh, Max];
    Some(match version {
        (5, 0) if has("pro") => reasoning(&[High], false),
        (5, _) if has("pro") => reasoning(&[Medium, High, Xhigh], false),
        (5, 0 | 1) if has("codex") => reasoning(&[Low, Medium, High], false),
        (5, _) if has("codex") => reasoning(&[Low, Medium, High, Xhigh], false),
        (5, 0) => reasoning(&[Minimal, Low, Medium, High], false),
        (5, 1) => reasoning(&[No, Low, Medium, High], true),
        (5, 2..=5) => reasoning(&[No, Low, Medium, High, Xhigh], true),
        (5, _) => reasoning(full, true),
        (6, 1) if has("terra") => reasoning(full, true),
        (6, 0) if has("sol") || has("luna") => reasoning(full, true),
        _ => reasoning(&[Low, Medium, High, Xhigh, Max], false),
    })
}

/// The part of the settings that this model takes.
#[derive(Default)]
pub(super) struct Knobs {
    pub(super) reasons: bool,
    pub(super) effort: Option<ReasoningEffort>,
    pub(super) temperature: Option<f64>,
    pub(super) top_p: Option<f64>,
    pub(super) max_tokens: Option<u64>,
}

impl Knobs {
    /// What is asked for, but for the effort, which each API spells in its own way.
    pub(super) fn all(request: &ChatRequest) -> Self {
        let settings = &request.settings;
        Self {
            reasons: request.capabilities.reasoning,
            effort: None,
            temperature: settings.temperature,
            top_p: settings.top_p,
            max_tokens: wire::max_tokens(request),
        }
    }
}

/// What OpenAI's models take, by their family.
pub(super) fn knobs(request: &ChatRequest) -> Knobs {
    let settings = &request.settings;
    let family = family(request.model.as_str());
    let reasons = family
        .as_ref()
        .map_or(request.capabilities.reasoning, |family| family.reasons);
    let effort = settings
        .reasoning_effort
        .filter(|_| reasons)
        .and_then(|wanted| match &family {
            Some(family) => wire::nearest(wanted, family.efforts),
            None => Some(wanted),
        });
    let samples =
        !reasons || (effort == Some(No) && family.is_some_and(|family| family.samples_unreasoned));
    let all = Knobs::all(request);
    Knobs {
        reasons,
        effort,
        temperature: all.temperature.filter(|_| samples),
        top_p: all.top_p.filter(|_| samples),
        ..all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("o3-mini", true, &[Low, Medium, High], false)]
    #[case("gpt-4o-mini", false, &[], false)]
    #[case("gpt-4.1", false, &[], false)]
    #[case("gpt-5", true, &[Minimal, Low, Medium, High], false)]
    #[case("gpt-5-mini-2025-08-07", true, &[Minimal, Low, Medium, High], false)]
    #[case("gpt-5-chat-latest", false, &[], false)]
    #[case("gpt-5-pro", true, &[High], false)]
    #[case("gpt-5.1", true, &[No, Low, Medium, High], true)]
    #[case("gpt-5.4-mini-2026-03-17", true, &[No, Low, Medium, High, Xhigh], true)]
    #[case("gpt-5.6-sol", true, &[No, Low, Medium, High, Xhigh, Max], true)]
    #[case("gpt-6-astra", true, &[Low, Medium, High, Xhigh, Max], false)]
    #[case("gpt-6.1-sol", true, &[Low, Medium, High, Xhigh, Max], false)]
    #[case("gpt-6.1-terra", true, &[No, Low, Medium, High, Xhigh, Max], true)]
    #[case("gpt-6-luna", true, &[No, Low, Medium, High, Xhigh, Max], true)]
    #[case("ft:gpt-4.1:acme::1", false, &[], false)]
    fn a_family_is_known_by_its_id(
        #[case] id: &str,
        #[case] reasons: bool,
        #[case] efforts: &'static [ReasoningEffort],
        #[case] samples_unreasoned: bool,
    ) {
        assert_eq!(
            family(id),
            Some(Family {
                reasons,
                efforts,
                samples_unreasoned
            })
        );
    }

    #[test]
    fn only_chat_models_are_listed() {
        for id in [
            "gpt-5.4",
            "gpt-4o",
            "o3",
            "chatgpt-4o-latest",
            "codex-mini-latest",
            "gpt-5-pro",
            "ft:gpt-4.1:acme::1",
            "sim-short",
            "gpt-9-nova",
        ] {
            assert!(chats(id), "{id}");
        }
        for id in [
            "text-embedding-3-large",
            "gpt-4o-audio-preview",
            "gpt-image-2",
            "chatgpt-image-latest",
            "whisper-1",
            "omni-moderation-latest",
            "gpt-4o-mini-tts",
            "gpt-realtime",
            "gpt-4o-transcribe",
            "sora-2",
            "dall-e-3",
            "davinci-002",
            "babbage-002",
            "gpt-3.5-turbo-instruct",
            "gpt-4o-search-preview",
            "o3-deep-research",
            "computer-use-preview",
            "ft:davinci-002:acme::1",
            "llama-3",
        ] {
            assert!(!chats(id), "{id}");
        }
    }

    #[test]
    fn pro_and_codex_have_only_the_responses_api() {
        for id in [
            "gpt-5-pro",
            "gpt-5.4-pro-2026-03-05",
            "gpt-5.1-codex-mini",
            "codex-mini-latest",
            "o3-pro",
        ] {
            assert!(responses_only(id), "{id}");
        }
        for id in ["gpt-5.4", "gpt-6.1-sol", "o3", "gpt-4o", "sim-professional"] {
            assert!(!responses_only(id), "{id}");
        }
    }

    #[rstest]
    #[case(
        "Missing scopes: api.model.read. Check that you have the correct role",
        true
    )]
    #[case("Missing scopes: api.model.read", true)]
    #[case("Missing scopes: model.request", false)]
    #[case("Missing scopes: api.model.read, model.request.", false)]
    #[case("Missing scopes: model.request, api.model.read.", false)]
    fn a_key_that_only_cannot_list_is_told_apart(#[case] scopes: &str, #[case] list_only: bool) {
        let body = format!(
            r#"{{"error":{{"message":"You have insufficient permissions for this operation. {scopes}","type":"invalid_request_error","param":null,"code":null}}}}"#
        );
        for status in [401, 403] {
            let error = classify::answered(&OPENAI, status, &[], &body);
            assert_eq!(
                (error.code, error.list_only),
                (ErrorCode::InsufficientPermission, list_only),
                "{body}"
            );
        }
    }
}
