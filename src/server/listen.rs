//! The listener: what `axum::serve` does, with the limits that it does not set. A head that does not come, a reader that
//! does not read and a process without free descriptors end a connection at the most, never the listener.

mod socket;

use crate::server::clock::Env;
use crate::server::config::{Limit, Limits};
use crate::server::error::ApiError;
use crate::server::http::middleware::request_id;
use crate::server::metrics::Metrics;
use crate::shared::error::{AppError, ErrorCode};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use http::header;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket::{Pace, Socket};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// How long a connection may wait for its next request: longer than the proxies in front of it keep theirs, so that
/// it is never closed under a request that is on its way.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Connections beyond the limit that are told so at a time; the others are closed without a word.
const LOBBY: usize = 64;
/// How long to wait for a free descriptor.
const PAUSE: Duration = Duration::from_millis(100);
/// How often the lack of descriptors is logged.
const REMINDER: Duration = Duration::from_mins(1);
/// Room of a connection's buffer beside the head.
const SLACK: usize = 4096;

/// Serves `router` until `down` is cancelled, then waits for the connections to end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    metrics: Metrics,
    env: Env,
    down: CancellationToken,
) {
    let server = Server {
        router,
        limits,
        metrics,
        down,
    };
    let full = Server {
        router: Router::new()
            .fallback(full)
            .layer(from_fn_with_state(env, request_id::layer)),
        ..server.clone()
    };
    let places = Arc::new(Semaphore::new(limits.connections));
    let lobby = Arc::new(Semaphore::new(LOBBY));
    let connections = TaskTracker::new();
    let mut reminded: Option<Instant> = None;
    loop {
        let accepted = tokio::select! {
            biased;
            () = server.down.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_clients(&error) => continue,
            Err(error) => {
                server.metrics.limit_hit(Limit::OpenFiles);
                if reminded.is_none_or(|at| at.elapsed() > REMINDER) {
                    tracing::error!(%error, "no connection can be accepted; allow this process more open files");
                    reminded = Some(Instant::now());
                }
                sleep(PAUSE).await;
                continue;
            }
        };
        let (server, place) = if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            (server.clone(), place)
        } else {
            server.metrics.limit_hit(Limit::Connections);
            match Arc::clone(&lobby).try_acquire_owned() {
                Ok(place) => (full.clone(), place),
                Err(_) => continue,
            }
        };
        connections.spawn(async move {
            server.connection(stream, peer).await;
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// Whether the error is of the connection that was to be accepted, not of this process.
fn is_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

async fn full() -> impl IntoResponse {
    let problem =
        "This server has as many connections as it can serve. Try again in a few seconds.";
    let mut error = AppError::new(ErrorCode::Draining, problem);
    error.retry_after_ms = Some(5000);
    ([(header::CONNECTION, "close")], ApiError::from(error))
}

/// What every connection is served with.
#[derive(Clone)]
struct Server {
    router: Router,
    limits: Limits,
    metrics: Metrics,
    down: CancellationToken,
}

impl Server {
    async fn connection(self, stream: TcpStream, peer: SocketAddr) {
        let _open = self.metrics.connection();
        // What is written is whole events: waiting for more of them to fill a packet only makes them late.
        let _ = stream.set_nodelay(true);
        let pace = Pace::default();
        let socket = Socket::new(stream, &self.limits, pace.clone(), self.metrics.clone());
        let service = service_fn(|request: http::Request<Incoming>| {
            let busy = pace.busy();
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            let response = self.router.clone().oneshot(request);
            async move {
                let response = response.await?;
                Ok::<_, std::convert::Infallible>(response.map(|body| busy.until_end_of(body)))
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(KEEP_ALIVE)
            .max_header_size(self.limits.header_bytes)
            .max_buf_size(self.limits.header_bytes + SLACK)
            .serve_connection(TokioIo::new(socket), service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.down.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if ended.is_err_and(|error| error.is_parse_too_large()) {
            self.metrics.limit_hit(Limit::HeaderBytes);
        }
    }
}

#[cfg(test)]
mod tests;
