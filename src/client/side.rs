//! The sidebar: the list of the chats, which the server prints.

mod doomed;
mod presses;
mod rows;
mod search;
mod title;

pub use doomed::is_doomed;
pub use rows::mark_rows;

use super::server::unless_signed_out;
use super::{chat, dom, drawer, elsewhere, leave, morph, time, toasts};
use crate::api::threads::side_list;
use crate::shared::activity::Version;
use crate::shared::error::AppError;
use crate::shared::ids::ThreadId;
use std::cell::{Cell, RefCell};
use wasm_bindgen::JsCast;
use web_sys::Element;

/// The list.
const LIST: &str = "side-list";
/// Pixels above its end at which more of it is loaded.
const NEAR_END: i32 = 600;

thread_local! {
    /// The list of all chats as the server last said it. It belongs to no page.
    static SAID: RefCell<Option<Element>> = const { RefCell::new(None) };
    /// The pages of it that are shown.
    static PAGES: Cell<u32> = const { Cell::new(1) };
    /// Whether more of what is shown was asked for.
    static MORE: Cell<bool> = const { Cell::new(false) };
    /// Whether the list is being asked for, and whether it is to be asked for again then.
    static ASKING: Cell<bool> = const { Cell::new(false) };
    static AGAIN: Cell<bool> = const { Cell::new(false) };
    /// The version that it was asked for.
    static ASKED_FOR: RefCell<Option<Version>> = const { RefCell::new(None) };
    static ANSWERING: RefCell<Vec<ThreadId>> = const { RefCell::new(Vec::new()) };
    /// The path that its links are marked for.
    static PATH: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Hears what is pressed and typed in it.
pub fn start() {
    let Some(list) = list() else { return };
    SAID.set(copy(&list));
    presses::start();
    search::start();
    title::start();
    dom::on_capture("scroll", |event| {
        if dom::closest(&event, "#side-list").is_some() && dom::is_near_end(LIST, NEAR_END) {
            more();
        }
    });
    doomed::resume();
    rows::dress(&list);
    // Nothing can be undone on a page that is not there.
    leave::on_leave(toasts::dismiss_all);
}

fn list() -> Option<Element> {
    dom::by_id(LIST)
}

fn copy(list: &Element) -> Option<Element> {
    list.clone_node_with_deep(true).ok()?.dyn_into().ok()
}

/// The path of the page beside it.
fn path() -> String {
    let path = dom::window().and_then(|window| window.location().pathname().ok());
    path.unwrap_or_default()
}

/// Whether the page beside it is that of a chat.
fn is_open(thread: &ThreadId) -> bool {
    path() == ["/chat/", thread.as_str()].concat()
}

/// The page beside it is another one.
pub fn page_changed() {
    let path = path();
    for link in dom::all("#side > a, .side-foot a") {
        rows::set_current(&link, dom::attr(&link, "href") == path);
    }
    mark_rows();
    if PATH.replace(path.clone()) != path {
        drawer::close();
    } else if drawer::is_open() {
        // What covers the page covers also what came in its place.
        drawer::open();
    }
}

/// Asks for the list as it is now.
pub fn renew() {
    if list().is_none() {
        return;
    }
    if ASKING.replace(true) {
        AGAIN.set(true);
        return;
    }
    time::spawn(async {
        loop {
            AGAIN.set(false);
            let search = search::wanted();
            let pages = if search.is_empty() {
                PAGES.get()
            } else {
                search::pages()
            };
            let answer = side_list(search.clone(), pages, elsewhere::open()).await;
            take(&search, answer);
            if !AGAIN.get() {
                break;
            }
        }
        ASKING.set(false);
    });
}

fn take(search: &str, answer: Result<String, AppError>) {
    let more = MORE.replace(false);
    match answer {
        Ok(html) => {
            let list = dom::fragment(&html).into_iter().next();
            if list.as_ref().is_some_and(is_of_another) {
                return dom::go(&dom::here());
            }
            if search.is_empty() {
                SAID.set(list);
                // Something may have been renamed while the list was on its way.
                if !AGAIN.get() {
                    tell_title();
                }
            } else {
                search::found(search, list);
            }
            show();
        }
        Err(error) => {
            ASKED_FOR.set(None);
            // What somebody waits for is told; the rest is tried again.
            if more || !search.is_empty() {
                toasts::trouble(&unless_signed_out(error));
            }
        }
    }
}

/// Whether a list is of another person, who signed in in another tab: nothing on this page is theirs.
fn is_of_another(new: &Element) -> bool {
    list().is_some_and(|list| dom::attr(&list, "data-user") != dom::attr(new, "data-user"))
}

/// Lets the page of a chat have its title as the list has it.
fn tell_title() {
    let Some(open) = elsewhere::open() else {
        return;
    };
    let title = SAID.with_borrow(|said| {
        let row = ["[data-id=\"", open.as_str(), "\"]"].concat();
        dom::find(said.as_ref()?, &row).map(|row| title::of(&row))
    });
    if let Some(title) = title.filter(|title| !title.is_empty()) {
        chat::titled(&open, &title);
    }
}

/// Shows one page more of what is shown, if there is one.
fn more() {
    if dom::one("#side-list > [data-do=more]").is_none() || MORE.replace(true) {
        return;
    }
    if search::is_shown() {
        search::one_page_more();
    } else {
        PAGES.set(PAGES.get() + 1);
    }
    renew();
}

/// Shows what was last said, but not while a title is typed.
fn show() {
    if title::is_typed() {
        return;
    }
    let said = search::shown().or_else(|| SAID.with_borrow(Clone::clone));
    if let (Some(list), Some(new)) = (list(), said.as_ref().and_then(copy)) {
        rows::dress(&new);
        rows::mark_renamed(&new);
        let held = rows::held();
        morph::morph(&list, &new);
        if let Some(held) = held {
            rows::hold(&held);
        }
    }
}

/// Marks a thread as being answered, or no longer.
pub fn mark(thread: &ThreadId, answering: bool) {
    let mut threads = ANSWERING.with_borrow(Clone::clone);
    threads.retain(|known| known != thread);
    if answering {
        threads.push(thread.clone());
    }
    set_answering(threads);
}

/// Marks the threads that are being answered, and no others. Answers those that were until now.
pub fn set_answering(threads: Vec<ThreadId>) -> Vec<ThreadId> {
    let mut ended = ANSWERING.replace(threads.clone());
    if ended != threads {
        mark_rows();
    }
    ended.retain(|thread| !threads.contains(thread));
    ended
}

fn is_answering(thread: &ThreadId) -> bool {
    ANSWERING.with_borrow(|threads| threads.contains(thread))
}

/// Whether a thread is being answered, as far as is known.
#[must_use]
pub fn any_answering() -> bool {
    ANSWERING.with_borrow(|threads| !threads.is_empty())
}

/// Asks for the list if it is not of this version, once a version: a list that can not become the same must not be loaded for
/// ever.
pub fn keep_up(version: &Version) {
    let here = SAID.with_borrow(|said| said.as_ref().map(|said| dom::attr(said, "data-version")));
    if here.as_deref() == Some(version.as_str()) {
        ASKED_FOR.set(None);
        return;
    }
    let asked = ASKED_FOR.with_borrow(|asked| asked.as_ref() == Some(version));
    if !ASKING.get() && !asked {
        ASKED_FOR.set(Some(version.clone()));
        renew();
    }
}

/// What the list calls a thread that it has and shows.
#[must_use]
pub fn name_of(thread: &ThreadId) -> Option<String> {
    let name = ["[data-id=\"", thread.as_str(), "\"] .row-name"].concat();
    let found = SAID.with_borrow(|said| dom::find(said.as_ref()?, &name)?.text_content());
    found.filter(|_| !is_doomed(thread))
}

/// Whether the list has a thread. While something is looked for the list is not kept up, and has any.
#[must_use]
pub fn knows(thread: &ThreadId) -> bool {
    let row = ["[data-id=\"", thread.as_str(), "\"]"].concat();
    let in_list = |said: &Option<Element>| {
        said.as_ref()
            .is_some_and(|said| dom::find(said, &row).is_some())
    };
    !search::wanted().is_empty() || SAID.with_borrow(in_list)
}
