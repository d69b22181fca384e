//! `/offline`: what the worker of the site (`public/sw.js`) keeps and shows without a network, with its list of chats put in.

use super::extract::{language, preferences};
use crate::server::assets::site_files;
use crate::server::render::markup;
use crate::server::state::AppState;
use crate::shared::account::Theme;
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
    let (code, dir, css) = (language.code(), language.dir(), site_files().css);
    let theme = preferences(&headers).theme;
    let mut html = markup::Html::default();
    html.raw(&format!(
        r#"<!DOCTYPE html><html lang="{code}" dir="{dir}""#
    ));
    if theme != Theme::System {
        html.raw(&format!(r#" data-theme="{}""#, theme.as_str()));
    }
    html.raw(r#"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">"#)
        .raw(r#"<meta name="color-scheme" content="light dark"><title>"#)
        .text(words.title)
        .raw(&format!(r#" · KeyLM</title><link rel="stylesheet" href="{css}">"#))
        .raw(r#"<link rel="icon" type="image/svg+xml" href="/favicon.svg"></head><body><main class="door"><div class="card"><h1>"#)
        .text(words.title)
        .raw(r#"</h1><p class="muted">"#)
        .text(words.about)
        .raw("</p><h2>")
        .text(words.chats)
        .raw(r#"</h2><ul class="kept-chats"><!-- chats --></ul><p>"#)
        .text(words.none)
        .raw("</p></div></main></body></html>");
    Html(html.0)
}
