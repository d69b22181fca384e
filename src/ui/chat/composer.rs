//! Where messages are written.

use super::COMPOSER;
use crate::client::{dom, storage};
use crate::shared::validate::MAX_MESSAGE_CHARS;
use crate::ui::erased::Effect;
use crate::ui::parts::icon::icon;
use crate::ui::state::preferences::Prefs;
use crate::ui::state::words;
use leptos::ev;
use leptos::prelude::*;
use std::sync::Arc;

/// The form, which fields elsewhere may belong to.
pub(super) const FORM: &str = "compose";
/// From so many characters on it is said how many there are.
const NEAR_FULL: usize = MAX_MESSAGE_CHARS / 10 * 9;

/// What a send calls with whether it was taken; the composer may be gone by then.
pub(super) type Taken = Arc<dyn Fn(bool) + Send + Sync>;

/// The composer. With script it calls `send`; without, its form posts to `action` with the hidden fields given as children.
#[component]
pub(super) fn Composer(
    /// The text, which others may fill in.
    text: RwSignal<String>,
    /// Where drafts are kept in this browser.
    draft: String,
    /// The server function that the form posts to.
    action: &'static str,
    /// Whether an answer is going on.
    #[prop(into)]
    busy: Signal<bool>,
    /// Whether that answer was asked to end.
    #[prop(into)]
    stopping: Signal<bool>,
    /// Why nothing can be sent.
    #[prop(into)]
    blocked: Signal<Option<&'static str>>,
    /// Sends a text; the second argument wants to hear whether it was taken.
    send: Callback<(String, Taken)>,
    /// Ends the answer.
    stop: Callback<()>,
    /// Lets a message wait for the end of the answer; without it nothing can be written to it meanwhile.
    #[prop(optional, into)]
    wait: Option<Callback<String>>,
    /// Edits the last message of the person.
    #[prop(optional, into)]
    edit_last: Option<Callback<()>>,
    /// The hidden fields of the form.
    children: Children,
) -> impl IntoView {
    let prefs = expect_context::<Prefs>();
    let words = &words().composer;
    let draft = StoredValue::new(draft);
    let area = NodeRef::<leptos::html::Textarea>::new();
    Effect::new(move || {
        // What was typed before the page came alive wins over what was kept.
        let typed = area
            .get_untracked()
            .map(|area| area.value())
            .filter(|typed| !typed.is_empty());
        if let Some(kept) = typed.or_else(|| storage::get(&draft.read_value())) {
            text.set(kept);
        }
        if !dom::is_touch() {
            dom::focus(COMPOSER);
        }
    });
    Effect::new(move || {
        text.track();
        dom::fit_height(COMPOSER);
    });
    let empty = Memo::new(move |_| text.read().trim().is_empty());
    let chars = Memo::new(move |_| text.read().chars().count());
    let reason = Memo::new(move |_| {
        if busy.get() && wait.is_none() {
            Some(words.wait)
        } else if blocked.get().is_some() {
            blocked.get()
        } else if chars.get() > MAX_MESSAGE_CHARS {
            Some(words.too_long)
        } else {
            empty.get().then_some(words.empty)
        }
    });
    // How to send is said to keyboards only; what stands there otherwise, to everybody.
    let hint = move || !stopping.get() && blocked.read().is_none() && chars.get() <= NEAR_FULL;
    let submit = move || {
        if reason.get_untracked().is_some() {
            return;
        }
        let written = text.get_untracked();
        text.set(String::new());
        if let Some(wait) = wait.filter(|_| busy.get_untracked()) {
            storage::set(&draft.read_value(), "");
            return wait.run(written);
        }
        let taken: Taken = Arc::new({
            let (written, draft) = (written.clone(), draft.get_value());
            move |taken| {
                if taken {
                    storage::set(&draft, &text.try_get_untracked().unwrap_or_default());
                } else {
                    text.update(|now| {
                        *now = if now.is_empty() {
                            written.clone()
                        } else {
                            format!("{written}\n{now}")
                        };
                    });
                }
            }
        });
        send.run((written, taken));
    };
    let on_key = move |event: ev::KeyboardEvent| {
        if dom::composing(&event) {
            return;
        }
        let command = event.ctrl_key() || event.meta_key();
        match event.key().as_str() {
            "Enter" => {
                let plain = !event.shift_key()
                    && !event.alt_key()
                    && prefs.enter_sends()
                    && !dom::is_touch();
                if command || plain {
                    event.prevent_default();
                    submit();
                }
            }
            "ArrowUp" if text.read_untracked().is_empty() => {
                if let Some(edit) = edit_last {
                    event.prevent_default();
                    edit.run(());
                }
            }
            _ => {}
        }
    };
    view! {
        <form
            id=FORM class="composer" method="post" action=action
            on:submit=move |event| {
                event.prevent_default();
                submit();
            }
        >
            {children()}
            <label class="visually-hidden" for=COMPOSER>{words.label}</label>
            <textarea
                id=COMPOSER name="content" node_ref=area rows="1" placeholder=words.placeholder required=true
                enterkeyhint=move || if prefs.enter_sends() { "send" } else { "enter" }
                prop:value=text
                on:input=move |event| {
                    let now = event_target_value(&event);
                    storage::set(&draft.read_value(), &now);
                    text.set(now);
                }
                on:keydown=on_key
            ></textarea>
            {move || (busy.get() && wait.is_some() && !empty.get()).then(|| view! {
                <button type="submit" class="send wait" aria-label=words.later title=words.later>{icon("plus")}</button>
            })}
            {move || if busy.get() {
                view! {
                    <button type="button" class="send stop" class:busy=stopping disabled=stopping aria-label=words.stop title=words.stop_title on:click=move |_| stop.run(())>
                        <span class="stop-mark"></span>
                    </button>
                }.into_any()
            } else {
                view! {
                    <button type="submit" class="send" class:dim=move || reason.read().is_some() aria-label=words.send title=move || reason.get().unwrap_or(words.send)>
                        {icon("send")}
                    </button>
                }.into_any()
            }}
        </form>
        <p class="composer-note" class:hint=hint aria-live="polite">
            {move || match (stopping.get(), blocked.get()) {
                (true, _) => words.stopping.to_owned(),
                (false, Some(blocked)) => blocked.to_owned(),
                _ if chars.get() > NEAR_FULL => (words.length)(chars.get(), MAX_MESSAGE_CHARS),
                _ if prefs.enter_sends() => words.enter_sends.to_owned(),
                _ => words.ctrl_enter_sends.to_owned(),
            }}
        </p>
    }
    .into_any()
}
