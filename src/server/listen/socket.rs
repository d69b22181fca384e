//! A client's socket, which gives up a client that sends its head too slowly or takes nothing of what it is sent.

use crate::server::config::{Limit, Limits};
use crate::server::metrics::Metrics;
use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// Where a connection is: its number is even between requests and odd while one is answered, and only grows.
#[derive(Clone, Default)]
pub(super) struct Pace(Arc<AtomicUsize>);

impl Pace {
    /// A request has come; it is being answered until the value is dropped.
    pub(super) fn busy(&self) -> Busy {
        self.0.fetch_add(1, Ordering::Relaxed);
        Busy(self.clone())
    }

    fn now(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// See [`Pace::busy`].
pub(super) struct Busy(Pace);

impl Busy {
    /// The request is being answered until the body has ended.
    pub(super) fn until_end_of(self, body: Body) -> Body {
        Body::new(Answering { body, _busy: self })
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct Answering {
    body: Body,
    _busy: Busy,
}

impl http_body::Body for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// See the module.
pub(super) struct Socket {
    stream: TcpStream,
    header_read: Duration,
    write_stall: Duration,
    pace: Pace,
    /// Until when the head must have come, and in which state of the connection it began.
    head: Option<(usize, Pin<Box<Sleep>>)>,
    /// Until when the client must have taken something.
    stall: Option<Pin<Box<Sleep>>>,
    metrics: Metrics,
}

impl Socket {
    /// The first head is waited for from now on.
    pub(super) fn new(stream: TcpStream, limits: &Limits, pace: Pace, metrics: Metrics) -> Self {
        Self {
            stream,
            header_read: limits.header_read,
            write_stall: limits.write_stall,
            head: Some((pace.now(), Box::pin(sleep(limits.header_read)))),
            pace,
            stall: None,
            metrics,
        }
    }

    fn too_slow<T>(&self, limit: Limit) -> Poll<io::Result<T>> {
        self.metrics.limit_hit(limit);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn written(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stall = None;
            return written;
        }
        let patience = self.write_stall;
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(patience)));
        if stall.as_mut().poll(cx).is_ready() {
            return self.too_slow(Limit::WriteStall);
        }
        Poll::Pending
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let held = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let now = self.pace.now();
        self.head.take_if(|(began, _)| *began != now);
        let between = now.is_multiple_of(2);
        let late = match &mut self.head {
            Some((_, by)) => read.is_pending() && by.as_mut().poll(cx).is_ready(),
            None => false,
        };
        if late {
            return self.too_slow(Limit::HeaderRead);
        }
        if self.head.is_none() && between && buffer.filled().len() > held {
            self.head = Some((now, Box::pin(sleep(self.header_read))));
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
