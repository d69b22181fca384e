//! xAI's Responses API (providers.md §5).

use super::account::Access;
use super::classify::{self, Said};
use super::decode::{Decoding, Dialect, Step};
use super::openai::Knobs;
use super::openai::responses::{self, Responses};
use super::{
    API_KEY, ChatRequest, Decoder, LiveModel, ModelPage, OriginInfo, Provider, ProviderError,
    ProviderEvent, ProviderInfo, WireFailure, WireRequest, wire,
};
use crate::shared::chat::ReasoningEffort::{self, High, Low, Medium, None as No, Xhigh};
use crate::shared::error::ErrorCode;
use crate::shared::tariff::{LongContext, Tariff};
use serde::Deserialize;
use serde_json::Value;

static INFO: ProviderInfo = ProviderInfo {
    id: "xai",
    name: "xAI",
    key_hint: "xai-…",
    docs_url: "https://console.x.ai",
    fields: API_KEY,
    shown: &["key"],
    origins: &[OriginInfo {
        default: "https://api.x.ai/v1",
        var: "XAI_BASE_URL",
    }],
};

/// The provider.
pub static XAI: Xai = Xai;

/// xAI's own API.
pub struct Xai;

impl Provider for Xai {
    fn info(&self) -> &'static ProviderInfo {
        &INFO
    }

    fn check_request(&self, access: &Access<'_>) -> Result<Option<WireRequest>, ProviderError> {
        get(access, "api-key").map(Some)
    }

    /// A key that was blocked is told about with a good status.
    fn parse_check(&self, body: &[u8]) -> Result<(), ProviderError> {
        let key: Key = serde_json::from_slice(body)
            .map_err(|_| ProviderError::new(ErrorCode::UpstreamError))?;
        if key.api_key_blocked || key.api_key_disabled {
            Err(ProviderError::new(ErrorCode::InvalidKey))
        } else if key.team_blocked {
            Err(ProviderError::new(ErrorCode::InsufficientPermission))
        } else {
            Ok(())
        }
    }

    fn models_request(
        &self,
        access: &Access<'_>,
        _page: Option<&str>,
    ) -> Result<WireRequest, ProviderError> {
        get(access, "language-models")
    }

    fn parse_models(&self, body: &[u8]) -> Result<ModelPage, ProviderError> {
        let list: List = serde_json::from_slice(body)
            .map_err(|_| ProviderError::new(ErrorCode::UpstreamError))?;
        let models = list
            .models
            .into_iter()
            .filter(|row| row.output_modalities.is_empty() || has(&row.output_modalities, "text"))
            .filter_map(|row| {
                Some(LiveModel {
                    context_window: row.max_prompt_length,
                    vision: Some(has(&row.input_modalities, "image")),
                    reasoning: family(&row.id).map(|family| family.reasons),
                    tariff: row.tariff(),
                    created: row.created,
                    ..LiveModel::new(row.id.parse().ok()?)
                })
            });
        Ok(ModelPage {
            models: models.collect(),
            next: None,
        })
    }

    fn encode(
        &self,
        access: &Access<'_>,
        request: &ChatRequest,
    ) -> Result<WireRequest, ProviderError> {
        Ok(wire::post(
            wire::endpoint(access.origin(0)?, &["responses"])?,
            vec![wire::bearer(access.field("key")?)],
            &responses::body(request, &knobs(request)),
        ))
    }

    fn decoder(&self, _request: &ChatRequest) -> Box<dyn Decoder> {
        Box::new(Decoding::new(Grok(Responses::new(rule))))
    }

    fn classify(&self, failure: &WireFailure<'_>) -> ProviderError {
        classify::failure(failure, rule)
    }
}

fn get(access: &Access<'_>, path: &str) -> Result<WireRequest, ProviderError> {
    let url = wire::endpoint(access.origin(0)?, &[path])?;
    Ok(wire::get(url, vec![wire::bearer(access.field("key")?)]))
}

fn rule(said: &Said) -> Option<ErrorCode> {
    if said.says("incorrect api key") {
        Some(ErrorCode::InvalidKey)
    } else if said.says("credits") || said.says("spending limit") {
        // As 403 or 429; the codes are whole sentences about something else.
        Some(ErrorCode::QuotaExhausted)
    } else if said.says("maximum prompt length") {
        Some(ErrorCode::ContextLength)
    } else if said.says("usage guidelines") {
        Some(ErrorCode::ContentFiltered)
    } else if said.says("does not support parameter") || said.says("not supported on this model") {
        Some(ErrorCode::UnsupportedParam)
    } else if said.status == Some(500) {
        Some(ErrorCode::Overloaded)
    } else {
        None
    }
}

#[derive(Deserialize)]
struct Key {
    #[serde(default)]
    api_key_blocked: bool,
    #[serde(default)]
    api_key_disabled: bool,
    #[serde(default)]
    team_blocked: bool,
}

#[derive(Deserialize)]
struct List {
    models: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    created: Option<i64>,
    #[serde(default)]
    input_modalities: Vec<String>,
    #[serde(default)]
    output_modalities: Vec<String>,
    prompt_text_token_price: Option<f64>,
    cached_prompt_text_token_price: Option<f64>,
    completion_text_token_price: Option<f64>,
    prompt_text_token_price_long_context: Option<f64>,
    completion_text_token_price_long_context: Option<f64>,
    long_context_threshold: Option<u64>,
    max_prompt_length: Option<u64>,
}

impl Row {
    fn tariff(&self) -> Option<Tariff> {
        let usd = |price: Option<f64>| price.map(|price| price / PRICE_UNIT);
        let output = usd(self.completion_text_token_price)?;
        let long = self.long_context_threshold.and_then(|above| {
            Some(LongContext {
                above,
                input: usd(self.prompt_text_token_price_long_context)?,
                output: usd(self.completion_text_token_price_long_context).unwrap_or(output),
            })
        });
        Some(Tariff {
            input: usd(self.prompt_text_token_price)?,
            output,
            cached_input: usd(self.cached_prompt_text_token_price),
            cache_write: None,
            long,
        })
    }
}

/// So many of xAI's units are one USD per million tokens.
const PRICE_UNIT: f64 = 10_000.0;

fn has(modalities: &[String], wanted: &str) -> bool {
    modalities.iter().any(|modality| modality == wanted)
}

/// What a family of models takes.
#[derive(Debug, PartialEq)]
struct Family {
    reasons: bool,
    /// In ascending order; empty when the parameter is not taken.
    efforts: &'static [ReasoningEffort],
}

/// The family of a model by its id, or `None` for an id that says nothing.
fn family(id: &str) -> Option<Family> {
    let reasoning = |efforts| Family {
        reasons: true,
        efforts,
    };
    if id.contains("non-reasoning") {
        return Some(Family {
            reasons: false,
            efforts: &[],
        });
    }
    if id.contains("reasoning") {
        return Some(reasoning(&[]));
    }
    match id.strip_prefix("grok-").and_then(wire::version)? {
        (4, 3) => Some(reasoning(&[No, Low, Medium, High, Xhigh])),
        // 4.20 came before 4.3.
        (4, 20..) => Some(reasoning(&[])),
        (4, 5..) | (5.., _) => Some(reasoning(&[Low, Medium, High, Xhigh])),
        _ => None,
    }
}

fn knobs(request: &ChatRequest) -> Knobs {
    let settings = &request.settings;
    let family = family(request.model.as_str());
    let reasons = family
        .as_ref()
        .map_or(request.capabilities.reasoning, |family| family.reasons);
    let efforts = family.map_or(&[][..], |family| family.efforts);
    Knobs {
        reasons,
        effort: settings
            .reasoning_effort
            .and_then(|wanted| wire::nearest(wanted, efforts)),
        temperature: settings.temperature,
        top_p: settings.top_p,
        max_tokens: wire::max_tokens(request),
    }
}

/// The events of an answer. They are OpenAI's, but cached tokens may not be among those that were read.
struct Grok(Responses);

impl Dialect for Grok {
    fn read(&mut self, kind: &str, value: &Value, out: &mut Vec<ProviderEvent>) -> Step {
        let step = self.0.read(kind, value, out);
        for event in out {
            if let ProviderEvent::Usage(usage) = event
                && usage.input_cached > usage.input
            {
                usage.input = usage.input.saturating_add(usage.input_cached);
            }
        }
        step
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("grok-4.7", true, &[Low, Medium, High, Xhigh])]
    #[case("grok-4.5-latest", true, &[Low, Medium, High, Xhigh])]
    #[case("grok-5", true, &[Low, Medium, High, Xhigh])]
    #[case("grok-4.3", true, &[No, Low, Medium, High, Xhigh])]
    #[case("grok-4.20-0309-reasoning", true, &[])]
    #[case("grok-4.20-0309-non-reasoning", false, &[])]
    #[case("grok-4.20-multi-agent", true, &[])]
    fn a_family_is_known_by_its_id(
        #[case] id: &str,
        #[case] reasons: bool,
        #[case] efforts: &'static [ReasoningEffort],
    ) {
        assert_eq!(family(id), Some(Family { reasons, efforts }));
    }

    #[test]
    fn an_id_that_says_nothing_is_no_family() {
        for id in ["grok-code-fast-1", "grok-4", "sim-short"] {
            assert_eq!(family(id), None, "{id}");
        }
    }

    #[rstest]
    #[case(r#"{"redacted_api_key":"xai-…b14o","acls":["api-key:model:*"],"api_key_blocked":false,"api_key_disabled":false,"team_blocked":false}"#, Ok(()))]
    #[case(r#"{"acls":[]}"#, Ok(()))]
    #[case(r#"{"api_key_blocked":true}"#, Err(ErrorCode::InvalidKey))]
    #[case(r#"{"api_key_disabled":true}"#, Err(ErrorCode::InvalidKey))]
    #[case(r#"{"team_blocked":true}"#, Err(ErrorCode::InsufficientPermission))]
    #[case("<html>", Err(ErrorCode::UpstreamError))]
    fn a_blocked_key_is_refused_in_spite_of_its_good_status(
        #[case] body: &str,
        #[case] expected: Result<(), ErrorCode>,
    ) {
        let found = XAI.parse_check(body.as_bytes());
        assert_eq!(found.map_err(|error| error.code), expected);
    }

    #[rstest]
    #[case(400, r#"{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa***. You can obtain an API key from https://console.x.ai."}"#, ErrorCode::InvalidKey)]
    #[case(403, r#"{"code":"The caller does not have permission to execute the specified operation","error":"The API key is blocked."}"#, ErrorCode::InsufficientPermission)]
    #[case(403, r#"{"code":"The caller does not have permission to execute the specified operation","error":"Your team doesn't have any credits yet."}"#, ErrorCode::QuotaExhausted)]
    #[case(
        429,
        r#"{"code":"Some resource has been exhausted","error":"Too many requests for team."}"#,
        ErrorCode::RateLimited
    )]
    #[case(429, r#"{"code":"Some resource has been exhausted","error":"Your team has either used all available credits or reached its monthly spending limit."}"#, ErrorCode::QuotaExhausted)]
    #[case(404, r#"{"code":"Some requested entity was not found","error":"The model grok-9 does not exist or your team does not have access to it."}"#, ErrorCode::BadModel)]
    #[case(400, r#"{"code":"Client specified an invalid argument","error":"This model's maximum prompt length is 131072 but the request contains 537812 tokens."}"#, ErrorCode::ContextLength)]
    #[case(400, r#"{"code":"invalid-argument","error":"Model grok-4.20 does not support parameter reasoningEffort."}"#, ErrorCode::UnsupportedParam)]
    #[case(403, r#"{"code":"The caller does not have permission to execute the specified operation","error":"Content violates usage guidelines."}"#, ErrorCode::ContentFiltered)]
    #[case(401, r#"{"error":{"message":"Invalid API key","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#, ErrorCode::InvalidKey)]
    #[case(500, r#"{"code":"Internal error","error":"x"}"#, ErrorCode::Overloaded)]
    #[case(
        503,
        r#"{"code":"The service is currently unavailable","error":"x"}"#,
        ErrorCode::Overloaded
    )]
    fn either_shape_of_an_error_is_understood(
        #[case] status: u16,
        #[case] body: &str,
        #[case] code: ErrorCode,
    ) {
        assert_eq!(classify::answered(&XAI, status, &[], body).code, code);
    }
}
