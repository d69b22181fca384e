//! What must still be said when the page is left.

use super::dom::{self, window};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestInit, Response};

/// Hears that the page is left, for good or not.
pub fn on_leave(told: impl Fn() + 'static) {
    dom::on_window("pagehide", move |_| told());
}

/// Sends `DELETE` to a path of this site, also when the page is gone before the answer comes; its status.
pub async fn delete(path: String) -> Option<u16> {
    let request = RequestInit::new();
    request.set_method("DELETE");
    let keep = JsValue::from_str("keepalive");
    _ = js_sys::Reflect::set(&request, &keep, &JsValue::TRUE);
    let sent = window()?.fetch_with_str_and_init(&path, &request);
    let response: Response = JsFuture::from(sent).await.ok()?.dyn_into().ok()?;
    Some(response.status())
}
