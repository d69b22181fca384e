//! Chat Completions, and where the APIs that speak it differ.

use super::super::account::Access;
use super::super::classify::{self, Rule};
use super::super::decode::{Decoding, Dialect, Step, inclusive_usage, text};
use super::super::{ChatRequest, Decoder, ProviderError, ProviderEvent};
use super::Knobs;
use crate::shared::chat::{FinishReason, Role};
use crate::shared::error::ErrorCode;
use serde_json::{Map, Value, json};

/// The field that asks for usage.
pub(in super::super) const USAGE: &str = "stream_options";

/// Where an API differs.
pub(in super::super) struct Quirks {
    /// What a model takes of the settings.
    pub(in super::super) knobs: fn(&ChatRequest) -> Knobs,
    /// What the limit on the answer's tokens is called.
    pub(in super::super) cap: &'static str,
    /// Whether the system text is the developer's for a model that reasons.
    pub(in super::super) developer: bool,
    /// Whether usage has to be asked for.
    pub(in super::super) asks_usage: bool,
    /// What else the body has.
    pub(in super::super) more: More,
    /// Exceptions in its errors.
    pub(in super::super) rule: Rule,
    /// Whether `[DONE]` may be missing behind a finish reason.
    pub(in super::super) open_end: bool,
    /// Looks at a chunk for what nobody else sends.
    pub(in super::super) watch: fn(&Value) -> Option<ProviderEvent>,
}

/// Adds to the body of a request.
pub(in super::super) type More =
    fn(&Access<'_>, &ChatRequest, &mut Map<String, Value>) -> Result<(), ProviderError>;

impl Quirks {
    /// None: what most of them have in common.
    pub(in super::super) const NONE: Self = Self {
        knobs: Knobs::all,
        cap: "max_completion_tokens",
        developer: false,
        asks_usage: true,
        more: |_, _, _| Ok(()),
        rule: |_| None,
        open_end: false,
        watch: |_| None,
    };
}

/// The body of a request.
pub(in super::super) fn body(
    quirks: &Quirks,
    access: &Access<'_>,
    request: &ChatRequest,
) -> Result<Value, ProviderError> {
    let knobs = (quirks.knobs)(request);
    let system = request
        .system
        .as_ref()
        .filter(|text| !text.trim().is_empty());
    let role = if knobs.reasons && quirks.developer {
        "developer"
    } else {
        "system"
    };
    let system = system.map(|text| json!({"role": role, "content": text}));
    let turns = request.turns.iter().map(|turn| {
        let role = match turn.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        json!({"role": role, "content": turn.text})
    });
    let messages: Vec<_> = system.into_iter().chain(turns).collect();
    let options = [
        ("model", Some(json!(request.model))),
        ("messages", Some(messages.into())),
        ("stream", Some(true.into())),
        (
            USAGE,
            quirks.asks_usage.then(|| json!({"include_usage": true})),
        ),
        (quirks.cap, knobs.max_tokens.map(Value::from)),
        ("temperature", knobs.temperature.map(Value::from)),
        ("top_p", knobs.top_p.map(Value::from)),
        (
            "reasoning_effort",
            knobs.effort.map(|effort| effort.as_str().into()),
        ),
    ];
    let given = options
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let mut body = given.collect();
    (quirks.more)(access, request, &mut body)?;
    Ok(Value::Object(body))
}

/// A decoder for the chunks of an answer.
pub(in super::super) fn decoder(quirks: &'static Quirks) -> Box<dyn Decoder> {
    Box::new(Decoding::new(Chat {
        quirks,
        refused: false,
        finished: false,
    }))
}

/// The chunks of an answer.
struct Chat {
    quirks: &'static Quirks,
    refused: bool,
    finished: bool,
}

/// The content of a piece: a text, or parts of which some are thoughts.
fn content(delta: &Value, out: &mut Vec<ProviderEvent>) {
    match delta.get("content") {
        Some(Value::String(piece)) => out.push(ProviderEvent::Text(piece.clone())),
        Some(Value::Array(parts)) => {
            for part in parts {
                out.extend(text(part, "/text").map(|text| ProviderEvent::Text(text.to_owned())));
                let thoughts = part.get("thinking").and_then(Value::as_array);
                let thoughts = thoughts.into_iter().flatten();
                out.extend(
                    thoughts
                        .filter_map(|thought| text(thought, "/text"))
                        .map(|text| ProviderEvent::Reasoning(text.to_owned())),
                );
            }
        }
        _ => {}
    }
}

impl Dialect for Chat {
    const DONE: bool = true;

    fn read(&mut self, _kind: &str, value: &Value, out: &mut Vec<ProviderEvent>) -> Step {
        let error = value.get("error").is_some_and(|error| !error.is_null());
        if error || text(value, "/object") == Some("error") {
            return Step::Fail(classify::in_stream(value, self.quirks.rule));
        }
        match (self.quirks.watch)(value) {
            Some(ProviderEvent::Failed(error)) => return Step::Fail(error),
            seen => out.extend(seen),
        }
        let usage = value.get("usage").filter(|usage| usage.is_object());
        let Some(choices) = value.get("choices").and_then(Value::as_array) else {
            return Step::Unknown;
        };
        if let Some(choice) = choices.first() {
            let delta = choice.get("delta").unwrap_or(&Value::Null);
            // OpenAI keeps its reasoning to itself here; servers that speak its dialect use either name.
            let thought = text(delta, "/reasoning_content").or_else(|| text(delta, "/reasoning"));
            out.extend(thought.map(|text| ProviderEvent::Reasoning(text.to_owned())));
            content(delta, out);
            if let Some(refusal) = text(delta, "/refusal") {
                self.refused |= !refusal.is_empty();
                out.push(ProviderEvent::Text(refusal.to_owned()));
            }
            let reason = text(choice, "/finish_reason").filter(|reason| !reason.is_empty());
            if reason == Some("error") {
                return Step::Fail(ProviderError::new(ErrorCode::UpstreamError));
            }
            if let Some(reason) = reason {
                self.finished = true;
                out.push(ProviderEvent::Finish(match reason {
                    "stop" | "eos" if self.refused => FinishReason::ContentFilter,
                    "stop" | "eos" => FinishReason::Stop,
                    "length" | "model_length" => FinishReason::Length,
                    "tool_calls" | "function_call" => FinishReason::ToolCalls,
                    "content_filter" => FinishReason::ContentFilter,
                    _ => FinishReason::Other,
                }));
            }
        }
        let usage = usage.map(|usage| inclusive_usage(usage, "prompt_tokens", "completion_tokens"));
        out.extend(usage.map(ProviderEvent::Usage));
        Step::More
    }

    fn may_end(&self) -> bool {
        self.quirks.open_end && self.finished
    }
}
