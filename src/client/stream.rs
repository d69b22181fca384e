//! Follows an answer over `EventSource`, which reconnects by itself as long as the server answers at all.
//!
//! A connection is held only where somebody looks: a tab that can not be seen lets its own go, and reads everything anew
//! when it is seen again.

use super::dom;
use super::place::{self, Place};
use crate::shared::chat::ViewEvent;
use leptos::leptos_dom::helpers::WindowListenerHandle;
use leptos::prelude::{set_timeout, window_event_listener_untyped};
use leptos::task::spawn_local;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Event, EventSource, MessageEvent};

/// Tries after which a stream that never opened is given up.
const TRIES: u32 = 6;
/// How long a tab that is hidden keeps its connection: long enough for a glance at another tab.
const GLANCE: Duration = Duration::from_secs(10);
/// How long to wait before a place for the stream is looked for again.
const TURN: Duration = Duration::from_secs(2);

/// How the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Connected, or about to be for the first time.
    Open,
    /// Other tabs of this browser hold the connections that there are.
    Waiting,
    /// Broken; it is being tried again.
    Lost,
    /// Broken for good.
    Dead,
}

thread_local! {
    /// What is followed, under the numbers of the [`Follow`]s. What the browser owns must not be dropped by another
    /// thread, and on a server the signals that hold a `Follow` may be.
    static FOLLOWED: RefCell<Vec<(u32, Rc<Inner>)>> = const { RefCell::new(Vec::new()) };
}

/// A stream that is followed; dropping it closes it.
pub struct Follow(u32);

type Handler = Closure<dyn FnMut(Event)>;

struct Inner {
    url: String,
    source: RefCell<Option<EventSource>>,
    place: RefCell<Option<Place>>,
    placing: Cell<bool>,
    seen: RefCell<Option<WindowListenerHandle>>,
    handlers: RefCell<Vec<Handler>>,
    tries: Cell<u32>,
    ended: Cell<bool>,
    on_event: Box<dyn Fn(ViewEvent)>,
    on_link: Box<dyn Fn(Link)>,
}

impl Drop for Follow {
    fn drop(&mut self) {
        let ended = FOLLOWED.with_borrow_mut(|followed| {
            let at = followed.iter().position(|(number, _)| *number == self.0);
            at.map(|at| followed.swap_remove(at))
        });
        if let Some((_, inner)) = ended {
            inner.end();
        }
    }
}

/// Follows the stream at `url` until its `End`.
pub fn follow(
    url: String,
    on_event: impl Fn(ViewEvent) + 'static,
    on_link: impl Fn(Link) + 'static,
) -> Follow {
    let inner = Rc::new(Inner {
        url,
        source: RefCell::default(),
        place: RefCell::default(),
        placing: Cell::new(false),
        seen: RefCell::default(),
        handlers: RefCell::default(),
        tries: Cell::new(0),
        ended: Cell::new(false),
        on_event: Box::new(on_event),
        on_link: Box::new(on_link),
    });
    let looking = Rc::downgrade(&inner);
    let seen = window_event_listener_untyped("visibilitychange", move |_| {
        if let Some(inner) = looking.upgrade() {
            inner.look();
        }
    });
    inner.seen.replace(Some(seen));
    inner.open();
    FOLLOWED.with_borrow_mut(|followed| {
        let number = followed
            .iter()
            .map(|(number, _)| number + 1)
            .max()
            .unwrap_or(0);
        followed.push((number, inner));
        Follow(number)
    })
}

impl Inner {
    /// Connects as soon as the tab is seen and has a place.
    fn open(self: &Rc<Self>) {
        let connected = self.source.borrow().is_some();
        if self.ended.get() || connected || !dom::visible() || self.placing.replace(true) {
            return;
        }
        let inner = Rc::clone(self);
        spawn_local(async move {
            let place = place::take().await;
            inner.placing.set(false);
            if inner.ended.get() {
                return;
            }
            if place.is_some() {
                inner.place.replace(place);
                inner.connect();
            } else {
                (inner.on_link)(Link::Waiting);
                inner.later(TURN, Self::open);
            }
        });
    }

    /// The answer goes on without a connection, so nothing is lost by letting it go.
    fn look(self: &Rc<Self>) {
        if dom::visible() {
            self.open();
        } else {
            self.later(GLANCE, |inner| {
                if !dom::visible() {
                    inner.close();
                }
            });
        }
    }

    fn later(self: &Rc<Self>, wait: Duration, then: fn(&Rc<Self>)) {
        let inner = Rc::downgrade(self);
        set_timeout(
            move || {
                if let Some(inner) = inner.upgrade() {
                    then(&inner);
                }
            },
            wait,
        );
    }

    fn connect(self: &Rc<Self>) {
        let Ok(source) = EventSource::new(&self.url) else {
            self.end();
            (self.on_link)(Link::Dead);
            return;
        };
        let mut handlers = Vec::new();
        let mut listen = |name: &str, handler: fn(&Rc<Self>, &Event)| {
            let inner = Rc::downgrade(self);
            let closure = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
                if let Some(inner) = inner.upgrade() {
                    handler(&inner, &event);
                }
            });
            _ = source.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
            handlers.push(closure);
        };
        for name in ["reset", "patch", "think", "end"] {
            listen(name, Self::receive);
        }
        listen("open", |inner, _| {
            inner.tries.set(0);
            (inner.on_link)(Link::Open);
        });
        listen("error", |inner, _| inner.broken());
        self.source.replace(Some(source));
        // The old handlers live until here: one of them may be what is running.
        let old = self.handlers.replace(handlers);
        set_timeout(move || drop(old), Duration::ZERO);
    }

    fn receive(self: &Rc<Self>, event: &Event) {
        let data = event
            .dyn_ref::<MessageEvent>()
            .and_then(|event| event.data().as_string());
        let Some(event) = data.and_then(|data| ViewEvent::read(&event.type_(), &data)) else {
            return;
        };
        if self.ended.get() {
            return;
        }
        if matches!(event, ViewEvent::End { .. }) {
            self.end();
        }
        (self.on_event)(event);
    }

    /// The browser tries again after a broken connection, but never after an answer that is no stream.
    fn broken(self: &Rc<Self>) {
        if self.ended.get() {
            return;
        }
        let closed = self
            .source
            .borrow()
            .as_ref()
            .is_none_or(|s| s.ready_state() == EventSource::CLOSED);
        self.tries.set(self.tries.get() + 1);
        if closed && self.tries.get() >= TRIES {
            self.end();
            (self.on_link)(Link::Dead);
            return;
        }
        (self.on_link)(Link::Lost);
        if closed {
            self.close();
            let wait = Duration::from_millis(500 << self.tries.get().min(4));
            self.later(wait, Self::open);
        }
    }

    fn close(&self) {
        if let Some(source) = self.source.take() {
            source.close();
        }
        self.place.take();
    }

    fn end(&self) {
        self.ended.set(true);
        self.close();
        if let Some(seen) = self.seen.take() {
            seen.remove();
        }
    }
}
