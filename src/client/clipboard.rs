//! Copying.

use super::dom::{document, window};
use crate::shared::error::AppError;
use js_sys::{Array, Object, Promise, Reflect};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{Blob, BlobPropertyBag, Clipboard, ClipboardItem, HtmlTextAreaElement};

/// What is put there.
const KIND: &str = "text/plain";

/// Puts text on the clipboard; says whether that worked. Pages without TLS have only the old way.
pub async fn copy(text: &str) -> bool {
    match clipboard() {
        Some(clipboard) => JsFuture::from(clipboard.write_text(text)).await.is_ok(),
        None => copy_by_selection(text).unwrap_or(false),
    }
}

/// Puts text there that is still to come. The browser hears of it at once: some let nobody copy any more by the time it is here.
///
/// # Errors
/// Why it did not come.
pub async fn copy_coming(
    text: impl Future<Output = Result<String, AppError>> + 'static,
) -> Result<bool, AppError> {
    let came = Rc::new(RefCell::new(Ok(String::new())));
    let keep = Rc::clone(&came);
    let coming = future_to_promise(async move {
        let text = text.await;
        let item = text
            .as_ref()
            .map_or(Err(JsValue::NULL), |text| plain(text).map(JsValue::from));
        *keep.borrow_mut() = text;
        item
    });
    let written = match write(&coming) {
        Some(writing) => JsFuture::from(writing).await.is_ok(),
        None => false,
    };
    _ = JsFuture::from(coming).await;
    let text = came.replace(Ok(String::new()))?;
    Ok(written || copy(&text).await)
}

fn clipboard() -> Option<Clipboard> {
    let navigator = window()?.navigator();
    Reflect::get(&navigator, &"clipboard".into())
        .ok()?
        .dyn_into()
        .ok()
}

/// None where texts that are still to come can not be copied.
fn write(coming: &Promise) -> Option<Promise> {
    let kinds = Object::new();
    Reflect::set(&kinds, &KIND.into(), coming).ok()?;
    let clipboard = clipboard()?;
    let item = ClipboardItem::new_with_record_from_str_to_blob_promise(&kinds).ok()?;
    Some(clipboard.write(&Array::of1(&item)))
}

fn plain(text: &str) -> Result<Blob, JsValue> {
    let kind = BlobPropertyBag::new();
    kind.set_type(KIND);
    Blob::new_with_str_sequence_and_options(&Array::of1(&text.into()), &kind)
}

fn copy_by_selection(text: &str) -> Option<bool> {
    let document = document()?;
    let area: HtmlTextAreaElement = document.create_element("textarea").ok()?.dyn_into().ok()?;
    area.set_value(text);
    area.set_class_name("visually-hidden");
    document.body()?.append_child(&area).ok()?;
    area.select();
    let command = js_sys::Reflect::get(&document, &JsValue::from_str("execCommand")).ok()?;
    let done = command
        .dyn_into::<js_sys::Function>()
        .ok()?
        .call1(&document, &JsValue::from_str("copy"))
        .is_ok_and(|done| done.is_truthy());
    area.remove();
    Some(done)
}
