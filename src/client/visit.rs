//! From page to page without loading the document anew.

use super::server::{self, Body};
use super::{chat, dom, drawer, morph, page, scroll, time, toasts, unread};
use crate::shared::error::AppError;
use std::cell::{Cell, RefCell};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    Document, DomParser, Element, Event, HtmlAnchorElement, HtmlElement, Location, MouseEvent,
    SupportedType, Url,
};

/// After so many milliseconds a page that is on its way shows that it is.
const PATIENCE: i32 = 200;
/// What is no page of the app.
const ELSEWHERE: [&str; 3] = ["/api", "/docs", "/fn"];

thread_local! {
    /// The number of the newest visit, which is the one that counts.
    static NEWEST: Cell<u32> = const { Cell::new(0) };
    /// Whether it is on its way.
    static WAITING: Cell<bool> = const { Cell::new(false) };
    /// The address of the page that is shown, without what is behind `#`.
    static SHOWN: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Hears links and the browser's buttons.
pub fn start() {
    remember();
    dom::on("click", clicked);
    dom::on_window("popstate", |_| popped());
}

fn remember() {
    SHOWN.set(dom::here());
}

fn location() -> Option<Location> {
    dom::window().map(|window| window.location())
}

fn hash() -> String {
    let hash = location().and_then(|location| location.hash().ok());
    hash.unwrap_or_default()
}

fn clicked(event: Event) {
    if let Some(address) = wanted(&event)
        && go_to(&address)
    {
        event.prevent_default();
    }
}

/// The address of a page of the app that a click asks for, and nothing else.
fn wanted(event: &Event) -> Option<String> {
    let mouse = event.dyn_ref::<MouseEvent>()?;
    let plain = mouse.button() == 0
        && !(mouse.ctrl_key() || mouse.meta_key() || mouse.shift_key() || mouse.alt_key());
    if event.default_prevented() || !plain {
        return None;
    }
    let link: HtmlAnchorElement = dom::closest(event, "a[href]")?.dyn_into().ok()?;
    let out = ["target", "download"]
        .iter()
        .any(|name| link.has_attribute(name));
    if out || link.rel().contains("external") || link.origin() != location()?.origin().ok()? {
        return None;
    }
    let path = link.pathname();
    let other = |start: &&str| {
        path.strip_prefix(start)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    // What begins with two of them would be another site.
    if ELSEWHERE.iter().any(other) || path.starts_with("//") {
        return None;
    }
    Some([path, link.search(), link.hash()].concat())
}

/// Goes to a page.
pub fn go(path: &str) {
    if !go_to(path) {
        dom::go(path);
    }
}

/// Goes there if that is a matter of this module: not from a page without the frame, nor within one.
fn go_to(address: &str) -> bool {
    let (path, hash) = split(address);
    let here = path == dom::here() && !WAITING.get();
    // The browser itself goes from place to place in a page; messages may have to be fetched first.
    let place = !hash.is_empty() && !hash.starts_with("#m-");
    if dom::one(".workspace").is_none() || (here && place) {
        return false;
    }
    drawer::close();
    if chat::arrive(address) {
        forget();
        if address != [dom::here(), self::hash()].concat() {
            push(address);
            remember();
        }
    } else if !here {
        visit(address.to_owned(), false);
    }
    // A link to where one is leads nowhere.
    true
}

/// An address without what is behind `#`, and that.
fn split(address: &str) -> (&str, &str) {
    address.split_at(address.find('#').unwrap_or(address.len()))
}

fn popped() {
    let here = dom::here();
    if chat::arrive(&[here.as_str(), &hash()].concat()) {
        forget();
        remember();
    } else if WAITING.get() || SHOWN.with_borrow(|shown| *shown != here) {
        visit([here, hash()].concat(), true);
    }
}

fn push(address: &str) {
    if let Some(Ok(history)) = dom::window().map(|window| window.history()) {
        _ = history.push_state_with_url(&JsValue::NULL, "", Some(address));
    }
}

fn replace(address: &str) {
    if let Some(Ok(history)) = dom::window().map(|window| window.history()) {
        let state = history.state().unwrap_or_default();
        _ = history.replace_state_with_url(&state, "", Some(address));
    }
}

/// Begins a visit, or what takes the place of one; its number.
fn begin() -> u32 {
    let number = NEWEST.get().wrapping_add(1);
    NEWEST.set(number);
    number
}

/// Lets a visit be that is on its way.
fn forget() {
    begin();
    WAITING.set(false);
}

/// Whether a page is on its way.
pub(super) fn is_on_its_way() -> bool {
    WAITING.get()
}

fn visit(address: String, back: bool) {
    if !back {
        scroll::keep();
    }
    let number = begin();
    WAITING.set(true);
    let patience = time::after(PATIENCE, move || {
        // It may have been let be by then.
        if NEWEST.get() == number {
            wait();
        }
    });
    time::spawn(async move {
        let loaded = load(&chat::fetched(&address), None).await;
        drop(patience);
        if NEWEST.get() != number {
            return;
        }
        WAITING.set(false);
        let Ok(loaded) = loaded else {
            leave(&address, back);
            return;
        };
        // What was asked for may be less than the address says, but not another page.
        let (path, hash) = split(&address);
        let path = if loaded.moved { &loaded.address } else { path };
        if loaded.fits() {
            show(&loaded, path, hash, back);
        } else {
            leave(&[path, hash].concat(), back);
        }
    });
}

/// Loads a page as browsers do.
fn leave(address: &str, back: bool) {
    let Some(location) = location() else { return };
    _ = if !back {
        location.assign(address)
    } else if split(address).0 == dom::here() {
        location.reload()
    } else {
        location.replace(address)
    };
}

/// Says that a page is on its way. What a chat begins with stays: it says so itself.
fn wait() {
    if dom::one("#chat-new[data-keep]").is_some() {
        return;
    }
    if let (Some(old), Some(new)) = (dom::one("main"), dom::template("skeleton")) {
        page::detach();
        _ = old.replace_with_with_node_1(&new);
    }
}

fn show(loaded: &Page, path: &str, hash: &str, back: bool) {
    let (Some(old), Some(new)) = (dom::one("main"), loaded.main()) else {
        return;
    };
    page::detach();
    _ = old.replace_with_with_node_1(&new);
    let left = scroll::kept().filter(|_| back);
    let address = [path, hash].concat();
    if !back && address != [dom::here(), self::hash()].concat() {
        push(&address);
    } else if loaded.moved {
        replace(path);
    }
    arrived(loaded);
    let active = dom::document().and_then(|document| document.active_element());
    let taken = active.is_some_and(|active| {
        let elsewhere = active.closest("dialog, .side input");
        new.contains(Some(&active)) || elsewhere.is_ok_and(|it| it.is_some())
    });
    if !taken && let Some(new) = new.dyn_ref::<HtmlElement>() {
        _ = new.focus();
    }
    if !hash.is_empty() {
        // The browser's own way: it scrolls, and the style sheet knows what is meant.
        _ = location().map(|location| location.replace(hash));
    }
    if let Some(top) = left {
        scroll::to(top);
    }
}

fn arrived(loaded: &Page) {
    remember();
    unread::set_title(&loaded.document.title());
    page::attach();
}

/// Goes to a page that was loaded already, as the answer of a form.
pub(super) fn arrive(loaded: &Page) {
    scroll::keep();
    forget();
    if loaded.fits() {
        show(loaded, &loaded.address, "", false);
    } else {
        dom::go(&loaded.address);
    }
}

/// Shows what is at a path in the place of this page, keeping what is typed.
pub fn to(path: &str) {
    renew(path.to_owned(), true);
}

/// Shows this page as it is now, keeping what is typed.
pub fn refresh() {
    if !WAITING.get() {
        renew(dom::here(), false);
    }
}

fn renew(address: String, named: bool) {
    let number = begin();
    WAITING.set(named);
    time::spawn(async move {
        let loaded = load(&address, None).await;
        let loaded =
            loaded.and_then(|page| page.answered.then_some(page).ok_or_else(server::unreadable));
        if NEWEST.get() != number {
            return;
        }
        WAITING.set(false);
        match loaded {
            Ok(loaded) if loaded.fits() && !loaded.moved => become_page(&loaded, &address),
            Ok(loaded) => leave(&loaded.address, false),
            // Without an answer the page stays as it is.
            Err(error) if named => toasts::trouble(&error),
            Err(_) => {}
        }
    });
}

/// Changes this page into another one by what differs.
pub(super) fn become_page(loaded: &Page, address: &str) {
    if !WAITING.get() {
        // What is on its way to this page is older.
        begin();
    }
    let held = !dom::is_focus_lost();
    if let (Some(old), Some(new)) = (dom::one("main"), loaded.main()) {
        morph::morph(&old, &new);
    }
    let address = [address, &hash()].concat();
    if address != [dom::here(), hash()].concat() {
        replace(&address);
    }
    arrived(loaded);
    if held {
        dom::settle_focus();
    }
}

/// A page that the server sent.
pub(super) struct Page {
    /// Where it is, from its path on.
    pub address: String,
    /// Whether the server sent the browser there from somewhere else.
    pub moved: bool,
    /// Whether it is what was asked for, and not a page that says why that is not there.
    answered: bool,
    document: Document,
}

impl Page {
    fn main(&self) -> Option<Element> {
        self.document.query_selector("main").ok()?
    }

    /// Whether it has the frame that is here: also the same person's, in the same language, with the same script.
    pub fn fits(&self) -> bool {
        let Some(here) = dom::document() else {
            return false;
        };
        let same = |selector: &str, name: &str| {
            let said = |document: &Document| {
                let found = document.query_selector(selector).ok()??;
                Some(dom::attr(&found, name))
            };
            let said_here = said(&here);
            said_here.is_some() && said_here == said(&self.document)
        };
        same(".workspace > main", "id")
            && same("#side-list", "data-user")
            && same("html", "lang")
            && same("link[rel=modulepreload]", "href")
    }
}

/// Asks for a page, or posts a form and asks for the page that is the answer.
///
/// # Errors
/// That the server could not be reached, or what it said instead of a page.
pub(super) async fn load(address: &str, body: Option<Body>) -> Result<Page, AppError> {
    let answer = server::fetch(address, body, "text/html").await;
    let (response, text) = answer.ok_or_else(server::unreachable)?;
    let kind = response.headers().get("content-type").ok().flatten();
    if !kind.is_some_and(|kind| kind.starts_with("text/html")) {
        return Err(server::error(&text));
    }
    let document = DomParser::new()
        .and_then(|parser| parser.parse_from_string(&text, SupportedType::TextHtml));
    let url = Url::new(&response.url());
    match (document, url) {
        (Ok(document), Ok(url)) => Ok(Page {
            address: url.pathname() + &url.search(),
            moved: response.redirected(),
            answered: response.ok(),
            document,
        }),
        _ => Err(server::unreadable()),
    }
}
