//! The document, the clock and the address bar.

use super::time::frame;
use crate::shared::time::Timestamp;
use crate::shared::words::Language;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    Blob, Document, Element, Event, EventTarget, HtmlAnchorElement, HtmlElement, HtmlInputElement,
    HtmlTemplateElement, HtmlTextAreaElement, KeyboardEvent, NodeList, ScrollIntoViewOptions,
    ScrollLogicalPosition, Url, Window,
};

/// The window.
#[must_use]
pub fn window() -> Option<Window> {
    web_sys::window()
}

/// The document.
#[must_use]
pub fn document() -> Option<Document> {
    window()?.document()
}

/// The element with an id, if it is of that kind.
#[must_use]
pub fn by_id<T: JsCast>(id: &str) -> Option<T> {
    document()?.get_element_by_id(id)?.dyn_into().ok()
}

/// Hears an event of the whole document for ever, after what is nearer to it.
pub fn on(name: &str, hear: impl Fn(Event) + 'static) {
    if let Some(document) = document() {
        listen(&document, name, false, Box::new(hear));
    }
}

/// Hears an event of the whole document for ever, also one that does not bubble.
pub fn on_capture(name: &str, hear: impl Fn(Event) + 'static) {
    if let Some(document) = document() {
        listen(&document, name, true, Box::new(hear));
    }
}

/// Hears an event of the window for ever.
pub fn on_window(name: &str, hear: impl Fn(Event) + 'static) {
    if let Some(window) = window() {
        listen(&window, name, false, Box::new(hear));
    }
}

/// Hears an event of anything for ever.
pub fn listen(target: &EventTarget, name: &str, capture: bool, hear: Box<dyn Fn(Event)>) {
    let hear = Closure::wrap(hear).into_js_value();
    let hear = hear.unchecked_ref();
    _ = target.add_event_listener_with_callback_and_bool(name, hear, capture);
}

/// The first element of the document that fits.
#[must_use]
pub fn one(selector: &str) -> Option<Element> {
    document()?.query_selector(selector).ok()?
}

/// All elements of the document that fit.
#[must_use]
pub fn all(selector: &str) -> Vec<Element> {
    let found = document().and_then(|document| document.query_selector_all(selector).ok());
    found.map_or_else(Vec::new, |found| elements(&found))
}

/// The first element in another one that fits.
#[must_use]
pub fn find(root: &Element, selector: &str) -> Option<Element> {
    root.query_selector(selector).ok()?
}

/// All elements in another one that fit.
#[must_use]
pub fn find_all(root: &Element, selector: &str) -> Vec<Element> {
    let found = root.query_selector_all(selector);
    found.map_or_else(|_| Vec::new(), |found| elements(&found))
}

fn elements(found: &NodeList) -> Vec<Element> {
    (0..found.length())
        .filter_map(|index| found.item(index)?.dyn_into().ok())
        .collect()
}

/// The element that an event fell on or in, if one around it fits.
#[must_use]
pub fn closest(event: &Event, selector: &str) -> Option<Element> {
    let target: Element = event.target()?.dyn_into().ok()?;
    target.closest(selector).ok()?
}

/// An attribute; empty where there is none.
#[must_use]
pub fn attr(element: &Element, name: &str) -> String {
    element.get_attribute(name).unwrap_or_default()
}

/// Gives an element an attribute without a value, or takes it away.
pub fn toggle_attr(element: &Element, name: &str, on: bool) {
    _ = element.toggle_attribute_with_force(name, on);
}

/// Gives an element a class, or takes it away.
pub fn toggle_class(element: &Element, name: &str, on: bool) {
    _ = element.class_list().toggle_with_force(name, on);
}

/// Gives an element the class of an animation, which begins anew if it had that.
pub fn replay(element: &Element, class: &str) {
    toggle_class(element, class, false);
    // Without a layout in between nothing would have changed.
    _ = element.client_width();
    toggle_class(element, class, true);
}

/// A copy of what is in a `<template>`.
#[must_use]
pub fn template(id: &str) -> Option<Element> {
    let template: HtmlTemplateElement = by_id(id)?;
    let first = template.content().first_element_child()?;
    first.clone_node_with_deep(true).ok()?.dyn_into().ok()
}

/// The elements that a piece of the server's HTML is made of. They belong to nothing yet.
#[must_use]
pub fn fragment(html: &str) -> Vec<Element> {
    let holder = document().and_then(|document| document.create_element("template").ok());
    let Some(holder) = holder.and_then(|holder| holder.dyn_into::<HtmlTemplateElement>().ok())
    else {
        return Vec::new();
    };
    holder.set_inner_html(html);
    let children = holder.content().children();
    (0..children.length())
        .filter_map(|index| children.item(index))
        .collect()
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

/// Puts the keyboard on an element.
pub fn focus(id: &str) {
    if let Some(element) = by_id::<HtmlElement>(id) {
        _ = element.focus();
    }
}

/// Puts the keyboard on the page's main part if what has it goes within the next frames.
pub fn settle_focus() {
    fn look(frames: u32) {
        frame(move || {
            if is_focus_lost() {
                focus("main");
            }
            if frames > 0 {
                look(frames - 1);
            }
        });
    }
    look(FRAMES_OF_A_CHANGE);
}

/// Whether an element that fits has the keyboard, or something in it.
#[must_use]
pub fn is_focus_in(selector: &str) -> bool {
    one(&[selector, ":focus-within"].concat()).is_some()
}

/// Whether nothing has the keyboard, as when what had it is gone.
#[must_use]
pub fn is_focus_lost() -> bool {
    let active = document().and_then(|document| document.active_element());
    active.is_none_or(|active| active.tag_name() == "BODY")
}

/// Puts the keyboard on the first element that fits, with its text selected.
pub fn focus_first(selector: &str) {
    let input = one(selector).and_then(|element| element.dyn_into::<HtmlInputElement>().ok());
    if let Some(input) = input {
        _ = input.focus();
        input.select();
    }
}

/// Presses the last element that fits, if there is one.
pub fn press_last(selector: &str) {
    let last = all(selector).pop();
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
    one(&[selector, how].concat()).is_some()
}

/// Whether the middle of an element is seen: within the window, and nothing lies over it.
#[must_use]
pub fn in_sight(element: &Element) -> bool {
    let area = element.get_bounding_client_rect();
    let (x, y) = (
        area.x() + area.width() / 2.0,
        area.y() + area.height() / 2.0,
    );
    #[expect(clippy::cast_possible_truncation, reason = "pixels of a screen")]
    let top = document().and_then(|document| document.element_from_point(x as f32, y as f32));
    top.is_some_and(|top| element.contains(Some(&top)))
}

/// How wide the page is, in pixels.
#[must_use]
pub fn width() -> i32 {
    let root = document().and_then(|document| document.document_element());
    root.map_or(0, |root| root.client_width())
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

/// Scrolls an element just into view.
pub fn reveal(id: &str) {
    if let Some(element) = by_id::<Element>(id) {
        let options = ScrollIntoViewOptions::new();
        options.set_block(ScrollLogicalPosition::Nearest);
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
pub fn composing(event: &KeyboardEvent) -> bool {
    event.is_composing() || event.key_code() == 229
}

/// Takes the blanks around the text of an `<input>` away.
pub fn trim_value(event: &Event) {
    let input = event
        .target()
        .and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
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
