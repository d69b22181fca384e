//! `/api/providers/:provider/models` and `/api/models`

use super::extract::{CurrentUser, Id, Query};
use crate::server::catalog::discovery::{Ability, Access};
use crate::server::error::ApiError;
use crate::server::services::{ServiceError, Services};
use crate::server::state::AppState;
use crate::shared::ids::{KeyId, ProviderId};
use crate::shared::model::{Model, ModelList};
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
struct Found<'a> {
    #[serde(flatten)]
    model: &'a Model,
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
    let ability = match search.capability.as_deref() {
        None | Some("") => None,
        Some(word) => Some(Ability::parse(word).ok_or_else(|| {
            ServiceError::field(
                "capability",
                "Use streaming, vision, tools, jsonMode or reasoning.",
            )
        })?),
    };
    let wanted = search.q.unwrap_or_default().trim().to_lowercase();
    let discovery = services.discover(&user.id).await?;
    let models: Vec<Found<'_>> = discovery
        .rows()
        .into_iter()
        .filter(|row| ability.is_none_or(|ability| ability.is_in(row.model.capabilities)))
        .filter(|row| {
            let mut provider = search.provider.iter();
            provider.all(|provider| *provider == row.model.provider)
        })
        .filter(|row| {
            row.model.id.as_str().to_lowercase().contains(&wanted)
                || row.model.display_name.to_lowercase().contains(&wanted)
        })
        .map(|row| Found {
            model: row.model,
            accessible: row.access == Access::Usable,
        })
        .collect();
    Ok(Json(json!({ "models": models })))
}
