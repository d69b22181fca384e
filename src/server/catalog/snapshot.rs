//! The dated snapshot: `models-dev.json`, which `make catalog` renews, under `overlay.json`, which is kept by hand where it
//! knows better or more.

use super::words;
use crate::shared::tariff::LongContext;
use crate::shared::time::Timestamp;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A model of the snapshot. Prices are USD per million tokens.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SnapshotModel {
    /// Whose model it is.
    pub provider: String,
    /// The provider's id for it.
    pub id: String,
    /// The name that people know.
    pub name: String,
    /// Tokens it can read and write together.
    pub context_window: Option<u64>,
    /// Tokens it can write at the most.
    pub max_output: Option<u64>,
    /// Price of what is read.
    pub input: Option<f64>,
    /// Price of what is written.
    pub output: Option<f64>,
    /// Price of what is read from the provider's cache.
    pub cached_input: Option<f64>,
    /// Price of what is written into the provider's cache.
    pub cache_write: Option<f64>,
    /// Other prices for long prompts.
    pub long: Option<LongContext>,
    /// The day it came, `YYYY-MM-DD`.
    pub released: Option<String>,
    /// The day from which it is gone, `YYYY-MM-DD`.
    pub deprecated_at: Option<String>,
    status: Option<Status>,
    can: Vec<Can>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Alpha,
    Beta,
    Deprecated,
}

/// What a model can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Can {
    Vision,
    Tools,
    JsonMode,
    JsonSchema,
    Reasoning,
}

#[derive(Deserialize)]
struct File {
    models: Vec<SnapshotModel>,
    /// The last day of models that are announced to go, by `provider/model`.
    #[serde(default)]
    ends: HashMap<String, String>,
}

/// By provider, then by id.
type Snapshot = HashMap<String, HashMap<String, SnapshotModel>>;

static SNAPSHOT: LazyLock<Snapshot> = LazyLock::new(|| {
    let mut all = Snapshot::new();
    for text in [
        include_str!("models-dev.json"),
        include_str!("overlay.json"),
    ] {
        let File { models, ends } = read(text);
        for model in models {
            let provider = all.entry(model.provider.clone()).or_default();
            let model = match provider.remove(&model.id) {
                Some(below) => model.over(below),
                None => model,
            };
            provider.insert(model.id.clone(), model);
        }
        for model in all.values_mut().flat_map(HashMap::values_mut) {
            let ends = |id: &str| ends.get(&format!("{}/{id}", model.provider)).cloned();
            let end = ends(&model.id).or_else(|| ends(undated(&model.id)?));
            model.deprecated_at = end.or(model.deprecated_at.take());
        }
    }
    all
});

#[expect(
    clippy::expect_used,
    reason = "the files are part of the binary, and a test reads them"
)]
fn read(text: &str) -> File {
    serde_json::from_str(text).expect("the snapshot is well-formed")
}

impl SnapshotModel {
    /// This entry, with what it does not say taken from `below`.
    fn over(self, below: Self) -> Self {
        Self {
            context_window: self.context_window.or(below.context_window),
            max_output: self.max_output.or(below.max_output),
            input: self.input.or(below.input),
            output: self.output.or(below.output),
            cached_input: self.cached_input.or(below.cached_input),
            cache_write: self.cache_write.or(below.cache_write),
            long: self.long.or(below.long),
            released: self.released.or(below.released),
            deprecated_at: self.deprecated_at.or(below.deprecated_at),
            ..self
        }
    }

    pub(super) fn can(&self, what: Can) -> bool {
        self.can.contains(&what)
    }

    /// Whether it was offered to people who chat when the snapshot was made.
    fn is_offered(&self) -> bool {
        self.status != Some(Status::Deprecated) && words::chats(&self.id)
    }
}

/// What is known of a model, also under the id of one of its dated versions.
pub(super) fn find(provider: &str, model: &str) -> Option<&'static SnapshotModel> {
    let models = SNAPSHOT.get(provider)?;
    models.get(model).or_else(|| models.get(undated(model)?))
}

/// The providers that the snapshot knows.
pub(super) fn providers() -> impl Iterator<Item = &'static str> {
    SNAPSHOT.keys().map(String::as_str)
}

/// The models of a provider that people chat with, in no order.
pub(super) fn of(provider: &str) -> impl Iterator<Item = &'static SnapshotModel> {
    let models = SNAPSHOT.get(provider).into_iter();
    let models = models.flat_map(HashMap::values);
    models.filter(|model| model.is_offered())
}

/// The start of a day `YYYY-MM-DD`.
pub(super) fn midnight(day: &str) -> Option<Timestamp> {
    Timestamp::parse(&format!("{day}T00:00:00Z"))
}

/// The id without `-20261001`, `@20261001` or `-2026-10-01` at its end.
fn undated(id: &str) -> Option<&str> {
    ["-0000-00-00", "-00000000", "@00000000"]
        .iter()
        .find_map(|shape| {
            let (name, date) = id.split_at_checked(id.len().checked_sub(shape.len())?)?;
            let fits = date.chars().zip(shape.chars()).all(|(c, form)| match form {
                '0' => c.is_ascii_digit(),
                sign => c == sign,
            });
            fits.then_some(name)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::ids::{ModelId, ProviderId};

    fn all() -> impl Iterator<Item = &'static SnapshotModel> {
        SNAPSHOT.values().flat_map(HashMap::values)
    }

    #[test]
    fn the_snapshot_is_whole() {
        let (below, over) = (
            read(include_str!("models-dev.json")),
            read(include_str!("overlay.json")),
        );
        assert!(below.models.len() > 900 && over.models.len() == 49);
        for list in [below.models, over.models] {
            let ids: std::collections::BTreeSet<_> = list
                .iter()
                .map(|model| (&model.provider, &model.id))
                .collect();
            assert_eq!(ids.len(), list.len(), "an id occurs twice");
        }
        for model in all() {
            assert!(
                model.id.parse::<ModelId>().is_ok() && model.provider.parse::<ProviderId>().is_ok(),
                "{model:?}"
            );
            assert_eq!(model.input.is_some(), model.output.is_some(), "{model:?}");
            let prices = [
                model.input,
                model.output,
                model.cached_input,
                model.cache_write,
            ];
            assert!(
                prices
                    .into_iter()
                    .flatten()
                    .all(|usd| (0.0..1000.0).contains(&usd)),
                "{model:?}"
            );
        }
    }

    #[test]
    fn a_dated_version_goes_with_its_model() {
        let dated = find("anthropic", "claude-sonnet-4-5-20250929").unwrap();
        assert_eq!(dated.deprecated_at.as_deref(), Some("2026-11-30"));
        for id in read(include_str!("overlay.json")).ends.keys() {
            let (provider, model) = id.split_once('/').unwrap();
            assert!(provider.parse::<ProviderId>().is_ok() && model.parse::<ModelId>().is_ok());
        }
    }

    #[test]
    fn the_overlay_wins_and_leaves_the_rest() {
        let over = read(include_str!("overlay.json"));
        for model in &over.models {
            let found = find(&model.provider, &model.id).unwrap();
            assert_eq!((&found.name, &found.can), (&model.name, &model.can));
            assert!(
                model.input.is_none() || found.input == model.input,
                "{found:?}"
            );
        }
        assert!(find("openai", "gpt-4-turbo").is_some(), "only below");
    }

    #[test]
    fn every_recommendation_is_in_the_snapshot() {
        for id in words::RECOMMENDED {
            assert!(all().any(|model| model.id == id), "{id}");
        }
    }

    #[test]
    fn a_dated_version_is_the_model_and_a_variant_is_not() {
        let find = |provider, model| super::find(provider, model).map(|known| known.id.as_str());
        assert_eq!(
            find("anthropic", "claude-sonnet-5-5-20261001"),
            Some("claude-sonnet-5-5")
        );
        assert_eq!(
            find("anthropic", "claude-sonnet-5@20260301"),
            Some("claude-sonnet-5")
        );
        assert_eq!(
            find("openai", "gpt-5.4-mini-2026-03-17"),
            Some("gpt-5.4-mini")
        );
        assert_eq!(find("openai", "gpt-5.4-2026-03-05"), Some("gpt-5.4"));
        assert_eq!(find("openai", "gpt-5.4-unheard-of"), None);
        assert_eq!(find("openai", "gpt-5.4-unheard-of-2026-03-05"), None);
        assert_eq!(find("anthropic", "gpt-5.4"), None);
    }
}
