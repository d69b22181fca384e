//! Chat Completions.

use super::super::classify;
use super::super::decode::{Dialect, Step, inclusive_usage, text};
use super::super::{ChatRequest, ProviderEvent};
use super::{knobs, rule};
use crate::shared::chat::{FinishReason, Role};
use serde_json::{Value, json};

/// The body of a request. `max_tokens` is deprecated everywhere and rejected by models that reason.
pub(super) fn body(request: &ChatRequest) -> Value {
    let knobs = knobs(request);
    let system = request
        .system
        .as_ref()
        .filter(|text| !text.trim().is_empty());
    let role = if knobs.reasons { "developer" } else { "system" };
    let system = system.map(|text| json!({"role": role, "content": text}));
    let turns = request.turns.iter().map(|turn| {
        let role = match turn.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        json!({"role": role, "content": turn.text})
    });
    let mut body = json!({
        "model": request.model,
        "messages": system.into_iter().chain(turns).collect::<Vec<_>>(),
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    let options = [
        ("max_completion_tokens", knobs.max_tokens.map(Value::from)),
        ("temperature", knobs.temperature.map(Value::from)),
        ("top_p", knobs.top_p.map(Value::from)),
        (
            "reasoning_effort",
            knobs.effort.map(|effort| effort.as_str().into()),
        ),
    ];
    if let Some(body) = body.as_object_mut() {
        let given = options
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        body.extend(given);
    }
    body
}

/// The chunks of an answer.
#[derive(Default)]
pub(super) struct Chat {
    refused: bool,
}

impl Dialect for Chat {
    const DONE: bool = true;

    fn read(&mut self, _kind: &str, value: &Value, out: &mut Vec<ProviderEvent>) -> Step {
        if value.get("error").is_some_and(|error| !error.is_null()) {
            return Step::Fail(classify::in_stream(value, rule));
        }
        let usage = value.get("usage").filter(|usage| usage.is_object());
        let Some(choices) = value.get("choices").and_then(Value::as_array) else {
            return Step::Unknown;
        };
        if let Some(choice) = choices.first() {
            // OpenAI keeps its reasoning to itself here; servers that speak its dialect use either name.
            for name in ["/delta/reasoning_content", "/delta/reasoning"] {
                out.extend(
                    text(choice, name).map(|text| ProviderEvent::Reasoning(text.to_owned())),
                );
            }
            out.extend(
                text(choice, "/delta/content").map(|text| ProviderEvent::Text(text.to_owned())),
            );
            if let Some(refusal) = text(choice, "/delta/refusal") {
                self.refused |= !refusal.is_empty();
                out.push(ProviderEvent::Text(refusal.to_owned()));
            }
            if let Some(reason) = text(choice, "/finish_reason") {
                out.push(ProviderEvent::Finish(match reason {
                    "stop" if self.refused => FinishReason::ContentFilter,
                    "stop" => FinishReason::Stop,
                    "length" => FinishReason::Length,
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
}
