//! A question and its answer, as Converse spells them.

use super::rule;
use crate::server::providers::classify;
use crate::server::providers::decode::{Dialect, Step, count, text};
use crate::server::providers::{ChatRequest, Framing, ProviderEvent, TokenUsage, anthropic, wire};
use crate::shared::chat::{FinishReason, Role};
use serde_json::{Map, Value, json};

/// The body of a request.
pub(super) fn body(request: &ChatRequest) -> Value {
    let settings = &request.settings;
    // What a Claude takes, it takes here as well, in other places.
    let claude = request.model.as_str().contains("anthropic.claude");
    let own = if claude {
        anthropic::body(request)
    } else {
        Value::Null
    };
    let own = |name: &str| own.get(name).cloned();
    let messages: Vec<Value> = wire::alternating(&request.turns)
        .into_iter()
        .map(|turn| {
            let role = match turn.role {
                Role::User => "user",
                Role::Assistant => "assistant",
            };
            json!({"role": role, "content": [{"text": turn.text}]})
        })
        .collect();
    let system = request
        .system
        .as_ref()
        .filter(|text| !text.trim().is_empty());
    let given = |pairs: [(&str, Option<Value>); 3]| {
        let given = pairs
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Some(Value::Object(given.collect::<Map<_, _>>()))
            .filter(|object| object.as_object().is_some_and(|object| !object.is_empty()))
    };
    let sampling = |name: &str, wanted: Option<f64>| {
        if claude {
            own(name)
        } else {
            wanted.map(|value| value.clamp(0.0, 1.0).into())
        }
    };
    let config = given([
        (
            "maxTokens",
            own("max_tokens").or_else(|| wire::max_tokens(request).map(Value::from)),
        ),
        ("temperature", sampling("temperature", settings.temperature)),
        ("topP", sampling("top_p", settings.top_p)),
    ]);
    let more = own("thinking").map(|thinking| json!({"thinking": thinking}));
    let mut body = Map::from_iter([("messages".to_owned(), json!(messages))]);
    let options = [
        ("system", system.map(|text| json!([{"text": text}]))),
        ("inferenceConfig", config),
        ("additionalModelRequestFields", more),
        ("outputConfig", own("output_config")),
    ];
    body.extend(
        options
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?))),
    );
    Value::Object(body)
}

/// The events of an answer. It ends with its usage, which follows the reason to end.
#[derive(Default)]
pub(super) struct Converse {
    stopped: bool,
}

impl Dialect for Converse {
    const FRAMING: Framing = Framing::EventStream;

    fn read(&mut self, kind: &str, value: &Value, out: &mut Vec<ProviderEvent>) -> Step {
        match kind {
            "contentBlockDelta" => {
                let mut say = |at: &str, event: fn(String) -> ProviderEvent| {
                    out.extend(text(value, at).map(|text| event(text.to_owned())));
                };
                say("/delta/reasoningContent/text", ProviderEvent::Reasoning);
                say("/delta/text", ProviderEvent::Text);
            }
            "messageStop" => {
                self.stopped = true;
                let reason = text(value, "/stopReason").unwrap_or_default();
                out.push(ProviderEvent::Finish(match reason {
                    "end_turn" | "stop_sequence" => FinishReason::Stop,
                    "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
                    "tool_use" => FinishReason::ToolCalls,
                    "guardrail_intervened" | "content_filtered" | "refusal" => {
                        FinishReason::ContentFilter
                    }
                    "malformed_model_output" | "malformed_tool_use" => FinishReason::Error,
                    _ => FinishReason::Other,
                }));
            }
            "metadata" => {
                out.extend(value.get("usage").map(usage));
                if self.stopped {
                    return Step::End;
                }
            }
            "messageStart" | "contentBlockStart" | "contentBlockStop" => {}
            _ if kind == "error" || kind.ends_with("Exception") => {
                let code = text(value, "/code").unwrap_or(kind);
                let error = json!({"code": code, "message": text(value, "/message")});
                return Step::Fail(classify::in_stream(&error, rule));
            }
            _ => return Step::Unknown,
        }
        Step::More
    }
}

fn usage(usage: &Value) -> ProviderEvent {
    let of = |name: &str| count(usage, name).unwrap_or(0);
    let cached = of("/cacheReadInputTokens");
    let written = of("/cacheWriteInputTokens");
    ProviderEvent::Usage(TokenUsage {
        input: of("/inputTokens")
            .saturating_add(cached)
            .saturating_add(written),
        input_cached: cached,
        input_cache_write: written,
        output: of("/outputTokens"),
        reasoning: 0,
    })
}
