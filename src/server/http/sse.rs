//! Answers as server-sent events: numbered for programs, rendered for the page.

use crate::server::config::Limit;
use crate::server::engine::recovery::piece_of;
use crate::server::render::StreamRenderer;
use crate::server::services::Services;
use crate::server::services::readers::Reader;
use crate::server::store::events::{Event, Kind};
use crate::shared::chat::ViewEvent;
use crate::shared::ids::{MessageId, ThreadId, UserId};
use crate::shared::words::Language;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use http::header;
use std::convert::Infallible;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A comment goes out at least this often; the contract says 15 s. The page hears no comments: its silence would be the same as
/// that of a connection that is no more, so it is sent an event (`client/stream.rs`).
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// The page is painted at most this often.
const FRAME: Duration = Duration::from_millis(33);
const COMMENT: Bytes = Bytes::from_static(b":\n\n");
const ALIVE: Bytes = Bytes::from_static(b"event: alive\ndata: 0\n\n");

fn response(body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, body).into_response()
}

fn write_events(events: &[Arc<Event>]) -> Bytes {
    let mut out = String::with_capacity(events.iter().map(|event| event.data.len() + 48).sum());
    for event in events {
        let _ = write!(
            out,
            "id: {}\nevent: {}\ndata: {}\n\n",
            event.seq,
            event.kind.as_str(),
            event.data
        );
    }
    Bytes::from(out)
}

/// The log as api.md has it.
pub(super) fn events(mut follower: Reader, drain: CancellationToken) -> Response {
    let stream = async_stream::stream! {
        loop {
            let batch = tokio::select! {
                batch = follower.batch() => batch,
                () = gone(&drain) => return,
            };
            match batch {
                Ok(Some(events)) => yield write_events(&events),
                Ok(None) => return,
                Err(error) => {
                    // The reader comes back with the last number that it has.
                    tracing::warn!(%error, "a reader lost the log");
                    return;
                }
            }
        }
    };
    response(Body::from_stream(never_silent(stream, COMMENT, KEEP_ALIVE)))
}

/// The stream, with a `sign` of life whenever it gave nothing for so long, whatever it did meanwhile.
fn never_silent(
    stream: impl Stream<Item = Bytes>,
    sign: Bytes,
    silence: Duration,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    async_stream::stream! {
        let mut stream = std::pin::pin!(stream);
        loop {
            match tokio::time::timeout(silence, stream.next()).await {
                Ok(Some(bytes)) => yield Ok(bytes),
                Ok(None) => return,
                Err(_) => yield Ok(sign.clone()),
            }
        }
    }
}

/// A moment after the drain began: the answers of this process have said their end by then.
async fn gone(drain: &CancellationToken) {
    drain.cancelled().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
}

fn write_view(out: &mut String, event: &ViewEvent) {
    let name = match event {
        ViewEvent::Reset => "reset",
        ViewEvent::Patch { .. } => "patch",
        ViewEvent::Think { .. } => "think",
        ViewEvent::Thought { .. } => "thought",
        ViewEvent::End { .. } => "end",
    };
    let data = serde_json::to_string(event).unwrap_or_default();
    let _ = write!(out, "event: {name}\ndata: {data}\n\n");
}

/// The same answer as block patches for the page, at most some thirty times a second.
pub(super) fn rendered(
    services: Services,
    user: UserId,
    thread: ThreadId,
    message: MessageId,
    mut follower: Reader,
    language: Language,
) -> Response {
    let stream = async_stream::stream! {
        let drain = services.engine().draining().clone();
        let mut renderer = StreamRenderer::within(services.rendering(&message, language));
        let mut out = String::new();
        write_view(&mut out, &ViewEvent::Reset);
        loop {
            if !out.is_empty() {
                yield Bytes::from(std::mem::take(&mut out));
                tokio::time::sleep(FRAME).await;
            }
            let batch = tokio::select! {
                batch = follower.batch() => batch,
                () = gone(&drain) => return,
            };
            let events = match batch {
                Ok(Some(events)) => events,
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%error, "a page lost the log");
                    return;
                }
            };
            let (mut thought, mut took) = (String::new(), None);
            for event in &events {
                let Some(piece) = piece_of(event) else { continue };
                match event.kind {
                    Kind::Delta => {
                        took = took.or(piece.thought_ms);
                        renderer.push(&piece.text);
                    }
                    Kind::Reasoning => thought.push_str(&piece.text),
                    _ => {}
                }
            }
            if !thought.is_empty() {
                write_view(&mut out, &ViewEvent::Think { t: thought });
            }
            if let Some(ms) = took {
                let t = (language.printed().message.thought_for)(ms);
                write_view(&mut out, &ViewEvent::Thought { t });
            }
            for patch in renderer.patches() {
                write_view(&mut out, &patch);
            }
        }
        if renderer.too_deep() {
            services.metrics().limit_hit(Limit::MarkdownDepth);
        }
        if let Ok(placed) = services.message(&user, &thread, &message).await {
            write_view(&mut out, &ViewEvent::End { m: Box::new(services.answer(placed, language)) });
            yield Bytes::from(out);
        }
    };
    response(Body::from_stream(never_silent(stream, ALIVE, KEEP_ALIVE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer of whose events none shows, after the first.
    fn busy_and_silent() -> impl Stream<Item = Bytes> {
        async_stream::stream! {
            yield Bytes::from_static(b"first");
            loop {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }

    #[tokio::test]
    async fn who_reads_an_answer_hears_of_it_however_much_of_it_shows_nothing() {
        let stream = never_silent(busy_and_silent(), ALIVE, Duration::from_millis(20));
        let heard: Vec<_> = stream.take(3).collect().await;
        assert_eq!(
            heard,
            [Ok(Bytes::from_static(b"first")), Ok(ALIVE), Ok(ALIVE)]
        );
    }

    #[tokio::test]
    async fn a_stream_that_has_ended_gives_no_sign_of_life() {
        let ended = futures::stream::iter([COMMENT]);
        let heard: Vec<_> = never_silent(ended, ALIVE, Duration::from_mins(1))
            .collect()
            .await;
        assert_eq!(heard, [Ok(COMMENT)]);
    }
}
