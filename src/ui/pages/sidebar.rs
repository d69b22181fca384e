//! The sidebar: the chats by day, and the ways to the other pages.

use super::workspace::Drawer;
use crate::api::threads::{DeleteThread, list_threads};
use crate::client::dom;
use crate::shared::chat::{FoundThread, SnippetPart, Thread, ThreadChange, ThreadStatus};
use crate::shared::ids::{MessageId, ThreadId};
use crate::shared::validate::MAX_TITLE_CHARS;
use crate::ui::erased::{Effect, For};
use crate::ui::parts::answering::answering_mark;
use crate::ui::parts::icon::icon;
use crate::ui::parts::private::private_mark;
use crate::ui::state::clock::Clock;
use crate::ui::state::preferences::Prefs;
use crate::ui::state::search::Search;
use crate::ui::state::threads::Threads;
use crate::ui::state::toasts::Toasts;
use crate::ui::state::unread::Unread;
use crate::ui::state::{Who, unless_signed_out, words};
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use std::time::Duration;

/// The list of the chats.
const LIST: &str = "side-list";
/// Pixels above its end at which more of it is loaded.
const NEAR_END: i32 = 600;

/// A heading of the list: 0 for what is pinned, 1 to 4 for the last thirty days, else a month, counted from the year 0.
type Group = u32;

const PINNED: Group = 0;

/// Where a thread belongs, that many midnights ago, on that day (`YYYY-MM-DD`).
fn group_of(days_ago: i64, day: &str) -> Group {
    match days_ago {
        ..=0 => 1,
        1 => 2,
        2..=7 => 3,
        8..=30 => 4,
        _ => {
            let mut parts = day.split('-').map_while(|part| part.parse::<u32>().ok());
            let (year, month) = (parts.next().unwrap_or(0), parts.next().unwrap_or(1));
            year * 12 + month - 1
        }
    }
}

/// The sidebar.
#[component]
pub(super) fn Sidebar() -> impl IntoView {
    let who = expect_context::<Who>();
    let prefs = expect_context::<Prefs>();
    let drawer = expect_context::<Drawer>();
    let threads = expect_context::<Threads>();
    let first = Resource::new(|| (), |()| list_threads(None));
    let search = Search::new();
    let toasts = expect_context::<Toasts>();
    // What is renamed, deleted or said meanwhile changes what is found.
    Effect::new(move || {
        search.typed.track();
        threads.list.track();
        search.ask(move |error| toasts.trouble(&unless_signed_out(error)));
    });
    // The chats stay until there is something to show in their place.
    let searching = Memo::new(move |_| search.is_on() && search.page.read().is_some());
    let path = use_location().pathname;
    let words = words();
    let (said, new_chat) = (&words.sidebar, words.begin.title);
    let here = move |to: &'static str| move || (path.get() == to).then_some("page");
    let renaming = RwSignal::new(None::<ThreadId>);
    let pressed = presses(renaming);
    let loading = StoredValue::new(false);
    let more = move || {
        if loading.get_value() {
            return;
        }
        loading.set_value(true);
        spawn_local(async move {
            let loaded = if searching.get_untracked() {
                search.load_more().await
            } else {
                threads.load_more().await
            };
            _ = loading.try_set_value(false);
            if let Err(error) = loaded {
                toasts.trouble(&unless_signed_out(error));
            }
        });
    };
    let any_more = Memo::new(move |_| {
        if searching.get() {
            let page = search.page.read();
            page.as_ref().is_some_and(|page| page.next_cursor.is_some())
        } else {
            threads.cursor.read().is_some()
        }
    });
    view! {
        <aside class="side" id="side" aria-label=said.label>
            <div class="side-head">
                <a class="brand" href="/chat">{icon("key")}"KeyLM"</a>
                <button
                    type="button" class="icon-button js-only" data-do="palette" title=words.around.palette
                    aria-label=words.around.palette aria-haspopup="dialog"
                >
                    {icon("bolt")}
                </button>
                <button
                    type="button" class="icon-button js-only" aria-label=said.close aria-controls="side"
                    on:click=move |_| {
                        if drawer.0.get_untracked() { drawer.0.set(false) } else { prefs.set_side_open(false) }
                    }
                >
                    {icon("side")}
                </button>
            </div>
            <a class="button wide" href="/chat" aria-current=here("/chat")>{icon("new")}{new_chat}</a>
            <div class="side-search js-only">
                {icon("search")}
                <input
                    id="thread-search" type="search" placeholder=said.search aria-label=said.search autocomplete="off"
                    prop:value=search.typed on:input=move |event| search.typed.set(event_target_value(&event))
                    on:keydown=move |event| if event.key() == "Escape" && !search.typed.read_untracked().is_empty() {
                        event.prevent_default();
                        event.stop_propagation();
                        search.typed.set(String::new());
                    }
                />
            </div>
            <nav
                class="side-list" id=LIST aria-label=said.chats on:click=pressed
                on:scroll=move |_| if any_more.get_untracked() && dom::is_near_end(LIST, NEAR_END) { more() }
            >
                <Suspense fallback=|| view! { <div class="skeleton lines" aria-busy="true"></div> }>
                    {move || Suspend::new(async move {
                        who.session().await;
                        match first.await {
                            Ok(page) => threads.start(page),
                            Err(error) => _ = unless_signed_out(error),
                        }
                        // The button is in here, because whether there are more is known with the list and not before.
                        view! {
                            {move || if searching.get() {
                                view! { <FoundList search renaming/> }.into_any()
                            } else {
                                view! { <ThreadList renaming/> }.into_any()
                            }}
                            {move || any_more.get().then(|| view! {
                                <button type="button" class="button quiet wide js-only" on:click=move |_| more()>
                                    {if searching.get_untracked() { said.more_found } else { said.older }}
                                </button>
                            })}
                        }
                    })}
                </Suspense>
            </nav>
            <nav class="side-foot" aria-label=said.pages>
                <a href="/compare" aria-current=here("/compare")>{icon("swap")}{words.comparison.title}</a>
                <a href="/archive" aria-current=here("/archive")>{icon("archive")}{words.around.archive}</a>
                <a href="/providers" aria-current=here("/providers")>{icon("key")}{said.providers}</a>
                <a href="/models" aria-current=here("/models")>{icon("search")}{said.models}</a>
                <a href="/settings" aria-current=here("/settings")>{icon("gear")}{said.settings}</a>
            </nav>
        </aside>
    }
    .into_any()
}

/// Does what the buttons of all rows say.
fn presses(renaming: RwSignal<Option<ThreadId>>) -> impl Fn(ev::MouseEvent) {
    let threads = expect_context::<Threads>();
    let toasts = expect_context::<Toasts>();
    let path = use_location().pathname;
    let navigate = use_navigate();
    let words = words();
    let change = move |id: ThreadId, change: ThreadChange| {
        spawn_local(async move {
            if let Err(error) = threads.change(id, change).await {
                toasts.trouble(&unless_signed_out(error));
            }
        });
    };
    let status = move |id: ThreadId, status: ThreadStatus| {
        let status = Some(status);
        change(
            id,
            ThreadChange {
                status,
                ..ThreadChange::default()
            },
        );
    };
    move |event| {
        let Some((what, id)) = dom::pressed(&event) else {
            return;
        };
        let Ok(id) = id.parse::<ThreadId>() else {
            return;
        };
        dom::close_all_menus();
        let leave = || {
            if path.get_untracked() == format!("/chat/{id}") {
                navigate("/chat", NavigateOptions::default());
            }
        };
        match what.as_str() {
            "rename" => {
                renaming.set(Some(id));
                set_timeout(|| dom::focus_first(".row-title"), Duration::ZERO);
            }
            "pin" | "unpin" => change(
                id,
                ThreadChange {
                    pinned: Some(what == "pin"),
                    ..ThreadChange::default()
                },
            ),
            "archive" => {
                leave();
                status(id.clone(), ThreadStatus::Archived);
                let back = move || status(id.clone(), ThreadStatus::Active);
                toasts.undoable(words.sidebar.archived, back, || {});
            }
            "delete" => {
                // The line opens a question where there is no script.
                event.prevent_default();
                leave();
                threads.doom(&id);
                let (spared, gone) = (id.clone(), id);
                let over = move || {
                    let id = gone.clone();
                    spawn_local(async move {
                        if !threads.carry_out(id).await {
                            toasts.done(words.around.not_deleted);
                        }
                    });
                };
                toasts.undoable(words.sidebar.deleted, move || threads.spare(&spared), over);
            }
            _ => {}
        }
    }
}

/// What the search found.
#[component]
fn FoundList(
    /// The search.
    search: Search,
    /// The chat whose title is being typed.
    renaming: RwSignal<Option<ThreadId>>,
) -> impl IntoView {
    let threads = expect_context::<Threads>();
    // What happens elsewhere must not take away the title that is being typed.
    let found = Memo::new(move |before: Option<&Vec<FoundThread>>| {
        if let Some(before) = before.filter(|_| renaming.read().is_some()) {
            return before.clone();
        }
        let mut found = search.page.get().unwrap_or_default().threads;
        found.retain(|found| !threads.is_doomed(&found.thread.id));
        found
    });
    let nothing = Memo::new(move |_| found.read().is_empty());
    let words = &words().sidebar;
    view! {
        <p class="muted small side-empty" role="status">
            {move || nothing.get().then_some(words.nothing_found)}
        </p>
        <ul>
            <For each=move || found.get() key=|found| (found.thread.id.clone(), found.thread.title.clone(), found.snippet.clone()) let(found)>
                <Row thread=found.thread renaming hit=found.message_id.map(|id| (id, found.snippet))/>
            </For>
        </ul>
    }
    .into_any()
}

/// The chats by day, after those that are pinned.
#[component]
fn ThreadList(
    /// The chat whose title is being typed.
    renaming: RwSignal<Option<ThreadId>>,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let threads = expect_context::<Threads>();
    let groups = Memo::new(move |before: Option<&Vec<(Group, Vec<Thread>)>>| {
        // What happens elsewhere must not take away the title that is being typed.
        if let Some(before) = before.filter(|_| renaming.read().is_some()) {
            return before.clone();
        }
        let (pinned, list) = (threads.pinned.read(), threads.list.read());
        let unpinned = list
            .iter()
            .filter(|thread| pinned.iter().all(|pinned| pinned.id != thread.id));
        let by_day = unpinned.map(|thread| {
            let at = thread.updated_at;
            (group_of(clock.days_ago(at), &clock.day(at)), thread)
        });
        let all = pinned.iter().map(|thread| (PINNED, thread)).chain(by_day);
        let mut groups: Vec<(Group, Vec<Thread>)> = Vec::new();
        for (group, thread) in all.filter(|(_, thread)| !threads.is_doomed(&thread.id)) {
            match groups.last_mut().filter(|(last, _)| *last == group) {
                Some((_, threads)) => threads.push(thread.clone()),
                None => groups.push((group, vec![thread.clone()])),
            }
        }
        groups
    });
    let words = words();
    let this_year = move || clock.this_year();
    let title = move |group: Group| match group {
        PINNED => words.around.pinned.to_owned(),
        1..=4 => {
            let groups = words.sidebar.groups.get(group as usize - 1);
            groups.copied().unwrap_or_default().to_owned()
        }
        _ => {
            let months = words.around.months.get(group as usize % 12);
            let month = months.copied().unwrap_or_default();
            let year = group / 12;
            if year == this_year() {
                month.to_owned()
            } else {
                format!("{month} {year}")
            }
        }
    };
    // Line by line, so that an open menu stays open when something moves elsewhere.
    let of = move |group: Group| {
        groups.with(|groups| {
            let found = groups.iter().find(|(known, _)| *known == group);
            found
                .map(|(_, threads)| threads.clone())
                .unwrap_or_default()
        })
    };
    let empty = Memo::new(move |_| groups.read().is_empty());
    let all =
        move || groups.with(|groups| groups.iter().map(|(group, _)| *group).collect::<Vec<_>>());
    view! {
        {move || empty.get().then(|| view! { <p class="muted small side-empty">{words.sidebar.none}</p> })}
        <For each=all key=|group| *group let(group)>
            <section>
                <h2>{move || title(group)}</h2>
                <ul>
                    <For each=move || of(group) key=|thread| (thread.id.clone(), thread.title.clone(), thread.pinned) let(thread)>
                        <Row thread renaming/>
                    </For>
                </ul>
            </section>
        </For>
    }
    .into_any()
}

/// A chat's line with its menu. What is pressed in it is heard by the list.
#[component]
fn Row(
    /// The chat.
    thread: Thread,
    /// The chat whose title is being typed.
    renaming: RwSignal<Option<ThreadId>>,
    /// The message that was looked for, and what it says. A title needs no second line that says it again.
    #[prop(default = None)]
    hit: Option<(MessageId, Vec<SnippetPart>)>,
) -> impl IntoView {
    let threads = expect_context::<Threads>();
    let unread = expect_context::<Unread>();
    let path = use_location().pathname;
    let (words, around, new_chat) = (&words().sidebar, &words().around, words().begin.title);
    let name = thread.name_or(new_chat).to_owned();
    let page = format!("/chat/{}", thread.id);
    let href = match &hit {
        Some((message, _)) => format!("{page}?at={message}#m-{message}"),
        None => page.clone(),
    };
    let current = Memo::new(move |_| path.get() == page);
    let export = format!("/api/threads/{}/export?format=markdown", thread.id);
    let form = thread.id.to_string();
    let row = form.clone();
    let id = StoredValue::new(thread.id);
    let title = StoredValue::new(thread.title);
    let mark = move || {
        let id = id.read_value();
        if threads.is_answering(&id) {
            Some(answering_mark())
        } else {
            let unread = unread.has(&id) && !current.get();
            unread.then(|| view! { <span class="unread-dot"></span><span class="visually-hidden">{around.unread}</span> }.into_any())
        }
    };
    let (pin, pin_name) = if thread.pinned {
        ("unpin", around.unpin)
    } else {
        ("pin", around.pin)
    };
    view! {
        <li class="row" class:current=current data-id=row>
            <a href=href title=name.clone() aria-current=move || current.get().then_some("page")>
                {thread.private.then(private_mark)}
                <span class="row-name">{name.clone()}</span>
                {mark}
                {hit.map(|(_, snippet)| view! {
                    <span class="row-snippet">
                        {snippet.into_iter().map(|part| if part.hit {
                            view! { <mark>{part.text}</mark> }.into_any()
                        } else {
                            part.text.into_any()
                        }).collect_view()}
                    </span>
                })}
            </a>
            {move || (renaming.read().as_ref() == Some(&*id.read_value())).then(|| view! { <NewTitle id title renaming/> })}
            <details class="menu">
                <summary class="icon-button" aria-label=(words.more_for)(&name)>{icon("more")}</summary>
                <div class="menu-list">
                    <button type="button" class="js-only" data-do="rename">{icon("edit")}{words.rename}</button>
                    <button type="button" class="js-only" data-do=pin>{icon("pin")}{pin_name}</button>
                    <button type="button" class="js-only" data-do="archive">{icon("archive")}{words.archive}</button>
                    <a href=export download="" rel="external">{icon("save")}{around.export}</a>
                    <details class="confirm">
                        <summary data-do="delete">{icon("trash")}{words.delete}</summary>
                        <form method="post" action=DeleteThread::PATH>
                            <input type="hidden" name="id" value=form/>
                            <button type="submit" class="button danger small wide">{words.delete_for_good}</button>
                        </form>
                    </details>
                </div>
            </details>
        </li>
    }
    .into_any()
}

/// The field for another title: Enter and leaving it keep what was typed, Escape does not.
#[component]
fn NewTitle(
    /// The chat.
    id: StoredValue<ThreadId>,
    /// Its title.
    title: StoredValue<String>,
    /// The chat whose title is being typed.
    renaming: RwSignal<Option<ThreadId>>,
) -> impl IntoView {
    let threads = expect_context::<Threads>();
    let toasts = expect_context::<Toasts>();
    let rename = move |new: String| {
        // Escape, or a new list, takes the field away, which blurs it.
        let Some((id, title)) = id
            .try_get_value()
            .zip(title.try_get_value())
            .filter(|_| renaming.get_untracked().is_some())
        else {
            return;
        };
        renaming.set(None);
        let new = new.trim().to_owned();
        if new.is_empty() || new == title {
            return;
        }
        let change = ThreadChange {
            title: Some(new),
            ..ThreadChange::default()
        };
        spawn_local(async move {
            if let Err(error) = threads.change(id, change).await {
                toasts.trouble(&unless_signed_out(error));
            }
        });
    };
    // The row is a new one when its title is another; the keyboard goes to whatever has its link then.
    let link = move || format!("[data-id=\"{}\"] > a", id.get_value());
    let back = move || {
        let link = link();
        set_timeout(move || dom::focus_on(&link), Duration::ZERO);
    };
    view! {
        <input
            class="row-title" aria-label=words().sidebar.new_title maxlength=MAX_TITLE_CHARS.to_string() autofocus=true value=title.get_value()
            on:blur=move |event| rename(event_target_value(&event))
            on:keydown=move |event| match event.key().as_str() {
                "Enter" if !dom::composing(&event) => {
                    back();
                    rename(event_target_value(&event));
                }
                "Escape" => {
                    event.stop_propagation();
                    back();
                    renaming.set(None);
                }
                _ => {}
            }
        />
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_age_has_a_group() {
        let of = |days| group_of(days, "2025-10-03");
        assert_eq!(
            [-1, 0, 1, 2, 7, 8, 30].map(of),
            [1, 1, 2, 3, 3, 4, 4],
            "by day"
        );
        assert_eq!(of(31), 2025 * 12 + 9, "by month");
        assert_eq!(group_of(31, "2026-01-31"), 2026 * 12);
        assert_eq!(of(4000), of(31));
    }
}
