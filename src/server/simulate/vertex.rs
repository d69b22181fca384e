//! Vertex AI: its token service, its list, and the models of both publishers, which speak as they do at home.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, Query, State},
    response::Response,
    routing::{get, post},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::{HeaderMap, Method};
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{
    Shared, anthropic,
    gemini::{self, Manner},
    keys::{Purpose, admit},
    openai::key,
    provider::Provider,
    routes::{Sim, conclude, json_of, json_response, perform},
    trouble::{Deny, Spelled, Trouble},
};

/// Vertex AI.
pub(super) static PROVIDER: Provider = Provider {
    name: "Vertex AI (the e-mail of GET /vertex/service-account)",
    places: &[
        ("VERTEX_BASE_URL", "/vertex"),
        ("VERTEX_TOKEN_URL", "/vertex/token"),
    ],
    good: &["sim-good"],
    routes,
    spell,
    headers,
    unknown,
    filters_by_status: false,
    flood: 170_000,
};

fn routes() -> Router<Arc<Shared>> {
    const MODELS: &str = "/projects/{project}/locations/{location}/publishers";
    let of = |version: &str, publisher: &str| {
        format!("/vertex/{version}{MODELS}/{publisher}/models/{{call}}")
    };
    let mut routes = Router::new()
        .route("/vertex/service-account", get(get_service_account))
        .route("/vertex/token", post(post_token))
        .route("/vertex/v1beta1/publishers/google/models", get(get_list));
    for version in ["v1", "v1beta1"] {
        routes = routes
            .route(&of(version, "google"), post(post_google))
            .route(&of(version, "anthropic"), post(post_anthropic));
    }
    routes
}

fn headers(_: u64) -> Vec<(&'static str, String)> {
    vec![("server", "scaffolding on HTTPServer2".into())]
}

fn unknown(_: &Method, _: &str) -> Trouble {
    Trouble::not_found("Requested entity was not found.", None)
}

/// Made up for this simulator; it opens nothing anywhere else.
const KEY: &str = include_str!("vertex/key.pem");

const DOMAIN: &str = "@simulated.iam.gserviceaccount.com";

/// What a token begins with; the name of the account follows.
const TOKEN: &str = "ya29.";

/// The JSON key of a service account of this name, as Google's console would give it.
pub(super) fn service_account(name: &str) -> Value {
    json!({
        "type": "service_account",
        "project_id": "simulated-project",
        "private_key_id": "0123456789abcdef0123456789abcdef01234567",
        "private_key": KEY,
        "client_email": format!("{name}{DOMAIN}"),
        "client_id": "100000000000000000000",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "universe_domain": "googleapis.com",
    })
}

/// Who signed this request for a token, or what is wrong with it.
fn signer(form: &[u8]) -> Result<String, &'static str> {
    let form: HashMap<_, _> = form_urlencoded::parse(form).collect();
    if form.get("grant_type").map(AsRef::as_ref)
        != Some("urn:ietf:params:oauth:grant-type:jwt-bearer")
    {
        return Err("Unsupported grant type.");
    }
    let assertion = form.get("assertion").map(AsRef::as_ref).unwrap_or_default();
    let broken = "Invalid JWT: malformed.";
    let (message, signature) = assertion.rsplit_once('.').ok_or(broken)?;
    let (header, claims) = message.split_once('.').ok_or(broken)?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| broken);
    let read = |text: &str| -> Result<Value, &'static str> {
        serde_json::from_slice(&decode(text)?).map_err(|_| broken)
    };
    let (header, claims) = (read(header)?, read(claims)?);
    let signed = header.get("alg") == Some(&json!("RS256")) && {
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key());
        public
            .verify(message.as_bytes(), &decode(signature)?)
            .is_ok()
    };
    if !signed {
        return Err("Invalid JWT Signature.");
    }
    let number = |name: &str| claims.get(name).and_then(Value::as_i64).unwrap_or_default();
    let life = number("exp") - number("iat");
    if claims.get("aud") != Some(&json!("https://oauth2.googleapis.com/token"))
        || !(1..=3600).contains(&life)
    {
        return Err(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.",
        );
    }
    let issuer = claims.get("iss").and_then(Value::as_str);
    let name = issuer.and_then(|issuer| issuer.strip_suffix(DOMAIN));
    Ok(name.ok_or("Invalid grant: account not found")?.to_owned())
}

fn public_key() -> Vec<u8> {
    let base64: String = KEY.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(base64).unwrap_or_default();
    let pair = RsaKeyPair::from_pkcs8(&der);
    pair.map(|pair| pair.public_key().as_ref().to_vec())
        .unwrap_or_default()
}

/// An error of the API, whose words are Gemini's but for what is about accounts.
fn spell(trouble: &Trouble) -> Spelled {
    let (code, status, message) = match trouble {
        Trouble::MissingKey | Trouble::InvalidKey(_) => (
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials. Expected OAuth 2 access token.".to_owned(),
        ),
        Trouble::Echo(key) => (
            401,
            "UNAUTHENTICATED",
            format!("Request had invalid authentication credentials: {TOKEN}{key}."),
        ),
        Trouble::Unscoped | Trouble::NoList => (
            403,
            "PERMISSION_DENIED",
            "Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform.googleapis.com/projects/simulated-project' \
             (or it may not exist)."
                .to_owned(),
        ),
        Trouble::BadModel(model) => (
            404,
            "NOT_FOUND",
            format!(
                "Publisher Model `projects/simulated-project/locations/global/publishers/google/models/{model}` was not found or \
                 your project does not have access to it."
            ),
        ),
        other => return gemini::spell(other),
    };
    Spelled {
        status: code,
        headers: Vec::new(),
        body: json!({"error": {"code": code, "message": message, "status": status}}),
    }
}

/// The name of the account that a token was given to.
fn bearer(headers: &HeaderMap) -> String {
    let token = key(headers);
    token.strip_prefix(TOKEN).unwrap_or_default().to_owned()
}

async fn get_service_account(
    State(shared): Sim,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let name = query.get("name").map_or("sim-good", String::as_str);
    conclude(&shared, &PROVIDER, json_of(Ok(service_account(name)))).await
}

async fn post_token(State(shared): Sim, body: Bytes) -> Response {
    let refused = |why: &str| {
        let body = json!({"error": "invalid_grant", "error_description": why});
        Ok(json_response(400, vec![], &body))
    };
    let outcome = match signer(&body) {
        Err(why) => refused(why),
        // What an account may do with its token shows when it is used.
        Ok(name) => match admit(&PROVIDER, &name, Purpose::Generate) {
            Err(Deny::Trouble(Trouble::InvalidKey(_))) => {
                refused("Invalid grant: account not found")
            }
            Err(Deny::Trouble(Trouble::Echo(_))) => {
                refused(&format!("Invalid grant: account {name} not found"))
            }
            _ => json_of(Ok(json!({
                "access_token": format!("{TOKEN}{name}"), "expires_in": 3599, "token_type": "Bearer",
            }))),
        },
    };
    conclude(&shared, &PROVIDER, outcome).await
}

/// Gemini's list in Vertex AI's words, which say little.
async fn get_list(
    State(shared): Sim,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let list = || {
        let list = gemini::list(|name| query.get(name).cloned())?;
        let rows = list.get("models").and_then(Value::as_array);
        let rows = rows.into_iter().flatten().filter_map(|row| {
            let name = row.get("name")?.as_str()?;
            Some(json!({"name": format!("publishers/google/{name}"), "versionId": "001", "launchStage": "GA"}))
        });
        let rows: Vec<Value> = rows.collect();
        let mut page = json!({"publisherModels": rows});
        if let (Some(page), Some(next)) = (page.as_object_mut(), list.get("nextPageToken")) {
            page.insert("nextPageToken".into(), next.clone());
        }
        Ok(page)
    };
    let outcome = admit(&PROVIDER, &bearer(&headers), Purpose::List).and_then(|()| json_of(list()));
    conclude(&shared, &PROVIDER, outcome).await
}

type Call = Path<(String, String, String)>;

async fn post_google(
    State(shared): Sim,
    Path((_, _, call)): Call,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let outcome = async {
        let key = bearer(&headers);
        let (model, method) = call.rsplit_once(':').unwrap_or((&call, ""));
        let manner = match method {
            "countTokens" => {
                admit(&PROVIDER, &key, Purpose::List)?;
                gemini::one(model)?;
                return json_of(Ok(json!({"totalTokens": 1, "totalBillableCharacters": 2})));
            }
            "generateContent" => Manner::Whole,
            "streamGenerateContent" => Manner::Events,
            _ => return Err(unknown(&Method::POST, "").into()),
        };
        admit(&PROVIDER, &key, Purpose::Generate)?;
        let (asked, dialect) = gemini::ask(&body, model, manner, key, shared.next())?;
        perform(&shared, asked, dialect).await
    };
    conclude(&shared, &PROVIDER, outcome.await).await
}

async fn post_anthropic(
    State(shared): Sim,
    Path((_, _, call)): Call,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let key = bearer(&headers);
    if let Err(denied) = admit(&PROVIDER, &key, Purpose::Generate) {
        return conclude(&shared, &PROVIDER, Err(denied)).await;
    }
    let outcome = async {
        let Some((model, "rawPredict" | "streamRawPredict")) = call.rsplit_once(':') else {
            return Err(unknown(&Method::POST, "").into());
        };
        let body = at_home(&body, model)?;
        let (asked, dialect) = anthropic::ask(&body, VERSION, key, shared.next())?;
        perform(&shared, asked, dialect).await
    };
    // What the model says is wrong, Anthropic says.
    conclude(&shared, &anthropic::PROVIDER, outcome.await).await
}

/// The version at home that has the rules of the one here.
const VERSION: &str = "2023-06-01";

/// The request as Anthropic itself would have it: with the model, and without the version.
fn at_home(body: &[u8], model: &str) -> Result<Vec<u8>, Trouble> {
    let Ok(Value::Object(mut body)) = serde_json::from_slice(body) else {
        return Err(Trouble::bad("The request body is not valid JSON"));
    };
    if body.remove("anthropic_version") != Some(json!("vertex-2023-10-16")) {
        return Err(Trouble::bad("anthropic_version: Field required"));
    }
    if body.insert("model".into(), model.into()).is_some() {
        return Err(Trouble::bad("model: Extra inputs are not permitted"));
    }
    Ok(Value::Object(body).to_string().into_bytes())
}
