//! Picking a model.

use crate::client::dom;
use crate::shared::format::facts;
use crate::shared::model::{Category, Choice, Model, ModelLine, PickerProvider};
use crate::shared::words::Picker as Words;
use crate::ui::erased::Effect;
use crate::ui::parts::health::HealthLine;
use crate::ui::parts::icon::icon;
use crate::ui::state::catalog::{Catalog, choice_of};
use crate::ui::state::clock::Clock;
use crate::ui::state::words;
use leptos::ev;
use leptos::prelude::*;

/// The dialog.
pub(super) const ID: &str = "picker";
/// Rows at the most; a search narrows the rest.
const MOST: usize = 200;

/// Opens the dialog.
pub(super) fn open(catalog: Catalog) {
    catalog.opened.update(|times| *times += 1);
    catalog.ensure();
    dom::open_dialog(ID);
}

/// One line of the list.
#[derive(Clone, PartialEq)]
enum Line {
    Provider(Box<PickerProvider>),
    Shelf(Option<Category>),
    Model(usize, Model),
    More(usize),
}

const fn shelf(words: &Words, category: Option<Category>) -> &'static str {
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

/// The list for a search: providers with a key first, each with its shelves; found models best first.
fn lines(providers: &[PickerProvider], search: &str) -> Vec<Line> {
    let wanted = search.trim().to_ascii_lowercase();
    let (mut lines, mut shown, mut hidden) = (Vec::new(), 0, 0);
    let (own, other): (Vec<_>, Vec<_>) = providers
        .iter()
        .partition(|p| p.list.is_some() || p.provider.connected || p.provider.keys > 0);
    for provider in own {
        let models = provider.list.iter().flat_map(|list| &list.models);
        let ranked = models
            .filter_map(|model| Some((rank(&provider.provider.name, model, &wanted)?, model)));
        let mut found: Vec<(u8, &Model)> = ranked.collect();
        if found.is_empty() && !wanted.is_empty() {
            continue;
        }
        if wanted.is_empty() {
            found.sort_by_key(|(_, model)| model.category.map_or(9, |category| category as u8));
        } else {
            found.sort_by_key(|(rank, _)| *rank);
        }
        lines.push(Line::Provider(Box::new(provider.clone())));
        let mut last = None;
        for (_, model) in found {
            if shown == MOST {
                hidden += 1;
                continue;
            }
            let category = model.category;
            if wanted.is_empty() && last.replace(category) != Some(category) {
                lines.push(Line::Shelf(category));
            }
            lines.push(Line::Model(shown, model.clone()));
            shown += 1;
        }
    }
    if hidden > 0 {
        lines.push(Line::More(hidden));
    }
    let named = |p: &&&PickerProvider| p.provider.name.to_ascii_lowercase().contains(&wanted);
    lines.extend(
        other
            .iter()
            .filter(named)
            .map(|provider| Line::Provider(Box::new((*provider).clone()))),
    );
    lines
}

/// The button that shows the picked model and opens the dialog.
#[component]
pub(super) fn PickerButton(
    /// What is picked.
    #[prop(into)]
    choice: Signal<Option<Choice>>,
    /// What the server said of it, where it never changes.
    #[prop(optional)]
    known: Option<ModelLine>,
) -> impl IntoView {
    let catalog = expect_context::<Catalog>();
    let words = &words().picker;
    // The catalog outlives the page and may wake this up while the page goes.
    let choice = move || choice.try_get().flatten();
    let provider = known.as_ref().map(|known| known.provider.clone());
    let said = move || {
        if let Some(known) = &known {
            return (known.name.clone(), known.facts.clone());
        }
        match choice() {
            Some(choice) => catalog.model(&choice).map_or_else(
                || (choice.model.to_string(), String::new()),
                |model| {
                    let facts = facts(model.context_window, model.pricing, words.free);
                    (model.display_name, facts)
                },
            ),
            None if catalog.providers.read().is_none() => (words.loading.to_owned(), String::new()),
            None => (words.no_model.to_owned(), String::new()),
        }
    };
    let said = Memo::new(move |_| said());
    let label = move || said.try_get().unwrap_or_default().0;
    let numbers = move || said.try_get().unwrap_or_default().1;
    let provider = move || match &provider {
        Some(name) => Some(name.clone()),
        None => choice().map(|choice| catalog.provider_name(&choice.provider)),
    };
    view! {
        <button
            type="button" class="picker-button" aria-haspopup="dialog" aria-controls=ID
            disabled=move || choice().is_none() && catalog.providers.read().is_none()
            on:click=move |_| open(catalog)
        >
            <span class="picker-what">
                <span class="picker-model">{label}</span>
                <span class="picker-facts" dir="auto" title=words.facts>{numbers}</span>
            </span>
            <span class="picker-provider">{provider}</span>
            {icon("down")}
        </button>
    }
    .into_any()
}

/// The dialog with all models.
#[component]
pub(super) fn Picker(
    /// What is picked.
    #[prop(into)]
    choice: Signal<Option<Choice>>,
    /// Takes what is picked next; the dialog is closed by then.
    pick: Callback<Choice>,
) -> impl IntoView {
    let catalog = expect_context::<Catalog>();
    let search = RwSignal::new(String::new());
    let (close, words) = (words().frame.close, &words().picker);
    let active = RwSignal::new(0_usize);
    // Most pages never show the list.
    let opened = Memo::new(move |_| catalog.opened.get() > 0);
    Effect::new(move || {
        catalog.opened.track();
        active.set(0);
    });
    let list = Memo::new(move |_| {
        if !opened.get() {
            return Vec::new();
        }
        catalog
            .providers
            .with(|providers| lines(providers.as_deref().unwrap_or_default(), &search.read()))
    });
    let models = move || {
        list.with_untracked(|list| {
            list.iter()
                .filter_map(|line| {
                    if let Line::Model(_, model) = line {
                        Some(choice_of(model))
                    } else {
                        None
                    }
                })
                .collect::<Vec<_>>()
        })
    };
    let take = move |choice: Choice| {
        dom::close_dialog(ID);
        search.set(String::new());
        pick.run(choice);
    };
    let on_key = move |event: ev::KeyboardEvent| {
        let all = models();
        let go = |to: usize| {
            event.prevent_default();
            active.set(to);
            dom::reveal(&format!("model-{to}"));
        };
        match event.key().as_str() {
            "ArrowDown" => go((active.get_untracked() + 1).min(all.len().saturating_sub(1))),
            "ArrowUp" => go(active.get_untracked().saturating_sub(1)),
            "Home" if event.ctrl_key() => go(0),
            "End" if event.ctrl_key() => go(all.len().saturating_sub(1)),
            "Enter" if !dom::composing(&event) => {
                event.prevent_default();
                if let Some(choice) = all.get(active.get_untracked()) {
                    take(choice.clone());
                }
            }
            _ => {}
        }
    };
    let content = move || {
        let row = move |line: Line| match line {
            Line::Shelf(category) => {
                view! { <p class="shelf" role="presentation">{shelf(words, category)}</p> }
                    .into_any()
            }
            Line::Model(index, model) => {
                view! { <ModelLine index model active choice take=Callback::new(take)/> }.into_any()
            }
            Line::Provider(_) | Line::More(_) => ().into_any(),
        };
        let section = move |lines: &[Line]| match lines {
            [Line::Provider(provider), models @ ..] => {
                let name = provider.provider.name.clone();
                let models = models.iter().cloned().map(row).collect_view();
                let any = lines.len() > 1;
                view! {
                    <section>
                        <ProviderLine provider=(**provider).clone()/>
                        {any.then(|| view! { <div role="listbox" aria-label=name>{models}</div> })}
                    </section>
                }
                .into_any()
            }
            [Line::More(hidden)] => {
                let text = (words.more)(*hidden);
                view! { <p class="muted small picker-more">{text}</p> }.into_any()
            }
            _ => ().into_any(),
        };
        if catalog.providers.read().is_none() {
            let text = catalog.error.get().map(|error| error.message);
            return view! {
                <div class="skeleton lines" aria-busy="true"></div>
                <p class="muted small">{text}</p>
            }
            .into_any();
        }
        let list = list.try_get().unwrap_or_default();
        if list.is_empty() && opened.try_get() == Some(true) {
            return view! { <p class="muted picker-more">{words.nothing_found}</p> }.into_any();
        }
        list.chunk_by(|_, next| matches!(next, Line::Model(..) | Line::Shelf(_)))
            .map(section)
            .collect_view()
            .into_any()
    };
    view! {
        <dialog
            id=ID class="picker" aria-label=words.title
            on:click=move |event| if dom::on_backdrop(&event) { dom::close_dialog(ID) }
        >
            <div class="picker-head">
                {icon("search")}
                <input
                    id="picker-search" type="text" role="combobox" aria-expanded="true" aria-autocomplete="list" inputmode="search" autofocus=true placeholder=words.search aria-label=words.search autocomplete="off"
                    aria-controls="picker-list"
                    aria-activedescendant=move || format!("model-{}", active.get())
                    prop:value=search
                    on:input=move |event| { search.set(event_target_value(&event)); active.set(0); }
                    on:keydown=on_key
                />
                <button type="button" class="icon-button" aria-label=close on:click=move |_| dom::close_dialog(ID)>{icon("close")}</button>
            </div>
            <div class="picker-list" id="picker-list">{content}</div>
            <a class="picker-all small" href="/models">{words.all}</a>
        </dialog>
    }
    .into_any()
}

/// A provider's heading: how fresh its list is, or how to get one.
#[component]
fn ProviderLine(provider: PickerProvider) -> impl IntoView {
    let catalog = expect_context::<Catalog>();
    let clock = expect_context::<Clock>();
    let words = &words().picker;
    let id = provider.provider.id.clone();
    let asked = id.clone();
    let busy = Memo::new(move |_| catalog.refreshing.read().contains(&asked));
    let without = provider.provider.keys == 0 && provider.list.is_none();
    let note = match (&provider.list, &provider.error) {
        (_, Some(error)) => Some(error.message.clone()),
        (Some(list), None) if list.stale => Some(
            list.warning
                .clone()
                .unwrap_or_else(|| words.not_renewed.to_owned()),
        ),
        _ => None,
    };
    let stale = note.is_some();
    let note = note.or_else(|| provider.note.clone());
    let fetched = provider.list.as_ref().map(|list| list.fetched_at);
    let health = provider.health.map(|health| view! { <HealthLine health/> });
    view! {
        <div class="picker-head-line" role="presentation" class:disabled=without>
            <span class="strong">{provider.provider.name.clone()}</span>
            {fetched.map(|at| view! { <span class="muted small">{move || (words.listed)(&clock.ago(at))}</span> })}
            {stale.then(|| view! { <span class="badge warn">{icon("warn")}{words.stale}</span> })}
            {if without {
                view! { <a class="button small" href=format!("/providers#{id}")>{words.add_key}</a> }.into_any()
            } else {
                view! {
                    <button
                        type="button" class="icon-button" class:spinning=busy disabled=busy aria-label=(words.refresh_of)(&provider.provider.name)
                        title=words.refresh on:click=move |_| catalog.refresh(id.clone())
                    >{icon("retry")}</button>
                }.into_any()
            }}
        </div>
        {health}
        {note.map(|note| view! { <p class="picker-note small">{note}</p> })}
        {move || (busy.get() && fetched.is_none()).then(|| view! { <div class="skeleton lines" aria-busy="true"></div> })}
    }
    .into_any()
}

/// A model's row.
#[component]
fn ModelLine(
    index: usize,
    model: Model,
    active: RwSignal<usize>,
    choice: Signal<Option<Choice>>,
    take: Callback<Choice>,
) -> impl IntoView {
    let words = &words().picker;
    let own = choice_of(&model);
    let current = choice.read_untracked().as_ref() == Some(&own);
    let tag = |on: bool, text: &'static str| on.then(|| view! { <span class="tag">{text}</span> });
    let can = model.capabilities;
    let other_name = (model.id.as_str() != model.display_name).then(|| model.id.to_string());
    view! {
        <div
            class="model" role="option" id=format!("model-{index}") class:current=current
            aria-selected=move || if active.get() == index { "true" } else { "false" }
            on:mousemove=move |_| if active.get_untracked() != index { active.set(index) }
            on:click=move |_| take.run(own.clone())
        >
            <div class="model-name">
                <span class="strong">{model.display_name}</span>
                {current.then(|| icon("check"))}
                {tag(can.vision, words.can_see)}
                {tag(can.tools, words.can_call)}
                {tag(can.reasoning, words.can_reason)}
                {model.deprecated_at.map(|day| view! { <span class="tag warn">{(words.ends)(&day)}</span> })}
            </div>
            <div class="model-facts small muted">
                <span class="mono">{other_name}</span>
                <span dir="auto" title=words.facts>{facts(model.context_window, model.pricing, words.free)}</span>
            </div>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::ids::KeyId;
    use crate::shared::model::{Capabilities, ModelList};
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

    fn told(lines: &[Line]) -> Vec<String> {
        lines
            .iter()
            .map(|line| match line {
                Line::Provider(provider) => provider.provider.name.to_uppercase(),
                Line::Shelf(category) => {
                    shelf(&Language::English.words().picker, *category).to_owned()
                }
                Line::Model(index, model) => format!("{index} {}", model.id),
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
        assert_eq!(told(&lines(&all, "")), expected);
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
        assert_eq!(told(&lines(&all, "Mini")), ["OPEN", "0 mini", "1 gpt-mini"]);
        assert_eq!(told(&lines(&all, "ant")), ["ANT"]);
    }
}
