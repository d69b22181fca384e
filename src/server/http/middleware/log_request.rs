//! One line a request, when its response begins. The route's pattern stands for the path: real paths and queries hold
//! ids and tokens.

use super::request_id;
use crate::server::clock::Env;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;

/// Every open page asks for this every two seconds: when all is well, there is nothing to say about it.
const QUIET: &str = "/api/activity";

/// See the module.
pub async fn layer(State(env): State<Env>, request: Request, next: Next) -> Response {
    let begun = env.now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let quiet = route.as_ref().is_some_and(|route| route.as_str() == QUIET);
    if quiet && response.status().is_success() {
        return response;
    }
    tracing::info!(
        %method,
        route = route.as_ref().map_or("(none)", MatchedPath::as_str),
        status = response.status().as_u16(),
        duration_ms = env.now().0.saturating_sub(begun.0),
        request.id = request_id::current(),
        "request"
    );
    response
}
