//! What handlers and pages are given.

use crate::server::config::Config;
use crate::server::http::kept_pages::KeptPages;
use crate::server::http::page_threads::PageThreads;
use crate::server::services::Services;
use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use std::sync::Arc;

/// The state of the router.
#[derive(Clone, FromRef)]
pub struct AppState {
    /// The rules of the product.
    pub services: Services,
    /// How this process was set up.
    pub config: Arc<Config>,
    /// Pages that were rendered before.
    pub kept: KeptPages,
    /// Where pages are rendered.
    pub pages: PageThreads,
    /// What leptos wants to know.
    pub leptos: LeptosOptions,
}
