//! What an answer costs.

use super::snapshot;
use crate::server::providers::TokenUsage;
use crate::shared::ids::{ModelId, ProviderId};

/// What an answer costs in USD, or `None` when a price is not known. Cached input has its own price where there is
/// one, and a long prompt is dearer as a whole.
#[must_use]
pub fn cost_usd(provider: &ProviderId, model: &ModelId, usage: &TokenUsage) -> Option<f64> {
    let known = snapshot::find(provider.as_str(), model.as_str())?;
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

    fn cost(model: &str, usage: TokenUsage) -> Option<f64> {
        ["openai", "anthropic", "gemini", "cohere", "groq"]
            .iter()
            .find_map(|id| cost_usd(&id.parse().unwrap(), &model.parse().unwrap(), &usage))
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
        for model in ["gpt-9", "groq/compound", "ft:gpt-4o:acme::1"] {
            assert_eq!(cost(model, usage), None, "{model}");
        }
    }
}
