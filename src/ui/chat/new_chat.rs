//! `/chat`: where a chat begins.

use super::answer::waiting;
use super::chips::Chips;
use super::composer::Composer;
use super::options::{Options, OptionsButton, PrivateSwitch, left_note, pool_note, private_note};
use super::picker::{Picker, PickerButton};
use super::refusal::{Refusal, RefusalTemplate};
use crate::api::models::beginning;
use crate::api::threads::StartThread;
use crate::shared::error::AppError;
use crate::shared::model::{Beginning, Choice, PickerProvider};
use crate::ui::pages::workspace::TopBar;
use crate::ui::parts::icon::icon;
use crate::ui::parts::notice::Notice;
use crate::ui::shell::RequestSeed;
use crate::ui::state::{Who, form_error, words};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// Models of a provider in the plain list at the most.
const MOST: usize = 40;

/// The page of a new chat.
#[component]
pub fn NewChat() -> impl IntoView {
    let who = expect_context::<Who>();
    let posted = form_error("/fn/threads/");
    let query = use_query_map();
    let asked = query.with_untracked(|query| query.get("model")?.parse::<Choice>().ok());
    view! {
        <Title text=words().begin.title/>
        <Suspense>
            {Suspend::new(async move {
                who.session().await?;
                let begun = beginning(asked).await;
                Some(view! { <Start begun posted/> })
            })}
        </Suspense>
    }
    .into_any()
}

#[component]
fn Start(begun: Result<Beginning, AppError>, posted: Option<AppError>) -> impl IntoView {
    let (begun, trouble) = match begun {
        Ok(begun) => (begun, None),
        Err(error) => (Beginning::default(), Some(error)),
    };
    let seed = use_context::<RequestSeed>().unwrap_or_default().0;
    let Beginning {
        providers,
        choice,
        known,
        means,
        due,
    } = begun;
    let keyless = !providers
        .iter()
        .any(|shelf| shelf.models().next().is_some());
    let due: Vec<_> = due.into_iter().map(String::from).collect();
    let provider = choice.as_ref().map(|choice| choice.provider.to_string());
    let name = known.as_ref().map(|known| known.name.clone());
    let plain = plain_picker(choice.as_ref(), name, &providers);
    let button = view! { <PickerButton choice=choice.clone() known=known.clone()/> };
    let left = means.left.clone().map(left_note);
    let models = choice.is_some();
    view! {
        <TopBar>
            {button}
            <span class="top-space"></span>
            <PrivateSwitch/>
            <OptionsButton/>
        </TopBar>
        {trouble.map(|error| view! { <Notice error/> })}
        <div id="chat-new" class="chat-new" data-due=due.join(" ")>
            {if keyless { keyless_greeting() } else { greeting() }}
        </div>
        {sketch()}
        <div class="dock">
            <RefusalTemplate/>
            {posted.map(|error| view! { <Refusal error provider=provider.unwrap_or_default()/> })}
            {left}
            {pool_note(false)}
            {private_note()}
            <Chips thread=None known=known.clone()/>
            <Composer action=StartThread::PATH means models>
                <input type="hidden" name="client_request_id" value=seed/>
                {plain}
            </Composer>
        </div>
        <Picker/>
        <Options thread=None choice known/>
    }
    .into_any()
}

fn greeting() -> AnyView {
    let words = &words().begin;
    let starters = words.starters.map(|(name, prompt)| {
        view! {
            <li><button type="button" data-do="starter"><strong>{name}</strong><span>{prompt}</span></button></li>
        }
    });
    view! {
        <div class="greeting">
            <h1>{words.greeting}</h1>
            <ul class="starters js-only">{starters.into_iter().collect_view()}</ul>
        </div>
    }
    .into_any()
}

/// What is said to people who have no key yet.
fn keyless_greeting() -> AnyView {
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

/// What the script shows in the place of the greeting while the chat begins.
fn sketch() -> AnyView {
    view! {
        <template id="beginning">
            <div class="log-inner">
                <article class="message user"><div class="bubble"><p class="plain"></p></div></article>
                <article class="message answer live">{waiting()}</article>
            </div>
        </template>
    }
    .into_any()
}

/// The models as a plain list, for browsers without script.
fn plain_picker(
    choice: Option<&Choice>,
    name: Option<String>,
    providers: &[PickerProvider],
) -> AnyView {
    let option = |choice: &Choice, name: String, selected: bool| {
        view! { <option value=choice.to_string() selected=selected>{name}</option> }
    };
    let group = |provider: &PickerProvider| {
        let models = provider.models().take(MOST);
        let options: Vec<_> = models
            .map(|model| option(&model.choice(), model.display_name.clone(), false))
            .collect();
        let name = provider.provider.name.clone();
        (!options.is_empty()).then(|| view! { <optgroup label=name>{options}</optgroup> })
    };
    let groups: Vec<_> = providers.iter().filter_map(group).collect();
    let first = choice.map(|choice| option(choice, name.unwrap_or_default(), true));
    view! {
        <label class="no-js-only plain-picker">{words().begin.model}" "<select name="choice">{first}{groups}</select></label>
    }
    .into_any()
}
