//! Bounds what is read of a request's body, in bytes and in time. Nothing is read that no handler asks for.

use crate::server::config::{Limit, Limits};
use crate::server::error::ApiError;
use crate::server::metrics::Metrics;
use crate::server::services::ServiceError;
use crate::shared::error::{AppError, ErrorCode};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, header};
use http_body::{Body as _, Frame, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use tokio::time::{Sleep, sleep};

/// How much larger a form of the pages may be than JSON: each byte of a character takes three when it is percent-encoded.
const FORM: usize = 4;

/// The two limits.
#[derive(Clone)]
pub struct Bounds {
    limits: Limits,
    metrics: Metrics,
}

impl Bounds {
    /// The limits of the settings.
    #[must_use]
    pub fn new(limits: Limits, metrics: Metrics) -> Self {
        Self { limits, metrics }
    }

    fn refusal(&self, limit: Limit, bytes: usize) -> Response {
        let error: ApiError = if limit == Limit::RequestBytes {
            AppError::new(
                ErrorCode::TooLarge,
                format!("The request is larger than {} KiB. Send less.", bytes >> 10),
            )
            .into()
        } else {
            let seconds = self.limits.body_read.as_secs();
            let problem = format!("The body did not arrive within {seconds} s. Send it again.");
            ServiceError::field("body", &problem).into()
        };
        let mut response = error.into_response();
        // What is left of the body is not read.
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
        response
    }
}

/// See the module. Whatever the handler makes of a body that broke off at a limit, the answer names the limit.
pub async fn layer(State(bounds): State<Bounds>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let form = request.uri().path().starts_with("/fn/");
    let bytes = bounds.limits.request_bytes * if form { FORM } else { 1 };
    let hit = Arc::new(OnceLock::new());
    let request = request.map(|body| {
        Body::new(Bounded {
            body,
            left: bytes as u64,
            deadline: Box::pin(sleep(bounds.limits.body_read)),
            hit: Arc::clone(&hit),
        })
    });
    let response = next.run(request).await;
    match hit.get() {
        Some(limit) => {
            bounds.metrics.limit_hit(*limit);
            bounds.refusal(*limit, bytes)
        }
        None => response,
    }
}

struct Bounded {
    body: Body,
    left: u64,
    deadline: Pin<Box<Sleep>>,
    hit: Arc<OnceLock<Limit>>,
}

/// The body broke off at a limit.
#[derive(Debug, thiserror::Error)]
#[error("the body reached the limit {}", .0.as_str())]
struct AtLimit(Limit);

impl Bounded {
    fn end(&self, limit: Limit) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let _ = self.hit.set(limit);
        Poll::Ready(Some(Err(axum::Error::new(AtLimit(limit)))))
    }
}

impl http_body::Body for Bounded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.body.size_hint().lower() > self.left {
            return self.end(Limit::RequestBytes);
        }
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let size = frame.data_ref().map_or(0, Bytes::len) as u64;
                match self.left.checked_sub(size) {
                    Some(left) => {
                        self.left = left;
                        Poll::Ready(Some(Ok(frame)))
                    }
                    None => self.end(Limit::RequestBytes),
                }
            }
            Poll::Pending if self.deadline.as_mut().poll(cx).is_ready() => {
                self.end(Limit::BodyRead)
            }
            other => other,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::extract::DefaultBodyLimit;
    use axum::middleware::from_fn_with_state;
    use axum::routing::post;
    use http::StatusCode;
    use rstest::rstest;
    use std::time::Duration;
    use tower::ServiceExt;

    async fn status(path: &str, body: Body, metrics: &Metrics) -> StatusCode {
        let limits = Limits {
            request_bytes: 100,
            body_read: Duration::from_millis(50),
            ..Limits::default()
        };
        let length = async |body: String| body.len().to_string();
        let router = Router::new()
            .route("/api/x", post(length))
            .route("/fn/x", post(length))
            .route("/api/deaf", post(async || "did not listen"))
            .layer(DefaultBodyLimit::disable())
            .layer(from_fn_with_state(
                Bounds::new(limits, metrics.clone()),
                layer,
            ));
        let request = Request::post(path).body(body).unwrap();
        router.oneshot(request).await.unwrap().status()
    }

    #[rstest]
    #[case("/api/x", 100, 200)]
    #[case("/api/x", 101, 413)]
    #[case("/fn/x", 400, 200)]
    #[case("/fn/x", 401, 413)]
    #[case("/api/deaf", 101, 200)]
    #[tokio::test]
    async fn a_form_may_be_four_times_as_large_and_what_is_not_read_does_not_count(
        #[case] path: &str,
        #[case] size: usize,
        #[case] expected: u16,
    ) {
        let metrics = Metrics::default();
        let whole = Body::from("a".repeat(size));
        assert_eq!(status(path, whole, &metrics).await, expected);
        let pieces = (0..size).map(|_| Ok::<_, std::io::Error>("a"));
        let pieces = Body::from_stream(futures::stream::iter(pieces));
        assert_eq!(status(path, pieces, &metrics).await, expected);
        assert_eq!(metrics.limit_hits(Limit::BodyRead), 0);
        let hits = if expected == 413 { 2 } else { 0 };
        assert_eq!(metrics.limit_hits(Limit::RequestBytes), hits);
    }

    #[tokio::test]
    async fn a_body_that_never_comes_is_not_waited_for() {
        let metrics = Metrics::default();
        for path in ["/api/x", "/fn/x"] {
            let never = futures::stream::pending::<Result<&str, std::io::Error>>();
            assert_eq!(status(path, Body::from_stream(never), &metrics).await, 400);
        }
        assert_eq!(metrics.limit_hits(Limit::BodyRead), 2);
    }
}
