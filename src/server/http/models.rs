//! `/api/providers/:provider/models` and `/api/models`

use super::extract::{CurrentUser, Id, Query};
use crate::server::error::ApiError;
use crate::server::services::{ServiceError, Services};
use crate::server::state::AppState;
use crate::shared::ids::{KeyId, ProviderId};
use crate::shared::model::{Capabilities, Model, ModelList};
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Which {
    #[serde(default)]
    refresh: bool,
    key_id: Option<KeyId>,
}

#[derive(Deserialize)]
struct Search {
    provider: Option<ProviderId>,
    q: Option<String>,
    capability: Option<String>,
}

#[derive(Serialize)]
struct Found {
    #[serde(flatten)]
    model: Model,
    accessible: bool,
}

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/models", get(discover))
        .route("/providers/{provider}/models", get(list))
        .route("/providers/{provider}/models/refresh", post(refresh))
}

async fn list(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Id(provider): Id<ProviderId>,
    Query(which): Query<Which>,
) -> Result<Json<ModelList>, ApiError> {
    Ok(Json(
        services
            .models(&user.id, &provider, which.key_id.as_ref(), which.refresh)
            .await?,
    ))
}

async fn refresh(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Id(provider): Id<ProviderId>,
    Query(which): Query<Which>,
) -> Result<Json<ModelList>, ApiError> {
    Ok(Json(
        services
            .models(&user.id, &provider, which.key_id.as_ref(), true)
            .await?,
    ))
}

async fn discover(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Query(search): Query<Search>,
) -> Result<Json<Value>, ApiError> {
    let can: fn(&Capabilities) -> bool = match search.capability.as_deref() {
        None | Some("") => |_| true,
        Some("streaming") => |can| can.streaming,
        Some("vision") => |can| can.vision,
        Some("tools") => |can| can.tools,
        Some("jsonMode") => |can| can.json_mode,
        Some("reasoning") => |can| can.reasoning,
        Some(_) => {
            return Err(ServiceError::field(
                "capability",
                "Use streaming, vision, tools, jsonMode or reasoning.",
            )
            .into());
        }
    };
    let wanted = search.q.unwrap_or_default().trim().to_lowercase();
    let found = services
        .discover(&user.id, search.provider.as_ref())
        .await?;
    let models: Vec<Found> = found
        .into_iter()
        .filter(|(model, _)| can(&model.capabilities))
        .filter(|(model, _)| {
            model.id.as_str().to_lowercase().contains(&wanted)
                || model.display_name.to_lowercase().contains(&wanted)
        })
        .map(|(model, accessible)| Found { model, accessible })
        .collect();
    Ok(Json(json!({ "models": models })))
}
