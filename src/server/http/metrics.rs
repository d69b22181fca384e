//! `/metrics`, for the operator's collector.

use crate::server::metrics::CONTENT_TYPE;
use crate::server::services::Services;
use crate::server::state::AppState;
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header;

/// The route, for a listener of its own or for the public one.
pub fn routes() -> Router<AppState> {
    Router::new().route("/metrics", get(metrics))
}

async fn metrics(State(services): State<Services>) -> impl IntoResponse {
    let metrics = services.metrics();
    metrics.answers_running(services.engine().running());
    for (pool, open, idle) in services.db().pools() {
        metrics.database(pool, "idle", idle);
        metrics.database(pool, "busy", open.saturating_sub(idle));
    }
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], metrics.render())
}
