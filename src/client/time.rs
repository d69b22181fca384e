//! Later: timers, frames and futures of the browser's one thread.

use super::dom::window;
use js_sys::Promise;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Something that happens later; dropping it means that it does not.
#[must_use]
pub struct Timer(Rc<Cell<bool>>);

impl Timer {
    fn new() -> Self {
        Self(Rc::new(Cell::new(true)))
    }

    /// Whether it is still to happen. The browser calls in any case, and is not listened to then.
    fn holds(&self) -> Rc<Cell<bool>> {
        Rc::clone(&self.0)
    }

    /// Lets it happen whatever becomes of this.
    pub fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// Calls once, so many milliseconds later.
pub fn after(ms: i32, call: impl FnOnce() + 'static) -> Timer {
    let timer = Timer::new();
    let holds = timer.holds();
    later(ms, move || {
        if holds.get() {
            call();
        }
    });
    timer
}

/// Calls again and again, so many milliseconds apart.
pub fn every(ms: i32, call: impl Fn() + 'static) -> Timer {
    fn next(ms: i32, holds: Rc<Cell<bool>>, call: Rc<dyn Fn()>) {
        later(ms, move || {
            if holds.get() {
                call();
                next(ms, holds, call);
            }
        });
    }
    let timer = Timer::new();
    next(ms, timer.holds(), Rc::new(call));
    timer
}

/// Calls once, and nobody wants to prevent it.
pub fn later(ms: i32, call: impl FnOnce() + 'static) {
    if let Some(window) = window() {
        let call = Closure::once_into_js(call);
        _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(call.unchecked_ref(), ms);
    }
}

/// Calls before the next frame is painted.
pub fn frame(call: impl FnOnce() + 'static) {
    if let Some(window) = window() {
        let call = Closure::once_into_js(call);
        _ = window.request_animation_frame(call.unchecked_ref());
    }
}

/// Lets the browser do what is due before the next step.
pub async fn pause() {
    let due = Promise::new(&mut |go, _| {
        later(0, move || _ = go.call0(&JsValue::NULL));
    });
    _ = JsFuture::from(due).await;
}

/// Runs a future on this thread.
pub fn spawn(future: impl Future<Output = ()> + 'static) {
    wasm_bindgen_futures::spawn_local(future);
}
