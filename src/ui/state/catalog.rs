//! The models that can be picked.

use crate::api::models::{picker, refresh_models};
use crate::client::dom;
use crate::shared::error::AppError;
use crate::shared::ids::ProviderId;
use crate::shared::model::{Category, Choice, Model, PickerProvider};
use leptos::prelude::*;
use leptos::task::spawn_local;

/// The operator's free pool, among the providers.
const POOL: &str = "free";

/// The providers with their models; loaded once a page load and after every change of a key.
#[derive(Clone, Copy, Default)]
pub struct Catalog {
    /// None until it was loaded.
    pub providers: RwSignal<Option<Vec<PickerProvider>>>,
    /// Why it could not be loaded.
    pub error: RwSignal<Option<AppError>>,
    /// The providers that are being asked anew.
    pub refreshing: RwSignal<Vec<ProviderId>>,
    /// How often the picker was opened on this page; its list is made at the first time.
    pub opened: RwSignal<u32>,
}

impl Catalog {
    /// Takes what was loaded.
    pub fn start(self, loaded: Result<Vec<PickerProvider>, AppError>) {
        match loaded {
            Ok(providers) => {
                self.error.set(None);
                self.providers.set(Some(providers));
            }
            Err(error) => self.error.set(Some(error)),
        }
    }

    /// Loads it, then asks the providers whose list is missing or old.
    pub fn load(self) {
        spawn_local(async move {
            self.start(picker().await);
            self.renew();
        });
    }

    /// Asks the providers whose list is missing or old.
    pub fn renew(self) {
        let now = dom::now();
        let due: Vec<ProviderId> = self.providers.with_untracked(|providers| {
            let due = |p: &&PickerProvider| match &p.list {
                Some(list) => list.expires_at < now,
                None => p.provider.connected && p.error.is_none(),
            };
            let all = providers.iter().flatten();
            all.filter(due).map(|p| p.provider.id.clone()).collect()
        });
        for provider in due {
            self.refresh(provider);
        }
    }

    /// Loads it if that has not happened yet.
    pub fn ensure(self) {
        if self.providers.with_untracked(Option::is_none) {
            self.load();
        }
    }

    /// Asks one provider anew.
    pub fn refresh(self, provider: ProviderId) {
        if self
            .refreshing
            .with_untracked(|busy| busy.contains(&provider))
        {
            return;
        }
        self.refreshing.update(|busy| busy.push(provider.clone()));
        spawn_local(async move {
            let answer = refresh_models(provider.clone()).await;
            self.refreshing
                .update(|busy| busy.retain(|id| *id != provider));
            self.providers.update(|providers| {
                let mut all = providers.iter_mut().flatten();
                if let Some(entry) = all.find(|p| p.provider.id == provider) {
                    match answer {
                        Ok(list) => {
                            entry.list = Some(list);
                            entry.error = None;
                        }
                        Err(error) => entry.error = Some(error),
                    }
                }
            });
        });
    }

    /// The model of a choice, when it is known. Follows the catalog.
    #[must_use]
    pub fn model(self, choice: &Choice) -> Option<Model> {
        self.providers.with(|providers| {
            let mut all = providers.iter().flatten();
            let provider = all.find(|p| p.provider.id == choice.provider)?;
            let models = &provider.list.as_ref()?.models;
            models
                .iter()
                .find(|model| model.id == choice.model)
                .cloned()
        })
    }

    /// The provider's name, or its id. Follows the catalog.
    #[must_use]
    pub fn provider_name(self, id: &ProviderId) -> String {
        self.providers.with(|providers| {
            let provider = providers.iter().flatten().find(|p| p.provider.id == *id);
            provider.map_or_else(|| id.to_string(), |p| p.provider.name.clone())
        })
    }

    /// What to know of the provider of a choice. Follows the catalog.
    #[must_use]
    pub fn note(self, choice: &Choice) -> Option<String> {
        self.providers.with(|providers| {
            let mut all = providers.iter().flatten();
            let provider = all.find(|p| p.provider.id == choice.provider)?;
            provider.note.clone()
        })
    }

    /// Whether the operator's free pool may stand in for keys of this provider, which is not itself. Follows the catalog.
    #[must_use]
    pub fn pool_stands_by(self, provider: &ProviderId) -> bool {
        self.providers.with(|providers| {
            let mut all = providers.iter().flatten();
            provider.as_str() != POOL && all.any(|p| p.provider.id.as_str() == POOL)
        })
    }

    /// Whether any model can be picked. Follows the catalog.
    #[must_use]
    pub fn any(self) -> bool {
        self.providers
            .with(|providers| providers.iter().flatten().any(usable))
    }

    /// What to offer when nothing was picked yet: the first recommended model, else the first. Follows the catalog.
    #[must_use]
    pub fn first(self) -> Option<Choice> {
        self.providers.with(|providers| {
            let lists = || providers.iter().flatten().filter_map(|p| p.list.as_ref());
            let mut models = lists().flat_map(|list| &list.models);
            let model = models
                .clone()
                .find(|m| m.category == Some(Category::Recommended))
                .or_else(|| models.next())?;
            Some(choice_of(model))
        })
    }
}

fn usable(provider: &PickerProvider) -> bool {
    provider
        .list
        .as_ref()
        .is_some_and(|list| !list.models.is_empty())
}

/// A model as a choice.
#[must_use]
pub fn choice_of(model: &Model) -> Choice {
    Choice {
        provider: model.provider.clone(),
        model: model.id.clone(),
    }
}
