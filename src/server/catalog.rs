//! What is known about models beside what providers say themselves: a dated snapshot of names, limits and prices. A
//! provider's own list wins; what nobody says stays unknown.

mod cost;
pub mod discovery;
mod nearest;
mod snapshot;
mod words;

pub use cost::cost_usd;
pub use nearest::nearest;

use crate::server::providers::LiveModel;
use crate::shared::ids::{ModelId, ProviderId};
use crate::shared::model::{Capabilities, Category, Model};
use crate::shared::tariff::Tariffs;
use crate::shared::time::Timestamp;
use snapshot::{Can, SnapshotModel};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

/// A provider that lists more models than this is not believed.
const MAX_MODELS: usize = 5000;

/// The models of a key, and what its provider itself says that they cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    /// The recommended ones first and then the newest.
    pub models: Vec<Model>,
    /// Of those whose provider gives prices.
    pub tariffs: Tariffs,
}

/// What a provider listed, filled in from the snapshot. Repeated ids are listed once.
#[must_use]
pub fn merge(provider: &ProviderId, live: Vec<LiveModel>) -> Listed {
    let mut seen = BTreeSet::new();
    let mut tariffs = Tariffs::new();
    let mut models: Vec<(Option<i64>, Model)> = live
        .into_iter()
        .take(MAX_MODELS)
        .filter(|live| seen.insert(live.id.clone()))
        .map(|live| {
            tariffs.extend(live.tariff.clone().map(|tariff| (live.id.clone(), tariff)));
            (live.created, merged(provider, live))
        })
        .collect();
    models.sort_by_cached_key(|(created, model)| {
        let id = model.id.as_str();
        (
            model.category != Some(Category::Recommended),
            Reverse(*created),
            Reverse(words::numbers(id)),
            id.to_owned(),
        )
    });
    Listed {
        models: models.into_iter().map(|(_, model)| model).collect(),
        tariffs,
    }
}

/// The models of the snapshot that people chat with, by provider.
static CHATTING: LazyLock<HashMap<&str, Vec<Model>>> = LazyLock::new(|| {
    let shelf = |provider: &'static str| {
        let live = snapshot::of(provider).filter_map(|known| {
            let day = known.released.as_deref().and_then(snapshot::midnight);
            Some(LiveModel {
                created: day.map(|day| day.0 / 1000),
                ..LiveModel::new(known.id.parse().ok()?)
            })
        });
        let id = provider.parse().ok()?;
        Some((provider, merge(&id, live.collect()).models))
    };
    snapshot::providers().filter_map(shelf).collect()
});

/// The models that the snapshot has of a provider, for whoever may not see its own list, or has no key yet.
pub fn snapshot_models(
    provider: &ProviderId,
    now: Timestamp,
) -> impl Iterator<Item = &'static Model> + use<> {
    let models = CHATTING.get(provider.as_str()).into_iter().flatten();
    models.filter(move |model| !has_ended(model, now))
}

/// What is known of a model without its provider's own list.
#[must_use]
pub fn facts(provider: &ProviderId, model: &ModelId) -> Model {
    merged(provider, LiveModel::new(model.clone()))
}

/// How long before the end of a model people are told.
const NOTICE_MS: i64 = 90 * 86_400_000;

/// Whether a model ends soon, or has ended.
#[must_use]
pub fn is_ending(model: &Model, now: Timestamp) -> bool {
    has_ended(model, now.plus_ms(NOTICE_MS))
}

/// Whether the day has come from which the provider does not offer it.
#[must_use]
pub fn has_ended(model: &Model, now: Timestamp) -> bool {
    let end = model.deprecated_at.as_deref().and_then(snapshot::midnight);
    end.is_some_and(|end| end <= now)
}

/// How long a model is new.
const NEW_MS: i64 = 60 * 86_400_000;

/// Whether the snapshot says that a model came lately.
#[must_use]
pub fn is_new(model: &Model, now: Timestamp) -> bool {
    let known = snapshot::find(model.provider.as_str(), model.id.as_str());
    let came = known.and_then(|known| snapshot::midnight(known.released.as_deref()?));
    came.is_some_and(|came| came <= now && now < came.plus_ms(NEW_MS))
}

fn merged(provider: &ProviderId, live: LiveModel) -> Model {
    let id = live.id.as_str();
    // A fine-tuned model has the abilities of the one it was made from, and a price of its own.
    let tuned = id
        .strip_prefix("ft:")
        .and_then(|rest| rest.split(':').next());
    let known = snapshot::find(provider.as_str(), tuned.unwrap_or(id));
    let can = |said: Option<bool>, what: &[Can]| {
        said.unwrap_or_else(|| known.is_some_and(|known| what.iter().any(|what| known.can(*what))))
    };
    let capabilities = Capabilities {
        streaming: true,
        vision: can(live.vision, &[Can::Vision]),
        tools: can(live.tools, &[Can::Tools]),
        json_mode: can(live.json_mode, &[Can::JsonMode, Can::JsonSchema]),
        reasoning: can(live.reasoning, &[Can::Reasoning]),
    };
    let own = known.filter(|_| tuned.is_none());
    let tariff = live.tariff.or_else(|| own.and_then(SnapshotModel::tariff));
    let pricing = tariff.map(|tariff| tariff.pricing());
    let name = live.display_name.filter(|name| !name.trim().is_empty());
    let name = name.or_else(|| own.filter(|own| own.id == id).map(|own| own.name.clone()));
    Model {
        display_name: name.unwrap_or_else(|| words::pretty(id)),
        capabilities,
        context_window: live
            .context_window
            .or(known.and_then(|known| known.context_window)),
        max_output_tokens: live
            .max_output_tokens
            .or(known.and_then(|known| known.max_output)),
        pricing,
        category: words::category(id, capabilities, pricing.map(|price| price.output_per_mtok)),
        deprecated_at: live
            .deprecated_at
            .or_else(|| own.and_then(|own| own.deprecated_at.clone())),
        provider: provider.clone(),
        id: live.id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::model::Pricing;
    use crate::shared::tariff::Tariff;
    use std::str::FromStr;

    fn provider(id: &str) -> ProviderId {
        id.parse().unwrap()
    }

    fn live(id: &str) -> LiveModel {
        LiveModel::new(id.parse().unwrap())
    }

    #[test]
    fn what_the_provider_says_wins() {
        let mut said = live("gpt-4o");
        said.display_name = Some("Four-O".to_owned());
        said.context_window = Some(7);
        said.vision = Some(false);
        let models = merge(&provider("openai"), vec![said, live("gpt-4o")]).models;
        let [model] = models.as_slice() else {
            panic!("listed once: {models:?}")
        };
        assert_eq!(
            (model.display_name.as_str(), model.context_window),
            ("Four-O", Some(7))
        );
        assert!(
            !model.capabilities.vision && model.capabilities.tools && model.capabilities.streaming
        );
        assert_eq!(model.max_output_tokens, Some(16_384));
        assert_eq!(
            model.pricing,
            Some(Pricing {
                input_per_mtok: 2.5,
                output_per_mtok: 10.0
            })
        );
        assert_eq!(model.deprecated_at.as_deref(), Some("2027-01-14"));
    }

    #[test]
    fn what_nobody_says_stays_unknown() {
        let models = merge(
            &provider("openai"),
            vec![live("gpt-9-nova-mini"), live("ft:gpt-4o:acme::1")],
        )
        .models;
        let nova = models
            .iter()
            .find(|model| model.id.as_str() == "gpt-9-nova-mini")
            .unwrap();
        assert_eq!(nova.display_name, "GPT-9 Nova Mini");
        assert_eq!(
            (nova.context_window, nova.pricing, nova.category),
            (None, None, Some(Category::Fast))
        );
        assert!(!nova.capabilities.vision);
        let tuned = models
            .iter()
            .find(|model| model.id.as_str().starts_with("ft:"))
            .unwrap();
        assert!(tuned.capabilities.vision);
        assert_eq!((tuned.pricing, tuned.context_window), (None, Some(128_000)));
    }

    #[test]
    fn the_recommended_come_first_and_then_the_newest() {
        fn order<'a>(models: impl IntoIterator<Item = &'a Model>) -> Vec<&'a str> {
            models.into_iter().map(|model| model.id.as_str()).collect()
        }
        let mut old = live("gpt-4o");
        old.created = Some(1);
        let mut new = live("gpt-5.4");
        new.created = Some(2);
        let mut best = live("gpt-6.1-sol");
        best.created = Some(0);
        assert_eq!(
            order(&merge(&provider("openai"), vec![old, new, best]).models),
            ["gpt-6.1-sol", "gpt-5.4", "gpt-4o"]
        );
        let today = snapshot::midnight("2026-11-21").unwrap();
        let claude = order(snapshot_models(&provider("anthropic"), today));
        assert_eq!(&claude[..2], ["claude-opus-5-5", "claude-sonnet-5-5"]);
        for gone in ["claude-3-opus-20240229", "claude-opus-4-20250514"] {
            assert!(!claude.contains(&gone), "{gone}");
        }
    }

    #[test]
    fn the_providers_own_prices_are_kept_beside_the_models() {
        let mut said = live("gpt-4o");
        let tariff = Tariff {
            input: 1.0,
            output: 2.0,
            cached_input: Some(0.5),
            ..Tariff::default()
        };
        said.tariff = Some(tariff.clone());
        let listed = merge(&provider("openai"), vec![live("gpt-5.4"), said]);
        let own = ModelId::from_str("gpt-4o").unwrap();
        assert_eq!(listed.tariffs, Tariffs::from([(own.clone(), tariff)]));
        let price = |id: &ModelId| {
            let model = listed.models.iter().find(|model| model.id == *id);
            model.unwrap().pricing.map(|price| price.input_per_mtok)
        };
        assert_eq!(price(&own), Some(1.0), "the list wins");
        assert_eq!(price(&"gpt-5.4".parse().unwrap()), Some(2.5));
    }

    #[test]
    fn a_model_is_new_for_sixty_days() {
        let is_new = |model: &str, day: &str| {
            let model = facts(&provider("anthropic"), &model.parse().unwrap());
            super::is_new(&model, snapshot::midnight(day).unwrap())
        };
        for (day, new) in [
            ("2026-05-27", false),
            ("2026-05-28", true),
            ("2026-07-26", true),
            ("2026-07-27", false),
        ] {
            assert_eq!(is_new("claude-opus-4-8", day), new, "{day}");
        }
        assert!(!is_new("unheard-of", "2026-05-28"));
    }

    #[test]
    fn what_is_announced_to_go_goes_on_its_day() {
        let offered = |day: &str| {
            let now = snapshot::midnight(day).unwrap();
            snapshot_models(&provider("openai"), now).any(|model| model.id.as_str() == "gpt-5")
        };
        assert!(offered("2026-12-10"));
        assert!(!offered("2026-12-11"));
    }
}
