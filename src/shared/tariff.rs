//! What a model's tokens cost.

use super::ids::ModelId;
use super::model::Pricing;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The tariffs of models.
pub type Tariffs = BTreeMap<ModelId, Tariff>;

/// The prices of a model, USD per million tokens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tariff {
    /// Of what is read.
    pub input: f64,
    /// Of what is written.
    pub output: f64,
    /// Of what is read from the provider's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<f64>,
    /// Of what is read and written into the provider's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<f64>,
    /// Other prices for long prompts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long: Option<LongContext>,
}

/// The prices of a request whose input is longer than `above` tokens; they hold for all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LongContext {
    /// Tokens.
    pub above: u64,
    /// Price of what is read.
    pub input: f64,
    /// Price of what is written.
    pub output: f64,
}

impl Tariff {
    /// The two prices that everybody asks about.
    #[must_use]
    pub const fn pricing(&self) -> Pricing {
        Pricing {
            input_per_mtok: self.input,
            output_per_mtok: self.output,
        }
    }
}
