//! The two lists: models, and the inference profiles through which most of them are called.

use crate::server::providers::LiveModel;
use crate::server::providers::decode::count;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub(super) enum List {
    Models {
        model_summaries: Vec<Summary>,
    },
    Profiles {
        inference_profile_summaries: Vec<Profile>,
        next_token: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    model_id: String,
    model_name: Option<String>,
    #[serde(default)]
    input_modalities: Vec<String>,
    #[serde(default)]
    output_modalities: Vec<String>,
    response_streaming_supported: Option<bool>,
    #[serde(default)]
    inference_types_supported: Vec<String>,
    /// Seen, and not in the specification.
    #[serde(default)]
    converse: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Profile {
    inference_profile_id: String,
    inference_profile_name: Option<String>,
    status: Option<String>,
}

/// What answers to text with text; others are listed as text models, too.
fn converses(id: &str) -> bool {
    const OTHER: [&str; 9] = [
        "embed",
        "rerank",
        "stability",
        "twelvelabs",
        "canvas",
        "reel",
        "sonic",
        "image",
        "guardrail",
    ];
    !OTHER.iter().any(|word| id.contains(word))
}

/// A model that can be called by its own id; the rest is called through a profile.
pub(super) fn model(row: Summary) -> Option<LiveModel> {
    let has = |list: &[String], wanted: &str| list.iter().any(|one| one == wanted);
    let chats = has(&row.output_modalities, "TEXT")
        && has(&row.input_modalities, "TEXT")
        && has(&row.inference_types_supported, "ON_DEMAND")
        && row.response_streaming_supported != Some(false)
        && converses(&row.model_id);
    if !chats {
        return None;
    }
    Some(LiveModel {
        display_name: row.model_name,
        max_output_tokens: count(&row.converse, "/maxTokensMaximum"),
        vision: Some(has(&row.input_modalities, "IMAGE")),
        reasoning: row
            .converse
            .pointer("/reasoningSupported")
            .and_then(Value::as_bool),
        ..LiveModel::new(row.model_id.parse().ok()?)
    })
}

pub(super) fn profile(row: Profile) -> Option<LiveModel> {
    let active = row.status.is_none_or(|status| status == "ACTIVE");
    if !active || !converses(&row.inference_profile_id) {
        return None;
    }
    Some(LiveModel {
        display_name: row.inference_profile_name,
        ..LiveModel::new(row.inference_profile_id.parse().ok()?)
    })
}
