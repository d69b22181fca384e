//! The person's keys.

use crate::shared::error::AppError;
use crate::shared::ids::{KeyId, ProviderId};
use crate::shared::provider::{KeyTest, KeyView, ProviderCard};
use std::collections::HashMap;

server_function! {
    /// Every provider with the person's keys.
    "keys/cards" ProviderCards,
    async fn provider_cards() -> Vec<ProviderCard> {
        crate::server::page::provider_cards().await
    }
}

server_function! {
    /// Has the provider check a key and stores it when it is accepted. Field errors are named as the credential fields.
    "keys/add" AddKey,
    async fn add_key(
        provider: ProviderId,
        #[server(default)] label: String,
        #[server(default)] credentials: HashMap<String, String>,
    ) -> KeyView {
        crate::server::page::add_key(provider, label, credentials).await
    }
}

server_function! {
    /// Puts another secret in a key's place once the provider accepted it.
    "keys/replace" ReplaceKey,
    async fn replace_key(
        provider: ProviderId,
        key: KeyId,
        #[server(default)] credentials: HashMap<String, String>,
    ) -> KeyView {
        crate::server::page::replace_key(provider, key, credentials).await
    }
}

server_function! {
    /// Asks the provider whether it still accepts a key.
    "keys/test" TestKey,
    async fn test_key(provider: ProviderId, key: KeyId) -> KeyTest {
        crate::server::page::test_key(provider, key).await
    }
}

server_function! {
    /// Switches a key on or off.
    "keys/active" SetKeyActive,
    async fn set_key_active(
        provider: ProviderId,
        key: KeyId,
        active: bool,
    ) -> KeyView {
        crate::server::page::set_key_active(provider, key, active).await
    }
}

server_function! {
    /// Gives a key its place in the order, from 0.
    "keys/move" MoveKey,
    async fn move_key(provider: ProviderId, key: KeyId, position: u32) -> () {
        crate::server::page::move_key(provider, key, position).await
    }
}

server_function! {
    /// Removes a key; nothing is sent with it from then on.
    "keys/remove" RemoveKey,
    async fn remove_key(provider: ProviderId, key: KeyId) -> () {
        crate::server::page::remove_key(provider, key).await
    }
}
