//! The models that the person can use.

use super::{Answer, Caller, caller, fail, looked_for, said_of_provider};
use crate::server::catalog::discovery::Wanted;
use crate::server::error::to_app_error;
use crate::server::http::extract::{last_picked, preferences};
use crate::server::render;
use crate::server::services::ServiceError;
use crate::server::services::means::Chat;
use crate::server::services::threads as rules;
use crate::shared::format::facts;
use crate::shared::ids::{ProviderId, UserId};
use crate::shared::model::{
    Beginning, Category, Choice, Means, Model, ModelLine, ModelList, PickerProvider,
};
use crate::shared::words::Language;

/// Every provider with its models as last known. Answers from the store; never waits for a provider.
pub async fn picker() -> Answer<Vec<PickerProvider>> {
    let caller = caller()?;
    let user = caller.user().await?;
    shelves(&caller, &user).await
}

async fn shelves(caller: &Caller, user: &UserId) -> Answer<Vec<PickerProvider>> {
    let health = caller.services().health().await.map_err(fail)?;
    let language = caller.language();
    let mut shelves = Vec::new();
    for provider in caller.services().providers(user).await.map_err(fail)? {
        let (list, error) = match caller.services().kept_models(user, &provider.id).await {
            Ok(list) => (list, None),
            // Not having a key is a state of the picker, not a failure of the page.
            Err(error @ (ServiceError::NoKey { .. } | ServiceError::KeyUnreadable { .. })) => (
                None,
                Some(language.printed().sentences.error(to_app_error(error))),
            ),
            Err(error) => return Err(fail(error)),
        };
        let note = if rules::is_pool(&provider.id) {
            let usage = caller.services().free_usage(user).await.map_err(fail)?;
            let zone = preferences(&caller.headers).zone_minutes;
            Some(usage.sentence(&language.printed().pool, zone))
        } else {
            None
        };
        shelves.push(PickerProvider {
            health: health.get(&provider.id).map(|calls| calls.told(language)),
            provider: said_of_provider(language, provider),
            list: list.map(|list| said_of_list(language, list)),
            error,
            note,
        });
    }
    Ok(shelves)
}

/// The picker's list for what is typed, as safe HTML; `choice` is marked in it.
pub async fn list_choices(search: String, choice: Option<Choice>) -> Answer<String> {
    let caller = caller()?;
    let user = caller.user().await?;
    let shelves = shelves(&caller, &user).await?;
    let services = caller.services();
    let search = looked_for(&search);
    // What is looked for stands with its provider.
    let recent = if search.trim().is_empty() {
        services.recent_models(&user).await.map_err(fail)?
    } else {
        Vec::new()
    };
    let top = render::picker::Top {
        favourites: services.favourites(&user).await.map_err(fail)?,
        recent,
    };
    Ok(render::picker::list(
        caller.language(),
        services.env().now(),
        &shelves,
        &top,
        search,
        choice.as_ref(),
    ))
}

/// Marks a model as one of the person's favourites, or takes the mark away.
pub async fn set_favourite(choice: Choice, on: bool) -> Answer<()> {
    let caller = caller()?;
    let user = caller.user().await?;
    caller
        .services()
        .set_favourite(&user, &choice, on)
        .await
        .map_err(fail)
}

/// What the page of a new chat has to know of the models: it begins with the one that was `asked` for, else with the one that
/// was picked last in this browser, else with the first recommended one.
pub async fn beginning(asked: Option<Choice>) -> Answer<Beginning> {
    let caller = caller()?;
    let user = caller.user().await?;
    let providers = shelves(&caller, &user).await?;
    let last = || last_picked(&caller.headers).filter(|choice| find(&providers, choice).is_some());
    let choice = asked.or_else(last).or_else(|| first(&providers));
    let of = |id: &ProviderId| providers.iter().find(|shelf| shelf.provider.id == *id);
    let shelf = choice.as_ref().and_then(|choice| of(&choice.provider));
    let provider = choice.as_ref().map(|choice| &choice.provider);
    let means = means(&caller, &user, Chat::New(provider)).await?;
    let now = caller.services().env().now();
    let due = providers.iter().filter(|shelf| shelf.is_due(now));
    Ok(Beginning {
        known: choice
            .as_ref()
            .map(|choice| line(&caller, choice, shelf, find(&providers, choice))),
        means,
        due: due.map(|shelf| shelf.provider.id.clone()).collect(),
        choice,
        providers,
    })
}

/// What there is to pay with in a chat.
pub(super) async fn means(caller: &Caller, user: &UserId, chat: Chat<'_>) -> Answer<Means> {
    let zone = preferences(&caller.headers).zone_minutes;
    caller
        .services()
        .means(user, chat, caller.language(), zone)
        .await
        .map_err(fail)
}

fn find<'a>(providers: &'a [PickerProvider], choice: &Choice) -> Option<&'a Model> {
    let shelf = providers
        .iter()
        .find(|shelf| shelf.provider.id == choice.provider)?;
    shelf.models().find(|model| model.id == choice.model)
}

/// What to offer when nothing was picked yet: the first recommended model, else the first.
fn first(providers: &[PickerProvider]) -> Option<Choice> {
    let models = || providers.iter().flat_map(PickerProvider::models);
    let recommended = |model: &&Model| model.category == Some(Category::Recommended);
    let model = models().find(recommended).or_else(|| models().next())?;
    Some(model.choice())
}

/// What is said of a model that may not be on any list.
fn line(
    caller: &Caller,
    choice: &Choice,
    shelf: Option<&PickerProvider>,
    model: Option<&Model>,
) -> ModelLine {
    let said = &caller.language().words().picker;
    let name = model.map(|model| model.display_name.clone());
    let provider = shelf.map(|shelf| shelf.provider.name.clone());
    ModelLine {
        name: name.unwrap_or_else(|| choice.model.to_string()),
        provider: provider.unwrap_or_else(|| choice.provider.to_string()),
        facts: facts(
            model.and_then(|model| model.context_window),
            model.and_then(|model| model.pricing),
            said,
        ),
        reasons: model.is_none_or(|model| model.capabilities.reasoning),
        window: model.and_then(|model| model.context_window),
        longest: model.and_then(|model| model.max_output_tokens),
        lends: caller.services().pool_stands_by(&choice.provider),
        leaving: None,
    }
}

/// A list with its warning in the language of the page.
fn said_of_list(language: Language, mut list: ModelList) -> ModelList {
    let sentences = &language.printed().sentences;
    list.warning = list.warning.map(|warning| sentences.text(warning));
    list
}

/// The list of all models, as safe HTML; `query` is that of its address.
pub async fn discover_models(query: String) -> Answer<String> {
    let caller = caller()?;
    let user = caller.user().await?;
    let discovery = caller.services().discover(&user).await.map_err(fail)?;
    let wanted = Wanted::parse(&query);
    let mut rows = discovery.rows();
    wanted.select(&mut rows);
    Ok(render::models::list(
        caller.language(),
        &wanted,
        &rows,
        discovery.providers(),
    ))
}

/// Asks a provider for its models anew.
pub async fn refresh_models(provider: ProviderId) -> Answer<ModelList> {
    let caller = caller()?;
    let user = caller.user().await?;
    caller
        .services()
        .models(&user, &provider, None, true)
        .await
        .map(|list| said_of_list(caller.language(), list))
        .map_err(fail)
}
