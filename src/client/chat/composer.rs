//! Where messages are written.

use super::{means, sends, slash};
use crate::client::{dom, prefs, storage, time, visit, words};
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
/// Milliseconds without a text after which the same one is read out anew.
const READ_ANEW: i32 = 100;

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

/// Lets a text wait under a name, and says whether it could be kept.
pub type Wait = Box<dyn Fn(&str, &str) -> bool>;

/// A text that is on its way, and what is written meanwhile.
fn both(sent: &str, now: &str) -> String {
    if now.is_empty() {
        sent.to_owned()
    } else {
        [sent, "\n", now].concat()
    }
}

/// What is left of a text without what it begins with, as [`both`] put them together.
fn without<'a>(text: &'a str, sent: &str) -> &'a str {
    match text.strip_prefix(sent) {
        Some("") => "",
        Some(rest) => rest.strip_prefix('\n').unwrap_or(text),
        None => text,
    }
}

/// A text that was a draft was taken.
pub(super) fn said(draft: &str, text: &str) {
    if let Some(composer) = current().filter(|now| now.draft() == draft) {
        composer.set_text(without(&composer.text(), text));
        composer.keep();
    } else {
        let kept = storage::get(draft).unwrap_or_default();
        storage::set(draft, without(&kept, text));
    }
}

/// What is written in a new chat belongs from now on to the thread that it became.
pub(super) fn hand_over(thread: &ThreadId) {
    let (from, to) = (new_draft(), draft_of(thread));
    storage::set(&to, &storage::get(&from).unwrap_or_default());
    storage::set(&from, "");
    if let Some(composer) = current().filter(|now| now.draft() == from) {
        composer.held.set(dom::is_focus_in("#compose"));
        composer.draft.replace(to);
    }
}

/// What the composer wants of its page.
pub struct Wishes {
    /// Where drafts are kept in this browser.
    pub draft: String,
    /// Sends a text; the second argument wants to hear whether it was taken.
    pub send: Box<dyn Fn(String, Taken)>,
    /// Ends the answer; without it there is none yet.
    pub stop: Option<Box<dyn Fn()>>,
    /// Lets a message wait for the end of the answer; without it nothing can be sent meanwhile.
    pub wait: Option<Wait>,
    /// Edits the last message of the person.
    pub edit_last: Option<Box<dyn Fn()>>,
}

/// The composer.
pub struct Composer {
    form: Option<Element>,
    wishes: RefCell<Rc<Wishes>>,
    /// Where its draft is kept.
    draft: RefCell<String>,
    /// What is on its way. It is part of the draft until it was taken.
    sending: RefCell<Option<String>>,
    /// Whether it had the keyboard when its new chat became a thread.
    held: Cell<bool>,
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
            composer.keep();
            if text.is_empty() && composer.sending.borrow().is_none() {
                sends::forget(&composer.draft());
            }
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
        if let Some(composer) = hit(&event, ".send.dim") {
            // The browser has only one reason, and says it in a language of its own.
            event.prevent_default();
            composer.submit();
        }
        if let Some(composer) = hit(&event, ".stop")
            && let Some(stop) = &composer.wishes().stop
        {
            stop();
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
        draft: RefCell::new(wishes.draft.clone()),
        sending: RefCell::default(),
        held: Cell::new(false),
        wishes: RefCell::new(Rc::new(wishes)),
        busy: Cell::new(false),
        stopping: Cell::new(false),
        blocked: Cell::new(None),
    });
    let before = NOW.replace(Some(Rc::clone(&composer)));
    let before = before.filter(|before| before.draft() == composer.draft());
    // What was typed before the page came alive wins over what was kept.
    let kept = storage::get(&composer.draft()).filter(|_| composer.text().is_empty());
    composer.set_text(&kept.unwrap_or_else(|| composer.text()));
    if !dom::is_touch() || before.as_ref().is_some_and(|before| before.held.get()) {
        dom::focus(TEXT);
    }
    if let Some(area) = composer.area()
        && let Some(old) = before.and_then(|before| before.area())
        && let (Ok(Some(from)), Ok(Some(to))) = (old.selection_start(), old.selection_end())
    {
        _ = area.set_selection_range(from, to);
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
        self.draft.borrow().clone()
    }

    /// Keeps what is written, with what is on its way.
    fn keep(&self) {
        let text = match &*self.sending.borrow() {
            Some(sent) => both(sent, &self.text()),
            None => self.text(),
        };
        storage::set(&self.draft(), &text);
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

    /// Takes what is written away. What is on its way stays the draft.
    pub fn take_text(&self) -> String {
        let text = self.text();
        self.set_text("");
        self.keep();
        text
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

    /// Why nothing can be sent for a reason that stands in the page. What the server printed is no reason against a message
    /// that waits.
    fn hindrance(&self) -> Option<String> {
        let printed = || means::blocked(self.form.as_ref()?);
        let printed = || printed().filter(|_| !self.busy.get());
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
        let (busy, wishes) = (self.busy.get(), self.wishes());
        let (stops, waits) = (busy && wishes.stop.is_some(), wishes.wait.is_some());
        let hide = |selector: &str, hidden: bool| {
            let button = self.part::<HtmlButtonElement>(selector);
            if let Some(button) = &button {
                button.set_hidden(hidden);
            }
            button
        };
        hide(".wait", !(busy && waits && !text.trim().is_empty()));
        if let Some(stop) = hide(".stop", !stops) {
            dom::toggle_class(&stop, "busy", self.stopping.get());
            stop.set_disabled(self.stopping.get());
        }
        if let Some(send) = hide(".send:not(.wait, .stop)", stops) {
            let reason = self.reason(&text);
            dom::toggle_class(&send, "dim", reason.is_some());
            let off = if reason.is_some() { "true" } else { "false" };
            _ = send.set_attribute("aria-disabled", off);
            send.set_title(reason.as_deref().unwrap_or(words.send));
        }
        let sends = prefs::enter_sends();
        if let Some(area) = self.area() {
            let key = if sends && !dom::is_touch() {
                "send"
            } else {
                "enter"
            };
            _ = area.set_attribute("enterkeyhint", key);
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

    /// Says why nothing is sent to somebody who wanted that, also where it stands already. What the server knew of it may be
    /// otherwise by now.
    fn refuse(&self, reason: String) {
        if !self.busy.get() && self.form.as_ref().and_then(means::blocked).is_some() {
            visit::refresh();
        }
        if let Some(note) = self.form.as_ref().and_then(Element::next_element_sibling) {
            dom::toggle_class(&note, "hint", false);
            note.set_text_content(None);
            time::later(READ_ANEW, move || note.set_text_content(Some(&reason)));
        }
    }

    fn submit(self: &Rc<Self>) {
        let (written, wishes) = (self.text(), self.wishes());
        if let Some(reason) = self.reason(&written) {
            return self.refuse(reason);
        }
        self.set_text("");
        if let Some(wait) = wishes.wait.as_ref().filter(|_| self.busy.get()) {
            let name = if self.sending.borrow().is_some() {
                dom::request_id()
            } else {
                let name = sends::name(&self.draft(), "", &written);
                sends::forget(&self.draft());
                name
            };
            if !wait(&name, &written) {
                self.set_text(&written);
            }
            return self.keep();
        }
        self.sending.replace(Some(written.clone()));
        let (composer, sent) = (Rc::clone(self), written.clone());
        (wishes.send)(written, Box::new(move |taken| composer.taken(taken, &sent)));
    }

    /// Forgets the draft of what was taken; brings back what was not. The page may be gone by then: what was not taken is
    /// still its draft, also where that was opened again.
    fn taken(self: &Rc<Self>, taken: bool, sent: &str) {
        self.sending.take();
        let draft = self.draft();
        let same = current().is_some_and(|now| Rc::ptr_eq(&now, self));
        if taken {
            sends::forget(&draft);
        }
        if same {
            if !taken {
                self.set_text(&both(sent, &self.text()));
            }
            self.keep();
        } else if taken {
            said(&draft, sent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_text_and_what_was_written_meanwhile_the_rest_is_what_was_not_sent() {
        for now in ["", "now", "two\nlines", "\n"] {
            assert_eq!(without(&both("sent", now), "sent"), now);
        }
        for other in ["sentence", "not sent", "sen", ""] {
            assert_eq!(without(other, "sent"), other);
        }
    }
}
