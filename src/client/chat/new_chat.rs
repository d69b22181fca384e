//! `/chat`: where a chat begins.

use super::composer::{self, Wishes};
use super::options::{self, Options};
use super::{picker, refusal};
use crate::api::threads::start_thread;
use crate::client::server::unless_signed_out;
use crate::client::{dom, side, time, visit};
use crate::shared::error::AppError;
use crate::shared::model::Choice;
use std::cell::{Cell, RefCell};
use web_sys::{Element, HtmlInputElement};

/// The cookie of the model that was picked last.
const LAST_MODEL: &str = "model";

thread_local! {
    /// The page that is bound.
    static PAGE: RefCell<Option<Element>> = const { RefCell::new(None) };
    /// What its drawer said last.
    static OPTIONS: RefCell<Options> = RefCell::default();
    /// Why it did not begin, and whose keys may help.
    static REFUSED: RefCell<Option<(AppError, String)>> = const { RefCell::new(None) };
    /// Whether its chat is beginning.
    static STARTING: Cell<bool> = const { Cell::new(false) };
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
    });
}

/// Binds the page, if it is this one.
pub fn attach() {
    let Some(page) = page() else {
        PAGE.set(None);
        options::restore();
        return;
    };
    let fresh = PAGE.with_borrow(|known| known.as_ref() != Some(&page));
    if fresh {
        OPTIONS.set(Options::default());
        STARTING.set(false);
        REFUSED.set(None);
        let due = dom::attr(&page, "data-due");
        PAGE.set(Some(page));
        due.split_whitespace().for_each(picker::refresh);
    }
    show_pool();
    // A page that is shown anew has only what the server knows.
    if let Some((error, provider)) = REFUSED.with_borrow(Clone::clone)
        && dom::by_id::<Element>("refused").is_none()
    {
        refusal::show(Some(&error), &provider);
    }
    let composer = composer::attach(Wishes {
        draft: composer::new_draft(),
        send: Box::new(send),
        stop: Box::new(|| ()),
        wait: None,
        edit_last: None,
    });
    composer.set_busy(STARTING.get());
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
    if pool {
        options::keep_pool();
    }
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
    let choice = dom::encode(&choice.to_string());
    dom::set_cookie(LAST_MODEL, &choice);
    if let Some(composer) = composer::current() {
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
    let (Some(choice), Ok(request)) = (picker::chosen(), dom::request_id().parse()) else {
        taken(false);
        return;
    };
    let private = dom::by_id::<HtmlInputElement>("private").is_some_and(|it| it.checked());
    let Options {
        prompt,
        settings,
        pool,
    } = OPTIONS.with_borrow(Clone::clone);
    let from = page();
    REFUSED.set(None);
    refusal::show(None, "");
    begin(Some(&content));
    time::spawn(async move {
        let provider = choice.provider.to_string();
        let started = start_thread(choice, prompt, settings, pool, private, content, request);
        let started = started.await;
        let here = page() == from;
        match started {
            Ok(started) => {
                taken(true);
                side::renew();
                if here {
                    visit::go(&["/chat/", started.thread.id.as_str()].concat());
                }
            }
            Err(error) => {
                let error = unless_signed_out(error);
                if here {
                    begin(None);
                    refusal::show(Some(&error), &provider);
                    REFUSED.set(Some((error, provider)));
                }
                taken(false);
            }
        }
    });
}

/// Shows what was said in the place of the greeting, or the greeting again.
fn begin(said: Option<&str>) {
    STARTING.set(said.is_some());
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
        _ = page.append_child(&sketch);
    }
}
