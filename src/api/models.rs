//! The models that the person's keys can use.

use crate::shared::error::AppError;
use crate::shared::ids::ProviderId;
use crate::shared::model::{Choice, ModelList};

on_server! {
    use crate::shared::model::Beginning;

    /// What the page of a new chat has to know of the models; `asked` is the one that its address names.
    ///
    /// # Errors
    /// What the server said.
    pub async fn beginning(asked: Option<Choice>) -> Result<Beginning, AppError> {
        crate::server::page::beginning(asked).await
    }
}

server_function! {
    /// The picker's list for what is typed, as safe HTML; `choice` is marked in it. Answers from the store; never waits for a
    /// provider.
    "models/picker" ListChoices,
    async fn list_choices(
        #[server(default)] search: String,
        #[server(default)] choice: Option<Choice>,
    ) -> String {
        crate::server::page::list_choices(search, choice).await
    }
}

server_function! {
    /// Marks a model as one of the person's favourites, or takes the mark away.
    "models/favourite" SetFavourite,
    async fn set_favourite(choice: Choice, on: bool) -> () {
        crate::server::page::set_favourite(choice, on).await
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
