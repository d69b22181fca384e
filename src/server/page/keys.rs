//! The person's keys.

use super::{Answer, caller, fail, said_of_provider};
use crate::server::services::keys::KeyChange;
use crate::shared::ids::{KeyId, ProviderId};
use crate::shared::provider::{KeyTest, KeyView, ProviderCard, ProviderView};
use crate::shared::words::Language;
use std::collections::HashMap;

/// Every provider with the person's keys.
pub async fn provider_cards() -> Answer<Vec<ProviderCard>> {
    let caller = caller()?;
    let user = caller.user().await?;
    let providers = caller.services().providers(&user).await.map_err(fail)?;
    let keys = caller.services().keys(&user, None).await.map_err(fail)?;
    let health = caller.services().health().await.map_err(fail)?;
    let language = caller.language();
    let card = |provider: ProviderView| {
        let keys = keys.iter().filter(|key| key.provider == provider.id);
        ProviderCard {
            health: health.get(&provider.id).map(|calls| calls.told(language)),
            keys: keys.map(|key| said_of_key(language, key.clone())).collect(),
            provider: said_of_provider(language, provider),
        }
    };
    // The free pool takes no key.
    let takes_keys = |provider: &ProviderView| !provider.credential_fields.is_empty();
    Ok(providers.into_iter().filter(takes_keys).map(card).collect())
}

/// A key with its trouble in the language of the page.
fn said_of_key(language: Language, mut key: KeyView) -> KeyView {
    let sentences = &language.printed().sentences;
    key.last_error = key.last_error.map(|error| sentences.error(error));
    key
}

/// Has the provider check a key and stores it when it is accepted. Field errors are named as the credential fields.
pub async fn add_key(
    provider: ProviderId,
    label: String,
    credentials: HashMap<String, String>,
) -> Answer<KeyView> {
    let caller = caller()?;
    let user = caller.user().await?;
    caller
        .services()
        .add_key(&user, &provider, credentials, Some(&label))
        .await
        .map(|key| said_of_key(caller.language(), key))
        .map_err(fail)
}

/// Puts another secret in a key's place once the provider accepted it.
pub async fn replace_key(
    provider: ProviderId,
    key: KeyId,
    credentials: HashMap<String, String>,
) -> Answer<KeyView> {
    let caller = caller()?;
    let user = caller.user().await?;
    caller
        .services()
        .replace_key(&user, &provider, &key, credentials, None)
        .await
        .map(|key| said_of_key(caller.language(), key))
        .map_err(fail)
}

/// Asks the provider whether it still accepts a key.
pub async fn test_key(provider: ProviderId, key: KeyId) -> Answer<KeyTest> {
    let caller = caller()?;
    let user = caller.user().await?;
    let (key, error) = caller
        .services()
        .validate_key(&user, &provider, &key)
        .await
        .map_err(fail)?;
    let language = caller.language();
    Ok(KeyTest {
        key: said_of_key(language, key),
        valid: error.is_none(),
        error: error.map(|error| language.printed().sentences.error(error)),
    })
}

/// Switches a key on or off.
pub async fn set_key_active(provider: ProviderId, key: KeyId, active: bool) -> Answer<KeyView> {
    let caller = caller()?;
    let user = caller.user().await?;
    let change = KeyChange {
        active: Some(active),
        ..KeyChange::default()
    };
    caller
        .services()
        .change_key(&user, &provider, &key, change)
        .await
        .map(|key| said_of_key(caller.language(), key))
        .map_err(fail)
}

/// Gives a key its place in the order, from 0.
pub async fn move_key(provider: ProviderId, key: KeyId, position: u32) -> Answer<()> {
    let caller = caller()?;
    let user = caller.user().await?;
    let change = KeyChange {
        position: Some(position as usize),
        ..KeyChange::default()
    };
    caller
        .services()
        .change_key(&user, &provider, &key, change)
        .await
        .map(drop)
        .map_err(fail)
}

/// Removes a key; nothing is sent with it from then on.
pub async fn remove_key(provider: ProviderId, key: KeyId) -> Answer<()> {
    let caller = caller()?;
    let user = caller.user().await?;
    caller
        .services()
        .remove_key(&user, &provider, &key)
        .await
        .map_err(fail)
}
