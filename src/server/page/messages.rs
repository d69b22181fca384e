//! Messages.

use super::threads::around;
use super::{Answer, Caller, caller, fail};
use crate::server::services::ServiceError;
use crate::server::services::chat::Ask;
use crate::shared::chat::{ReasoningEffort, Sent, ThreadView};
use crate::shared::ids::{ClientRequestId, MessageId, ModelId, ThreadId, UserId};

async fn ask(thread: &ThreadId, request: &ClientRequestId, ask: Ask) -> Answer<Sent> {
    let caller = caller()?;
    let user = caller.user().await?;
    let answer = caller
        .services()
        .ask(&user, thread, request, ask)
        .await
        .map_err(fail)?;
    // A plain form may come from a page of earlier messages. Beside other answers it goes back to them.
    if !caller.came_from("/compare") {
        caller.form_to(&format!("/chat/{thread}"));
    }
    sent(&caller, &user, thread, &answer).await
}

pub(super) async fn sent(
    caller: &Caller,
    user: &UserId,
    thread: &ThreadId,
    answer: &MessageId,
) -> Answer<Sent> {
    let (services, language) = (caller.services(), caller.language());
    let placed = services.message(user, thread, answer).await.map_err(fail)?;
    let asked = placed
        .message
        .parent_id
        .clone()
        .ok_or_else(|| fail(ServiceError::NotFound))?;
    let asked = services.message(user, thread, &asked).await.map_err(fail)?;
    Ok(Sent {
        question: services.finished(asked, language),
        answer: services.answer(placed, language),
    })
}

/// Stores a message and starts its answer.
pub async fn send(
    thread: ThreadId,
    content: String,
    client_request_id: ClientRequestId,
) -> Answer<Sent> {
    ask(
        &thread,
        &client_request_id,
        Ask::Say {
            content,
            parent: None,
            nameable: true,
        },
    )
    .await
}

/// Starts another answer beside this one, on another model of the same provider or with another effort if asked.
pub async fn retry(
    thread: ThreadId,
    message: MessageId,
    client_request_id: ClientRequestId,
    model: Option<ModelId>,
    effort: Option<ReasoningEffort>,
) -> Answer<Sent> {
    let again = Ask::Again {
        message,
        model,
        effort,
    };
    ask(&thread, &client_request_id, again).await
}

/// Ends an answer; what it has said so far stays.
pub async fn stop(thread: ThreadId, message: MessageId) -> Answer<()> {
    let caller = caller()?;
    let user = caller.user().await?;
    caller
        .services()
        .stop(&user, &thread, &message)
        .await
        .map_err(fail)
}

/// Says something else in a message's place, as a branch beside it, and starts the answer.
pub async fn edit(
    thread: ThreadId,
    message: MessageId,
    content: String,
    client_request_id: ClientRequestId,
) -> Answer<Sent> {
    ask(&thread, &client_request_id, Ask::Edit { message, content }).await
}

/// Says something else in a question's place, as a branch beside it with the same answers. A plain form goes there.
pub async fn reword(thread: ThreadId, message: MessageId, content: String) -> Answer<ThreadView> {
    let caller = caller()?;
    let user = caller.user().await?;
    let new = caller
        .services()
        .reword(&user, &thread, &message, content)
        .await
        .map_err(fail)?;
    around(&caller, &user, &thread, new).await
}

/// A message's Markdown.
pub async fn message_source(thread: ThreadId, message: MessageId) -> Answer<String> {
    let caller = caller()?;
    let user = caller.user().await?;
    Ok(caller
        .services()
        .message(&user, &thread, &message)
        .await
        .map_err(fail)?
        .message
        .content)
}
