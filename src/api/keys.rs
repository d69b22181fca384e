//! The person's keys.

use crate::shared::error::AppError;
use crate::shared::ids::{KeyId, ProviderId};
use crate::shared::provider::{KeyTest, KeyView, ProviderCard};
use leptos::prelude::*;
use std::collections::HashMap;

/// Every provider with the person's keys.
#[server(prefix = "/fn", endpoint = "keys/cards")]
pub async fn provider_cards() -> Result<Vec<ProviderCard>, AppError> {
    crate::server::page::provider_cards().await
}

/// Has the provider check a key and stores it when it is accepted. Field errors are named as the credential fields.
#[server(prefix = "/fn", endpoint = "keys/add")]
pub async fn add_key(
    provider: ProviderId,
    #[server(default)] label: String,
    #[server(default)] credentials: HashMap<String, String>,
) -> Result<KeyView, AppError> {
    crate::server::page::add_key(provider, label, credentials).await
}

/// Puts another secret in a key's place once the provider accepted it.
#[server(prefix = "/fn", endpoint = "keys/replace")]
pub async fn replace_key(
    provider: ProviderId,
    key: KeyId,
    #[server(default)] credentials: HashMap<String, String>,
) -> Result<KeyView, AppError> {
    crate::server::page::replace_key(provider, key, credentials).await
}

/// Asks the provider whether it still accepts a key.
#[server(prefix = "/fn", endpoint = "keys/test")]
pub async fn test_key(provider: ProviderId, key: KeyId) -> Result<KeyTest, AppError> {
    crate::server::page::test_key(provider, key).await
}

/// Switches a key on or off.
#[server(prefix = "/fn", endpoint = "keys/active")]
pub async fn set_key_active(
    provider: ProviderId,
    key: KeyId,
    active: bool,
) -> Result<KeyView, AppError> {
    crate::server::page::set_key_active(provider, key, active).await
}

/// Gives a key its place in the order, from 0.
#[server(prefix = "/fn", endpoint = "keys/move")]
pub async fn move_key(provider: ProviderId, key: KeyId, position: u32) -> Result<(), AppError> {
    crate::server::page::move_key(provider, key, position).await
}

/// Removes a key; nothing is sent with it from then on.
#[server(prefix = "/fn", endpoint = "keys/remove")]
pub async fn remove_key(provider: ProviderId, key: KeyId) -> Result<(), AppError> {
    crate::server::page::remove_key(provider, key).await
}
