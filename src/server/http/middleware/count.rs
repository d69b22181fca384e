//! Counts responses by class of route and status.

use crate::server::metrics::Metrics;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;

/// The class of a route's pattern; what has none is a file, or nothing.
fn class(route: Option<&str>) -> &'static str {
    match route {
        None => "file",
        Some("/healthz" | "/readyz" | "/metrics") => "probe",
        Some(route) if route.starts_with("/api/") && route.ends_with("/stream") => "stream",
        Some(route) if route.starts_with("/api/") => "api",
        Some(route) if route.starts_with("/fn/") => "fn",
        Some(_) => "page",
    }
}

/// See the module.
pub async fn layer(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let class = class(request.extensions().get().map(MatchedPath::as_str));
    let response = next.run(request).await;
    metrics.request(class, response.status().as_u16());
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(None, "file")]
    #[case(Some("/readyz"), "probe")]
    #[case(Some("/api/threads/{thread}"), "api")]
    #[case(Some("/api/threads/{thread}/messages/{message}/stream"), "stream")]
    #[case(Some("/fn/{*name}"), "fn")]
    #[case(Some("/chat/{thread}"), "page")]
    fn a_route_is_of_one_class(#[case] route: Option<&str>, #[case] expected: &str) {
        assert_eq!(class(route), expected);
    }
}
