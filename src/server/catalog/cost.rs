//! What an answer costs.

use super::snapshot::{self, SnapshotModel};
use crate::server::providers::TokenUsage;
use crate::shared::ids::{ModelId, ProviderId};
use crate::shared::tariff::Tariff;

/// What an answer costs in USD, or `None` when no price is known. What the provider's own list says wins.
#[must_use]
pub fn cost_usd(
    provider: &ProviderId,
    model: &ModelId,
    listed: Option<&Tariff>,
    usage: &TokenUsage,
) -> Option<f64> {
    let known = || snapshot::find(provider.as_str(), model.as_str())?.tariff();
    let tariff = listed.cloned().or_else(known)?;
    Some(cost(&tariff, usage))
}

/// What has no price of its own costs what all input costs, and a long prompt is dearer as a whole.
fn cost(tariff: &Tariff, usage: &TokenUsage) -> f64 {
    let long = tariff.long.as_ref().filter(|long| usage.input > long.above);
    let (input, output) = long.map_or((tariff.input, tariff.output), |long| {
        (long.input, long.output)
    });
    // Nobody says what the cache costs for long prompts; the discount is taken to stay.
    let dearer = if tariff.input > 0.0 {
        input / tariff.input
    } else {
        1.0
    };
    let or_input = |own: Option<f64>| own.map_or(input, |usd| usd * dearer);
    let cached = usage.input_cached.min(usage.input);
    let written = usage.input_cache_write.min(usage.input - cached);
    #[expect(clippy::cast_precision_loss, reason = "tokens stay far below 2^52")]
    let price = |tokens: u64, per_mtok: f64| tokens as f64 * per_mtok / 1e6;
    price(usage.input - cached - written, input)
        + price(cached, or_input(tariff.cached_input))
        + price(written, or_input(tariff.cache_write))
        + price(usage.output, output)
}

impl SnapshotModel {
    /// Its prices.
    pub(super) fn tariff(&self) -> Option<Tariff> {
        Some(Tariff {
            input: self.input?,
            output: self.output?,
            cached_input: self.cached_input,
            cache_write: self.cache_write,
            long: self.long.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::tariff::LongContext;

    const TARIFF: Tariff = Tariff {
        input: 2.0,
        output: 10.0,
        cached_input: Some(0.5),
        cache_write: Some(2.5),
        long: Some(LongContext {
            above: 200_000,
            input: 4.0,
            output: 15.0,
        }),
    };

    const READ: TokenUsage = TokenUsage {
        input: 1000,
        input_cached: 0,
        input_cache_write: 0,
        output: 0,
        reasoning: 0,
    };

    #[track_caller]
    fn assert_micros(tariff: &Tariff, usage: TokenUsage, expected: f64) {
        let found = super::cost(tariff, &usage) * 1e6;
        assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
    }

    #[test]
    fn each_kind_of_token_has_its_price() {
        assert_micros(&TARIFF, TokenUsage::default(), 0.0);
        assert_micros(&TARIFF, READ, 2000.0);
        let all = TokenUsage {
            input_cached: 400,
            input_cache_write: 100,
            output: 500,
            reasoning: 300,
            ..READ
        };
        assert_micros(&TARIFF, all, 1000.0 + 200.0 + 250.0 + 5000.0);
    }

    #[test]
    fn what_has_no_price_of_its_own_costs_what_input_costs() {
        let plain = Tariff {
            cached_input: None,
            cache_write: None,
            ..TARIFF
        };
        let cached = TokenUsage {
            input_cached: 600,
            input_cache_write: 300,
            ..READ
        };
        assert_micros(&plain, cached, 2000.0);
    }

    #[test]
    fn a_long_prompt_is_dearer_from_the_first_token_on_and_so_is_its_cache() {
        let at = TokenUsage {
            input: 200_000,
            output: 1000,
            ..READ
        };
        assert_micros(&TARIFF, at, 400_000.0 + 10_000.0);
        let above = TokenUsage {
            input: 200_001,
            input_cached: 100_000,
            input_cache_write: 1,
            ..at
        };
        assert_micros(&TARIFF, above, 400_000.0 + 100_000.0 + 5.0 + 15_000.0);
    }

    #[test]
    fn more_from_the_cache_than_was_read_costs_no_negative_amount() {
        let odd = TokenUsage {
            input: 10,
            input_cached: 1000,
            input_cache_write: 1000,
            ..READ
        };
        assert_micros(&TARIFF, odd, 5.0);
    }

    fn paid(provider: &str, model: &str, listed: Option<&Tariff>) -> Option<f64> {
        let usage = TokenUsage {
            input: 1_000_000,
            input_cached: 400_000,
            input_cache_write: 100_000,
            output: 100_000,
            ..TokenUsage::default()
        };
        let (provider, model) = (provider.parse().unwrap(), model.parse().unwrap());
        cost_usd(&provider, &model, listed, &usage)
    }

    #[track_caller]
    fn assert_usd(found: Option<f64>, expected: f64) {
        assert!(
            found.is_some_and(|usd| (usd - expected).abs() < 1e-9),
            "{found:?} is not {expected}"
        );
    }

    #[test]
    fn tokens_cost_what_the_snapshot_says() {
        assert_usd(paid("openai", "gpt-4o", None), 0.6 * 2.5 + 0.4 * 1.25 + 1.0);
        assert_usd(
            paid("anthropic", "claude-haiku-4-5", None),
            0.5 + 0.4 * 0.1 + 0.1 * 1.25 + 0.5,
        );
        assert_usd(paid("cohere", "command-a-03-2025", None), 2.5 + 1.0);
    }

    #[test]
    fn what_the_list_says_wins() {
        let listed = Tariff {
            input: 1.0,
            output: 2.0,
            ..Tariff::default()
        };
        assert_usd(paid("openai", "gpt-4o", Some(&listed)), 1.2);
        assert_usd(
            paid("openrouter", "somebody/unheard-of", Some(&listed)),
            1.2,
        );
    }

    #[test]
    fn an_unknown_price_stays_unknown() {
        for (provider, model) in [
            ("openai", "gpt-9"),
            ("groq", "groq/compound"),
            ("openai", "ft:gpt-4o:acme::1"),
        ] {
            assert_eq!(paid(provider, model, None), None, "{model}");
        }
    }
}
