//! Cohere's v2 chat (providers.md §7).

use super::account::Access;
use super::classify::{self, Said};
use super::decode::{Decoding, Dialect, Step, count, text};
use super::{
    API_KEY, ChatRequest, Decoder, LiveModel, ModelPage, OriginInfo, Provider, ProviderError,
    ProviderEvent, ProviderInfo, TokenUsage, WireFailure, WireRequest, wire,
};
use crate::shared::chat::ReasoningEffort::{High, Low, Max, Medium, Minimal, None as No, Xhigh};
use crate::shared::chat::{FinishReason, Role};
use crate::shared::error::ErrorCode;
use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

static INFO: ProviderInfo = ProviderInfo {
    id: "cohere",
    name: "Cohere",
    key_hint: "40 letters and digits",
    docs_url: "https://dashboard.cohere.com/api-keys",
    fields: API_KEY,
    shown: &["key"],
    origins: &[OriginInfo {
        default: "https://api.cohere.com",
        var: "COHERE_BASE_URL",
    }],
};

/// The provider.
pub static COHERE: Cohere = Cohere;

/// Cohere's own API.
pub struct Cohere;

impl Provider for Cohere {
    fn info(&self) -> &'static ProviderInfo {
        &INFO
    }

    fn check_request(&self, access: &Access<'_>) -> Result<Option<WireRequest>, ProviderError> {
        let url = wire::endpoint(access.origin(0)?, &["v1", "check-api-key"])?;
        Ok(Some(WireRequest {
            method: Method::POST,
            ..wire::get(url, vec![wire::bearer(access.field("key")?)])
        }))
    }

    fn parse_check(&self, body: &[u8]) -> Result<(), ProviderError> {
        let check: Check = serde_json::from_slice(body)
            .map_err(|_| ProviderError::new(ErrorCode::UpstreamError))?;
        if check.valid {
            Ok(())
        } else {
            Err(ProviderError::new(ErrorCode::InvalidKey))
        }
    }

    fn models_request(
        &self,
        access: &Access<'_>,
        page: Option<&str>,
    ) -> Result<WireRequest, ProviderError> {
        let mut url = wire::endpoint(access.origin(0)?, &["v1", "models"])?;
        url.query_pairs_mut()
            .append_pair("endpoint", "chat")
            .append_pair("page_size", "1000");
        if let Some(page) = page {
            url.query_pairs_mut().append_pair("page_token", page);
        }
        Ok(wire::get(url, vec![wire::bearer(access.field("key")?)]))
    }

    fn parse_models(&self, body: &[u8]) -> Result<ModelPage, ProviderError> {
        let list: List = serde_json::from_slice(body)
            .map_err(|_| ProviderError::new(ErrorCode::UpstreamError))?;
        let models = list
            .models
            .into_iter()
            // Cohere gives no date from which a deprecated model stops to answer: it may be any day.
            .filter(|row| !row.is_deprecated.unwrap_or_default())
            .filter(|row| row.endpoints.iter().any(|endpoint| endpoint == "chat"))
            .filter_map(|row| {
                let can = |wanted: &[&str]| {
                    let features = row.features.as_ref()?;
                    Some(features.iter().any(|has| wanted.contains(&has.as_str())))
                };
                Some(LiveModel {
                    context_window: row.context_length.and_then(positive),
                    vision: can(&["vision"]),
                    tools: can(&["tools"]),
                    json_mode: can(&["json_mode", "json_schema"]),
                    reasoning: can(&["reasoning"]),
                    ..LiveModel::new(row.name.parse().ok()?)
                })
            });
        Ok(ModelPage {
            models: models.collect(),
            next: list.next_page_token.filter(|token| !token.is_empty()),
        })
    }

    fn encode(
        &self,
        access: &Access<'_>,
        request: &ChatRequest,
    ) -> Result<WireRequest, ProviderError> {
        Ok(wire::post(
            wire::endpoint(access.origin(0)?, &["v2", "chat"])?,
            vec![wire::bearer(access.field("key")?)],
            &body(request),
        ))
    }

    fn decoder(&self, _request: &ChatRequest) -> Box<dyn Decoder> {
        Box::new(Decoding::new(Events))
    }

    fn classify(&self, failure: &WireFailure<'_>) -> ProviderError {
        classify::failure(failure, rule)
    }
}

fn rule(said: &Said) -> Option<ErrorCode> {
    let monthly = ["/ month", "per month", "monthly"];
    match said.status {
        // A word on a list; elsewhere this number means a lack of capacity.
        Some(498) => Some(ErrorCode::ContentFiltered),
        Some(429) | None if monthly.iter().any(|text| said.says(text)) => {
            Some(ErrorCode::QuotaExhausted)
        }
        Some(500) => Some(ErrorCode::Overloaded),
        None if said.says("overloaded") || said.says("unavailable") => Some(ErrorCode::Overloaded),
        _ => None,
    }
}

#[derive(Deserialize)]
struct Check {
    valid: bool,
}

#[derive(Deserialize)]
struct List {
    models: Vec<Row>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    is_deprecated: Option<bool>,
    #[serde(default)]
    endpoints: Vec<String>,
    /// A float in the specification.
    context_length: Option<f64>,
    features: Option<Vec<String>>,
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, which suits a length"
)]
fn positive(length: f64) -> Option<u64> {
    (length >= 1.0).then_some(length as u64)
}

/// The body of a request.
fn body(request: &ChatRequest) -> Value {
    let settings = &request.settings;
    let system = request
        .system
        .as_ref()
        .filter(|text| !text.trim().is_empty())
        .map(|text| json!({"role": "system", "content": text}));
    let turns = wire::alternating(&request.turns).into_iter().map(|turn| {
        let role = match turn.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        json!({"role": role, "content": turn.text})
    });
    let mut body = Map::from_iter([
        ("model".to_owned(), json!(request.model)),
        (
            "messages".to_owned(),
            system.into_iter().chain(turns).collect(),
        ),
        ("stream".to_owned(), json!(true)),
    ]);
    let options = [
        ("max_tokens", wire::max_tokens(request).map(Value::from)),
        (
            "temperature",
            settings
                .temperature
                .map(|value| value.clamp(0.0, 1.0).into()),
        ),
        (
            "p",
            settings.top_p.map(|value| value.clamp(0.01, 0.99).into()),
        ),
        ("thinking", thinking(request)),
    ];
    let given = options
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    body.extend(given);
    Value::Object(body)
}

/// A model that thinks does so unless told otherwise; the others reject the parameter.
fn thinking(request: &ChatRequest) -> Option<Value> {
    let reasons = request.capabilities.reasoning || request.model.as_str().contains("reasoning");
    let budget = match request.settings.reasoning_effort.filter(|_| reasons)? {
        No => return Some(json!({"type": "disabled"})),
        Minimal => 512,
        Low => 2048,
        Medium => 8192,
        High => 16_384,
        Xhigh | Max => return Some(json!({"type": "enabled"})),
    };
    Some(json!({"type": "enabled", "token_budget": budget}))
}

/// The events of an answer.
struct Events;

impl Dialect for Events {
    fn read(&mut self, kind: &str, value: &Value, out: &mut Vec<ProviderEvent>) -> Step {
        match kind {
            "content-start" | "content-delta" => {
                let mut say = |at: &str, event: fn(String) -> ProviderEvent| {
                    out.extend(text(value, at).map(|text| event(text.to_owned())));
                };
                say("/delta/message/content/thinking", ProviderEvent::Reasoning);
                say("/delta/message/content/text", ProviderEvent::Text);
            }
            "message-end" => {
                out.extend(usage(value));
                match text(value, "/delta/finish_reason").unwrap_or_default() {
                    "ERROR" => {
                        let error = json!({"message": text(value, "/delta/error")});
                        return Step::Fail(classify::in_stream(&error, rule));
                    }
                    "TIMEOUT" => return Step::Fail(ProviderError::new(ErrorCode::Timeout)),
                    reason => out.push(ProviderEvent::Finish(match reason {
                        "COMPLETE" | "STOP_SEQUENCE" => FinishReason::Stop,
                        "MAX_TOKENS" => FinishReason::Length,
                        "TOOL_CALL" => FinishReason::ToolCalls,
                        "ERROR_TOXIC" => FinishReason::ContentFilter,
                        _ => FinishReason::Other,
                    })),
                }
                return Step::End;
            }
            "message-start" | "content-end" | "tool-plan-delta" | "tool-call-start"
            | "tool-call-delta" | "tool-call-end" | "citation-start" | "citation-end" => {}
            _ => return Step::Unknown,
        }
        Step::More
    }
}

/// What the model read and wrote; what is billed leaves out Cohere's own preamble.
fn usage(value: &Value) -> Option<ProviderEvent> {
    let usage = value.pointer("/delta/usage")?;
    let of = |name: &str| {
        count(usage, &format!("/tokens/{name}"))
            .or_else(|| count(usage, &format!("/billed_units/{name}")))
    };
    Some(ProviderEvent::Usage(TokenUsage {
        input: of("input_tokens")?,
        input_cached: count(usage, "/cached_tokens").unwrap_or(0),
        input_cache_write: 0,
        output: of("output_tokens")?,
        reasoning: 0,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(r#"{"valid":true,"organization_id":"o","owner_id":"u"}"#, Ok(()))]
    #[case(r#"{"valid":false}"#, Err(ErrorCode::InvalidKey))]
    #[case("{}", Err(ErrorCode::UpstreamError))]
    fn a_key_is_valid_when_cohere_says_so(
        #[case] body: &str,
        #[case] expected: Result<(), ErrorCode>,
    ) {
        let found = COHERE.parse_check(body.as_bytes());
        assert_eq!(found.map_err(|error| error.code), expected);
    }

    #[rstest]
    #[case(
        400,
        "too many tokens: total number of tokens in the prompt cannot exceed 4081",
        ErrorCode::ContextLength
    )]
    #[case(
        400,
        "invalid request: temperature must be between 0 and 1",
        ErrorCode::UpstreamError
    )]
    #[case(401, "invalid api token", ErrorCode::InvalidKey)]
    #[case(401, "no api key supplied", ErrorCode::InvalidKey)]
    #[case(
        402,
        "Please add or update your payment method to continue",
        ErrorCode::QuotaExhausted
    )]
    #[case(403, "x", ErrorCode::InsufficientPermission)]
    #[case(
        404,
        "model 'x' not found, make sure the correct model ID was used",
        ErrorCode::BadModel
    )]
    #[case(422, "x", ErrorCode::UpstreamError)]
    #[case(
        429,
        "You are using a Trial key, which is limited to 20 API calls / minute.",
        ErrorCode::RateLimited
    )]
    #[case(
        429,
        "You are using a Trial key, which is limited to 1000 API calls / month.",
        ErrorCode::QuotaExhausted
    )]
    #[case(
        498,
        "the request contains a blocked token",
        ErrorCode::ContentFiltered
    )]
    #[case(499, "the request was cancelled", ErrorCode::UpstreamError)]
    #[case(500, "internal server error", ErrorCode::Overloaded)]
    #[case(503, "x", ErrorCode::Overloaded)]
    #[case(504, "x", ErrorCode::Timeout)]
    fn a_failure_is_known_by_its_status_and_its_words(
        #[case] status: u16,
        #[case] message: &str,
        #[case] code: ErrorCode,
    ) {
        let body = json!({"message": message, "id": "1"}).to_string();
        assert_eq!(classify::answered(&COHERE, status, &[], &body).code, code);
    }
}
