//! What stands below the messages: the composer, and the notes above it.

use super::composer::{self, Composer, Wishes};
use super::conversation::Conversation;
use super::refusal::Again;
use super::{editor, moving, queue, refusal, sends};
use crate::client::stream::Link;
use crate::client::time::{self, Timer};
use crate::client::{dom, overlays, storage, words};
use crate::shared::chat::MessageStatus;
use crate::shared::error::AppError;
use crate::shared::model;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, KeyboardEvent};

/// A connection is gone for longer than a blink after so many milliseconds.
const BLINK: i32 = 3000;

thread_local! {
    static DOCK: RefCell<Option<Rc<Dock>>> = const { RefCell::new(None) };
}

struct Dock {
    conversation: Rc<Conversation>,
    composer: RefCell<Rc<Composer>>,
    /// Whether the reader is away from the end.
    away: Cell<bool>,
    /// Whether something has come since.
    fresh: Cell<bool>,
    /// While the connection is gone: when that is to be said.
    lost: RefCell<Option<Timer>>,
    /// Whether it has been gone for that long.
    late: Cell<bool>,
}

/// Hears its buttons.
pub fn start() {
    composer::start();
    moving::start();
    dom::on("click", |event| pressed(&event));
    // On the window, so that everybody else has the key before.
    dom::on_window("keydown", |event| {
        if let Some(key) = event.dyn_ref::<KeyboardEvent>()
            && key.key() == "Escape"
            && !(key.shift_key() || key.ctrl_key() || key.alt_key())
            && !(key.default_prevented() || dom::composing(key))
            && !overlays::is_any_open()
        {
            super::stop_all();
        }
    });
}

fn pressed(event: &Event) {
    let (Some(button), Some(open)) = (dom::closest(event, ".dock [data-do]"), conversation())
    else {
        return;
    };
    match dom::attr(&button, "data-do").as_str() {
        "latest" => open.to_end(),
        "send-queued" => _ = queue::send_next(&open),
        "unqueue" => queue::remove(&open, &button),
        "dismiss-refusal" => refusal::clear(),
        // The link leads on.
        "take-along" => take_along(),
        _ => {}
    }
}

/// Lets what was written for a thread that is gone be the draft of a new one.
fn take_along() {
    let Some(composer) = composer::current() else {
        return;
    };
    let draft = composer::new_draft();
    let mut parts: Vec<_> = storage::get(&draft).into_iter().collect();
    parts.extend(
        conversation()
            .map(|open| queue::take_all(&open.id()))
            .into_iter()
            .flatten(),
    );
    parts.push(composer.take_text());
    parts.retain(|part| !part.trim().is_empty());
    storage::set(&draft, &parts.join("\n"));
}

fn now() -> Option<Rc<Dock>> {
    DOCK.with_borrow(Clone::clone)
}

/// The conversation that it belongs to.
pub(super) fn conversation() -> Option<Rc<Conversation>> {
    now().map(|dock| Rc::clone(&dock.conversation))
}

fn of(conversation: &Rc<Conversation>) -> Option<Rc<Dock>> {
    now().filter(|dock| Rc::ptr_eq(&dock.conversation, conversation))
}

/// Binds the dock of a thread's page. Once more for the same conversation shows again how it stands.
pub fn attach(conversation: &Rc<Conversation>) {
    let composer = composer::attach(wishes(conversation));
    if let Some(dock) = of(conversation) {
        dock.composer.replace(composer);
        refusal::restore();
        dock.show_away();
    } else {
        DOCK.set(Some(Rc::new(Dock {
            conversation: Rc::clone(conversation),
            composer: RefCell::new(composer),
            away: Cell::new(false),
            fresh: Cell::new(false),
            lost: RefCell::default(),
            late: Cell::new(false),
        })));
    }
    changed(conversation);
}

fn wishes(conversation: &Rc<Conversation>) -> Wishes {
    let [says, stops, waits, edits] = std::array::from_fn(|_| Rc::clone(conversation));
    let draft = composer::draft_of(&conversation.id());
    let place = draft.clone();
    Wishes {
        draft,
        send: Box::new(move |text, taken| {
            let name = sends::name(&place, "", &text);
            let (place, sent, said) = (place.clone(), name.clone(), text.clone());
            let done = Box::new(move |is_taken: bool| {
                if !is_taken {
                    // Another tab may have seen it taken, and forgotten it.
                    sends::keep(&place, &sent, "", &said);
                }
                taken(is_taken);
            });
            says.send(name, text, Rc::new(refusal::press_send), done);
        }),
        stop: Some(Box::new(move || stops.stop())),
        wait: Some(Box::new(move |name, text| queue::add(&waits, name, text))),
        edit_last: Some(Box::new(move || {
            if let Some(last) = edits.last_question().filter(|_| !edits.is_busy()) {
                editor::open(&last);
            }
        })),
    }
}

/// Lets go of it.
pub fn detach() {
    editor::close();
    composer::detach();
    refusal::clear();
    drop(DOCK.take());
}

/// Whether an answer goes on, is asked to end, the thread is gone or its connection: one of these is new.
pub fn changed(conversation: &Rc<Conversation>) {
    let Some(dock) = of(conversation) else { return };
    let busy = conversation.is_busy();
    let composer = Rc::clone(&dock.composer.borrow());
    composer.set_busy(busy);
    composer.set_stopping(conversation.is_stopping());
    composer.set_blocked(conversation.is_gone().then_some(words().chat.deleted));
    editor::set_busy(busy);
    queue::show(&conversation.id());
    show_gone(conversation.is_gone());
    dock.watch();
    dock.show_link();
}

/// The card stands right after its template.
fn show_gone(gone: bool) {
    let Some(place) = dom::by_id::<Element>("gone") else {
        return;
    };
    let next = place.next_element_sibling();
    match next.filter(|next| next.class_name() == "error-card" && next.id().is_empty()) {
        None if gone => {
            if let Some(card) = dom::template("gone") {
                _ = place.insert_adjacent_element("afterend", &card);
            }
        }
        Some(card) if !gone => card.remove(),
        _ => {}
    }
}

impl Dock {
    /// Says that the connection is gone if it stays so for longer than a blink.
    fn watch(self: &Rc<Self>) {
        let lost = matches!(self.conversation.link(), Link::Lost | Link::Dead);
        if !lost {
            self.lost.take();
            self.late.set(false);
        } else if self.lost.borrow().is_none() {
            let dock = Rc::downgrade(self);
            let timer = time::after(BLINK, move || {
                if let Some(dock) = dock.upgrade() {
                    dock.late.set(true);
                    dock.show_link();
                }
            });
            self.lost.replace(Some(timer));
        }
    }

    fn show_link(&self) {
        let said = self.late.get() && self.conversation.is_busy();
        let dead = self.conversation.link() == Link::Dead;
        for (id, shown) in [("link-dead", said && dead), ("link-lost", said && !dead)] {
            if let Some(banner) = dom::by_id::<Element>(id) {
                dom::toggle_attr(&banner, "hidden", !shown);
            }
        }
    }

    fn show_away(&self) {
        let away = self.away.get();
        self.fresh.set(away && self.fresh.get());
        if let Some(latest) = dom::one(".dock > .latest") {
            dom::toggle_attr(&latest, "hidden", !away);
            dom::toggle_class(&latest, "fresh", self.fresh.get());
        }
    }
}

/// Says why the last send, retry or edit was not taken, or nothing any more. `again` tries it once more.
pub fn refused(error: Option<&AppError>, again: Option<Again>) {
    if let Some(dock) = now() {
        let provider = dock.conversation.thread().provider;
        refusal::show(error, provider.as_str(), again);
    }
}

/// An answer is over. After one that is complete the next message that waits is sent. After any other end, and where nobody
/// saw the end, they wait for a word.
pub fn ended(conversation: &Rc<Conversation>, status: MessageStatus) {
    if status == MessageStatus::Complete {
        let conversation = Rc::clone(conversation);
        // As soon as the conversation has settled.
        time::later(0, move || {
            if of(&conversation).is_some() {
                queue::send_next(&conversation);
            }
        });
    }
}

/// Tells a screen reader.
pub fn said(text: &str) {
    if let Some(line) = dom::by_id::<Element>("said") {
        line.set_text_content(Some(text));
    }
}

/// Whether the reader is away from the end.
pub fn away(away: bool) {
    if let Some(dock) = now() {
        dock.away.set(away);
        dock.show_away();
    }
}

/// Marks the way to the end: something has come there that nobody has seen.
pub fn fresh() {
    if let Some(dock) = now()
        && !dock.fresh.replace(true)
    {
        dock.show_away();
    }
}

/// Says how much of what the model can read the chat fills, once that is most of it.
pub fn filled(tokens: Option<u64>) {
    let Some(note) = dom::by_id::<Element>("filled") else {
        return;
    };
    let window = dom::attr(&note, "data-window").parse().unwrap_or(0);
    let full = tokens.and_then(|tokens| model::filled(tokens, window));
    for (place, number) in [("full", full), ("tokens", tokens)] {
        let place = dom::find(&note, &["[data-number=", place, "]"].concat());
        if let (Some(place), Some(number)) = (place, number) {
            place.set_text_content(Some(&number.to_string()));
        }
    }
    dom::toggle_attr(&note, "hidden", full.is_none());
}

/// Whether the free pool may answer here.
pub fn pool(may: bool) {
    if let Some(note) = dom::by_id::<Element>("pool-note") {
        dom::toggle_attr(&note, "hidden", !may);
    }
}
