//! A service account: how it is pasted, and how it is changed for a token.

use super::super::account::Account;
use super::super::tokens::Token;
use super::super::{Credential, FieldProblem, ProviderError, WireRequest};
use crate::server::crypto::secret::Secret;
use crate::shared::error::ErrorCode;
use crate::shared::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Method;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use url::form_urlencoded;

/// Who gives tokens, and whom the signed request for one is meant for. A pasted `token_uri` says nothing.
pub(super) const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const LIFE_S: i64 = 3600;

/// A service account's JSON key. Its other fields are neither kept nor used.
#[derive(Deserialize)]
struct Pasted {
    #[serde(rename = "type")]
    kind: String,
    project_id: String,
    private_key_id: Option<String>,
    private_key: String,
    client_email: String,
}

/// Puts the parts of a JSON key into their fields, and looks whether the private key can sign.
pub(super) fn complete(mut credential: Credential) -> Result<Credential, FieldProblem> {
    const JSON: &str = "serviceAccount";
    let fields = &mut credential.0;
    let key_field = if let Some(document) = fields.remove(JSON) {
        if fields.contains_key("privateKey") || fields.contains_key("clientEmail") {
            return Err((JSON, "Fill in either the JSON key or its parts."));
        }
        let pasted: Pasted = serde_json::from_str(document.expose())
            .ok()
            .filter(|pasted: &Pasted| pasted.kind == "service_account")
            .ok_or((
                JSON,
                "This is no key of a service account. Make one under Keys, JSON, and paste the whole file.",
            ))?;
        let mut put = |name: &str, value: String| {
            fields
                .entry(name.to_owned())
                .or_insert_with(|| Secret::new(value));
        };
        put("project", pasted.project_id);
        put("clientEmail", pasted.client_email);
        put("privateKey", pasted.private_key);
        if let Some(id) = pasted.private_key_id {
            put("privateKeyId", id);
        }
        JSON
    } else if fields.contains_key("privateKey") || fields.contains_key("clientEmail") {
        for (field, problem) in [
            ("project", "Add the id of the project."),
            ("clientEmail", "Add the service account's e-mail address."),
            ("privateKey", "Add the service account's private key."),
        ] {
            if !fields.contains_key(field) {
                return Err((field, problem));
            }
        }
        "privateKey"
    } else {
        return Err((JSON, "Paste the JSON key of a service account."));
    };
    let key = credential.0.get("privateKey").map_or("", Secret::expose);
    match key_pair(key) {
        Some(_) => Ok(credential),
        None => Err((
            key_field,
            "The private key cannot be read. Paste it whole, from -----BEGIN to the last -----.",
        )),
    }
}

/// Reads a private key in PEM, also one whose line ends became `\n` in two characters.
fn key_pair(pem: &str) -> Option<RsaKeyPair> {
    let pem = pem.replace("\\n", "\n").replace("\\r", "");
    let (_, rest) = pem.split_once("-----BEGIN ")?;
    let (kind, rest) = rest.split_once("-----")?;
    let (base64, _) = rest.split_once("-----END ")?;
    let base64: String = base64.split_whitespace().collect();
    let der = STANDARD.decode(base64).ok()?;
    match kind {
        "PRIVATE KEY" => RsaKeyPair::from_pkcs8(&der).ok(),
        "RSA PRIVATE KEY" => RsaKeyPair::from_der(&der).ok(),
        _ => None,
    }
}

/// The signed request for a token.
pub(super) fn token_request(
    account: &Account,
    now: Timestamp,
) -> Result<WireRequest, ProviderError> {
    let credential = &account.credential;
    let unusable = || ProviderError::new(ErrorCode::InvalidKey);
    let id = credential.field("privateKeyId").ok();
    let id = id.map(|id| ("kid", id.expose()));
    let header: BTreeMap<_, _> = [("alg", "RS256"), ("typ", "JWT")]
        .into_iter()
        .chain(id)
        .collect();
    let at = now.0 / 1000;
    let claims = json!({
        "iss": credential.field("clientEmail")?.expose(),
        "scope": SCOPE,
        "aud": TOKEN_URL,
        "iat": at,
        "exp": at + LIFE_S,
    });
    let encoded = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encoded(json!(header)), encoded(claims));
    let key = key_pair(credential.field("privateKey")?.expose()).ok_or_else(unusable)?;
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        message.as_bytes(),
        &mut signature,
    )
    .map_err(|_| unusable())?;
    let assertion = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
        .append_pair("assertion", &assertion)
        .finish();
    let url = account.origins.get(1).cloned();
    Ok(WireRequest {
        method: Method::POST,
        url: url.ok_or_else(|| ProviderError::new(ErrorCode::Network))?,
        headers: vec![
            ("accept", "application/json".to_owned()),
            (
                "content-type",
                "application/x-www-form-urlencoded".to_owned(),
            ),
        ],
        secret_headers: Vec::new(),
        body: Some(form),
    })
}

#[derive(Deserialize)]
struct Given {
    access_token: String,
    expires_in: i64,
}

/// Reads the token.
pub(super) fn parse_token(body: &[u8]) -> Result<Token, ProviderError> {
    let given: Given =
        serde_json::from_slice(body).map_err(|_| ProviderError::new(ErrorCode::UpstreamError))?;
    Ok(Token {
        secret: Secret::new(given.access_token),
        lasts_ms: given.expires_in.clamp(0, LIFE_S).saturating_mul(1000),
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::Provider;
    use super::super::VERTEX;
    use super::*;
    use crate::server::simulate::Simulator;
    use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use rstest::rstest;

    fn credential(fields: &[(&str, &str)]) -> Credential {
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Secret::new((*value).to_owned())));
        Credential(fields.collect())
    }

    fn document() -> Value {
        serde_json::from_str(&Simulator::service_account("ada")).unwrap()
    }

    fn key() -> String {
        document()["private_key"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_json_key_becomes_its_parts_and_nothing_else_is_kept() {
        let mut document = document();
        document["token_uri"] = "https://evil.example/token".into();
        let given = credential(&[
            ("location", "global"),
            ("serviceAccount", &document.to_string()),
        ]);
        let fields = complete(given).unwrap().0;
        let names: Vec<_> = fields.keys().map(String::as_str).collect();
        let expected = [
            "clientEmail",
            "location",
            "privateKey",
            "privateKeyId",
            "project",
        ];
        assert_eq!(names, expected);
        assert_eq!(fields["project"].expose(), "simulated-project");
        let values = fields.values().map(Secret::expose);
        assert!(!values.collect::<String>().contains("evil.example"));
    }

    #[test]
    fn a_project_of_ones_own_wins_over_the_service_accounts() {
        let document = document().to_string();
        let given = credential(&[("project", "mine"), ("serviceAccount", &document)]);
        assert_eq!(complete(given).unwrap().0["project"].expose(), "mine");
    }

    #[test]
    fn line_ends_that_became_letters_are_line_ends_again() {
        let key = key();
        for key in [
            key.replace('\n', "\\n"),
            key.replace('\n', "\r\n"),
            key.replace('\n', " "),
        ] {
            let given = credential(&[
                ("project", "p"),
                ("clientEmail", "a@b"),
                ("privateKey", &key),
            ]);
            assert!(complete(given).is_ok(), "{key}");
        }
    }

    #[rstest]
    #[case(&[], "serviceAccount")]
    #[case(&[("serviceAccount", "{}")], "serviceAccount")]
    #[case(&[("serviceAccount", r#"{"type":"authorized_user"}"#)], "serviceAccount")]
    #[case(&[("serviceAccount", "{}"), ("privateKey", "k")], "serviceAccount")]
    #[case(&[("privateKey", "k"), ("clientEmail", "a@b")], "project")]
    #[case(&[("privateKey", "k"), ("project", "p")], "clientEmail")]
    #[case(&[("clientEmail", "a@b"), ("project", "p")], "privateKey")]
    #[case(&[("clientEmail", "a@b"), ("project", "p"), ("privateKey", "-----BEGIN PRIVATE KEY-----AAAA-----END PRIVATE KEY-----")], "privateKey")]
    fn what_is_missing_or_wrong_is_named(#[case] fields: &[(&str, &str)], #[case] expected: &str) {
        let found = complete(credential(fields));
        assert_eq!(found.err().map(|(field, _)| field), Some(expected));
    }

    #[test]
    fn the_request_for_a_token_is_signed_by_the_account_and_meant_for_google() {
        let document = document().to_string();
        let given = credential(&[("location", "global"), ("serviceAccount", &document)]);
        let credential = complete(given).unwrap();
        let origins = VERTEX.origins(&BTreeMap::new(), &credential).unwrap();
        let account = Account::new(origins, credential);
        let request = token_request(&account, Timestamp(1_795_176_000_500)).unwrap();
        assert_eq!(request.url.as_str(), TOKEN_URL);
        let body = request.body.unwrap();
        let (grant, assertion) = body.split_once("&assertion=").unwrap();
        assert_eq!(
            grant,
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
        );
        let (message, signature) = assertion.rsplit_once('.').unwrap();
        let key = key_pair(&key()).unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref())
            .verify(
                message.as_bytes(),
                &URL_SAFE_NO_PAD.decode(signature).unwrap(),
            )
            .unwrap();
        let parts: Vec<Value> = message
            .split('.')
            .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
            .collect();
        let expected = [
            json!({"alg": "RS256", "typ": "JWT", "kid": "0123456789abcdef0123456789abcdef01234567"}),
            json!({
                "iss": "ada@simulated.iam.gserviceaccount.com",
                "scope": "https://www.googleapis.com/auth/cloud-platform",
                "aud": "https://oauth2.googleapis.com/token",
                "iat": 1_795_176_000,
                "exp": 1_795_179_600,
            }),
        ];
        assert_eq!(parts, expected);
    }

    #[test]
    fn a_token_lasts_as_long_as_it_is_said_and_an_hour_at_the_most() {
        for (said, lasts) in [(3599, 3_599_000), (i64::MAX, 3_600_000), (-1, 0)] {
            let body =
                json!({"access_token": "ya29.x", "expires_in": said, "token_type": "Bearer"});
            let token = parse_token(body.to_string().as_bytes()).unwrap();
            assert_eq!((token.secret.expose(), token.lasts_ms), ("ya29.x", lasts));
        }
        assert!(parse_token(b"{}").is_err());
    }
}
