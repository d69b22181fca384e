//! Ollama (providers.md §13), where the operator has one.

use super::classify::Said;
use super::compatible::Compatible;
use super::openai::{Knobs, chat::Quirks};
use super::{ChatRequest, FieldInfo, FieldKind, OriginInfo, ProviderInfo, wire};
use crate::shared::chat::ReasoningEffort::{self, High, Low, Max, Medium, None as No};
use crate::shared::error::ErrorCode;

static INFO: ProviderInfo = ProviderInfo {
    id: "ollama",
    name: "Ollama",
    key_hint: "none, unless a proxy in front of it wants one",
    docs_url: "https://docs.ollama.com/api/openai-compatibility",
    fields: &[FieldInfo {
        name: "key",
        label: "API key (if there is one)",
        kind: FieldKind::Secret,
        required: false,
    }],
    shown: &["key"],
    origins: &[OriginInfo {
        default: "",
        var: "OLLAMA_BASE_URL",
    }],
};

static QUIRKS: Quirks = Quirks {
    knobs,
    cap: "max_tokens",
    rule,
    ..Quirks::NONE
};

/// The provider.
pub static OLLAMA: Compatible = Compatible {
    headers: |access| Ok(wire::bearer_if_any(access)),
    list: |access| wire::endpoint(access.origin(0)?, &["v1", "models"]),
    chat: |access, _| wire::endpoint(access.origin(0)?, &["v1", "chat", "completions"]),
    ..Compatible::new(&INFO, &QUIRKS)
};

const EFFORTS: &[ReasoningEffort] = &[No, Low, Medium, High, Max];

fn knobs(request: &ChatRequest) -> Knobs {
    let all = Knobs::all(request);
    let wanted = request.settings.reasoning_effort.filter(|_| all.reasons);
    Knobs {
        effort: wanted.and_then(|wanted| wire::nearest(wanted, EFFORTS)),
        ..all
    }
}

fn rule(said: &Said) -> Option<ErrorCode> {
    said.says("does not support thinking")
        .then_some(ErrorCode::UnsupportedParam)
}
