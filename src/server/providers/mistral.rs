//! Mistral (providers.md §6). Its schema is strict: a field that it does not know is an error.

use super::classify::Said;
use super::compatible::{self, Compatible};
use super::decode::{count, text};
use super::openai::{Knobs, chat::Quirks};
use super::{API_KEY, ChatRequest, LiveModel, OriginInfo, ProviderInfo, wire};
use crate::shared::chat::ReasoningEffort::{High, None as No};
use crate::shared::error::ErrorCode;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

static INFO: ProviderInfo = ProviderInfo {
    id: "mistral",
    name: "Mistral",
    key_hint: "32 letters and digits",
    docs_url: "https://console.mistral.ai/api-keys",
    fields: API_KEY,
    shown: &["key"],
    origins: &[OriginInfo {
        default: "https://api.mistral.ai/v1",
        var: "MISTRAL_BASE_URL",
    }],
};

static QUIRKS: Quirks = Quirks {
    knobs,
    cap: "max_tokens",
    asks_usage: false,
    rule,
    open_end: true,
    ..Quirks::NONE
};

/// The provider.
pub static MISTRAL: Compatible = Compatible {
    models,
    ..Compatible::new(&INFO, &QUIRKS)
};

/// One row for each model: its other names are rows, too, and `-latest` is the one that people know.
fn models(rows: &[Value]) -> Vec<LiveModel> {
    let mut places: BTreeMap<BTreeSet<String>, usize> = BTreeMap::new();
    let mut models: Vec<LiveModel> = Vec::new();
    for row in rows {
        let Some(model) = model(row) else { continue };
        let names = row.get("aliases").and_then(Value::as_array);
        let names = names.into_iter().flatten().filter_map(Value::as_str);
        let names = names
            .chain([model.id.as_str()])
            .map(str::to_owned)
            .collect();
        let place = *places.entry(names).or_insert(models.len());
        match models.get_mut(place) {
            Some(known) if model.id.as_str().ends_with("-latest") => *known = model,
            Some(_) => {}
            None => models.push(model),
        }
    }
    models
}

fn model(row: &Value) -> Option<LiveModel> {
    let can = |what: &str| row.pointer(&format!("/capabilities/{what}"))?.as_bool();
    let name = text(row, "/name").filter(|name| Some(*name) != text(row, "/id"));
    let model = LiveModel {
        display_name: name.map(str::to_owned),
        context_window: count(row, "/max_context_length"),
        vision: can("vision"),
        tools: can("function_calling"),
        reasoning: can("reasoning"),
        deprecated_at: text(row, "/deprecation").and_then(|day| day.get(..10).map(str::to_owned)),
        ..compatible::plain(row)?
    };
    can("completion_chat").unwrap_or(true).then_some(model)
}

/// The hottest that it takes.
const HOTTEST: f64 = 1.5;

fn knobs(request: &ChatRequest) -> Knobs {
    let all = Knobs::all(request);
    // Magistral always reasons, and takes no effort.
    let takes = all.reasons && !request.model.as_str().starts_with("magistral");
    let wanted = request.settings.reasoning_effort.filter(|_| takes);
    Knobs {
        effort: wanted.and_then(|wanted| wire::nearest(wanted, &[No, High])),
        temperature: all.temperature.map(|wanted| wanted.min(HOTTEST)),
        ..all
    }
}

fn rule(said: &Said) -> Option<ErrorCode> {
    let numbers = [
        ("3505", ErrorCode::Overloaded),
        ("1300", ErrorCode::RateLimited),
        ("1500", ErrorCode::BadModel),
    ];
    let found = numbers.iter().find(|(number, _)| said.has(number));
    match said.status {
        Some(500..) => Some(ErrorCode::Overloaded),
        _ => found.map(|(_, class)| *class),
    }
}
