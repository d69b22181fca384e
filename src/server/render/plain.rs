//! A page without script: a card in the middle, for what is done there and left again.

use super::markup::Html;
use crate::shared::account::{Preferences, Theme};
use crate::shared::words::Language;

/// The page, with the style sheet at `css`; `body` writes what stands below its title.
pub(in crate::server) fn page(
    language: Language,
    preferences: Preferences,
    css: &str,
    title: &str,
    body: impl FnOnce(&mut Html),
) -> String {
    let (code, dir, theme) = (language.code(), language.dir(), preferences.theme);
    let mut html = Html::default();
    html.raw(&format!(
        r#"<!DOCTYPE html><html lang="{code}" dir="{dir}""#
    ));
    if theme != Theme::System {
        html.raw(&format!(r#" data-theme="{}""#, theme.as_str()));
    }
    html.raw(r#"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">"#)
        .raw(r#"<meta name="color-scheme" content="light dark"><title>"#)
        .text(title)
        .raw(&format!(r#" · KeyLM</title><link rel="stylesheet" href="{css}">"#))
        .raw(r#"<link rel="icon" type="image/svg+xml" href="/favicon.svg"></head><body><main class="door"><div class="card"><h1>"#)
        .text(title)
        .raw("</h1>");
    body(&mut html);
    html.raw("</div></main></body></html>");
    html.0
}
