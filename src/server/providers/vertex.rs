//! Google's Vertex AI with models of two publishers, Google and Anthropic (providers.md §8).

mod service_account;

use super::account::{self, Access, Account, Overrides};
use super::classify::{self, Said};
use super::decode::Decoding;
use super::tokens::Token;
use super::{
    ChatRequest, Credential, Decoder, FieldInfo, FieldKind, FieldProblem, LiveModel, ModelPage,
    OriginInfo, Provider, ProviderError, ProviderInfo, WireFailure, WireRequest, anthropic, gemini,
    wire,
};
use crate::server::crypto::secret::Secret;
use crate::shared::error::ErrorCode;
use crate::shared::time::Timestamp;
use serde::Deserialize;
use serde_json::json;
use url::Url;

static INFO: ProviderInfo = ProviderInfo {
    id: "vertex",
    name: "Google Vertex AI",
    key_hint: "a service account's JSON key",
    docs_url: "https://console.cloud.google.com/iam-admin/serviceaccounts",
    fields: &[
        FieldInfo {
            name: "location",
            label: "Location",
            kind: FieldKind::HostLabel,
            required: true,
        },
        FieldInfo {
            name: "serviceAccount",
            label: "Service account key (JSON)",
            kind: FieldKind::SecretDocument,
            required: false,
        },
        FieldInfo {
            name: "project",
            label: "Project id, where it is not the service account's own",
            kind: FieldKind::Text,
            required: false,
        },
        FieldInfo {
            name: "clientEmail",
            label: "Without JSON: e-mail of the service account",
            kind: FieldKind::Text,
            required: false,
        },
        FieldInfo {
            name: "privateKey",
            label: "Without JSON: private key (PEM)",
            kind: FieldKind::SecretDocument,
            required: false,
        },
        FieldInfo {
            name: "privateKeyId",
            label: "Without JSON: id of the private key",
            kind: FieldKind::Text,
            required: false,
        },
    ],
    shown: &["project"],
    origins: &[
        OriginInfo {
            default: "https://{location}-aiplatform.googleapis.com",
            var: "VERTEX_BASE_URL",
        },
        OriginInfo {
            default: service_account::TOKEN_URL,
            var: "VERTEX_TOKEN_URL",
        },
    ],
};

/// The provider.
pub static VERTEX: Vertex = Vertex;

/// Vertex AI in the project and location of the credential.
pub struct Vertex;

/// What a key is checked with. It costs nothing, and is asked only how long a word is.
const CHECKED_WITH: &str = "gemini-2.5-flash";

/// Anthropic's models are in no list (providers.md §8).
const CLAUDES: [&str; 9] = [
    "claude-opus-5-5",
    "claude-opus-5",
    "claude-sonnet-5-5",
    "claude-sonnet-5",
    "claude-haiku-5-5",
    "claude-fable-5-1",
    "claude-opus-4-8",
    "claude-sonnet-4-6",
    "claude-haiku-4-5",
];

/// The newest version that Vertex has a name for.
const ANTHROPIC_VERSION: &str = "vertex-2023-10-16";

impl Provider for Vertex {
    fn info(&self) -> &'static ProviderInfo {
        &INFO
    }

    fn complete(&self, credential: Credential) -> Result<Credential, FieldProblem> {
        service_account::complete(credential)
    }

    fn origins(
        &self,
        overrides: &Overrides,
        credential: &Credential,
    ) -> Result<Vec<Url>, ProviderError> {
        let mut origins = account::origins(&INFO, overrides, credential)?;
        let host = match credential.field("location")?.expose() {
            "global" => "https://aiplatform.googleapis.com",
            "us" => "https://aiplatform.us.rep.googleapis.com",
            "eu" => "https://aiplatform.eu.rep.googleapis.com",
            _ => return Ok(origins),
        };
        let fixed = Url::parse(host).map_err(|_| ProviderError::new(ErrorCode::Network))?;
        if let Some(base) = origins.first_mut()
            && !overrides.contains_key("VERTEX_BASE_URL")
        {
            *base = fixed;
        }
        Ok(origins)
    }

    fn token_request(
        &self,
        account: &Account,
        now: Timestamp,
    ) -> Result<Option<WireRequest>, ProviderError> {
        service_account::token_request(account, now).map(Some)
    }

    fn parse_token(&self, body: &[u8]) -> Result<Token, ProviderError> {
        service_account::parse_token(body)
    }

    fn check_request(&self, access: &Access<'_>) -> Result<Option<WireRequest>, ProviderError> {
        let call = format!("{CHECKED_WITH}:countTokens");
        let body = json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]});
        let request = wire::post(publisher(access, "google", &call)?, auth(access)?, &body);
        Ok(Some(wire::accepting(request, "application/json")))
    }

    fn models_request(
        &self,
        access: &Access<'_>,
        page: Option<&str>,
    ) -> Result<WireRequest, ProviderError> {
        let segments = ["v1beta1", "publishers", "google", "models"];
        let mut url = wire::endpoint(access.origin(0)?, &segments)?;
        url.query_pairs_mut().append_pair("pageSize", "1000");
        if let Some(page) = page {
            url.query_pairs_mut().append_pair("pageToken", page);
        }
        Ok(wire::get(url, auth(access)?))
    }

    fn parse_models(&self, body: &[u8]) -> Result<ModelPage, ProviderError> {
        let list: List = serde_json::from_slice(body)
            .map_err(|_| ProviderError::new(ErrorCode::UpstreamError))?;
        let next = list.next_page_token.filter(|token| !token.is_empty());
        let ids = list.publisher_models.iter();
        let ids = ids.filter_map(|row| row.name.rsplit('/').next());
        let gemini = |id: &&str| {
            (id.starts_with("gemini") || id.starts_with("sim-")) && gemini::speaks_text(id)
        };
        let claudes = CLAUDES.iter().copied().filter(|_| next.is_none());
        let models = ids
            .filter(gemini)
            .chain(claudes)
            .filter_map(|id| Some(LiveModel::new(id.parse().ok()?)));
        Ok(ModelPage {
            models: models.collect(),
            next: next.clone(),
        })
    }

    fn encode(
        &self,
        access: &Access<'_>,
        request: &ChatRequest,
    ) -> Result<WireRequest, ProviderError> {
        let model = request.model.as_str();
        if is_claude(model) {
            let call = format!("{model}:streamRawPredict");
            let mut body = anthropic::body(request);
            if let Some(body) = body.as_object_mut() {
                body.remove("model");
                body.insert("anthropic_version".to_owned(), ANTHROPIC_VERSION.into());
            }
            let url = publisher(access, "anthropic", &call)?;
            return Ok(wire::post(url, auth(access)?, &body));
        }
        let call = format!("{model}:streamGenerateContent");
        let mut url = publisher(access, "google", &call)?;
        url.set_query(Some("alt=sse"));
        Ok(wire::post(url, auth(access)?, &gemini::body(request)))
    }

    fn decoder(&self, request: &ChatRequest) -> Box<dyn Decoder> {
        if is_claude(request.model.as_str()) {
            Box::new(Decoding::new(anthropic::Messages::default()))
        } else {
            Box::new(Decoding::new(gemini::Chunks::default()))
        }
    }

    fn classify(&self, failure: &WireFailure<'_>) -> ProviderError {
        classify::failure(failure, rule)
    }
}

fn rule(said: &Said) -> Option<ErrorCode> {
    if said.has("billing_disabled") {
        return Some(ErrorCode::InsufficientPermission);
    }
    gemini::rule(said).or_else(|| anthropic::rule(said))
}

fn is_claude(model: &str) -> bool {
    model.starts_with("claude")
}

/// Where the model of a publisher is called in the account's project and location.
fn publisher(access: &Access<'_>, publisher: &str, call: &str) -> Result<Url, ProviderError> {
    let (project, location) = (access.field("project")?, access.field("location")?);
    let segments = [
        "v1",
        "projects",
        project.expose(),
        "locations",
        location.expose(),
        "publishers",
        publisher,
        "models",
        call,
    ];
    wire::endpoint(access.origin(0)?, &segments)
}

fn auth(access: &Access<'_>) -> Result<Vec<(&'static str, Secret)>, ProviderError> {
    let token = access
        .token
        .ok_or_else(|| ProviderError::new(ErrorCode::InvalidKey))?;
    Ok(vec![wire::bearer(token)])
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    publisher_models: Vec<Row>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    /// `publishers/google/models/…`
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::collections::BTreeMap;

    fn origins(location: &str, overrides: &Overrides) -> Result<Vec<String>, ProviderError> {
        let location = Secret::new(location.to_owned());
        let credential = Credential(BTreeMap::from([("location".to_owned(), location)]));
        let origins = VERTEX.origins(overrides, &credential)?;
        Ok(origins.into_iter().map(String::from).collect())
    }

    #[rstest]
    #[case("global", "https://aiplatform.googleapis.com/")]
    #[case("us", "https://aiplatform.us.rep.googleapis.com/")]
    #[case("eu", "https://aiplatform.eu.rep.googleapis.com/")]
    #[case("europe-west4", "https://europe-west4-aiplatform.googleapis.com/")]
    fn a_location_has_its_host(#[case] location: &str, #[case] host: &str) {
        let token = "https://oauth2.googleapis.com/token";
        assert_eq!(origins(location, &Overrides::new()).unwrap(), [host, token]);
    }

    #[test]
    fn the_operators_addresses_win_and_a_location_is_one_label_all_the_same() {
        let url = |text: &str| text.parse::<Url>().unwrap();
        let overrides = Overrides::from([
            ("VERTEX_BASE_URL", url("http://127.0.0.1:1/vertex")),
            ("VERTEX_TOKEN_URL", url("http://127.0.0.1:1/token")),
        ]);
        for location in ["global", "europe-west4"] {
            assert_eq!(
                origins(location, &overrides).unwrap(),
                ["http://127.0.0.1:1/vertex", "http://127.0.0.1:1/token"]
            );
        }
        assert!(origins("evil.example/", &Overrides::new()).is_err());
    }

    #[rstest]
    #[case(
        400,
        r#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#,
        ErrorCode::InvalidKey
    )]
    #[case(
        400,
        r#"{"error":"invalid_grant","error_description":"Invalid grant: account not found"}"#,
        ErrorCode::InvalidKey
    )]
    #[case(
        401,
        r#"{"error":"invalid_client","error_description":"x"}"#,
        ErrorCode::InvalidKey
    )]
    #[case(401, r#"{"error":{"code":401,"message":"Request had invalid authentication credentials.","status":"UNAUTHENTICATED"}}"#, ErrorCode::InvalidKey)]
    #[case(403, r#"{"error":{"code":403,"message":"Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform…' (or it may not exist).","status":"PERMISSION_DENIED"}}"#, ErrorCode::InsufficientPermission)]
    #[case(403, r#"{"error":{"code":403,"message":"x","status":"PERMISSION_DENIED","details":[{"reason":"SERVICE_DISABLED"}]}}"#, ErrorCode::InsufficientPermission)]
    #[case(403, r#"{"error":{"code":403,"message":"x","status":"PERMISSION_DENIED","details":[{"reason":"BILLING_DISABLED"}]}}"#, ErrorCode::InsufficientPermission)]
    #[case(404, r#"{"error":{"code":404,"message":"Publisher Model `projects/p/x` was not found or your project does not have access to it.","status":"NOT_FOUND"}}"#, ErrorCode::BadModel)]
    #[case(429, r#"{"error":{"code":429,"message":"Resource exhausted. Please try again later.","status":"RESOURCE_EXHAUSTED"}}"#, ErrorCode::RateLimited)]
    #[case(
        400,
        r#"{"error":{"code":400,"message":"x","status":"FAILED_PRECONDITION"}}"#,
        ErrorCode::InsufficientPermission
    )]
    #[case(400, r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 tokens > 8 maximum"}}"#, ErrorCode::ContextLength)]
    #[case(
        529,
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        ErrorCode::Overloaded
    )]
    fn the_shapes_of_all_three_services_are_understood(
        #[case] status: u16,
        #[case] body: &str,
        #[case] code: ErrorCode,
    ) {
        assert_eq!(classify::answered(&VERTEX, status, &[], body).code, code);
    }
}
