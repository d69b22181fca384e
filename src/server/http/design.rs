//! `/design`: the parts of the page side by side, in development only.

use super::middleware::security_headers::CspNonce;
use crate::server::assets::site_files;
use crate::server::render;
use crate::server::state::AppState;
use axum::response::Html;
use axum::routing::get;
use axum::{Extension, Router};

/// The route.
pub fn routes() -> Router<AppState> {
    Router::new().route("/design", get(design))
}

async fn design(Extension(nonce): Extension<CspNonce>) -> Html<String> {
    Html(render::design::page(&site_files().css, &nonce.0))
}
