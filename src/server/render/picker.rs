//! The list of the model picker as HTML. The page has none: what is listed depends on what is typed.

mod lines;
#[cfg(test)]
mod tests;

use self::lines::{Line, Row, shelf};
use super::markup::Html;
use crate::shared::format::facts;
use crate::shared::model::{Choice, PickerProvider};
use crate::shared::time::{Age, Timestamp};
use crate::shared::words::{Picker, Words};
use crate::ui::parts::icon;

pub use self::lines::Top;

/// The list for what is typed, at this moment; `choice` is marked in it.
#[must_use]
pub fn list(
    words: &Words,
    now: Timestamp,
    providers: &[PickerProvider],
    top: &Top,
    search: &str,
    choice: Option<&Choice>,
) -> String {
    let mut html = Html::default();
    let lines = lines::all(&words.picker, providers, top, search, choice);
    if lines.is_empty() {
        html.raw(r#"<p class="muted picker-more">"#)
            .text(words.picker.nothing_found)
            .raw("</p>");
    }
    let sections = lines.chunk_by(|_, next| matches!(next, Line::Model(_) | Line::Shelf(_)));
    for section in sections {
        match section {
            [Line::Group(name), models @ ..] => {
                html.raw(r#"<section class="picker-top"><div class="picker-head-line" role="presentation"><span class="strong">"#)
                    .text(name)
                    .raw("</span></div>");
                rows(&mut html, &words.picker, name, models, choice);
                html.raw("</section>");
            }
            [Line::Provider(provider), models @ ..] => {
                html.raw("<section>");
                heading(&mut html, words, now, provider);
                if !models.is_empty() {
                    let name = &provider.provider.name;
                    rows(&mut html, &words.picker, name, models, choice);
                }
                html.raw("</section>");
            }
            [Line::More(hidden)] => {
                html.raw(r#"<p class="muted small picker-more">"#)
                    .text(&(words.picker.more)(*hidden))
                    .raw("</p>");
            }
            _ => {}
        }
    }
    html.0
}

/// A provider's heading: how fresh its list is, or how to get one. What is hidden in it is shown when the provider was asked
/// and refused.
fn heading(html: &mut Html, words: &Words, now: Timestamp, provider: &PickerProvider) {
    let said = &words.picker;
    let (id, name) = (provider.provider.id.as_str(), &provider.provider.name);
    let without = provider.provider.keys == 0 && provider.list.is_none();
    let note = match (&provider.list, &provider.error) {
        (_, Some(error)) => Some(error.message.as_str()),
        (Some(list), None) if list.stale => {
            Some(list.warning.as_deref().unwrap_or(said.not_renewed))
        }
        _ => None,
    };
    html.raw(r#"<div class="picker-head-line"#)
        .raw(if without { " disabled" } else { "" })
        .raw(r#"" role="presentation" data-provider=""#)
        .text(id)
        .raw(if provider.is_due(now) {
            r#"" data-due><span class="strong">"#
        } else {
            r#""><span class="strong">"#
        })
        .text(name)
        .raw("</span>");
    if let Some(list) = &provider.list {
        listed(html, words, now, list.fetched_at);
    }
    html.raw(r#"<span class="badge warn""#)
        .raw(if note.is_some() { ">" } else { " hidden>" });
    drawing(html, "warn");
    html.text(said.stale).raw("</span>");
    if without {
        html.raw(r#"<a class="button small" href="/providers#"#)
            .text(id)
            .raw(r#"">"#)
            .text(said.add_key)
            .raw("</a>");
    } else {
        html.raw(
            r#"<button type="button" class="icon-button" data-do="refresh-models" aria-label=""#,
        )
        .text(&(said.refresh_of)(name))
        .raw(r#"" title=""#)
        .text(said.refresh)
        .raw(r#"">"#);
        drawing(html, "retry");
        html.raw("</button>");
    }
    html.raw("</div>");
    if let Some(health) = &provider.health {
        html.raw(if health.poor {
            r#"<p class="health small poor" title=""#
        } else {
            r#"<p class="health small" title=""#
        })
        .text(&health.about)
        .raw(r#"">"#)
        .text(&health.text)
        .raw(r#"<span class="visually-hidden">. "#)
        .text(&health.about)
        .raw("</span></p>");
    }
    let note = note.or(provider.note.as_deref());
    html.raw(r#"<p class="picker-note small""#)
        .raw(if note.is_some() { ">" } else { " hidden>" })
        .text(note.unwrap_or_default())
        .raw("</p>");
}

/// How old the list is, as a time that the page says again while time goes on.
fn listed(html: &mut Html, words: &Words, now: Timestamp, at: Timestamp) {
    const HERE: &str = "\u{0}";
    let sentence = (words.picker.listed)(HERE);
    let (before, after) = sentence.split_once(HERE).unwrap_or_default();
    html.raw(r#"<span class="muted small">"#)
        .text(before)
        .raw(r#"<time data-ago=""#)
        .text(&at.0.to_string())
        .raw(r#"">"#)
        .text(&(words.frame.ago)(Age::of(at, now)))
        .raw("</time>")
        .text(after)
        .raw("</span>");
}

/// The rows of a section. They are a grid, because an option of a listbox may have no button in it.
fn rows(html: &mut Html, said: &Picker, name: &str, lines: &[Line<'_>], choice: Option<&Choice>) {
    html.raw(r#"<div role="grid" aria-label=""#)
        .text(name)
        .raw(r#"">"#);
    for line in lines {
        match line {
            Line::Model(model) => row(html, said, *model, choice),
            Line::Shelf(category) => {
                html.raw(r#"<p class="shelf" role="presentation">"#)
                    .text(shelf(said, *category))
                    .raw("</p>");
            }
            Line::Group(_) | Line::Provider(_) | Line::More(_) => {}
        }
    }
    html.raw("</div>");
}

fn row(html: &mut Html, said: &Picker, row: Row<'_>, choice: Option<&Choice>) {
    let model = row.model;
    let own = model.choice();
    let current = choice == Some(&own);
    let can = model.capabilities;
    html.raw(if current {
        r#"<div class="model current" role="row" aria-selected="false" id="model-"#
    } else {
        r#"<div class="model" role="row" aria-selected="false" id="model-"#
    })
    .text(&row.index.to_string())
    .raw(r#"" data-choice=""#)
    .text(&own.to_string())
    .raw(r#""><div class="model-what" role="gridcell"><div class="model-name"><span class="strong">"#)
    .text(&model.display_name)
    .raw("</span>");
    if current {
        drawing(html, "check");
    }
    for (can, name) in [
        (can.vision, said.can_see),
        (can.tools, said.can_call),
        (can.reasoning, said.can_reason),
    ] {
        if can {
            html.raw(r#"<span class="tag">"#).text(name).raw("</span>");
        }
    }
    if let Some(day) = &model.deprecated_at {
        html.raw(r#"<span class="tag warn">"#)
            .text(&(said.ends)(day))
            .raw("</span>");
    }
    html.raw(r#"</div><div class="model-facts small muted">"#);
    if let Some(of) = row.of {
        html.raw(r#"<span class="model-of">"#)
            .text(of)
            .raw("</span>");
    }
    html.raw(r#"<span class="mono">"#);
    if model.id.as_str() != model.display_name {
        html.text(model.id.as_str());
    }
    html.raw(r#"</span><span dir="auto" title=""#)
        .text(said.facts)
        .raw(r#"">"#)
        .text(&facts(model.context_window, model.pricing, said.free))
        .raw("</span></div></div>");
    star(html, said, row.favourite);
    html.raw("</div>");
}

/// The button that marks a model. Only that of the row that Enter takes can be reached by the Tab key.
fn star(html: &mut Html, said: &Picker, on: bool) {
    html.raw(r#"<div role="gridcell"><button type="button" class="icon-button star" tabindex="-1" aria-pressed=""#)
        .raw(if on { "true" } else { "false" })
        .raw(r#"" aria-label=""#)
        .text(said.favourite)
        .raw(r#"" title=""#)
        .text(said.favourite)
        .raw(r#"">"#);
    drawing(html, "star");
    html.raw("</button></div>");
}

fn drawing(html: &mut Html, name: &str) {
    html.raw(r#"<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=""#)
        .raw(icon::path(name))
        .raw(r#""></path></svg>"#);
}
