//! Azure OpenAI (providers.md §12): a person's own deployments of OpenAI's models, on a host of their own.

use super::account::Access;
use super::classify::Said;
use super::compatible::Compatible;
use super::decode::{count, text};
use super::openai::{self, Knobs, chat::Quirks};
use super::{
    ChatRequest, FieldInfo, FieldKind, LiveModel, OriginInfo, ProviderError, ProviderInfo, wire,
};
use crate::server::crypto::secret::Secret;
use crate::shared::chat::ReasoningEffort::{self, High, Low, Medium};
use crate::shared::error::ErrorCode;
use serde_json::Value;
use url::Url;

static INFO: ProviderInfo = ProviderInfo {
    id: "azure-openai",
    name: "Azure OpenAI",
    key_hint: "32 or 84 letters and digits",
    docs_url: "https://portal.azure.com",
    fields: &[
        FieldInfo {
            name: "resourceName",
            label: "Resource name",
            kind: FieldKind::HostLabel,
            required: true,
        },
        FieldInfo {
            name: "key",
            label: "API key",
            kind: FieldKind::Secret,
            required: true,
        },
        FieldInfo {
            name: "apiVersion",
            label: "API version (only for an old resource)",
            kind: FieldKind::Text,
            required: false,
        },
    ],
    shown: &["key"],
    origins: &[OriginInfo {
        default: "https://{resourceName}.openai.azure.com/openai",
        var: "AZURE_OPENAI_BASE_URL",
    }],
};

static QUIRKS: Quirks = Quirks {
    knobs,
    developer: true,
    rule,
    ..Quirks::NONE
};

/// The provider.
pub static AZURE_OPENAI: Compatible = Compatible {
    headers: |access| {
        let key = access.field("key")?.expose().trim().to_owned();
        Ok(vec![("api-key", Secret::new(key))])
    },
    list,
    models: |rows| rows.iter().filter_map(deployment).collect(),
    chat,
    ..Compatible::new(&INFO, &QUIRKS)
};

/// What every model that reasons takes; which one stands behind a deployment is not known here.
const EFFORTS: &[ReasoningEffort] = &[Low, Medium, High];

fn knobs(request: &ChatRequest) -> Knobs {
    let knobs = openai::knobs(request);
    match openai::family(request.model.as_str()) {
        Some(_) => knobs,
        None => Knobs {
            effort: knobs
                .effort
                .and_then(|wanted| wire::nearest(wanted, EFFORTS)),
            ..knobs
        },
    }
}

/// The only version that lists deployments; newer ones list what the region has.
const LIST_VERSION: &str = "2023-03-15-preview";

fn versioned(mut url: Url, version: &str) -> Url {
    url.query_pairs_mut().append_pair("api-version", version);
    url
}

fn list(access: &Access<'_>) -> Result<Url, ProviderError> {
    let url = wire::endpoint(access.origin(0)?, &["deployments"])?;
    Ok(versioned(url, LIST_VERSION))
}

fn chat(access: &Access<'_>, request: &ChatRequest) -> Result<Url, ProviderError> {
    let base = access.origin(0)?;
    let Ok(version) = access.field("apiVersion") else {
        return wire::endpoint(base, &["v1", "chat", "completions"]);
    };
    let path = ["deployments", request.model.as_str(), "chat", "completions"];
    Ok(versioned(wire::endpoint(base, &path)?, version.expose()))
}

/// A deployment is called by a name of the person's own; what it can do is its model's.
fn deployment(row: &Value) -> Option<LiveModel> {
    let id = text(row, "/id")?;
    let base = text(row, "/model").unwrap_or(id);
    let running = text(row, "/status").is_none_or(|status| status == "succeeded");
    let model = LiveModel {
        display_name: (base != id).then(|| format!("{id} ({base})")),
        reasoning: openai::family(base).map(|family| family.reasons),
        created: count(row, "/created_at").and_then(|seconds| i64::try_from(seconds).ok()),
        ..LiveModel::new(id.parse().ok()?)
    };
    (running && openai::chats(base)).then_some(model)
}

fn rule(said: &Said) -> Option<ErrorCode> {
    match said.status {
        Some(404) if said.has("deploymentnotfound") => Some(ErrorCode::BadModel),
        Some(410) => Some(ErrorCode::BadModel),
        Some(500 | 503) => Some(ErrorCode::Overloaded),
        // A stream has begun, so there is no status.
        _ if said.has("serviceunavailable") || said.has("internalservererror") => {
            Some(ErrorCode::Overloaded)
        }
        _ => None,
    }
}
