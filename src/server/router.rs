//! All routes and layers on one page.

use crate::server::assets;
use crate::server::config::Environment;
use crate::server::error::ApiError;
use crate::server::http::extract::{language, preferences};
use crate::server::http::middleware::security_headers::CspNonce;
use crate::server::http::{
    api, design, kept_pages, metrics, middleware, missing, page_threads, plain_pages, probes,
};
use crate::server::state::AppState;
use crate::shared::error::{AppError, ErrorCode};
use crate::ui::app::App;
use crate::ui::shell::{RequestSeed, SiteFiles, shell};
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use http::{Method, StatusCode};
use leptos::nonce::Nonce;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{
    AxumRouteListing, LeptosRoutes, generate_route_list, handle_server_fns_with_context,
    render_app_async_with_context,
};
use std::sync::OnceLock;
use tower_http::catch_panic::CatchPanicLayer;

/// The whole server.
pub fn build(state: AppState) -> Router {
    let context = page_context(state.clone());
    let pages = Router::new()
        .leptos_routes_with_context(&state, page_routes(), context, shell)
        .route_layer(from_fn_with_state(state.pages.clone(), page_threads::layer))
        .route_layer(from_fn_with_state(state.clone(), kept_pages::layer));
    let metrics = if state.config.metrics_are_public() {
        metrics::routes()
    } else {
        Router::new()
    };
    let app = Router::new()
        .merge(if state.config.environment == Environment::Development {
            design::routes()
        } else {
            Router::new()
        })
        .merge(metrics)
        .nest("/api", api())
        // The nest has `/api` and what is below it.
        .route("/api/", any(missing))
        .merge(probes())
        .merge(plain_pages())
        .route("/fn/{*name}", post(server_fn))
        .merge(pages)
        .fallback(file_or_not_found);
    guarded(app, state)
}

/// Routes inside of what every request goes through. A handler that panics is an answer, and nobody else notices.
pub fn guarded(routes: Router<AppState>, state: AppState) -> Router {
    let routes = routes.layer(CatchPanicLayer::custom(panicked));
    let services = &state.services;
    middleware::wrap(routes, &state.config, services.env(), services.metrics()).with_state(state)
}

/// What `METRICS_ADDR` serves.
pub fn build_metrics(state: AppState) -> Router {
    metrics::routes().with_state(state)
}

/// The addresses of all pages. Found once: while leptos looks for them, no page in the whole process gets its data.
fn page_routes() -> Vec<AxumRouteListing> {
    static ROUTES: OnceLock<Vec<AxumRouteListing>> = OnceLock::new();
    ROUTES.get_or_init(|| generate_route_list(App)).clone()
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    ApiError::from(AppError::new(
        ErrorCode::Internal,
        "Something broke on our side. Try again; if it stays, give the operator the request id.",
    ))
    .into_response()
}

/// What pages find in their context.
fn page_context(state: AppState) -> impl Fn() + Clone + Send + Sync + 'static {
    let files = assets::site_files();
    let files = SiteFiles {
        js: files.js,
        wasm: files.wasm,
        css: files.css,
    };
    move || {
        let parts = use_context::<http::request::Parts>();
        if let Some(nonce) = parts
            .as_ref()
            .and_then(|parts| parts.extensions.get::<CspNonce>())
        {
            provide_context(Nonce::from_value(nonce.0.clone()));
        }
        if let Some(parts) = &parts {
            provide_context(preferences(&parts.headers));
            provide_context(language(&parts.headers));
        }
        let seed = parts
            .as_ref()
            .and_then(|parts| parts.extensions.get::<RequestSeed>());
        let seed = seed
            .cloned()
            .unwrap_or_else(|| RequestSeed(state.services.env().uuid()));
        provide_context(seed);
        provide_context(files.clone());
        provide_context(state.clone());
    }
}

async fn server_fn(State(state): State<AppState>, request: Request) -> Response {
    handle_server_fns_with_context(page_context(state), request)
        .await
        .into_response()
}

async fn file_or_not_found(State(state): State<AppState>, request: Request) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD)
        && let Some(file) = assets::serve(request.uri().path(), request.headers())
    {
        return file;
    }
    let page = render_app_async_with_context(page_context(state.clone()), shell)(request);
    let render = async { page.await.into_response() };
    let mut page = state.pages.render(render).await;
    if page.status() == StatusCode::OK {
        *page.status_mut() = StatusCode::NOT_FOUND;
    }
    page
}
