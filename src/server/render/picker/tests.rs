use super::lines::{self, Line, Top, shelf};
use super::list;
use crate::shared::ids::KeyId;
use crate::shared::model::{Capabilities, Category, Model, ModelList, PickerProvider, Pricing};
use crate::shared::provider::ProviderView;
use crate::shared::time::Timestamp;
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
            Line::Shelf(category) => shelf(&Language::English.words().picker, *category).to_owned(),
            Line::Model(row) => {
                let of = row.of.map_or_else(String::new, |of| format!(" of {of}"));
                let star = if row.favourite { " *" } else { "" };
                format!("{} {}{of}{star}", row.index, row.model.id)
            }
            Line::Locked(model) => format!("({})", model.id),
            Line::More(n) => format!("{n} more"),
        })
        .collect()
}

/// The lines for what is typed, of somebody who picked the model before.
fn found(
    all: &[PickerProvider],
    (favourites, recent): (&[&str], &[&str]),
    search: &str,
    picked: Option<&str>,
) -> Vec<String> {
    let choice = |name: &&str| name.parse().expect("a choice");
    let top = Top {
        favourites: favourites.iter().map(choice).collect(),
        recent: recent.iter().map(choice).collect(),
    };
    let picked = picked.as_ref().map(choice);
    let said = &Language::English.words().picker;
    let now = Timestamp::parse("2026-11-22T00:00:00Z").expect("a time");
    told(&lines::all(said, all, &top, search, picked.as_ref(), now))
}

const NONE: (&[&str], &[&str]) = (&[], &[]);

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
    assert_eq!(found(&all, NONE, "", None), expected);
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
    let expected = ["OPEN", "0 mini", "1 gpt-mini"];
    assert_eq!(found(&all, NONE, "Mini", None), expected);
    assert_eq!(found(&all, NONE, "ant", None), ["ANT"]);
    let expected = ["OPEN", "0 big *", "1 gpt-mini", "2 mini"];
    let used: (&[&str], &[&str]) = (&["open/big"], &["open/mini"]);
    assert_eq!(found(&all, used, "open", None), expected);
}

#[test]
fn names_are_found_however_their_parts_are_separated() {
    let all = [provider(
        "Open",
        Some(&[("gpt-4o-mini", None), ("gpt-4o", None), ("o4", None)]),
    )];
    let both = ["OPEN", "0 gpt-4o", "1 gpt-4o-mini"];
    for search in ["gpt4o", "GPT 4o", "gpt_4.o"] {
        assert_eq!(found(&all, NONE, search, None), both, "{search}");
    }
    assert_eq!(
        found(&all, NONE, "mini 4o", None),
        ["OPEN", "0 gpt-4o-mini"]
    );
    assert_eq!(found(&all, NONE, "gptmn", None), ["OPEN", "0 gpt-4o-mini"]);
    assert!(found(&all, NONE, "gptom4", None).is_empty());
}

#[test]
fn the_provider_with_the_best_fit_comes_first() {
    let all = [
        provider("Ant", Some(&[("old-sol", None), ("s-o-l", None)])),
        provider("Open", Some(&[("bars-odd-l", None), ("none", None)])),
        provider("Lent", Some(&[("sol", None), ("sol-2", None)])),
    ];
    let expected = ["ANT", "0 s-o-l", "1 old-sol", "LENT", "2 sol", "3 sol-2"];
    assert_eq!(found(&all, NONE, "sol", None), expected);
    let expected = ["LENT", "0 sol-2"];
    assert_eq!(found(&all, NONE, "sol2", None), expected);
    let expected = ["OPEN", "0 bars-odd-l"];
    assert_eq!(found(&all, NONE, "brsl", None), expected);
}

#[test]
fn what_no_key_reaches_is_found_behind_the_rest() {
    let open = provider(
        "Open",
        Some(&[("my-claude", None), ("clean-aux-dense", None)]),
    );
    let all = [provider("Anthropic", None), open, provider("Ollama", None)];
    let lines = found(&all, NONE, "claude", None);
    assert_eq!(lines[..3], ["OPEN", "0 my-claude", "ANTHROPIC"]);
    let locked = lines.iter().filter(|line| line.starts_with("(claude-"));
    assert_eq!(locked.count(), 5, "{lines:?}");
    assert!(lines.last().is_some_and(|last| last.ends_with(" more")));
    let lines = found(&all, NONE, "opus 5.5", None);
    assert_eq!(lines, ["ANTHROPIC", "(claude-opus-5-5)"]);
    assert_eq!(found(&all, NONE, "olla", None), ["OLLAMA"]);
    assert_eq!(
        found(&all, NONE, "clnxdns", None),
        ["OPEN", "0 clean-aux-dense"]
    );
}

#[test]
fn each_provider_has_its_own_rows_however_many_another_has() {
    let names: Vec<String> = (0..150).map(|n| format!("m{n}")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), None)).collect();
    let all = [provider("Open", Some(&many)), provider("Ant", Some(&many))];
    let lines = found(&all, NONE, "", None);
    assert_eq!(lines[101..=104], ["99 m99", "50 more", "ANT", "All others"]);
    assert_eq!(lines[204..], ["199 m99", "50 more"]);
    let lines = found(&all, NONE, "m", None);
    assert_eq!(lines[100..=102], ["99 m99", "50 more", "ANT"]);
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
    let used: (&[&str], &[&str]) = (&["open/big"], &["open/big", "open/mini"]);
    assert_eq!(found(&all, used, "", Some("open/big")), expected);
}

#[test]
fn a_group_without_anything_to_take_is_left_out() {
    let all = [
        provider("Open", Some(&[("mini", None)])),
        provider("Ant", None),
    ];
    let plain = ["OPEN", "All others", "0 mini", "ANT"];
    let unknown: &[&str] = &["ant/opus", "open/gone"];
    for used in [(unknown, unknown), (&[], &["open/mini"])] {
        assert_eq!(found(&all, used, "", Some("open/mini")), plain);
    }
}

#[test]
fn the_list_is_made_of_escaped_text_and_says_which_model_is_picked() {
    let mut open = provider("Open", Some(&[("<b>", None), ("mini", None)]));
    open.note = Some("2 & 3".to_owned());
    let all = [open, provider("Ant", None)];
    let picked = "open/mini".parse().expect("a choice");
    for language in Language::ALL {
        let html = list(
            language,
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
        Language::English,
        Timestamp(0),
        &all,
        &Top::default(),
        "none of them",
        None,
    );
    assert!(html.contains(Language::English.words().picker.nothing_found));
}

#[test]
fn a_row_that_cannot_be_taken_says_so_and_leads_to_the_key() {
    let html = |shelf| {
        let now = Timestamp::parse("2026-07-01T00:00:00Z").expect("a time");
        let top = Top::default();
        list(Language::English, now, &[shelf], &top, "sonnet 5", None)
    };
    let mut off = provider("Anthropic", None);
    let page = html(off.clone());
    assert!(
        page.contains(r#"aria-disabled="true""#) && page.contains(r#"class="badge">New<"#),
        "{page}"
    );
    let add = r#"Add a key<span class="visually-hidden"> for Anthropic</span>"#;
    assert!(page.contains(add), "{page}");
    for part in ["data-choice", "aria-selected", "star", "refresh-models"] {
        assert!(!page.contains(part), "{part} in {page}");
    }
    off.provider.keys = 1;
    let page = html(off);
    assert!(page.contains("Fix the key<") && !page.contains("data-choice"));
}

#[test]
fn what_costs_nothing_has_a_badge_and_what_is_unknown_is_called_so() {
    let mut open = provider("Open", Some(&[("lent", None), ("odd", None)]));
    let lent = open.list.as_mut().and_then(|list| list.models.first_mut());
    lent.expect("a model").pricing = Some(Pricing {
        input_per_mtok: 0.0,
        output_per_mtok: 0.0,
    });
    let top = Top::default();
    let html = list(Language::English, Timestamp(0), &[open], &top, "", None);
    assert_eq!(html.matches(r#"class="badge on">Free<"#).count(), 1);
    assert!(html.contains("context unknown · price unknown"), "{html}");
}
