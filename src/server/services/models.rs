//! What each key can talk to: the provider's own list over the snapshot, kept for a day.

mod offers;
mod shelves;

use super::pool::is_pool;
use super::{Result, ServiceError, Services, Unavailable};
use crate::server::catalog::{self, Listed};
use crate::server::config::Limit;
use crate::server::providers::account::{Access, Account};
use crate::server::providers::{LiveModel, Provider, ProviderError};
use crate::server::store::model_cache::{self, Listing, Offer};
use crate::shared::ids::{KeyId, ModelId, ProviderId, UserId};
use crate::shared::model::{Model, ModelList};
use crate::shared::tariff::{Tariff, Tariffs};
pub use offers::Offers;
use offers::Said;
pub(super) use shelves::Shelf;
use std::collections::HashSet;
use std::sync::Arc;

const DAY_MS: i64 = 86_400_000;
/// After a failed renewal the old list is shown this long before the next try.
const AGAIN_MS: i64 = 60_000;
/// Pages of a provider's list at the most.
const MAX_PAGES: usize = 20;
/// Models that are remembered of earlier lists.
const MAX_GONE: usize = 1000;

/// What is known of a model that somebody is about to ask.
#[derive(Default)]
pub(super) struct Known {
    /// Whatever it can do.
    pub model: Option<Model>,
    /// What the provider itself says that it costs.
    pub tariff: Option<Tariff>,
}

impl Services {
    /// The models of the person's key (the one in use, or `wanted`). Asks the provider when the kept list is older than a
    /// day or `refresh` is set; if that fails, the kept list is answered as stale.
    ///
    /// # Errors
    /// `NoKey`, `KeyUnreadable`; `Provider` when there is no kept list to fall back to.
    pub async fn models(
        &self,
        user: &UserId,
        id: &ProviderId,
        wanted: Option<&KeyId>,
        refresh: bool,
    ) -> Result<ModelList> {
        if is_pool(id) {
            return self.pool_list();
        }
        let provider = Self::provider(id)?;
        let opened = self.usable_key(user, provider, wanted).await?;
        let key = &opened.key.view.id;
        let kept = model_cache::get(&self.0.db, user, key).await?;
        let now = self.0.env.now();
        if let Some(list) = &kept
            && !refresh
            && list.expires_at > now
        {
            return Ok(list.clone());
        }
        let failed = match self.live_models(provider, &opened.account).await {
            Ok(Listed { models, tariffs }) => {
                let list = self.fresh_list(key, models, None);
                self.put_list(user, id, key, &list, &tariffs).await?;
                return Ok(list);
            }
            Err(ServiceError::Provider { error, .. }) if error.list_only => {
                let (listed, warning) = self.unlisted_models(provider, id, &opened.account);
                let list = self.fresh_list(key, listed.models, Some(warning));
                self.put_list(user, id, key, &list, &listed.tariffs).await?;
                return Ok(list);
            }
            Err(ServiceError::Provider { error, name }) => {
                let person = self.note_failure(&opened.key, &error, name).await?;
                (ServiceError::Provider { error, name }, person)
            }
            Err(other) => return Err(other),
        };
        let Some(mut list) = kept else {
            return Err(failed.0);
        };
        let warning = format!("The list could not be renewed. {}", failed.1.message);
        model_cache::warn(&self.0.db, key, &warning, now.plus_ms(AGAIN_MS)).await?;
        list.stale = true;
        list.warning = Some(warning);
        list.expires_at = now.plus_ms(AGAIN_MS);
        Ok(list)
    }

    /// The list that is kept for the key in use, whatever its age; never asks the provider.
    ///
    /// # Errors
    /// `NoKey`, `KeyUnreadable`.
    pub async fn kept_models(&self, user: &UserId, id: &ProviderId) -> Result<Option<ModelList>> {
        if is_pool(id) {
            return self.pool_list().map(Some);
        }
        let provider = Self::provider(id)?;
        let opened = self.usable_key(user, provider, None).await?;
        Ok(model_cache::get(&self.0.db, user, &opened.key.view.id).await?)
    }

    /// What is known of one model: by the list that is kept for the key, else by the snapshot.
    ///
    /// # Errors
    /// `ModelUnavailable` when the provider took it off this key's list. What was never on it, like another name of a
    /// model, is left to the provider to judge, and so is everything while there is no current list.
    pub(super) async fn known_model(
        &self,
        user: &UserId,
        provider: &'static dyn Provider,
        list: Option<&Listing>,
        model: &ModelId,
    ) -> Result<Known> {
        let name = provider.info().name;
        if let Some(Listing { key, edition, .. }) = list
            && let Some(said) = self.said(user, key, &edition.digest).await?
        {
            if said.is_gone(model) && edition.is_current(self.0.env.now()) {
                return Err(ServiceError::ModelUnavailable(Box::new(Unavailable {
                    model: model.clone(),
                    provider: name,
                    replacement: None,
                })));
            }
            if let Some(known) = said.model(model) {
                return Ok(Known {
                    model: Some(known.clone()),
                    tariff: said.tariff(model).cloned(),
                });
            }
        }
        let id = Self::id_of(provider)?;
        let mut known = catalog::snapshot_models(&id, self.0.env.now());
        Ok(Known {
            model: known.find(|known| known.id == *model).cloned(),
            tariff: None,
        })
    }

    /// What the key's list says, read from the database only when it is another than the ones that are known.
    async fn said(&self, user: &UserId, key: &KeyId, digest: &str) -> Result<Option<Arc<Said>>> {
        if let Some(said) = self.0.offers.get(digest) {
            return Ok(Some(said));
        }
        let offer = model_cache::offer(&self.0.db, user, key).await?;
        Ok(offer.map(|(digest, offer)| self.0.offers.keep(digest, offer)))
    }

    pub(super) async fn live_models(
        &self,
        provider: &'static dyn Provider,
        account: &Account,
    ) -> Result<Listed> {
        match self.listed_models(provider, account).await {
            // A token that was kept too long is forgotten by now; the next one is new.
            Err(ServiceError::Provider { error, .. }) if error.unsent && error.status.is_some() => {
                self.listed_models(provider, account).await
            }
            listed => listed,
        }
    }

    async fn listed_models(
        &self,
        provider: &'static dyn Provider,
        account: &Account,
    ) -> Result<Listed> {
        let name = provider.info().name;
        let wrap = |error| ServiceError::Provider { error, name };
        let now = self.0.env.now();
        let token = self.0.transport.token(provider, account, now);
        let token = token.await.map_err(wrap)?;
        let access = Access {
            account,
            token: token.as_ref(),
            now,
        };
        if let Some(check) = provider.check_request(&access).map_err(wrap)? {
            let said = self.0.transport.fetch(provider, check).await;
            provider.parse_check(&said.map_err(wrap)?).map_err(wrap)?;
        }
        let named = provider.named_models(account);
        let most = self.0.limits.models;
        let mut models = Vec::new();
        let mut page: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let request = provider
                .models_request(&access, page.as_deref())
                .map_err(wrap)?;
            let body = self.0.transport.fetch(provider, request).await;
            let body = body.map_err(|error| {
                // A server that has no list can be talked to by the name of a model.
                let no_list = matches!(error.status, Some(404 | 405 | 501)) && !named.is_empty();
                wrap(ProviderError {
                    list_only: error.list_only || no_list,
                    ..error
                })
            })?;
            let answer = provider.parse_models(&body).map_err(wrap)?;
            models.extend(answer.models);
            page = answer.next;
            if page.is_none() || models.len() > most {
                break;
            }
        }
        if models.len() > most {
            self.0.metrics.limit_hit(Limit::Models);
            models.truncate(most);
        }
        let listed: HashSet<_> = models.iter().map(|model| model.id.clone()).collect();
        let beside = named
            .into_iter()
            .filter(|named| !listed.contains(&named.id));
        models.splice(0..0, beside);
        // What nobody can pay for is left out, unless that is everything: who asks is told why, then.
        let payable = |model: &LiveModel| provider.brings(account, &model.id).is_ok();
        if models.iter().any(payable) {
            models.retain(payable);
        }
        Ok(catalog::merge(&Self::id_of(provider)?, models))
    }

    /// What stands in for a list that is not to be had, and what is said of it.
    pub(super) fn unlisted_models(
        &self,
        provider: &'static dyn Provider,
        id: &ProviderId,
        account: &Account,
    ) -> (Listed, String) {
        let named = provider.named_models(account);
        if named.is_empty() {
            let name = provider.info().name;
            let models = catalog::snapshot_models(id, self.0.env.now());
            let listed = Listed {
                models: models.cloned().collect(),
                ..Listed::default()
            };
            let warning = format!(
                "This key may not list models, so these are the models that {name} is known for."
            );
            (listed, warning)
        } else {
            let warning = "This server has no list of models, so this is the one that you named.";
            (catalog::merge(id, named), warning.to_owned())
        }
    }

    pub(super) fn fresh_list(
        &self,
        key: &KeyId,
        models: Vec<Model>,
        warning: Option<String>,
    ) -> ModelList {
        let now = self.0.env.now();
        ModelList {
            models,
            key_id: Some(key.clone()),
            fetched_at: now,
            expires_at: now.plus_ms(DAY_MS),
            stale: warning.is_some(),
            warning,
        }
    }

    pub(super) async fn put_list(
        &self,
        user: &UserId,
        provider: &ProviderId,
        key: &KeyId,
        list: &ModelList,
        tariffs: &Tariffs,
    ) -> Result<()> {
        let before = model_cache::offer(&self.0.db, user, key).await?;
        let (_, before) = before.unwrap_or_default();
        // A list that the provider did not give says nothing about what it offers.
        let gone = if list.warning.is_none() {
            gone(before, &list.models)
        } else {
            before.gone
        };
        match model_cache::put(&self.0.db, user, provider, key, list, tariffs, &gone).await {
            // The key was removed meanwhile; its list goes with it.
            Err(error) if error.is_orphan() => Ok(()),
            other => Ok(other?),
        }
    }
}

/// What was offered before and is not now, the newest losses first.
fn gone(before: Offer, now: &[Model]) -> Vec<ModelId> {
    let now: HashSet<&ModelId> = now.iter().map(|model| &model.id).collect();
    let lost = before.models.into_iter().map(|model| model.id);
    lost.chain(before.gone)
        .filter(|id| !now.contains(id))
        .take(MAX_GONE)
        .collect()
}
