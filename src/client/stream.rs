//! Follows an answer over `EventSource`, which reconnects by itself as long as the server answers at all.
//!
//! A connection is held only where somebody looks: a tab that can not be seen lets its own go, and reads everything anew
//! when it is seen again. After a change of the network one may look open that will never say anything any more; so it is made
//! anew when the network is back, and when it has been silent for longer than the server ever is.

use super::dom;
use super::place::{self, Place};
use super::time::{Timer, every, later, spawn};
use crate::shared::chat::ViewEvent;
use crate::shared::time::Timestamp;
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
/// Milliseconds of silence after which a connection is no more: the server says something every ten seconds.
const SILENCE: i64 = 35_000;
/// How often is looked for that, in milliseconds.
const WATCH: i32 = 5_000;
/// What is heard of a stream: the names of a [`ViewEvent`], and of what is said so that something is.
const EVENTS: [&str; 6] = ["reset", "patch", "think", "thought", "end", "alive"];
/// When the tab is hidden or seen again.
const LOOK: &str = "visibilitychange";
/// When the network, or a page that was put aside with its connections, is back.
const BACK: [&str; 2] = ["online", "pageshow"];

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
    /// What is listened to besides the connection itself.
    around: RefCell<Vec<(EventTarget, &'static str, Handler)>>,
    /// When something was heard last, and who looks for that.
    heard: Cell<Timestamp>,
    watch: RefCell<Option<Timer>>,
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
        around: RefCell::default(),
        heard: Cell::new(dom::now()),
        watch: RefCell::default(),
        handlers: RefCell::default(),
        tries: Cell::new(0),
        ended: Cell::new(false),
        on_event,
        on_link,
    });
    inner.look_around();
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

    fn look_around(self: &Rc<Self>) {
        let mut around = Vec::new();
        if let Some(document) = dom::document() {
            let look = self.listen(&document, LOOK, |inner, _| inner.look());
            around.push((document.into(), LOOK, look));
        }
        for name in BACK {
            if let Some(window) = dom::window() {
                let back = self.listen(&window, name, |inner, event| {
                    // A page that is loaded is shown, too.
                    let kept = js_sys::Reflect::get(event, &"persisted".into());
                    if event.type_() != "pageshow" || kept.is_ok_and(|kept| kept.is_truthy()) {
                        inner.renew();
                    }
                });
                around.push((window.into(), name, back));
            }
        }
        self.around.replace(around);
        let inner = Rc::downgrade(self);
        let watch = every(WATCH, move || {
            if let Some(inner) = inner.upgrade()
                && inner.source.borrow().is_some()
                && dom::now().0 - inner.heard.get().0 > SILENCE
            {
                inner.renew();
            }
        });
        self.watch.replace(Some(watch));
    }

    /// Makes the connection anew, whatever it looks like.
    fn renew(self: &Rc<Self>) {
        self.heard.set(dom::now());
        if let Some(source) = self.source.take() {
            source.close();
            (self.on_link)(Link::Lost);
            self.connect();
        } else {
            self.open();
        }
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
            inner.heard.set(dom::now());
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
        self.heard.set(dom::now());
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
        self.watch.take();
        let around = self.around.take();
        for (target, name, handler) in &around {
            let function = handler.as_ref().unchecked_ref();
            _ = target.remove_event_listener_with_callback(name, function);
        }
        self.put_away(around.into_iter().map(|(_, _, handler)| handler).collect());
        self.put_away(Vec::new());
    }
}
