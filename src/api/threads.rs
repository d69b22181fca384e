//! Threads.

use crate::shared::chat::{ChatSettings, Started, Thread, ThreadChange, ThreadView};
use crate::shared::error::AppError;
use crate::shared::ids::{ClientRequestId, MessageId, ThreadId};
use crate::shared::model::Choice;

server_function! {
    /// The sidebar's list as safe HTML: so many pages of all chats, or of what is found for `q`; `open` is marked in it.
    "threads/side" SideList,
    async fn side_list(
        #[server(default)] q: String,
        #[server(default)] pages: u32,
        #[server(default)] open: Option<ThreadId>,
    ) -> String {
        crate::server::page::side_list(q, pages, open).await
    }
}

server_function! {
    /// The palette's lines for what is typed, as safe HTML.
    "palette" PaletteLines,
    async fn palette_lines(#[server(default)] q: String,) -> String {
        crate::server::page::palette_lines(q).await
    }
}

server_function! {
    /// A thread with its newest messages, with those before or after a depth, or with those around the message `at`.
    "threads/open" OpenThread,
    async fn open_thread(
        id: ThreadId,
        #[server(default)] before: Option<i64>,
        #[server(default)] after: Option<i64>,
        #[server(default)] at: Option<MessageId>,
    ) -> ThreadView {
        crate::server::page::thread(id, before, after, at).await
    }
}

on_server! {
    use crate::shared::model::Means;

    /// What there is to pay for the thread's answers with.
    ///
    /// # Errors
    /// What the server said.
    pub async fn thread_means(thread: &Thread) -> Result<Means, AppError> {
        crate::server::page::thread_means(thread).await
    }
}

server_function! {
    /// Shows another branch: the one through the sibling of `message` that is `step` places away. A plain form goes to the
    /// sibling.
    "threads/branch" ShowBranch,
    async fn show_branch(
        thread: ThreadId,
        message: MessageId,
        step: i64,
    ) -> ThreadView {
        crate::server::page::show_branch(thread, message, step).await
    }
}

server_function! {
    /// Starts a thread with its first message. A plain form goes to the thread's page.
    "threads/start" StartThread,
    async fn start_thread(
        choice: Choice,
        #[server(default)] system_prompt: String,
        #[server(default)] settings: ChatSettings,
        #[server(default)] pool_fallback: bool,
        #[server(default)] private: bool,
        content: String,
        client_request_id: ClientRequestId,
    ) -> Started {
        crate::server::page::start_thread(
            choice,
            system_prompt,
            settings,
            pool_fallback,
            private,
            content,
            client_request_id,
        )
        .await
    }
}

server_function! {
    /// Changes a thread.
    "threads/update" UpdateThread, input = Json,
    async fn update_thread(id: ThreadId, change: ThreadChange) -> Thread {
        crate::server::page::update_thread(id, change).await
    }
}

server_function! {
    /// A new thread with the history of this one (up to `message`), on another model if asked. A plain form goes there.
    "threads/fork" ForkThread,
    async fn fork_thread(
        id: ThreadId,
        #[server(default)] message: Option<MessageId>,
        #[server(default)] choice: Option<Choice>,
    ) -> Thread {
        crate::server::page::fork_thread(id, message, choice).await
    }
}

server_function! {
    /// A new thread with the history of this one, on the nearest model that the person can use. A plain form goes there.
    "threads/replace" ReplaceModel,
    async fn replace_model(id: ThreadId) -> Thread {
        crate::server::page::replace_model(id).await
    }
}

server_function! {
    /// A page of what the person has archived, as safe HTML; `query` is that of its address.
    "threads/archived" ListArchived,
    async fn list_archived(#[server(default)] query: String) -> String {
        crate::server::page::archived(query).await
    }
}

server_function! {
    /// Brings an archived thread back into the sidebar. A plain form goes back to its page.
    "threads/restore" RestoreThread,
    async fn restore_thread(id: ThreadId) -> () {
        crate::server::page::restore_thread(id).await
    }
}

server_function! {
    /// Deletes a thread with all of its messages. A plain form goes to the new chat, or back to its page if that is the archive.
    "threads/delete" DeleteThread,
    async fn delete_thread(
        id: ThreadId,
        #[server(default)] archived: bool,
    ) -> () {
        crate::server::page::delete_thread(id, archived).await
    }
}
