//! `/api/openapi.json`

use crate::server::openapi::document;
use crate::server::state::AppState;
use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;
use http::header;
use std::sync::LazyLock;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/openapi.json", get(contract))
}

async fn contract() -> impl IntoResponse {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(document().to_string()));
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, TEXT.clone())
}
