//! Server functions: how the pages call the server. Each body is one call; forms post to the same paths without script.

#![expect(
    missing_docs,
    reason = "`#[server]` makes a struct of the arguments, which the function's own words explain"
)]
#![expect(
    clippy::implicit_hasher,
    reason = "`#[server]` functions take no type parameters"
)]

pub mod account;
pub mod compare;
pub mod keys;
pub mod messages;
pub mod models;
pub mod threads;

use crate::shared::error::{AppError, ErrorBody, ErrorCode};
use leptos::server_fn::Bytes;
use leptos::server_fn::Decodes;
use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, IntoAppError, ServerFnErrorErr};

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::new(
                ErrorCode::Network,
                "KeyLM could not be reached. Check your connection and try again.",
            ),
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => Self::new(
                ErrorCode::Validation,
                "The form was incomplete. Reload the page and try again.",
            ),
            _ => Self::new(
                ErrorCode::Internal,
                "The server's answer could not be read. Reload the page and try again.",
            ),
        }
    }

    // Layers before the server function answer with the envelope that all of `/api` has.
    fn de(data: Bytes) -> Self {
        serde_json::from_slice::<ErrorBody>(&data)
            .map(|body| body.error)
            .or_else(|_| Self::Encoder::decode(data))
            .unwrap_or_else(|_| ServerFnErrorErr::Deserialization(String::new()).into_app_error())
    }
}
