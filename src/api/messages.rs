//! Messages. What streams comes over `GET /api/threads/:id/messages/:id/stream?view=html`.

use crate::shared::chat::Sent;
use crate::shared::error::AppError;
use crate::shared::ids::{ClientRequestId, MessageId, ModelId, ThreadId};
use leptos::prelude::*;

/// Stores a message and starts its answer.
#[server(prefix = "/fn", endpoint = "messages/send")]
pub async fn send_message(
    thread: ThreadId,
    content: String,
    client_request_id: ClientRequestId,
) -> Result<Sent, AppError> {
    crate::server::page::send(thread, content, client_request_id).await
}

/// Starts another answer beside this one, on another model of the same provider if asked.
#[server(prefix = "/fn", endpoint = "messages/retry")]
pub async fn retry_answer(
    thread: ThreadId,
    message: MessageId,
    client_request_id: ClientRequestId,
    #[server(default)] model: Option<ModelId>,
) -> Result<Sent, AppError> {
    crate::server::page::retry(thread, message, client_request_id, model).await
}

/// Ends an answer; what it has said so far stays.
#[server(prefix = "/fn", endpoint = "messages/stop")]
pub async fn stop_answer(thread: ThreadId, message: MessageId) -> Result<(), AppError> {
    crate::server::page::stop(thread, message).await
}

/// Says something else in a message's place, as a branch beside it, and starts the answer.
#[server(prefix = "/fn", endpoint = "messages/edit")]
pub async fn edit_message(
    thread: ThreadId,
    message: MessageId,
    content: String,
    client_request_id: ClientRequestId,
) -> Result<Sent, AppError> {
    crate::server::page::edit(thread, message, content, client_request_id).await
}

/// A message's Markdown.
#[server(prefix = "/fn", endpoint = "messages/source")]
pub async fn message_source(thread: ThreadId, message: MessageId) -> Result<String, AppError> {
    crate::server::page::message_source(thread, message).await
}
