//! Places for streams. Over HTTP/1.1 a browser keeps six connections to a server for all of its tabs together, and a
//! stream holds one for as long as its answer goes on. So only a few tabs stream at once; they agree on it by locks
//! that the browser frees when a tab is closed.

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Streams of one browser at the most; two connections stay free for all that is short.
const PLACES: u32 = 4;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["navigator", "locks"], js_name = request)]
    fn request_lock(name: &str, options: &Object, hold: &Function) -> Result<Promise, JsValue>;
}

/// A place; dropping it leaves it to another tab.
pub(super) struct Place(Option<Function>);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(leave) = &self.0 {
            _ = leave.call0(&JsValue::NULL);
        }
    }
}

/// A place, unless all are taken. A browser without locks, as on pages without TLS, does not count.
pub(super) async fn take() -> Option<Place> {
    for number in 0..PLACES {
        match JsFuture::from(try_take(number)).await {
            Ok(leave) if leave.is_function() => return Some(Place(Some(leave.unchecked_into()))),
            Ok(_) => {}
            Err(_) => return Some(Place(None)),
        }
    }
    None
}

/// Answers the function that leaves the place, or nothing when it is taken; fails where there are no locks.
fn try_take(number: u32) -> Promise {
    let options = Object::new();
    _ = Reflect::set(&options, &"ifAvailable".into(), &JsValue::TRUE);
    Promise::new(&mut |answer, fail| {
        let hold = Closure::once_into_js(move |lock: JsValue| {
            if lock.is_null() {
                _ = answer.call0(&JsValue::NULL);
                return JsValue::NULL;
            }
            // The lock is held until this promise is kept.
            Promise::new(&mut |leave, _| _ = answer.call1(&JsValue::NULL, &leave)).into()
        });
        let name = format!("keylm-stream-{number}");
        if request_lock(&name, &options, hold.unchecked_ref()).is_err() {
            _ = fail.call0(&JsValue::NULL);
        }
    })
}
