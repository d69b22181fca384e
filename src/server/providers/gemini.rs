//! Google's Gemini API (providers.md §3).

use super::account::Access;
use super::classify::{self, Said};
use super::decode::{Decoding, Dialect, Step, count, text};
use super::{
    API_KEY, ChatRequest, Decoder, LiveModel, ModelPage, OriginInfo, Provider, ProviderError,
    ProviderEvent, ProviderInfo, TokenUsage, WireFailure, WireRequest, wire,
};
use crate::server::crypto::secret::Secret;
use crate::shared::chat::ReasoningEffort::{
    self, High, Low, Max, Medium, Minimal, None as No, Xhigh,
};
use crate::shared::chat::{FinishReason, Role};
use crate::shared::error::ErrorCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

static INFO: ProviderInfo = ProviderInfo {
    id: "gemini",
    name: "Google Gemini",
    key_hint: "AQ.…",
    docs_url: "https://aistudio.google.com/apikey",
    fields: API_KEY,
    shown: &["key"],
    origins: &[OriginInfo {
        default: "https://generativelanguage.googleapis.com",
        var: "GEMINI_BASE_URL",
    }],
};

/// The provider.
pub static GEMINI: Gemini = Gemini;

/// Google's API for keys from AI Studio.
pub struct Gemini;

impl Provider for Gemini {
    fn info(&self) -> &'static ProviderInfo {
        &INFO
    }

    fn models_request(
        &self,
        access: &Access<'_>,
        page: Option<&str>,
    ) -> Result<WireRequest, ProviderError> {
        let mut url = wire::endpoint(access.origin(0)?, &["v1beta", "models"])?;
        url.query_pairs_mut().append_pair("pageSize", "1000");
        if let Some(page) = page {
            url.query_pairs_mut().append_pair("pageToken", page);
        }
        Ok(wire::get(url, vec![auth(access)?]))
    }

    fn parse_models(&self, body: &[u8]) -> Result<ModelPage, ProviderError> {
        let list: List = serde_json::from_slice(body)
            .map_err(|_| ProviderError::new(ErrorCode::UpstreamError))?;
        let models = list
            .models
            .into_iter()
            .filter(Row::chats)
            .filter_map(|row| {
                Some(LiveModel {
                    display_name: row.display_name,
                    context_window: row.input_token_limit,
                    max_output_tokens: row.output_token_limit,
                    reasoning: row.thinking,
                    ..LiveModel::new(bare(&row.name).parse().ok()?)
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
        let call = format!("{}:streamGenerateContent", bare(request.model.as_str()));
        let mut url = wire::endpoint(access.origin(0)?, &["v1beta", "models", &call])?;
        url.set_query(Some("alt=sse"));
        Ok(wire::post(url, vec![auth(access)?], &body(request)))
    }

    fn decoder(&self, _request: &ChatRequest) -> Box<dyn Decoder> {
        Box::new(Decoding::new(Chunks::default()))
    }

    fn classify(&self, failure: &WireFailure<'_>) -> ProviderError {
        classify::failure(failure, rule)
    }
}

pub(super) fn rule(said: &Said) -> Option<ErrorCode> {
    const FORBIDDEN: [&str; 4] = [
        "service_disabled",
        "api_key_service_blocked",
        "failed_precondition",
        "api_key_ip_address_blocked",
    ];
    if said.has("api_key_invalid")
        || said.has("access_token_type_unsupported")
        || said.says("unregistered callers")
    {
        Some(ErrorCode::InvalidKey)
    } else if FORBIDDEN.iter().any(|code| said.has(code)) {
        Some(ErrorCode::InsufficientPermission)
    } else if said.has("resource_exhausted") || said.status == Some(429) {
        // Its message speaks of quota and billing even where waiting a minute is all that it takes.
        let spent = said.status == Some(402)
            || said.any(|code| code.contains("perday"))
            || said.says("limit: 0");
        Some(if spent {
            ErrorCode::QuotaExhausted
        } else {
            ErrorCode::RateLimited
        })
    } else {
        None
    }
}

/// The key as a header: in the query it would end in logs.
fn auth(access: &Access<'_>) -> Result<(&'static str, Secret), ProviderError> {
    Ok((
        "x-goog-api-key",
        Secret::new(access.field("key")?.expose().trim().to_owned()),
    ))
}

fn bare(name: &str) -> &str {
    name.strip_prefix("models/").unwrap_or(name)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    #[serde(default)]
    models: Vec<Row>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    name: String,
    display_name: Option<String>,
    input_token_limit: Option<u64>,
    output_token_limit: Option<u64>,
    #[serde(default)]
    supported_generation_methods: Vec<String>,
    thinking: Option<bool>,
}

impl Row {
    /// Whether it can hold a conversation in text; the method alone is offered by image and speech models too.
    fn chats(&self) -> bool {
        let mut methods = self.supported_generation_methods.iter();
        methods.any(|method| method == "generateContent") && speaks_text(&self.name)
    }
}

/// Whether nothing in a model's name says that it is for something else than text.
pub(super) fn speaks_text(name: &str) -> bool {
    const OTHER: [&str; 12] = [
        "embedding",
        "-image",
        "-tts",
        "native-audio",
        "-live",
        "imagen",
        "veo",
        "lyria",
        "aqa",
        "computer-use",
        "banana",
        "deep-research",
    ];
    !OTHER.iter().any(|word| name.contains(word))
}

/// How a model lets itself be asked to think.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Thinking {
    Never,
    /// It thinks, and takes no measure for it.
    Plain,
    /// By tokens: the fewest and the most.
    Budget(u64, u64),
    /// By level, in ascending order.
    Level(&'static [ReasoningEffort]),
}

fn thinking(request: &ChatRequest) -> Thinking {
    let id = bare(request.model.as_str());
    let rest = id.strip_prefix("gemini-");
    let version = rest.and_then(wire::version);
    let has = |word: &str| id.split('-').any(|part| part == word);
    match version {
        Some((..=1, _) | (2, ..=4)) => Thinking::Never,
        Some((2, _)) if has("pro") => Thinking::Budget(128, 32_768),
        Some((2, _)) => Thinking::Budget(0, 24_576),
        Some((4, _)) if has("hydrogen") => Thinking::Level(&[Low, Medium, High, Xhigh]),
        // `gemini-pro-latest` and the like are always of the newest generation.
        _ if rest.is_some() => {
            let newer_flash = version >= Some((3, 7)) && has("flash") && !has("lite");
            let floor = has("pro") || newer_flash || id == "gemini-flash-latest";
            Thinking::Level(if floor {
                &[Low, Medium, High]
            } else {
                &[Minimal, Low, Medium, High]
            })
        }
        _ if request.capabilities.reasoning => Thinking::Plain,
        _ => Thinking::Never,
    }
}

fn thinking_config(request: &ChatRequest) -> Option<Value> {
    let effort = request.settings.reasoning_effort;
    let mut config = Map::from_iter([("includeThoughts".to_owned(), json!(true))]);
    match (thinking(request), effort) {
        (Thinking::Never, _) | (Thinking::Plain, Some(No)) => return None,
        (_, None) | (Thinking::Plain, _) => {}
        (Thinking::Budget(least, most), Some(effort)) => {
            let wanted = match effort {
                No => 0,
                Minimal => 512,
                Low => 2048,
                Medium => 8192,
                High => 24_576,
                Xhigh | Max => most,
            };
            let budget = wanted.clamp(least, most);
            if budget == 0 {
                config.clear();
            }
            config.insert("thinkingBudget".to_owned(), json!(budget));
        }
        (Thinking::Level(levels), Some(effort)) => {
            let level = wire::nearest(effort, levels).unwrap_or(Low);
            config.insert("thinkingLevel".to_owned(), json!(level.as_str()));
        }
    }
    Some(Value::Object(config))
}

/// The body of a request.
pub(super) fn body(request: &ChatRequest) -> Value {
    let settings = &request.settings;
    let mut turns = wire::alternating(&request.turns);
    let mut system = request
        .system
        .as_ref()
        .filter(|text| !text.trim().is_empty());
    if bare(request.model.as_str()).starts_with("gemma") {
        // Gemma has no place for a system prompt but the person's first turn.
        if let (Some(system), Some(first)) = (system.take(), turns.first_mut()) {
            first.text = format!("{system}\n\n{}", first.text);
        }
    }
    let contents: Vec<Value> = turns
        .into_iter()
        .map(|turn| {
            let role = match turn.role {
                Role::User => "user",
                Role::Assistant => "model",
            };
            json!({"role": role, "parts": [{"text": turn.text}]})
        })
        .collect();
    let options = [
        ("temperature", settings.temperature.map(Value::from)),
        ("topP", settings.top_p.map(Value::from)),
        (
            "maxOutputTokens",
            wire::max_tokens(request).map(Value::from),
        ),
        ("thinkingConfig", thinking_config(request)),
    ];
    let config: Map<String, Value> = options
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
    let mut body = Map::from_iter([("contents".to_owned(), json!(contents))]);
    body.extend(system.map(|text| {
        (
            "systemInstruction".to_owned(),
            json!({"parts": [{"text": text}]}),
        )
    }));
    if !config.is_empty() {
        body.insert("generationConfig".to_owned(), Value::Object(config));
    }
    Value::Object(body)
}

/// The chunks of an answer, which ends with the connection.
#[derive(Default)]
pub(super) struct Chunks {
    usage: TokenUsage,
    spoke: bool,
    called: bool,
    finished: bool,
}

impl Dialect for Chunks {
    fn read(&mut self, _kind: &str, value: &Value, out: &mut Vec<ProviderEvent>) -> Step {
        if value.get("error").is_some_and(|error| !error.is_null()) {
            return Step::Fail(classify::in_stream(value, rule));
        }
        self.read_usage(value, out);
        if text(value, "/promptFeedback/blockReason").is_some() {
            if !self.spoke {
                return Step::Fail(ProviderError::new(ErrorCode::ContentFiltered));
            }
            self.finished = true;
            out.push(ProviderEvent::Finish(FinishReason::ContentFilter));
            return Step::More;
        }
        let Some(candidate) = value.pointer("/candidates/0") else {
            return if value.get("usageMetadata").is_some() {
                Step::More
            } else {
                Step::Unknown
            };
        };
        for part in candidate
            .pointer("/content/parts")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            self.called |= part.get("functionCall").is_some();
            let Some(text) = text(part, "/text").map(str::to_owned) else {
                continue;
            };
            if part.get("thought").and_then(Value::as_bool) == Some(true) {
                out.push(ProviderEvent::Reasoning(text));
            } else {
                self.spoke |= !text.is_empty();
                out.push(ProviderEvent::Text(text));
            }
        }
        if let Some(reason) = text(candidate, "/finishReason") {
            self.finished = true;
            out.push(ProviderEvent::Finish(self.reason(reason)));
        }
        Step::More
    }

    fn may_end(&self) -> bool {
        self.finished
    }
}

impl Chunks {
    /// The counters are totals; thoughts are counted beside the answer.
    fn read_usage(&mut self, value: &Value, out: &mut Vec<ProviderEvent>) {
        let Some(usage) = value.get("usageMetadata") else {
            return;
        };
        let of = |name: &str, before: u64| count(usage, name).unwrap_or(before);
        let before = self.usage;
        let reasoning = of("/thoughtsTokenCount", before.reasoning);
        let answer = of(
            "/candidatesTokenCount",
            before.output.saturating_sub(before.reasoning),
        );
        self.usage = TokenUsage {
            input: of("/promptTokenCount", before.input),
            input_cached: of("/cachedContentTokenCount", before.input_cached),
            input_cache_write: 0,
            output: answer.saturating_add(reasoning),
            reasoning,
        };
        if self.usage != before {
            out.push(ProviderEvent::Usage(self.usage));
        }
    }

    fn reason(&self, reason: &str) -> FinishReason {
        match reason {
            "STOP" if self.called => FinishReason::ToolCalls,
            "STOP" => FinishReason::Stop,
            "MAX_TOKENS" | "CONTINUATION" => FinishReason::Length,
            "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "LANGUAGE" => {
                FinishReason::ContentFilter
            }
            image if image.starts_with("IMAGE_") => FinishReason::ContentFilter,
            "MALFORMED_FUNCTION_CALL"
            | "UNEXPECTED_TOOL_CALL"
            | "TOO_MANY_TOOL_CALLS"
            | "MISSING_THOUGHT_SIGNATURE"
            | "MALFORMED_RESPONSE" => FinishReason::Error,
            _ => FinishReason::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::chat::ChatSettings;
    use crate::shared::model::Capabilities;
    use rstest::rstest;

    fn request(model: &str, reasoning_effort: Option<ReasoningEffort>) -> ChatRequest {
        ChatRequest {
            model: model.parse().unwrap(),
            capabilities: Capabilities::default(),
            max_output_tokens: None,
            system: Some("Be brief.".to_owned()),
            turns: vec![super::super::Turn {
                role: Role::User,
                text: "Hi".to_owned(),
            }],
            settings: ChatSettings {
                reasoning_effort,
                ..ChatSettings::default()
            },
        }
    }

    #[rstest]
    #[case("gemini-2.5-pro", Some(No), json!({"includeThoughts": true, "thinkingBudget": 128}))]
    #[case("gemini-2.5-flash", Some(No), json!({"thinkingBudget": 0}))]
    #[case("gemini-2.5-flash", Some(Max), json!({"includeThoughts": true, "thinkingBudget": 24_576}))]
    #[case("gemini-3.1-pro-preview", Some(Minimal), json!({"includeThoughts": true, "thinkingLevel": "low"}))]
    #[case("gemini-3.5-flash", Some(No), json!({"includeThoughts": true, "thinkingLevel": "minimal"}))]
    #[case("gemini-3.8-flash", Some(Minimal), json!({"includeThoughts": true, "thinkingLevel": "low"}))]
    #[case("gemini-4-argon", Some(Max), json!({"includeThoughts": true, "thinkingLevel": "high"}))]
    #[case("gemini-4-hydrogen", Some(Max), json!({"includeThoughts": true, "thinkingLevel": "xhigh"}))]
    #[case("models/gemini-3.8-flash", None, json!({"includeThoughts": true}))]
    #[case("gemini-2.0-flash", Some(High), Value::Null)]
    #[case("gemma-3-27b-it", Some(High), Value::Null)]
    fn thinking_is_asked_for_in_the_way_of_the_generation(
        #[case] model: &str,
        #[case] effort: Option<ReasoningEffort>,
        #[case] expected: Value,
    ) {
        assert_eq!(
            thinking_config(&request(model, effort)).unwrap_or_default(),
            expected
        );
    }

    #[test]
    fn gemma_reads_the_system_prompt_in_the_first_turn() {
        let body = body(&request("gemma-3-27b-it", None));
        assert_eq!(body["contents"][0]["parts"][0]["text"], "Be brief.\n\nHi");
        assert_eq!(body.get("systemInstruction"), None);
    }

    #[rstest]
    #[case(400, r#"{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}"#, ErrorCode::InvalidKey)]
    #[case(401, r#"{"error":{"code":401,"message":"x","status":"UNAUTHENTICATED","details":[{"reason":"ACCESS_TOKEN_TYPE_UNSUPPORTED"}]}}"#, ErrorCode::InvalidKey)]
    #[case(403, r#"{"error":{"code":403,"message":"x","status":"PERMISSION_DENIED","details":[{"reason":"SERVICE_DISABLED"}]}}"#, ErrorCode::InsufficientPermission)]
    #[case(400, r#"{"error":{"code":400,"message":"User location is not supported","status":"FAILED_PRECONDITION"}}"#, ErrorCode::InsufficientPermission)]
    #[case(429, r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]}]}}"#, ErrorCode::RateLimited)]
    #[case(429, r#"{"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}]}}"#, ErrorCode::QuotaExhausted)]
    #[case(
        402,
        r#"{"error":{"code":402,"message":"x","status":"RESOURCE_EXHAUSTED"}}"#,
        ErrorCode::QuotaExhausted
    )]
    #[case(404, r#"{"error":{"code":404,"message":"models/x is not found for API version v1beta","status":"NOT_FOUND"}}"#, ErrorCode::BadModel)]
    fn the_statuses_that_lie_are_seen_through(
        #[case] status: u16,
        #[case] body: &str,
        #[case] code: ErrorCode,
    ) {
        assert_eq!(classify::answered(&GEMINI, status, &[], body).code, code);
    }
}
