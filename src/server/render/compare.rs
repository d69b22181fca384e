//! The form of a comparison. Works without script: the models are typed or taken from a list that the browser shows.

use super::markup::Html;
use crate::shared::model::PickerProvider;
use crate::shared::words::Language;

/// How many models there is room for.
const MOST: usize = 4;

/// The form. It posts to `action`; `request` names what it sends.
#[must_use]
pub fn form(language: Language, shelves: &[PickerProvider], action: &str, request: &str) -> String {
    let said = &language.printed().compare;
    let mut html = Html::default();
    html.raw(r#"<form class="card compare-form" method="post" action=""#)
        .raw(action)
        .raw(r#""><input type="hidden" name="client_request_id" value=""#)
        .text(request)
        .raw(r#""><div class="field"><label for="compare-text">"#)
        .text(said.question)
        .raw(r#"</label><textarea id="compare-text" name="content" rows="5" required dir="auto"></textarea></div><fieldset class="compare-models"><legend>"#)
        .text(said.models)
        .raw("</legend>");
    for nth in 0..MOST {
        html.raw(&format!(
            r#"<div class="field"><input name="models[{nth}]" list="compare-list" autocomplete="off" spellcheck="false" class="mono" dir="ltr" aria-label=""#
        ))
        .text(&(said.model)(nth + 1))
        .raw(r#"" placeholder=""#)
        .text(if nth < 2 { said.needed } else { said.optional })
        .raw(if nth < 2 { r#"" required></div>"# } else { r#""></div>"# });
    }
    html.raw(r#"<datalist id="compare-list">"#);
    for shelf in shelves {
        for model in shelf.list.iter().flat_map(|list| &list.models) {
            html.raw(r#"<option value=""#)
                .text(shelf.provider.id.as_str())
                .raw("/")
                .text(model.id.as_str())
                .raw(r#"">"#)
                .text(&model.display_name)
                .raw("</option>");
        }
    }
    html.raw(r#"</datalist></fieldset><p class="muted small">"#)
        .text(said.note)
        .raw(r#"</p><button type="submit" class="button primary">"#)
        .text(said.ask)
        .raw("</button></form>");
    html.0
}
