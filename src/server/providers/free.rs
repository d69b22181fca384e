//! The operator's free pool: Groq with the operator's key, under a name of its own.

use super::compatible::Compatible;
use super::groq::QUIRKS;
use super::{OriginInfo, ProviderInfo};

/// Its id, which is no provider's.
pub const ID: &str = "free";

static INFO: ProviderInfo = ProviderInfo {
    id: ID,
    name: "KeyLM Free",
    key_hint: "",
    docs_url: "https://console.groq.com/docs/models",
    // There is nothing to give.
    fields: &[],
    shown: &[],
    origins: &[OriginInfo {
        default: "https://api.groq.com/openai/v1",
        var: "GROQ_BASE_URL",
    }],
};

/// The pool as a provider.
pub static FREE: Compatible = Compatible {
    models: |_| Vec::new(),
    ..Compatible::new(&INFO, &QUIRKS)
};
