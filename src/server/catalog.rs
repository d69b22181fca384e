//! What is known about models beside what providers say themselves: a dated snapshot of names, limits and prices, in
//! `catalog/models.json`. A provider's own list wins; what nobody says stays unknown.

use crate::server::providers::{LiveModel, TokenUsage};
use crate::shared::ids::{ModelId, ProviderId};
use crate::shared::model::{Capabilities, Category, Model, Pricing};
use serde::Deserialize;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// A provider that lists more models than this is not believed.
const MAX_MODELS: usize = 5000;

/// A model of the snapshot. Prices are USD per million tokens.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
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
    /// Price of what is read from the provider's cache.
    pub cached_input: Option<f64>,
    /// Price of what is written.
    pub output: Option<f64>,
    /// Other prices for long prompts.
    pub long: Option<LongContext>,
    /// The day from which it is gone, `YYYY-MM-DD`.
    pub deprecated_at: Option<String>,
    can: Vec<Can>,
}

/// The prices of a request whose input is longer than `above` tokens; they hold for all of it.
#[derive(Debug, PartialEq, Deserialize)]
pub struct LongContext {
    /// Tokens.
    pub above: u64,
    /// Price of what is read.
    pub input: f64,
    /// Price of what is written.
    pub output: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Can {
    Vision,
    Tools,
    JsonMode,
    JsonSchema,
    Reasoning,
}

#[derive(Deserialize)]
struct Snapshot {
    models: Vec<SnapshotModel>,
}

#[expect(
    clippy::expect_used,
    reason = "the file is part of the binary, and a test reads it"
)]
static SNAPSHOT: LazyLock<Vec<SnapshotModel>> = LazyLock::new(|| {
    serde_json::from_str::<Snapshot>(include_str!("catalog/models.json"))
        .expect("models.json is well-formed")
        .models
});

impl SnapshotModel {
    fn can(&self, what: Can) -> bool {
        self.can.contains(&what)
    }

    fn pricing(&self) -> Option<Pricing> {
        Some(Pricing {
            input_per_mtok: self.input?,
            output_per_mtok: self.output?,
        })
    }
}

/// What the snapshot knows of a model, also under the id of one of its dated versions.
#[must_use]
pub fn snapshot(provider: &ProviderId, model: &ModelId) -> Option<&'static SnapshotModel> {
    find(provider.as_str(), model.as_str())
}

fn find(provider: &str, model: &str) -> Option<&'static SnapshotModel> {
    SNAPSHOT
        .iter()
        .filter(|known| known.provider == provider)
        .filter(|known| {
            model
                .strip_prefix(known.id.as_str())
                .is_some_and(|rest| rest.is_empty() || is_date(rest))
        })
        .max_by_key(|known| known.id.len())
}

/// `-20261001`, `@20261001` or `-2026-10-01`.
fn is_date(suffix: &str) -> bool {
    let shape: String = suffix
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    matches!(shape.as_str(), "-00000000" | "@00000000" | "-0000-00-00")
}

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
            Reverse(numbers(id)),
            id.to_owned(),
        )
    });
    models.into_iter().map(|(_, model)| model).collect()
}

/// The models that the snapshot has of a provider, for a key that may not list its own.
#[must_use]
pub fn snapshot_models(provider: &ProviderId) -> Vec<Model> {
    let known = SNAPSHOT
        .iter()
        .filter(|known| known.provider == provider.as_str());
    let live = known.filter_map(|known| Some(LiveModel::new(known.id.parse().ok()?)));
    merge(provider, live.collect())
}

fn merged(provider: &ProviderId, live: LiveModel) -> Model {
    let id = live.id.as_str();
    // A fine-tuned model has the abilities of the one it was made from, and a price of its own.
    let tuned = id
        .strip_prefix("ft:")
        .and_then(|rest| rest.split(':').next());
    let known = find(provider.as_str(), tuned.unwrap_or(id));
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
    let name = live.display_name.filter(|name| !name.trim().is_empty());
    let name = name.or_else(|| own.filter(|own| own.id == id).map(|own| own.name.clone()));
    Model {
        display_name: name.unwrap_or_else(|| pretty(id)),
        capabilities,
        context_window: live
            .context_window
            .or(known.and_then(|known| known.context_window)),
        max_output_tokens: live
            .max_output_tokens
            .or(known.and_then(|known| known.max_output)),
        pricing: live
            .pricing
            .or_else(|| own.and_then(SnapshotModel::pricing)),
        category: category(id, capabilities, own.and_then(|own| own.output)),
        deprecated_at: live
            .deprecated_at
            .or_else(|| own.and_then(|own| own.deprecated_at.clone())),
        provider: provider.clone(),
        id: live.id,
    }
}

/// What to start with at each provider: current, able and not the dearest.
const RECOMMENDED: [&str; 13] = [
    "gpt-6.1-sol",
    "gpt-6.1-terra",
    "claude-sonnet-5-5",
    "claude-opus-5-5",
    "gemini-3.8-flash",
    "gemini-4-argon",
    "grok-4.7",
    "mistral-large-4",
    "command-a-plus-05-2026",
    "openai/gpt-oss-120b",
    "us.anthropic.claude-sonnet-5-5",
    "amazon.nova-2-lite-v1:0",
    "mistral-medium-latest",
];

/// Words in ids of the small and the large.
const SMALL: [&str; 8] = [
    "mini", "nano", "lite", "haiku", "luna", "small", "micro", "instant",
];
const LARGE: [&str; 5] = ["opus", "pro", "astra", "fable", "max"];

/// USD per million tokens of output: up to the first is cheap, from the second on dear.
const CHEAP: f64 = 1.0;
const DEAR: f64 = 12.0;

fn category(id: &str, capabilities: Capabilities, output: Option<f64>) -> Option<Category> {
    let has = |words: &[&str]| {
        id.split(['-', '.', '/', ':'])
            .any(|part| words.contains(&part))
    };
    if RECOMMENDED.contains(&id) {
        Some(Category::Recommended)
    } else if has(&SMALL) || output.is_some_and(|price| price <= CHEAP) {
        Some(Category::Fast)
    } else if capabilities.reasoning && (has(&LARGE) || output.is_some_and(|price| price >= DEAR)) {
        Some(Category::Reasoning)
    } else {
        output.map(|_| Category::Balanced)
    }
}

/// The numbers in an id, so that versions compare as people expect.
fn numbers(id: &str) -> Vec<u64> {
    id.split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect()
}

/// A name made of an id: `gpt-9-nova-mini` is `GPT-9 Nova Mini`.
fn pretty(id: &str) -> String {
    let words = id
        .rsplit('/')
        .next()
        .unwrap_or(id)
        .split(['-', '_', ' '])
        .filter(|word| !word.is_empty());
    let mut name = String::new();
    for word in words {
        let digit = word.starts_with(|c: char| c.is_ascii_digit());
        if !name.is_empty() {
            name.push(if digit && name == "GPT" { '-' } else { ' ' });
        }
        let mut chars = word.chars();
        match (word, chars.next()) {
            ("gpt" | "oss" | "ai", _) => name.push_str(&word.to_uppercase()),
            // OpenAI's o-series is written small.
            (_, Some('o')) if chars.clone().next().is_some_and(|c| c.is_ascii_digit()) => {
                name.push_str(word);
            }
            (_, Some(first)) => {
                name.extend(first.to_uppercase());
                name.push_str(chars.as_str());
            }
            _ => {}
        }
    }
    if name.is_empty() { id.to_owned() } else { name }
}

/// What an answer costs in USD, or `None` when a price is not known. Cached input has its own price where there is
/// one, and a long prompt is dearer as a whole.
#[must_use]
pub fn cost_usd(provider: &ProviderId, model: &ModelId, usage: &TokenUsage) -> Option<f64> {
    let known = snapshot(provider, model)?;
    let (mut input, mut output) = (known.input?, known.output?);
    let mut cached = known.cached_input.unwrap_or(input);
    if let Some(long) = known.long.as_ref().filter(|long| usage.input > long.above) {
        // The snapshot has no cached price for long prompts; the discount is taken to stay.
        cached *= if input > 0.0 { long.input / input } else { 1.0 };
        (input, output) = (long.input, long.output);
    }
    #[expect(clippy::cast_precision_loss, reason = "tokens stay far below 2^52")]
    let price = |tokens: u64, per_mtok: f64| tokens as f64 * per_mtok / 1e6;
    let from_cache = usage.input_cached.min(usage.input);
    Some(
        price(usage.input - from_cache, input)
            + price(from_cache, cached)
            + price(usage.output, output),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(id: &str) -> ProviderId {
        id.parse().unwrap()
    }

    fn live(id: &str) -> LiveModel {
        LiveModel::new(id.parse().unwrap())
    }

    fn cost(model: &str, usage: TokenUsage) -> Option<f64> {
        ["openai", "anthropic", "gemini", "cohere", "groq"]
            .iter()
            .find_map(|id| cost_usd(&provider(id), &model.parse().unwrap(), &usage))
    }

    #[track_caller]
    fn assert_usd(found: Option<f64>, expected: f64) {
        assert!(
            found.is_some_and(|usd| (usd - expected).abs() < 1e-9),
            "{found:?} is not {expected}"
        );
    }

    #[test]
    fn the_snapshot_is_whole() {
        assert_eq!(SNAPSHOT.len(), 49);
        let ids: BTreeSet<_> = SNAPSHOT
            .iter()
            .map(|model| (&model.provider, &model.id))
            .collect();
        assert_eq!(ids.len(), 49, "an id occurs twice");
        for model in SNAPSHOT.iter() {
            assert!(
                model.id.parse::<ModelId>().is_ok() && model.provider.parse::<ProviderId>().is_ok()
            );
            assert_eq!(
                model.input.is_some(),
                model.output.is_some(),
                "{}",
                model.id
            );
        }
    }

    #[test]
    fn every_recommendation_is_in_the_snapshot() {
        for id in RECOMMENDED {
            assert!(SNAPSHOT.iter().any(|model| model.id == id), "{id}");
        }
    }

    #[test]
    fn a_dated_version_is_the_model_and_a_variant_is_not() {
        let find = |provider, model| find(provider, model).map(|known| known.id.as_str());
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
        assert_eq!(find("openai", "gpt-5.4-pro"), None);
        assert_eq!(find("openai", "gpt-5.4-pro-2026-03-05"), None);
        assert_eq!(find("anthropic", "gpt-5.4"), None);
    }

    #[test]
    fn tokens_cost_what_the_snapshot_says() {
        let usage = TokenUsage {
            input: 1000,
            output: 500,
            ..TokenUsage::default()
        };
        assert_usd(cost("gpt-4o", usage), 1000.0 * 2.5e-6 + 500.0 * 10e-6);
        assert_usd(
            cost(
                "gpt-4o",
                TokenUsage {
                    input_cached: 400,
                    ..usage
                },
            ),
            600.0 * 2.5e-6 + 400.0 * 1.25e-6 + 500.0 * 10e-6,
        );
        assert_usd(
            cost(
                "gpt-4o",
                TokenUsage {
                    reasoning: 300,
                    ..usage
                },
            ),
            1000.0 * 2.5e-6 + 500.0 * 10e-6,
        );
        assert_usd(cost("gpt-4o", TokenUsage::default()), 0.0);
    }

    #[test]
    fn a_long_prompt_is_dearer_from_the_first_token_on() {
        let at = TokenUsage {
            input: 200_000,
            output: 1000,
            ..TokenUsage::default()
        };
        assert_usd(cost("gemini-2.5-pro", at), 0.2 * 1.25 + 0.01);
        let above = TokenUsage {
            input: 200_001,
            input_cached: 100_001,
            ..at
        };
        assert_usd(
            cost("gemini-2.5-pro", above),
            0.1 * 2.5 + 0.100_001 * 0.25 + 0.015,
        );
    }

    #[test]
    fn a_model_without_its_own_cached_price_charges_the_full_one() {
        let usage = TokenUsage {
            input: 1000,
            input_cached: 1000,
            ..TokenUsage::default()
        };
        assert_usd(cost("command-a-03-2025", usage), 0.0025);
    }

    #[test]
    fn more_cached_than_read_costs_no_negative_amount() {
        let usage = TokenUsage {
            input: 10,
            input_cached: 1000,
            ..TokenUsage::default()
        };
        assert_usd(cost("gpt-4o", usage), 10.0 * 1.25e-6);
    }

    #[test]
    fn an_unknown_price_stays_unknown() {
        let usage = TokenUsage {
            input: 1000,
            output: 500,
            ..TokenUsage::default()
        };
        for model in ["gpt-9", "command-a-plus-05-2026", "ft:gpt-4o:acme::1"] {
            assert_eq!(cost(model, usage), None, "{model}");
        }
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
        let claude = order(snapshot_models(&provider("anthropic")));
        assert_eq!(claude.len(), 9);
        assert_eq!(&claude[..2], ["claude-opus-5-5", "claude-sonnet-5-5"]);
        assert_eq!(claude.last().unwrap(), "claude-haiku-4-5");
    }

    #[test]
    fn names_are_made_of_ids() {
        for (id, name) in [
            ("gpt-5.4-mini", "GPT-5.4 Mini"),
            ("o4-mini", "o4 Mini"),
            ("models/gemma-3-27b-it", "Gemma 3 27b It"),
            ("openai/gpt-oss-120b", "GPT OSS 120b"),
            ("---", "---"),
        ] {
            assert_eq!(pretty(id), name);
        }
    }
}
