//! Keeps every request, and notices the clients that hang up early.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::Shared;

const MAX_BODY: usize = 64 << 20;

/// One request as it arrived.
#[derive(Clone, Debug, Serialize)]
pub struct Recorded {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path without the query, as it was sent (percent-encoded).
    pub path: String,
    /// The query without `?`; empty when there was none.
    pub query: String,
    /// All headers in order, names in lower case; bytes that are not UTF-8 replaced.
    pub headers: Vec<(String, String)>,
    /// The whole body; bytes that are not UTF-8 replaced.
    pub body: String,
    /// True once the client closed the connection before the answer had ended.
    pub aborted: bool,
}

impl Recorded {
    /// The first header of this (lower-case) name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(have, _)| have == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the request asked for an answer of a model.
    #[must_use]
    pub fn is_generation(&self) -> bool {
        const ENDS: [&str; 6] = [
            "/chat/completions",
            "/responses",
            "/messages",
            "/v2/chat",
            "/converse",
            "/converse-stream",
        ];
        self.method == "POST"
            && (ENDS.iter().any(|end| self.path.ends_with(end))
                || self.path.contains("enerateContent")
                || self.path.contains("awPredict"))
    }
}

/// All requests since the start or the last [`Log::clear`].
#[derive(Default)]
pub(super) struct Log {
    inner: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    next: u64,
    list: Vec<(u64, Recorded)>,
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn all(&self) -> Vec<Recorded> {
        self.lock()
            .list
            .iter()
            .map(|(_, one)| one.clone())
            .collect()
    }

    pub(super) fn clear(&self) {
        self.lock().list.clear();
    }

    pub(super) fn generations(&self) -> usize {
        let entries = self.lock();
        let calls = entries.list.iter().filter(|(_, one)| one.is_generation());
        calls.count()
    }

    fn push(&self, one: Recorded) -> u64 {
        let mut entries = self.lock();
        entries.next += 1;
        let id = entries.next;
        entries.list.push((id, one));
        id
    }

    fn abort(&self, id: u64) {
        let mut entries = self.lock();
        if let Some((_, one)) = entries.list.iter_mut().find(|(have, _)| *have == id) {
            one.aborted = true;
        }
    }
}

/// Marks its request as aborted, unless the answer ended first.
struct Watch {
    shared: Arc<Shared>,
    id: u64,
    ended: bool,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.ended {
            self.shared.log.abort(self.id);
        }
    }
}

/// The layer around every provider route.
pub(super) async fn layer(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let id = shared.log.push(Recorded {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: headers(&parts.headers),
        body: String::from_utf8_lossy(&body).into_owned(),
        aborted: false,
    });
    let mut watch = Watch {
        shared: shared.clone(),
        id,
        ended: false,
    };
    let response = tokio::select! {
        response = next.run(Request::from_parts(parts, Body::from(body))) => response,
        () = shared.stop.cancelled() => {
            watch.ended = true;
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    response.map(|body| watched(body, watch))
}

fn watched(body: Body, watch: Watch) -> Body {
    let stop = watch.shared.stop.clone();
    Body::from_stream(async_stream::stream! {
        // All of it: a closure would take the one field that it names, and leave the guard behind.
        let mut watch = watch;
        let mut data = body.into_data_stream();
        loop {
            let next = tokio::select! {
                next = data.next() => next,
                () = stop.cancelled() => Some(Err(axum::Error::new("the simulator stops"))),
            };
            watch.ended = !matches!(next, Some(Ok(_)));
            match next {
                Some(item) => {
                    yield item as Result<Bytes, axum::Error>;
                    if watch.ended { break }
                }
                None => break,
            }
        }
    })
}

fn headers(map: &HeaderMap) -> Vec<(String, String)> {
    map.iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect()
}
