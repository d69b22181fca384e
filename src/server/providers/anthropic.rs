//! Anthropic's Messages API (providers.md §2).

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
use crate::shared::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

static INFO: ProviderInfo = ProviderInfo {
    id: "anthropic",
    name: "Anthropic",
    key_hint: "sk-ant-…",
    docs_url: "https://platform.claude.com/settings/keys",
    fields: API_KEY,
    shown: &["key"],
    origins: &[OriginInfo {
        default: "https://api.anthropic.com",
        var: "ANTHROPIC_BASE_URL",
    }],
};

/// The provider.
pub static ANTHROPIC: Anthropic = Anthropic;

/// Anthropic's own API.
pub struct Anthropic;

/// The newer 2026-10-21 takes sampling parameters from the models that still have them.
const VERSION: &str = "2023-06-01";

/// What an answer may cost in output when neither the person nor the model's limit says less.
const OUTPUT: u64 = 32_000;

/// The same for a model whose limit is not known.
const OUTPUT_UNKNOWN: u64 = 8192;

impl Provider for Anthropic {
    fn info(&self) -> &'static ProviderInfo {
        &INFO
    }

    fn models_request(
        &self,
        access: &Access<'_>,
        page: Option<&str>,
    ) -> Result<WireRequest, ProviderError> {
        let mut url = wire::endpoint(access.origin(0)?, &["v1", "models"])?;
        url.query_pairs_mut().append_pair("limit", "1000");
        if let Some(page) = page {
            url.query_pairs_mut().append_pair("after_id", page);
        }
        Ok(versioned(wire::get(url, vec![auth(access.field("key")?)])))
    }

    fn parse_models(&self, body: &[u8]) -> Result<ModelPage, ProviderError> {
        let list: List = serde_json::from_slice(body)
            .map_err(|_| ProviderError::new(ErrorCode::UpstreamError))?;
        let models = list
            .data
            .into_iter()
            .filter(|row| row.lifecycle.as_deref() != Some("retired"))
            .filter_map(|row| {
                let can = |name: &str| row.capabilities.pointer(name)?.as_bool();
                Some(LiveModel {
                    vision: can("/image_input/supported"),
                    // The list does not say; every model has them (providers.md §15).
                    tools: Some(true),
                    json_mode: can("/structured_outputs/supported"),
                    reasoning: can("/thinking/supported"),
                    display_name: row.display_name,
                    context_window: row.max_input_tokens,
                    max_output_tokens: row.max_tokens,
                    deprecated_at: row
                        .retires_at
                        .and_then(|time| Some(time.get(..10)?.to_owned())),
                    created: row
                        .created_at
                        .and_then(|time| Some(Timestamp::parse(&time)?.0 / 1000)),
                    ..LiveModel::new(row.id.parse().ok()?)
                })
            });
        Ok(ModelPage {
            models: models.collect(),
            next: list.last_id.filter(|_| list.has_more),
        })
    }

    fn encode(
        &self,
        access: &Access<'_>,
        request: &ChatRequest,
    ) -> Result<WireRequest, ProviderError> {
        let url = wire::endpoint(access.origin(0)?, &["v1", "messages"])?;
        Ok(versioned(wire::post(
            url,
            vec![auth(access.field("key")?)],
            &body(request),
        )))
    }

    fn decoder(&self, _request: &ChatRequest) -> Box<dyn Decoder> {
        Box::new(Decoding::new(Messages::default()))
    }

    fn classify(&self, failure: &WireFailure<'_>) -> ProviderError {
        classify::failure(failure, rule)
    }
}

pub(super) fn rule(said: &Said) -> Option<ErrorCode> {
    if said.any(|code| {
        code.ends_with("_spend_limit_reached") || code.starts_with("linked_organization_")
    }) {
        Some(ErrorCode::QuotaExhausted)
    } else if said.status == Some(401) && said.says("cors") {
        // The organisation forbids calls from browsers; that is not about the key.
        Some(ErrorCode::InsufficientPermission)
    } else {
        None
    }
}

/// `x-api-key`, or a bearer for an OAuth token; sending both is rejected.
fn auth(key: &Secret) -> (&'static str, Secret) {
    if key.expose().trim().starts_with("sk-ant-oat") {
        return wire::bearer(key);
    }
    ("x-api-key", Secret::new(key.expose().trim().to_owned()))
}

fn versioned(mut request: WireRequest) -> WireRequest {
    request
        .headers
        .push(("anthropic-version", VERSION.to_owned()));
    request
}

#[derive(Deserialize)]
struct List {
    data: Vec<Row>,
    #[serde(default)]
    has_more: bool,
    last_id: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    display_name: Option<String>,
    created_at: Option<String>,
    max_input_tokens: Option<u64>,
    max_tokens: Option<u64>,
    lifecycle: Option<String>,
    retires_at: Option<String>,
    #[serde(default)]
    capabilities: Value,
}

/// How a model lets itself be asked to think.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Thinking {
    /// Not at all.
    Never,
    /// With a budget of tokens, when asked.
    Budget,
    /// As much as it finds right, when asked.
    Adaptive,
    /// As much as it finds right, unless forbidden.
    AdaptiveByDefault,
    /// As much as it finds right, and forbidding it is an error.
    Always,
}

/// What a generation of models takes.
#[derive(Debug, PartialEq)]
struct Family {
    thinking: Thinking,
    /// In ascending order; empty when the parameter is not taken.
    efforts: &'static [ReasoningEffort],
    samples: bool,
}

fn family(request: &ChatRequest) -> Family {
    const EFFORTS: &[ReasoningEffort] = &[Low, Medium, High, Max];
    const ALL_EFFORTS: &[ReasoningEffort] = &[Low, Medium, High, Xhigh, Max];
    let id = request.model.as_str();
    let Some(name) = id
        .find("claude-")
        .and_then(|at| id.get(at + "claude-".len()..))
    else {
        // Not a Claude: whoever serves it decides what to make of the person's settings.
        let thinking = if request.capabilities.reasoning {
            Thinking::Adaptive
        } else {
            Thinking::Never
        };
        return Family {
            thinking,
            efforts: &[],
            samples: true,
        };
    };
    let name = name.replace('@', "-");
    // `3-7-sonnet` until Claude 3, `sonnet-4-5` since; a name without a number is taken to be the newest.
    let (line, rest) = name.split_once('-').unwrap_or((&name, ""));
    let version = wire::version(&name).or_else(|| wire::version(rest));
    let version = version.unwrap_or((u32::MAX, 0));
    match version {
        (5, 5) if line == "haiku" => Family {
            thinking: Thinking::AdaptiveByDefault,
            efforts: ALL_EFFORTS,
            samples: false,
        },
        (5, 0) if line != "fable" => Family {
            thinking: Thinking::AdaptiveByDefault,
            efforts: ALL_EFFORTS,
            samples: false,
        },
        (5.., _) => Family {
            thinking: Thinking::Always,
            efforts: ALL_EFFORTS,
            samples: false,
        },
        (4, 7..) => Family {
            thinking: Thinking::Adaptive,
            efforts: ALL_EFFORTS,
            samples: false,
        },
        (4, 6) => Family {
            thinking: Thinking::Adaptive,
            efforts: EFFORTS,
            samples: true,
        },
        (4, 5) if line == "opus" => Family {
            thinking: Thinking::Budget,
            efforts: &[Low, Medium, High],
            samples: true,
        },
        (4, _) | (3, 7) => Family {
            thinking: Thinking::Budget,
            efforts: &[],
            samples: true,
        },
        _ => Family {
            thinking: Thinking::Never,
            efforts: &[],
            samples: true,
        },
    }
}

/// The body of a request.
pub(super) fn body(request: &ChatRequest) -> Value {
    let family = family(request);
    let settings = &request.settings;
    let default = request
        .max_output_tokens
        .map_or(OUTPUT_UNKNOWN, |most| most.min(OUTPUT));
    let wanted = settings.max_tokens.map_or(default, u64::from);
    let max_tokens = request
        .max_output_tokens
        .map_or(wanted, |most| wanted.min(most))
        .max(1);
    let messages: Vec<Value> = wire::alternating(&request.turns)
        .into_iter()
        .map(|turn| {
            let role = match turn.role {
                Role::User => "user",
                Role::Assistant => "assistant",
            };
            json!({"role": role, "content": turn.text})
        })
        .collect();

    let effort = settings.reasoning_effort;
    // The text of thoughts is left out by default on the newest models.
    let adaptive = || Some(json!({"type": "adaptive", "display": "summarized"}));
    let thinking = match (family.thinking, effort) {
        (Thinking::Always, _)
        | (Thinking::AdaptiveByDefault, None | Some(Minimal | Low | Medium | High | Xhigh | Max)) => {
            adaptive()
        }
        (Thinking::AdaptiveByDefault, Some(No)) => Some(json!({"type": "disabled"})),
        (Thinking::Never, _) | (_, None | Some(No)) => None,
        (Thinking::Adaptive, Some(_)) => adaptive(),
        (Thinking::Budget, Some(effort)) => budget(effort, max_tokens),
    };
    // An effort of `none` is not one of Anthropic's: it says not to think, or as little as possible.
    let effort = effort.filter(|effort| *effort != No || family.thinking == Thinking::Always);
    let effort = effort.and_then(|effort| wire::nearest(effort, family.efforts));
    // With thoughts, sampling is fixed; without, models since 4.1 take one of the two.
    let samples = family.samples && thinking.is_none();
    let temperature = settings
        .temperature
        .filter(|_| samples)
        .map(|value| value.clamp(0.0, 1.0));
    let top_p = settings.top_p.filter(|_| samples && temperature.is_none());
    let system = request
        .system
        .as_ref()
        .filter(|text| !text.trim().is_empty());

    let mut body = json!({"model": request.model, "max_tokens": max_tokens, "messages": messages, "stream": true});
    let options = [
        ("system", system.map(|text| json!(text))),
        ("thinking", thinking),
        (
            "output_config",
            effort.map(|effort| json!({"effort": effort.as_str()})),
        ),
        ("temperature", temperature.map(Value::from)),
        ("top_p", top_p.map(Value::from)),
    ];
    if let Some(body) = body.as_object_mut() {
        let given = options
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        body.extend(given);
    }
    body
}

/// Thinking by a budget, which must leave room for the answer and be at least 1024.
fn budget(effort: ReasoningEffort, max_tokens: u64) -> Option<Value> {
    let wanted: u64 = match effort {
        No => return None,
        Minimal => 1024,
        Low => 2048,
        Medium => 8192,
        High => 16_384,
        Xhigh | Max => 31_999,
    };
    let budget = wanted.min(max_tokens.saturating_sub(1024));
    (budget >= 1024).then(|| json!({"type": "enabled", "budget_tokens": budget}))
}

/// The events of an answer.
#[derive(Default)]
pub(super) struct Messages {
    input: u64,
    cache_read: u64,
    cache_write: u64,
    output: u64,
    thinking: u64,
}

impl Messages {
    /// Takes over what `usage` has: its numbers are totals, and a later event may leave some out.
    fn usage(&mut self, usage: Option<&Value>) -> Option<ProviderEvent> {
        let usage = usage.filter(|usage| usage.is_object())?;
        for (field, pointer) in [
            (&mut self.input, "/input_tokens"),
            (&mut self.cache_read, "/cache_read_input_tokens"),
            (&mut self.cache_write, "/cache_creation_input_tokens"),
            (&mut self.output, "/output_tokens"),
            (&mut self.thinking, "/output_tokens_details/thinking_tokens"),
        ] {
            *field = count(usage, pointer).unwrap_or(*field);
        }
        Some(ProviderEvent::Usage(TokenUsage {
            input: self
                .input
                .saturating_add(self.cache_read)
                .saturating_add(self.cache_write),
            input_cached: self.cache_read,
            input_cache_write: self.cache_write,
            output: self.output,
            reasoning: self.thinking,
        }))
    }
}

impl Dialect for Messages {
    fn read(&mut self, kind: &str, value: &Value, out: &mut Vec<ProviderEvent>) -> Step {
        let mut say = |at: &str, event: fn(String) -> ProviderEvent| {
            out.extend(text(value, at).map(|text| event(text.to_owned())));
        };
        match kind {
            "message_start" => out.extend(self.usage(value.pointer("/message/usage"))),
            "content_block_start" => {
                say("/content_block/thinking", ProviderEvent::Reasoning);
                say("/content_block/text", ProviderEvent::Text);
            }
            "content_block_delta" => {
                say("/delta/thinking", ProviderEvent::Reasoning);
                say("/delta/text", ProviderEvent::Text);
            }
            "message_delta" => {
                out.extend(self.usage(value.get("usage")));
                out.extend(text(value, "/delta/stop_reason").map(|reason| {
                    ProviderEvent::Finish(match reason {
                        "end_turn" | "stop_sequence" | "pause_turn" => FinishReason::Stop,
                        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
                        "tool_use" => FinishReason::ToolCalls,
                        "refusal" => FinishReason::ContentFilter,
                        _ => FinishReason::Other,
                    })
                }));
            }
            "message_stop" => return Step::End,
            "error" => return Step::Fail(classify::in_stream(value, rule)),
            _ => return Step::Unknown,
        }
        Step::More
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::chat::ChatSettings;
    use crate::shared::model::Capabilities;
    use rstest::rstest;

    fn request(model: &str, settings: ChatSettings) -> ChatRequest {
        ChatRequest {
            model: model.parse().unwrap(),
            capabilities: Capabilities::default(),
            max_output_tokens: None,
            system: None,
            turns: vec![super::super::Turn {
                role: Role::User,
                text: "Hi".to_owned(),
            }],
            settings,
        }
    }

    #[rstest]
    #[case("claude-sonnet-5-5-20261001", Thinking::Always, false)]
    #[case("claude-fable-5-2", Thinking::Always, false)]
    #[case("claude-fable-5", Thinking::Always, false)]
    #[case("claude-haiku-5-5", Thinking::AdaptiveByDefault, false)]
    #[case("claude-opus-5", Thinking::AdaptiveByDefault, false)]
    #[case("claude-opus-4-8", Thinking::Adaptive, false)]
    #[case("claude-sonnet-4-6", Thinking::Adaptive, true)]
    #[case("claude-haiku-4-5-20251001", Thinking::Budget, true)]
    #[case("us.anthropic.claude-haiku-4-5-20251001-v1:0", Thinking::Budget, true)]
    #[case("claude-opus-4@20250514", Thinking::Budget, true)]
    #[case("claude-opus-4-20250514", Thinking::Budget, true)]
    #[case("claude-3-7-sonnet-20250219", Thinking::Budget, true)]
    #[case("claude-3-haiku-20240307", Thinking::Never, true)]
    #[case("claude-next", Thinking::Always, false)]
    #[case("sim-short", Thinking::Never, true)]
    fn a_generation_is_known_by_its_id(
        #[case] id: &str,
        #[case] thinking: Thinking,
        #[case] samples: bool,
    ) {
        let family = family(&request(id, ChatSettings::default()));
        assert_eq!((family.thinking, family.samples), (thinking, samples));
    }

    #[rstest]
    #[case(High, 32_000, Some(16_384))]
    #[case(Max, 32_000, Some(30_976))]
    #[case(Low, 3000, Some(1976))]
    #[case(Low, 2047, None)]
    #[case(No, 32_000, None)]
    fn a_budget_leaves_room_for_the_answer(
        #[case] effort: ReasoningEffort,
        #[case] max: u64,
        #[case] expected: Option<u64>,
    ) {
        let budget =
            budget(effort, max).map(|thinking| thinking["budget_tokens"].as_u64().unwrap());
        assert_eq!(budget, expected);
    }

    #[test]
    fn an_answer_is_never_longer_than_the_model_can_write() {
        let mut request = request("claude-haiku-4-5", ChatSettings::default());
        assert_eq!(body(&request)["max_tokens"], 8192);
        request.max_output_tokens = Some(64_000);
        assert_eq!(body(&request)["max_tokens"], 32_000);
        request.settings.max_tokens = Some(100_000);
        assert_eq!(body(&request)["max_tokens"], 64_000);
        request.settings.max_tokens = Some(10);
        assert_eq!(body(&request)["max_tokens"], 10);
    }

    #[test]
    fn not_thinking_is_said_in_the_way_that_the_generation_takes() {
        let none = ChatSettings {
            reasoning_effort: Some(No),
            ..ChatSettings::default()
        };
        let sonnet = body(&request("claude-sonnet-5-5", none.clone()));
        assert_eq!(sonnet["thinking"]["type"], "adaptive");
        assert_eq!(sonnet["output_config"]["effort"], "low");
        let opus = body(&request("claude-opus-5", none.clone()));
        assert_eq!(opus["thinking"]["type"], "disabled");
        assert_eq!(opus.get("output_config"), None);
        let haiku = body(&request("claude-haiku-4-5", none));
        assert_eq!(haiku.get("thinking"), None);
    }

    #[test]
    fn an_oauth_token_travels_as_a_bearer_alone() {
        let header = |key: &str| auth(&Secret::new(key.to_owned()));
        assert_eq!(
            header(" sk-ant-api03-x\n"),
            ("x-api-key", Secret::new("sk-ant-api03-x".to_owned()))
        );
        assert_eq!(
            header("sk-ant-oat01-x"),
            (
                "authorization",
                Secret::new("Bearer sk-ant-oat01-x".to_owned())
            )
        );
    }
}
