//! Threads.

use super::messages::sent;
use super::models::means;
use super::{Answer, Caller, caller, fail};
use crate::server::render;
use crate::server::services::means::Chat;
use crate::server::services::messages::Window;
use crate::server::services::threads::{self as rules, NewThread};
use crate::shared::activity::WATCHED;
use crate::shared::chat::{ChatSettings, Started, Thread, ThreadChange, ThreadStatus, ThreadView};
use crate::shared::ids::{ClientRequestId, MessageId, ThreadId, UserId};
use crate::shared::model::{Choice, Means};

/// A thread with its newest messages, with those before or after a depth, or with those around the message `at`.
pub async fn thread(
    id: ThreadId,
    before: Option<i64>,
    after: Option<i64>,
    at: Option<MessageId>,
) -> Answer<ThreadView> {
    let caller = caller()?;
    let user = caller.user().await?;
    let window = match (at, before, after) {
        (Some(at), _, _) => Window::Around(at),
        (_, Some(before), _) => Window::Before(before),
        (_, _, Some(after)) => Window::After(after),
        _ => Window::Newest,
    };
    caller
        .services()
        .thread_view(&user, &id, &window, caller.language())
        .await
        .map_err(fail)
}

/// What there is to pay for a thread's answers with.
pub async fn thread_means(thread: &Thread) -> Answer<Means> {
    let caller = caller()?;
    let user = caller.user().await?;
    means(&caller, &user, Chat::Open(thread)).await
}

/// Shows another branch: the one through the sibling of `message` that is `step` places away. A plain form goes to the
/// sibling.
pub async fn show_branch(thread: ThreadId, message: MessageId, step: i64) -> Answer<ThreadView> {
    let caller = caller()?;
    let user = caller.user().await?;
    let shown = caller
        .services()
        .show_sibling(&user, &thread, &message, step)
        .await
        .map_err(fail)?;
    around(&caller, &user, &thread, shown).await
}

/// The thread around a message of another branch, which is shown from now on. A plain form goes there.
pub(super) async fn around(
    caller: &Caller,
    user: &UserId,
    thread: &ThreadId,
    shown: MessageId,
) -> Answer<ThreadView> {
    caller.form_to(&format!("/chat/{thread}?at={shown}#m-{shown}"));
    caller
        .services()
        .thread_view(user, thread, &Window::Around(shown), caller.language())
        .await
        .map_err(fail)
}

/// Starts a thread with its first message. A plain form goes to the thread's page.
pub async fn start_thread(
    choice: Choice,
    system_prompt: String,
    settings: ChatSettings,
    pool_fallback: bool,
    private: bool,
    content: String,
    client_request_id: ClientRequestId,
) -> Answer<Started> {
    let caller = caller()?;
    let user = caller.user().await?;
    let services = caller.services();
    let new = NewThread {
        provider: choice.provider,
        model: Some(choice.model),
        title: None,
        system_prompt: Some(system_prompt),
        settings,
        private,
        pool_fallback,
    };
    let (thread, answer) = services
        .start_thread(&user, new, content, &client_request_id)
        .await
        .map_err(fail)?;
    let sent = sent(&caller, &user, &thread.id, &answer).await?;
    caller.form_to(&format!("/chat/{}", thread.id));
    let model = services
        .model_line(&user, &thread, caller.language())
        .await
        .map_err(fail)?;
    Ok(Started {
        thread,
        model,
        sent,
    })
}

/// Changes a thread.
pub async fn update_thread(id: ThreadId, change: ThreadChange) -> Answer<Thread> {
    let caller = caller()?;
    let user = caller.user().await?;
    let change = rules::ThreadChange {
        title: change.title,
        status: change.status,
        pinned: change.pinned,
        system_prompt: change.system_prompt.map(Some),
        settings: change.settings,
        pool_fallback: change.pool_fallback,
    };
    caller
        .services()
        .change_thread(&user, &id, change)
        .await
        .map_err(fail)
}

/// A new thread with the history of this one (up to `message`), on another model if asked. A plain form goes there.
pub async fn fork_thread(
    id: ThreadId,
    message: Option<MessageId>,
    choice: Option<Choice>,
) -> Answer<Thread> {
    let caller = caller()?;
    let user = caller.user().await?;
    let (provider, model) = choice.map(|choice| (choice.provider, choice.model)).unzip();
    let thread = caller
        .services()
        .fork_thread(&user, &id, message.as_ref(), provider, model)
        .await
        .map_err(fail)?;
    caller.form_to(&format!("/chat/{}", thread.id));
    Ok(thread)
}

/// A new thread with the history of this one, on the nearest model that the person can use. A plain form goes there.
pub async fn replace_model(id: ThreadId) -> Answer<Thread> {
    let caller = caller()?;
    let user = caller.user().await?;
    let services = caller.services();
    let thread = services.move_thread(&user, &id).await.map_err(fail)?;
    caller.form_to(&format!("/chat/{}", thread.id));
    Ok(thread)
}

/// A page of what the person has archived, as safe HTML; `query` is that of its address.
pub async fn archived(query: String) -> Answer<String> {
    let caller = caller()?;
    let user = caller.user().await?;
    let cursor = query.trim_start_matches('?').strip_prefix("from=");
    let archived = ThreadStatus::Archived;
    let page = caller
        .services()
        .threads(&user, archived, cursor, WATCHED)
        .await
        .map_err(fail)?;
    Ok(render::archive::list(
        &page,
        &caller.language().printed().archive,
    ))
}

/// Brings an archived thread back into the sidebar. A plain form goes back to its page.
pub async fn restore_thread(id: ThreadId) -> Answer<()> {
    let caller = caller()?;
    let user = caller.user().await?;
    let change = rules::ThreadChange {
        status: Some(ThreadStatus::Active),
        ..rules::ThreadChange::default()
    };
    let changed = caller.services().change_thread(&user, &id, change).await;
    changed.map(drop).map_err(fail)
}

/// Deletes a thread with all of its messages. A plain form goes to the new chat, or back to its page if that is the archive.
pub async fn delete_thread(id: ThreadId, archived: bool) -> Answer<()> {
    let caller = caller()?;
    let user = caller.user().await?;
    caller
        .services()
        .delete_thread(&user, &id)
        .await
        .map_err(fail)?;
    if !archived {
        caller.form_to("/chat");
    }
    Ok(())
}
