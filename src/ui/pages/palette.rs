//! The palette: chats, models and commands, found by what is typed and taken by keyboard.

use crate::client::dom;
use crate::shared::model::Choice;
use crate::ui::commands::{COMMANDS, Commander, Do, PALETTE, caps};
use crate::ui::erased::Effect;
use crate::ui::parts::icon::icon;
use crate::ui::state::catalog::{Catalog, choice_of};
use crate::ui::state::search::Search;
use crate::ui::state::threads::Threads;
use crate::ui::state::toasts::Toasts;
use crate::ui::state::{unless_signed_out, words};
use leptos::ev;
use leptos::prelude::*;
use std::time::Duration;

/// Chats, and models, that are shown at once.
const MOST: usize = 8;
/// The field.
const FIELD: &str = "palette-field";
/// The list.
const LIST: &str = "palette-list";

/// What happens when a line is taken.
#[derive(Clone, PartialEq)]
enum Take {
    Command(Do),
    Page(String),
}

/// A line.
#[derive(Clone, PartialEq)]
struct Line {
    icon: &'static str,
    name: String,
    /// What it is, or how it is reached without the palette.
    note: String,
    take: Take,
}

/// Whether a text has all of these words, in lower case.
fn has(text: &str, words: &[&str]) -> bool {
    let text = text.to_lowercase();
    words.iter().all(|word| text.contains(word))
}

/// The palette. Nothing of it is in the document until it is opened.
#[component]
pub(super) fn Palette() -> impl IntoView {
    let commander = expect_context::<Commander>();
    Effect::new(move || {
        if commander.palette.get() {
            set_timeout(|| dom::open_dialog(PALETTE), Duration::ZERO);
        } else {
            dom::close_dialog(PALETTE);
        }
    });
    view! {
        <dialog
            id=PALETTE class="palette" aria-label=words().around.palette
            on:close=move |_| commander.palette.set(false)
            on:click=move |event| if dom::on_backdrop(&event) { commander.palette.set(false) }
        >
            {move || commander.palette.get().then(|| view! { <Lines commander/> })}
        </dialog>
    }
    .into_any()
}

#[component]
fn Lines(commander: Commander) -> impl IntoView {
    let search = Search::new();
    let toasts = expect_context::<Toasts>();
    expect_context::<Catalog>().ensure();
    Effect::new(move || {
        search.typed.track();
        search.ask(move |error| toasts.trouble(&unless_signed_out(error)));
    });
    let lines = lines(commander, search);
    let at = RwSignal::new(0_usize);
    Effect::new(move || {
        search.typed.track();
        at.set(0);
    });
    let take = move |index: usize| {
        let Some(line) = lines.read_untracked().get(index).cloned() else {
            return;
        };
        commander.palette.set(false);
        // The dialog gives the keyboard back first.
        let act = move || match line.take {
            Take::Command(what) => commander.run(what),
            Take::Page(path) => commander.go.run(path),
        };
        set_timeout(act, Duration::ZERO);
    };
    let on_key = move |event: ev::KeyboardEvent| {
        let count = lines.read_untracked().len();
        let now = at.get_untracked();
        let next = match event.key().as_str() {
            "ArrowDown" if count > 0 => (now + 1) % count,
            "ArrowUp" if count > 0 => (now + count - 1) % count,
            "Enter" if !dom::composing(&event) => {
                event.prevent_default();
                return take(now);
            }
            _ => return,
        };
        event.prevent_default();
        at.set(next);
        dom::reveal(&format!("palette-{next}"));
    };
    let around = &words().around;
    let numbered = move || lines.get().into_iter().enumerate().collect::<Vec<_>>();
    view! {
        <input
            id=FIELD type="text" role="combobox" autofocus=true autocomplete="off" spellcheck="false"
            placeholder=around.palette_hint aria-label=around.palette_hint aria-expanded="true" aria-controls=LIST aria-autocomplete="list"
            aria-activedescendant=move || (!lines.read().is_empty()).then(|| format!("palette-{}", at.get()))
            prop:value=search.typed on:input=move |event| search.typed.set(event_target_value(&event)) on:keydown=on_key
        />
        <div
            id=LIST role="listbox" aria-label=around.palette
            on:click=move |event| if let Some(index) = dom::pressed(&event).and_then(|(what, _)| what.parse().ok()) { take(index) }
        >
            <For
                each=numbered
                key=|(index, line)| (*index, line.name.clone(), line.note.clone()) let((index, line))
            >
                <div
                    class="palette-line" role="option" id=format!("palette-{index}") data-do=index.to_string()
                    aria-selected=move || if at.get() == index { "true" } else { "false" }
                >
                    {icon(line.icon)}
                    <span class="palette-name">{line.name}</span>
                    <span class="muted small">{line.note}</span>
                </div>
            </For>
        </div>
        <p class="muted small palette-none" role="status">{move || lines.read().is_empty().then_some(around.palette_none)}</p>
    }
    .into_any()
}

/// What fits to what was typed: commands, then chats, then models.
fn lines(commander: Commander, search: Search) -> Memo<Vec<Line>> {
    let threads = expect_context::<Threads>();
    let catalog = expect_context::<Catalog>();
    let words = words();
    Memo::new(move |_| {
        let typed = search.typed.read().to_lowercase();
        let wanted: Vec<&str> = typed.split_whitespace().collect();
        let commands = COMMANDS
            .iter()
            .filter(|command| command.offered && commander.can(command));
        let commands = commands
            .map(|command| Line {
                icon: command.icon,
                name: (command.name)(words).to_owned(),
                note: command
                    .keys
                    .as_ref()
                    .map(|keys| caps(keys, &words.around).join(" + "))
                    .unwrap_or_default(),
                take: Take::Command(command.does),
            })
            .filter(|line| has(&line.name, &wanted));
        let mut lines: Vec<Line> = commands.collect();
        let chat = |name: &str, path: String| Line {
            icon: "edit",
            name: name.to_owned(),
            note: words.around.a_chat.to_owned(),
            take: Take::Page(path),
        };
        let mut chats: Vec<Line> = Vec::new();
        let (pinned, list) = (threads.pinned.read(), threads.list.read());
        let known = pinned.iter().chain(list.iter());
        let found = search.page.read();
        let found = found.iter().flat_map(|page| &page.threads);
        let by_title = known.filter(|thread| has(&thread.title, &wanted));
        for thread in by_title.chain(found.map(|found| &found.thread)) {
            let path = format!("/chat/{}", thread.id);
            let line = chat(thread.name_or(words.begin.title), path);
            if chats.len() < MOST
                && !threads.is_doomed(&thread.id)
                && chats.iter().all(|known| known.take != line.take)
            {
                chats.push(line);
            }
        }
        lines.append(&mut chats);
        if !wanted.is_empty() {
            let providers = catalog.providers.read();
            let all = providers
                .iter()
                .flatten()
                .filter_map(|provider| Some((&provider.provider.name, provider.list.as_ref()?)));
            let models =
                all.flat_map(|(name, list)| list.models.iter().map(move |model| (name, model)));
            let fits = models.filter(|(name, model)| {
                has(
                    &format!("{} {} {name}", model.display_name, model.id),
                    &wanted,
                )
            });
            lines.extend(fits.take(MOST).map(|(name, model)| {
                let choice: Choice = choice_of(model);
                Line {
                    icon: "plus",
                    name: (words.around.chat_with)(&model.display_name),
                    note: name.clone(),
                    take: Take::Page(format!("/chat?model={}", dom::encode(&choice.to_string()))),
                }
            }));
        }
        lines
    })
}
