//! One question to several models.

use super::{Answer, caller, fail, picker};
use crate::api::compare::StartComparison;
use crate::server::render;
use crate::server::services::ServiceError;
use crate::server::services::comparison::Comparison;
use crate::server::services::threads::ThreadChange;
use crate::shared::chat::ThreadStatus;
use crate::shared::ids::{ClientRequestId, ThreadId};
use crate::shared::model::Choice;
use url::form_urlencoded::byte_serialize;

/// Where a question is written and its models are chosen.
pub async fn comparison_form() -> Answer<String> {
    let shelves = picker().await?;
    let caller = caller()?;
    let request = caller.services().env().uuid();
    Ok(render::compare::form(
        caller.language(),
        &shelves,
        StartComparison::PATH,
        &request,
    ))
}

/// Asks all of them.
pub async fn start_comparison(
    content: String,
    models: Vec<String>,
    request: ClientRequestId,
) -> Answer<()> {
    let caller = caller()?;
    let user = caller.user().await?;
    let named = models.iter().map(|name| name.trim());
    let mut choices: Vec<Choice> = Vec::new();
    for name in named.filter(|name| !name.is_empty()) {
        let choice: Choice = name.parse().map_err(|_| {
            fail(ServiceError::field(
                "models",
                "Choose models from the list.",
            ))
        })?;
        if !choices.contains(&choice) {
            choices.push(choice);
        }
    }
    let Comparison { threads, refused } = caller
        .services()
        .compare(&user, &choices, &content, &request)
        .await
        .map_err(fail)?;
    let threads: Vec<&str> = threads.iter().map(ThreadId::as_str).collect();
    let mut to = format!("/compare?t={}", threads.join(","));
    for choice in refused {
        to.push_str("&no=");
        to.extend(byte_serialize(choice.to_string().as_bytes()));
    }
    caller.form_to(&to);
    Ok(())
}

/// Takes the thread of one answer out of the archive and goes there.
pub async fn choose_answer(id: ThreadId) -> Answer<()> {
    let caller = caller()?;
    let user = caller.user().await?;
    let change = ThreadChange {
        status: Some(ThreadStatus::Active),
        ..ThreadChange::default()
    };
    caller
        .services()
        .change_thread(&user, &id, change)
        .await
        .map_err(fail)?;
    caller.form_to(&format!("/chat/{id}"));
    Ok(())
}
