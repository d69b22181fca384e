//! Refuses what a browser sends on behalf of another site. Server functions are plain form posts, so this one check
//! stands for all of them.

use super::request_id;
use crate::server::config::Origin;
use crate::shared::error::{AppError, ErrorBody, ErrorCode};
use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use std::sync::Arc;

/// From which origins requests may change something.
#[derive(Clone)]
pub struct Policy(Arc<Option<Origin>>);

impl Policy {
    /// From the public origin, if there is one, and from the host that the request itself names.
    #[must_use]
    pub fn new(public: Option<Origin>) -> Self {
        Self(Arc::new(public))
    }

    fn allows(&self, headers: &HeaderMap) -> bool {
        // Browsers write it, and no script can.
        let mut sites = headers.get_all("sec-fetch-site").iter();
        if let Some(site) = sites.next() {
            return site == "same-origin" && sites.next().is_none();
        }
        let mut origins = headers.get_all(header::ORIGIN).iter();
        match (origins.next().map(HeaderValue::to_str), origins.next()) {
            // Not a browser.
            (None, _) => true,
            (Some(Ok(origin)), None) => self.is_ours(origin, headers),
            _ => false,
        }
    }

    /// Whether `origin` is the public one or the server under the name that the request used. Where the public origin
    /// is not known, TLS may end at a proxy; where it is, only plain http reaches the server under another name.
    fn is_ours(&self, origin: &str, headers: &HeaderMap) -> bool {
        let public = self.0.as_ref().as_ref();
        if public.is_some_and(|public| public.as_str() == origin) {
            return true;
        }
        let host = match origin.split_once("://") {
            Some(("http", host)) => host,
            Some(("https", host)) if public.is_none() => host,
            _ => return false,
        };
        let asked = headers
            .get(header::HOST)
            .and_then(|value| value.to_str().ok());
        asked.is_some_and(|asked| !asked.is_empty() && asked.eq_ignore_ascii_case(host))
    }
}

/// See the module. Reading methods pass, and so does `/v1/`, which takes no cookie.
pub async fn layer(State(policy): State<Policy>, request: Request, next: Next) -> Response {
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if reads || request.uri().path().starts_with("/v1/") || policy.allows(request.headers()) {
        return next.run(request).await;
    }
    let sentence = "This request came from another site and was refused. Open KeyLM itself and try again there.";
    let mut error = AppError::new(ErrorCode::CrossOrigin, sentence);
    error.request_id = request_id::current();
    (StatusCode::FORBIDDEN, Json(ErrorBody { error })).into_response()
}
