//! Threads.

use crate::shared::chat::{
    ChatSettings, FoundPage, Started, Thread, ThreadChange, ThreadPage, ThreadView,
};
use crate::shared::error::AppError;
use crate::shared::ids::{ClientRequestId, MessageId, ThreadId};
use crate::shared::model::Choice;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

/// A page of the sidebar: active threads, newest activity first.
#[server(prefix = "/fn", endpoint = "threads/list")]
pub async fn list_threads(
    #[server(default)] cursor: Option<String>,
) -> Result<ThreadPage, AppError> {
    crate::server::page::threads(cursor).await
}

/// A page of the active threads that have these words in their title or in a message, newest activity first.
#[server(prefix = "/fn", endpoint = "threads/search")]
pub async fn search_threads(
    q: String,
    #[server(default)] cursor: Option<String>,
) -> Result<FoundPage, AppError> {
    crate::server::page::search_threads(q, cursor).await
}

/// A thread with its newest messages, with those before or after a depth, or with those around the message `at`.
#[server(prefix = "/fn", endpoint = "threads/open")]
pub async fn open_thread(
    id: ThreadId,
    #[server(default)] before: Option<i64>,
    #[server(default)] after: Option<i64>,
    #[server(default)] at: Option<MessageId>,
) -> Result<ThreadView, AppError> {
    crate::server::page::thread(id, before, after, at).await
}

/// Shows another branch: the one through the sibling of `message` that is `step` places away. A plain form goes to the
/// sibling.
#[server(prefix = "/fn", endpoint = "threads/branch")]
pub async fn show_branch(
    thread: ThreadId,
    message: MessageId,
    step: i64,
) -> Result<ThreadView, AppError> {
    crate::server::page::show_branch(thread, message, step).await
}

/// Starts a thread with its first message. A plain form goes to the thread's page.
#[server(prefix = "/fn", endpoint = "threads/start")]
pub async fn start_thread(
    choice: Choice,
    #[server(default)] system_prompt: String,
    #[server(default)] settings: ChatSettings,
    #[server(default)] pool_fallback: bool,
    content: String,
    client_request_id: ClientRequestId,
) -> Result<Started, AppError> {
    crate::server::page::start_thread(
        choice,
        system_prompt,
        settings,
        pool_fallback,
        content,
        client_request_id,
    )
    .await
}

/// Changes a thread.
#[server(prefix = "/fn", endpoint = "threads/update", input = Json)]
pub async fn update_thread(id: ThreadId, change: ThreadChange) -> Result<Thread, AppError> {
    crate::server::page::update_thread(id, change).await
}

/// A new thread with the history of this one (up to `message`), on another model if asked. A plain form goes there.
#[server(prefix = "/fn", endpoint = "threads/fork")]
pub async fn fork_thread(
    id: ThreadId,
    #[server(default)] message: Option<MessageId>,
    #[server(default)] choice: Option<Choice>,
) -> Result<Thread, AppError> {
    crate::server::page::fork_thread(id, message, choice).await
}

/// A new thread with the history of this one, on the nearest model that the person can use. A plain form goes there.
#[server(prefix = "/fn", endpoint = "threads/replace")]
pub async fn replace_model(id: ThreadId) -> Result<Thread, AppError> {
    crate::server::page::replace_model(id).await
}

/// A page of what the person has archived, as safe HTML; `query` is that of its address.
#[server(prefix = "/fn", endpoint = "threads/archived")]
pub async fn list_archived(#[server(default)] query: String) -> Result<String, AppError> {
    crate::server::page::archived(query).await
}

/// Brings an archived thread back into the sidebar. A plain form goes back to its page.
#[server(prefix = "/fn", endpoint = "threads/restore")]
pub async fn restore_thread(id: ThreadId) -> Result<(), AppError> {
    crate::server::page::restore_thread(id).await
}

/// Deletes a thread with all of its messages. A plain form goes to the new chat, or back to its page if that is the archive.
#[server(prefix = "/fn", endpoint = "threads/delete")]
pub async fn delete_thread(
    id: ThreadId,
    #[server(default)] archived: bool,
) -> Result<(), AppError> {
    crate::server::page::delete_thread(id, archived).await
}
