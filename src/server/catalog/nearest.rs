//! The model that is most like one that is gone.

use super::words;
use crate::shared::model::{Capabilities, Model};

/// The best of `offered` to go on with instead of `gone`: of the same provider, of the same family, able to do as much, and
/// about as dear and as large, in this order; among equals the first. None of them is on its way out itself.
pub fn nearest<'a>(gone: &Model, offered: impl Iterator<Item = &'a Model>) -> Option<&'a Model> {
    offered
        .filter(|model| model.deprecated_at.is_none())
        .filter(|model| (&model.provider, &model.id) != (&gone.provider, &gone.id))
        .min_by_key(|model| {
            (
                model.provider != gone.provider,
                strangeness(gone.id.as_str(), model.id.as_str()),
                lost(gone.capabilities, model.capabilities),
                distance(gone, model),
            )
        })
}

/// How far apart two ids are: the same words but for the version, the same brand, or neither.
fn strangeness(gone: &str, other: &str) -> u8 {
    let (gone, other) = (words::family(gone), words::family(other));
    match gone
        .first()
        .is_some_and(|brand| Some(brand) == other.first())
    {
        _ if gone == other => 0,
        true => 1,
        false => 2,
    }
}

/// How many things the one could do that the other cannot.
fn lost(gone: Capabilities, other: Capabilities) -> usize {
    let pairs = [
        (gone.vision, other.vision),
        (gone.tools, other.tools),
        (gone.json_mode, other.json_mode),
        (gone.reasoning, other.reasoning),
    ];
    pairs.iter().filter(|(had, has)| *had && !has).count()
}

/// What a fact that only one of the two has counts: as much as four times the price.
const UNKNOWN: f64 = 2.0;

/// How different price and window are, in quarters of a doubling. A larger window is no difference.
fn distance(gone: &Model, other: &Model) -> u32 {
    let usd = |model: &Model| {
        let price = model.pricing?;
        // What is free is near to what is almost free.
        Some((price.input_per_mtok + price.output_per_mtok).max(0.01))
    };
    let price = match (usd(gone), usd(other)) {
        (Some(before), Some(after)) => (after / before).log2().abs(),
        (None, None) => 0.0,
        _ => UNKNOWN,
    };
    #[expect(clippy::cast_precision_loss, reason = "tokens stay far below 2^52")]
    let window = match (gone.context_window, other.context_window) {
        (Some(before), Some(after)) => (before as f64 / (after as f64).max(1.0)).log2().max(0.0),
        (Some(_), None) => UNKNOWN,
        (None, _) => 0.0,
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a logarithm of prices is small, and the cast saturates"
    )]
    let quarters = ((price + window) * 4.0).round() as u32;
    quarters
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::model::Pricing;

    fn model(provider: &str, id: &str) -> Model {
        Model {
            id: id.parse().unwrap(),
            provider: provider.parse().unwrap(),
            display_name: id.to_owned(),
            capabilities: Capabilities::default(),
            context_window: Some(200_000),
            max_output_tokens: None,
            pricing: Some(Pricing {
                input_per_mtok: 2.0,
                output_per_mtok: 10.0,
            }),
            category: None,
            deprecated_at: None,
        }
    }

    fn priced(mut model: Model, output: f64) -> Model {
        model.pricing = Some(Pricing {
            input_per_mtok: output / 5.0,
            output_per_mtok: output,
        });
        model
    }

    #[track_caller]
    fn assert_nearest(gone: &Model, offered: &[Model], expected: Option<&str>) {
        let found = nearest(gone, offered.iter()).map(|model| model.id.as_str());
        assert_eq!(found, expected);
    }

    #[test]
    fn the_same_family_comes_before_the_same_price() {
        let gone = model("anthropic", "claude-sonnet-4-5-20250929");
        let offered = [
            model("anthropic", "claude-opus-5-5"),
            priced(model("anthropic", "claude-sonnet-5-5"), 30.0),
            model("openrouter", "anthropic/claude-sonnet-5.5"),
        ];
        assert_nearest(&gone, &offered, Some("claude-sonnet-5-5"));
        assert_nearest(&gone, &offered[..1], Some("claude-opus-5-5"));
        assert_nearest(&gone, &offered[2..], Some("anthropic/claude-sonnet-5.5"));
    }

    #[test]
    fn of_a_family_what_can_do_as_much_comes_before_what_costs_as_much() {
        let mut gone = model("openai", "gpt-4o");
        gone.capabilities.vision = true;
        let blind = model("openai", "gpt-5.3");
        let mut sees = priced(model("openai", "gpt-5.4"), 40.0);
        sees.capabilities.vision = true;
        assert_nearest(&gone, &[blind, sees], Some("gpt-5.4"));
    }

    #[test]
    fn of_those_that_can_do_as_much_the_nearest_in_price_and_window_wins() {
        let gone = model("openai", "gpt-4o");
        let mut small = model("openai", "gpt-5.2");
        small.context_window = Some(8_000);
        let large = Model {
            context_window: Some(1_000_000),
            ..model("openai", "gpt-5.4")
        };
        let dear = priced(model("openai", "gpt-5.5"), 80.0);
        let mut unknown = model("openai", "gpt-5.6");
        unknown.pricing = None;
        assert_nearest(&gone, &[small, dear, unknown, large], Some("gpt-5.4"));
    }

    #[test]
    fn among_equals_the_first_of_the_list_wins() {
        let gone = model("openai", "gpt-4o");
        let offered = [
            priced(model("openai", "gpt-6.1"), 10.5),
            model("openai", "gpt-5.4"),
        ];
        assert_nearest(&gone, &offered, Some("gpt-6.1"));
    }

    #[test]
    fn nothing_that_is_gone_or_going_is_offered() {
        let gone = model("openai", "gpt-4o");
        let mut going = model("openai", "gpt-4.1");
        going.deprecated_at = Some("2027-01-14".to_owned());
        assert_nearest(&gone, &[gone.clone(), going.clone()], None);
        let other = model("mistral", "mistral-large-4");
        assert_nearest(
            &gone,
            &[gone.clone(), going, other],
            Some("mistral-large-4"),
        );
    }
}
