//! `/otherwise`: where the buttons lead without script that let a question be said in other words, or another model answer.

use super::extract::{CurrentUser, language, preferences};
use crate::server::assets::site_files;
use crate::server::error::{ApiError, of_address};
use crate::server::render::otherwise::{self, Listed};
use crate::server::render::plain;
use crate::server::services::{Result, ServiceError, Services};
use crate::server::state::AppState;
use crate::shared::chat::Message;

use crate::shared::ids::{MessageId, ThreadId, UserId};
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use http::HeaderMap;
use serde::Deserialize;

#[derive(Deserialize)]
struct Asked {
    thread: ThreadId,
    message: MessageId,
    /// Why a form of this page was refused, as leptos writes it into the address.
    #[serde(rename = "__err")]
    refused: Option<String>,
}

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/otherwise", get(page))
}

async fn page(
    State(services): State<Services>,
    user: std::result::Result<CurrentUser, ApiError>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    // The chat's own page says what is wrong, or lets somebody sign in.
    let away = || Redirect::to(&format!("/chat/{}", asked.thread)).into_response();
    let Ok(CurrentUser(user)) = user else {
        return away();
    };
    let Ok((message, lists)) = known(&services, &user.id, &asked).await else {
        return away();
    };
    let (language, chosen) = (language(&headers), preferences(&headers));
    let (css, request) = (site_files().css, services.env().uuid());
    let title = otherwise::title(&message, language);
    let page = plain::page(language, chosen, &css, title, |html| {
        if let Some(refused) = &asked.refused {
            let error = of_address(refused);
            html.raw(r#"<p class="error-card" role="alert">"#)
                .text(&error.message)
                .raw("</p>");
        }
        otherwise::forms(html, &message, language, &request, &lists);
    });
    Html(page).into_response()
}

async fn known(
    services: &Services,
    user: &UserId,
    asked: &Asked,
) -> Result<(Message, Vec<Listed>)> {
    let message = services
        .message(user, &asked.thread, &asked.message)
        .await?;
    let mut lists = Vec::new();
    for provider in services.providers(user).await? {
        match services.kept_models(user, &provider.id).await {
            Ok(list) => lists.extend(list.map(|list| (provider, list))),
            Err(ServiceError::NoKey { .. } | ServiceError::KeyUnreadable { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok((message.message, lists))
}
