//! The list of the model picker as HTML. The page has none: what is listed depends on what is typed.

use super::markup::Html;
use crate::shared::format::facts;
use crate::shared::model::{Category, Choice, Model, PickerProvider};
use crate::shared::time::{Age, Timestamp};
use crate::shared::words::{Picker, Words};
use crate::ui::parts::icon;

/// Rows at the most; a search narrows the rest.
const MOST: usize = 200;

/// What stands above the providers. Those that no list has are left out.
#[derive(Debug, Default)]
pub struct Top {
    /// The models that the person marked.
    pub favourites: Vec<Choice>,
    /// The models that they used last.
    pub recent: Vec<Choice>,
}

/// One line of the list.
#[derive(Clone, Copy)]
enum Line<'a> {
    Group(&'static str),
    Provider(&'a PickerProvider),
    Shelf(Option<Category>),
    Model(Row<'a>),
    More(usize),
}

/// A model in the list, where it may stand twice.
#[derive(Clone, Copy)]
struct Row<'a> {
    index: usize,
    model: &'a Model,
    favourite: bool,
    /// The name of its provider, where no heading says it.
    of: Option<&'a str>,
}

const fn shelf(words: &Picker, category: Option<Category>) -> &'static str {
    match category {
        Some(Category::Recommended) => words.recommended,
        Some(Category::Fast) => words.fast,
        Some(Category::Balanced) => words.balanced,
        Some(Category::Reasoning) => words.reasoning,
        None => words.others,
    }
}

/// How well a model fits the wanted words: 0 best; none if one of them does not occur.
fn rank(provider: &str, model: &Model, wanted: &str) -> Option<u8> {
    let name = model.display_name.to_ascii_lowercase();
    let id = model.id.as_str().to_ascii_lowercase();
    let all = format!("{} {name} {id}", provider.to_ascii_lowercase());
    if !wanted.split_whitespace().all(|word| all.contains(word)) {
        return None;
    }
    Some(if name.starts_with(wanted) || id.starts_with(wanted) {
        0
    } else if name.contains(wanted) || id.contains(wanted) {
        1
    } else {
        2
    })
}

/// The groups above the providers. What is picked already is no group by itself.
fn groups<'a>(
    said: &Picker,
    providers: &'a [PickerProvider],
    top: &Top,
    picked: Option<&Choice>,
) -> Vec<Line<'a>> {
    let find = |choice: &Choice| {
        let shelf = providers
            .iter()
            .find(|p| p.provider.id == choice.provider)?;
        let model = shelf.models().find(|model| model.id == choice.model)?;
        Some((shelf.provider.name.as_str(), model))
    };
    let favourites: Vec<_> = top.favourites.iter().filter_map(find).collect();
    let recent = top.recent.iter();
    let recent = recent.filter(|choice| !top.favourites.contains(choice));
    let mut recent: Vec<_> = recent.filter_map(find).collect();
    if let [(_, only)] = recent[..]
        && picked == Some(&only.choice())
    {
        recent.clear();
    }
    let mut lines = Vec::new();
    let mut index = 0;
    for (name, models, favourite) in [
        (said.favourites, favourites, true),
        (said.recent, recent, false),
    ] {
        if !models.is_empty() {
            lines.push(Line::Group(name));
        }
        for (of, model) in models {
            lines.push(Line::Model(Row {
                index,
                model,
                favourite,
                of: Some(of),
            }));
            index += 1;
        }
    }
    lines
}

/// The list for a search, behind the lines above it: providers with a key first, each with its shelves; found models best
/// first.
fn lines<'a>(
    mut lines: Vec<Line<'a>>,
    providers: &'a [PickerProvider],
    favourites: &[Choice],
    search: &str,
) -> Vec<Line<'a>> {
    let wanted = search.trim().to_ascii_lowercase();
    let above = lines.iter().filter(|line| matches!(line, Line::Model(_)));
    let (mut shown, mut hidden) = (above.count(), 0);
    let (own, other): (Vec<_>, Vec<_>) = providers
        .iter()
        .partition(|p| p.list.is_some() || p.provider.connected || p.provider.keys > 0);
    for provider in own {
        let ranked = provider.models().filter_map(|model| {
            let rank = rank(&provider.provider.name, model, &wanted)?;
            Some((rank, favourites.contains(&model.choice()), model))
        });
        let mut found: Vec<(u8, bool, &Model)> = ranked.collect();
        if found.is_empty() && !wanted.is_empty() {
            continue;
        }
        if wanted.is_empty() {
            found.sort_by_key(|(.., model)| model.category.map_or(9, |category| category as u8));
        } else {
            found.sort_by_key(|(rank, favourite, _)| (*rank, !favourite));
        }
        lines.push(Line::Provider(provider));
        let mut last = None;
        for (_, favourite, model) in found {
            if shown == MOST {
                hidden += 1;
                continue;
            }
            let category = model.category;
            if wanted.is_empty() && last.replace(category) != Some(category) {
                lines.push(Line::Shelf(category));
            }
            lines.push(Line::Model(Row {
                index: shown,
                model,
                favourite,
                of: None,
            }));
            shown += 1;
        }
    }
    if hidden > 0 {
        lines.push(Line::More(hidden));
    }
    let named = |p: &&PickerProvider| p.provider.name.to_ascii_lowercase().contains(&wanted);
    lines.extend(other.into_iter().filter(named).map(Line::Provider));
    lines
}

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
    let above = if search.trim().is_empty() {
        groups(&words.picker, providers, top, choice)
    } else {
        Vec::new()
    };
    let lines = lines(above, providers, &top.favourites, search);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::ids::KeyId;
    use crate::shared::model::{Capabilities, ModelList};
    use crate::shared::provider::ProviderView;
    use crate::shared::words::Language;

    fn provider(name: &str, models: Option<&[(&str, Option<Category>)]>) -> PickerProvider {
        let id = name.to_ascii_lowercase();
        let model = |(model, category): &(&str, Option<Category>)| Model {
            id: model.parse().expect("an id"),
            provider: id.parse().expect("an id"),
            display_name: (*model).to_owned(),
            capabilities: Capabilities::default(),
            context_window: None,
            max_output_tokens: None,
            pricing: None,
            category: *category,
            deprecated_at: None,
        };
        let key: KeyId = "k".parse().expect("an id");
        PickerProvider {
            provider: ProviderView {
                id: id.parse().expect("an id"),
                name: name.to_owned(),
                key_hint: String::new(),
                docs_url: String::new(),
                credential_fields: vec![],
                connected: models.is_some(),
                keys: u32::from(models.is_some()),
                connect: false,
            },
            list: models.map(|models| ModelList {
                models: models.iter().map(model).collect(),
                key_id: Some(key),
                fetched_at: Timestamp(0),
                expires_at: Timestamp(0),
                stale: false,
                warning: None,
            }),
            error: None,
            health: None,
            note: None,
        }
    }

    fn told(lines: &[Line<'_>]) -> Vec<String> {
        lines
            .iter()
            .map(|line| match line {
                Line::Group(name) => (*name).to_owned(),
                Line::Provider(provider) => provider.provider.name.to_uppercase(),
                Line::Shelf(category) => {
                    shelf(&Language::English.words().picker, *category).to_owned()
                }
                Line::Model(row) => {
                    let of = row.of.map_or_else(String::new, |of| format!(" of {of}"));
                    let star = if row.favourite { " *" } else { "" };
                    format!("{} {}{of}{star}", row.index, row.model.id)
                }
                Line::More(n) => format!("{n} more"),
            })
            .collect()
    }

    #[test]
    fn shelves_stand_in_their_order_and_providers_without_a_key_come_last() {
        let all = [
            provider("Ant", None),
            provider(
                "Open",
                Some(&[
                    ("nano", Some(Category::Fast)),
                    ("odd", None),
                    ("big", Some(Category::Recommended)),
                ]),
            ),
        ];
        let expected = [
            "OPEN",
            "Recommended",
            "0 big",
            "Fast",
            "1 nano",
            "All others",
            "2 odd",
            "ANT",
        ];
        assert_eq!(told(&lines(vec![], &all, &[], "")), expected);
    }

    #[test]
    fn a_search_puts_the_best_fit_first_and_hides_the_rest() {
        let all = [
            provider(
                "Open",
                Some(&[("gpt-mini", None), ("mini", None), ("big", None)]),
            ),
            provider("Ant", None),
        ];
        let found = |wanted, favourites: &[Choice]| told(&lines(vec![], &all, favourites, wanted));
        assert_eq!(found("Mini", &[]), ["OPEN", "0 mini", "1 gpt-mini"]);
        assert_eq!(found("ant", &[]), ["ANT"]);
        let marked = ["open/big".parse().expect("a choice")];
        let expected = ["OPEN", "0 big *", "1 gpt-mini", "2 mini"];
        assert_eq!(found("open", &marked), expected);
    }

    /// The list while nothing is typed.
    fn whole(
        all: &[PickerProvider],
        favourites: &[&str],
        recent: &[&str],
        picked: &str,
    ) -> Vec<String> {
        let choice = |name: &&str| name.parse().expect("a choice");
        let top = Top {
            favourites: favourites.iter().map(choice).collect(),
            recent: recent.iter().map(choice).collect(),
        };
        let said = &Language::English.words().picker;
        let above = groups(said, all, &top, Some(&choice(&picked)));
        told(&lines(above, all, &top.favourites, ""))
    }

    #[test]
    fn favourites_come_first_then_what_was_used_last_and_both_stay_with_their_providers() {
        let all = [provider("Open", Some(&[("mini", None), ("big", None)]))];
        let expected = [
            "Favourites",
            "0 big of Open *",
            "Recent",
            "1 mini of Open",
            "OPEN",
            "All others",
            "2 mini",
            "3 big *",
        ];
        let recent = ["open/big", "open/mini"];
        assert_eq!(whole(&all, &["open/big"], &recent, "open/big"), expected);
    }

    #[test]
    fn a_group_without_anything_to_take_is_left_out() {
        let all = [
            provider("Open", Some(&[("mini", None)])),
            provider("Ant", None),
        ];
        let plain = ["OPEN", "All others", "0 mini", "ANT"];
        let unknown = ["ant/opus", "open/gone"];
        assert_eq!(whole(&all, &unknown, &unknown, "open/mini"), plain);
        assert_eq!(whole(&all, &[], &["open/mini"], "open/mini"), plain);
    }

    #[test]
    fn the_list_is_made_of_escaped_text_and_says_which_model_is_picked() {
        let mut open = provider("Open", Some(&[("<b>", None), ("mini", None)]));
        open.note = Some("2 & 3".to_owned());
        let all = [open, provider("Ant", None)];
        let picked = "open/mini".parse().expect("a choice");
        for language in Language::ALL {
            let html = list(
                language.words(),
                Timestamp(60_000),
                &all,
                &Top::default(),
                "",
                Some(&picked),
            );
            assert!(html.contains(r#"data-choice="open/&lt;b&gt;""#), "{html}");
            assert!(
                !html.contains("<b>") && html.contains("2 &amp; 3"),
                "{html}"
            );
            assert_eq!(html.matches("model current").count(), 1, "{html}");
            assert!(html.contains(r#"<time data-ago="0">"#), "{html}");
            assert!(html.contains("href=\"/providers#ant\""), "{html}");
            assert_eq!(html.matches("data-due").count(), 1, "{html}");
        }
        let html = list(
            Language::English.words(),
            Timestamp(0),
            &all,
            &Top::default(),
            "none of them",
            None,
        );
        assert!(html.contains(Language::English.words().picker.nothing_found));
    }
}
