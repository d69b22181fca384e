//! The one error that leaves the server, over REST and over server functions alike.

use super::model::Replacement;
use serde::{Deserialize, Serialize};
use serde_json::Value;

macro_rules! codes {
    ($(#[doc = $about:literal] $name:ident = $text:literal, $status:literal;)*) => {
        /// What went wrong, as a word that programs may switch on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ErrorCode {
            $(#[doc = $about] #[serde(rename = $text)] $name,)*
        }

        impl ErrorCode {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// What it means, for whoever writes a program.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $(Self::$name => $about.trim_start(),)* }
            }

            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The code that is spelled `text`.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)* _ => None }
            }
        }
    };
}

codes! {
    // A provider's trouble.
    /// The provider does not know the key.
    InvalidKey = "invalid_key", 422;
    /// The key is known and may not do this.
    InsufficientPermission = "insufficient_permission", 422;
    /// Too many requests, the provider's limit or ours.
    RateLimited = "rate_limited", 429;
    /// The provider's account has no money or no quota left.
    QuotaExhausted = "quota_exhausted", 422;
    /// The provider has no capacity now.
    Overloaded = "overloaded", 502;
    /// The provider does not offer this model (to this key).
    BadModel = "bad_model", 422;
    /// The conversation is longer than the model's window.
    ContextLength = "context_length", 422;
    /// The provider refused the content.
    ContentFiltered = "content_filtered", 422;
    /// The model does not take a parameter that was sent.
    UnsupportedParam = "unsupported_param", 422;
    /// The provider did not answer, or stopped answering, in time.
    Timeout = "timeout", 504;
    /// No connection to the provider.
    Network = "network", 502;
    /// The provider answered with a redirect, which is never followed.
    ProviderRedirected = "provider_redirected", 422;
    /// The provider answered something that makes no sense here.
    UpstreamError = "upstream_error", 502;
    /// The answer ended before its end.
    UpstreamTruncated = "upstream_truncated", 502;
    /// A gateway paid by itself where a key of the person's should have.
    SystemCredentials = "system_credentials", 422;
    // Our own.
    /// No session.
    Unauthenticated = "unauthenticated", 401;
    /// E-mail and password do not fit together.
    InvalidCredentials = "invalid_credentials", 401;
    /// A browser sent this from another site.
    CrossOrigin = "cross_origin", 403;
    /// It does not exist, or belongs to somebody else.
    NotFound = "not_found", 404;
    /// The path exists, with other methods.
    MethodNotAllowed = "method_not_allowed", 405;
    /// The request is malformed; `details.fields` says where.
    Validation = "validation", 400;
    /// The request is too large.
    TooLarge = "too_large", 413;
    /// The body's type is not one that this route reads.
    UnsupportedMediaType = "unsupported_media_type", 415;
    /// No active key for the provider.
    NoKey = "no_key", 409;
    /// The stored key does not open.
    KeyUnreadable = "key_unreadable", 409;
    /// The send names another provider or model than the thread's.
    ThreadProviderMismatch = "thread_provider_mismatch", 409;
    /// The thread's model is not on offer any more.
    ModelUnavailable = "model_unavailable", 409;
    /// The thread is being answered.
    GenerationInProgress = "generation_in_progress", 409;
    /// The `clientRequestId` was used for another content.
    IdempotencyMismatch = "idempotency_mismatch", 409;
    /// The free pool is empty for today.
    FreeQuotaExhausted = "free_quota_exhausted", 429;
    /// The database does not answer.
    Storage = "storage", 503;
    /// The process is about to end.
    Draining = "draining", 503;
    /// The process stopped while it was answering.
    ServerRestart = "server_restart", 503;
    /// Our own fault.
    Internal = "internal", 500;
}

impl ErrorCode {
    /// Whether the same request may succeed later without anyone changing anything.
    #[must_use]
    pub const fn retryable(self) -> bool {
        matches!(
            self,
            Self::RateLimited
                | Self::Overloaded
                | Self::Timeout
                | Self::Network
                | Self::UpstreamError
                | Self::UpstreamTruncated
                | Self::GenerationInProgress
                | Self::Storage
                | Self::Draining
                | Self::ServerRestart
        )
    }

    /// A sentence for the person and what to do next, for trouble with the provider called `name`.
    #[must_use]
    pub fn provider_sentence(self, name: &str) -> String {
        match self {
            Self::InvalidKey => format!("{name} does not accept this key. Check that it was copied whole, or make a new one."),
            Self::InsufficientPermission => {
                format!("{name} knows this key but it may not do this. Give the key the missing permission, or use another one.")
            }
            Self::RateLimited => format!("{name} is limiting this key's requests. Wait a moment and try again."),
            Self::QuotaExhausted => format!("The {name} account behind this key has no credit left. Add credit there, or use another key."),
            Self::Overloaded => format!("{name} is overloaded at the moment. Try again shortly, or pick another model."),
            Self::BadModel => format!("{name} does not offer this model to this key. Refresh the model list and pick another."),
            Self::ContextLength => "This conversation is longer than the model can read. Start a new chat or pick a model with a larger window.".to_owned(),
            Self::ContentFiltered => format!("{name} refused to answer this. Rephrase the message, or try another model."),
            Self::UnsupportedParam => "The model does not take one of this chat's settings. Reset the settings and try again.".to_owned(),
            Self::Timeout => format!("{name} did not answer in time. What had arrived is kept; try again."),
            Self::Network => format!("{name} could not be reached. Check the connection and try again."),
            Self::ProviderRedirected => format!("{name} answered with a redirect, which is never followed. The operator should check its base URL."),
            Self::SystemCredentials => format!(
                "{name} did not let your key pay but its own credentials, so this answer was ended. Test your key for the model’s provider under Providers, and talk to the provider directly until it is in order."
            ),
            Self::UpstreamTruncated => format!("{name} broke the answer off. What had arrived is kept; try again."),
            _ => format!("{name} gave an answer that could not be used. Try again, or pick another model."),
        }
    }
}

/// An error as `{"error": …}` carries it and as server functions return it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
#[serde(rename_all = "camelCase")]
pub struct AppError {
    /// What went wrong.
    pub code: ErrorCode,
    /// A sentence for the person, with the next step in it.
    pub message: String,
    /// The request's id, as in the `x-request-id` header; of a failed answer its message's id, which is what its log
    /// lines carry; empty when the browser made the error itself.
    pub request_id: String,
    /// Whether trying again later may help.
    pub retryable: bool,
    /// Milliseconds to wait before that, where known.
    pub retry_after_ms: Option<u64>,
    /// More for programs: `fields`, `scope`, `messageId`, …
    pub details: Option<Value>,
}

impl AppError {
    /// An error with the defaults of its code.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            request_id: String::new(),
            retryable: code.retryable(),
            retry_after_ms: None,
            details: None,
        }
    }

    /// The model that a `model_unavailable` names to go on with.
    #[must_use]
    pub fn replacement(&self) -> Option<Replacement> {
        let named = self.details.as_ref()?.get("replacement")?;
        Replacement::deserialize(named).ok()
    }

    /// The message for one field of `details.fields`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        let text = self.details.as_ref()?.get("fields")?.get(name)?.as_str()?;
        Some(text.to_owned())
    }
}

/// The envelope of every error under `/api`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The error.
    pub error: AppError,
}
