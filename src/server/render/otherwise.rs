//! What can be done with a message where there is no script and a button is not enough: a question in other words, an answer
//! of another model.

use super::markup::Html;
use crate::shared::chat::{Message, Role};
use crate::shared::model::ModelList;
use crate::shared::provider::ProviderView;
use crate::shared::words::Language;

/// A provider with what the person's key lists there.
pub(in crate::server) type Listed = (ProviderView, ModelList);

/// What the page is called.
#[must_use]
pub(in crate::server) const fn title(message: &Message, language: Language) -> &'static str {
    match message.role {
        Role::User => language.words().chat.edit,
        Role::Assistant => language.printed().message.swap,
    }
}

/// The forms. `request` names what they send, `lists` are the models that the person can use.
pub(in crate::server) fn forms(
    html: &mut Html,
    message: &Message,
    language: Language,
    request: &str,
    lists: &[Listed],
) {
    let chat = &language.words().chat;
    let id = message.id.as_str();
    let thread = message.thread_id.as_str();
    match message.role {
        Role::User => {
            form(
                html,
                "messages/edit",
                &[
                    ("thread", thread),
                    ("message", id),
                    ("client_request_id", request),
                ],
            );
            // The first line end after the tag is none of the text.
            html.raw(r#"<div class="field"><textarea name="content" rows="8" required dir="auto" aria-label=""#)
                .text(chat.edit)
                .raw("\">\n")
                .text(&message.content)
                .raw("</textarea></div>");
            button(html, "primary", chat.send_again);
            html.raw(r#"<button type="submit" class="button" formaction="/fn/messages/reword">"#)
                .text(language.words().options.save)
                .raw("</button></form>");
        }
        Role::Assistant => {
            let own = message.provider.as_ref();
            let same = lists
                .iter()
                .filter(|(provider, _)| Some(&provider.id) == own);
            form(
                html,
                "messages/retry",
                &[
                    ("thread", thread),
                    ("message", id),
                    ("client_request_id", request),
                ],
            );
            models(html, language, "model", same, false);
            button(html, "primary", language.printed().message.again);
            html.raw("</form>");
            form(html, "threads/fork", &[("id", thread), ("message", id)]);
            models(html, language, "choice", lists.iter(), true);
            button(html, "", chat.continue_there);
            html.raw("</form>");
        }
    }
    html.raw(r#"<p><a href="/chat/"#)
        .text(thread)
        .raw("?at=")
        .text(id)
        .raw("#m-")
        .text(id)
        .raw("\">")
        .text(chat.cancel)
        .raw("</a></p>");
}

fn form(html: &mut Html, action: &str, fields: &[(&str, &str)]) {
    html.raw(r#"<form method="post" action="/fn/"#)
        .raw(action)
        .raw("\">");
    for (name, value) in fields {
        html.raw(r#"<input type="hidden" name=""#)
            .raw(name)
            .raw(r#"" value=""#)
            .text(value)
            .raw("\">");
    }
}

fn button(html: &mut Html, class: &str, name: &str) {
    html.raw(r#"<button type="submit" class="button "#)
        .raw(class)
        .raw("\">")
        .text(name)
        .raw("</button>");
}

/// The models of some providers; `whole` values name the provider, too.
fn models<'a>(
    html: &mut Html,
    language: Language,
    field: &str,
    lists: impl Iterator<Item = &'a Listed>,
    whole: bool,
) {
    html.raw(r#"<label class="field">"#)
        .text(language.words().begin.model)
        .raw(r#" <select name=""#)
        .raw(field)
        .raw("\">");
    for (provider, list) in lists {
        html.raw(r#"<optgroup label=""#)
            .text(&provider.name)
            .raw("\">");
        for model in &list.models {
            html.raw(r#"<option value=""#);
            if whole {
                html.text(provider.id.as_str()).raw("/");
            }
            html.text(model.id.as_str())
                .raw("\">")
                .text(&model.display_name)
                .raw("</option>");
        }
        html.raw("</optgroup>");
    }
    html.raw("</select></label>");
}
