//! The models that the person can use.

use super::{Answer, caller, fail, said_of_provider};
use crate::server::catalog::discovery::Wanted;
use crate::server::error::to_app_error;
use crate::server::render;
use crate::server::services::ServiceError;
use crate::server::services::threads as rules;
use crate::shared::ids::ProviderId;
use crate::shared::model::{ModelList, PickerProvider};
use crate::shared::words::Language;

/// Every provider with its models as last known. Answers from the store; never waits for a provider.
pub async fn picker() -> Answer<Vec<PickerProvider>> {
    let caller = caller()?;
    let user = caller.user().await?;
    let health = caller.services().health().await.map_err(fail)?;
    let language = caller.language();
    let mut shelves = Vec::new();
    for provider in caller.services().providers(&user).await.map_err(fail)? {
        let (list, error) = match caller.services().kept_models(&user, &provider.id).await {
            Ok(list) => (list, None),
            // Not having a key is a state of the picker, not a failure of the page.
            Err(error @ (ServiceError::NoKey { .. } | ServiceError::KeyUnreadable { .. })) => (
                None,
                Some(language.printed().sentences.error(to_app_error(error))),
            ),
            Err(error) => return Err(fail(error)),
        };
        let note = if rules::is_pool(&provider.id) {
            let usage = caller.services().free_usage(&user).await.map_err(fail)?;
            Some(usage.sentence(&language.printed().pool))
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
