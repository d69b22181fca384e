//! `/api/threads` and what is known of one.

use super::extract::{Body, CurrentUser, Id, Query, limit};
use crate::server::error::ApiError;
use crate::server::services::Services;
use crate::server::services::threads::{NewThread, ThreadChange};
use crate::server::state::AppState;
use crate::shared::chat::{ChatSettings, ThreadStatus};
use crate::shared::ids::{MessageId, ModelId, ProviderId, ThreadId};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct New {
    provider: ProviderId,
    model: Option<ModelId>,
    title: Option<String>,
    system_prompt: Option<String>,
    settings: Option<ChatSettings>,
    private: Option<bool>,
    pool_fallback: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Fork {
    message_id: Option<MessageId>,
    provider: Option<ProviderId>,
    model: Option<ModelId>,
}

/// Tells a given `null` from an absent field.
#[expect(
    clippy::option_option,
    reason = "absent, null and a value are three things"
)]
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    title: Option<String>,
    status: Option<ThreadStatus>,
    pinned: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    #[expect(
        clippy::option_option,
        reason = "absent, null and a value are three things"
    )]
    system_prompt: Option<Option<String>>,
    settings: Option<ChatSettings>,
    pool_fallback: Option<bool>,
}

#[derive(Deserialize)]
struct Listing {
    q: Option<String>,
    status: Option<ThreadStatus>,
    limit: Option<u32>,
    cursor: Option<String>,
}

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/threads", get(list).post(create))
        .route("/threads/{thread}", get(open).patch(change).delete(remove))
        .route("/threads/{thread}/fork", post(fork))
}

async fn create(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let new = NewThread {
        provider: new.provider,
        model: new.model,
        title: new.title,
        system_prompt: new.system_prompt,
        settings: new.settings.unwrap_or_default(),
        private: new.private.unwrap_or(false),
        pool_fallback: new.pool_fallback.unwrap_or(false),
    };
    let thread = services.create_thread(&user.id, new).await?;
    Ok((StatusCode::CREATED, Json(json!({ "thread": thread }))))
}

async fn list(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Query(listing): Query<Listing>,
) -> Result<Response, ApiError> {
    let search = listing.q.as_deref().map(str::trim);
    let status = listing.status.unwrap_or_default();
    let cursor = listing.cursor.as_deref();
    let limit = limit(listing.limit);
    if let Some(search) = search.filter(|search| !search.is_empty()) {
        let found = services.search(&user.id, status, search, cursor, limit);
        return Ok(Json(found.await?).into_response());
    }
    let page = services.threads(&user.id, status, cursor, limit);
    Ok(Json(page.await?).into_response())
}

async fn open(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Id(thread): Id<ThreadId>,
    Query(page): Query<Listing>,
) -> Result<Json<Value>, ApiError> {
    let (thread, messages, next) = services
        .messages(&user.id, &thread, page.cursor.as_deref(), limit(page.limit))
        .await?;
    Ok(Json(
        json!({ "thread": thread, "messages": messages, "nextCursor": next }),
    ))
}

async fn change(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Id(thread): Id<ThreadId>,
    Body(change): Body<Change>,
) -> Result<Json<Value>, ApiError> {
    let change = ThreadChange {
        title: change.title,
        status: change.status,
        pinned: change.pinned,
        system_prompt: change.system_prompt,
        settings: change.settings,
        pool_fallback: change.pool_fallback,
    };
    Ok(Json(
        json!({ "thread": services.change_thread(&user.id, &thread, change).await? }),
    ))
}

async fn remove(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Id(thread): Id<ThreadId>,
) -> Result<StatusCode, ApiError> {
    services.delete_thread(&user.id, &thread).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn fork(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Id(thread): Id<ThreadId>,
    Body(fork): Body<Fork>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let thread = services
        .fork_thread(
            &user.id,
            &thread,
            fork.message_id.as_ref(),
            fork.provider,
            fork.model,
        )
        .await?;
    Ok((StatusCode::CREATED, Json(json!({ "thread": thread }))))
}
