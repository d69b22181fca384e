//! The providers and the person's keys.

mod card;
mod row;

use crate::api::keys::provider_cards;
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::provider::ProviderCard;
use crate::ui::pages::workspace::TopBar;
use crate::ui::parts::notice::Notice;
use crate::ui::state::{Who, form_error, unless_signed_out};
use card::Card;
use leptos::either::Either;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;

/// `/providers`: a card for each provider, those with keys first.
#[component]
pub fn Providers() -> impl IntoView {
    let who = expect_context::<Who>();
    let posted = form_error("/fn/keys/");
    let query = use_query_map();
    let cards = Resource::new(|| (), |()| provider_cards());
    view! {
        <Title text="Providers"/>
        <TopBar><h1>"Providers"</h1></TopBar>
        <div class="page">
            <p class="lead">
                "Your keys, sealed one by one. A key is checked with its provider before it is stored, shown by its last "
                "four characters, and used in the order given here."
            </p>
            {posted.map(|error| view! { <Notice error/> })}
            <Suspense fallback=Skeletons>
                {move || Suspend::new(async move {
                    who.session().await;
                    match cards.await {
                        Ok(cards) => {
                            let came_back = came_back(&cards, &query.read_untracked());
                            let (own, other): (Vec<_>, Vec<_>) =
                                cards.into_iter().partition(|card| !card.keys.is_empty());
                            let list = |cards: Vec<_>| {
                                cards.into_iter().map(|card| view! { <Card card/> }).collect_view()
                            };
                            let none = own.is_empty();
                            Either::Left(view! {
                                {came_back}
                                {(!none).then(|| view! {
                                    <h2 class="visually-hidden">"Connected"</h2>
                                    <section class="cards">{list(own)}</section>
                                })}
                                <h2 class="section">
                                    {if none { "Connect your first provider" } else { "Connect another" }}
                                </h2>
                                <section class="cards grid">{list(other)}</section>
                            })
                        }
                        Err(error) => Either::Right(view! { <Notice error=unless_signed_out(error)/> }),
                    }
                })}
            </Suspense>
        </div>
    }
    .into_any()
}

/// What came of the way to a provider and back. The address only says which of these sentences it is.
fn came_back(cards: &[ProviderCard], query: &ParamsMap) -> Option<impl IntoView + use<>> {
    let (word, at) = (query.get("connect")?, query.get("at")?);
    let card = cards.iter().find(|card| card.provider.id.as_str() == at)?;
    let name = &card.provider.name;
    let sentence = match word.as_str() {
        "done" => format!(
            "{name} is connected: it gave out a key for KeyLM, which is stored like a pasted one."
        ),
        "denied" => format!("{name} was not connected, because the access was not given."),
        "stale" => format!(
            "{name} was not connected: the way back was not taken from this browser, took more than ten minutes, or was taken \
             before. Connect again."
        ),
        code => ErrorCode::parse(code)?.provider_sentence(name),
    };
    Some(if word == "done" {
        Either::Left(view! { <div class="notice" role="status"><p>{sentence}</p></div> })
    } else {
        let error = AppError::new(ErrorCode::InsufficientPermission, sentence);
        Either::Right(view! { <Notice error/> })
    })
}

#[component]
fn Skeletons() -> impl IntoView {
    view! {
        <div class="cards" aria-busy="true">
            <div class="skeleton card"></div>
            <div class="skeleton card"></div>
            <div class="skeleton card"></div>
        </div>
    }
    .into_any()
}
