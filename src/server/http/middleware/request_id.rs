//! Gives each request an id of its own. An id that the client sent is ignored: logs must not be forgeable.

use crate::server::clock::Env;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue};

/// The header of every response that carries the id.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: String;
}

/// The request's id, a UUIDv7, in the request's extensions.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// The id of the request that this task serves; empty outside of one, and in tasks that a handler spawned.
#[must_use]
pub fn current() -> String {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// See the module.
pub async fn layer(State(env): State<Env>, mut request: Request, next: Next) -> Response {
    let id = env.uuid();
    request.extensions_mut().insert(RequestId(id.clone()));
    let header = HeaderValue::from_str(&id);
    let mut response = CURRENT.scope(id, next.run(request)).await;
    if let Ok(header) = header {
        response.headers_mut().insert(HEADER, header);
    }
    response
}
