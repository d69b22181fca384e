//! Messages. What streams comes over `GET /api/threads/:id/messages/:id/stream?view=html`.

use crate::shared::chat::{ReasoningEffort, Sent, ThreadView};
use crate::shared::error::AppError;
use crate::shared::ids::{ClientRequestId, MessageId, ModelId, ThreadId};

server_function! {
    /// Stores a message and starts its answer.
    "messages/send" SendMessage,
    async fn send_message(
        thread: ThreadId,
        content: String,
        client_request_id: ClientRequestId,
    ) -> Sent {
        crate::server::page::send(thread, content, client_request_id).await
    }
}

server_function! {
    /// Starts another answer beside this one, on another model of the same provider if asked, or with more or less
    /// reasoning than the thread has it.
    "messages/retry" RetryAnswer,
    async fn retry_answer(
        thread: ThreadId,
        message: MessageId,
        client_request_id: ClientRequestId,
        #[server(default)] model: Option<ModelId>,
        #[server(default)] effort: Option<ReasoningEffort>,
    ) -> Sent {
        crate::server::page::retry(thread, message, client_request_id, model, effort).await
    }
}

server_function! {
    /// Ends an answer; what it has said so far stays.
    "messages/stop" StopAnswer,
    async fn stop_answer(thread: ThreadId, message: MessageId) -> () {
        crate::server::page::stop(thread, message).await
    }
}

server_function! {
    /// Says something else in a message's place, as a branch beside it, and starts the answer.
    "messages/edit" EditMessage,
    async fn edit_message(
        thread: ThreadId,
        message: MessageId,
        content: String,
        client_request_id: ClientRequestId,
    ) -> Sent {
        crate::server::page::edit(thread, message, content, client_request_id).await
    }
}

server_function! {
    /// Says something else in a question's place, as a branch beside it with the same answers. A plain form goes there.
    "messages/reword" RewordMessage,
    async fn reword_message(
        thread: ThreadId,
        message: MessageId,
        content: String,
    ) -> ThreadView {
        crate::server::page::reword(thread, message, content).await
    }
}

server_function! {
    /// A message's Markdown.
    "messages/source" MessageSource,
    async fn message_source(thread: ThreadId, message: MessageId) -> String {
        crate::server::page::message_source(thread, message).await
    }
}
