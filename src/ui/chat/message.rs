//! One message.

use super::conversation::{Conversation, Entry};
use super::error_card::ErrorCard;
use crate::api::messages::{RetryAnswer, StopAnswer, message_source};
use crate::client::{clipboard, dom};
use crate::shared::chat::{FinishReason, MessageStatus, MessageView, Role};
use crate::ui::format::{count, money, span};
use crate::ui::parts::icon::icon;
use crate::ui::parts::post_form::PostForm;
use crate::ui::shell::RequestSeed;
use crate::ui::state::toasts::Toasts;
use crate::ui::state::unless_signed_out;
use leptos::either::Either;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use std::time::Duration;

/// After this the waiting line says that it takes long.
const SLOW: Duration = Duration::from_secs(10);

/// A message of either side.
#[component]
pub(super) fn Message(
    /// The message.
    entry: Entry,
    /// Its thread.
    conversation: Conversation,
    /// The message that is being edited.
    editing: RwSignal<Option<String>>,
) -> impl IntoView {
    if entry.view.read_untracked().role == Role::User {
        Either::Left(view! { <Question entry conversation editing/> })
    } else {
        Either::Right(view! { <Answer entry conversation/> })
    }
}

/// A button that shows a check mark for two seconds after it copied something.
#[component]
fn CopyButton(
    /// What it copies, for its name.
    label: &'static str,
    /// Copies; calls back with whether it worked.
    copy: impl Fn(Callback<bool>) + 'static,
) -> impl IntoView {
    let done = RwSignal::new(false);
    let finish = Callback::new(move |worked: bool| {
        done.set(worked);
        set_timeout(move || done.set(false), Duration::from_secs(2));
    });
    view! {
        <button type="button" class="icon-button js-only" aria-label=label title=label on:click=move |_| copy(finish)>
            {move || icon(if done.get() { "check" } else { "copy" })}
        </button>
    }
    .into_any()
}

fn siblings(view: &MessageView) -> Option<String> {
    let (which, of) = view.sibling;
    (of > 1).then(|| format!("{which}/{of}"))
}

/// What the person said.
#[component]
fn Question(
    entry: Entry,
    conversation: Conversation,
    editing: RwSignal<Option<String>>,
) -> impl IntoView {
    let view = entry.view.clone();
    let key = entry.key.clone();
    let id = format!("edit-{key}");
    let open = Memo::new(move |_| editing.read().as_ref() == Some(&key));
    let edited = {
        let entry = entry.clone();
        move |text: String| {
            editing.set(None);
            let same = entry.view.read_untracked().text == text;
            if !text.trim().is_empty() && !same {
                conversation.edit(&entry, text);
            }
        }
    };
    let start = {
        let (key, id) = (entry.key.clone(), id.clone());
        move |_| {
            editing.set(Some(key.clone()));
            let id = id.clone();
            set_timeout(
                move || {
                    dom::focus(&id);
                    dom::fit_height(&id);
                },
                Duration::ZERO,
            );
        }
    };
    let copy = {
        let view = view.clone();
        move |done: Callback<bool>| {
            let text = view.read_untracked().text.clone();
            spawn_local(async move { _ = done.try_run(clipboard::copy(&text).await) });
        }
    };
    let number = {
        let view = view.clone();
        move || siblings(&view.read())
    };
    let text = {
        let view = view.clone();
        move || view.read().text.clone()
    };
    view! {
        <article class="message user" aria-label="You">
            {move || if open.get() {
                let save = edited.clone();
                let area = NodeRef::<leptos::html::Textarea>::new();
                let submit = move || if let Some(area) = area.get_untracked() { save(area.value()) };
                let by_key = submit.clone();
                let grow = id.clone();
                view! {
                    <form class="edit" on:submit=move |event| { event.prevent_default(); submit(); }>
                        <label class="visually-hidden" for=id.clone()>"Edit the message"</label>
                        <textarea
                            id=id.clone() node_ref=area prop:value=text()
                            on:input=move |_| dom::fit_height(&grow)
                            on:keydown=move |event| match event.key().as_str() {
                                "Escape" => { event.stop_propagation(); editing.set(None); }
                                "Enter" if (event.ctrl_key() || event.meta_key()) && !dom::composing(&event) => by_key(),
                                _ => {}
                            }
                        ></textarea>
                        <div class="edit-actions">
                            <button type="button" class="button small" on:click=move |_| editing.set(None)>"Cancel"</button>
                            <button type="submit" class="button small primary" disabled=move || conversation.running.read().is_some()>"Send again"</button>
                        </div>
                    </form>
                }.into_any()
            } else {
                view! { <div class="bubble"><p class="plain">{text()}</p></div> }.into_any()
            }}
            <div class="actions">
                {move || number().map(|number| view! { <span class="sibling" title="Branches">{number}</span> })}
                <CopyButton label="Copy the message" copy/>
                <button type="button" class="icon-button js-only" aria-label="Edit the message" title="Edit" disabled=move || conversation.running.read().is_some() on:click=start>
                    {icon("edit")}
                </button>
            </div>
        </article>
    }
    .into_any()
}

/// What the model said.
#[component]
fn Answer(entry: Entry, conversation: Conversation) -> impl IntoView {
    let view = entry.view.clone();
    let status = {
        let view = view.clone();
        Memo::new(move |_| view.read().status)
    };
    let live = Memo::new(move |_| !status.get().is_final());
    let thought = entry.thought.clone();
    let thinks = {
        let thought = thought.clone();
        Memo::new(move |_| !thought.read().is_empty())
    };
    let blocks = entry.blocks.clone();
    let silent = {
        let blocks = blocks.clone();
        Memo::new(move |_| blocks.read().is_empty())
    };
    let last = {
        let key = entry.key.clone();
        Memo::new(move |_| {
            conversation
                .entries
                .read()
                .last()
                .is_some_and(|last| last.key == key)
        })
    };
    let model = {
        let view = view.clone();
        move || {
            let model = view.read().model.as_ref().map(ToString::to_string);
            model.unwrap_or_else(|| "Answer".to_owned())
        }
    };
    let thinking = {
        let thought = thought.clone();
        move || {
            thinks.get().then(|| {
            let thought = thought.clone();
            view! {
                <details class="thought">
                    <summary>{move || if live.get() && silent.get() { "Thinking…" } else { "Thought" }}</summary>
                    <p class="plain">{move || thought.get()}</p>
                </details>
            }
        })
        }
    };
    let trouble = {
        let (view, entry) = (view.clone(), entry.clone());
        let error = Memo::new(move |_| view.read().error.clone());
        move || {
            error
                .get()
                .map(|error| view! { <ErrorCard error entry=entry.clone() conversation/> })
        }
    };
    let label = {
        let view = view.clone();
        move || {
            let view = view.read();
            match (view.status, view.finish_reason) {
                (MessageStatus::Stopped, _) => Some("Stopped by you. The text so far is kept."),
                (MessageStatus::Complete, Some(FinishReason::Length)) => {
                    Some("Cut off at the length limit.")
                }
                (MessageStatus::Complete, Some(FinishReason::ContentFilter)) => {
                    Some("Cut off by the provider’s content filter.")
                }
                _ => None,
            }
            .map(|text| view! { <p class="ended">{text}</p> })
        }
    };
    let foot = {
        let (view, entry) = (view.clone(), entry.clone());
        move || {
            (!live.get())
                .then(|| view! { <Foot view=view.clone() entry=entry.clone() conversation/> })
        }
    };
    let stop_fields = vec![
        (
            "thread",
            conversation.thread.read_untracked().id.to_string(),
        ),
        ("message", entry.id().to_string()),
    ];
    view! {
        <article class="message answer" class:live=live class:last=last aria-label=model aria-busy=move || live.get().then_some("true")>
            {thinking}
            <div class="prose">
                <For each=move || blocks.get().into_iter().enumerate() key=|(index, _)| *index let((_, html))>
                    <div class="block" inner_html=move || html.get()></div>
                </For>
            </div>
            {move || (live.get() && silent.get() && !thinks.get()).then(|| view! { <Waiting/> })}
            {move || live.get().then(|| view! {
                <div class="no-js-only live-note">
                    <a class="button small" href="">"Reload to read on"</a>
                    <PostForm action=StopAnswer::PATH fields=stop_fields.clone() submit=move || conversation.stop()>
                        <button type="submit" class="button small">"Stop"</button>
                    </PostForm>
                </div>
            })}
            {label}
            {trouble}
            {foot}
        </article>
    }
    .into_any()
}

/// What is shown until the first word.
#[component]
fn Waiting() -> impl IntoView {
    let slow = RwSignal::new(false);
    Effect::new(move || {
        if let Ok(timer) = set_timeout_with_handle(move || slow.set(true), SLOW) {
            on_cleanup(move || timer.clear());
        }
    });
    view! {
        <p class="waiting">
            <span class="pulse" aria-hidden="true"><i></i><i></i><i></i></span>
            <span>{move || if slow.get() { "No word yet. The provider is taking its time; you can go on waiting, or stop." } else { "" }}</span>
        </p>
    }
    .into_any()
}

/// The numbers of an answer and what can be done with it.
#[component]
fn Foot(view: ArcRwSignal<MessageView>, entry: Entry, conversation: Conversation) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let message = view.get_untracked();
    let numbers = usage_line(&message);
    let number = siblings(&message);
    let failed = message.error.is_some();
    let thread = conversation.thread.read_untracked().id.clone();
    let seed = use_context::<RequestSeed>().unwrap_or_default().0;
    let fields = vec![
        ("thread", thread.to_string()),
        ("message", message.id.to_string()),
        ("client_request_id", seed),
    ];
    let copy = move |done: Callback<bool>| {
        let (thread, id) = (thread.clone(), message.id.clone());
        spawn_local(async move {
            match message_source(thread, id).await {
                Ok(source) => _ = done.try_run(clipboard::copy(&source).await),
                Err(error) => toasts.trouble(&unless_signed_out(error)),
            }
        });
    };
    view! {
        <footer class="foot">
            <div class="actions">
                {number.map(|number| view! { <span class="sibling" title="Answers to this message">{number}</span> })}
                <CopyButton label="Copy as Markdown" copy/>
                {(!failed).then(|| view! {
                    <PostForm action=RetryAnswer::PATH fields submit=move || conversation.retry(&entry)>
                        <button type="submit" class="icon-button" aria-label="Answer again" title="Answer again" disabled=move || conversation.running.read().is_some()>
                            {icon("retry")}
                        </button>
                    </PostForm>
                })}
            </div>
            <p class="usage">{numbers}</p>
        </footer>
    }
    .into_any()
}

/// `model · 412 in · 96 out · $0.0027 · first word 0.4 s · 2.1 s in all · key …x7Qa`
fn usage_line(message: &MessageView) -> String {
    let mut parts: Vec<String> = message.model.iter().map(ToString::to_string).collect();
    if let Some(usage) = &message.usage {
        let about = if usage.estimated { "≈" } else { "" };
        parts.push(format!("{about}{} in", count(usage.input_tokens)));
        parts.push(format!("{about}{} out", count(usage.output_tokens)));
        if usage.reasoning_tokens > 0 {
            parts.push(format!("{about}{} thinking", count(usage.reasoning_tokens)));
        }
        parts.push(usage.cost.map_or_else(
            || "cost unknown".to_owned(),
            |cost| format!("{about}{}", money(cost)),
        ));
    }
    if let Some(timing) = message.timing {
        parts.extend(timing.ttft_ms.map(|ms| format!("first word {}", span(ms))));
        parts.push(format!("{} in all", span(timing.duration_ms)));
    }
    parts.extend(message.key_mask.as_ref().map(|mask| format!("key {mask}")));
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::chat::{Timing, Usage};
    use crate::shared::time::Timestamp;

    #[test]
    fn an_unknown_price_is_called_unknown() {
        let mut message = MessageView {
            id: "m".parse().expect("an id"),
            role: Role::Assistant,
            text: String::new(),
            blocks: vec![],
            reasoning: None,
            status: MessageStatus::Complete,
            finish_reason: None,
            error: None,
            model: Some("gpt-x".parse().expect("an id")),
            key_mask: Some("…x7Qa".to_owned()),
            usage: Some(Usage {
                input_tokens: 412,
                output_tokens: 96,
                total_tokens: 508,
                ..Usage::default()
            }),
            timing: Some(Timing {
                ttft_ms: Some(400),
                duration_ms: 2_100,
            }),
            created_at: Timestamp(0),
            sibling: (1, 1),
        };
        assert_eq!(
            usage_line(&message),
            "gpt-x · 412 in · 96 out · cost unknown · first word 400 ms · 2.1 s in all · key …x7Qa"
        );
        message.usage = Some(Usage {
            cost: Some(0.0027),
            estimated: true,
            ..Usage::default()
        });
        assert!(usage_line(&message).contains("≈$0.0027"));
    }
}
