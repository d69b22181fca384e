//! `/api/threads/:id/messages`: send, retry, edit, stop and follow.

use super::extract::{Body, CurrentUser, Id, Ids, Query, language, resume_after};
use super::sse;
use crate::server::error::ApiError;
use crate::server::services::chat::{Ask, same_model};
use crate::server::services::readers::Reader;
use crate::server::services::{ServiceError, Services};
use crate::server::state::AppState;
use crate::shared::ids::{ClientRequestId, MessageId, ModelId, ProviderId, ThreadId, UserId};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Send {
    content: String,
    client_request_id: ClientRequestId,
    provider: Option<ProviderId>,
    model: Option<ModelId>,
    parent_id: Option<MessageId>,
    stream: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Retry {
    client_request_id: ClientRequestId,
    model: Option<ModelId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Edit {
    content: String,
    client_request_id: ClientRequestId,
}

#[derive(Deserialize)]
struct Resume {
    after: Option<String>,
    view: Option<String>,
}

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/threads/{thread}/messages", post(send))
        .route("/threads/{thread}/messages/{message}", patch(edit))
        .route("/threads/{thread}/messages/{message}/stream", get(resume))
        .route("/threads/{thread}/messages/{message}/stop", post(stop))
        .route("/threads/{thread}/messages/{message}/retry", post(retry))
}

async fn send(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Id(thread): Id<ThreadId>,
    Body(send): Body<Send>,
) -> Result<Response, ApiError> {
    if send.provider.is_some() || send.model.is_some() {
        same_model(
            &services.thread(&user.id, &thread).await?,
            send.provider.as_ref(),
            send.model.as_ref(),
        )?;
    }
    let ask = Ask::Say {
        content: send.content,
        parent: send.parent_id,
        nameable: false,
    };
    let message = services
        .ask(&user.id, &thread, &send.client_request_id, ask)
        .await?;
    if send.stream.unwrap_or(true) {
        return asked(&services, &user.id, &thread, &message).await;
    }
    let mut follower = services.follow_asked(&user.id, &thread, &message).await?;
    while follower
        .batch()
        .await
        .map_err(ServiceError::from)?
        .is_some()
    {}
    let answer = services.message(&user.id, &thread, &message).await?.message;
    let asked = answer.parent_id.as_ref().ok_or(ServiceError::NotFound)?;
    let asked = services.message(&user.id, &thread, asked).await?.message;
    Ok(Json(json!({ "userMessage": asked, "message": answer })).into_response())
}

async fn retry(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Ids(thread, message): Ids<ThreadId, MessageId>,
    Body(retry): Body<Retry>,
) -> Result<Response, ApiError> {
    let ask = Ask::Again {
        message,
        model: retry.model,
        effort: None,
    };
    let message = services
        .ask(&user.id, &thread, &retry.client_request_id, ask)
        .await?;
    asked(&services, &user.id, &thread, &message).await
}

async fn edit(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Ids(thread, message): Ids<ThreadId, MessageId>,
    Body(edit): Body<Edit>,
) -> Result<Response, ApiError> {
    let ask = Ask::Edit {
        message,
        content: edit.content,
    };
    let message = services
        .ask(&user.id, &thread, &edit.client_request_id, ask)
        .await?;
    asked(&services, &user.id, &thread, &message).await
}

async fn stop(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Ids(thread, message): Ids<ThreadId, MessageId>,
) -> Result<StatusCode, ApiError> {
    services.stop(&user.id, &thread, &message).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn resume(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Ids(thread, message): Ids<ThreadId, MessageId>,
    Query(resume): Query<Resume>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if resume.view.as_deref() == Some("html") {
        let follower = services.follow(&user.id, &thread, &message, 0).await?;
        let language = language(&headers);
        return Ok(sse::rendered(
            services, user.id, thread, message, follower, language,
        ));
    }
    let after = resume_after(&headers, resume.after.as_deref());
    let follower = services.follow(&user.id, &thread, &message, after).await?;
    Ok(stream(&services, follower))
}

async fn asked(
    services: &Services,
    user: &UserId,
    thread: &ThreadId,
    message: &MessageId,
) -> Result<Response, ApiError> {
    let follower = services.follow_asked(user, thread, message).await?;
    Ok(stream(services, follower))
}

fn stream(services: &Services, follower: Reader) -> Response {
    sse::events(follower, services.engine().draining().clone())
}
