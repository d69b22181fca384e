//! `/design`: the parts of the page in one place, in development only.

use super::middleware::security_headers::CspNonce;
use crate::server::assets::site_files;
use crate::server::render;
use crate::server::state::AppState;
use crate::shared::account::Theme;
use axum::extract::Query;
use axum::response::Html;
use axum::routing::get;
use axum::{Extension, Router};
use serde::Deserialize;

/// The route.
pub fn routes() -> Router<AppState> {
    Router::new().route("/design", get(design))
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    theme: Theme,
}

async fn design(Extension(nonce): Extension<CspNonce>, Query(asked): Query<Asked>) -> Html<String> {
    Html(render::design::page(
        &site_files().css,
        &nonce.0,
        asked.theme,
    ))
}
