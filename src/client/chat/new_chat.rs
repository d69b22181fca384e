//! `/chat`: where a chat begins.

use super::answer::once_slow;
use super::composer::{self, Taken, Wishes};
use super::options::{self, Options};
use super::refusal::Again;
use super::{means, picker, refusal, sends};
use crate::api::messages::stop_answer;
use crate::api::threads::start_thread;
use crate::client::server::unless_signed_out;
use crate::client::time::Timer;
use crate::client::{dom, side, time, visit};
use crate::shared::chat::Started;
use crate::shared::error::AppError;
use crate::shared::form::Form;
use crate::shared::ids::ClientRequestId;
use crate::shared::model::Choice;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use web_sys::{Element, HtmlInputElement};

/// The cookie of the model that was picked last.
const LAST_MODEL: &str = "model";

thread_local! {
    /// The page that is bound.
    static PAGE: RefCell<Option<Element>> = const { RefCell::new(None) };
    /// What its drawer said last.
    static OPTIONS: RefCell<Options> = RefCell::default();
    /// Whether its chat is beginning.
    static STARTING: Cell<bool> = const { Cell::new(false) };
    /// Asks for that chat, once more under the same name: there will be one.
    static ASK: RefCell<Option<Again>> = const { RefCell::new(None) };
    /// Whether its answer is to be ended as soon as there is one.
    static STOPPING: Cell<bool> = const { Cell::new(false) };
    /// When it is said that this takes long.
    static SLOW: RefCell<Option<Timer>> = const { RefCell::new(None) };
}

/// Where the greeting stands.
fn page() -> Option<Element> {
    dom::by_id("chat-new")
}

/// Hears its buttons.
pub fn start() {
    dom::on("click", |event| {
        if let Some(button) = dom::closest(&event, "[data-do=starter]")
            && let Some(prompt) = dom::find(&button, "span")
            && let Some(composer) = composer::current()
        {
            composer.set_text(&prompt.text_content().unwrap_or_default());
            composer.focus();
        }
        if let Some(button) = dom::closest(&event, "#chat-new .slow [data-do]") {
            waited(&button);
        }
    });
}

/// Does what can be done while the chat begins slowly.
fn waited(button: &Element) {
    if dom::attr(button, "data-do") == "stop" {
        STOPPING.set(true);
        dom::toggle_class(button, "busy", true);
    } else if let Some(ask) = ASK.with_borrow(Clone::clone) {
        ask();
    }
}

/// Binds the page, if it is this one.
pub fn attach() {
    let Some(page) = page() else {
        leave();
        options::restore();
        return;
    };
    let fresh = PAGE.with_borrow(|known| known.as_ref() != Some(&page));
    if fresh {
        OPTIONS.set(Options::default());
        STARTING.set(false);
        let due = dom::attr(&page, "data-due");
        leave();
        PAGE.set(Some(page));
        due.split_whitespace().for_each(picker::refresh);
    }
    show_pool();
    refusal::restore();
    let composer = composer::attach(Wishes {
        draft: composer::new_draft(),
        send: Box::new(send),
        stop: None,
        wait: None,
        edit_last: None,
    });
    composer.set_busy(STARTING.get());
}

/// Lets go of the page that was bound, if there was one.
fn leave() {
    if PAGE.take().is_some() {
        refusal::clear();
    }
}

/// A provider has said which models there are.
pub(super) fn models_changed() {
    if page().is_some() && !STARTING.get() {
        visit::refresh();
    }
}

/// What the drawer asks of the chat that will begin.
pub(super) fn set_options(options: Options) {
    OPTIONS.set(options);
    show_pool();
}

fn show_pool() {
    let pool = OPTIONS.with_borrow(|options| options.pool);
    if let Some(note) = dom::by_id::<Element>("pool-note") {
        dom::toggle_attr(&note, "hidden", !pool);
    }
    means::lend(pool);
    if pool {
        options::keep_pool();
    }
    options::fit_chips();
}

/// A model was picked; false if this is another page.
pub fn picked(choice: Choice) -> bool {
    if page().is_none() {
        return false;
    }
    // Its chat goes to the one that it was sent to.
    if STARTING.get() {
        return true;
    }
    // What is sent before the page is there goes to this model, too.
    picker::show(&choice);
    means::forget();
    let choice = dom::encode(&choice.to_string());
    dom::set_cookie(LAST_MODEL, &choice);
    if let Some(composer) = composer::current().filter(|_| !dom::is_touch()) {
        composer.focus();
    }
    visit::to(&["/chat?model=", &choice].concat());
    true
}

/// Goes to a new chat with a model that the address names, if this is one: what was written and chosen in it stays.
pub fn arrive(address: &str) -> bool {
    let here = address.starts_with("/chat?model=") && page().is_some() && !STARTING.get();
    if here {
        visit::to(address);
    }
    here
}

/// Begins the chat. The page may be another one when the server answers.
fn send(content: String, taken: Box<dyn FnOnce(bool)>) {
    let private = dom::by_id::<HtmlInputElement>("private").is_some_and(|it| it.checked());
    let Options {
        prompt,
        settings,
        pool,
    } = OPTIONS.with_borrow(Clone::clone);
    let Some(choice) = picker::chosen() else {
        return taken(false);
    };
    let how = Form::default()
        .with("choice", &choice)
        .with("private", &private)
        .with("prompt", &prompt)
        .with("settings", &settings)
        .with("pool", &pool);
    let name = sends::name(&composer::new_draft(), &how.into_text(), &content);
    let Ok(request) = name.parse::<ClientRequestId>() else {
        return taken(false);
    };
    let from = page();
    refusal::clear();
    begin(Some(&content));
    let taken = Rc::new(Cell::new(Some(taken)));
    let asked = Rc::new(Cell::new(0_u32));
    let ask: Again = Rc::new(move || {
        let (taken, asked, from) = (Rc::clone(&taken), Rc::clone(&asked), from.clone());
        let provider = choice.provider.to_string();
        let (choice, prompt, settings) = (choice.clone(), prompt.clone(), settings.clone());
        let (content, request) = (content.clone(), request.clone());
        let started = start_thread(choice, prompt, settings, pool, private, content, request);
        asked.set(asked.get() + 1);
        time::spawn(async move {
            let started = started.await;
            asked.set(asked.get() - 1);
            // What is still on its way may be taken.
            if (started.is_ok() || asked.get() == 0)
                && let Some(taken) = taken.take()
            {
                settle(started, page() == from, &provider, taken);
            }
        });
    });
    ask();
    ASK.set(Some(ask));
}

/// Goes to the chat, or says why there is none; `here` is whether its page is still shown.
fn settle(started: Result<Started, AppError>, here: bool, provider: &str, taken: Taken) {
    match started {
        Ok(started) => {
            taken(true);
            side::renew();
            let thread = started.thread.id;
            if STOPPING.get() {
                let (thread, answer) = (thread.clone(), started.sent.answer.id);
                time::spawn(async move { _ = stop_answer(thread, answer).await });
            }
            // A new chat that was begun since has a draft of its own.
            if here || page().is_none() {
                composer::hand_over(&thread);
            }
            if here {
                visit::go(&["/chat/", thread.as_str()].concat());
            }
        }
        Err(error) => {
            let error = unless_signed_out(error);
            if here {
                begin(None);
                let again = Rc::new(refusal::press_send);
                refusal::show(Some(&error), provider, Some(again));
            }
            taken(false);
        }
    }
}

/// Shows what was said in the place of the greeting, or the greeting again.
fn begin(said: Option<&str>) {
    STARTING.set(said.is_some());
    STOPPING.set(false);
    ASK.set(None);
    SLOW.set(None);
    if let Some(composer) = composer::current() {
        composer.set_busy(said.is_some());
    }
    let Some(page) = page() else { return };
    // A page that is shown anew meanwhile keeps what is seen.
    dom::toggle_attr(&page, "data-keep", said.is_some());
    for sketch in dom::find_all(&page, ".log-inner") {
        sketch.remove();
    }
    for greeting in dom::find_all(&page, ".greeting") {
        dom::toggle_attr(&greeting, "hidden", said.is_some());
    }
    if let Some(said) = said
        && let Some(sketch) = dom::template("beginning")
    {
        if let Some(text) = dom::find(&sketch, ".plain") {
            text.set_text_content(Some(said));
        }
        SLOW.set(once_slow(&sketch));
        _ = page.append_child(&sketch);
    }
}
