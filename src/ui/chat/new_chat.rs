//! `/chat`: where a chat begins.

use super::composer::{Composer, Taken};
use super::options::{Options, OptionsButton, PoolNote, PrivateSwitch, private_note};
use super::picker::{Picker, PickerButton};
use super::refusal::Refusal;
use crate::api::models::picker;
use crate::api::threads::{StartThread, start_thread};
use crate::client::{dom, storage};
use crate::shared::chat::{ChatSettings, ThreadView};
use crate::shared::error::AppError;
use crate::shared::model::{Choice, PickerProvider};
use crate::ui::erased::Effect;
use crate::ui::pages::workspace::TopBar;
use crate::ui::parts::icon::icon;
use crate::ui::parts::notice::Notice;
use crate::ui::shell::RequestSeed;
use crate::ui::state::catalog::{Catalog, choice_of};
use crate::ui::state::threads::Threads;
use crate::ui::state::{Who, form_error, unless_signed_out, words};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};
use leptos_router::params::ParamsMap;

/// Where this browser keeps the model that was picked last.
const LAST_MODEL: &str = "model";

/// The page of a new chat.
#[component]
pub fn NewChat() -> impl IntoView {
    let who = expect_context::<Who>();
    let catalog = expect_context::<Catalog>();
    let posted = form_error("/fn/threads/");
    let loaded = Resource::new(
        || (),
        move |()| async move {
            // Known to the browser already: nothing to load.
            let known = catalog.providers.with_untracked(Option::is_some);
            if known {
                Ok(None)
            } else {
                picker().await.map(Some)
            }
        },
    );
    view! {
        <Title text=words().begin.title/>
        <Suspense fallback=|| view! { <TopBar><div class="skeleton line"></div></TopBar> }>
            {move || {
                let posted = posted.clone();
                Suspend::new(async move {
                    who.session().await;
                    if let Some(loaded) = loaded.await.map_err(unless_signed_out).transpose() {
                        catalog.start(loaded);
                    }
                    view! { <Start posted/> }
                })
            }}
        </Suspense>
    }
    .into_any()
}

#[component]
fn Start(posted: Option<AppError>) -> impl IntoView {
    let catalog = expect_context::<Catalog>();
    let threads = expect_context::<Threads>();
    let query = use_query_map();
    let navigate = use_navigate();
    let words = &words().begin;
    let asked = move |query: &ParamsMap| query.get("model")?.parse::<Choice>().ok();
    let picked = RwSignal::new(asked(&query.read_untracked()));
    Effect::new(move || {
        if let Some(choice) = asked(&query.read()) {
            picked.set(Some(choice));
        }
    });
    let choice = Memo::new(move |_| picked.get().or_else(|| catalog.first()));
    let text = RwSignal::new(String::new());
    let prompt = RwSignal::new(String::new());
    let settings = RwSignal::new(ChatSettings::default());
    let pool = RwSignal::new(false);
    let private = NodeRef::<leptos::html::Input>::new();
    let starting = RwSignal::new(None::<String>);
    let refused = RwSignal::new(posted);
    Effect::new(move || {
        if picked.get_untracked().is_none() {
            let last = storage::get(LAST_MODEL).and_then(|text| text.parse::<Choice>().ok());
            picked.set(last.filter(|choice| catalog.model(choice).is_some()));
        }
        catalog.renew();
    });
    let pick = Callback::new(move |choice: Choice| {
        storage::set(LAST_MODEL, &choice.to_string());
        picked.set(Some(choice));
        dom::focus(super::COMPOSER);
    });
    let options = Callback::new(move |(system, new, lent)| {
        prompt.set(system);
        settings.set(new);
        pool.set(lent);
    });
    let send = Callback::new(move |(content, taken): (String, Taken)| {
        let (Some(choice), Ok(request)) = (choice.get_untracked(), dom::request_id().parse())
        else {
            taken(false);
            return;
        };
        starting.set(Some(content.clone()));
        refused.set(None);
        let navigate = navigate.clone();
        let (system, settings) = (prompt.get_untracked(), settings.get_untracked());
        let pool = pool.get_untracked();
        let private = private.get_untracked().is_some_and(|input| input.checked());
        spawn_local(async move {
            match start_thread(choice, system, settings, pool, private, content, request).await {
                Ok(started) => {
                    taken(true);
                    let to = format!("/chat/{}", started.thread.id);
                    threads.touch(started.thread.clone());
                    threads.handed_over.set(Some(ThreadView {
                        thread: started.thread,
                        model: started.model,
                        messages: vec![started.sent.question],
                        live: Some(started.sent.answer),
                        earlier: None,
                        later: None,
                        at: None,
                    }));
                    navigate(&to, NavigateOptions::default());
                }
                Err(error) => {
                    taken(false);
                    starting.set(None);
                    refused.set(Some(unless_signed_out(error)));
                }
            }
        });
    });
    let blocked = Signal::derive(move || choice.read().is_none().then_some(words.add_key_to_start));
    let keyless = Memo::new(move |_| !catalog.any());
    let seed = use_context::<RequestSeed>().unwrap_or_default().0;
    let trouble = move || {
        refused.get().map(|error| {
            let provider = choice
                .read()
                .as_ref()
                .map(|choice| choice.provider.to_string())
                .unwrap_or_default();
            view! { <Refusal error provider/> }
        })
    };
    view! {
        <TopBar>
            <PickerButton choice/>
            <span class="top-space"></span>
            <PrivateSwitch node_ref=private/>
            <OptionsButton/>
        </TopBar>
        {move || catalog.error.get().map(|error| view! { <Notice error/> })}
        <div class="chat-new">
            {move || match starting.get() {
                Some(content) => view! {
                    <div class="log-inner">
                        <article class="message user"><div class="bubble"><p class="plain">{content}</p></div></article>
                        <article class="message answer live"><p class="waiting"><span class="pulse" aria-hidden="true"><i></i><i></i><i></i></span></p></article>
                    </div>
                }.into_any(),
                None if keyless.get() => view! { <Keyless/> }.into_any(),
                None => view! {
                    <div class="greeting">
                        <h1>{words.greeting}</h1>
                        <ul class="starters js-only">
                            {words.starters.map(|(name, prompt)| view! {
                                <li><button type="button" on:click=move |_| {
                                    text.set(prompt.to_owned());
                                    dom::focus(super::COMPOSER);
                                }><strong>{name}</strong><span>{prompt}</span></button></li>
                            }).collect_view()}
                        </ul>
                    </div>
                }.into_any(),
            }}
        </div>
        <div class="dock">
            {trouble}
            {move || {
                let note = catalog.note(&choice.get()?)?;
                Some(view! { <p class="muted small dock-note">{note}" "<a href="/providers">{words.add_key}</a></p> })
            }}
            <PoolNote pool/>
            {private_note()}
            <Composer
                text draft=super::NEW_DRAFT.to_owned() action=StartThread::PATH
                busy=Signal::derive(move || starting.read().is_some()) stopping=Signal::derive(|| false) blocked
                send stop=Callback::new(|()| {})
            >
                <input type="hidden" name="client_request_id" value=seed/>
                <PlainPicker choice/>
            </Composer>
        </div>
        <Picker choice pick/>
        <Options choice prompt settings pool save=options/>
    }
    .into_any()
}

/// The models as a plain list, for browsers without script.
#[component]
fn PlainPicker(choice: Memo<Option<Choice>>) -> impl IntoView {
    let catalog = expect_context::<Catalog>();
    let group = |provider: &PickerProvider| {
        let models = provider.list.as_ref()?.models.iter().take(40);
        let options = models.map(|model| view! { <option value=choice_of(model).to_string()>{model.display_name.clone()}</option> }).collect_view();
        Some(view! { <optgroup label=provider.provider.name.clone()>{options}</optgroup> })
    };
    let groups = catalog
        .providers
        .with_untracked(|all| all.iter().flatten().filter_map(group).collect_view());
    let first = untrack(move || choice.get()).map(|choice| {
        let name = untrack(|| catalog.model(&choice))
            .map_or_else(|| choice.model.to_string(), |model| model.display_name);
        view! { <option value=choice.to_string() selected=true>{name}</option> }
    });
    view! {
        <label class="no-js-only plain-picker">{words().begin.model}" "<select name="choice">{first}{groups}</select></label>
    }
    .into_any()
}

/// What is said to people who have no key yet.
#[component]
fn Keyless() -> impl IntoView {
    let words = &words().begin;
    view! {
        <div class="greeting">
            <span class="point-icon large">{icon("key")}</span>
            <h1>{words.first_key}</h1>
            <p class="lead">{words.first_key_lead}</p>
            <p><a class="button primary large" href="/providers">{icon("plus")}{words.add_key}</a></p>
        </div>
    }
    .into_any()
}
