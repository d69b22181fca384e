//! What an answer is accounted for: the provider's count, or an estimate where it gave none.

use crate::server::providers::{ChatRequest, TokenUsage};
use crate::shared::chat::Usage;

/// What was asked and what was said.
pub(super) struct Said<'a> {
    pub(super) request: &'a ChatRequest,
    pub(super) content: &'a str,
    pub(super) reasoning: &'a str,
    /// Whether anything was said.
    pub(super) began: bool,
    /// Whether it came to its end.
    pub(super) whole: bool,
}

impl Said<'_> {
    /// The tokens that were paid for, with their price; none when nothing was counted and nothing was said.
    pub(super) fn usage(
        &self,
        counted: Option<TokenUsage>,
        price: impl FnOnce(&TokenUsage) -> Option<f64>,
    ) -> Option<Usage> {
        if counted.is_none() && !self.began {
            return None;
        }
        let estimated = counted.is_none() || !self.whole;
        let mut tokens = counted.unwrap_or_else(|| TokenUsage {
            input: self.estimated_input(),
            ..TokenUsage::default()
        });
        if estimated {
            tokens.reasoning = tokens.reasoning.max(estimate(self.reasoning));
            tokens.output = tokens.output.max(estimate(self.content) + tokens.reasoning);
        }
        // As precise as it is stored, so that what streams is what is read later.
        let cost = price(&tokens).map(|usd| (usd * 1e9).round() / 1e9);
        Some(Usage {
            input_tokens: tokens.input,
            output_tokens: tokens.output,
            reasoning_tokens: tokens.reasoning,
            total_tokens: tokens.input + tokens.output,
            cost,
            estimated,
        })
    }

    fn estimated_input(&self) -> u64 {
        let request = self.request;
        request.system.as_deref().map_or(0, estimate)
            + request
                .turns
                .iter()
                .map(|turn| estimate(&turn.text))
                .sum::<u64>()
    }
}

/// About four characters a token.
fn estimate(text: &str) -> u64 {
    (text.chars().count() as u64).div_ceil(4)
}
