//! `/offline`: what the worker of the site (`public/sw.js`) keeps and shows without a network, with its list of chats put in.

use super::extract::{language, preferences};
use crate::server::assets::site_files;
use crate::server::render::plain;
use crate::server::state::AppState;
use axum::Router;
use axum::response::Html;
use axum::routing::get;
use http::HeaderMap;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/offline", get(page))
}

async fn page(headers: HeaderMap) -> Html<String> {
    let language = language(&headers);
    let words = &language.printed().offline;
    let (chosen, css) = (preferences(&headers), site_files().css);
    Html(plain::page(language, chosen, &css, words.title, |html| {
        html.raw(r#"<p class="muted">"#)
            .text(words.about)
            .raw("</p><h2>")
            .text(words.chats)
            .raw(r#"</h2><ul class="kept-chats"><!-- chats --></ul><p>"#)
            .text(words.none)
            .raw("</p>");
    }))
}
