//! Models, normalised across providers.

use super::activity::Version;
use super::error::AppError;
use super::ids::{BadId, KeyId, ModelId, ProviderId};
use super::provider::{Health, ProviderView};
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a model can do, as far as is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(
    clippy::struct_excessive_bools,
    missing_docs,
    reason = "the contract's own five flags"
)]
pub struct Capabilities {
    pub streaming: bool,
    pub vision: bool,
    pub tools: bool,
    pub json_mode: bool,
    pub reasoning: bool,
}

/// USD per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pricing {
    /// For what is read.
    pub input_per_mtok: f64,
    /// For what is written.
    pub output_per_mtok: f64,
}

impl Pricing {
    /// Whether neither costs anything.
    #[must_use]
    pub fn is_nothing(self) -> bool {
        self.input_per_mtok + self.output_per_mtok <= 0.0
    }
}

/// The shelf of the picker on which a model stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// What most people want now.
    Recommended,
    /// Cheap and quick.
    Fast,
    /// In the middle.
    Balanced,
    /// Slow and thorough.
    Reasoning,
}

/// A model that a key can chat with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// The provider's own id.
    pub id: ModelId,
    /// Who offers it.
    pub provider: ProviderId,
    /// The name that people know.
    pub display_name: String,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Tokens it can read and write together.
    pub context_window: Option<u64>,
    /// Tokens it can write at the most.
    pub max_output_tokens: Option<u64>,
    /// What it costs; none when unknown.
    pub pricing: Option<Pricing>,
    /// Where it stands in the picker.
    pub category: Option<Category>,
    /// The day from which the provider will not offer it, `YYYY-MM-DD`.
    pub deprecated_at: Option<String>,
}

impl Model {
    /// Whether it is known to cost nothing.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.pricing.is_some_and(Pricing::is_nothing)
    }

    /// The model as a choice.
    #[must_use]
    pub fn choice(&self) -> Choice {
        Choice {
            provider: self.provider.clone(),
            model: self.id.clone(),
        }
    }
}

/// A model to go on with where another one is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Replacement {
    /// Who offers it.
    pub provider: ProviderId,
    /// The provider's own id of it.
    pub model: ModelId,
    /// The name that people know.
    pub display_name: String,
}

impl From<&Model> for Replacement {
    fn from(model: &Model) -> Self {
        Self {
            provider: model.provider.clone(),
            model: model.id.clone(),
            display_name: model.display_name.clone(),
        }
    }
}

/// A thread's model as its page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelLine {
    /// The name that people know.
    pub name: String,
    /// Its provider's name.
    pub provider: String,
    /// See [`super::format::facts`].
    pub facts: String,
    /// Whether it reasons, or nothing is known of it.
    pub reasons: bool,
    /// Tokens it can read and write together.
    pub window: Option<u64>,
    /// Tokens it can write at the most.
    pub longest: Option<u64>,
    /// Whether the operator's free pool may stand in for keys of its provider.
    pub lends: bool,
    /// What there is to know when it is about to go, or gone.
    pub leaving: Option<Leaving>,
}

/// How many hundredths of a model's window so many tokens fill, once that is most of it.
#[must_use]
pub const fn filled(tokens: u64, window: u64) -> Option<u64> {
    match tokens.saturating_mul(100).checked_div(window) {
        Some(full @ 80..100) => Some(full),
        Some(100..) => Some(100),
        _ => None,
    }
}

/// The end of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// What happens, as a sentence.
    pub text: String,
    /// What the person can go on with.
    pub replacement: Option<Replacement>,
}

/// The models of one key, with how fresh the list is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelList {
    /// The models, best first.
    pub models: Vec<Model>,
    /// The key that was asked with; none at the free pool.
    pub key_id: Option<KeyId>,
    /// When the provider gave this list.
    pub fetched_at: Timestamp,
    /// When it is asked again.
    pub expires_at: Timestamp,
    /// Whether the last try to renew it failed.
    pub stale: bool,
    /// Why, for the person.
    pub warning: Option<String>,
}

/// A provider's shelf in the picker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PickerProvider {
    /// The provider.
    pub provider: ProviderView,
    /// Its models as they were last known; none without a key, and before the first list.
    pub list: Option<ModelList>,
    /// Why there is no list.
    pub error: Option<AppError>,
    /// How the provider does, when enough is known.
    pub health: Option<Health>,
    /// What to know before picking one of its models.
    pub note: Option<String>,
}

impl PickerProvider {
    /// Whether the list is missing or old, so that the provider should be asked.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        match &self.list {
            Some(list) => list.expires_at < now,
            None => self.provider.connected && self.error.is_none(),
        }
    }

    /// Whether one of the person's keys reaches it, as far as is known, or it needs none.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        self.list.is_some() || self.provider.connected
    }

    /// Its models, as far as they are known.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        self.list.iter().flat_map(|list| &list.models)
    }
}

/// What there is to pay for a chat's answers with, as far as that is known before one is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Means {
    /// Differs when they may: see [`super::activity::Activity::means`].
    pub version: Version,
    /// What is left of the free pool, in a chat with that.
    pub left: Option<String>,
    /// Whether the free pool could stand in for keys of one's own.
    pub lends: bool,
    /// Why nothing can be sent.
    pub blocked: Option<Blocked>,
}

/// Why nothing can be sent, and where that can be helped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Blocked {
    /// Why, as a sentence.
    pub text: String,
    /// Where there are the keys that would help.
    pub keys: String,
}

/// What the page of a new chat has to know of the models.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Beginning {
    /// The providers with their models.
    pub providers: Vec<PickerProvider>,
    /// The model to begin with; none when there is no model at all.
    pub choice: Option<Choice>,
    /// What is known of it.
    pub known: Option<ModelLine>,
    /// What there is to pay for its answers with.
    pub means: Means,
    /// The providers whose lists are missing or old.
    pub due: Vec<ProviderId>,
}

/// A provider's model as one word, `provider/model`: what a form can send and a URL can say.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Choice {
    /// Who offers it.
    pub provider: ProviderId,
    /// The provider's own id of it.
    pub model: ModelId,
}

impl FromStr for Choice {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let (provider, model) = text.split_once('/').ok_or(BadId)?;
        Ok(Self {
            provider: provider.parse()?,
            model: model.parse()?,
        })
    }
}

impl TryFrom<String> for Choice {
    type Error = BadId;

    fn try_from(text: String) -> Result<Self, BadId> {
        text.parse()
    }
}

impl From<Choice> for String {
    fn from(choice: Choice) -> Self {
        choice.to_string()
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_told_once_it_is_nearly_full() {
        for (tokens, full) in [
            (0, None),
            (6_399, None),
            (6_400, Some(80)),
            (6_799, Some(84)),
        ] {
            assert_eq!(filled(tokens, 8_000), full);
        }
        assert_eq!(filled(8_001, 8_000), Some(100));
        assert_eq!(filled(u64::MAX, 8_000), Some(100));
        assert_eq!(filled(1, 0), None, "no window at all");
    }

    #[test]
    fn a_choice_keeps_the_slashes_of_a_model() {
        let choice: Choice = "openrouter/meta/llama:free".parse().expect("a choice");
        assert_eq!(choice.model.as_str(), "meta/llama:free");
        assert_eq!(choice.to_string(), "openrouter/meta/llama:free");
        assert!("openrouter".parse::<Choice>().is_err());
    }
}
