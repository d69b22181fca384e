//! `/healthz` and `/readyz`

use crate::server::services::Services;
use crate::server::state::AppState;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::StatusCode;
use std::time::Duration;

/// How long the database may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/readyz", get(ready))
}

async fn ready(State(services): State<Services>) -> (StatusCode, &'static str) {
    if services.engine().is_closing() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining");
    }
    match tokio::time::timeout(PATIENCE, services.db().ping()).await {
        Ok(Ok(())) => (StatusCode::OK, "ready"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "database"),
    }
}
