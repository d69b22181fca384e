//! Where messages are written.

use super::slash;
use crate::client::{dom, prefs, storage, words};
use crate::shared::ids::ThreadId;
use crate::shared::validate::MAX_MESSAGE_CHARS;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlButtonElement, HtmlTextAreaElement, KeyboardEvent};

/// The form.
const FORM: &str = "compose";
/// Its text area.
pub const TEXT: &str = "composer-text";
/// From so many characters on it is said how many there are.
const NEAR_FULL: usize = MAX_MESSAGE_CHARS / 10 * 9;

thread_local! {
    static NOW: RefCell<Option<Rc<Composer>>> = const { RefCell::new(None) };
}

/// Where the draft of a chat that does not exist yet is kept.
#[must_use]
pub fn new_draft() -> String {
    storage::of_account("draft:new")
}

/// Where the draft for a thread is kept.
#[must_use]
pub fn draft_of(id: &ThreadId) -> String {
    ["draft:", id.as_str()].concat()
}

/// What a send calls with whether it was taken; the page may be gone by then.
pub type Taken = Box<dyn FnOnce(bool)>;

/// What the composer wants of its page.
pub struct Wishes {
    /// Where drafts are kept in this browser.
    pub draft: String,
    /// Sends a text; the second argument wants to hear whether it was taken.
    pub send: Box<dyn Fn(String, Taken)>,
    /// Ends the answer.
    pub stop: Box<dyn Fn()>,
    /// Lets a message wait for the end of the answer; without it nothing can be written to it meanwhile.
    pub wait: Option<Box<dyn Fn(String)>>,
    /// Edits the last message of the person.
    pub edit_last: Option<Box<dyn Fn()>>,
}

/// The composer.
pub struct Composer {
    form: Option<Element>,
    wishes: RefCell<Rc<Wishes>>,
    busy: Cell<bool>,
    stopping: Cell<bool>,
    blocked: Cell<Option<&'static str>>,
}

/// Hears what is written, and the buttons.
pub(super) fn start() {
    slash::start();
    dom::on("input", |event| {
        if let Some(composer) = hit(&event, "textarea") {
            let text = composer.text();
            storage::set(&composer.draft(), &text);
            slash::typed(&text);
            composer.fit();
            composer.show();
        }
    });
    dom::on("keydown", |event| {
        if let Some(composer) = hit(&event, "textarea")
            && let Some(key) = event.dyn_ref::<KeyboardEvent>()
        {
            composer.key(key);
        }
    });
    dom::on("focusin", |event| {
        if let Some(composer) = hit(&event, "textarea") {
            slash::typed(&composer.text());
            composer.show();
        }
    });
    dom::on("focusout", |event| {
        if let Some(composer) = hit(&event, "textarea") {
            slash::close();
            composer.show();
        }
    });
    dom::on("submit", |event| {
        if let Some(composer) = hit(&event, "form") {
            event.prevent_default();
            composer.submit();
        }
    });
    dom::on("click", |event| {
        if let Some(composer) = hit(&event, ".stop") {
            let wishes = composer.wishes();
            (wishes.stop)();
        }
    });
}

/// The composer, if an event fell on something of it.
fn hit(event: &Event, selector: &str) -> Option<Rc<Composer>> {
    let form = dom::closest(event, selector)?.closest("form").ok()?;
    current().filter(|composer| composer.form == form)
}

/// The composer of the page.
#[must_use]
pub fn current() -> Option<Rc<Composer>> {
    let composer = NOW.with_borrow(Clone::clone)?;
    let there = composer.form.as_ref().is_some_and(|it| it.is_connected());
    there.then_some(composer)
}

/// Binds the composer of the page. Once more for the same form only changes the wishes, and shows again how it stands.
#[must_use = "it wants to hear how the answer stands"]
pub fn attach(wishes: Wishes) -> Rc<Composer> {
    let form = dom::by_id::<Element>(FORM);
    let known = current().filter(|now| now.form == form && now.draft() == wishes.draft);
    if let Some(composer) = known {
        composer.wishes.replace(Rc::new(wishes));
        slash::attach();
        composer.fit();
        composer.show();
        return composer;
    }
    let composer = Rc::new(Composer {
        form,
        wishes: RefCell::new(Rc::new(wishes)),
        busy: Cell::new(false),
        stopping: Cell::new(false),
        blocked: Cell::new(None),
    });
    NOW.set(Some(Rc::clone(&composer)));
    // What was typed before the page came alive wins over what was kept.
    let kept = storage::get(&composer.draft()).filter(|_| composer.text().is_empty());
    composer.set_text(&kept.unwrap_or_else(|| composer.text()));
    if !dom::is_touch() {
        dom::focus(TEXT);
    }
    composer
}

/// Lets go of it, and of what its wishes hold.
pub(super) fn detach() {
    drop(NOW.take());
}

impl Composer {
    fn wishes(&self) -> Rc<Wishes> {
        Rc::clone(&self.wishes.borrow())
    }

    /// Where its draft is kept.
    #[must_use]
    pub fn draft(&self) -> String {
        self.wishes.borrow().draft.clone()
    }

    /// Says whether an answer goes on.
    pub fn set_busy(&self, busy: bool) {
        self.busy.set(busy);
        self.show();
    }

    /// Says whether that answer was asked to end.
    pub fn set_stopping(&self, stopping: bool) {
        self.stopping.set(stopping);
        self.show();
    }

    /// Says why nothing can be sent.
    pub fn set_blocked(&self, why: Option<&'static str>) {
        self.blocked.set(why);
        self.show();
    }

    fn part<T: JsCast>(&self, selector: &str) -> Option<T> {
        dom::find(self.form.as_ref()?, selector)?.dyn_into().ok()
    }

    fn area(&self) -> Option<HtmlTextAreaElement> {
        self.part("textarea")
    }

    /// What is written.
    #[must_use]
    pub fn text(&self) -> String {
        self.area().map(|area| area.value()).unwrap_or_default()
    }

    /// Writes something in the place of what is written.
    pub fn set_text(&self, text: &str) {
        if let Some(area) = self.area()
            && area.value() != text
        {
            area.set_value(text);
        }
        slash::forget();
        self.fit();
        self.show();
    }

    /// Puts the keyboard into it.
    pub fn focus(&self) {
        if let Some(area) = self.area() {
            _ = area.focus();
        }
    }

    fn fit(&self) {
        if self.form.as_ref().is_some_and(|it| it.is_connected()) {
            dom::fit_height(TEXT);
        }
    }

    /// Why nothing can be sent for a reason that stands in the page.
    fn hindrance(&self) -> Option<String> {
        let printed = || self.form.as_ref()?.get_attribute("data-blocked");
        self.blocked.get().map(str::to_owned).or_else(printed)
    }

    /// Why this cannot be sent.
    fn reason(&self, text: &str) -> Option<String> {
        let words = &words().composer;
        if self.busy.get() && self.wishes().wait.is_none() {
            Some(words.wait.to_owned())
        } else if let Some(hindrance) = self.hindrance() {
            Some(hindrance)
        } else if text.chars().count() > MAX_MESSAGE_CHARS {
            Some(words.too_long.to_owned())
        } else {
            text.trim().is_empty().then(|| words.empty.to_owned())
        }
    }

    /// Shows how it stands: one button, or two while something can be written for later, and the line below.
    fn show(&self) {
        let (words, text) = (&words().composer, self.text());
        let (busy, waits) = (self.busy.get(), self.wishes().wait.is_some());
        let hide = |selector: &str, hidden: bool| {
            let button = self.part::<HtmlButtonElement>(selector);
            if let Some(button) = &button {
                button.set_hidden(hidden);
            }
            button
        };
        hide(".wait", !(busy && waits && !text.trim().is_empty()));
        if let Some(stop) = hide(".stop", !busy) {
            dom::toggle_class(&stop, "busy", self.stopping.get());
            stop.set_disabled(self.stopping.get());
        }
        if let Some(send) = hide(".send:not(.wait, .stop)", busy) {
            let reason = self.reason(&text);
            dom::toggle_class(&send, "dim", reason.is_some());
            send.set_title(reason.as_deref().unwrap_or(words.send));
        }
        let sends = prefs::enter_sends();
        if let Some(area) = self.area() {
            _ = area.set_attribute("enterkeyhint", if sends { "send" } else { "enter" });
        }
        let (chars, hindrance) = (text.chars().count(), self.hindrance());
        let stopping = self.stopping.get();
        // How to send is said to keyboards only; what stands there otherwise, to everybody.
        let hint = !stopping && hindrance.is_none() && chars <= NEAR_FULL;
        let offered = slash::offered();
        let said = match hindrance {
            _ if offered > 0 => (words.commands)(offered),
            _ if stopping => words.stopping.to_owned(),
            Some(hindrance) => hindrance,
            None if !hint => (words.length)(chars, MAX_MESSAGE_CHARS),
            None if sends => words.enter_sends.to_owned(),
            None => words.ctrl_enter_sends.to_owned(),
        };
        let form = self.form.as_ref();
        if let Some(note) = form.and_then(Element::next_element_sibling) {
            dom::toggle_class(&note, "hint", hint);
            // What is written anew is read out anew.
            if note.text_content().as_ref() != Some(&said) {
                note.set_text_content(Some(&said));
            }
        }
    }

    fn key(self: &Rc<Self>, event: &KeyboardEvent) {
        if event.default_prevented() || dom::composing(event) {
            return;
        }
        if slash::key(event) {
            event.prevent_default();
            self.show();
            return;
        }
        match event.key().as_str() {
            "Enter" => {
                let command = event.ctrl_key() || event.meta_key();
                let plain = !event.shift_key()
                    && !event.alt_key()
                    && prefs::enter_sends()
                    && !dom::is_touch();
                if command || plain {
                    event.prevent_default();
                    self.submit();
                }
            }
            "ArrowUp" if self.text().is_empty() => {
                if let Some(edit) = &self.wishes().edit_last {
                    event.prevent_default();
                    edit();
                }
            }
            _ => {}
        }
    }

    fn submit(self: &Rc<Self>) {
        let (written, wishes) = (self.text(), self.wishes());
        if self.reason(&written).is_some() {
            return;
        }
        self.set_text("");
        if let Some(wait) = wishes.wait.as_ref().filter(|_| self.busy.get()) {
            storage::set(&wishes.draft, "");
            return wait(written);
        }
        let (composer, sent) = (Rc::clone(self), written.clone());
        (wishes.send)(written, Box::new(move |taken| composer.taken(taken, &sent)));
    }

    /// Forgets the draft of what was taken; brings back what was not. The page may be gone by then: what was not taken is
    /// still its draft, also where that was opened again.
    fn taken(self: &Rc<Self>, taken: bool, sent: &str) {
        let draft = self.draft();
        let here = current().filter(|now| now.draft() == draft);
        let same = here.as_ref().is_some_and(|now| Rc::ptr_eq(now, self));
        let now = here.as_ref().map(|now| now.text()).unwrap_or_default();
        match here {
            Some(again) if taken && !same && now == sent => {
                again.set_text("");
                storage::set(&draft, "");
            }
            _ if taken => storage::set(&draft, &now),
            Some(here) if same && now.is_empty() => here.set_text(sent),
            Some(here) if same => here.set_text(&[sent, "\n", &now].concat()),
            _ => {}
        }
    }
}
