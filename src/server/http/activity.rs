//! `/api/activity`: what goes on, for pages that ask again and again.

use super::extract::{CurrentUser, Query};
use crate::server::error::ApiError;
use crate::server::services::Services;
use crate::server::state::AppState;
use crate::shared::activity::Activity;
use crate::shared::ids::ThreadId;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;

#[derive(Deserialize)]
struct Open {
    thread: Option<ThreadId>,
}

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/activity", get(activity))
}

async fn activity(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Query(open): Query<Open>,
) -> Result<Json<Activity>, ApiError> {
    Ok(Json(
        services.activity(&user.id, open.thread.as_ref()).await?,
    ))
}
