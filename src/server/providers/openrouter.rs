//! OpenRouter (providers.md §11).

use super::classify::Said;
use super::compatible::{self, Compatible, tariff};
use super::decode::{count, text};
use super::openai::chat::{More, Quirks};
use super::{
    API_KEY, ChatRequest, Connect, LiveModel, OriginInfo, ProviderError, ProviderInfo, wire,
};
use crate::server::crypto::secret::Secret;
use crate::shared::chat::ReasoningEffort::{self, High, Low, Medium, Minimal, None as No, Xhigh};
use crate::shared::error::ErrorCode;
use serde_json::{Map, Value, json};
use url::Url;

static INFO: ProviderInfo = ProviderInfo {
    id: "openrouter",
    name: "OpenRouter",
    key_hint: "sk-or-v1-…",
    docs_url: "https://openrouter.ai/settings/keys",
    fields: API_KEY,
    shown: &["key"],
    origins: &[OriginInfo {
        default: "https://openrouter.ai/api/v1",
        var: "OPENROUTER_BASE_URL",
    }],
};

static QUIRKS: Quirks = Quirks {
    cap: "max_tokens",
    asks_usage: false,
    more: MORE,
    rule,
    ..Quirks::NONE
};

/// The provider. Anybody may read its list, so the key is asked about by itself.
pub static OPENROUTER: Compatible = Compatible {
    list: |access| wire::endpoint(access.origin(0)?, &["models", "user"]),
    models: |rows| rows.iter().filter_map(model).collect(),
    check: Some(|access| wire::endpoint(access.origin(0)?, &["key"])),
    connect: Some(&CONNECT),
    ..Compatible::new(&INFO, &QUIRKS)
};

static CONNECT: Connect = Connect {
    page: |base, callback, challenge| {
        let place = base.as_str().trim_end_matches('/');
        let mut page = Url::parse(&format!("{}/auth", place.strip_suffix("/api/v1")?)).ok()?;
        page.query_pairs_mut()
            .append_pair("callback_url", callback.as_str())
            .append_pair("code_challenge", challenge)
            .append_pair("code_challenge_method", "S256");
        Some(page)
    },
    exchange: |base, code, verifier| {
        let verifier = verifier.expose();
        let body =
            json!({"code": code, "code_verifier": verifier, "code_challenge_method": "S256"});
        let url = wire::endpoint(base, &["auth", "keys"])?;
        let request = wire::post(url, Vec::new(), &body);
        Ok(wire::accepting(request, "application/json"))
    },
    key: |body| {
        let said: Option<Value> = serde_json::from_slice(body).ok();
        let key = said.as_ref().and_then(|said| text(said, "/key"));
        let key = key.map(|key| Secret::new(key.to_owned()));
        key.ok_or(ProviderError::new(ErrorCode::UpstreamError))
    },
};

fn model(row: &Value) -> Option<LiveModel> {
    let among = |pointer: &str, wanted: &str| {
        let list = row.pointer(pointer)?.as_array()?;
        Some(list.iter().any(|item| item.as_str() == Some(wanted)))
    };
    let model = LiveModel {
        display_name: text(row, "/name").map(str::to_owned),
        context_window: count(row, "/context_length"),
        max_output_tokens: count(row, "/top_provider/max_completion_tokens"),
        vision: among("/architecture/input_modalities", "image"),
        tools: among("/supported_parameters", "tools"),
        json_mode: among("/supported_parameters", "response_format"),
        reasoning: among("/supported_parameters", "reasoning"),
        deprecated_at: text(row, "/expiration_date")
            .and_then(|day| day.get(..10).map(str::to_owned)),
        tariff: tariff(row, "prompt", "completion"),
        ..compatible::plain(row)?
    };
    let writes = among("/architecture/output_modalities", "text").unwrap_or(true);
    writes.then_some(model)
}

const EFFORTS: &[ReasoningEffort] = &[No, Minimal, Low, Medium, High, Xhigh];

/// OpenRouter leaves out by itself what a model does not take, so everything may be sent.
const MORE: More = |_, request, body| {
    reasoning(request, body);
    Ok(())
};

/// How much a model is to think, in one dialect for all of them.
pub(super) fn reasoning(request: &ChatRequest, body: &mut Map<String, Value>) {
    let wanted = request.settings.reasoning_effort;
    let wanted = wanted.filter(|_| request.capabilities.reasoning);
    if let Some(effort) = wanted.and_then(|wanted| wire::nearest(wanted, EFFORTS)) {
        body.insert("reasoning".to_owned(), json!({"effort": effort.as_str()}));
    }
}

fn rule(said: &Said) -> Option<ErrorCode> {
    let types = [
        ("authentication", ErrorCode::InvalidKey),
        ("provider_overloaded", ErrorCode::Overloaded),
        ("provider_unavailable", ErrorCode::Overloaded),
    ];
    let found = types.iter().find(|(name, _)| said.has(name));
    match said.status {
        _ if found.is_some() => found.map(|(_, class)| *class),
        Some(403) if said.says("moderation") || said.says("flagged") || said.says("guardrail") => {
            Some(ErrorCode::ContentFiltered)
        }
        Some(500 | 502 | 503) => Some(ErrorCode::Overloaded),
        _ => None,
    }
}
