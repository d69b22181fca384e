//! What there is without a network. The worker of the site (`public/sw.js`) keeps the chats that were read last; here it is
//! started, told what is read, and the page is marked while the browser is offline.

use super::dom::{mark_page, on_window, window};
use super::time::spawn;
use crate::shared::ids::ThreadId;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ServiceWorker, ServiceWorkerContainer};

/// What pages are marked with.
const MARK: &str = "data-offline";

/// None where the browser has none, as on plain http away from this machine.
fn workers() -> Option<ServiceWorkerContainer> {
    let navigator = window()?.navigator();
    let known = js_sys::Reflect::has(&navigator, &JsValue::from_str("serviceWorker"));
    known.unwrap_or(false).then(|| navigator.service_worker())
}

/// Starts the worker, and marks the page from now on. Called once.
pub fn start() {
    if let Some(workers) = workers() {
        let registered = workers.register("/sw.js");
        // Without it the page works all the same.
        spawn(async move { _ = JsFuture::from(registered).await });
    }
    if window().is_some_and(|window| !window.navigator().on_line()) {
        mark_page(MARK, Some(""));
    }
    for (name, mark) in [("offline", Some("")), ("online", None)] {
        on_window(name, move |_| mark_page(MARK, mark));
    }
}

/// The server has answered, so the page is not without a network, whatever it was when it was loaded.
pub fn reached() {
    mark_page(MARK, None);
}

/// Keeps a chat as the server has it now. On the first visit the worker is not there yet; it hears of it once it is.
pub fn keep(thread: &ThreadId) {
    let Some(Ok(ready)) = workers().map(|workers| workers.ready()) else {
        return;
    };
    let path = JsValue::from_str(&["/chat/", thread.as_str()].concat());
    spawn(async move {
        let Ok(registration) = JsFuture::from(ready).await else {
            return;
        };
        let active = js_sys::Reflect::get(&registration, &JsValue::from_str("active"));
        if let Some(Ok(worker)) = active.ok().map(JsCast::dyn_into::<ServiceWorker>) {
            _ = worker.post_message(&path);
        }
    });
}
