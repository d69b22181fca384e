//! The list of the model picker as HTML. The page has none: what is listed depends on what is typed.

mod fit;
mod lines;
#[cfg(test)]
mod tests;

use self::lines::{Line, Row, shelf};
use super::markup::Html;
use crate::server::catalog;
use crate::shared::format::facts;
use crate::shared::model::{Choice, Model, PickerProvider};
use crate::shared::time::{Age, Timestamp};
use crate::shared::words::{Language, Picker, Words};
use crate::ui::parts::icon;

pub use self::lines::Top;

/// The list for what is typed, at this moment; `choice` is marked in it.
#[must_use]
pub fn list(
    language: Language,
    now: Timestamp,
    providers: &[PickerProvider],
    top: &Top,
    search: &str,
    choice: Option<&Choice>,
) -> String {
    let words = language.words();
    let mut html = Html::default();
    let lines = lines::all(&words.picker, providers, top, search, choice, now);
    if lines.is_empty() {
        html.raw(r#"<p class="muted picker-more">"#)
            .text(words.picker.nothing_found)
            .raw("</p>");
    }
    let sections = lines.chunk_by(|_, next| !matches!(next, Line::Group(_) | Line::Provider(_)));
    for section in sections {
        match section {
            [Line::Group(name), models @ ..] => {
                html.raw(r#"<section class="picker-top"><div class="picker-head-line" role="presentation"><span class="strong">"#)
                    .text(name)
                    .raw("</span></div>");
                rows(&mut html, words, now, name, models, choice);
                html.raw("</section>");
            }
            [Line::Provider(provider), models @ ..] => {
                html.raw("<section>");
                heading(&mut html, language, now, provider, !models.is_empty());
                if !models.is_empty() {
                    let name = &provider.provider.name;
                    rows(&mut html, words, now, name, models, choice);
                }
                html.raw("</section>");
            }
            _ => {}
        }
    }
    html.0
}

/// A provider's heading: how fresh its list is, or how to get one. What is hidden in it is shown when the provider was asked
/// and refused.
fn heading(
    html: &mut Html,
    language: Language,
    now: Timestamp,
    provider: &PickerProvider,
    has_rows: bool,
) {
    let words = language.words();
    let said = &words.picker;
    let (id, name) = (provider.provider.id.as_str(), &provider.provider.name);
    let usable = provider.is_usable();
    let note = match (&provider.list, &provider.error) {
        // Without rows the way to a key says it all.
        _ if !usable && !has_rows && provider.provider.keys == 0 => None,
        (_, Some(error)) => Some(error.message.as_str()),
        (Some(list), None) if list.stale => {
            Some(list.warning.as_deref().unwrap_or(said.not_renewed))
        }
        _ => None,
    };
    html.raw(r#"<div class="picker-head-line"#)
        .raw(if usable { "" } else { " disabled" })
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
        .raw(if note.is_some() && usable {
            ">"
        } else {
            " hidden>"
        });
    drawing(html, "warn");
    html.text(said.stale).raw("</span>");
    if usable {
        html.raw(
            r#"<button type="button" class="icon-button" data-do="refresh-models" aria-label=""#,
        )
        .text(&(said.refresh_of)(name))
        .raw(r#"" title=""#)
        .text(said.refresh)
        .raw(r#"">"#);
        drawing(html, "retry");
        html.raw("</button>");
    } else {
        html.raw(r#"<a class="button small" href="/providers#"#)
            .text(id)
            .raw(r#"">"#)
            .text(if provider.provider.keys == 0 {
                said.add_key
            } else {
                words.errors.fix_key
            })
            .raw(r#"<span class="visually-hidden">"#)
            .text(&(language.printed().models.for_provider)(name))
            .raw("</span></a>");
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
fn rows(
    html: &mut Html,
    words: &Words,
    now: Timestamp,
    name: &str,
    lines: &[Line<'_>],
    choice: Option<&Choice>,
) {
    let said = &words.picker;
    html.raw(r#"<div role="grid" aria-label=""#)
        .text(name)
        .raw(r#"">"#);
    for line in lines {
        match line {
            Line::Model(model) => row(html, words, now, *model, choice),
            Line::Locked(model) => {
                html.raw(r#"<div class="model" role="row" aria-disabled="true">"#);
                what(html, words, now, model, None, false);
                html.raw("</div>");
            }
            Line::Shelf(category) => {
                html.raw(r#"<p class="shelf" role="presentation">"#)
                    .text(shelf(said, *category))
                    .raw("</p>");
            }
            Line::More(hidden) => {
                html.raw(r#"<p class="muted small picker-more" role="presentation">"#)
                    .text(&(said.more)(*hidden))
                    .raw("</p>");
            }
            Line::Group(_) | Line::Provider(_) => {}
        }
    }
    html.raw("</div>");
}

fn row(html: &mut Html, words: &Words, now: Timestamp, row: Row<'_>, choice: Option<&Choice>) {
    let own = row.model.choice();
    let current = choice == Some(&own);
    html.raw(if current {
        r#"<div class="model current" role="row" aria-selected="false" id="model-"#
    } else {
        r#"<div class="model" role="row" aria-selected="false" id="model-"#
    })
    .text(&row.index.to_string())
    .raw(r#"" data-choice=""#)
    .text(&own.to_string())
    .raw(r#"">"#);
    what(html, words, now, row.model, row.of, current);
    star(html, &words.picker, row.favourite);
    html.raw("</div>");
}

/// What is said of a model, `of` its provider where no heading names it.
fn what(
    html: &mut Html,
    words: &Words,
    now: Timestamp,
    model: &Model,
    of: Option<&str>,
    current: bool,
) {
    let said = &words.picker;
    let can = model.capabilities;
    html.raw(
        r#"<div class="model-what" role="gridcell"><div class="model-name"><span class="strong">"#,
    )
    .text(&model.display_name)
    .raw("</span>");
    if current {
        drawing(html, "check");
    }
    for (is, class, name) in [
        (model.is_free(), "badge on", said.free),
        (catalog::is_new(model, now), "badge", said.new),
        (can.vision, "tag", said.can_see),
        (can.tools, "tag", said.can_call),
        (can.reasoning, "tag", said.can_reason),
    ] {
        if is {
            html.raw(r#"<span class=""#)
                .raw(class)
                .raw(r#"">"#)
                .text(name)
                .raw("</span>");
        }
    }
    if let Some(day) = &model.deprecated_at {
        html.raw(r#"<span class="tag warn">"#)
            .text(&(said.ends)(day))
            .raw("</span>");
    }
    html.raw(r#"</div><div class="model-facts small muted">"#);
    if let Some(of) = of {
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
        .text(&facts(model.context_window, model.pricing, said))
        .raw("</span></div></div>");
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
