//! Groq (providers.md §4).

use super::classify::{self, Said};
use super::compatible::{self, Compatible};
use super::decode::{count, text};
use super::openai::{
    Knobs,
    chat::{More, Quirks},
};
use super::{API_KEY, ChatRequest, LiveModel, OriginInfo, ProviderEvent, ProviderInfo, wire};
use crate::shared::chat::ReasoningEffort::{self, High, Low, Medium};
use crate::shared::error::ErrorCode;
use serde_json::{Value, json};

static INFO: ProviderInfo = ProviderInfo {
    id: "groq",
    name: "Groq",
    key_hint: "gsk_…",
    docs_url: "https://console.groq.com/keys",
    fields: API_KEY,
    shown: &["key"],
    origins: &[OriginInfo {
        default: "https://api.groq.com/openai/v1",
        var: "GROQ_BASE_URL",
    }],
};

pub(super) static QUIRKS: Quirks = Quirks {
    knobs,
    asks_usage: false,
    more: MORE,
    rule,
    watch: |chunk| {
        let error = text(chunk, "/x_groq/error")?;
        let error = classify::in_stream(&json!({ "error": error }), rule);
        Some(ProviderEvent::Failed(error))
    },
    ..Quirks::NONE
};

/// The provider.
pub static GROQ: Compatible = Compatible {
    models: |rows| rows.iter().filter_map(model).collect(),
    ..Compatible::new(&INFO, &QUIRKS)
};

/// What Groq lists and nobody can chat with.
const NO_CHAT: [&str; 4] = ["whisper", "tts", "guard", "orpheus"];

fn model(row: &Value) -> Option<LiveModel> {
    let model = compatible::plain(row)?;
    let gone = row.get("active") == Some(&Value::Bool(false));
    let chats = !NO_CHAT.iter().any(|word| model.id.as_str().contains(word));
    (chats && !gone).then(|| LiveModel {
        context_window: count(row, "/context_window"),
        max_output_tokens: count(row, "/max_completion_tokens"),
        ..model
    })
}

const GPT_OSS: &[ReasoningEffort] = &[Low, Medium, High];

fn knobs(request: &ChatRequest) -> Knobs {
    let wanted = request.settings.reasoning_effort;
    let wanted = wanted.filter(|_| request.model.as_str().contains("gpt-oss"));
    Knobs {
        effort: wanted.and_then(|wanted| wire::nearest(wanted, GPT_OSS)),
        ..Knobs::all(request)
    }
}

/// Qwen thinks or does not, and mixes its thoughts into the answer unless it is told otherwise.
const MORE: More = |_, request, body| {
    if request.model.as_str().contains("qwen3") {
        body.insert("reasoning_format".to_owned(), json!("parsed"));
        let effort = request
            .settings
            .reasoning_effort
            .map(|wanted| match wanted {
                ReasoningEffort::None => "none",
                _ => "default",
            });
        body.extend(effort.map(|effort| ("reasoning_effort".to_owned(), json!(effort))));
    }
    Ok(())
};

fn rule(said: &Said) -> Option<ErrorCode> {
    match said.status {
        _ if said.has("over_capacity") || said.says("over capacity") => Some(ErrorCode::Overloaded),
        Some(498..=599) => Some(ErrorCode::Overloaded),
        _ => None,
    }
}
