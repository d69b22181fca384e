//! The models that the person's keys can use.

use crate::shared::error::AppError;
use crate::shared::ids::ProviderId;
use crate::shared::model::{ModelList, PickerProvider};

server_function! {
    /// Every provider with its models as last known. Answers from the store; never waits for a provider.
    "models/picker" Picker,
    async fn picker() -> Vec<PickerProvider> {
        crate::server::page::picker().await
    }
}

server_function! {
    /// The list of all models, as safe HTML; `query` is that of its address.
    "models/list" DiscoverModels,
    async fn discover_models(#[server(default)] query: String) -> String {
        crate::server::page::discover_models(query).await
    }
}

server_function! {
    /// Asks a provider for its models anew.
    "models/refresh" RefreshModels,
    async fn refresh_models(provider: ProviderId) -> ModelList {
        crate::server::page::refresh_models(provider).await
    }
}
