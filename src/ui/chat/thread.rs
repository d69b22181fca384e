//! `/chat/:id`: an open thread.

use super::composer::{Composer, Taken};
use super::conversation::{Conversation, place_in};
use super::forms::forms;
use super::log::{Log, edit};
use super::moving::{Farewell, Go, GoOn, moving};
use super::options::{Options, OptionsButton, PoolNote, private_note};
use super::picker::{Picker, PickerButton};
use super::queue::{Queue, Queued};
use super::refusal::Refusal;
use super::{LOG, NEW_DRAFT, draft_of};
use crate::api::messages::SendMessage;
use crate::api::threads::open_thread;
use crate::client::stream::Link;
use crate::client::{dom, log, storage};
use crate::shared::chat::{Thread, ThreadChange, ThreadView};
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::ids::{MessageId, ThreadId};
use crate::shared::model::Choice;
use crate::ui::erased::{Effect, For};
use crate::ui::pages::workspace::TopBar;
use crate::ui::parts::icon::icon;
use crate::ui::parts::private::private_mark;
use crate::ui::shell::RequestSeed;
use crate::ui::state::catalog::Catalog;
use crate::ui::state::elsewhere::Elsewhere;
use crate::ui::state::threads::Threads;
use crate::ui::state::toasts::Toasts;
use crate::ui::state::{Who, form_error, unless_signed_out, words};
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_params_map, use_query_map};
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// A thread's page as it was loaded.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Loaded {
    /// The id it was loaded for.
    id: String,
    pub(super) view: Result<ThreadView, AppError>,
    /// The messages of `view`. They are not told to the browser beside the page, which has them.
    #[serde(skip)]
    pub(super) html: Arc<str>,
}

/// Which messages of a thread an address asks for.
#[derive(Clone, Default)]
pub(super) struct Asked {
    before: Option<i64>,
    after: Option<i64>,
    at: Option<MessageId>,
}

impl Asked {
    /// What the query asks for, or else where this tab read the thread last.
    fn of(thread: &str, query: &ParamsMap) -> Self {
        let mut asked = Self {
            before: query.get("before").and_then(|depth| depth.parse().ok()),
            after: query.get("after").and_then(|depth| depth.parse().ok()),
            at: query.get("at").and_then(|id| id.parse().ok()),
        };
        if is_browser()
            && let (None, None, None) = (asked.before, asked.after, &asked.at)
        {
            let place = thread.parse().ok().and_then(|thread| place_in(&thread));
            asked.at = place.map(|place| place.message);
        }
        asked
    }
}

/// Loads a thread, unless it was just started here.
pub(super) async fn load(threads: Threads, id: String, asked: Asked) -> Loaded {
    let handed = threads.handed_over.try_update_untracked(Option::take);
    let handed = handed
        .flatten()
        .filter(|view| view.thread.id.as_str() == id);
    let mut view = match (handed, id.parse::<ThreadId>()) {
        (Some(view), _) => Ok(view),
        (None, Ok(id)) => {
            let Asked { before, after, at } = asked;
            let opened = open_thread(id, before, after, at).await;
            opened.map_err(unless_signed_out)
        }
        (None, Err(_)) => Err(AppError::new(ErrorCode::NotFound, "")),
    };
    let messages = view.as_mut().map(|view| std::mem::take(&mut view.messages));
    let html = messages
        .unwrap_or_default()
        .into_iter()
        .map(|message| message.html);
    let html = html.collect::<String>().into();
    Loaded { id, view, html }
}

/// The page of a thread.
#[component]
pub fn ThreadPage() -> impl IntoView {
    let who = expect_context::<Who>();
    let threads = expect_context::<Threads>();
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    // Only the first thread comes from here: a resource that asks again would take the old page's signals away while
    // the page is still seen.
    let query = use_query_map();
    let load = move || {
        let id = id.get_untracked();
        let asked = Asked::of(&id, &query.read_untracked());
        load(threads, id, asked)
    };
    let first = Resource::new(|| (), move |()| load());
    view! {
        <Suspense fallback=|| view! {
            <TopBar><div class="skeleton line"></div></TopBar>
            <div class="log-inner" aria-busy="true"><div class="skeleton lines"></div></div>
        }>
            {move || Suspend::new(async move {
                who.session().await;
                let first = first.await;
                view! { <Current first id/> }
            })}
        </Suspense>
    }
    .into_any()
}

/// The thread of the address; the one before it stays until it is loaded.
#[component]
fn Current(first: Loaded, id: Memo<String>) -> impl IntoView {
    let threads = expect_context::<Threads>();
    let query = use_query_map();
    let asked = StoredValue::new(first.id.clone());
    let shown = RwSignal::new(first);
    Effect::new(move || {
        let id = id.get();
        if asked.get_value() != id {
            asked.set_value(id.clone());
            let messages = Asked::of(&id, &query.read_untracked());
            spawn_local(async move {
                let loaded = load(threads, id, messages).await;
                if asked.try_get_value().as_ref() == Some(&loaded.id) {
                    shown.set(loaded);
                }
            });
        }
    });
    view! {
        <For each=move || [shown.get()] key=|loaded| loaded.id.clone() let(loaded)>
            {match loaded.view {
                Ok(view) => view! { <Open view html=loaded.html/> }.into_any(),
                Err(error) => view! { <Missing error/> }.into_any(),
            }}
        </For>
    }
    .into_any()
}

#[component]
fn Missing(error: AppError) -> impl IntoView {
    let words = words();
    let (title, text) = if error.code == ErrorCode::NotFound {
        (words.chat.no_such, words.chat.maybe_deleted.to_owned())
    } else {
        (
            (words.errors.headline)(error.code),
            words.errors.said(&error),
        )
    };
    view! {
        <Title text=words.chat.not_found/>
        <TopBar><span></span></TopBar>
        <div class="greeting">
            <h1>{title}</h1>
            <p class="lead">{text}</p>
            <p><a class="button primary" href="/chat">{words.chat.start_new}</a></p>
        </div>
    }
    .into_any()
}

#[component]
fn Open(view: ThreadView, html: Arc<str>) -> impl IntoView {
    let catalog = expect_context::<Catalog>();
    let threads = expect_context::<Threads>();
    let toasts = expect_context::<Toasts>();
    let new_chat = words().begin.title;
    let (words, dismiss) = (&words().chat, words().frame.dismiss);
    let posted = form_error("/fn/messages/").or_else(|| form_error("/fn/threads/"));
    let (line, leaving) = (view.model.clone(), view.model.leaving.clone());
    let conversation = Conversation::new(view, html);
    let thread = conversation.thread;
    conversation.refused.set(posted);
    let choice = Memo::new(move |_| {
        let thread = thread.read();
        Some(Choice {
            provider: thread.provider.clone(),
            model: thread.model.clone(),
        })
    });
    let text = RwSignal::new(String::new());
    let editing = RwSignal::new(None);
    let away = RwSignal::new(false);
    let wanted = RwSignal::new(None::<Choice>);
    let go = moving(conversation, text);
    let queue = Queue::new(&thread.read_untracked().id);
    queue.serve(conversation);
    let swap = StoredValue::new(None);
    Effect::new(move || {
        conversation.attach();
        catalog.ensure();
    });
    Effect::new(move || {
        // The sidebar may know a newer title.
        let id = thread.with_untracked(|thread| thread.id.clone());
        let (pinned, list) = (threads.pinned.read(), threads.list.read());
        let mut known = pinned.iter().chain(list.iter());
        let known = known.find(|known| known.id == id);
        let title = known.map(|known| known.title.clone());
        if let Some(title) = title.filter(|title| *title != thread.read_untracked().title) {
            thread.update(|thread| thread.title = title);
        }
    });
    keys(conversation);
    catch_up(conversation);
    arrive(conversation);
    let to_end = move |_| {
        spawn_local(async move {
            if let Err(error) = conversation.show_end().await {
                toasts.trouble(&unless_signed_out(error));
            }
        });
    };
    let send = Callback::new(move |(content, taken): (String, Taken)| {
        conversation.send(content, move |ok| taken(ok));
    });
    let edit_last = Callback::new(move |()| {
        let last = log::last_question(LOG);
        if let Some(last) = last.filter(|_| conversation.running.read_untracked().is_none()) {
            edit(editing, last);
        }
    });
    let save = Callback::new(move |(system_prompt, settings, pool)| {
        let id = thread.read_untracked().id.clone();
        let change = ThreadChange {
            system_prompt: Some(system_prompt),
            settings: Some(settings),
            pool_fallback: Some(pool),
            ..ThreadChange::default()
        };
        spawn_local(async move {
            match threads.change(id, change).await {
                Ok(new) => {
                    thread.set(new);
                    toasts.done(words.saved);
                }
                Err(error) => toasts.trouble(&unless_signed_out(error)),
            }
        });
    });
    let pick = Callback::new(move |new: Choice| {
        let swapped = swap.try_update_value(Option::take).flatten();
        let swapped = swapped.filter(|(_, opened)| *opened == catalog.opened.get_untracked());
        if let Some((message, _)) = swapped
            && new.provider == thread.read_untracked().provider
        {
            return conversation.retry(message, Some(new.model));
        }
        if Some(&new) != choice.read_untracked().as_ref() {
            wanted.set(Some(new));
            set_timeout(|| dom::open_dialog("other-model"), Duration::ZERO);
        }
    });
    // The document asks for the title wherever its stream is polled, and the tab once more after the page is gone: no
    // arena of signals is there then, so the title is a signal of its own.
    let tab = ArcRwSignal::new(thread.read_untracked().name_or(new_chat).to_owned());
    let title = {
        let tab = tab.clone();
        move || tab.get()
    };
    Effect::new(move || {
        if let Some(title) = thread.try_with(|thread| thread.name_or(new_chat).to_owned()) {
            tab.set(title);
        }
    });
    let private = thread.read_untracked().private;
    let pool = Signal::derive(move || thread.read().pool_fallback);
    let busy = Signal::derive(move || conversation.running.read().is_some());
    let draft = draft_of(&thread.read_untracked().id);
    let seed = use_context::<RequestSeed>().unwrap_or_default().0;
    let thread_id = thread.read_untracked().id.to_string();
    let forms = forms(&thread.read_untracked().id, &seed, words.go_on);
    view! {
        <Title text=title/>
        <TopBar>
            <PickerButton choice known=line/>
            {private.then(private_mark)}
            <h1 class="top-title">{move || thread.read().name_or(new_chat).to_owned()}</h1>
            <OptionsButton/>
        </TopBar>
        {leaving.map(|leaving| view! { <Farewell conversation leaving go/> })}
        <Log conversation editing away swap go/>
        <div hidden=true inner_html=forms></div>
        <div class="dock">
            {move || away.get().then(|| view! {
                <button type="button" class="latest" class:fresh=busy aria-label=words.to_latest on:click=to_end>
                    {icon("latest")}
                </button>
            })}
            <LinkBanner conversation/>
            {move || conversation.gone.get().then(|| view! { <Gone thread text/> })}
            {move || conversation.refused.get().map(|error| view! {
                <Refusal error=error.clone() provider=thread.read_untracked().provider.to_string()>
                    {error.replacement().map(|replacement| view! { <GoOn conversation replacement go/> })}
                    <button type="button" class="button small js-only" on:click=move |_| conversation.refused.set(None)>{dismiss}</button>
                </Refusal>
            })}
            <PoolNote pool/>
            {private.then(private_note)}
            <Queued queue conversation/>
            <Composer
                text draft action=SendMessage::PATH busy stopping=conversation.stopping
                blocked=Signal::derive(move || conversation.gone.get().then_some(words.deleted))
                send stop=Callback::new(move |()| conversation.stop()) edit_last
                wait=Callback::new(move |text| queue.add(text))
            >
                <input type="hidden" name="thread" value=thread_id/>
                <input type="hidden" name="client_request_id" value=seed/>
            </Composer>
        </div>
        <p class="visually-hidden" role="status">{move || (conversation.said.get())(words)}</p>
        <Picker choice pick/>
        <Options
            choice prompt=Signal::derive(move || thread.read().system_prompt.clone().unwrap_or_default())
            settings=Signal::derive(move || thread.read().settings.clone()) pool save
        />
        <OtherModel wanted go/>
    }
    .into_any()
}

/// Esc stops the answer.
fn keys(conversation: Conversation) {
    Effect::new(move || {
        let keys = window_event_listener(ev::keydown, move |event| {
            let plain = !event.shift_key() && !event.ctrl_key() && !event.alt_key();
            if event.key() == "Escape" && plain && !event.default_prevented() && !dom::dialog_open()
            {
                conversation.stop();
            }
        });
        on_cleanup(move || keys.remove());
    });
}

/// Leads to the message that the address names, or else back to where this tab read the thread last.
fn arrive(conversation: Conversation) {
    let toasts = expect_context::<Toasts>();
    let location = use_location();
    let id = conversation.thread.read_untracked().id.clone();
    let path = ["/chat/", id.as_str()].concat();
    let named = Memo::new(move |_| {
        if location.pathname.read() != path {
            return None;
        }
        let hash = location.hash.get();
        let hash = hash.trim_start_matches('#').strip_prefix("m-");
        let hash = hash.map(str::to_owned);
        let named = location.query.read().get("at").or(hash)?;
        named.parse::<MessageId>().ok()
    });
    leptos::prelude::Effect::new(move |arrived: Option<()>| {
        if let Some(message) = named.get() {
            spawn_local(async move {
                if let Err(error) = conversation.go_to(message).await {
                    toasts.trouble(&unless_signed_out(error));
                }
            });
        } else {
            let query = location.query.read_untracked();
            let asked = ["before", "after"]
                .iter()
                .any(|name| query.get(name).is_some());
            let place = place_in(&id).filter(|_| arrived.is_none() && !asked);
            if let Some(place) = place {
                spawn_local(conversation.return_to(place));
            }
        }
    });
}

/// Keeps up with what is done in the thread elsewhere.
fn catch_up(conversation: Conversation) {
    let elsewhere = expect_context::<Elsewhere>();
    let id = conversation.thread.read_untracked().id.clone();
    elsewhere.show(id.clone());
    Effect::new(move || {
        if let Some(word) = elsewhere.word.get().filter(|word| word.about == id) {
            untrack(|| conversation.hear(word.state));
        }
    });
}

/// Says that the thread was deleted elsewhere. What was written for it goes along to a new one.
#[component]
fn Gone(thread: RwSignal<Thread>, text: RwSignal<String>) -> impl IntoView {
    let words = &words().chat;
    let take_along = move |_| {
        let written = text.get_untracked();
        if !written.trim().is_empty() {
            let parts = storage::get(NEW_DRAFT).into_iter().chain([written]);
            storage::set(NEW_DRAFT, &parts.collect::<Vec<_>>().join("\n"));
            storage::set(&draft_of(&thread.read_untracked().id), "");
        }
    };
    view! {
        <div class="error-card" role="alert">
            <p class="error-title">{icon("trash")}<strong>{words.gone_title}</strong></p>
            <p>{words.gone}</p>
            <div class="error-actions">
                <a class="button small primary" href="/chat" on:click=take_along>{words.start_another}</a>
            </div>
        </div>
    }
    .into_any()
}

/// Says when the stream's connection is gone for longer than a blink.
#[component]
fn LinkBanner(conversation: Conversation) -> impl IntoView {
    let late = RwSignal::new(false);
    let words = &words().chat;
    Effect::new(move || {
        late.set(false);
        if matches!(conversation.link.get(), Link::Lost | Link::Dead)
            && let Ok(timer) =
                set_timeout_with_handle(move || late.set(true), Duration::from_secs(3))
        {
            on_cleanup(move || timer.clear());
        }
    });
    move || {
        (late.get() && conversation.running.read().is_some()).then(|| match conversation.link.get() {
            Link::Dead => view! {
                <p class="banner" role="status">{words.connection_gone}" "<a href="" rel="external">{words.reload}</a></p>
            }.into_any(),
            _ => view! { <p class="banner" role="status">{words.reconnecting}</p> }.into_any(),
        })
    }
}

/// Offers ways to go on with another model, because a thread keeps its own.
#[component]
fn OtherModel(wanted: RwSignal<Option<Choice>>, go: Go) -> impl IntoView {
    let catalog = expect_context::<Catalog>();
    let navigate = use_navigate();
    let words = &words().chat;
    let title = move || {
        wanted.get().map(|choice| {
            let model = catalog.model(&choice);
            let name = model.map_or_else(|| choice.model.to_string(), |model| model.display_name);
            (words.other_model)(&name)
        })
    };
    let close = move || dom::close_dialog("other-model");
    let fork = move |_| {
        close();
        if let Some(choice) = wanted.get_untracked() {
            go.run((None, Some(choice)));
        }
    };
    let fresh = move |_| {
        close();
        if let Some(choice) = wanted.get_untracked() {
            let to = format!("/chat?model={}", dom::encode(&choice.to_string()));
            navigate(&to, NavigateOptions::default());
        }
    };
    view! {
        <dialog id="other-model" class="modal" aria-labelledby="other-model-title" on:click=move |event| if dom::on_backdrop(&event) { close() }>
            <h2 id="other-model-title">{title}</h2>
            <p class="muted">{words.other_model_note}</p>
            <div class="modal-actions">
                <button type="button" class="button primary" on:click=fork>{words.continue_there}</button>
                <button type="button" class="button" on:click=fresh>{words.start_empty}</button>
                <button type="button" class="button quiet" on:click=move |_| close()>{words.stay}</button>
            </div>
        </dialog>
    }
    .into_any()
}
