//! What the dialects share when they write a request.

use super::account::Access;
use super::{ChatRequest, Framing, ProviderError, Turn, WireRequest};
use crate::server::crypto::secret::Secret;
use crate::shared::chat::{ReasoningEffort, Role};
use crate::shared::error::ErrorCode;
use http::Method;
use serde_json::Value;
use url::Url;

/// `base` with `segments` behind its path, each percent-encoded as one segment.
pub(super) fn endpoint(base: &Url, segments: &[&str]) -> Result<Url, ProviderError> {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    match url.path_segments_mut() {
        Ok(mut path) => {
            path.pop_if_empty().extend(segments);
        }
        Err(()) => return Err(ProviderError::new(ErrorCode::Network)),
    }
    Ok(url)
}

/// A request for a list.
pub(super) fn get(url: Url, secret_headers: Vec<(&'static str, Secret)>) -> WireRequest {
    WireRequest {
        method: Method::GET,
        url,
        headers: vec![("accept", "application/json".to_owned())],
        secret_headers,
        body: None,
    }
}

/// A request for a stream.
pub(super) fn post(
    url: Url,
    secret_headers: Vec<(&'static str, Secret)>,
    body: &Value,
) -> WireRequest {
    WireRequest {
        method: Method::POST,
        url,
        headers: vec![
            ("accept", Framing::Sse.mime().to_owned()),
            ("content-type", "application/json".to_owned()),
        ],
        secret_headers,
        body: Some(body.to_string()),
    }
}

/// The same request for an answer of another type.
pub(super) fn accepting(mut request: WireRequest, mime: &str) -> WireRequest {
    for (_, value) in request
        .headers
        .iter_mut()
        .filter(|(name, _)| *name == "accept")
    {
        mime.clone_into(value);
    }
    request
}

/// `Authorization: Bearer …`
pub(super) fn bearer(key: &Secret) -> (&'static str, Secret) {
    (
        "authorization",
        Secret::new(format!("Bearer {}", key.expose().trim())),
    )
}

/// The same for a server that may want no key.
pub(super) fn bearer_if_any(access: &Access<'_>) -> Vec<(&'static str, Secret)> {
    access.field("key").map(bearer).into_iter().collect()
}

/// The turns with neighbours of one role merged, without blank ones, from the person's first on: what the strictest
/// API takes.
pub(super) fn alternating(turns: &[Turn]) -> Vec<Turn> {
    let mut merged: Vec<Turn> = Vec::new();
    for turn in turns.iter().filter(|turn| !turn.text.trim().is_empty()) {
        match merged.last_mut() {
            Some(last) if last.role == turn.role => {
                last.text.push_str("\n\n");
                last.text.push_str(&turn.text);
            }
            None if turn.role == Role::Assistant => {}
            _ => merged.push(turn.clone()),
        }
    }
    merged
}

/// What an answer may cost in output: what the person asked for, and never more than the model can write.
pub(super) fn max_tokens(request: &ChatRequest) -> Option<u64> {
    let wanted = request.settings.max_tokens.map(u64::from)?;
    Some(
        request
            .max_output_tokens
            .map_or(wanted, |most| most.min(wanted)),
    )
}

/// The effort that comes closest to `wanted` among those that a model takes, in ascending order: the same, else the
/// next higher one, else the highest.
pub(super) fn nearest(
    wanted: ReasoningEffort,
    offered: &[ReasoningEffort],
) -> Option<ReasoningEffort> {
    offered
        .iter()
        .copied()
        .find(|effort| *effort as u8 >= wanted as u8)
        .or_else(|| offered.last().copied())
}

/// The version in a model's id from `text` on: `5.4-mini` and `5-4-20260101` are both (5, 4). A number of more than
/// two digits is a date.
pub(super) fn version(text: &str) -> Option<(u32, u32)> {
    let number = |part: &str| -> Option<u32> {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        part.get(..digits)
            .filter(|digits| (1..=2).contains(&digits.len()))?
            .parse()
            .ok()
    };
    let major = number(text)?;
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let minor = rest.strip_prefix(['.', '-']).and_then(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        // `4-8b` is a size and `4.1` is a version; a minor number stands alone.
        let after = rest.chars().nth(digits.len());
        (after.is_none_or(|c| !c.is_alphanumeric()))
            .then(|| number(&digits))
            .flatten()
    });
    Some((major, minor.unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_cannot_leave_the_base() {
        let base: Url = "https://api.example/v1/".parse().unwrap();
        assert_eq!(
            endpoint(&base, &["chat", "completions"]).unwrap().as_str(),
            "https://api.example/v1/chat/completions"
        );
        assert_eq!(
            endpoint(&base, &["models", "../x?y#z%2f:go"])
                .unwrap()
                .as_str(),
            "https://api.example/v1/models/..%2Fx%3Fy%23z%252f:go"
        );
        assert!(endpoint(&"data:x".parse().unwrap(), &["a"]).is_err());
    }

    #[test]
    fn turns_alternate_from_the_persons_first() {
        let turn = |role, text: &str| Turn {
            role,
            text: text.to_owned(),
        };
        let turns = [
            turn(Role::Assistant, "before"),
            turn(Role::User, "a"),
            turn(Role::User, "b"),
            turn(Role::Assistant, " \n"),
            turn(Role::User, "c"),
            turn(Role::Assistant, "d"),
        ];
        assert_eq!(
            alternating(&turns),
            [turn(Role::User, "a\n\nb\n\nc"), turn(Role::Assistant, "d")]
        );
    }

    #[test]
    fn an_effort_is_matched_upwards_then_downwards() {
        use ReasoningEffort::{High, Low, Max, Medium, Minimal, None, Xhigh};
        assert_eq!(nearest(Minimal, &[None, Low, Medium]), Some(Low));
        assert_eq!(nearest(None, &[Low, Medium]), Some(Low));
        assert_eq!(nearest(Max, &[Low, Medium, High, Xhigh]), Some(Xhigh));
        assert_eq!(nearest(High, &[]), Option::None);
    }

    #[test]
    fn versions_are_found_in_every_spelling() {
        for (text, expected) in [
            ("5.4-mini-2026-03-17", Some((5, 4))),
            ("5", Some((5, 0))),
            ("5-2025-08-07", Some((5, 0))),
            ("5-5-20261001", Some((5, 5))),
            ("4o-mini", Some((4, 0))),
            ("4-20250514", Some((4, 0))),
            ("3-8b", Some((3, 0))),
            ("20250514", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(version(text), expected, "{text}");
        }
    }
}
