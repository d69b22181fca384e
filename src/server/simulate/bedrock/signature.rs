//! Who sent a request: the owner of its API key, or of the access key that signed it.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4::SigningParams,
};
use http::{HeaderMap, Method, Uri};

use super::super::{anthropic::header, openai, trouble::Trouble};
use crate::shared::time::Timestamp;

/// The secret of every simulated access key.
const SECRET: &str = "simulated-secret";

/// The API key, or the id of the access key whose signature is right. Empty where there is neither.
pub(super) fn key(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<String, Trouble> {
    let authorization = header(headers, "authorization");
    let Some(signed) = authorization.strip_prefix("AWS4-HMAC-SHA256 Credential=") else {
        return Ok(openai::key(headers));
    };
    let mismatch = || {
        Trouble::Bad {
        status: 403,
        message:
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
             Key and signing method."
            .to_owned(),
        param: None,
        code: Some("InvalidSignatureException"),
    }
    };
    // `AKIA…/20261120/us-east-1/bedrock/aws4_request, SignedHeaders=a;b, Signature=…`
    let (scope, rest) = signed.split_once(", SignedHeaders=").ok_or_else(mismatch)?;
    let (names, _) = rest.split_once(", Signature=").ok_or_else(mismatch)?;
    let mut scope = scope.split('/');
    let (id, _, region) = (scope.next(), scope.next(), scope.next());
    let (id, region) = id.zip(region).ok_or_else(mismatch)?;
    let token = Some(header(headers, "x-amz-security-token")).filter(|token| !token.is_empty());
    let identity = Credentials::new(id, SECRET, token, None, "simulator").into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("bedrock")
        .time(time(&header(headers, "x-amz-date")).ok_or_else(mismatch)?)
        .settings(SigningSettings::default())
        .build()
        .map_err(|_| mismatch())?
        .into();
    let own = ["host", "x-amz-date", "x-amz-security-token"];
    let signed: Vec<(String, String)> = names
        .split(';')
        .filter(|name| !own.contains(name))
        .map(|name| (name.to_owned(), header(headers, name)))
        .collect();
    let url = format!("http://{}{uri}", header(headers, "host"));
    let request = SignableRequest::new(
        method.as_str(),
        url,
        signed
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
        SignableBody::Bytes(body),
    );
    let expected = request.and_then(|request| sign(request, &params));
    let (instructions, _) = expected.map_err(|_| mismatch())?.into_parts();
    let right = |(name, value): (&str, &str)| name == "authorization" && value == authorization;
    if instructions.headers().any(right) {
        Ok(id.to_owned())
    } else {
        Err(mismatch())
    }
}

/// `20261120T120000Z`.
fn time(text: &str) -> Option<SystemTime> {
    let part = |from: usize, to: usize| text.get(from..to);
    let plain = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(9, 11)?,
        part(11, 13)?,
        part(13, 15)?
    );
    let millis = u64::try_from(Timestamp::parse(&plain)?.0).ok()?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
}
