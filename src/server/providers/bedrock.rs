//! Amazon Bedrock's Converse API (providers.md §9).

mod sign;

use super::account::Access;
use super::classify::{self, Said};
use super::decode::{Decoding, Dialect, Step, count, text};
use super::{
    ChatRequest, Credential, Decoder, FieldInfo, FieldKind, FieldProblem, Framing, LiveModel,
    ModelPage, OriginInfo, Provider, ProviderError, ProviderEvent, ProviderInfo, TokenUsage,
    WireFailure, WireRequest, anthropic, wire,
};
use crate::shared::chat::{FinishReason, Role};
use crate::shared::error::ErrorCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use url::Url;

static INFO: ProviderInfo = ProviderInfo {
    id: "bedrock",
    name: "Amazon Bedrock",
    key_hint: "ABSK… or AKIA…",
    docs_url: "https://console.aws.amazon.com/bedrock/home#/api-keys",
    fields: &[
        FieldInfo {
            name: "region",
            label: "Region",
            kind: FieldKind::HostLabel,
            required: true,
        },
        FieldInfo {
            name: "apiKey",
            label: "Bedrock API key",
            kind: FieldKind::Secret,
            required: false,
        },
        FieldInfo {
            name: "accessKeyId",
            label: "or: access key id",
            kind: FieldKind::Text,
            required: false,
        },
        FieldInfo {
            name: "secretAccessKey",
            label: "Secret access key",
            kind: FieldKind::Secret,
            required: false,
        },
        FieldInfo {
            name: "sessionToken",
            label: "Session token of a temporary key",
            kind: FieldKind::Secret,
            required: false,
        },
    ],
    shown: &["apiKey", "accessKeyId"],
    origins: &[
        OriginInfo {
            default: "https://bedrock.{region}.amazonaws.com",
            var: "BEDROCK_BASE_URL",
        },
        OriginInfo {
            default: "https://bedrock-runtime.{region}.amazonaws.com",
            var: "BEDROCK_RUNTIME_BASE_URL",
        },
    ],
};

/// The provider.
pub static BEDROCK: Bedrock = Bedrock;

/// Bedrock in the region of the credential.
pub struct Bedrock;

/// The pages of the list behind the first one: the inference profiles, through which most models are called.
const PROFILES: &str = "profiles";

impl Provider for Bedrock {
    fn info(&self) -> &'static ProviderInfo {
        &INFO
    }

    fn complete(&self, credential: Credential) -> Result<Credential, FieldProblem> {
        let has = |name: &str| credential.0.contains_key(name);
        let temporary = credential
            .0
            .get("accessKeyId")
            .is_some_and(|id| id.expose().starts_with("ASIA"));
        match (
            has("apiKey"),
            has("accessKeyId"),
            has("secretAccessKey"),
            has("sessionToken"),
        ) {
            (true, false, false, false) => Ok(credential),
            (true, ..) => Err((
                "apiKey",
                "Fill in either an API key, or an access key with its secret.",
            )),
            (_, true, true, given) if given || !temporary => Ok(credential),
            (_, true, true, _) => Err((
                "sessionToken",
                "An access key that begins with ASIA is temporary. Add its session token.",
            )),
            (_, true, ..) => Err(("secretAccessKey", "Add the secret of this access key.")),
            (_, _, true, _) => Err(("accessKeyId", "Add the id of this access key.")),
            _ => Err((
                "apiKey",
                "Fill in an API key, or an access key with its secret.",
            )),
        }
    }

    fn models_request(
        &self,
        access: &Access<'_>,
        page: Option<&str>,
    ) -> Result<WireRequest, ProviderError> {
        let base = access.origin(0)?;
        let url = match page {
            None => {
                let mut url = wire::endpoint(base, &["foundation-models"])?;
                url.set_query(Some("byOutputModality=TEXT"));
                url
            }
            Some(page) => {
                let mut url = wire::endpoint(base, &["inference-profiles"])?;
                url.set_query(Some("maxResults=1000&type=SYSTEM_DEFINED"));
                if let Some(token) = page
                    .strip_prefix(PROFILES)
                    .filter(|token| !token.is_empty())
                {
                    url.query_pairs_mut().append_pair("nextToken", token);
                }
                url
            }
        };
        sign::authorized(access, wire::get(url, Vec::new()))
    }

    fn parse_models(&self, body: &[u8]) -> Result<ModelPage, ProviderError> {
        let list: List = serde_json::from_slice(body)
            .map_err(|_| ProviderError::new(ErrorCode::UpstreamError))?;
        Ok(match list {
            List::Models { model_summaries } => ModelPage {
                models: model_summaries.into_iter().filter_map(model).collect(),
                next: Some(PROFILES.to_owned()),
            },
            List::Profiles {
                inference_profile_summaries: profiles,
                next_token,
            } => ModelPage {
                models: profiles.into_iter().filter_map(profile).collect(),
                next: next_token
                    .filter(|token| !token.is_empty())
                    .map(|token| [PROFILES, &token].concat()),
            },
        })
    }

    fn encode(
        &self,
        access: &Access<'_>,
        request: &ChatRequest,
    ) -> Result<WireRequest, ProviderError> {
        let url = converse(access.origin(1)?, request.model.as_str())?;
        let request = wire::post(url, Vec::new(), &body(request));
        sign::authorized(
            access,
            wire::accepting(request, Framing::EventStream.mime()),
        )
    }

    fn decoder(&self, _request: &ChatRequest) -> Box<dyn Decoder> {
        Box::new(Decoding::new(Converse::default()))
    }

    fn classify(&self, failure: &WireFailure<'_>) -> ProviderError {
        let mut error = classify::failure(failure, rule);
        if error.code == ErrorCode::InsufficientPermission {
            // A policy may allow to chat and not to list.
            let body = String::from_utf8_lossy(failure.body);
            error.list_only = body.contains("is not authorized to perform: bedrock:List");
        }
        error
    }
}

/// Where a model answers. Its id is one segment in which even `:` is escaped, as the signature has it.
fn converse(base: &Url, model: &str) -> Result<Url, ProviderError> {
    let mut url = wire::endpoint(base, &["model"])?;
    let mut path = url.path().to_owned();
    path.push('/');
    for byte in model.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path.push_str("/converse-stream");
    url.set_path(&path);
    Ok(url)
}

/// How the services name a key that they do not accept.
const BAD_KEY: [&str; 6] = [
    "unrecognizedclientexception",
    "invalidsignatureexception",
    "expiredtokenexception",
    "incompletesignatureexception",
    "missingauthenticationtokenexception",
    "invalidclienttokenid",
];

fn rule(said: &Said) -> Option<ErrorCode> {
    let named = |name: &str| said.any(|code| code.ends_with(name));
    let any = |texts: &[&str]| texts.iter().any(|text| said.says(text));
    if BAD_KEY.iter().any(|name| named(name))
        || any(&[
            "authentication failed",
            "invalid api key format",
            "security token included in the request is",
            "signature we calculated does not match",
            "signature expired",
        ])
    {
        Some(ErrorCode::InvalidKey)
    } else if any(&[
        "is not authorized to perform",
        "have access to the model",
        "use case details",
    ]) {
        Some(ErrorCode::InsufficientPermission)
    } else if named("throttlingexception") || named("toomanyrequestsexception") {
        let spent = any(&["per day", "daily"]);
        Some(if spent {
            ErrorCode::QuotaExhausted
        } else {
            ErrorCode::RateLimited
        })
    } else if named("servicequotaexceededexception") {
        Some(ErrorCode::QuotaExhausted)
    } else if named("modelnotreadyexception")
        || named("serviceunavailableexception")
        || named("internalserverexception")
        || said.status == Some(500)
    {
        Some(ErrorCode::Overloaded)
    } else if named("modeltimeoutexception") {
        Some(ErrorCode::Timeout)
    } else if any(&[
        "model identifier is invalid",
        "on-demand throughput",
        "end of its life",
    ]) {
        Some(ErrorCode::BadModel)
    } else if named("modelerrorexception") || named("modelstreamerrorexception") {
        Some(ErrorCode::UpstreamError)
    } else if any(&["input is too long", "too many input tokens"]) {
        Some(ErrorCode::ContextLength)
    } else {
        None
    }
}

#[derive(Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum List {
    Models {
        model_summaries: Vec<Summary>,
    },
    Profiles {
        inference_profile_summaries: Vec<Profile>,
        next_token: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    model_id: String,
    model_name: Option<String>,
    #[serde(default)]
    input_modalities: Vec<String>,
    #[serde(default)]
    output_modalities: Vec<String>,
    response_streaming_supported: Option<bool>,
    #[serde(default)]
    inference_types_supported: Vec<String>,
    /// Seen, and not in the specification.
    #[serde(default)]
    converse: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    inference_profile_id: String,
    inference_profile_name: Option<String>,
    status: Option<String>,
}

/// What answers to text with text; others are listed as text models, too.
fn converses(id: &str) -> bool {
    const OTHER: [&str; 9] = [
        "embed",
        "rerank",
        "stability",
        "twelvelabs",
        "canvas",
        "reel",
        "sonic",
        "image",
        "guardrail",
    ];
    !OTHER.iter().any(|word| id.contains(word))
}

/// A model that can be called by its own id; the rest is called through a profile.
fn model(row: Summary) -> Option<LiveModel> {
    let has = |list: &[String], wanted: &str| list.iter().any(|one| one == wanted);
    let chats = has(&row.output_modalities, "TEXT")
        && has(&row.input_modalities, "TEXT")
        && has(&row.inference_types_supported, "ON_DEMAND")
        && row.response_streaming_supported != Some(false)
        && converses(&row.model_id);
    if !chats {
        return None;
    }
    Some(LiveModel {
        display_name: row.model_name,
        max_output_tokens: count(&row.converse, "/maxTokensMaximum"),
        vision: Some(has(&row.input_modalities, "IMAGE")),
        reasoning: row
            .converse
            .pointer("/reasoningSupported")
            .and_then(Value::as_bool),
        ..LiveModel::new(row.model_id.parse().ok()?)
    })
}

fn profile(row: Profile) -> Option<LiveModel> {
    let active = row.status.is_none_or(|status| status == "ACTIVE");
    if !active || !converses(&row.inference_profile_id) {
        return None;
    }
    Some(LiveModel {
        display_name: row.inference_profile_name,
        ..LiveModel::new(row.inference_profile_id.parse().ok()?)
    })
}

/// The body of a request.
fn body(request: &ChatRequest) -> Value {
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
struct Converse {
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
    ProviderEvent::Usage(TokenUsage {
        input: of("/inputTokens")
            .saturating_add(cached)
            .saturating_add(of("/cacheWriteInputTokens")),
        input_cached: cached,
        output: of("/outputTokens"),
        reasoning: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::crypto::secret::Secret;
    use rstest::rstest;

    #[rstest]
    #[case(&[("apiKey", "k")], None)]
    #[case(&[("accessKeyId", "AKIAX"), ("secretAccessKey", "s")], None)]
    #[case(&[("accessKeyId", "ASIAX"), ("secretAccessKey", "s"), ("sessionToken", "t")], None)]
    #[case(&[], Some("apiKey"))]
    #[case(&[("accessKeyId", "AKIAX")], Some("secretAccessKey"))]
    #[case(&[("secretAccessKey", "s")], Some("accessKeyId"))]
    #[case(&[("sessionToken", "t")], Some("apiKey"))]
    #[case(&[("accessKeyId", "ASIAX"), ("secretAccessKey", "s")], Some("sessionToken"))]
    #[case(&[("apiKey", "k"), ("accessKeyId", "AKIAX"), ("secretAccessKey", "s")], Some("apiKey"))]
    fn a_credential_is_one_of_the_two_kinds(
        #[case] fields: &[(&str, &str)],
        #[case] problem: Option<&str>,
    ) {
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Secret::new((*value).to_owned())));
        let found = BEDROCK.complete(Credential(fields.collect()));
        assert_eq!(found.err().map(|(field, _)| field), problem);
    }

    #[rstest]
    #[case(
        403,
        "",
        r#"{"Message":"Authentication failed: Please make sure your API Key is valid."}"#,
        ErrorCode::InvalidKey
    )]
    #[case(
        403,
        "",
        r#"{"Message":"Invalid API Key format: Must start with pre-defined prefix"}"#,
        ErrorCode::InvalidKey
    )]
    #[case(
        403,
        "UnrecognizedClientException:http://internal.amazon.com/coral/com.amazon.coral.service/",
        r#"{"message":"The security token included in the request is invalid."}"#,
        ErrorCode::InvalidKey
    )]
    #[case(403, "InvalidSignatureException", r#"{"message":"The request signature we calculated does not match the signature you provided."}"#, ErrorCode::InvalidKey)]
    #[case(403, "AccessDeniedException", r#"{"Message":"User: arn:aws:iam::1:user/x is not authorized to perform: bedrock:InvokeModel on resource: arn:y"}"#, ErrorCode::InsufficientPermission)]
    #[case(
        403,
        "AccessDeniedException:http:x",
        r#"{"message":"You don't have access to the model with the specified model ID."}"#,
        ErrorCode::InsufficientPermission
    )]
    #[case(
        429,
        "ThrottlingException:http:x",
        r#"{"message":"Too many tokens, please wait before trying again."}"#,
        ErrorCode::RateLimited
    )]
    #[case(
        429,
        "ThrottlingException:http:x",
        r#"{"message":"Too many tokens per day, please wait before trying again."}"#,
        ErrorCode::QuotaExhausted
    )]
    #[case(
        429,
        "ModelNotReadyException",
        r#"{"message":"x"}"#,
        ErrorCode::Overloaded
    )]
    #[case(
        404,
        "ResourceNotFoundException",
        r#"{"message":"Model not found."}"#,
        ErrorCode::BadModel
    )]
    #[case(408, "ModelTimeoutException", r#"{"message":"x"}"#, ErrorCode::Timeout)]
    #[case(
        400,
        "ValidationException",
        r#"{"message":"The provided model identifier is invalid."}"#,
        ErrorCode::BadModel
    )]
    #[case(400, "ValidationException", r#"{"message":"Invocation of model ID anthropic.claude-x with on-demand throughput isn't supported."}"#, ErrorCode::BadModel)]
    #[case(
        400,
        "ValidationException",
        r#"{"message":"Input is too long for requested model."}"#,
        ErrorCode::ContextLength
    )]
    #[case(
        400,
        "ValidationException",
        r#"{"message":"`temperature` is deprecated for this model."}"#,
        ErrorCode::UnsupportedParam
    )]
    #[case(
        400,
        "ValidationException",
        r#"{"message":"x"}"#,
        ErrorCode::UpstreamError
    )]
    #[case(
        400,
        "ServiceQuotaExceededException",
        r#"{"message":"x"}"#,
        ErrorCode::QuotaExhausted
    )]
    #[case(
        424,
        "ModelErrorException",
        r#"{"message":"x"}"#,
        ErrorCode::UpstreamError
    )]
    #[case(
        500,
        "InternalServerException",
        r#"{"message":"x"}"#,
        ErrorCode::Overloaded
    )]
    #[case(
        503,
        "ServiceUnavailableException",
        r#"{"message":"x"}"#,
        ErrorCode::Overloaded
    )]
    fn a_failure_is_known_by_its_name_or_its_words(
        #[case] status: u16,
        #[case] name: &str,
        #[case] body: &str,
        #[case] code: ErrorCode,
    ) {
        let mut headers = http::HeaderMap::new();
        headers.insert("x-amzn-errortype", name.parse().unwrap());
        let failure = WireFailure {
            status,
            headers: &headers,
            body: body.as_bytes(),
        };
        assert_eq!(BEDROCK.classify(&failure).code, code);
    }

    #[rstest]
    #[case("ListFoundationModels", true)]
    #[case("InvokeModelWithResponseStream", false)]
    fn a_policy_that_only_forbids_listing_is_told_apart(
        #[case] action: &str,
        #[case] list_only: bool,
    ) {
        let body = format!(
            r#"{{"Message":"User: arn:x is not authorized to perform: bedrock:{action} on resource: *"}}"#
        );
        let failure = WireFailure {
            status: 403,
            headers: &http::HeaderMap::new(),
            body: body.as_bytes(),
        };
        assert_eq!(BEDROCK.classify(&failure).list_only, list_only);
    }
}
