//! The messages of a thread.

use super::answer::LiveAnswer;
use super::conversation::{Conversation, Part};
use super::moving::Go;
use super::{COMPOSER, LOG};
use super::{options, picker};
use crate::api::messages::message_source;
use crate::client::{clipboard, dom, log};
use crate::shared::ids::MessageId;
use crate::shared::words::Chat;
use crate::ui::erased::{Effect, For};
use crate::ui::parts::icon::message_icons;
use crate::ui::state::catalog::Catalog;
use crate::ui::state::toasts::Toasts;
use crate::ui::state::{unless_signed_out, words};
use leptos::ev;
use leptos::portal::Portal;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;

/// Pixels from the end within which the reader counts as being at it.
const NEAR_END: i32 = 48;
/// So many screens before the messages on the page end, more are loaded.
const AHEAD: i32 = 2;
/// How long after a turn of the wheel the place is remembered.
const RESTING: Duration = Duration::from_millis(200);

/// An answer that is to be given once more, and which opening of the picker is about it.
pub(super) type Swap = (MessageId, u32);

/// The text area of a message that is being edited.
const EDITOR: &str = "edit-text";

/// Opens a message of the person for editing.
pub(super) fn edit(editing: RwSignal<Option<MessageId>>, message: MessageId) {
    editing.set(Some(message));
    set_timeout(
        || {
            dom::focus(EDITOR);
            dom::fit_height(EDITOR);
        },
        Duration::ZERO,
    );
}

/// The messages. The element grows upwards, so it opens at its end and stays there by itself.
#[component]
pub(super) fn Log(
    /// The thread.
    conversation: Conversation,
    /// The message that is being edited.
    editing: RwSignal<Option<MessageId>>,
    /// Whether the reader is away from the end.
    away: RwSignal<bool>,
    /// The answer that another model is to give once more.
    swap: StoredValue<Option<Swap>>,
    /// Goes on in a new chat.
    go: Go,
) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    // After a failure only the links load more, so that a server in trouble is not asked with every turn of the wheel.
    let failed = StoredValue::new(false);
    let load = move |earlier: bool| {
        spawn_local(async move {
            let loaded = if earlier {
                conversation.load_earlier().await
            } else {
                conversation.load_later().await
            };
            _ = failed.try_set_value(loaded.is_err());
            if let Err(error) = loaded {
                toasts.trouble(&unless_signed_out(error));
            }
        });
    };
    let remembering = StoredValue::new(false);
    let scrolled = move || {
        if remembering.is_disposed() {
            return;
        }
        let beyond = dom::beyond(LOG);
        let (earlier, later) = (
            conversation.earlier.read_untracked().is_some(),
            conversation.later.read_untracked().is_some(),
        );
        let now = later || beyond.below > NEAR_END;
        if away.get_untracked() != now {
            away.set(now);
        }
        if !failed.get_value() && earlier && beyond.above < AHEAD * beyond.seen {
            load(true);
        }
        if !failed.get_value() && later && beyond.below < AHEAD * beyond.seen {
            load(false);
        }
        if !remembering.get_value() {
            remembering.set_value(true);
            let remember = move || {
                if remembering.try_set_value(false).is_none() {
                    conversation.remember_place(!away.get_untracked());
                }
            };
            set_timeout(remember, RESTING);
        }
    };
    let link = move |name: &'static str, depth: i64, words: &'static str| {
        let load = move |event: ev::MouseEvent| {
            event.prevent_default();
            load(name == "before");
        };
        view! { <a class="button quiet more" href=format!("?{name}={depth}") on:click=load>{words}</a> }
    };
    let busy = Memo::new(move |_| conversation.running.read().is_some());
    let words = &words().chat;
    let counting = RwSignal::new(false);
    let count = move || _ = counting.try_set(log::count_down(LOG, words));
    Effect::new(move || {
        busy.track();
        conversation.parts.track();
        set_timeout(count, Duration::ZERO);
    });
    let ticks = Memo::new(move |_| counting.get());
    Effect::new(move || {
        if ticks.get()
            && let Ok(timer) = set_interval_with_handle(count, Duration::from_secs(1))
        {
            on_cleanup(move || timer.clear());
        }
    });
    Effect::new(move || {
        conversation.earlier.track();
        conversation.later.track();
        set_timeout(scrolled, Duration::ZERO);
    });
    let press = presses(conversation, editing, swap, go);
    view! {
        {message_icons()}
        <div
            id=LOG class="log" role="log" aria-live="off" aria-label=words.messages tabindex="0" data-busy=move || busy.get().then_some("")
            data-later=move || conversation.later.read().is_some().then_some("")
            on:scroll=move |_| scrolled()
            on:click=press
            on:pointerdown=|event| log::hold(&event)
            on:pointerup=move |event| if log::held_through(&event) { press(event.into()); }
        >
            <div class="log-inner">
                {move || conversation.earlier.get().map(|depth| link("before", depth, words.show_earlier))}
                <Parts conversation/>
                {move || conversation.later.get().map(|depth| link("after", depth, words.show_later))}
            </div>
        </div>
        {move || editing.get().map(|message| view! { <Editor message conversation editing/> })}
    }
    .into_any()
}

/// The messages themselves.
#[component]
pub(super) fn Parts(
    /// The thread.
    conversation: Conversation,
) -> impl IntoView {
    let words = &words().chat;
    view! {
        <For each=move || conversation.parts.get() key=|part| part.key().to_owned() let(part)>
            {match part {
                Part::Finished { key, html } => view! { <div class="finished" data-part=key inner_html=html></div> }.into_any(),
                Part::Sketch { text, .. } => view! {
                    <article class="message user" aria-label=words.you><div class="bubble"><p class="plain">{text}</p></div></article>
                }.into_any(),
                Part::Answer(answer) => view! { <LiveAnswer answer conversation/> }.into_any(),
            }}
        </For>
    }
    .into_any()
}

/// Does what the buttons of all messages say.
pub(super) fn presses(
    conversation: Conversation,
    editing: RwSignal<Option<MessageId>>,
    swap: StoredValue<Option<Swap>>,
    go: Go,
) -> impl Fn(ev::MouseEvent) + Copy {
    let toasts = expect_context::<Toasts>();
    let catalog = expect_context::<Catalog>();
    let words = &words().chat;
    move |event| {
        let Some(press) = log::press(&event) else {
            return;
        };
        let message = press.message();
        let idle = conversation.running.read_untracked().is_none();
        match (press.what.as_str(), message) {
            ("retry", Some(message)) => {
                event.prevent_default();
                conversation.retry(message, None);
            }
            ("previous" | "next", Some(message)) => {
                event.prevent_default();
                conversation.turn(message, if press.what == "next" { 1 } else { -1 });
            }
            ("fork", Some(message)) => {
                event.prevent_default();
                go.run((Some(message), None));
            }
            ("go-on", _) => {
                event.prevent_default();
                if idle {
                    conversation.send(words.go_on.to_owned(), |_| {});
                }
            }
            ("edit", Some(message)) => {
                event.prevent_default();
                if idle {
                    edit(editing, message);
                }
            }
            ("swap", Some(message)) => {
                event.prevent_default();
                if idle {
                    picker::open(catalog);
                    swap.set_value(Some((message, catalog.opened.get_untracked())));
                }
            }
            ("settings", _) => dom::open_dialog(options::ID),
            ("copy", Some(message)) => {
                let thread = conversation.thread.read_untracked().id.clone();
                spawn_local(async move {
                    let text = match log::text_of_question(&message) {
                        Some(text) => Ok(text),
                        None => message_source(thread, message).await,
                    };
                    match text {
                        Ok(text) => press.copied(clipboard::copy(&text).await, words),
                        Err(error) => toasts.trouble(&unless_signed_out(error)),
                    }
                });
            }
            ("copy-id", _) => copy(press.id(), press, words),
            ("code", _) => copy(press.code().unwrap_or_default(), press, words),
            ("csv", _) => copy(press.table().unwrap_or_default(), press, words),
            ("save", _) => dom::save(&press.file_name(), &press.code().unwrap_or_default()),
            ("wrap", _) => press.wrap(),
            _ => {}
        }
    }
}

fn copy(text: String, press: log::Press, words: &'static Chat) {
    spawn_local(async move { press.copied(clipboard::copy(&text).await, words) });
}

/// The text of a message while it is edited, within the message.
#[component]
fn Editor(
    /// The message.
    message: MessageId,
    /// Its thread.
    conversation: Conversation,
    /// The message that is being edited.
    editing: RwSignal<Option<MessageId>>,
) -> impl IntoView {
    let mount = log::element(&message)?;
    let (words, save) = (&words().chat, words().options.save);
    let before = log::text_of_question(&message).unwrap_or_default();
    log::mark_edited(&message, true);
    on_cleanup({
        let message = message.clone();
        move || log::mark_edited(&message, false)
    });
    let area = NodeRef::<leptos::html::Textarea>::new();
    let finish = Callback::new({
        let before = before.clone();
        move |ask: bool| {
            let Some(area) = area.get_untracked() else {
                return;
            };
            if conversation.running.read_untracked().is_some() {
                return;
            }
            let text = area.value();
            editing.set(None);
            if !dom::is_touch() {
                dom::focus(COMPOSER);
            }
            let message = message.clone();
            match !text.trim().is_empty() && text != before {
                true if ask => conversation.edit(message, text),
                true => conversation.reword(message, text),
                false => {}
            }
        }
    });
    let busy = move || conversation.running.read().is_some();
    Some(view! {
        <Portal mount>
            <form class="edit" on:submit=move |event| {
                event.prevent_default();
                finish.run(true);
            }>
                <label class="visually-hidden" for=EDITOR>{words.edit}</label>
                <textarea
                    id=EDITOR node_ref=area prop:value=before.clone()
                    on:input=|_| dom::fit_height(EDITOR)
                    on:keydown=move |event| {
                        let command = (event.ctrl_key() || event.meta_key()) && !dom::composing(&event);
                        match event.key().as_str() {
                            "Escape" => { event.stop_propagation(); editing.set(None); }
                            "Enter" if command => finish.run(true),
                            "s" if command => { event.prevent_default(); finish.run(false); }
                            _ => {}
                        }
                    }
                ></textarea>
                <div class="edit-actions">
                    <button type="button" class="button small" on:click=move |_| editing.set(None)>{words.cancel}</button>
                    <button type="button" class="button small" disabled=busy on:click=move |_| finish.run(false)>{save}</button>
                    <button type="submit" class="button small primary" disabled=busy>{words.send_again}</button>
                </div>
            </form>
        </Portal>
    })
}
