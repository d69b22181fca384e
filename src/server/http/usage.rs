//! `/api/usage`: what was used, and what is left.

use super::extract::CurrentUser;
use crate::server::error::ApiError;
use crate::server::services::Services;
use crate::server::state::AppState;
use crate::shared::free_pool::FreeUsage;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/usage/free", get(free))
}

async fn free(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
) -> Result<Json<FreeUsage>, ApiError> {
    Ok(Json(services.free_usage(&user.id).await?))
}
