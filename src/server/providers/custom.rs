//! Any server that speaks Chat Completions, where a person says it is, as far as the operator lets them (providers.md §13).

use super::compatible::Compatible;
use super::egress;
use super::openai::chat::Quirks;
use super::{Credential, FieldInfo, FieldKind, LiveModel, ProviderError, ProviderInfo, wire};
use crate::shared::error::ErrorCode;
use url::Url;

static INFO: ProviderInfo = ProviderInfo {
    id: "custom",
    name: "OpenAI-compatible server",
    key_hint: "https://llm.example.org/v1",
    docs_url: "https://platform.openai.com/docs/api-reference/chat",
    fields: &[
        FieldInfo {
            name: "baseUrl",
            label: "Address, with its path",
            kind: FieldKind::Address,
            required: true,
        },
        FieldInfo {
            name: "key",
            label: "API key (if there is one)",
            kind: FieldKind::Secret,
            required: false,
        },
        FieldInfo {
            name: "model",
            label: "Model (if the server has no list)",
            kind: FieldKind::Text,
            required: false,
        },
    ],
    shown: &["key"],
    origins: &[],
};

static QUIRKS: Quirks = Quirks {
    cap: "max_tokens",
    open_end: true,
    ..Quirks::NONE
};

/// The provider.
pub static CUSTOM: Compatible = Compatible {
    headers: |access| Ok(wire::bearer_if_any(access)),
    origins: Some(origins),
    named: |credential| {
        let model = credential.field("model").ok()?;
        Some(LiveModel::new(model.expose().parse().ok()?))
    },
    ..Compatible::new(&INFO, &QUIRKS)
};

/// No policy lets anything go there.
const NOWHERE: &str = "http://nowhere.invalid";

/// A text that is no address leads to where nothing is sent, so that all that is refused is refused alike, in words and
/// in time.
fn origins(credential: &Credential) -> Result<Vec<Url>, ProviderError> {
    let given = egress::address(credential.field("baseUrl")?.expose());
    let url = given.map_or_else(|| Url::parse(NOWHERE), Ok);
    Ok(vec![
        url.map_err(|_| ProviderError::new(ErrorCode::Network))?,
    ])
}
