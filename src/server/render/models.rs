//! The list of all models as HTML: a form, a table of one page, and the ways to the others. Works without script.

use super::markup::Html;
use crate::server::catalog::discovery::{Ability, Access, PAGE, Row, Sort, Wanted};
use crate::shared::format::{count, price};
use crate::shared::model::Choice;
use crate::shared::words::Language;
use crate::shared::words::printed::Models;
use url::form_urlencoded::byte_serialize;

/// The list. `rows` are all that fit, in order; `providers` are those that can be asked for, by id and name.
#[must_use]
pub fn list<'a>(
    language: Language,
    wanted: &Wanted,
    rows: &[Row<'_>],
    providers: impl Iterator<Item = (&'a str, &'static str)>,
) -> String {
    let mut html = Html::default();
    let said = &language.printed().models;
    form(&mut html, said, wanted, providers);
    let pages = rows.len().div_ceil(PAGE).max(1);
    let page = wanted.page.min(pages - 1);
    let shown = rows.chunks(PAGE).nth(page).unwrap_or_default();
    html.raw(r#"<p class="muted small" role="status">"#)
        .text(&match rows.len() {
            0 => said.none.to_owned(),
            n if pages == 1 => (said.count)(n),
            n => (said.part)(n, page * PAGE + 1, page * PAGE + shown.len()),
        })
        .raw("</p>");
    if !shown.is_empty() {
        table(&mut html, language, wanted, shown);
    }
    if pages > 1 {
        pager(&mut html, said, wanted, page, pages);
    }
    html.0
}

/// The windows that people ask for.
const WINDOWS: [u64; 5] = [32_000, 128_000, 200_000, 400_000, 1_000_000];

fn form<'a>(
    html: &mut Html,
    said: &Models,
    wanted: &Wanted,
    providers: impl Iterator<Item = (&'a str, &'static str)>,
) {
    html.raw(r#"<form class="card models-form" method="get" action="/models" role="search">"#);
    field(html, "q", said.search, |html| {
        html.raw(r#"<input type="search" id="models-q" name="q" autocomplete="off" value=""#)
            .text(&wanted.words)
            .raw(r#"">"#);
    });
    select(html, "provider", said.provider, |html| {
        option(html, "", said.all, wanted.provider.is_empty());
        for (id, name) in providers {
            option(html, id, name, wanted.provider == id);
        }
    });
    select(html, "capability", said.ability, |html| {
        option(html, "", said.anything, wanted.ability.is_none());
        for ability in Ability::ALL {
            let name = ability_name(said, ability);
            option(
                html,
                ability.as_str(),
                name,
                wanted.ability == Some(ability),
            );
        }
    });
    select(html, "context", said.context, |html| {
        option(html, "", said.any, wanted.context.is_none());
        let own = wanted.context.filter(|tokens| !WINDOWS.contains(tokens));
        for tokens in own.into_iter().chain(WINDOWS) {
            let name = (said.and_more)(&count(tokens));
            option(
                html,
                &tokens.to_string(),
                &name,
                wanted.context == Some(tokens),
            );
        }
    });
    field(html, "price", said.price, |html| {
        html.raw(r#"<input type="number" id="models-price" name="price" min="0" step="any" inputmode="decimal" value=""#)
            .text(&wanted.price.map_or_else(String::new, |usd| usd.to_string()))
            .raw(r#"">"#);
    });
    select(html, "sort", said.sort, |html| {
        for sort in Sort::ALL {
            let name = sort_name(said, sort);
            option(html, sort.as_str(), name, wanted.sort == sort);
        }
    });
    select(html, "order", said.direction, |html| {
        option(html, "", said.up, !wanted.down);
        option(html, "desc", said.down, wanted.down);
    });
    let checked = if wanted.usable { " checked" } else { "" };
    html.raw(r#"<label class="models-usable"><input type="checkbox" name="usable" value="1""#)
        .raw(checked)
        .raw(">")
        .text(said.usable)
        .raw(r#"</label><div class="models-go"><button type="submit" class="button primary">"#)
        .text(said.show)
        .raw("</button>");
    if *wanted != Wanted::default() {
        html.raw(r#"<a class="button quiet" href="/models">"#)
            .text(said.reset)
            .raw("</a>");
    }
    html.raw("</div></form>");
}

fn field(html: &mut Html, name: &str, label: &str, control: impl FnOnce(&mut Html)) {
    html.raw(&format!(
        r#"<div class="field"><label for="models-{name}">"#
    ))
    .text(label)
    .raw("</label>");
    control(html);
    html.raw("</div>");
}

fn select(html: &mut Html, name: &str, label: &str, options: impl FnOnce(&mut Html)) {
    field(html, name, label, |html| {
        html.raw(&format!(r#"<select id="models-{name}" name="{name}">"#));
        options(html);
        html.raw("</select>");
    });
}

fn option(html: &mut Html, value: &str, name: &str, selected: bool) {
    html.raw(r#"<option value=""#)
        .text(value)
        .raw(if selected { r#"" selected>"# } else { r#"">"# })
        .text(name)
        .raw("</option>");
}

const fn ability_name(said: &Models, ability: Ability) -> &'static str {
    let [stream, see, call, json, reason] = said.abilities;
    match ability {
        Ability::Streaming => stream,
        Ability::Vision => see,
        Ability::Tools => call,
        Ability::JsonMode => json,
        Ability::Reasoning => reason,
    }
}

const fn sort_name(said: &Models, sort: Sort) -> &'static str {
    let [best, name, provider, context, output, reading, writing] = said.sorts;
    match sort {
        Sort::Best => best,
        Sort::Name => name,
        Sort::Provider => provider,
        Sort::Context => context,
        Sort::Output => output,
        Sort::Reading => reading,
        Sort::Writing => writing,
    }
}

/// The columns, each with what it is sorted by. On narrow screens each row is a card; the roles say that it is a table still.
fn table(html: &mut Html, language: Language, wanted: &Wanted, rows: &[Row<'_>]) {
    let said = &language.printed().models;
    html.raw(r#"<table class="models" role="table"><caption class="visually-hidden">"#)
        .text(language.words().sidebar.models)
        .raw(r#"</caption><thead role="rowgroup"><tr role="row">"#);
    for sort in Sort::ALL.into_iter().filter(|sort| *sort != Sort::Best) {
        let current = wanted.sort == sort;
        // What is large is what people look for, except among prices.
        let largest = matches!(sort, Sort::Context | Sort::Output);
        let to = Wanted {
            down: if current { !wanted.down } else { largest },
            page: 0,
            sort,
            ..wanted.clone()
        };
        html.raw(r#"<th scope="col" role="columnheader""#)
            .raw(match (current, wanted.down) {
                (true, true) => r#" aria-sort="descending""#,
                (true, false) => r#" aria-sort="ascending""#,
                (false, _) => "",
            })
            .raw(r#"><a href=""#)
            .text(&to.address())
            .raw(r#"">"#)
            .text(sort_name(said, sort))
            .raw("</a></th>");
    }
    html.raw(r#"<th scope="col" role="columnheader">"#)
        .text(said.for_you)
        .raw(r#"</th></tr></thead><tbody role="rowgroup">"#);
    for one in rows {
        row(html, language, one);
    }
    html.raw("</tbody></table>");
}

fn row(html: &mut Html, language: Language, row: &Row<'_>) {
    let (said, picker) = (&language.printed().models, &language.words().picker);
    let model = row.model;
    let can = model.capabilities;
    html.raw(r#"<tr role="row"><th scope="row" role="rowheader"><span class="strong">"#)
        .text(&model.display_name)
        .raw("</span>");
    if model.id.as_str() != model.display_name {
        html.raw(r#"<span class="mono small muted">"#)
            .text(model.id.as_str())
            .raw("</span>");
    }
    html.raw(r#"<span class="models-tags">"#);
    for (has, name) in [
        (can.vision, picker.can_see),
        (can.tools, picker.can_call),
        (can.json_mode, "JSON"),
        (can.reasoning, picker.can_reason),
    ] {
        if has {
            html.raw(r#"<span class="tag">"#).text(name).raw("</span>");
        }
    }
    if let Some(day) = &model.deprecated_at {
        html.raw(r#"<span class="tag warn">"#)
            .text(&(picker.ends)(day))
            .raw("</span>");
    }
    html.raw("</span></th>");
    let usd = |usd: Option<f64>| {
        usd.map(|usd| {
            if usd > 0.0 {
                price(usd)
            } else {
                picker.free.to_owned()
            }
        })
    };
    cell(html, said, Sort::Provider, Some(row.provider.to_owned()));
    cell(html, said, Sort::Context, model.context_window.map(count));
    cell(html, said, Sort::Output, model.max_output_tokens.map(count));
    cell(
        html,
        said,
        Sort::Reading,
        usd(model.pricing.map(|p| p.input_per_mtok)),
    );
    cell(
        html,
        said,
        Sort::Writing,
        usd(model.pricing.map(|p| p.output_per_mtok)),
    );
    html.raw(r#"<td role="cell" class="models-access">"#);
    access(html, said, row);
    html.raw("</td></tr>");
}

fn cell(html: &mut Html, said: &Models, column: Sort, known: Option<String>) {
    html.raw(r#"<td role="cell" data-label=""#)
        .text(sort_name(said, column))
        .raw(r#"">"#);
    match known {
        Some(known) => html.text(&known),
        None => html
            .raw(r#"<span class="muted">"#)
            .text(said.unknown)
            .raw("</span>"),
    };
    html.raw("</td>");
}

/// The way to a chat, or why there is none and what to do about it.
fn access(html: &mut Html, said: &Models, row: &Row<'_>) {
    let (why, way) = match row.access {
        Access::Usable => {
            let choice = Choice {
                provider: row.model.provider.clone(),
                model: row.model.id.clone(),
            };
            let query: String = byte_serialize(choice.to_string().as_bytes()).collect();
            html.raw(r#"<a class="button small" href="/chat?model="#)
                .text(&query)
                .raw(r#"">"#)
                .text(said.start)
                .raw(r#"<span class="visually-hidden">"#)
                .text(&(said.start_with)(&row.model.display_name))
                .raw("</span></a>");
            return;
        }
        Access::NotListed => (said.not_listed, ""),
        Access::Unasked => said.unasked,
        Access::NoKey => said.no_key,
        Access::Off => said.off,
        Access::Refused => said.refused,
        Access::Unreadable => said.unreadable,
    };
    html.raw(r#"<span class="muted small">"#)
        .text(why)
        .raw("</span>");
    if !way.is_empty() {
        html.raw(r#" <a class="small" href="/providers#"#)
            .text(row.model.provider.as_str())
            .raw(r#"">"#)
            .text(way)
            .raw(r#"<span class="visually-hidden">"#)
            .text(&(said.for_provider)(row.provider))
            .raw("</span></a>");
    }
}

fn pager(html: &mut Html, said: &Models, wanted: &Wanted, page: usize, pages: usize) {
    let to = |page| {
        let there = Wanted {
            page,
            ..wanted.clone()
        };
        there.address()
    };
    html.raw(r#"<nav class="split" aria-label=""#)
        .text(said.pages)
        .raw(r#"">"#);
    let mut link = |there: Option<usize>, rel: &str, name: &str| match there {
        Some(there) => {
            html.raw(&format!(r#"<a class="button" rel="{rel}" href=""#))
                .text(&to(there))
                .raw(r#"">"#)
                .text(name)
                .raw("</a>");
        }
        None => {
            html.raw("<span></span>");
        }
    };
    link(page.checked_sub(1), "prev", said.previous);
    link((page + 1 < pages).then_some(page + 1), "next", said.next);
    html.raw(r#"<span class="muted small">"#)
        .text(&(said.page)(page + 1, pages))
        .raw("</span></nav>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::model::{Capabilities, Model, Pricing};

    fn model(id: &str) -> Model {
        Model {
            id: id.parse().unwrap(),
            provider: "openai".parse().unwrap(),
            display_name: id.to_owned(),
            capabilities: Capabilities::default(),
            context_window: Some(128_000),
            max_output_tokens: None,
            pricing: Some(Pricing {
                input_per_mtok: 0.0,
                output_per_mtok: 10.0,
            }),
            category: None,
            deprecated_at: None,
        }
    }

    fn html(query: &str, models: &[Model], access: Access) -> String {
        let row = |model| Row {
            provider: "OpenAI",
            model,
            access,
        };
        let mut rows: Vec<Row<'_>> = models.iter().map(row).collect();
        let wanted = Wanted::parse(query);
        wanted.select(&mut rows);
        let providers = [("openai", "OpenAI")].into_iter();
        list(Language::English, &wanted, &rows, providers)
    }

    #[test]
    fn a_page_has_a_hundred_rows_and_the_way_to_the_next() {
        let models: Vec<Model> = (0..250).map(|n| model(&format!("m{n}"))).collect();
        let rows = |html: &str| html.matches("<tr ").count() - 1;
        let first = html("q=m", &models, Access::NoKey);
        assert_eq!(rows(&first), 100);
        assert!(first.contains("250 models, 1 to 100 here") && first.contains("Page 1 of 3"));
        assert!(first.contains(r#"rel="next" href="/models?q=m&amp;page=2""#));
        assert!(!first.contains(r#"rel="prev""#));
        for (query, shown) in [("page=3", 50), ("page=9", 50)] {
            let last = html(query, &models, Access::NoKey);
            assert_eq!(rows(&last), shown);
            assert!(last.contains(r#"rel="prev" href="/models?page=2""#));
            assert!(!last.contains(r#"rel="next""#));
        }
        assert!(html("q=none", &models, Access::NoKey).contains("No model is known that fits."));
    }

    #[test]
    fn a_row_says_what_is_known_and_how_to_begin() {
        let page = html("", &[model("a/b:c")], Access::Usable);
        for part in [
            r#"data-label="Context">128k<"#,
            r#"data-label="Output limit"><span class="muted">unknown<"#,
            r#"data-label="$ per M read">Free<"#,
            r#"data-label="$ per M written">$10<"#,
            r#"href="/chat?model=openai%2Fa%2Fb%3Ac""#,
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
        let page = html("", &[model("m")], Access::NoKey);
        assert!(page.contains("No key yet") && page.contains("/providers#openai"));
        assert!(!page.contains("Start a chat"));
    }

    #[test]
    fn the_column_that_is_sorted_by_says_so_and_turns_round() {
        let page = html("sort=context&order=desc", &[model("m")], Access::NoKey);
        assert!(page.contains(r#"aria-sort="descending"><a href="/models?sort=context">Context<"#));
        assert!(page.contains(r#"<a href="/models?sort=writing">$ per M written<"#));
        assert!(page.contains(r#"<a href="/models?sort=output&amp;order=desc">Output limit<"#));
        assert_eq!(page.matches("aria-sort").count(), 1);
    }

    #[test]
    fn nothing_from_outside_becomes_markup() {
        const ATTACK: &str = "\"><img/src=x/onerror=alert(1)>";
        let mut odd = model("m");
        odd.display_name = ATTACK.to_owned();
        odd.deprecated_at = Some(ATTACK.to_owned());
        odd.id = ATTACK.parse().unwrap();
        let address = Wanted {
            words: ATTACK.to_owned(),
            ..Wanted::default()
        };
        let query = address.address();
        for access in [Access::Usable, Access::NoKey] {
            let page = html(query.trim_start_matches("/models"), &[odd.clone()], access);
            assert!(page.contains("&lt;img"), "the row is there");
            assert!(!page.contains("<img"), "{page}");
        }
    }
}
