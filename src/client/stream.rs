//! Follows an answer over `EventSource`, which reconnects by itself as long as the server answers at all.
//!
//! A connection is held only where somebody looks: a tab that can not be seen lets its own go, and reads everything anew
//! when it is seen again.

use super::dom;
use super::place::{self, Place};
use super::time::{later, spawn};
use crate::shared::chat::ViewEvent;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Event, EventSource, EventTarget, MessageEvent};

/// Tries after which a stream that never opened is given up.
const TRIES: u32 = 6;
/// Milliseconds for which a tab that is hidden keeps its connection: long enough for a glance at another tab.
const GLANCE: i32 = 10_000;
/// Milliseconds to wait before a place for the stream is looked for again.
const TURN: i32 = 2_000;
/// What is heard of a stream: the names of a [`ViewEvent`].
const EVENTS: [&str; 5] = ["reset", "patch", "think", "thought", "end"];
/// When the tab is hidden or seen again.
const LOOK: &str = "visibilitychange";

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

/// A stream that is followed; dropping it closes it.
pub struct Follow(Rc<Inner>);

type Handler = Closure<dyn FnMut(Event)>;

struct Inner {
    url: String,
    source: RefCell<Option<EventSource>>,
    place: RefCell<Option<Place>>,
    placing: Cell<bool>,
    seen: RefCell<Option<Handler>>,
    handlers: RefCell<Vec<Handler>>,
    tries: Cell<u32>,
    ended: Cell<bool>,
    on_event: Box<dyn Fn(ViewEvent)>,
    on_link: Box<dyn Fn(Link)>,
}

impl Drop for Follow {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Follows the stream at `url` until its `End`.
pub fn follow(url: String, on_event: Box<dyn Fn(ViewEvent)>, on_link: Box<dyn Fn(Link)>) -> Follow {
    let inner = Rc::new(Inner {
        url,
        source: RefCell::default(),
        place: RefCell::default(),
        placing: Cell::new(false),
        seen: RefCell::default(),
        handlers: RefCell::default(),
        tries: Cell::new(0),
        ended: Cell::new(false),
        on_event,
        on_link,
    });
    if let Some(document) = dom::document() {
        let seen = inner.listen(&document, LOOK, |inner, _| inner.look());
        inner.seen.replace(Some(seen));
    }
    inner.open();
    Follow(inner)
}

impl Inner {
    fn listen(
        self: &Rc<Self>,
        target: &EventTarget,
        name: &str,
        hear: fn(&Rc<Self>, &Event),
    ) -> Handler {
        let inner = Rc::downgrade(self);
        let handler = Handler::new(move |event: Event| {
            if let Some(inner) = inner.upgrade() {
                hear(&inner, &event);
            }
        });
        _ = target.add_event_listener_with_callback(name, handler.as_ref().unchecked_ref());
        handler
    }

    /// Connects as soon as the tab is seen and has a place.
    fn open(self: &Rc<Self>) {
        let connected = self.source.borrow().is_some();
        if self.ended.get() || connected || !dom::visible() || self.placing.replace(true) {
            return;
        }
        let inner = Rc::clone(self);
        spawn(async move {
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

    fn later(self: &Rc<Self>, ms: i32, then: fn(&Rc<Self>)) {
        let inner = Rc::downgrade(self);
        later(ms, move || {
            if let Some(inner) = inner.upgrade() {
                then(&inner);
            }
        });
    }

    fn connect(self: &Rc<Self>) {
        let Ok(source) = EventSource::new(&self.url) else {
            self.end();
            (self.on_link)(Link::Dead);
            return;
        };
        let mut handlers: Vec<Handler> = EVENTS
            .iter()
            .map(|name| self.listen(&source, name, Self::receive))
            .collect();
        handlers.push(self.listen(&source, "open", |inner, _| {
            inner.tries.set(0);
            (inner.on_link)(Link::Open);
        }));
        handlers.push(self.listen(&source, "error", |inner, _| inner.broken()));
        self.source.replace(Some(source));
        self.put_away(handlers);
    }

    /// Takes other handlers. The old ones live a little longer: one of them may be what is running.
    fn put_away(&self, handlers: Vec<Handler>) {
        let old = self.handlers.replace(handlers);
        later(0, move || drop(old));
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
            self.later(500 << self.tries.get().min(4), Self::open);
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
        let seen = self.seen.take();
        if let (Some(document), Some(seen)) = (dom::document(), &seen) {
            let function = seen.as_ref().unchecked_ref();
            _ = document.remove_event_listener_with_callback(LOOK, function);
        }
        self.put_away(Vec::new());
    }
}
