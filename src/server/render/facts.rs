//! How an answer came about, as names and values.

use super::message::{Payer, Told};
use crate::shared::chat::Message;
use crate::shared::format::money;
use crate::shared::time::Timestamp;

/// What is known, as its value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fact {
    /// In words.
    Said(String),
    /// When.
    At(Timestamp),
}

/// All that is known: who answered and who paid, what it took, when it was asked, and what was tried.
pub(super) fn facts(told: Told<'_>) -> Vec<(&'static str, Fact)> {
    let names = &told.language.printed().facts;
    let said = |(name, text)| (name, Fact::Said(text));
    let asked = (names.asked, Fact::At(told.message.created_at));
    let course = course(told).into_iter().map(said);
    let trouble = trouble(told).into_iter().map(said);
    course.chain([asked]).chain(trouble).collect()
}

/// Who answered and who paid, and what it took.
fn course(told: Told<'_>) -> Vec<(&'static str, String)> {
    let (message, printed) = (told.message, told.language.printed());
    let (names, said) = (&printed.facts, &printed.message);
    let mut facts = Vec::new();
    if let (Some(provider), Some(model)) = (&message.provider, &message.model) {
        facts.push((names.model, format!("{provider}/{model}")));
    }
    if let Some(Payer::Key(paid) | Payer::Other(paid)) = told.payer() {
        facts.push((names.key, paid));
    }
    if let Some(usage) = &message.usage {
        let about = if usage.estimated { "≈" } else { "" };
        let tokens = |n: u64| format!("{about}{n}");
        facts.push((names.read, tokens(usage.input_tokens)));
        facts.push((names.written, tokens(usage.output_tokens)));
        if usage.reasoning_tokens > 0 {
            facts.push((names.thought, tokens(usage.reasoning_tokens)));
        }
        let cost = usage.cost.map(|cost| format!("{about}{}", money(cost)));
        facts.push((names.cost, cost.unwrap_or_else(|| names.unknown.to_owned())));
    }
    if let Some(timing) = message.timing {
        let first = timing.ttft_ms.map(|ms| (names.first_word, (said.span)(ms)));
        facts.extend(first);
        facts.push((names.in_all, (said.span)(timing.duration_ms)));
        facts.extend(pace(message).map(|pace| (names.pace, format!("{pace:.0}"))));
    }
    facts
}

/// What was tried, and under which name the provider knows what failed.
fn trouble(told: Told<'_>) -> Vec<(&'static str, String)> {
    let (message, printed) = (told.message, told.language.printed());
    let (names, said) = (&printed.facts, &printed.message);
    let attempts = message.attempts.iter().map(|attempt| {
        let status = attempt.status.map(|status| format!(" ({status})"));
        let told = match attempt.code {
            Some(code) => (said.not)(&attempt.key_mask, code),
            None => printed.sentences.text(attempt.key_mask.clone()),
        };
        (names.attempt, told + &status.unwrap_or_default())
    });
    let error = message.error.as_ref();
    let request = error.filter(|error| !error.request_id.is_empty());
    let request = request.map(|error| (names.request, error.request_id.clone()));
    attempts.chain(request).collect()
}

/// Tokens a second from the first one on.
fn pace(message: &Message) -> Option<f64> {
    let (usage, timing) = (message.usage.as_ref()?, message.timing?);
    let writing = timing.duration_ms.checked_sub(timing.ttft_ms?)?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "no digit after the point is shown"
    )]
    let pace = usage.output_tokens as f64 * 1000.0 / writing as f64;
    (writing > 0 && usage.output_tokens > 0).then_some(pace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::chat::{Attempt, MessageStatus, Role, Timing, Usage};
    use crate::shared::error::ErrorCode;
    use crate::shared::words::Language;

    #[test]
    fn all_that_is_known_of_an_answer_is_told_and_nothing_else() {
        let mut message = Message {
            id: "m".parse().expect("an id"),
            thread_id: "t".parse().expect("an id"),
            parent_id: None,
            role: Role::Assistant,
            content: String::new(),
            reasoning: None,
            status: MessageStatus::Complete,
            finish_reason: None,
            error: None,
            provider: None,
            model: None,
            key_id: None,
            client_request_id: None,
            usage: None,
            timing: None,
            attempts: Vec::new(),
            created_at: Timestamp(0),
        };
        let told = |message: &Message, key| {
            facts(Told {
                message,
                provider: Some("OpenAI"),
                key,
                label: key.map(|_| "Work"),
                at: (1, 1),
                language: Language::English,
            })
        };
        let little = told(&message, None);
        assert_eq!(little, [("Asked", Fact::At(Timestamp(0)))]);
        message.provider = "openai".parse().ok();
        message.model = "gpt-x".parse().ok();
        message.usage = Some(Usage {
            input_tokens: 41_200,
            output_tokens: 96,
            reasoning_tokens: 30,
            ..Usage::default()
        });
        message.timing = Some(Timing {
            ttft_ms: Some(400),
            thought_ms: None,
            duration_ms: 2_400,
        });
        message.attempts = vec![Attempt {
            key_id: None,
            key_mask: "…b3Fz".to_owned(),
            status: Some(429),
            code: Some(ErrorCode::RateLimited),
        }];
        let all = told(&message, Some("…x7Qa"));
        for (name, wanted) in [
            ("Model", "openai/gpt-x"),
            ("Key", "Work …x7Qa"),
            ("Tokens read", "41200"),
            ("Tokens written", "96"),
            ("Tokens of thinking", "30"),
            ("Cost", "unknown"),
            ("First word after", "400 ms"),
            ("In all", "2.4 s"),
            ("Tokens a second", "48"),
            ("Attempt", "not …b3Fz: rate limited (429)"),
        ] {
            let value = all.iter().find(|(known, _)| *known == name);
            let wanted = Fact::Said(wanted.to_owned());
            assert_eq!(value.map(|(_, value)| value), Some(&wanted), "{name}");
        }
    }
}
