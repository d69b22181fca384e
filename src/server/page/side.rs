//! What stands beside the pages: the list of the chats, and the palette.

use super::models::picker;
use super::{Answer, caller, fail, looked_for};
use crate::server::http::extract::preferences;
use crate::server::services::Services;
use crate::shared::activity::WATCHED;
use crate::shared::chat::{FoundPage, Thread, ThreadPage, ThreadStatus};
use crate::shared::commands::has;
use crate::shared::ids::{ThreadId, UserId};
use crate::shared::model::{Model, PickerProvider};
use crate::shared::words::Words;
use crate::ui::pages::palette::{self, Line, Take};
use crate::ui::pages::sidebar::{self, Reader};
use crate::ui::state::clock::Clock;
use url::form_urlencoded::byte_serialize;

/// Pages of the list that are told at once.
const MOST_PAGES: u32 = 200;
/// Chats, and models, that the palette shows at once.
const MOST_LINES: usize = 8;

/// So many pages of all chats, or of what is found for `q`.
pub async fn side_list(q: String, pages: u32, open: Option<ThreadId>) -> Answer<String> {
    let caller = caller()?;
    let user = caller.user().await?;
    let reader = Reader {
        user: &user,
        open: open.as_ref(),
    };
    let pages = pages.clamp(1, MOST_PAGES);
    let services = caller.services();
    if !q.trim().is_empty() {
        let page = found(services, &user, &q, pages).await?;
        return Ok(sidebar::found_html(reader, page));
    }
    let page = all(services, &user, pages).await?;
    let clock = Clock {
        now: services.env().now(),
        zone_ms: i64::from(preferences(&caller.headers).zone_minutes) * 60_000,
    };
    Ok(sidebar::html(reader, clock, page))
}

async fn all(services: &Services, user: &UserId, pages: u32) -> Answer<ThreadPage> {
    let mut all = services.sidebar(user, None).await.map_err(fail)?;
    for _ in 1..pages {
        let Some(cursor) = all.next_cursor.take() else {
            break;
        };
        let page = services.sidebar(user, Some(&cursor)).await.map_err(fail)?;
        // What somebody wrote in meanwhile is in both.
        let known = |thread: &Thread| all.threads.iter().any(|known| known.id == thread.id);
        let mut more: Vec<Thread> = page.threads;
        more.retain(|thread| !known(thread));
        all.threads.append(&mut more);
        all.next_cursor = page.next_cursor;
    }
    Ok(all)
}

async fn found(services: &Services, user: &UserId, q: &str, pages: u32) -> Answer<FoundPage> {
    let mut all = FoundPage::default();
    for _ in 0..pages {
        let cursor = all.next_cursor.take();
        let page = services.search(user, ThreadStatus::Active, q, cursor.as_deref(), WATCHED);
        let mut page = page.await.map_err(fail)?;
        all.threads.append(&mut page.threads);
        all.next_cursor = page.next_cursor;
        if all.next_cursor.is_none() {
            break;
        }
    }
    Ok(all)
}

/// What fits to what was typed: commands, then chats, then models.
pub async fn palette_lines(q: String) -> Answer<String> {
    let caller = caller()?;
    let user = caller.user().await?;
    let words = caller.language().words();
    let services = caller.services();
    let q = looked_for(&q);
    let mut lines = palette::commands(words, q);
    let known = services.sidebar(&user, None).await.map_err(fail)?;
    let known = known.pinned.into_iter().chain(known.threads);
    let mut chats: Vec<Thread> = known.filter(|thread| has(&thread.title, q)).collect();
    if !q.trim().is_empty() {
        let found = found(services, &user, q, 1).await?;
        chats.extend(found.threads.into_iter().map(|found| found.thread));
    }
    lines.extend(lines_of_chats(&chats, words));
    if !q.trim().is_empty() {
        lines.extend(lines_of_models(&picker().await?, words, q));
    }
    Ok(palette::html(lines))
}

fn lines_of_chats(chats: &[Thread], words: &Words) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for thread in chats {
        let take = Take::Page(format!("/chat/{}", thread.id));
        if lines.len() < MOST_LINES && lines.iter().all(|line| line.take != take) {
            lines.push(Line {
                icon: "edit",
                name: thread.name_or(words.begin.title).to_owned(),
                note: words.around.a_chat.to_owned(),
                take,
            });
        }
    }
    lines
}

fn lines_of_models(shelves: &[PickerProvider], words: &Words, typed: &str) -> Vec<Line> {
    let all = shelves
        .iter()
        .filter_map(|shelf| Some((shelf.provider.name.as_str(), shelf.list.as_ref()?)));
    let models = all.flat_map(|(name, list)| list.models.iter().map(move |model| (name, model)));
    let fits = |(name, model): &(&str, &Model)| {
        has(
            &format!("{} {} {name}", model.display_name, model.id),
            typed,
        )
    };
    let line = |(name, model): (&str, &Model)| {
        let choice = format!("{}/{}", model.provider, model.id);
        let mut path = "/chat?model=".to_owned();
        path.extend(byte_serialize(choice.as_bytes()));
        Line {
            icon: "plus",
            name: (words.around.chat_with)(&model.display_name),
            note: name.to_owned(),
            take: Take::Page(path),
        }
    };
    models.filter(fits).take(MOST_LINES).map(line).collect()
}
