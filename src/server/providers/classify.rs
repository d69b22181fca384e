//! What a failure means. Statuses lie, so words come first: a provider's own rule, then the codes that every provider
//! of the family uses, then the message, and the status last (providers.md §0.3).

use super::{ProviderError, WireFailure};
use crate::shared::error::ErrorCode::{
    self, BadModel, ContentFiltered, ContextLength, InsufficientPermission, InvalidKey, Overloaded,
    ProviderRedirected, QuotaExhausted, RateLimited, Timeout, UnsupportedParam, UpstreamError,
};
use crate::shared::time::Timestamp;
use http::HeaderMap;
use serde_json::Value;
use std::time::Duration;

/// A provider's exceptions, asked before everything else.
pub(super) type Rule = fn(&Said) -> Option<ErrorCode>;

/// What an error says, whatever its shape. All text is in lower case. None of it leaves this module.
#[derive(Default)]
pub(super) struct Said {
    /// The HTTP status, or the number that stands for one in a stream.
    pub(super) status: Option<u16>,
    /// The body was JSON.
    json: bool,
    /// Everything that is meant for programs: codes, types, reasons, quota ids.
    codes: Vec<String>,
    message: String,
    param: Option<String>,
    /// Google's `RetryInfo`.
    retry: Option<Duration>,
}

impl Said {
    /// Whether `code` is among the codes, types and reasons.
    pub(super) fn has(&self, code: &str) -> bool {
        self.any(|said| said == code)
    }

    /// Whether one of the codes, types and reasons is like that.
    pub(super) fn any(&self, like: impl Fn(&str) -> bool) -> bool {
        self.codes.iter().any(|said| like(said))
    }

    /// Whether the message contains `text`.
    pub(super) fn says(&self, text: &str) -> bool {
        self.message.contains(text)
    }

    fn read(body: &Value) -> Self {
        let body = body.get(0).unwrap_or(body);
        let mut said = Self {
            json: true,
            ..Self::default()
        };
        match body.get("error") {
            Some(error @ Value::Object(_)) => said.take(error),
            Some(Value::String(error)) => {
                said.take(body);
                said.message = format!("{error} {}", said.message).to_lowercase();
                if !error.contains(' ') {
                    said.codes.push(error.to_lowercase());
                }
            }
            _ => said.take(body),
        }
        said
    }

    fn take(&mut self, error: &Value) {
        for name in ["code", "type", "__type", "status", "error_type"] {
            self.take_code(error.get(name));
        }
        self.take_code(error.pointer("/metadata/error_type"));
        self.take_code(error.pointer("/details/error_code"));
        for detail in error
            .get("details")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            self.take_code(detail.get("reason"));
            for violation in detail
                .get("violations")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                self.take_code(violation.get("quotaId"));
            }
            let wait = detail
                .get("retryDelay")
                .and_then(Value::as_str)
                .and_then(go_duration);
            self.retry = self.retry.or(wait);
        }
        self.param = error
            .get("param")
            .and_then(Value::as_str)
            .map(str::to_lowercase);
        let mut message = String::new();
        for name in ["message", "Message", "error_description", "detail"] {
            match error.get(name) {
                Some(Value::String(text)) => message.push_str(text),
                Some(Value::Array(items)) => {
                    for text in items.iter().filter_map(|item| item.get("msg")?.as_str()) {
                        message.push_str(text);
                        message.push(' ');
                    }
                }
                _ => {}
            }
        }
        self.message = message.to_lowercase();
    }

    fn take_code(&mut self, code: Option<&Value>) {
        let text = match code {
            Some(Value::String(text)) => text.to_lowercase(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return,
        };
        if let Ok(status @ 400..=599) = text.parse() {
            self.status.get_or_insert(status);
        }
        self.codes.push(text);
    }
}

/// Codes, types and reasons with one meaning at every provider.
const CODES: &[(&str, ErrorCode)] = &[
    ("invalid_api_key", InvalidKey),
    ("authentication_error", InvalidKey),
    ("invalid_grant", InvalidKey),
    ("permission_error", InsufficientPermission),
    ("insufficient_permissions", InsufficientPermission),
    ("missing_scope", InsufficientPermission),
    (
        "unsupported_country_region_territory",
        InsufficientPermission,
    ),
    ("ip_not_authorized", InsufficientPermission),
    ("insufficient_quota", QuotaExhausted),
    ("credit_balance_exhausted", QuotaExhausted),
    ("billing_not_active", QuotaExhausted),
    ("billing_hard_limit_reached", QuotaExhausted),
    ("billing_error", QuotaExhausted),
    ("payment_required", QuotaExhausted),
    ("slow_down", Overloaded),
    ("overloaded_error", Overloaded),
    ("capacity_exceeded", Overloaded),
    ("service_tier_capacity_exceeded", Overloaded),
    ("backend_out_of_capacity", Overloaded),
    ("rate_limit_exceeded", RateLimited),
    ("rate_limit_error", RateLimited),
    ("ramp_limit_exceeded", RateLimited),
    ("model_not_found", BadModel),
    ("invalid_model", BadModel),
    ("unknown_model", BadModel),
    ("model_decommissioned", BadModel),
    ("context_length_exceeded", ContextLength),
    ("request_too_large", ContextLength),
    ("content_policy_violation", ContentFiltered),
    ("content_filter", ContentFiltered),
    ("invalid_prompt", ContentFiltered),
    ("moderation_blocked", ContentFiltered),
    ("unsupported_parameter", UnsupportedParam),
    ("unsupported_value", UnsupportedParam),
    ("unknown_parameter", UnsupportedParam),
    ("string_above_max_length", UpstreamError),
];

/// Pieces of messages that say more than the codes beside them.
const MESSAGES: &[(&str, ErrorCode)] = &[
    ("context_length_exceeded", ContextLength),
    ("maximum context length", ContextLength),
    ("prompt is too long", ContextLength),
    ("exceed context limit", ContextLength),
    (
        "exceeds the maximum number of tokens allowed",
        ContextLength,
    ),
    ("input is too long", ContextLength),
    ("too many tokens", ContextLength),
    ("input tokens exceed the configured limit", ContextLength),
    ("exceeds the context window", ContextLength),
    ("exceeds the available context size", ContextLength),
    ("maximum input length is", ContextLength),
    ("missing scopes", InsufficientPermission),
    ("insufficient permissions", InsufficientPermission),
    ("does not have permission", InsufficientPermission),
    ("not supported in your country", InsufficientPermission),
    ("incorrect api key", InvalidKey),
    ("invalid api key", InvalidKey),
    ("invalid x-api-key", InvalidKey),
    ("invalid api token", InvalidKey),
    ("no api key supplied", InvalidKey),
    ("api key not valid", InvalidKey),
    ("api key not found", InvalidKey),
    ("credit balance", QuotaExhausted),
    ("spend limit", QuotaExhausted),
    ("spending limit", QuotaExhausted),
    ("specified api usage limits", QuotaExhausted),
    ("unsupported parameter", UnsupportedParam),
    ("unsupported value", UnsupportedParam),
    ("unrecognized request argument", UnsupportedParam),
    ("unknown parameter", UnsupportedParam),
    ("unknown name \"", UnsupportedParam),
    ("extra inputs are not permitted", UnsupportedParam),
    ("not supported with this model", UnsupportedParam),
    ("not supported for this model", UnsupportedParam),
    ("not supported by this model", UnsupportedParam),
    ("deprecated for this model", UnsupportedParam),
    ("cannot both be specified", UnsupportedParam),
];

/// Codes that stand for little more than a status.
const VAGUE: &[(&str, ErrorCode)] = &[
    ("unauthenticated", InvalidKey),
    ("permission_denied", InsufficientPermission),
    ("resource_exhausted", RateLimited),
    ("not_found_error", BadModel),
    ("not_found", BadModel),
    ("server_error", Overloaded),
    ("api_error", Overloaded),
    ("internal_server_error", Overloaded),
    ("timeout_error", Overloaded),
    ("unavailable", Overloaded),
    ("internal", Overloaded),
    ("deadline_exceeded", Overloaded),
];

fn meaning(said: &Said, rule: Rule) -> ErrorCode {
    let by_code = |table: &[(&str, ErrorCode)]| {
        table
            .iter()
            .find(|(code, _)| said.has(code))
            .map(|(_, class)| *class)
    };
    let by_message = || {
        MESSAGES
            .iter()
            .find(|(text, _)| said.says(text))
            .map(|(_, class)| *class)
    };
    rule(said)
        .or_else(|| by_code(CODES))
        .or_else(by_message)
        .or_else(|| (said.says("model") && said.says("does not exist")).then_some(BadModel))
        .or_else(|| by_code(VAGUE))
        .unwrap_or_else(|| by_status(said))
}

fn by_status(said: &Said) -> ErrorCode {
    match said.status {
        Some(401) => InvalidKey,
        Some(402) => QuotaExhausted,
        Some(403) => InsufficientPermission,
        // A web page says nothing about models, only that nobody is at home.
        Some(404) if said.json => BadModel,
        Some(408 | 504) => Timeout,
        Some(413) => ContextLength,
        Some(429) => RateLimited,
        Some(498 | 503 | 529) => Overloaded,
        Some(300..=399) => ProviderRedirected,
        Some(400 | 422) => match said.param.as_deref() {
            Some("model") => BadModel,
            None | Some("messages" | "input" | "") => UpstreamError,
            Some(_) => UnsupportedParam,
        },
        _ => UpstreamError,
    }
}

/// Classifies an HTTP answer.
pub(super) fn failure(failure: &WireFailure<'_>, rule: Rule) -> ProviderError {
    let mut said = serde_json::from_slice(failure.body)
        .map(|body| Said::read(&body))
        .unwrap_or_default();
    // Amazon names its errors in a header: `ThrottlingException:http://…`.
    let named = failure.headers.get("x-amzn-errortype");
    let named = named.and_then(|name| name.to_str().ok()?.split(':').next());
    said.take_code(named.map(Value::from).as_ref());
    if !(200..300).contains(&failure.status) {
        said.status = Some(failure.status);
    }
    let code = meaning(&said, rule);
    ProviderError {
        code,
        status: Some(failure.status),
        retry_after: retry_after(failure.headers, &said, code),
        unsent: false,
        list_only: false,
    }
}

/// Classifies an error that came inside a stream: the object that has it, or the error itself.
pub(super) fn in_stream(value: &Value, rule: Rule) -> ProviderError {
    let said = Said::read(value);
    let code = meaning(&said, rule);
    ProviderError {
        retry_after: retry_after(&HeaderMap::new(), &said, code),
        ..ProviderError::new(code)
    }
}

/// Longer than this is no hint any more.
const LONGEST: Duration = Duration::from_hours(7 * 24);

fn retry_after(headers: &HeaderMap, said: &Said, code: ErrorCode) -> Option<Duration> {
    let header = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let now = header("date").and_then(http_date);
    let limited = matches!(code, RateLimited | Overloaded);
    header("retry-after-ms")
        .and_then(|text| seconds(text, 1000.0))
        .or_else(|| {
            let text = header("retry-after")?;
            seconds(text, 1.0).or_else(|| until(http_date(text)?, now?))
        })
        .or(said.retry)
        .or_else(|| limited.then(|| reset(headers, now)).flatten())
        .or_else(|| limited.then(|| in_words(&said.message)).flatten())
        .map(|wait| wait.min(LONGEST))
}

/// The longest wait that an exhausted (or unnumbered) limit asks for.
fn reset(headers: &HeaderMap, now: Option<Timestamp>) -> Option<Duration> {
    headers
        .iter()
        .filter(|(name, _)| name.as_str().contains("ratelimit") && name.as_str().contains("reset"))
        .filter(|(name, _)| {
            let left = headers.get(name.as_str().replace("reset", "remaining"));
            left.is_none_or(|left| left.as_bytes() == b"0")
        })
        .filter_map(|(_, value)| {
            let text = value.to_str().ok()?.trim();
            go_duration(text)
                .or_else(|| seconds(text, 1.0))
                .or_else(|| until(Timestamp::parse(text)?, now?))
        })
        .max()
}

/// `… try again in 6m0s`, `… retry in 34.07s`, `… try again in 20 seconds`.
fn in_words(message: &str) -> Option<Duration> {
    let at = ["try again in ", "retry in "]
        .iter()
        .find_map(|words| Some(message.find(words)? + words.len()))?;
    let mut words = message.get(at..)?.split_whitespace();
    let first = words.next()?.trim_end_matches(['.', ',', ';', ')']);
    let scale = match words.next().unwrap_or_default() {
        unit if unit.starts_with("ms") || unit.starts_with("milli") => 1000.0,
        unit if unit.starts_with("min") => 1.0 / 60.0,
        unit if unit.starts_with("hour") => 1.0 / 3600.0,
        _ => 1.0,
    };
    go_duration(first).or_else(|| seconds(first, scale))
}

/// `text` as a number of which `scale` make a second.
fn seconds(text: &str, scale: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse::<f64>().ok()? / scale).ok()
}

/// A duration as Go prints it: `6m0s`, `2m59.56s`, `20ms`, `34.4s`.
fn go_duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (digits, tail) = rest.split_at(number);
        let unit = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let scale = match unit {
            "h" => 1.0 / 3600.0,
            "m" => 1.0 / 60.0,
            "s" => 1.0,
            "ms" => 1e3,
            "us" | "µs" => 1e6,
            "ns" => 1e9,
            _ => return None,
        };
        total = total.checked_add(seconds(digits, scale)?)?;
        rest = tail;
    }
    (!text.is_empty()).then_some(total)
}

fn http_date(text: &str) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(text).ok()?;
    let since = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Timestamp(i64::try_from(since.as_millis()).ok()?))
}

/// From the moment that the provider calls now; its clock and ours need not agree.
fn until(then: Timestamp, now: Timestamp) -> Option<Duration> {
    u64::try_from(then.0.checked_sub(now.0)?)
        .ok()
        .map(Duration::from_millis)
}

/// What `provider` makes of a refusal.
#[cfg(test)]
pub(super) fn answered(
    provider: &dyn super::Provider,
    status: u16,
    headers: &[(&str, &str)],
    body: &str,
) -> ProviderError {
    let header = |(name, value): &(&str, &str)| -> (http::HeaderName, http::HeaderValue) {
        (name.parse().unwrap(), value.parse().unwrap())
    };
    provider.classify(&WireFailure {
        status,
        headers: &headers.iter().map(header).collect(),
        body: body.as_bytes(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn no_rule(_: &Said) -> Option<ErrorCode> {
        None
    }

    fn classify(status: u16, headers: &[(&'static str, &str)], body: &str) -> ProviderError {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()))
            .collect();
        failure(
            &WireFailure {
                status,
                headers: &headers,
                body: body.as_bytes(),
            },
            no_rule,
        )
    }

    #[rstest]
    #[case::openai(401, r#"{"error":{"message":"Incorrect API key provided: sk-ab***yz.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#, InvalidKey)]
    #[case::quota_is_no_rate_limit(429, r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}"#, QuotaExhausted)]
    #[case::rate(429, r#"{"error":{"message":"Rate limit reached","type":"tokens","code":"rate_limit_exceeded"}}"#, RateLimited)]
    #[case::rate_as_413(413, r#"{"error":{"message":"Request too large for model","type":"tokens","code":"rate_limit_exceeded"}}"#, RateLimited)]
    #[case::scopes_as_401(401, r#"{"error":{"message":"You have insufficient permissions for this operation. Missing scopes: model.request.","type":"invalid_request_error","code":null}}"#, InsufficientPermission)]
    #[case::context_by_code(
        400,
        r#"{"error":{"message":"x","code":"context_length_exceeded","param":"messages"}}"#,
        ContextLength
    )]
    #[case::context_by_words_even_as_500(500, r#"{"error":{"code":500,"message":"The input token count (9) exceeds the maximum number of tokens allowed (8).","status":"INTERNAL"}}"#, ContextLength)]
    #[case::a_long_string_is_no_long_context(
        400,
        r#"{"error":{"message":"maximum context length","code":"string_above_max_length"}}"#,
        UpstreamError
    )]
    #[case::parameter_without_code(400, r#"{"error":{"message":"Unsupported value: 'temperature' does not support 0.2 with this model.","type":"invalid_request_error","param":"temperature","code":null}}"#, UnsupportedParam)]
    #[case::xai(400, r#"{"code":"Client specified an invalid argument","error":"Incorrect API key provided: xa***."}"#, InvalidKey)]
    #[case::anthropic_credit(400, r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."},"request_id":"req_1"}"#, QuotaExhausted)]
    #[case::anthropic_overloaded(
        529,
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        Overloaded
    )]
    #[case::google_in_an_array(
        503,
        r#"[{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}]"#,
        Overloaded
    )]
    #[case::mistral_detail(401, r#"{"detail":"Unauthorized"}"#, InvalidKey)]
    #[case::validation_detail(422, r#"{"detail":[{"loc":["body","x"],"msg":"Extra inputs are not permitted","type":"extra_forbidden"}]}"#, UnsupportedParam)]
    #[case::cohere(404, r#"{"message":"model 'x' not found","id":"1"}"#, BadModel)]
    #[case::aws(
        403,
        r#"{"Message":"User does not have permission"}"#,
        InsufficientPermission
    )]
    #[case::oauth(
        400,
        r#"{"error":"invalid_grant","error_description":"Bad Request"}"#,
        InvalidKey
    )]
    #[case::a_web_page(502, "<html>Bad Gateway</html>", UpstreamError)]
    #[case::nobody_at_home(404, "<html>nginx</html>", UpstreamError)]
    #[case::empty(401, "", InvalidKey)]
    #[case::error_in_a_200(200, r#"{"error":{"code":429,"message":"slow"}}"#, RateLimited)]
    #[case::no_error_in_a_200(200, r#"{"id":"x"}"#, UpstreamError)]
    #[case::deep_nonsense(500, "[[[[[[]]]]]]", UpstreamError)]
    fn a_failure_is_known_by_its_words(
        #[case] status: u16,
        #[case] body: &str,
        #[case] code: ErrorCode,
    ) {
        let error = classify(status, &[], body);
        assert_eq!((error.code, error.status), (code, Some(status)));
    }

    const LIMITED: &str = r#"{"error":{"message":"Rate limit. Please try again in 20ms.","code":"rate_limit_exceeded"}}"#;
    const GOOGLE: &str = r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Please retry in 1s.","details":[
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.4s"}]}}"#;

    #[rstest]
    #[case::milliseconds_first(&[("retry-after-ms", "1500"), ("retry-after", "9")], LIMITED, Some(1500))]
    #[case::seconds(&[("retry-after", "7")], LIMITED, Some(7000))]
    #[case::a_date(&[("retry-after", "Fri, 20 Nov 2026 10:00:30 GMT"), ("date", "Fri, 20 Nov 2026 10:00:00 GMT")], LIMITED, Some(30_000))]
    #[case::a_date_without_now(&[("retry-after", "Fri, 20 Nov 2026 10:00:30 GMT")], LIMITED, Some(20))]
    #[case::retry_info(&[], GOOGLE, Some(34_400))]
    #[case::go_reset(&[("x-ratelimit-reset-requests", "6m0s"), ("x-ratelimit-reset-tokens", "20ms")], LIMITED, Some(360_000))]
    #[case::only_the_exhausted_one(&[("x-ratelimit-reset-requests", "6m0s"), ("x-ratelimit-remaining-requests", "9"), ("x-ratelimit-reset-tokens", "2m59.56s"), ("x-ratelimit-remaining-tokens", "0")], LIMITED, Some(179_560))]
    #[case::rfc_3339_reset(&[("anthropic-ratelimit-tokens-reset", "2026-11-20T10:01:00Z"), ("date", "Fri, 20 Nov 2026 10:00:00 GMT")], LIMITED, Some(60_000))]
    #[case::in_words(&[], LIMITED, Some(20))]
    #[case::nonsense(&[("retry-after", "soon")], r#"{"error":{"code":"rate_limit_exceeded"}}"#, None)]
    #[case::negative(&[("retry-after", "-5")], r#"{"error":{"code":"rate_limit_exceeded"}}"#, None)]
    #[case::for_ever(&[("retry-after", "1e12")], LIMITED, Some(7 * 86_400_000))]
    #[case::not_when_it_would_not_help(&[("x-ratelimit-reset-requests", "6m0s")], r#"{"error":{"code":"insufficient_quota"}}"#, None)]
    fn a_hint_to_wait_is_found(
        #[case] headers: &[(&'static str, &str)],
        #[case] body: &str,
        #[case] ms: Option<u64>,
    ) {
        assert_eq!(
            classify(429, headers, body).retry_after,
            ms.map(Duration::from_millis)
        );
    }

    #[test]
    fn an_error_inside_a_stream_is_read_in_either_shape() {
        for text in [
            r#"{"type":"error","error":{"type":"insufficient_quota","code":"insufficient_quota","message":"x"}}"#,
            r#"{"type":"error","code":"insufficient_quota","message":"x","sequence_number":2}"#,
        ] {
            assert_eq!(
                in_stream(&serde_json::from_str(text).unwrap(), no_rule).code,
                QuotaExhausted
            );
        }
        let google = serde_json::from_str(
            r#"{"error":{"code":503,"message":"x","status":"SOMETHING_NEW"}}"#,
        )
        .unwrap();
        assert_eq!(in_stream(&google, no_rule).code, Overloaded);
    }
}
