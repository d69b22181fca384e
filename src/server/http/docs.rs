//! `/docs` and `/docs/api`, for everybody.

use super::extract::preferences;
use crate::server::assets::{SiteFiles, site_files};
use crate::server::docs::Page;
use crate::server::state::AppState;
use axum::Router;
use axum::response::Html;
use axum::routing::get;
use http::HeaderMap;
use std::sync::LazyLock;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/docs", get(async |headers| page(Page::Guide, &headers)))
        .route("/docs/api", get(async |headers| page(Page::Api, &headers)))
}

fn page(page: Page, headers: &HeaderMap) -> Html<String> {
    static FILES: LazyLock<SiteFiles> = LazyLock::new(site_files);
    Html(page.document(preferences(headers).theme, &FILES.css))
}
