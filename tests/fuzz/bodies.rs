//! What providers answer beside streams: lists of models and errors.

use crate::mutation::{Edit, spoil};
use http::{HeaderMap, HeaderValue};
use keylm::server::providers::{REGISTRY, WireFailure};
use std::time::Duration;

/// Bodies to spoil: lists and errors of every provider.
const BODIES: &[&str] = &[
    r#"{"object":"list","data":[{"id":"gpt-5.4","object":"model","created":1772668800,"owned_by":"openai","shutdown_date":"2027-01-01"},{"id":"whisper-1","created":1}]}"#,
    r#"{"data":[{"type":"model","id":"claude-sonnet-5-5","display_name":"Claude","created_at":"2026-02-01T00:00:00Z","max_input_tokens":200000,"max_tokens":64000}],"has_more":true,"first_id":"a","last_id":"b"}"#,
    r#"{"models":[{"name":"models/gemini-3.8-flash","displayName":"Gemini","inputTokenLimit":1048576,"outputTokenLimit":65536,"supportedGenerationMethods":["generateContent"],"thinking":true}],"nextPageToken":"x"}"#,
    r#"{"error":{"message":"You have insufficient permissions. Missing scopes: api.model.read, model.request.","type":"invalid_request_error","param":null,"code":null}}"#,
    r#"{"error":{"message":"Rate limit reached. Please try again in 7m12.5s.","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#,
    r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}"#,
    r#"[{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED","details":[{"@type":"x","retryDelay":"34.07s"},{"violations":[{"quotaId":"PerDay"}]}]}}]"#,
    "<html><body>502 Bad Gateway</body></html>",
];

/// A wait that is still a hint.
const LONGEST: Duration = Duration::from_hours(7 * 24);

fn body_is_read(body: &[u8], status: u16, wait: &[u8]) {
    let mut headers = HeaderMap::new();
    for name in [
        "retry-after",
        "retry-after-ms",
        "x-ratelimit-reset-requests",
        "anthropic-ratelimit-requests-reset",
    ] {
        if let Ok(value) = HeaderValue::from_bytes(wait) {
            headers.insert(name, value);
        }
    }
    for provider in REGISTRY {
        let error = provider.classify(&WireFailure {
            status,
            headers: &headers,
            body,
        });
        assert_eq!(error.status, Some(status));
        assert!(
            error.retry_after.is_none_or(|wait| wait <= LONGEST),
            "{error:?}"
        );
        let person = error.for_person(provider.info().name);
        assert!(!person.message.is_empty());
        for model in provider.parse_models(body).unwrap_or_default().models {
            assert!(!model.id.as_str().is_empty());
        }
    }
}

#[test]
fn any_body_is_classified_and_no_wait_is_endless() {
    bolero::check!(name = "bodies")
        .with_iterations(500)
        .for_each(|body: &[u8]| body_is_read(body, 429, body));
    bolero::check!(name = "bodies_spoiled")
        .with_iterations(1_000)
        .with_type::<(u8, Vec<Edit>, u16, u8)>()
        .for_each(|(which, edits, status, wait)| {
            let mut body = BODIES[usize::from(*which) % BODIES.len()]
                .as_bytes()
                .to_vec();
            spoil(&mut body, edits, u64::from(*status));
            let wait = [
                "7",
                "-1",
                "1e9",
                "99999999999999999999",
                "0.5",
                "Wed, 21 Oct 2099 07:28:00 GMT",
                "1h2m3.5s",
                "",
            ][usize::from(*wait) % 8];
            body_is_read(&body, 100 + status % 500, wait.as_bytes());
        });
}
