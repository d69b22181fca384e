//! How a request to Bedrock is let in: by an API key, or by a signature over itself.

use super::super::account::Access;
use super::super::{ProviderError, WireRequest, wire};
use crate::server::crypto::secret::Secret;
use crate::shared::error::ErrorCode;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use std::time::{Duration, SystemTime};

/// The name of both services in a signature.
const SERVICE: &str = "bedrock";

/// The request with what lets it in. Nothing of it may be changed afterwards.
pub(super) fn authorized(
    access: &Access<'_>,
    mut request: WireRequest,
) -> Result<WireRequest, ProviderError> {
    if let Ok(key) = access.field("apiKey") {
        request.secret_headers.push(wire::bearer(key));
        return Ok(request);
    }
    let unusable = || ProviderError::new(ErrorCode::InvalidKey);
    let session = access.field("sessionToken").ok();
    let identity = Credentials::new(
        access.field("accessKeyId")?.expose(),
        access.field("secretAccessKey")?.expose(),
        session.map(|token| token.expose().to_owned()),
        None,
        "keylm",
    )
    .into();
    let since = Duration::from_millis(u64::try_from(access.now.0).unwrap_or_default());
    let params = SigningParams::builder()
        .identity(&identity)
        .region(access.field("region")?.expose())
        .name(SERVICE)
        .time(SystemTime::UNIX_EPOCH + since)
        .settings(SigningSettings::default())
        .build()
        .map_err(|_| unusable())?
        .into();
    let signed = request
        .headers
        .iter()
        .filter(|(name, _)| *name == "content-type");
    let signable = SignableRequest::new(
        request.method.as_str(),
        request.url.as_str(),
        signed.map(|(name, value)| (*name, value.as_str())),
        SignableBody::Bytes(request.body.as_deref().unwrap_or_default().as_bytes()),
    );
    let signed = signable.and_then(|signable| sign(signable, &params));
    let (instructions, _) = signed.map_err(|_| unusable())?.into_parts();
    for header in instructions.into_parts().0 {
        let value = header.value().to_owned();
        // The time is no secret; everything else lets somebody in.
        if header.name() == "x-amz-date" {
            request.headers.push((header.name(), value));
        } else {
            request
                .secret_headers
                .push((header.name(), Secret::new(value)));
        }
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::super::super::account::Account;
    use super::super::super::{Credential, Provider};
    use super::super::{BEDROCK, address};
    use super::*;
    use crate::shared::time::Timestamp;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn account(more: &[(&str, &str)]) -> Account {
        let fields = [
            ("region", "us-east-1"),
            ("accessKeyId", "AKIDEXAMPLE"),
            (
                "secretAccessKey",
                "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            ),
        ];
        let fields = fields.iter().chain(more);
        let fields =
            fields.map(|(name, value)| ((*name).to_owned(), Secret::new((*value).to_owned())));
        let credential = Credential(fields.collect());
        let origins = BEDROCK.origins(&BTreeMap::new(), &credential).unwrap();
        Account::new(origins, credential)
    }

    fn access(account: &Account) -> Access<'_> {
        Access {
            account,
            token: None,
            now: Timestamp::parse("2026-11-20T12:00:00Z").unwrap(),
        }
    }

    fn authorization(request: &WireRequest) -> &str {
        let mut headers = request.secret_headers.iter();
        let found = headers.find(|(name, _)| *name == "authorization");
        found.map_or("", |(_, value)| value.expose())
    }

    /// Made with botocore (providers.md §9).
    #[test]
    fn a_post_is_signed_as_amazons_own_client_signs_it() {
        let account = account(&[]);
        let access = access(&account);
        let url = address(
            access.origin(1).unwrap(),
            "us.anthropic.claude-sonnet-4-6-v1:0",
        );
        let url = url.unwrap();
        assert_eq!(
            url.path(),
            "/model/us.anthropic.claude-sonnet-4-6-v1%3A0/converse-stream"
        );
        let body = json!({"messages": [{"role": "user", "content": [{"text": "hello"}]}]});
        let mut request = wire::post(url, Vec::new(), &body);
        request.body =
            Some(r#"{"messages":[{"role":"user","content":[{"text":"hello"}]}]}"#.to_owned());
        let request = authorized(&access, request).unwrap();
        assert_eq!(
            authorization(&request),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261120/us-east-1/bedrock/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=0875847fd6fb98e456ea88a122b0d7afdd8c75c0ea3f13bf49c8d7da1c3aa87c"
        );
        let date = ("x-amz-date", "20261120T120000Z".to_owned());
        assert!(request.headers.contains(&date));
    }

    #[test]
    fn a_list_is_signed_as_amazons_own_client_signs_it() {
        let account = account(&[]);
        let request = BEDROCK.models_request(&access(&account), None).unwrap();
        assert_eq!(
            authorization(&request),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261120/us-east-1/bedrock/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=f58d73a3cd6e65bc6dcd26c0f0ec15b70b6c909180f2684562147b039fc94136"
        );
    }

    #[test]
    fn a_session_token_is_signed_and_sent_as_a_secret() {
        let account = account(&[("sessionToken", "canary")]);
        let request = BEDROCK.models_request(&access(&account), None).unwrap();
        assert!(authorization(&request).contains("host;x-amz-date;x-amz-security-token"));
        let secret = |(name, value): &(&str, Secret)| {
            *name == "x-amz-security-token" && value.expose() == "canary"
        };
        assert!(request.secret_headers.iter().any(secret));
    }

    #[test]
    fn an_api_key_needs_no_signature() {
        let mut account = account(&[("apiKey", "ABSKcanary")]);
        account.credential.0.remove("accessKeyId");
        let request = BEDROCK.models_request(&access(&account), None).unwrap();
        assert_eq!(authorization(&request), "Bearer ABSKcanary");
        assert_eq!(request.secret_headers.len(), 1);
    }
}
