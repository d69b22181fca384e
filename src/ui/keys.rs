//! The providers and the person's keys.

mod card;
mod row;

use crate::api::keys::provider_cards;
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::provider::ProviderCard;
use crate::shared::words::Keys;
use crate::ui::pages::workspace::TopBar;
use crate::ui::parts::notice::Notice;
use crate::ui::state::{Who, form_error, words};
use card::card;
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
    let words = &words().keys;
    view! {
        <Title text=words.title/>
        <TopBar><h1>{words.title}</h1></TopBar>
        <div class="page">
            <p class="lead">{words.lead}</p>
            {posted.map(|error| view! { <Notice error/> })}
            <Suspense>
                {Suspend::new(async move {
                    who.session().await?;
                    Some(match provider_cards().await {
                        Ok(cards) => {
                            let query = query.read_untracked();
                            Either::Left(list(words, cards, &query))
                        }
                        Err(error) => Either::Right(view! { <Notice error/> }),
                    })
                })}
            </Suspense>
        </div>
    }
    .into_any()
}

/// The cards, and what there is to say above them.
fn list(words: &'static Keys, cards: Vec<ProviderCard>, query: &ParamsMap) -> AnyView {
    let came_back = came_back(words, &cards, query);
    let (own, other): (Vec<_>, Vec<_>) = cards.into_iter().partition(|card| !card.keys.is_empty());
    let list = |cards: Vec<ProviderCard>| cards.into_iter().map(card).collect_view();
    let none = own.is_empty();
    // The names tell the lists apart when one of them comes or goes.
    view! {
        <template id="foreign-key">
            <p class="field-note foreign-key" role="status">
                <span></span>" "
                <button type="button" class="button small" data-do="move-key">{words.move_there}</button>
            </p>
        </template>
        {came_back}
        {(!none).then(|| view! {
            <h2 class="visually-hidden" data-part="own-title">{words.connected}</h2>
            <section class="cards" data-part="own">{list(own)}</section>
        })}
        <h2 class="section" data-part="other-title">
            {if none { words.connect_first } else { words.connect_another }}
        </h2>
        <section class="cards grid" data-part="other">{list(other)}</section>
    }
    .into_any()
}

/// What came of the way to a provider and back. The address only says which of these sentences it is.
fn came_back(
    words: &Keys,
    cards: &[ProviderCard],
    query: &ParamsMap,
) -> Option<impl IntoView + use<>> {
    let (word, at) = (query.get("connect")?, query.get("at")?);
    let card = cards.iter().find(|card| card.provider.id.as_str() == at)?;
    let name = &card.provider.name;
    let sentence = match word.as_str() {
        "done" => (words.came_back)(name),
        "denied" => (words.denied)(name),
        "stale" => (words.stale)(name),
        code => (words.failed)(ErrorCode::parse(code)?, name),
    };
    Some(if word == "done" {
        Either::Left(view! { <div class="notice" role="status"><p>{sentence}</p></div> })
    } else {
        let error = AppError::new(ErrorCode::InsufficientPermission, sentence);
        Either::Right(view! { <Notice error/> })
    })
}
