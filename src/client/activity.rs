//! Asks the server what goes on in other tabs and on other devices: every two seconds while the tab is seen, and at once
//! when another tab of this browser did something.

use super::dom;
use super::time::{Timer, after, spawn};
use super::{offline, server};
use crate::shared::activity::Activity;
use crate::shared::ids::ThreadId;
use crate::shared::time::Timestamp;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, Event};

/// How often is asked, in milliseconds.
const FAST: i32 = 2_000;
/// How often when nothing changes, and in a hidden tab whose answer goes on.
const SLOW: i32 = 10_000;
/// Milliseconds without a change after which it is asked slowly.
const QUIET_MS: i64 = 180_000;
/// What may mean that the tab missed something.
const BACK: [&str; 4] = ["visibilitychange", "focus", "online", "pageshow"];

thread_local! {
    /// The one that asks for this tab.
    static WATCH: RefCell<Option<Rc<Watch>>> = const { RefCell::new(None) };
}

type Handler = Closure<dyn FnMut(Event)>;

struct Watch {
    open: Box<dyn Fn() -> Option<ThreadId>>,
    answering: Box<dyn Fn() -> bool>,
    report: Box<dyn Fn(Option<ThreadId>, Activity)>,
    /// None in browsers that have none: they learn everything by asking.
    channel: Option<BroadcastChannel>,
    on_nudge: RefCell<Option<Handler>>,
    timer: Cell<Option<Timer>>,
    last: RefCell<String>,
    changed: Cell<Timestamp>,
    failures: Cell<u32>,
    asking: Cell<bool>,
    again: Cell<bool>,
    /// Whether the session is over, as far as is known.
    ended: Cell<bool>,
}

/// Begins to ask, once. `open` is the thread to ask about; while `answering` it, a hidden tab asks, too, to see the end.
/// `report` hears each answer with the thread that it is about.
pub fn start(
    open: impl Fn() -> Option<ThreadId> + 'static,
    answering: impl Fn() -> bool + 'static,
    report: impl Fn(Option<ThreadId>, Activity) + 'static,
) {
    let watch = Rc::new(Watch {
        open: Box::new(open),
        answering: Box::new(answering),
        report: Box::new(report),
        channel: BroadcastChannel::new("keylm").ok(),
        on_nudge: RefCell::default(),
        timer: Cell::new(None),
        last: RefCell::default(),
        changed: Cell::new(dom::now()),
        failures: Cell::new(0),
        asking: Cell::new(false),
        again: Cell::new(false),
        ended: Cell::new(false),
    });
    watch.listen();
    watch.ask();
    WATCH.set(Some(watch));
}

/// Tells the other tabs of this browser that something was done.
pub fn nudge() {
    WATCH.with_borrow(|watch| {
        if let Some(channel) = watch.as_ref().and_then(|watch| watch.channel.as_ref()) {
            _ = channel.post_message(&JsValue::NULL);
        }
    });
}

impl Watch {
    fn listen(self: &Rc<Self>) {
        for name in BACK {
            let watch = Rc::clone(self);
            dom::on_window(name, move |_| {
                if dom::visible() {
                    // Somebody may have signed in again in another tab.
                    watch.ended.set(false);
                    watch.changed.set(dom::now());
                    watch.ask();
                }
            });
        }
        let watch = Rc::downgrade(self);
        let nudged = Handler::new(move |_| {
            if let Some(watch) = watch.upgrade() {
                watch.changed.set(dom::now());
                // What is on its way may have been answered before that was done.
                watch.again.set(watch.asking.get());
                watch.ask();
            }
        });
        if let Some(channel) = &self.channel {
            channel.set_onmessage(Some(nudged.as_ref().unchecked_ref()));
        }
        self.on_nudge.replace(Some(nudged));
    }

    fn wanted(&self) -> bool {
        !self.ended.get() && (dom::visible() || (self.answering)())
    }

    fn ask(self: &Rc<Self>) {
        if !self.wanted() || self.asking.replace(true) {
            return;
        }
        self.timer.take();
        let watch = Rc::clone(self);
        spawn(async move {
            let open = (watch.open)();
            let url = match &open {
                Some(thread) => ["/api/activity?thread=", thread.as_str()].concat(),
                None => "/api/activity".to_owned(),
            };
            let answer = server::fetch(&url, None, server::JSON).await;
            watch.asking.set(false);
            match answer.map(|(response, text)| (response.status(), text)) {
                Some((401, _)) => return watch.ended.set(true),
                Some((200, text)) => {
                    offline::reached();
                    watch.take(open, text);
                }
                _ => watch.failures.set(watch.failures.get() + 1),
            }
            if watch.again.replace(false) {
                watch.ask();
            } else {
                watch.wait();
            }
        });
    }

    fn take(&self, open: Option<ThreadId>, text: String) {
        let Ok(activity) = serde_json::from_str(&text) else {
            self.failures.set(self.failures.get() + 1);
            return;
        };
        self.failures.set(0);
        if *self.last.borrow() != text {
            self.last.replace(text);
            self.changed.set(dom::now());
        }
        (self.report)(open, activity);
    }

    fn wait(self: &Rc<Self>) {
        if !self.wanted() {
            return;
        }
        let quiet = dom::now().0 - self.changed.get().0 > QUIET_MS;
        let pace = match self.failures.get() {
            0 if quiet || !dom::visible() => SLOW,
            0 => FAST,
            failures => FAST * (1 << failures.min(5)),
        };
        let watch = Rc::downgrade(self);
        let ask = move || {
            if let Some(watch) = watch.upgrade() {
                watch.ask();
            }
        };
        self.timer.set(Some(after(pace, ask)));
    }
}
