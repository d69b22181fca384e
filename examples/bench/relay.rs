//! The floor: a relay that parses the provider's stream and says it again, with neither database nor session.

use crate::Result;
use crate::mock::MODEL;
use crate::sse::Frames;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use bytes::Bytes;
use http::{StatusCode, header};
use serde_json::{Value, json};
use std::fmt::Write;
use std::net::SocketAddr;

#[derive(Clone)]
struct Relay {
    client: reqwest::Client,
    upstream: String,
}

/// Serves until the process is ended.
pub async fn run(listen: SocketAddr, base_url: &str) -> Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let relay = Relay {
        client: reqwest::Client::builder().no_proxy().build()?,
        upstream: format!("{base_url}/chat/completions"),
    };
    let router = Router::new()
        .route("/readyz", get(async || "ready"))
        .route("/messages", post(send))
        .with_state(relay);
    let listener = tokio::net::TcpListener::bind(listen)
        .await?
        .tap_io(|socket| drop(socket.set_nodelay(true)));
    Ok(axum::serve(listener, router).await?)
}

async fn send(State(relay): State<Relay>, Json(body): Json<Value>) -> Response {
    let asked = json!({
        "model": MODEL,
        "stream": true,
        "messages": [{ "role": "user", "content": body["content"] }],
    });
    let request = relay
        .client
        .post(&relay.upstream)
        .header(header::CONTENT_TYPE, "application/json")
        .body(asked.to_string());
    let Ok(mut response) = request.send().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let stream = async_stream::stream! {
        let mut frames = Frames::default();
        let mut id = 0;
        while let Ok(Some(bytes)) = response.chunk().await {
            frames.push(&bytes);
            let mut out = String::new();
            while let Some(frame) = frames.take() {
                repeat(&frame.data, &mut id, &mut out);
            }
            if !out.is_empty() {
                yield Ok::<_, std::convert::Infallible>(Bytes::from(out));
            }
        }
    };
    (
        [(header::CONTENT_TYPE, "text/event-stream")],
        Body::from_stream(stream),
    )
        .into_response()
}

/// Says again what one frame of the provider says, if it says anything.
fn repeat(data: &str, id: &mut u64, out: &mut String) {
    let (event, data) = if data == "[DONE]" {
        ("done", json!({}))
    } else {
        let said: Value = serde_json::from_str(data).unwrap_or_default();
        let Some(text) = said.pointer("/choices/0/delta/content") else {
            return;
        };
        ("delta", json!({ "text": text }))
    };
    *id += 1;
    let _ = write!(out, "id: {id}\nevent: {event}\ndata: {data}\n\n");
}
