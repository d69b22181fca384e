//! Responses.

use super::super::classify::{self, Rule};
use super::super::decode::{Dialect, Step, count, inclusive_usage, text};
use super::super::{ChatRequest, ProviderEvent};
use super::Knobs;
use crate::shared::chat::{FinishReason, Role};
use serde_json::{Map, Value, json};

/// The body of a request. Nothing is stored with the provider, whose default is to keep it.
pub(in super::super) fn body(request: &ChatRequest, knobs: &Knobs) -> Value {
    let input: Vec<Value> = request
        .turns
        .iter()
        .map(|turn| {
            let role = match turn.role {
                Role::User => "user",
                Role::Assistant => "assistant",
            };
            json!({"role": role, "content": turn.text})
        })
        .collect();
    let reasoning = knobs.reasons.then(|| {
        let mut reasoning = Map::from_iter([("summary".to_owned(), json!("auto"))]);
        reasoning.extend(
            knobs
                .effort
                .map(|effort| ("effort".to_owned(), json!(effort.as_str()))),
        );
        Value::Object(reasoning)
    });
    let system = request
        .system
        .as_ref()
        .filter(|text| !text.trim().is_empty());
    let mut body = json!({"model": request.model, "input": input, "stream": true, "store": false});
    let options = [
        ("instructions", system.map(|text| json!(text))),
        ("max_output_tokens", knobs.max_tokens.map(Value::from)),
        ("temperature", knobs.temperature.map(Value::from)),
        ("top_p", knobs.top_p.map(Value::from)),
        ("reasoning", reasoning),
    ];
    if let Some(body) = body.as_object_mut() {
        let given = options
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        body.extend(given);
    }
    body
}

/// The events of an answer.
pub(in super::super) struct Responses {
    rule: Rule,
    refused: bool,
    called: bool,
}

impl Responses {
    /// Errors inside the answer are read by this rule first.
    pub(in super::super) const fn new(rule: Rule) -> Self {
        Self {
            rule,
            refused: false,
            called: false,
        }
    }
}

impl Dialect for Responses {
    fn read(&mut self, kind: &str, value: &Value, out: &mut Vec<ProviderEvent>) -> Step {
        let delta = || text(value, "/delta").unwrap_or_default().to_owned();
        // An end has a status, too, and some servers say only there that it is no good one.
        let kind = match (kind, text(value, "/response/status")) {
            ("response.completed" | "response.done", Some("incomplete")) => "response.incomplete",
            ("response.completed" | "response.done", Some("failed")) => "response.failed",
            _ => kind,
        };
        match kind {
            "response.output_text.delta" => out.push(ProviderEvent::Text(delta())),
            "response.refusal.delta" => {
                self.refused = true;
                out.push(ProviderEvent::Text(delta()));
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                out.push(ProviderEvent::Reasoning(delta()));
            }
            "response.reasoning_summary_part.added" if count(value, "/summary_index") > Some(0) => {
                out.push(ProviderEvent::Reasoning("\n\n".to_owned()));
            }
            "response.output_item.added" if text(value, "/item/type") == Some("function_call") => {
                self.called = true;
            }
            // xAI may say `done`.
            "response.completed" | "response.done" => {
                usage(value, out);
                out.push(ProviderEvent::Finish(if self.refused {
                    FinishReason::ContentFilter
                } else if self.called {
                    FinishReason::ToolCalls
                } else {
                    FinishReason::Stop
                }));
                return Step::End;
            }
            "response.incomplete" => {
                usage(value, out);
                out.push(ProviderEvent::Finish(
                    match text(value, "/response/incomplete_details/reason") {
                        Some("max_output_tokens" | "max_tokens") => FinishReason::Length,
                        Some("content_filter") => FinishReason::ContentFilter,
                        _ => FinishReason::Other,
                    },
                ));
                return Step::End;
            }
            "response.failed" => {
                usage(value, out);
                return Step::Fail(classify::in_stream(
                    value.get("response").unwrap_or(value),
                    self.rule,
                ));
            }
            // The specification has the fields at the top, recorded traffic has them under `error`.
            "error" => return Step::Fail(classify::in_stream(value, self.rule)),
            _ if kind.starts_with("response.") => {}
            _ => return Step::Unknown,
        }
        Step::More
    }
}

fn usage(value: &Value, out: &mut Vec<ProviderEvent>) {
    let usage = value
        .pointer("/response/usage")
        .filter(|usage| usage.is_object());
    out.extend(usage.map(|usage| {
        ProviderEvent::Usage(inclusive_usage(usage, "input_tokens", "output_tokens"))
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::error::ErrorCode;
    use ProviderEvent::Finish;
    use rstest::rstest;

    #[rstest]
    #[case(r#"{"status":"completed"}"#, Ok(FinishReason::Stop))]
    #[case("{}", Ok(FinishReason::Stop))]
    #[case(
        r#"{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}"#,
        Ok(FinishReason::Length)
    )]
    #[case(
        r#"{"status":"incomplete","incomplete_details":{"reason":"content_filter"}}"#,
        Ok(FinishReason::ContentFilter)
    )]
    #[case(r#"{"status":"incomplete"}"#, Ok(FinishReason::Other))]
    #[case(
        r#"{"status":"failed","error":{"code":"rate_limit_exceeded","message":"x"}}"#,
        Err(ErrorCode::RateLimited)
    )]
    fn the_status_of_an_end_says_whether_it_is_a_good_one(
        #[values("response.completed", "response.done")] kind: &str,
        #[case] response: &str,
        #[case] expected: Result<FinishReason, ErrorCode>,
    ) {
        let event = json!({"response": serde_json::from_str::<Value>(response).unwrap()});
        let mut out = Vec::new();
        let found = match Responses::new(|_| None).read(kind, &event, &mut out) {
            Step::Fail(error) => Err(error.code),
            _ => match out.last() {
                Some(Finish(reason)) => Ok(*reason),
                _ => panic!("{out:?}"),
            },
        };
        assert_eq!(found, expected);
    }
}
