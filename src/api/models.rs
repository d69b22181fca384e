//! The models that the person's keys can use.

use crate::shared::error::AppError;
use crate::shared::ids::ProviderId;
use crate::shared::model::{ModelList, PickerProvider};
use leptos::prelude::*;

/// Every provider with its models as last known. Answers from the store; never waits for a provider.
#[server(prefix = "/fn", endpoint = "models/picker")]
pub async fn picker() -> Result<Vec<PickerProvider>, AppError> {
    crate::server::page::picker().await
}

/// The list of all models, as safe HTML; `query` is that of its address.
#[server(prefix = "/fn", endpoint = "models/list")]
pub async fn discover_models(#[server(default)] query: String) -> Result<String, AppError> {
    crate::server::page::discover_models(query).await
}

/// Asks a provider for its models anew.
#[server(prefix = "/fn", endpoint = "models/refresh")]
pub async fn refresh_models(provider: ProviderId) -> Result<ModelList, AppError> {
    crate::server::page::refresh_models(provider).await
}
