//! The sidebar: the chats by day, and the ways to the other pages.

use super::workspace::Drawer;
use crate::api::threads::{DeleteThread, list_threads};
use crate::shared::chat::{FoundThread, SnippetPart, Thread, ThreadChange, ThreadStatus};
use crate::shared::ids::{MessageId, ThreadId};
use crate::shared::validate::MAX_TITLE_CHARS;
use crate::ui::parts::answering::answering_mark;
use crate::ui::parts::icon::icon;
use crate::ui::parts::post_form::PostForm;
use crate::ui::state::clock::Clock;
use crate::ui::state::preferences::Prefs;
use crate::ui::state::search::Search;
use crate::ui::state::threads::Threads;
use crate::ui::state::toasts::Toasts;
use crate::ui::state::{Who, unless_signed_out, words};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

/// Which of the groups of the catalog an age belongs to.
const fn group_of(days_ago: i64) -> usize {
    match days_ago {
        ..=0 => 0,
        1 => 1,
        2..=7 => 2,
        8..=30 => 3,
        _ => 4,
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
    Effect::new(move |_| {
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
    view! {
        <aside class="side" id="side" aria-label=said.label>
            <div class="side-head">
                <a class="brand" href="/chat">{icon("key")}"KeyLM"</a>
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
                />
            </div>
            <nav class="side-list" aria-label=said.chats>
                <Suspense fallback=|| view! { <div class="skeleton lines" aria-busy="true"></div> }>
                    {move || Suspend::new(async move {
                        who.session().await;
                        match first.await {
                            Ok(page) => threads.start(page),
                            Err(error) => _ = unless_signed_out(error),
                        }
                        move || if searching.get() {
                            view! { <FoundList search/> }.into_any()
                        } else {
                            view! { <ThreadList/> }.into_any()
                        }
                    })}
                </Suspense>
            </nav>
            <nav class="side-foot" aria-label=said.pages>
                <a href="/providers" aria-current=here("/providers")>{icon("key")}{said.providers}</a>
                <a href="/models" aria-current=here("/models")>{icon("search")}{said.models}</a>
                <a href="/settings" aria-current=here("/settings")>{icon("gear")}{said.settings}</a>
            </nav>
        </aside>
    }
    .into_any()
}

/// What the search found.
#[component]
fn FoundList(
    /// The search.
    search: Search,
) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let renaming = RwSignal::new(None::<ThreadId>);
    // What happens elsewhere must not take away the title that is being typed.
    let found = Memo::new(move |before: Option<&Vec<FoundThread>>| {
        if let Some(before) = before.filter(|_| renaming.read().is_some()) {
            return before.clone();
        }
        search.page.get().unwrap_or_default().threads
    });
    let nothing = Memo::new(move |_| {
        let page = search.page.read();
        page.as_ref().is_some_and(|page| page.threads.is_empty())
    });
    let more = move |_| {
        spawn_local(async move {
            if let Err(error) = search.load_more().await {
                toasts.trouble(&unless_signed_out(error));
            }
        });
    };
    let words = &words().sidebar;
    let any_more = move || {
        let page = search.page.read();
        page.as_ref().is_some_and(|page| page.next_cursor.is_some())
    };
    view! {
        <p class="muted small side-empty" role="status">
            {move || nothing.get().then_some(words.nothing_found)}
        </p>
        <ul>
            <For each=move || found.get() key=|found| (found.thread.id.clone(), found.thread.title.clone(), found.snippet.clone()) let(found)>
                <Row thread=found.thread renaming hit=found.message_id.map(|id| (id, found.snippet))/>
            </For>
        </ul>
        {move || any_more().then(|| view! {
            <button type="button" class="button quiet wide" on:click=more>{words.more_found}</button>
        })}
    }
    .into_any()
}

/// The chats by day.
#[component]
fn ThreadList() -> impl IntoView {
    let clock = expect_context::<Clock>();
    let threads = expect_context::<Threads>();
    let toasts = expect_context::<Toasts>();
    let renaming = RwSignal::new(None::<ThreadId>);
    let groups = Memo::new(move |before: Option<&[Vec<Thread>; 5]>| {
        // What happens elsewhere must not take away the title that is being typed.
        if let Some(before) = before.filter(|_| renaming.read().is_some()) {
            return before.clone();
        }
        let mut groups: [Vec<Thread>; 5] = Default::default();
        for thread in threads.list.read().iter() {
            if let Some(group) = groups.get_mut(group_of(clock.days_ago(thread.updated_at))) {
                group.push(thread.clone());
            }
        }
        groups
    });
    let more = move |_| {
        spawn_local(async move {
            if let Err(error) = threads.load_more().await {
                toasts.trouble(&unless_signed_out(error));
            }
        });
    };
    let words = &words().sidebar;
    let empty = Memo::new(move |_| groups.read().iter().all(Vec::is_empty));
    // Line by line, so that an open menu stays open when something moves elsewhere.
    let group = |(index, title): (usize, &'static str)| {
        let threads = move || groups.read().get(index).cloned().unwrap_or_default();
        let any = Memo::new(move |_| {
            groups
                .read()
                .get(index)
                .is_some_and(|group| !group.is_empty())
        });
        move || {
            any.get().then(|| view! {
                <section>
                    <h2>{title}</h2>
                    <ul>
                        <For each=threads key=|thread| (thread.id.clone(), thread.title.clone()) let(thread)>
                            <Row thread renaming/>
                        </For>
                    </ul>
                </section>
            })
        }
    };
    view! {
        {move || empty.get().then(|| view! { <p class="muted small side-empty">{words.none}</p> })}
        {words.groups.into_iter().enumerate().map(group).collect_view()}
        {move || threads.cursor.read().is_some().then(|| view! {
            <button type="button" class="button quiet wide js-only" on:click=more>{words.older}</button>
        })}
    }
    .into_any()
}

/// A chat's line with its menu.
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
    let toasts = expect_context::<Toasts>();
    let path = use_location().pathname;
    let navigate = use_navigate();
    let id = StoredValue::new(thread.id.clone());
    let title = StoredValue::new(thread.title.clone());
    let (words, new_chat) = (&words().sidebar, words().begin.title);
    let name = StoredValue::new(thread.name_or(new_chat).to_owned());
    let page = format!("/chat/{}", thread.id);
    let href = match &hit {
        Some((message, _)) => format!("{page}#m-{message}"),
        None => page.clone(),
    };
    let current = Memo::new(move |_| path.get() == page);
    let leave = move || {
        if current.try_get_untracked() == Some(true) {
            navigate("/chat", NavigateOptions::default());
        }
    };
    let change = move |change: ThreadChange| {
        let id = id.get_value();
        spawn_local(async move {
            if let Err(error) = threads.change(id, change).await {
                toasts.trouble(&unless_signed_out(error));
            }
        });
    };
    let rename = move |new: String| {
        // Escape, or a new list, takes the field away, which blurs it.
        let Some(title) = title
            .try_get_value()
            .filter(|_| renaming.get_untracked().is_some())
        else {
            return;
        };
        renaming.set(None);
        let new = new.trim().to_owned();
        if !new.is_empty() && new != title {
            change(ThreadChange {
                title: Some(new),
                ..ThreadChange::default()
            });
        }
    };
    let archive = {
        let leave = leave.clone();
        move |_| {
            leave();
            change(ThreadChange {
                status: Some(ThreadStatus::Archived),
                ..ThreadChange::default()
            });
            toasts.done(words.archived);
        }
    };
    let delete = move || {
        leave();
        let id = id.get_value();
        spawn_local(async move {
            match threads.delete(id).await {
                Ok(()) => toasts.done(words.deleted),
                Err(error) => toasts.trouble(&unless_signed_out(error)),
            }
        });
    };
    let answering = Memo::new(move |_| threads.is_answering(&id.read_value()));
    view! {
        <li class="row" class:current=current>
            <a href=href title=name.get_value() aria-current=move || current.get().then_some("page")>
                <span class="row-name">{name.get_value()}</span>
                {move || answering.get().then(answering_mark)}
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
            {move || (renaming.read().as_ref() == Some(&*id.read_value())).then(|| view! {
                <input
                    class="row-title" aria-label=words.new_title maxlength=MAX_TITLE_CHARS.to_string() autofocus=true value=title.get_value()
                    on:blur=move |event| rename(event_target_value(&event))
                    on:keydown=move |event| match event.key().as_str() {
                        "Enter" => rename(event_target_value(&event)),
                        "Escape" => renaming.set(None),
                        _ => {}
                    }
                />
            })}
            <details class="menu">
                <summary class="icon-button" aria-label=(words.more_for)(&name.read_value())>{icon("more")}</summary>
                <div class="menu-list">
                    <button type="button" class="js-only" on:click=move |_| {
                        renaming.set(Some(id.get_value()));
                        crate::client::dom::close_all_menus();
                        set_timeout(|| crate::client::dom::focus_first(".row-title"), std::time::Duration::ZERO);
                    }>{icon("edit")}{words.rename}</button>
                    <button type="button" class="js-only" on:click=archive>{icon("archive")}{words.archive}</button>
                    <details class="confirm">
                        <summary>{icon("trash")}{words.delete}</summary>
                        <PostForm action=DeleteThread::PATH fields=vec![("id", id.get_value().to_string())] submit=delete>
                            <button type="submit" class="button danger small wide">{words.delete_for_good}</button>
                        </PostForm>
                    </details>
                </div>
            </details>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::words::{Language, Sidebar as SidebarWords};

    const WORDS: &SidebarWords = &Language::English.words().sidebar;

    #[test]
    fn every_age_has_a_group() {
        let groups = [-1, 0, 1, 2, 7, 8, 30, 31, 4000].map(|days| WORDS.groups[group_of(days)]);
        assert_eq!(groups[0], "Today");
        assert_eq!(groups[2], "Yesterday");
        assert_eq!(groups[4], "Last 7 days");
        assert_eq!(groups[6], "Last 30 days");
        assert_eq!(groups[8], "Older");
    }
}
