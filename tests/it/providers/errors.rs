//! What each provider's own errors mean; `classify` has the words that they share.

use super::provider;
use http::HeaderMap;
use keylm::server::providers::{ProviderError, WireFailure};
use keylm::shared::error::ErrorCode::{
    self, BadModel, ContentFiltered, ContextLength, InsufficientPermission, InvalidKey, Overloaded,
    QuotaExhausted, RateLimited, UnsupportedParam, UpstreamError,
};
use rstest::rstest;
use std::time::Duration;

fn classify(id: &str, status: u16, headers: &[(&'static str, &str)], body: &str) -> ProviderError {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            let value = value.parse().expect("a value");
            (http::HeaderName::from_static(name), value)
        })
        .collect();
    provider(id).classify(&WireFailure {
        status,
        headers: &headers,
        body: body.as_bytes(),
    })
}

#[rstest]
#[case::wrong_key(401, r#"{"error":{"message":"Invalid API Key","type":"invalid_request_error","code":"invalid_api_key"}}"#, InvalidKey)]
#[case::forbidden(
    403,
    r#"{"error":{"message":"Forbidden","type":"permissions_error"}}"#,
    InsufficientPermission
)]
#[case::no_model(404, r#"{"error":{"message":"The model `x` does not exist or you do not have access to it.","type":"invalid_request_error","code":"model_not_found"}}"#, BadModel)]
#[case::gone_model(400, r#"{"error":{"message":"The model has been decommissioned and is no longer supported.","type":"invalid_request_error","code":"model_decommissioned"}}"#, BadModel)]
#[case::one_request_over_the_minute(413, r#"{"error":{"message":"Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 12328","type":"tokens","code":"rate_limit_exceeded"}}"#, RateLimited)]
#[case::limited(429, r#"{"error":{"message":"Rate limit reached for model","type":"requests","code":"rate_limit_exceeded"}}"#, RateLimited)]
#[case::flex_capacity(498, r#"{"error":{"message":"Flex tier capacity exceeded","type":"capacity","code":"capacity_exceeded"}}"#, Overloaded)]
#[case::flex_capacity_without_code(498, r#"{"error":{"message":"x"}}"#, Overloaded)]
#[case::unprocessable(
    422,
    r#"{"error":{"message":"x","type":"invalid_request_error"}}"#,
    UpstreamError
)]
#[case::bad_json_mode(400, r#"{"error":{"message":"Failed to generate JSON.","type":"invalid_request_error","code":"json_validate_failed","failed_generation":"{"}}"#, UpstreamError)]
#[case::bad_tool(400, r#"{"error":{"message":"Failed to call a function.","type":"invalid_request_error","code":"tool_use_failed","failed_generation":"x"}}"#, UpstreamError)]
#[case::gateway(502, "<html>Bad Gateway</html>", Overloaded)]
#[case::unavailable(
    503,
    r#"{"error":{"message":"Service Unavailable","type":"internal_server_error"}}"#,
    Overloaded
)]
fn groq(#[case] status: u16, #[case] body: &str, #[case] code: ErrorCode) {
    assert_eq!(classify("groq", status, &[], body).code, code);
}

#[test]
fn groq_says_how_long_to_wait() {
    let headers = [
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-reset-tokens", "2m59.56s"),
    ];
    let body = r#"{"error":{"message":"Rate limit reached","code":"rate_limit_exceeded"}}"#;
    let error = classify("groq", 429, &headers, body);
    assert_eq!(error.retry_after, Some(Duration::from_millis(179_560)));
}

#[rstest]
#[case::wrong_key(401, r#"{"detail":"Unauthorized"}"#, InvalidKey)]
#[case::wrong_key_at_the_old_door(
    401,
    r#"{"message":"Unauthorized","request_id":"1"}"#,
    InvalidKey
)]
#[case::wrong_key_without_a_word(401, "", InvalidKey)]
#[case::billing(
    402,
    r#"{"object":"error","message":"x","type":"payment","param":null,"code":"1"}"#,
    QuotaExhausted
)]
#[case::tier(
    403,
    r#"{"object":"error","message":"x","type":"forbidden","param":null,"code":"1"}"#,
    InsufficientPermission
)]
#[case::limited(429, r#"{"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300"}"#, RateLimited)]
#[case::full(429, r#"{"object":"error","message":"Service tier capacity exceeded for this model.","type":"service_tier_capacity_exceeded","param":null,"code":"3505"}"#, Overloaded)]
#[case::full_behind(
    429,
    r#"{"object":"error","message":"x","type":"backend_out_of_capacity","param":null,"code":null}"#,
    Overloaded
)]
#[case::full_by_number(
    429,
    r#"{"object":"error","message":"x","type":"x","param":null,"code":"3505"}"#,
    Overloaded
)]
#[case::no_model(400, r#"{"object":"error","message":"Invalid model: x","type":"invalid_model","param":null,"code":"1500"}"#, BadModel)]
#[case::no_model_as_documented(
    400,
    r#"{"object":"error","message":"x","type":"unknown_model","param":null,"code":null}"#,
    BadModel
)]
#[case::unknown_field(422, r#"{"detail":[{"loc":["body","seed"],"msg":"Extra inputs are not permitted","type":"extra_forbidden"}]}"#, UnsupportedParam)]
#[case::wrong_value(422, r#"{"object":"error","message":{"detail":[{"loc":["body"],"msg":"x"}]},"type":"invalid_request_error","code":null}"#, UpstreamError)]
#[case::long(400, r#"{"object":"error","message":"Prompt has too many tokens: 9 > 8","type":"invalid_request_error","code":"3051"}"#, ContextLength)]
#[case::their_fault(500, r#"{"object":"error","message":"Service unavailable.","type":"internal_server_error","code":"1000","raw_status_code":503}"#, Overloaded)]
fn mistral(#[case] status: u16, #[case] body: &str, #[case] code: ErrorCode) {
    assert_eq!(classify("mistral", status, &[], body).code, code);
}

#[rstest]
#[case::wrong_key(
    401,
    r#"{"error":{"code":401,"message":"User not found."}}"#,
    InvalidKey
)]
#[case::wrong_key_by_type(
    200,
    r#"{"error":{"code":"x","message":"x","metadata":{"error_type":"authentication"}}}"#,
    InvalidKey
)]
#[case::no_credit(
    402,
    r#"{"error":{"code":402,"message":"Insufficient credits"}}"#,
    QuotaExhausted
)]
#[case::no_credit_in_a_200(200, r#"{"error":{"code":402,"message":"x"}}"#, QuotaExhausted)]
#[case::no_credit_by_type(
    200,
    r#"{"error":{"code":"x","message":"x","metadata":{"error_type":"payment_required"}}}"#,
    QuotaExhausted
)]
#[case::may_not(
    403,
    r#"{"error":{"code":403,"message":"x","metadata":{"error_type":"permission_denied"}}}"#,
    InsufficientPermission
)]
#[case::moderated(403, r#"{"error":{"code":403,"message":"The input was flagged","metadata":{"reasons":["violence"],"flagged_input":"x"}}}"#, ContentFiltered)]
#[case::guardrail(
    403,
    r#"{"error":{"code":403,"message":"Blocked by a guardrail"}}"#,
    ContentFiltered
)]
#[case::slow(408, r#"{"error":{"code":408,"message":"x"}}"#, ErrorCode::Timeout)]
#[case::long(413, r#"{"error":{"code":413,"message":"x"}}"#, ContextLength)]
#[case::long_by_type(
    400,
    r#"{"error":{"code":400,"message":"x","metadata":{"error_type":"context_length_exceeded"}}}"#,
    ContextLength
)]
#[case::limited(
    429,
    r#"{"error":{"code":429,"message":"x","metadata":{"error_type":"rate_limit_exceeded"}}}"#,
    RateLimited
)]
#[case::limited_in_a_200(200, r#"{"error":{"code":429,"message":"x"}}"#, RateLimited)]
#[case::provider_down(
    502,
    r#"{"error":{"code":502,"message":"x","metadata":{"error_type":"provider_unavailable"}}}"#,
    Overloaded
)]
#[case::nobody_fits(503, r#"{"error":{"code":503,"message":"x"}}"#, Overloaded)]
#[case::full(
    200,
    r#"{"error":{"code":"x","message":"x","metadata":{"error_type":"provider_overloaded"}}}"#,
    Overloaded
)]
#[case::a_word_for_a_code(200, r#"{"error":{"code":"server_error","message":"x"}}"#, Overloaded)]
#[case::bad(400, r#"{"error":{"code":400,"message":"x"}}"#, UpstreamError)]
fn openrouter(#[case] status: u16, #[case] body: &str, #[case] code: ErrorCode) {
    assert_eq!(classify("openrouter", status, &[], body).code, code);
}

/// Also when a key is asked about, and when models are.
#[test]
fn openrouter_may_refuse_with_a_good_status() {
    let body = br#"{"error":{"code":401,"message":"User not found."}}"#;
    let openrouter = provider("openrouter");
    assert_eq!(
        openrouter.parse_check(body).map_err(|error| error.code),
        Err(InvalidKey)
    );
    assert_eq!(
        openrouter.parse_models(body).map_err(|error| error.code),
        Err(InvalidKey)
    );
    assert!(
        openrouter
            .parse_check(br#"{"data":{"label":"x","limit":null}}"#)
            .is_ok()
    );
}

#[rstest]
#[case::wrong_key(401, r#"{"error":{"message":"Authentication failed","type":"authentication_error"},"generationId":"gen_1"}"#, InvalidKey)]
#[case::no_credit(
    402,
    r#"{"error":{"message":"Insufficient funds","type":"insufficient_funds"}}"#,
    QuotaExhausted
)]
#[case::may_not(
    403,
    r#"{"error":{"message":"x","type":"forbidden","param":{"ruleId":"r"}}}"#,
    InsufficientPermission
)]
#[case::no_model(404, r#"{"error":{"message":"Model 'x' not found","type":"model_not_found","param":{"modelId":"x"}}}"#, BadModel)]
#[case::nothing_there(404, r#"{"error":{"message":"x","type":"not_found"}}"#, BadModel)]
#[case::limited(
    429,
    r#"{"error":{"message":"x","type":"rate_limit_exceeded"}}"#,
    RateLimited
)]
#[case::limited_by_the_provider(
    429,
    r#"{"type":"error","error":{"type":"rate_limit_error","message":"x"}}"#,
    RateLimited
)]
#[case::bad(
    400,
    r#"{"error":{"message":"x","type":"invalid_request_error"}}"#,
    UpstreamError
)]
#[case::long(400, r#"{"error":{"message":"prompt is too long: 9 tokens > 8 maximum","type":"invalid_request_error"}}"#, ContextLength)]
#[case::the_provider_failed(
    424,
    r#"{"error":{"message":"x","type":"failed_dependency"}}"#,
    Overloaded
)]
#[case::the_provider_failed_midway(
    200,
    r#"{"error":{"message":"x","type":"failed_dependency"}}"#,
    Overloaded
)]
#[case::their_fault(
    500,
    r#"{"error":{"message":"x","type":"internal_server_error"}}"#,
    Overloaded
)]
#[case::a_page(502, "<html>Bad gateway</html>", Overloaded)]
fn ai_gateway(#[case] status: u16, #[case] body: &str, #[case] code: ErrorCode) {
    assert_eq!(classify("ai-gateway", status, &[], body).code, code);
}

#[rstest]
#[case::wrong_key(401, r#"{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}}"#, InvalidKey)]
#[case::network_or_role(
    403,
    r#"{"error":{"code":"AuthorizationFailed","message":"x"}}"#,
    InsufficientPermission
)]
#[case::no_deployment(404, r#"{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}"#, BadModel)]
#[case::no_such_path(
    404,
    r#"{"error":{"code":"404","message":"Resource not found"}}"#,
    BadModel
)]
#[case::retired(410, r#"{"error":{"code":"ModelDeprecated","message":"x"}}"#, BadModel)]
#[case::limited(
    429,
    r#"{"error":{"code":"429","message":"Requests have exceeded the call rate limit."}}"#,
    RateLimited
)]
#[case::limited_in_a_word(
    429,
    r#"{"error":{"code":"RateLimitReached","message":"x"}}"#,
    RateLimited
)]
#[case::filtered(400, r#"{"error":{"message":"The response was filtered","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{}}}}"#, ContentFiltered)]
#[case::parameter(400, r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model.","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}}"#, UnsupportedParam)]
#[case::long(400, r#"{"error":{"message":"This model's maximum context length is 8 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#, ContextLength)]
#[case::their_fault(
    500,
    r#"{"error":{"code":"InternalServerError","message":"x"}}"#,
    Overloaded
)]
fn azure_openai(#[case] status: u16, #[case] body: &str, #[case] code: ErrorCode) {
    assert_eq!(classify("azure-openai", status, &[], body).code, code);
}

#[test]
fn azure_says_how_long_to_wait_in_milliseconds() {
    let body = r#"{"error":{"code":"429","message":"x"}}"#;
    let headers = [("retry-after-ms", "1500"), ("retry-after", "2")];
    let error = classify("azure-openai", 429, &headers, body);
    assert_eq!(error.retry_after, Some(Duration::from_millis(1500)));
}

#[rstest]
#[case::not_pulled(404, r#"{"error":{"message":"model 'x' not found","type":"not_found_error","param":null,"code":null}}"#, BadModel)]
#[case::not_pulled_in_its_own_words(404, r#"{"error":"model 'x' not found"}"#, BadModel)]
#[case::bad(
    400,
    r#"{"error":{"message":"x","type":"invalid_request_error","param":null,"code":null}}"#,
    UpstreamError
)]
#[case::cannot_think(400, r#"{"error":{"message":"\"llama4:8b\" does not support thinking","type":"invalid_request_error","param":null,"code":null}}"#, UnsupportedParam)]
#[case::long(400, r#"{"error":{"message":"the request exceeds the available context size","type":"invalid_request_error","param":null,"code":null}}"#, ContextLength)]
#[case::its_fault(500, r#"{"error":{"message":"llama runner process has terminated","type":"api_error","param":null,"code":null}}"#, Overloaded)]
#[case::a_proxy(401, r#"{"error":"unauthorized"}"#, InvalidKey)]
fn ollama(#[case] status: u16, #[case] body: &str, #[case] code: ErrorCode) {
    assert_eq!(classify("ollama", status, &[], body).code, code);
}

/// Servers that speak OpenAI's dialect in words of their own: a proxy or two, and what people run at home.
#[rstest]
#[case::a_proxy(401, r#"{"error":"Unauthorized"}"#, InvalidKey)]
#[case::a_proxy_in_detail(401, r#"{"detail":"Invalid API key"}"#, InvalidKey)]
#[case::a_page(401, "<html>Sign in</html>", InvalidKey)]
#[case::may_not(403, r#"{"detail":"Forbidden"}"#, InsufficientPermission)]
#[case::no_model(404, r#"{"object":"error","message":"The model `x` does not exist.","type":"NotFoundError","param":null,"code":404}"#, BadModel)]
#[case::no_such_path(404, "404 page not found", UpstreamError)]
#[case::long(400, r#"{"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens","type":"BadRequestError","param":null,"code":400}"#, ContextLength)]
#[case::long_in_other_words(400, r#"{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it","type":"exceed_context_size_error"}}"#, ContextLength)]
#[case::limited(
    429,
    r#"{"error":{"message":"Rate limit reached","type":"throttling_error","code":"429"}}"#,
    RateLimited
)]
#[case::budget(
    402,
    r#"{"error":{"message":"Budget has been exceeded","type":"budget_exceeded"}}"#,
    QuotaExhausted
)]
#[case::loading(
    503,
    r#"{"error":{"message":"Loading model","type":"unavailable_error","code":503}}"#,
    Overloaded
)]
#[case::unknown_parameter(422, r#"{"detail":[{"type":"extra_forbidden","loc":["body","seed"],"msg":"Extra inputs are not permitted"}]}"#, UnsupportedParam)]
#[case::bad(
    400,
    r#"{"error":{"message":"x","type":"invalid_request_error"}}"#,
    UpstreamError
)]
fn custom(#[case] status: u16, #[case] body: &str, #[case] code: ErrorCode) {
    assert_eq!(classify("custom", status, &[], body).code, code);
}
