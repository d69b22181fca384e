//! Where pages are rendered: each on one thread from start to end.
//!
//! A page is a handful of tasks that wait for each other. Where they may run at the same time, leptos 0.8 now and then
//! loses the news that the last of them is done, or looks for a signal in the arena of another page: the page hangs or
//! fails (leptos-rs/leptos#4851, #4673, #4578; `pages_are_rendered_whole_however_many_are_asked_for` hung in every third
//! run). On one thread nothing runs at the same time.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The threads, one a core, each with a runtime of its own. Cheap to clone; they end with the last clone.
#[derive(Clone)]
pub struct PageThreads(Arc<Inner>);

struct Inner {
    runtimes: Vec<Handle>,
    next: AtomicUsize,
    _end: DropGuard,
}

impl PageThreads {
    /// Starts them.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start() -> std::io::Result<Self> {
        let end = CancellationToken::new();
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let runtimes: std::io::Result<Vec<Handle>> = (0..cores)
            .map(|_| {
                let runtime = Builder::new_current_thread().enable_all().build()?;
                let (handle, end) = (runtime.handle().clone(), end.clone());
                let run = move || runtime.block_on(end.cancelled());
                thread::Builder::new().name("pages".to_owned()).spawn(run)?;
                Ok(handle)
            })
            .collect();
        Ok(Self(Arc::new(Inner {
            runtimes: runtimes?,
            next: AtomicUsize::new(0),
            _end: end.drop_guard(),
        })))
    }

    /// Renders a page, its whole body included, on the thread whose turn it is. Goes on when nobody waits any more: half
    /// a page is not taken apart elsewhere.
    pub async fn render(&self, page: impl Future<Output = Response> + Send + 'static) -> Response {
        let whole = async move {
            let (head, body) = page.await.into_parts();
            match to_bytes(body, usize::MAX).await {
                Ok(bytes) => Response::from_parts(head, Body::from(bytes)),
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        };
        let turn = self.0.next.fetch_add(1, Ordering::Relaxed);
        let Some(runtime) = self.0.runtimes.get(turn % self.0.runtimes.len()) else {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        };
        match runtime.spawn(whole).await {
            Ok(response) => response,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            },
        }
    }
}

/// Sends what is inside to the threads.
pub async fn layer(State(threads): State<PageThreads>, request: Request, next: Next) -> Response {
    threads.render(next.run(request)).await
}
