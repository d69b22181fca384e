//! What handlers ask of a request, refused in the words of the contract.

use crate::server::error::ApiError;
use crate::server::services::{ServiceError, Services};
use crate::server::state::AppState;
use crate::shared::account::{Preferences, User};
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::model::Choice;
use crate::shared::words::Language;
use axum::extract::{FromRef, FromRequest, FromRequestParts, Path, Request};
use bytes::Bytes;
use cookie::Cookie;
use http::request::Parts;
use http::{HeaderMap, HeaderName, header};
use serde::de::DeserializeOwned;
use std::str::FromStr;

/// The cookie of a session on plain http; on https it has the `__Host-` prefix.
pub const SESSION: &str = "keylm_session";
/// The cookie of a session on https.
pub const SECURE_SESSION: &str = "__Host-keylm_session";

/// The session token that a request carries. On https only the cookie with the prefix counts: a sibling domain can plant
/// the other one.
#[must_use]
pub fn session_token(headers: &HeaderMap, secure: bool) -> Option<String> {
    let name = if secure { SECURE_SESSION } else { SESSION };
    let cookies = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|value| Cookie::split_parse(value.to_owned()))
        .flatten()
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}

/// The cookie of the model that was picked last. It is no preference: of those all pages are made.
const LAST_MODEL: &str = "model";

/// The model that was picked last in the browser of a request.
#[must_use]
pub fn last_picked(headers: &HeaderMap) -> Option<Choice> {
    let mut cookies = Cookie::split_parse(text(headers, &header::COOKIE)).flatten();
    let cookie = cookies.find(|cookie| cookie.name() == LAST_MODEL)?;
    let query = [LAST_MODEL, "=", cookie.value()].concat();
    let (_, choice) = url::form_urlencoded::parse(query.as_bytes()).next()?;
    choice.parse().ok()
}

/// The `Set-Cookie` of a session; an empty token ends it.
#[must_use]
pub fn session_cookie(token: &str, secure: bool) -> String {
    let name = if secure { SECURE_SESSION } else { SESSION };
    let age = if token.is_empty() {
        0
    } else {
        crate::server::services::accounts::ABSOLUTE_MS / 1000
    };
    let secure = if secure { "; Secure" } else { "" };
    format!("{name}={token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}")
}

/// The number of the event that a reader saw last: `Last-Event-ID`, else `?after=`. What is no number starts from the
/// beginning, as a number from the future does.
#[must_use]
pub fn resume_after(headers: &HeaderMap, after: Option<&str>) -> usize {
    let number = |text: &str| text.trim().parse::<usize>().unwrap_or(0);
    let last = headers
        .get("last-event-id")
        .map(|value| value.to_str().map_or(0, number));
    last.or_else(|| after.map(number)).unwrap_or(0)
}

/// What the browser of a request remembers.
#[must_use]
pub fn preferences(headers: &HeaderMap) -> Preferences {
    Preferences::from_cookies(text(headers, &header::COOKIE))
}

/// The language that a request is answered in on pages: the one that was chosen, else what the browser asks for.
#[must_use]
pub fn language(headers: &HeaderMap) -> Language {
    preferences(headers)
        .language
        .unwrap_or_else(|| Language::accepted(text(headers, &header::ACCEPT_LANGUAGE)))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

/// The person whose session the request carries.
pub struct CurrentUser(pub User);

impl FromRequestParts<AppState> for CurrentUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let services = Services::from_ref(state);
        let token = session_token(&parts.headers, state.config.secure())
            .ok_or(ServiceError::Unauthenticated)?;
        let user = services
            .session(&token)
            .await?
            .ok_or(ServiceError::Unauthenticated)?;
        Ok(Self(user))
    }
}

/// A JSON body.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("");
        if !kind.to_ascii_lowercase().starts_with("application/json") {
            return Err(AppError::new(
                ErrorCode::UnsupportedMediaType,
                "Send JSON, with content-type: application/json.",
            )
            .into());
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|_| {
            ServiceError::field("body", "The body could not be read. Send it again.")
        })?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| malformed(&error))
    }
}

fn malformed(error: &serde_json::Error) -> ApiError {
    let text = error.to_string();
    // serde names the field between backticks; nothing of the value that was sent is in its message for these two kinds.
    let named = text.starts_with("missing field") || text.starts_with("unknown field");
    let field = text.split('`').nth(1).filter(|_| named).unwrap_or("body");
    let problem = match (error.classify(), named) {
        (serde_json::error::Category::Data, true) => {
            text.split(" at line").next().unwrap_or(&text).to_owned()
        }
        (serde_json::error::Category::Data, false) => {
            format!("wrong type or value at column {}", error.column())
        }
        _ => "this is not JSON".to_owned(),
    };
    ServiceError::field(field, &problem).into()
}

/// A query string.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        query
            .map(|query| Self(query.0))
            .map_err(|_| ServiceError::field("query", "A query parameter has a wrong form.").into())
    }
}

/// One id of the path. What has no id's form is not found, like any id that is nobody's.
pub struct Id<T>(pub T);

impl<T: FromStr + Send> FromRequestParts<AppState> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| ServiceError::NotFound)?;
        Ok(Self(text.parse().map_err(|_| ServiceError::NotFound)?))
    }
}

/// Two ids of the path.
pub struct Ids<A, B>(pub A, pub B);

impl<A: FromStr + Send, B: FromStr + Send> FromRequestParts<AppState> for Ids<A, B> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Path((a, b)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|_| ServiceError::NotFound)?;
        let missing = || ServiceError::NotFound;
        Ok(Self(
            a.parse().map_err(|_| missing())?,
            b.parse().map_err(|_| missing())?,
        ))
    }
}

/// The page of a list: `limit` from 1 to 200, 50 unless told.
#[must_use]
pub fn limit(asked: Option<u32>) -> u32 {
    asked.unwrap_or(50).clamp(1, 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_that_was_picked_last_is_read_as_the_browser_wrote_it() {
        let picked = |cookies: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, http::HeaderValue::from_static(cookies));
            last_picked(&headers).map(|choice| choice.to_string())
        };
        let wanted = Some("openrouter/meta/llama 3+:free".to_owned());
        assert_eq!(
            picked("theme=dark; model=openrouter%2Fmeta%2Fllama%203%2B%3Afree; side=closed"),
            wanted
        );
        assert_eq!(picked("model=openai"), None);
        assert_eq!(picked("models=openai%2Fa"), None);
    }
}
