//! The one place where an error becomes a response, for REST and for server functions.

use crate::server::crypto::password::PasswordError;
use crate::server::http::middleware::request_id;
use crate::server::services::{self, ServiceError, Unavailable};
use crate::shared::error::{AppError, ErrorBody, ErrorCode};
use crate::shared::free_pool::Scope;
use crate::shared::time::Timestamp;
use crate::shared::words::Language;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use leptos::server_fn::Bytes;
use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{
    FromServerFnError, IntoAppError, ServerFnErrorErr, ServerFnUrlError,
};
use serde_json::json;
use std::time::Duration;

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        // In English, as all errors travel; the page says them in its own language.
        let words = &Language::English.live().errors;
        match error {
            ServerFnErrorErr::Request(_) => Self::new(ErrorCode::Network, words.unreachable),
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => {
                Self::new(ErrorCode::Validation, words.incomplete)
            }
            _ => Self::new(ErrorCode::Internal, words.unreadable),
        }
    }

    // Layers before the server function answer with the envelope that all of `/api` has.
    fn de(data: Bytes) -> Self {
        let text = std::str::from_utf8(&data).unwrap_or_default();
        serde_json::from_str::<ErrorBody>(text)
            .map(|body| body.error)
            .or_else(|_| serde_json::from_str(text))
            .unwrap_or_else(|_| ServerFnErrorErr::Deserialization(String::new()).into_app_error())
    }
}

/// The error of a form that was refused, as leptos writes it into the address that it goes back to.
#[must_use]
pub fn of_address(text: &str) -> AppError {
    ServerFnUrlError::decode_err(text)
}

/// An error on its way out over HTTP.
#[derive(Debug)]
pub struct ApiError(pub AppError);

fn wait(error: &mut AppError, wait: Duration) {
    error.retry_after_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
}

/// An error that may be gone after `time`.
fn retry(code: ErrorCode, message: &str, time: Duration) -> AppError {
    let mut error = AppError::new(code, message);
    wait(&mut error, time);
    error
}

/// Too many at once; it may be better in a few seconds.
fn later(message: &str) -> AppError {
    retry(ErrorCode::RateLimited, message, Duration::from_secs(5))
}

fn model_unavailable(what: &Unavailable) -> AppError {
    let Unavailable {
        model,
        provider,
        replacement,
    } = what;
    let nearest = replacement.as_ref().map_or_else(String::new, |other| {
        format!(" {} is the nearest on offer.", other.display_name)
    });
    let problem = format!(
        "{provider} has taken {model} off this key's list.{nearest} Start a new chat with another model, or refresh the model \
         list if it should be there."
    );
    let mut error = AppError::new(ErrorCode::ModelUnavailable, problem);
    error.details = Some(json!({ "model": model, "replacement": replacement }));
    error
}

fn used_up(scope: Scope, resets_at: Timestamp) -> AppError {
    let whose = match scope {
        Scope::User => "Your free answers of today are used up.",
        Scope::Global => "Today’s free answers are used up, by everybody together.",
    };
    let mut error = AppError::new(
        ErrorCode::FreeQuotaExhausted,
        format!("{whose} Add a key of your own to go on, or come back after midnight UTC."),
    );
    error.details = Some(json!({ "scope": scope, "resetsAt": resets_at }));
    error
}

fn no_key(provider: &str, refused: bool) -> AppError {
    let problem = if refused {
        format!("{provider} refused the stored key. Replace it under Providers, or test it again.")
    } else {
        format!("There is no active {provider} key. Add one under Providers.")
    };
    AppError::new(ErrorCode::NoKey, problem)
}

const NOT_CONNECTED: &str = "The provider did not connect: the way back was not taken from this browser, took more than ten \
    minutes, or was taken before. Start again under Providers.";

const NOTHING_THERE: &str = "There is no list of models at this address. Check its path: it usually ends in /v1. If the \
    server has no list, name a model.";

/// Words an error for people, and logs it once if it is our own fault.
#[must_use]
pub fn to_app_error(error: ServiceError) -> AppError {
    let new = |code: ErrorCode, message: &str| AppError::new(code, message);
    let mut out = match error {
        ServiceError::Unauthenticated => new(ErrorCode::Unauthenticated, "Sign in first."),
        ServiceError::InvalidCredentials => new(
            ErrorCode::InvalidCredentials,
            "That e-mail and password do not fit together. Check both and try again.",
        ),
        ServiceError::NotFound => new(
            ErrorCode::NotFound,
            "There is no such thing here. It may have been deleted.",
        ),
        ServiceError::Validation(fields) => {
            let mut error = new(
                ErrorCode::Validation,
                fields
                    .values()
                    .next()
                    .map_or("Check the marked fields.", String::as_str),
            );
            error.details = Some(json!({ "fields": fields }));
            error
        }
        ServiceError::NoKey { provider, refused } => no_key(provider, refused),
        ServiceError::NotConnected => new(ErrorCode::InsufficientPermission, NOT_CONNECTED),
        ServiceError::Unpaid(problem) => new(ErrorCode::NoKey, problem),
        ServiceError::KeyUnreadable { provider } => services::unreadable(provider),
        ServiceError::ThreadProviderMismatch => new(
            ErrorCode::ThreadProviderMismatch,
            "A chat keeps its provider and model. Start a new chat to use another.",
        ),
        ServiceError::ModelUnavailable(what) => model_unavailable(&what),
        ServiceError::GenerationInProgress(message) => {
            let mut error = new(
                ErrorCode::GenerationInProgress,
                "This chat is being answered. Wait for the end or stop it first.",
            );
            error.details = message.map(|id| json!({ "messageId": id }));
            error
        }
        ServiceError::IdempotencyMismatch => new(
            ErrorCode::IdempotencyMismatch,
            "This clientRequestId was used for another request. Make a new one.",
        ),
        ServiceError::RateLimited(time) => retry(
            ErrorCode::RateLimited,
            &format!("Too many requests. Try again in {} s.", time.as_secs() + 1),
            time,
        ),
        ServiceError::TooManyAnswers(most) => later(&format!(
            "{most} answers of yours are being written. Wait for one of them to end, or stop it."
        )),
        ServiceError::Full => {
            later("This server writes as many answers as it can. Try again in a few seconds.")
        }
        ServiceError::TooManyReaders(most) => later(&format!(
            "{most} windows or programs follow this answer already. Close one of them, or open the chat again when the answer has ended."
        )),
        ServiceError::FreeQuotaExhausted { scope, resets_at } => used_up(scope, resets_at),
        ServiceError::NoPool => new(
            ErrorCode::NoKey,
            "This server has no free pool any more. Add a key of your own, and continue in a new chat.",
        ),
        ServiceError::Draining => retry(
            ErrorCode::Draining,
            "The server is restarting. Try again in a few seconds.",
            Duration::from_secs(5),
        ),
        ServiceError::Provider { error, name } => error.for_person(name),
        ServiceError::NothingThere(field) => {
            let mut error = new(ErrorCode::BadModel, NOTHING_THERE);
            error.details = Some(json!({ "fields": { field: NOTHING_THERE } }));
            error
        }
        ServiceError::Password(PasswordError::Busy) => retry(
            ErrorCode::Draining,
            "Too many people are signing in at once. Try again in a few seconds.",
            Duration::from_secs(2),
        ),
        ServiceError::Store(error) => {
            tracing::error!(%error, "the database failed");
            retry(
                ErrorCode::Storage,
                "The database does not answer. Nothing was changed; try again in a few seconds.",
                Duration::from_secs(5),
            )
        }
        error @ (ServiceError::Crypto(_) | ServiceError::Password(_)) => {
            tracing::error!(%error, "sealing or hashing failed");
            new(
                ErrorCode::Internal,
                "Something broke on our side. Try again; if it stays, give the operator the request id.",
            )
        }
    };
    out.request_id = request_id::current();
    out
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        Self(to_app_error(error))
    }
}

impl From<AppError> for ApiError {
    fn from(mut error: AppError) -> Self {
        error.request_id = request_id::current();
        Self(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let seconds = self
            .0
            .retry_after_ms
            .map(|ms| ms.div_ceil(1000).max(1))
            .or_else(|| matches!(status.as_u16(), 429 | 503).then_some(1));
        let mut response = (status, Json(ErrorBody { error: self.0 })).into_response();
        if let Some(seconds) = seconds
            && matches!(status.as_u16(), 429 | 503)
        {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
