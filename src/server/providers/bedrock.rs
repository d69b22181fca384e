//! Amazon Bedrock's Converse API (providers.md §9).

mod converse;
mod models;
mod sign;

use super::account::Access;
use super::classify::{self, Said};
use super::decode::Decoding;
use super::{
    ChatRequest, Credential, Decoder, FieldInfo, FieldKind, FieldProblem, Framing, ModelPage,
    OriginInfo, Provider, ProviderError, ProviderInfo, WireFailure, WireRequest, wire,
};
use crate::shared::error::ErrorCode;
use converse::Converse;
use models::List;
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
                models: model_summaries
                    .into_iter()
                    .filter_map(models::model)
                    .collect(),
                next: Some(PROFILES.to_owned()),
            },
            List::Profiles {
                inference_profile_summaries: profiles,
                next_token,
            } => ModelPage {
                models: profiles.into_iter().filter_map(models::profile).collect(),
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
        let url = address(access.origin(1)?, request.model.as_str())?;
        let request = wire::post(url, Vec::new(), &converse::body(request));
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
fn address(base: &Url, model: &str) -> Result<Url, ProviderError> {
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
        let headers = [("x-amzn-errortype", name)];
        assert_eq!(
            classify::answered(&BEDROCK, status, &headers, body).code,
            code
        );
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
        let error = classify::answered(&BEDROCK, 403, &[], &body);
        assert_eq!(error.list_only, list_only);
    }
}
