//! The operator's free pool: a key that answers for people who have none yet.

use super::source::Source;
use super::{ConfigError, parse};
use crate::server::crypto::secret::Secret;
use crate::shared::free_pool::DailyLimits;
use crate::shared::ids::ModelId;

/// Its variables.
pub(super) const VARIABLES: [&str; 5] = [
    "GROQ_API_KEY",
    "GROQ_FREE_MODEL",
    "GROQ_FREE_FALLBACK_MODELS",
    "FREE_USER_DAILY_LIMIT",
    "FREE_GLOBAL_DAILY_LIMIT",
];

/// What the first design named is gone from Groq since 2026-06-26 (providers.md §4).
const MODEL: &str = "openai/gpt-oss-120b";
const LIMITS: DailyLimits = DailyLimits {
    user: 50,
    global: 1000,
};

/// The pool. Printing it shows no key.
#[derive(Clone, Debug)]
pub struct FreePool {
    /// The operator's key at Groq.
    pub key: Secret,
    /// The model that answers.
    pub model: ModelId,
    /// Those that answer where it is gone, in this order.
    pub fallbacks: Vec<ModelId>,
    /// How much of it a day has.
    pub limits: DailyLimits,
}

/// The pool that the operator set up, if they did.
pub(super) fn read(source: &Source<'_>) -> Result<Option<FreePool>, ConfigError> {
    let model = source.read("GROQ_FREE_MODEL", model)?;
    let fallbacks = source.read("GROQ_FREE_FALLBACK_MODELS", |text| {
        let names = text.split(',').map(str::trim);
        names
            .filter(|name| !name.is_empty())
            .map(self::model)
            .collect()
    })?;
    let user = source.read("FREE_USER_DAILY_LIMIT", parse::whole)?;
    let global = source.read("FREE_GLOBAL_DAILY_LIMIT", parse::whole)?;
    let Some(key) = source.read("GROQ_API_KEY", parse::key)? else {
        return Ok(None);
    };
    Ok(Some(FreePool {
        key,
        model: match model {
            Some(model) => model,
            None => self::model(MODEL)
                .map_err(|problem| ConfigError::new("GROQ_FREE_MODEL", problem))?,
        },
        fallbacks: fallbacks.unwrap_or_default(),
        limits: DailyLimits {
            user: user.unwrap_or(LIMITS.user),
            global: global.unwrap_or(LIMITS.global),
        },
    }))
}

fn model(name: &str) -> Result<ModelId, String> {
    name.parse()
        .map_err(|_| format!("the id of a model, like {MODEL}"))
}
