//! Azure OpenAI: deployments of OpenAI's models.

use http::HeaderMap;
use serde_json::{Value, json};

use super::{
    anthropic::header,
    chat::{self, Manner, Usage},
    compatible::{self, Compatible},
    keys::masked,
    openai::{self, CREATED},
    provider::Provider,
    trouble::{Spelled, Trouble},
};

/// Azure.
pub(super) static PROVIDER: Provider = Provider {
    name: "Azure OpenAI",
    places: &[("AZURE_OPENAI_BASE_URL", "/azure/openai")],
    good: &["azure-sim-good"],
    routes: || API.routes(),
    spell,
    headers: |number| {
        vec![(
            "apim-request-id",
            format!("00000000-0000-4000-8000-{number:012}"),
        )]
    },
    unknown: |_, _| Trouble::not_found("Resource not found", Some("404")),
    filters_by_status: true,
    flood: 200_000,
};

static API: Compatible = Compatible {
    list: "/deployments",
    chat: &["/v1/chat/completions", "/deployments/{id}/chat/completions"],
    models: &["team-sol", "team-mini", "gpt-4o"],
    noise: &["team-embeddings"],
    row,
    key: |headers: &HeaderMap| header(headers, "api-key"),
    ..Compatible::new(&MANNER, "/azure/openai")
};

static MANNER: Manner = Manner {
    provider: &PROVIDER,
    fields: &[chat::COMMON_FIELDS, chat::OPENAI_FIELDS],
    known: |model| API.known(model),
    check: |body, model| chat::check_openai(body, base(model)),
    system: &["system", "developer"],
    caps: &["max_completion_tokens", "max_tokens"],
    usage: Usage::OnRequest,
    reasoning: |piece| json!({"reasoning_content": piece}),
    extra: |_, _| {},
    routing: |_| None,
    before: concat!(
        "data: {\"choices\":[],\"created\":0,\"id\":\"\",\"model\":\"\",\"object\":\"\",",
        "\"prompt_filter_results\":[{\"prompt_index\":0,\"content_filter_results\":",
        "{\"hate\":{\"filtered\":false,\"severity\":\"safe\"}}}]}\n\n"
    ),
};

/// The model behind a deployment.
fn base(deployment: &str) -> &str {
    match deployment {
        "team-sol" => "gpt-6.1-sol",
        "team-mini" => "gpt-5.4-mini",
        "team-embeddings" => "text-embedding-3-small",
        own if own.starts_with("sim-") => "gpt-4o",
        own => own,
    }
}

fn row(id: &str) -> Value {
    json!({
        "object": "deployment",
        "id": id,
        "model": base(id),
        "owner": "organization-owner",
        "scale_settings": {"scale_type": "standard"},
        "status": "succeeded",
        "created_at": CREATED,
        "updated_at": CREATED,
    })
}

fn spell(trouble: &Trouble) -> Spelled {
    let mut headers = Vec::new();
    let denied = "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key \
                  for an active subscription and use a correct regional API endpoint for your resource.";
    let (status, code, message) = match trouble {
        Trouble::MissingKey | Trouble::InvalidKey(_) => (401, "401", denied.to_owned()),
        Trouble::Echo(key) => (401, "401", format!("{denied} ({key}, {})", masked(key))),
        Trouble::Unscoped | Trouble::NoList => (
            403,
            "AuthorizationFailed",
            "The principal lacks the required data action.".to_owned(),
        ),
        Trouble::RateLimited(after) => {
            headers = compatible::wait(*after);
            let message =
                "Requests have exceeded the call rate limit of your current pricing tier.";
            (429, "RateLimitReached", message.to_owned())
        }
        Trouble::Quota => (
            429,
            "insufficient_quota",
            "You exceeded your current quota.".to_owned(),
        ),
        Trouble::Overloaded => (
            503,
            "ServiceUnavailable",
            "The service is temporarily unable.".to_owned(),
        ),
        Trouble::Server => (
            500,
            "InternalServerError",
            "The server had an error.".to_owned(),
        ),
        Trouble::BadModel(_) => (
            404,
            "DeploymentNotFound",
            "The API deployment for this resource does not exist.".to_owned(),
        ),
        Trouble::Filtered => {
            return Spelled {
                status: 400,
                headers,
                body: json!({"error": {
                    "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
                    "type": null, "param": "prompt", "code": "content_filter", "status": 400,
                    "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": true, "severity": "high"}}},
                }}),
            };
        }
        _ => return openai::spell(trouble),
    };
    Spelled {
        status,
        headers,
        body: json!({"error": {"code": code, "message": message}}),
    }
}
