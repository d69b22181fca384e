//! `/api/auth/*`

use super::extract::{Body, CurrentUser, session_cookie, session_token};
use super::middleware::client_ip::ClientIp;
use crate::server::crypto::secret::Secret;
use crate::server::error::ApiError;
use crate::server::services::Services;
use crate::server::services::accounts::SignedIn;
use crate::server::state::AppState;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Removal {
    password: String,
}

#[derive(Deserialize)]
struct Login {
    email: String,
    password: String,
}

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/auth/register", post(register))
        .route("/auth/login", post(login))
        .route("/auth/logout", post(logout))
        .route("/auth/me", get(me).delete(remove))
}

fn signed_in(state: &AppState, status: StatusCode, come: &SignedIn) -> Response {
    let cookie = session_cookie(come.token.expose(), state.config.secure());
    (
        status,
        [(header::SET_COOKIE, cookie)],
        Json(json!({ "user": come.user })),
    )
        .into_response()
}

async fn register(
    State(state): State<AppState>,
    Extension(ip): Extension<ClientIp>,
    Body(form): Body<Login>,
) -> Result<Response, ApiError> {
    let come = state
        .services
        .register(&form.email, Secret::new(form.password), ip.0)
        .await?;
    Ok(signed_in(&state, StatusCode::CREATED, &come))
}

async fn login(
    State(state): State<AppState>,
    Extension(ip): Extension<ClientIp>,
    headers: HeaderMap,
    Body(form): Body<Login>,
) -> Result<Response, ApiError> {
    let come = state
        .services
        .login(&form.email, Secret::new(form.password), ip.0)
        .await?;
    // A session that the browser brought along ends here: nobody can plant one and wait.
    if let Some(old) = session_token(&headers, state.config.secure()) {
        state.services.logout(&old).await?;
    }
    Ok(signed_in(&state, StatusCode::OK, &come))
}

async fn logout(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, ApiError> {
    if let Some(token) = session_token(&headers, state.config.secure()) {
        state.services.logout(&token).await?;
    }
    Ok((
        StatusCode::NO_CONTENT,
        [(
            header::SET_COOKIE,
            session_cookie("", state.config.secure()),
        )],
    )
        .into_response())
}

async fn me(State(_): State<Services>, CurrentUser(user): CurrentUser) -> Json<serde_json::Value> {
    Json(json!({ "user": user }))
}

async fn remove(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    Body(form): Body<Removal>,
) -> Result<Response, ApiError> {
    state
        .services
        .delete_account(&user.id, Secret::new(form.password))
        .await?;
    Ok((
        StatusCode::NO_CONTENT,
        [(
            header::SET_COOKIE,
            session_cookie("", state.config.secure()),
        )],
    )
        .into_response())
}
