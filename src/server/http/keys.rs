//! `/api/providers` and the keys below it.

use super::extract::{Body, CurrentUser, Id, Ids, Query, session_token};
use crate::server::crypto::secret::Secret;
use crate::server::error::{ApiError, to_app_error};
use crate::server::services::keys::KeyChange;
use crate::server::services::{ServiceError, Services};
use crate::server::state::AppState;
use crate::shared::ids::{KeyId, ProviderId};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;

#[derive(Deserialize)]
struct NewKey {
    key: Option<String>,
    credentials: Option<HashMap<String, String>>,
    label: Option<String>,
}

impl NewKey {
    fn fields(&mut self) -> Result<HashMap<String, String>, ServiceError> {
        match (self.key.take(), self.credentials.take()) {
            (Some(key), None) => Ok(HashMap::from([("key".to_owned(), key)])),
            (None, Some(credentials)) => Ok(credentials),
            (None, None) => Err(ServiceError::field("key", "Paste the key.")),
            (Some(_), Some(_)) => Err(ServiceError::field(
                "credentials",
                "Send key or credentials, not both.",
            )),
        }
    }
}

#[derive(Deserialize)]
struct Change {
    label: Option<String>,
    active: Option<bool>,
    position: Option<u32>,
}

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/providers", get(providers))
        .route("/providers/{provider}/connect", get(connect))
        .route("/providers/{provider}/callback", get(callback))
        .route("/providers/{provider}/keys", get(list).post(add))
        .route(
            "/providers/{provider}/keys/{key}",
            put(replace).patch(change).delete(remove),
        )
        .route("/providers/{provider}/keys/{key}/validate", post(validate))
}

async fn providers(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(
        json!({ "providers": services.providers(&user.id).await? }),
    ))
}

/// Sends a person to a provider that gives out keys by itself.
async fn connect(
    State(state): State<AppState>,
    CurrentUser(_): CurrentUser,
    headers: HeaderMap,
    Id(provider): Id<ProviderId>,
) -> Result<Response, ApiError> {
    let session = session(&state, &headers)?;
    let page = state.services.leave_to_connect(&session, &provider).await?;
    Ok((StatusCode::FOUND, [(header::LOCATION, page.to_string())]).into_response())
}

#[derive(Deserialize)]
struct Back {
    code: Option<String>,
    state: Option<String>,
}

/// Where the provider sends them back to. What came of it is one word in the address of the page of keys.
async fn callback(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    headers: HeaderMap,
    Id(provider): Id<ProviderId>,
    Query(back): Query<Back>,
) -> Result<Redirect, ApiError> {
    let session = session(&state, &headers)?;
    let word = match (back.code, back.state) {
        (Some(code), Some(told)) => {
            let services = &state.services;
            let key = services
                .come_back_connected(&user.id, &session, &provider, &code, &told)
                .await;
            match key {
                Ok(_) => "done",
                Err(ServiceError::NotConnected) => "stale",
                Err(error @ ServiceError::NotFound) => return Err(error.into()),
                Err(error) => to_app_error(error).code.as_str(),
            }
        }
        _ => "denied",
    };
    let page = format!("/providers?connect={word}&at={provider}#{provider}");
    Ok(Redirect::to(&page))
}

/// The token of the session that [`CurrentUser`] found.
fn session(state: &AppState, headers: &HeaderMap) -> Result<Secret, ServiceError> {
    let token = session_token(headers, state.config.secure());
    token.map(Secret::new).ok_or(ServiceError::Unauthenticated)
}

async fn list(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Id(provider): Id<ProviderId>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(
        json!({ "keys": services.keys(&user.id, Some(&provider)).await? }),
    ))
}

async fn add(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Id(provider): Id<ProviderId>,
    Body(mut new): Body<NewKey>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let key = services
        .add_key(&user.id, &provider, new.fields()?, new.label.as_deref())
        .await?;
    Ok((StatusCode::CREATED, Json(json!({ "key": key }))))
}

async fn replace(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Ids(provider, key): Ids<ProviderId, KeyId>,
    Body(mut new): Body<NewKey>,
) -> Result<Json<Value>, ApiError> {
    let key = services
        .replace_key(
            &user.id,
            &provider,
            &key,
            new.fields()?,
            new.label.as_deref(),
        )
        .await?;
    Ok(Json(json!({ "key": key })))
}

async fn validate(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Ids(provider, key): Ids<ProviderId, KeyId>,
) -> Result<Json<Value>, ApiError> {
    let (key, error) = services.validate_key(&user.id, &provider, &key).await?;
    Ok(Json(
        json!({ "key": key, "valid": error.is_none(), "error": error }),
    ))
}

async fn change(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Ids(provider, key): Ids<ProviderId, KeyId>,
    Body(change): Body<Change>,
) -> Result<Json<Value>, ApiError> {
    let change = KeyChange {
        label: change.label,
        active: change.active,
        position: change.position.map(|at| at as usize),
    };
    Ok(Json(
        json!({ "key": services.change_key(&user.id, &provider, &key, change).await? }),
    ))
}

async fn remove(
    State(services): State<Services>,
    CurrentUser(user): CurrentUser,
    Ids(provider, key): Ids<ProviderId, KeyId>,
) -> Result<StatusCode, ApiError> {
    services.remove_key(&user.id, &provider, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}
