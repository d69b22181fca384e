//! The document, the clock and the address bar.

use super::storage;
use crate::shared::time::Timestamp;
use crate::shared::words::Language;
use leptos::prelude::request_animation_frame;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    Blob, Document, Element, Event, HtmlAnchorElement, HtmlDialogElement, HtmlElement,
    HtmlTextAreaElement, Url, Window,
};

pub(super) fn window() -> Option<Window> {
    web_sys::window()
}

pub(super) fn document() -> Option<Document> {
    window()?.document()
}

pub(super) fn by_id<T: JsCast>(id: &str) -> Option<T> {
    document()?.get_element_by_id(id)?.dyn_into().ok()
}

/// Within so many frames a page or a part of it takes another one's place.
const FRAMES_OF_A_CHANGE: u32 = 20;

/// This moment by the browser's clock.
#[must_use]
pub fn now() -> Timestamp {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds since 1970 fit"
    )]
    Timestamp(js_sys::Date::now() as i64)
}

/// What to add to UTC for the browser's local time, in milliseconds.
#[must_use]
pub fn zone_ms() -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "at most 14 hours")]
    let minutes = js_sys::Date::new_0().get_timezone_offset() as i64;
    -minutes * 60_000
}

/// A fresh name for one send. Unique is enough: the server keeps it per person.
#[must_use]
pub fn request_id() -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "32 bits"
    )]
    let part = || (js_sys::Math::random() * 4_294_967_296.0) as u32;
    format!("{:x}-{:08x}{:08x}{:08x}", now().0, part(), part(), part())
}

/// Puts the keyboard on an element, without scrolling.
pub fn focus(id: &str) {
    if let Some(element) = by_id::<HtmlElement>(id) {
        _ = element.focus();
    }
}

/// Puts the keyboard on the page's main part if what has it goes within the next frames.
pub fn settle_focus() {
    fn look(frames: u32) {
        request_animation_frame(move || {
            let active = document().and_then(|document| document.active_element());
            if active.is_none_or(|active| active.tag_name() == "BODY") {
                focus("main");
            }
            if frames > 0 {
                look(frames - 1);
            }
        });
    }
    look(FRAMES_OF_A_CHANGE);
}

/// Puts the keyboard on the first element that fits, with its text selected.
pub fn focus_first(selector: &str) {
    let found = document().and_then(|document| document.query_selector(selector).ok().flatten());
    if let Some(input) =
        found.and_then(|element| element.dyn_into::<web_sys::HtmlInputElement>().ok())
    {
        _ = input.focus();
        input.select();
    }
}

/// Puts the keyboard on the first element that fits.
pub fn focus_on(selector: &str) {
    let found = document().and_then(|document| document.query_selector(selector).ok().flatten());
    if let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        _ = element.focus();
    }
}

/// Presses the last element that fits, if there is one.
pub fn press_last(selector: &str) {
    let found = document().and_then(|document| document.query_selector_all(selector).ok());
    let last = found.and_then(|found| found.item(found.length().checked_sub(1)?));
    if let Some(element) = last.and_then(|last| last.dyn_into::<HtmlElement>().ok()) {
        element.click();
    }
}

/// What a click wants, if it fell on something with `data-do`: that, and the `data-id` of what it is in, if any.
#[must_use]
pub fn pressed(event: &Event) -> Option<(String, String)> {
    let target: Element = event.target()?.dyn_into().ok()?;
    let button = target.closest("[data-do]").ok()??;
    let what = button.get_attribute("data-do")?;
    let owner = button.closest("[data-id]").ok().flatten();
    let id = owner.and_then(|owner| owner.get_attribute("data-id"));
    Some((what, id.unwrap_or_default()))
}

/// Whether the mouse is over an element that fits, or the keyboard in it. Where fingers point nothing hovers: what was touched
/// last only looks so.
#[must_use]
pub fn is_held(selector: &str) -> bool {
    let how = if is_touch() {
        ":focus-within"
    } else {
        ":is(:hover, :focus-within)"
    };
    let found =
        document().and_then(|document| document.query_selector(&[selector, how].concat()).ok());
    found.flatten().is_some()
}

/// Whether the window is too narrow for the sidebar to stand beside the page.
#[must_use]
pub fn is_narrow() -> bool {
    window()
        .and_then(|window| window.match_media("(max-width: 48rem)").ok().flatten())
        .is_some_and(|query| query.matches())
}

/// Whether an element is scrolled to less than this many pixels above its end.
#[must_use]
pub fn is_near_end(id: &str, pixels: i32) -> bool {
    by_id::<Element>(id).is_some_and(|element| {
        element.scroll_height() - element.scroll_top() - element.client_height() < pixels
    })
}

/// Whether nothing that takes text, and no dialog, has the keyboard.
#[must_use]
pub fn nothing_focused() -> bool {
    document()
        .and_then(|document| document.active_element())
        .is_none_or(|active| {
            !matches!(
                active.tag_name().as_str(),
                "INPUT" | "TEXTAREA" | "SELECT" | "BUTTON" | "A" | "SUMMARY"
            ) && active.closest("dialog").ok().flatten().is_none()
        })
}

/// Whether fingers are the pointer.
#[must_use]
pub fn is_touch() -> bool {
    window()
        .and_then(|window| window.match_media("(pointer: coarse)").ok().flatten())
        .is_some_and(|query| query.matches())
}

/// Opens a `<dialog>` over the page; the browser keeps the focus inside and brings it back.
pub fn open_dialog(id: &str) {
    if let Some(dialog) = by_id::<HtmlDialogElement>(id)
        && !dialog.open()
    {
        _ = dialog.show_modal();
    }
}

/// Closes a `<dialog>`.
pub fn close_dialog(id: &str) {
    if let Some(dialog) = by_id::<HtmlDialogElement>(id) {
        dialog.close();
    }
}

/// Whether a dialog is open.
#[must_use]
pub fn dialog_open() -> bool {
    document().is_some_and(|document| {
        document
            .query_selector("dialog[open]")
            .is_ok_and(|dialog| dialog.is_some())
    })
}

/// Hands a text over as a file.
pub fn save(name: &str, text: &str) {
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let link = document()
        .and_then(|document| document.create_element("a").ok())
        .and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok());
    let url = Blob::new_with_str_sequence(&parts)
        .and_then(|blob| Url::create_object_url_with_blob(&blob));
    if let (Some(link), Ok(url)) = (link, url) {
        link.set_href(&url);
        link.set_download(name);
        link.click();
        _ = Url::revoke_object_url(&url);
    }
}

/// Text as one part of a URL.
#[must_use]
pub fn encode(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}

/// Whether a click fell on a dialog's backdrop.
#[must_use]
pub fn on_backdrop(event: &Event) -> bool {
    event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
        .is_some_and(|element| element.tag_name() == "DIALOG")
}

/// Empties every form in an element and folds it up again. The keyboard stays on what is left to see.
pub fn fold(id: &str) {
    let all = |selector: &str| by_id::<Element>(id)?.query_selector_all(selector).ok();
    for list in [all("form"), all("details[open]")].into_iter().flatten() {
        for node in (0..list.length()).filter_map(|index| list.item(index)) {
            if let Some(form) = node.dyn_ref::<web_sys::HtmlFormElement>() {
                form.reset();
            } else if let Some(details) = node.dyn_ref::<Element>() {
                let active = document().and_then(|document| document.active_element());
                if details.contains(active.as_deref())
                    && let Ok(Some(summary)) = details.query_selector("summary")
                    && let Some(summary) = summary.dyn_ref::<HtmlElement>()
                {
                    _ = summary.focus();
                }
                _ = details.remove_attribute("open");
            }
        }
    }
}

/// Closes every open menu (`details.menu`) that does not hold the event's target.
pub fn close_menus(event: &Event) {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Node>().ok());
    let Some(menus) = document().and_then(|d| d.query_selector_all("details.menu[open]").ok())
    else {
        return;
    };
    for index in 0..menus.length() {
        let Some(menu) = menus.item(index) else {
            continue;
        };
        if !menu.contains(target.as_ref())
            && let Ok(menu) = menu.dyn_into::<Element>()
        {
            _ = menu.remove_attribute("open");
        }
    }
}

/// Closes every open menu; says whether there was one.
pub fn close_all_menus() -> bool {
    let menus = document().and_then(|d| d.query_selector_all("details.menu[open]").ok());
    let count = menus.as_ref().map_or(0, web_sys::NodeList::length);
    for index in 0..count {
        let menu = menus
            .as_ref()
            .and_then(|menus| menus.item(index))
            .and_then(|n| n.dyn_into::<Element>().ok());
        if let Some(menu) = menu {
            _ = menu.remove_attribute("open");
        }
    }
    count > 0
}

/// Scrolls an element just into view.
pub fn reveal(id: &str) {
    if let Some(element) = by_id::<Element>(id) {
        let options = web_sys::ScrollIntoViewOptions::new();
        _ = js_sys::Reflect::set(
            &options,
            &JsValue::from_str("block"),
            &JsValue::from_str("nearest"),
        );
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// What an element that scrolls has beyond its edges, in pixels.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beyond {
    /// Above what is seen.
    pub above: i32,
    /// Below it.
    pub below: i32,
    /// How high the part is that is seen.
    pub seen: i32,
}

/// How an element that grows upwards (`column-reverse`) is scrolled.
#[must_use]
pub fn beyond(id: &str) -> Beyond {
    by_id::<Element>(id).map_or_else(Beyond::default, |element| {
        let (below, seen) = (element.scroll_top().abs(), element.client_height());
        Beyond {
            above: element.scroll_height() - seen - below,
            below,
            seen,
        }
    })
}

/// The page's own address, from its path on.
#[must_use]
pub fn here() -> String {
    let location = web_sys::window().map(|window| window.location());
    location.map_or_else(String::new, |location| {
        location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()
    })
}

/// Scrolls such an element to its end.
pub fn scroll_to_end(id: &str) {
    if let Some(element) = by_id::<Element>(id) {
        element.set_scroll_top(0);
    }
}

/// Lets a text area be as high as its text; the style sheet bounds it.
pub fn fit_height(id: &str) {
    let Some(area) = by_id::<HtmlTextAreaElement>(id) else {
        return;
    };
    let style = area.style();
    _ = style.set_property("height", "auto");
    _ = style.set_property("height", &format!("{}px", area.scroll_height()));
}

/// Sets or takes away an attribute of `<html>`.
pub fn mark_page(name: &str, value: Option<&str>) {
    let Some(root) = document().and_then(|document| document.document_element()) else {
        return;
    };
    _ = match value {
        Some(value) => root.set_attribute(name, value),
        None => root.remove_attribute(name),
    };
}

/// The language that the page was written in.
#[must_use]
pub fn language() -> Language {
    let root = document().and_then(|document| document.document_element());
    root.and_then(|root| root.get_attribute("lang"))
        .and_then(|code| Language::parse(&code))
        .unwrap_or_default()
}

/// The site's cookies that scripts may read.
#[must_use]
pub fn cookies() -> String {
    document()
        .and_then(|document| js_sys::Reflect::get(&document, &JsValue::from_str("cookie")).ok())
        .and_then(|value| value.as_string())
        .unwrap_or_default()
}

/// Keeps a preference in a cookie for a year.
pub fn set_cookie(name: &str, value: &str) {
    if let Some(document) = document() {
        let text = format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax");
        _ = js_sys::Reflect::set(
            &document,
            &JsValue::from_str("cookie"),
            &JsValue::from_str(&text),
        );
    }
}

/// Loads another page anew, leaving everything in memory behind.
pub fn go(url: &str) {
    if let Some(window) = window() {
        _ = window.location().set_href(url);
    }
}

/// Whether an input method is composing, so that Enter belongs to it. 229 is what older engines send then.
#[must_use]
pub fn composing(event: &web_sys::KeyboardEvent) -> bool {
    event.is_composing() || event.key_code() == 229
}

/// The text of an `<input>`, `<textarea>` or `<select>` without blanks around it, put back into it.
pub fn trim_value(event: &Event) {
    let input = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
    if let Some(input) = input {
        let value = input.value();
        if value.trim() != value {
            input.set_value(value.trim());
        }
    }
}

/// Whether the tab can be seen.
#[must_use]
pub fn visible() -> bool {
    document()
        .is_none_or(|document| document.visibility_state() == web_sys::VisibilityState::Visible)
}

/// Keeps what is typed into a field in this browser, and puts it back into one that is empty.
pub fn keep_typed(id: &str, key: &'static str) {
    let Some(field) = by_id::<HtmlTextAreaElement>(id) else {
        return;
    };
    if field.value().is_empty()
        && let Some(kept) = storage::get(key)
    {
        field.set_value(&kept);
    }
    let typed = field.clone();
    let keep = Closure::<dyn Fn()>::new(move || storage::set(key, &typed.value()));
    _ = field.add_event_listener_with_callback("input", keep.as_ref().unchecked_ref());
    // The field goes with the page; so may the listener.
    keep.forget();
}
