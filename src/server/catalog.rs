//! What is known about models beside what providers say themselves: a dated snapshot of names, limits and prices. A
//! provider's own list wins; what nobody says stays unknown.

mod cost;
mod snapshot;
mod words;

pub use cost::cost_usd;

use crate::server::providers::LiveModel;
use crate::shared::ids::ProviderId;
use crate::shared::model::{Capabilities, Category, Model};
use crate::shared::time::Timestamp;
use snapshot::{Can, SnapshotModel};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// A provider that lists more models than this is not believed.
const MAX_MODELS: usize = 5000;

/// The models of a key: what its provider listed, filled in from the snapshot, the recommended ones first and then
/// the newest. Repeated ids are listed once.
#[must_use]
pub fn merge(provider: &ProviderId, live: Vec<LiveModel>) -> Vec<Model> {
    let mut seen = BTreeSet::new();
    let mut models: Vec<(Option<i64>, Model)> = live
        .into_iter()
        .take(MAX_MODELS)
        .filter(|live| seen.insert(live.id.clone()))
        .map(|live| (live.created, merged(provider, live)))
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
    models.into_iter().map(|(_, model)| model).collect()
}

/// The models that the snapshot has of a provider, for a key that may not list its own.
#[must_use]
pub fn snapshot_models(provider: &ProviderId, now: Timestamp) -> Vec<Model> {
    let live = snapshot::of(provider.as_str(), now).filter_map(|known| {
        let day = known.released.as_deref().and_then(snapshot::midnight);
        Some(LiveModel {
            created: day.map(|day| day.0 / 1000),
            ..LiveModel::new(known.id.parse().ok()?)
        })
    });
    merge(provider, live.collect())
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
    let pricing = live
        .pricing
        .or_else(|| own.and_then(SnapshotModel::pricing));
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
        let models = merge(&provider("openai"), vec![said, live("gpt-4o")]);
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
        );
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
        let order = |models: Vec<Model>| {
            models
                .into_iter()
                .map(|model| model.id.to_string())
                .collect::<Vec<_>>()
        };
        let mut old = live("gpt-4o");
        old.created = Some(1);
        let mut new = live("gpt-5.4");
        new.created = Some(2);
        let mut best = live("gpt-6.1-sol");
        best.created = Some(0);
        assert_eq!(
            order(merge(&provider("openai"), vec![old, new, best])),
            ["gpt-6.1-sol", "gpt-5.4", "gpt-4o"]
        );
        let today = snapshot::midnight("2026-11-21").unwrap();
        let claude = order(snapshot_models(&provider("anthropic"), today));
        assert_eq!(&claude[..2], ["claude-opus-5-5", "claude-sonnet-5-5"]);
        for gone in ["claude-3-opus-20240229", "claude-opus-4-20250514"] {
            assert!(!claude.iter().any(|id| id == gone), "{gone}");
        }
    }
}
