//! The HTTP contract: one file an endpoint group.

pub mod activity;
pub mod auth;
pub mod design;
pub mod docs;
pub mod exports;
pub mod extract;
pub mod health;
pub mod kept_pages;
pub mod keys;
pub mod messages;
pub mod metrics;
pub mod middleware;
pub mod models;
pub mod offline;
pub mod openapi;
mod otherwise;
pub mod page_threads;
pub mod sse;
pub mod threads;
pub mod usage;

use crate::server::error::ApiError;
use crate::server::services::ServiceError;
use crate::server::state::AppState;
use crate::shared::error::{AppError, ErrorCode};
use axum::Router;
use axum::extract::DefaultBodyLimit;

/// Everything under `/api`.
pub fn api() -> Router<AppState> {
    Router::new()
        .merge(activity::routes())
        .merge(auth::routes())
        .merge(keys::routes())
        .merge(models::routes())
        .merge(threads::routes())
        .merge(messages::routes())
        .merge(exports::routes())
        .merge(usage::routes())
        .merge(openapi::routes())
        .fallback(missing)
        .method_not_allowed_fallback(other_method)
        // `middleware::read_body` has the limit.
        .layer(DefaultBodyLimit::disable())
}

/// The probes.
pub fn probes() -> Router<AppState> {
    health::routes()
}

/// Pages without script: the documentation, what is shown without a network, and what takes a form of its own.
pub fn plain_pages() -> Router<AppState> {
    docs::routes()
        .merge(offline::routes())
        .merge(otherwise::routes())
}

pub(super) async fn missing() -> ApiError {
    ServiceError::NotFound.into()
}

async fn other_method() -> ApiError {
    AppError::new(
        ErrorCode::MethodNotAllowed,
        "This path exists, but not with this method.",
    )
    .into()
}
