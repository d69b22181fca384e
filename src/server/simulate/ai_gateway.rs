//! Vercel AI Gateway. A key that a request brings pays if its provider would take it, else the gateway's own credentials
//! do, as they do where none is brought.

use serde_json::{Map, Value, json};

use super::{
    chat::{COMMON_FIELDS, Manner, Routing, Usage},
    compatible::{self, Compatible},
    openai::CREATED,
    provider::{self, Provider},
    script::played,
    trouble::{Spelled, Trouble},
};

/// Vercel AI Gateway.
pub(super) static PROVIDER: Provider = Provider {
    name: "Vercel AI Gateway",
    places: &[("AI_GATEWAY_BASE_URL", "/ai-gateway/v1")],
    good: &["vck_sim-good"],
    routes: || API.routes(),
    spell,
    headers: |number| vec![("x-vercel-id", format!("sim1::{number:06}"))],
    unknown: |_, _| Trouble::not_found("Not Found", None),
    filters_by_status: false,
    flood: 250_000,
};

static API: Compatible = Compatible {
    models: &[
        "openai/gpt-6.1-sol",
        "anthropic/claude-sonnet-5.5",
        "google/gemini-3.8-flash",
        "xai/grok-4.7",
        "deepseek/deepseek-v4.1-flash",
    ],
    noise: &["openai/text-embedding-3-small", "bfl/flux-2-pro"],
    row,
    open: true,
    check: Some((
        "/credits",
        || json!({"balance": "95.50", "total_used": "4.50"}),
    )),
    ..Compatible::new(&MANNER, "/ai-gateway/v1")
};

static MANNER: Manner = Manner {
    provider: &PROVIDER,
    fields: &[COMMON_FIELDS, &["models", "reasoning", "providerOptions"]],
    known: |model| API.known(played(model)),
    check: |_, _| Ok(()),
    system: &["system", "developer"],
    caps: &["max_completion_tokens", "max_tokens"],
    usage: Usage::WithFinish,
    reasoning: |piece| json!({"reasoning": piece, "reasoning_details": [{"type": "reasoning.text", "text": piece}]}),
    extra: |_, _| {},
    routing: |body| Some(routing(body)),
    before: "",
};

/// A row of the list. Prices are texts; of some models no limits are known.
fn row(id: &str) -> Value {
    let kind = match id {
        _ if id.contains("embedding") => "embedding",
        _ if id.starts_with("bfl/") => "image",
        _ => "language",
    };
    json!({
        "id": id,
        "object": "model",
        "created": CREATED,
        "owned_by": id.split('/').next(),
        "name": format!("Simulated: {id}"),
        "description": "Played by the simulator.",
        "context_window": if id.contains("deepseek") { 0 } else { 1_000_000 },
        "max_tokens": if id.contains("deepseek") { 0 } else { 128_000 },
        "type": kind,
        "tags": ["reasoning", "tool-use", "vision"],
        "pricing": {"input": "0.000002", "output": "0.00001"},
    })
}

/// The keys that a request brings for the maker of its model, as far as the gateway understands them.
fn brought(body: &Map<String, Value>, maker: &str) -> Option<Vec<String>> {
    let options = body.get("providerOptions")?;
    let keys = options.pointer("/gateway/byok")?.get(maker)?.as_array()?;
    let text = |key: &Value| Some(key.get("apiKey")?.as_str()?.to_owned());
    Some(keys.iter().filter_map(text).collect())
}

fn routing(body: &Map<String, Value>) -> Routing {
    let model = body.get("model").and_then(Value::as_str);
    let model = model.unwrap_or_default();
    let maker = model.split('/').next().unwrap_or_default();
    let attempt = |kind: &str, success: bool| {
        json!({
            "provider": maker,
            "credentialType": kind,
            "success": success,
            "statusCode": if success { 200 } else { 401 },
        })
    };
    let accepted = |key: &String| {
        let mut goods = provider::ALL.iter().flat_map(|provider| provider.good);
        goods.any(|good| key.starts_with(good))
    };
    let keys = brought(body, maker).unwrap_or_default();
    let own = keys.iter().any(accepted);
    let mut attempts: Vec<Value> = keys
        .iter()
        .take_while(|key| !accepted(key))
        .map(|_| attempt("byok", false))
        .collect();
    attempts.push(attempt(if own { "byok" } else { "system" }, true));
    let metadata = json!({
        "gateway": {
            "routing": {
                "originalModelId": model,
                "finalProvider": maker,
                "modelAttempts": [{
                    "canonicalSlug": model,
                    "success": true,
                    "providerAttempts": attempts,
                }],
            },
            "cost": if own { "0" } else { "0.0000032" },
            "generationId": "gen_01SIM",
        },
    });
    Routing { metadata, own }
}

fn spell(trouble: &Trouble) -> Spelled {
    const INVALID: &str = "invalid_request_error";
    let mut headers = Vec::new();
    let (status, kind, message) = match trouble {
        Trouble::MissingKey => (
            401,
            "authentication_error",
            "Unauthenticated request to AI Gateway.".to_owned(),
        ),
        Trouble::InvalidKey(_) => (401, "authentication_error", "Invalid API key".to_owned()),
        Trouble::Echo(key) => (
            401,
            "authentication_error",
            format!("Invalid API key {key}"),
        ),
        Trouble::Unscoped | Trouble::NoList => {
            (403, "forbidden", "This key may not do this.".to_owned())
        }
        Trouble::RateLimited(after) => {
            headers = compatible::wait(*after);
            (429, "rate_limit_exceeded", "Rate limit exceeded".to_owned())
        }
        Trouble::Quota => (
            402,
            "insufficient_funds",
            "Insufficient funds. Add credits to your account.".to_owned(),
        ),
        Trouble::Overloaded => (
            503,
            "internal_server_error",
            "The provider is not available.".to_owned(),
        ),
        Trouble::Server => (
            500,
            "internal_server_error",
            "Internal server error".to_owned(),
        ),
        Trouble::BadModel(model) => (404, "model_not_found", format!("Model '{model}' not found")),
        Trouble::ContextLength => (
            400,
            INVALID,
            "Input is too long for requested model.".to_owned(),
        ),
        Trouble::Filtered => (400, "content_filter", "The prompt was filtered.".to_owned()),
        Trouble::Unsupported { message, .. } => (400, INVALID, message.clone()),
        Trouble::Bad {
            status, message, ..
        } => (*status, INVALID, message.clone()),
    };
    let error = json!({"message": message, "type": kind});
    Spelled {
        status,
        headers,
        body: json!({"error": error, "generationId": "gen_01SIM"}),
    }
}
