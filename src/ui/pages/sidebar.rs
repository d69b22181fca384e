//! The sidebar: the chats by day, and the ways to the other pages.

use crate::api::threads::{DeleteThread, side_list};
use crate::shared::activity::Version;
use crate::shared::chat::{FoundPage, FoundThread, SnippetPart, Thread, ThreadPage};
use crate::shared::ids::{MessageId, ThreadId, UserId};
use crate::shared::time::Timestamp;
use crate::shared::words::Words;
use crate::ui::parts::icon::icon;
use crate::ui::parts::post_form::PostForm;
use crate::ui::parts::private::private_mark;
use crate::ui::state::clock::Clock;
use crate::ui::state::{Who, words};
use leptos::prelude::*;
use leptos::tachys::html::InertElement;
use leptos_router::hooks::use_location;

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

/// What a heading says.
fn title_of(group: Group, this_year: u32, words: &Words) -> String {
    match group {
        PINNED => words.around.pinned.to_owned(),
        1..=4 => {
            let groups = words.sidebar.groups.get(group as usize - 1);
            groups.copied().unwrap_or_default().to_owned()
        }
        _ => {
            let months = words.around.months.get(group as usize % 12);
            let month = months.copied().unwrap_or_default();
            let year = group / 12;
            if year == this_year {
                month.to_owned()
            } else {
                format!("{month} {year}")
            }
        }
    }
}

/// The sidebar.
#[component]
pub(super) fn Sidebar() -> impl IntoView {
    let who = expect_context::<Who>();
    let path = use_location().pathname.get_untracked();
    let open = path.strip_prefix("/chat/").and_then(|id| id.parse().ok());
    let words = words();
    let (said, new_chat) = (&words.sidebar, words.begin.title);
    let here = |to: &'static str| (path == to).then_some("page");
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
                <button type="button" class="icon-button js-only" data-do="side-close" aria-label=said.close aria-controls="side">
                    {icon("side")}
                </button>
            </div>
            <a class="button wide" href="/chat" aria-current=here("/chat")>{icon("new")}{new_chat}</a>
            <div class="side-search js-only">
                {icon("search")}
                <input id="thread-search" type="search" placeholder=said.search aria-label=said.search autocomplete="off"/>
            </div>
            <Suspense>
                {Suspend::new(async move {
                    // Who may not see it is sent away by the frame.
                    let user = who.session().await?;
                    Some(match side_list(String::new(), 1, open).await {
                        Ok(list) => InertElement::new(list).into_any(),
                        // The page asks again, because this is no version of the list.
                        Err(_) => view! {
                            <nav class="side-list" id="side-list" aria-label=said.chats data-user=user.id.to_string() data-version=""></nav>
                        }
                        .into_any(),
                    })
                })}
            </Suspense>
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

/// Whose list it is, and which of their chats is open.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The person.
    pub user: &'a UserId,
    /// The chat that is open.
    pub open: Option<&'a ThreadId>,
}

/// The element of the list, with what is in it.
fn list(
    reader: Reader<'_>,
    version: Option<&Version>,
    rows: AnyView,
    more: Option<&'static str>,
) -> String {
    let version = version.map(|version| version.as_str().to_owned());
    view! {
        <nav
            class="side-list" id="side-list" aria-label=words().sidebar.chats
            data-user=reader.user.as_str().to_owned() data-version=version
        >
            {rows}
            {more.map(|more| view! { <button type="button" class="button quiet wide js-only" data-do="more">{more}</button> })}
        </nav>
    }
    .into_any()
    .to_html()
}

/// What the search found, as HTML.
#[must_use]
pub fn found_html(reader: Reader<'_>, page: FoundPage) -> String {
    let words = &words().sidebar;
    let nothing = page.threads.is_empty().then_some(words.nothing_found);
    let found =
        |FoundThread {
             thread,
             message_id,
             snippet,
         }| { row(thread, message_id.map(|id| (id, snippet)), reader.open) };
    let rows = view! {
        <p class="muted small side-empty" role="status">{nothing}</p>
        <ul>{page.threads.into_iter().map(found).collect_view()}</ul>
    };
    let more = page.next_cursor.map(|_| words.more_found);
    list(reader, None, rows.into_any(), more)
}

/// The chats by day, after those that are pinned, as HTML.
#[must_use]
pub fn html(reader: Reader<'_>, clock: Clock, page: ThreadPage) -> String {
    let words = words();
    let ThreadPage {
        threads,
        next_cursor,
        pinned,
    } = page;
    let version = Version::of_list(threads.iter().map(line), pinned.iter().map(line));
    let twice = |thread: &Thread| pinned.iter().any(|pinned| pinned.id == thread.id);
    let unpinned: Vec<Thread> = threads.into_iter().filter(|one| !twice(one)).collect();
    let by_day = unpinned.into_iter().map(|thread| {
        let at = thread.updated_at;
        (group_of(clock.days_ago(at), &clock.day(at)), thread)
    });
    let mut groups: Vec<(Group, Vec<Thread>)> = Vec::new();
    for (group, thread) in pinned.into_iter().map(|one| (PINNED, one)).chain(by_day) {
        match groups.last_mut().filter(|(last, _)| *last == group) {
            Some((_, threads)) => threads.push(thread),
            None => groups.push((group, vec![thread])),
        }
    }
    let none = groups.is_empty().then_some(words.sidebar.none);
    let this_year = clock.this_year();
    let section = |(group, threads): (Group, Vec<Thread>)| {
        let rows = threads
            .into_iter()
            .map(|thread| row(thread, None, reader.open));
        view! {
            <section data-part=group.to_string()>
                <h2>{title_of(group, this_year, words)}</h2>
                <ul>{rows.collect_view()}</ul>
            </section>
        }
    };
    let rows = view! {
        {none.map(|none| view! { <p class="muted small side-empty">{none}</p> })}
        {groups.into_iter().map(section).collect_view()}
    };
    let more = next_cursor.map(|_| words.sidebar.older);
    list(reader, Some(&version), rows.into_any(), more)
}

/// A thread as its version tells it.
fn line(thread: &Thread) -> (&ThreadId, &str, Timestamp) {
    (&thread.id, &thread.title, thread.updated_at)
}

/// A chat's line with its menu. A message that was looked for comes with what it says; a title needs no second line that
/// says it again.
fn row(
    thread: Thread,
    hit: Option<(MessageId, Vec<SnippetPart>)>,
    open: Option<&ThreadId>,
) -> AnyView {
    let (words, around, new_chat) = (&words().sidebar, &words().around, words().begin.title);
    let name = thread.name_or(new_chat).to_owned();
    let page = format!("/chat/{}", thread.id);
    let href = match &hit {
        Some((message, _)) => format!("{page}?at={message}#m-{message}"),
        None => page,
    };
    let current = open == Some(&thread.id);
    let export = format!("/api/threads/{}/export?format=", thread.id);
    let id = thread.id.to_string();
    let (row, field) = (format!("row-{id}"), id.clone());
    let (pin, pin_name) = if thread.pinned {
        ("unpin", around.unpin)
    } else {
        ("pin", around.pin)
    };
    let snippet = hit.map(|(_, snippet)| {
        let part = |part: SnippetPart| {
            if part.hit {
                view! { <mark>{part.text}</mark> }.into_any()
            } else {
                part.text.into_any()
            }
        };
        view! { <span class="row-snippet">{snippet.into_iter().map(part).collect_view()}</span> }
    });
    view! {
        <li
            class=if current { "row current" } else { "row" } id=row data-id=id
            data-untitled=thread.title.is_empty()
        >
            <a href=href title=name.clone() aria-current=current.then_some("page")>
                {thread.private.then(private_mark)}
                <span class="row-name">{name.clone()}</span>
                {snippet}
            </a>
            <details class="menu">
                <summary class="icon-button" aria-label=(words.more_for)(&name)>{icon("more")}</summary>
                <div class="menu-list">
                    <button type="button" class="js-only" data-do="rename">{icon("edit")}{words.rename}</button>
                    <button type="button" class="js-only" data-do=pin>{icon("pin")}{pin_name}</button>
                    <button type="button" class="js-only" data-do="archive">{icon("archive")}{words.archive}</button>
                    <a href=format!("{export}markdown") download="" rel="external">{icon("save")}{around.export}</a>
                    <a href=format!("{export}json") download="" rel="external">{icon("save")}{around.export_json}</a>
                    <details class="confirm">
                        <summary data-do="delete">{icon("trash")}{words.delete}</summary>
                        <PostForm action=DeleteThread::PATH fields=vec![("id", field)]>
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
    use crate::shared::chat::{ChatSettings, ThreadStatus};
    use crate::shared::words::Language;

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

    #[test]
    fn a_month_of_another_year_says_its_year() {
        let words = Language::English.words();
        let of = |group| title_of(group, 2026, words);
        assert_eq!(of(PINNED), "Pinned");
        assert_eq!(of(1), words.sidebar.groups[0]);
        assert_eq!(
            [of(2026 * 12), of(2025 * 12 + 9)],
            ["January", "October 2025"]
        );
    }

    fn thread(id: &str, title: &str, day: i64, pinned: bool) -> Thread {
        let at = Timestamp(day * 86_400_000);
        Thread {
            id: id.parse().expect("an id"),
            title: title.to_owned(),
            provider: "openai".parse().expect("an id"),
            model: "m".parse().expect("an id"),
            system_prompt: None,
            settings: ChatSettings::default(),
            status: ThreadStatus::Active,
            private: false,
            pool_fallback: false,
            pinned,
            created_at: at,
            updated_at: at,
        }
    }

    #[test]
    fn what_is_pinned_stands_first_and_once_and_names_are_text() {
        let user = "ada".parse().expect("an id");
        let open = "b".parse().expect("an id");
        let reader = Reader {
            user: &user,
            open: Some(&open),
        };
        let clock = Clock {
            now: Timestamp(100 * 86_400_000),
            zone_ms: 0,
        };
        let b = || thread("b", "", 40, true);
        let page = ThreadPage {
            threads: vec![thread("a", "<b>A</b>", 100, false), b()],
            next_cursor: Some("more".to_owned()),
            pinned: vec![b()],
        };
        let html = html(reader, clock, page);
        let at = |text: &str| {
            html.find(text)
                .unwrap_or_else(|| panic!("{text} in {html}"))
        };
        assert!(at(r#"data-part="0""#) < at(r#"id="row-b""#), "{html}");
        assert!(at(r#"id="row-b""#) < at(r#"data-part="1""#), "{html}");
        assert!(at(r#"data-part="1""#) < at(r#"id="row-a""#), "{html}");
        assert!(at(r#"id="row-a""#) < at(r#"data-do="more""#), "{html}");
        assert_eq!(html.matches(r#"id="row-b""#).count(), 1, "{html}");
        assert_eq!(html.matches("data-untitled").count(), 1, "{html}");
        assert_eq!(html.matches(r#"class="row current""#).count(), 1, "{html}");
        assert!(
            html.contains("&lt;b&gt;A") && !html.contains("<b>A"),
            "{html}"
        );
        let none = super::html(reader, clock, ThreadPage::default());
        assert!(
            none.contains("side-empty") && !none.contains("<section"),
            "{none}"
        );
    }
}
