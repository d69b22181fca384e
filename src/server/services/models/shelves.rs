//! What a person's keys reach: the lists of all that may be asked, parsed once a process.

use super::Said;
use crate::server::catalog;
use crate::server::providers;
use crate::server::services::pool::{self, is_pool};
use crate::server::services::{Result, Services};
use crate::server::store::model_cache;
use crate::shared::chat::Thread;
use crate::shared::format::facts;
use crate::shared::ids::{ModelId, ProviderId, UserId};
use crate::shared::model::{Leaving, Model, ModelLine, Replacement};
use crate::shared::words::Language;
use crate::shared::words::printed::Farewell;
use std::sync::Arc;

/// A list that a key gave.
pub struct Shelf {
    /// Whose it is.
    pub provider: ProviderId,
    /// Whether the provider itself gave it, and not long ago.
    pub current: bool,
    /// What it says.
    pub said: Arc<Said>,
}

impl Services {
    /// The lists of the person's keys that may be asked, at a provider or at all, in the order in which they are tried.
    pub(in crate::server::services) async fn shelves(
        &self,
        user: &UserId,
        provider: Option<&ProviderId>,
    ) -> Result<Vec<Shelf>> {
        let now = self.0.env.now();
        let mut shelves = Vec::new();
        for listing in model_cache::listings(&self.0.db, user, provider).await? {
            let edition = &listing.edition;
            if let Some(said) = self.said(user, &listing.key, &edition.digest).await? {
                shelves.push(Shelf {
                    current: edition.is_current(now),
                    provider: listing.provider,
                    said,
                });
            }
        }
        Ok(shelves)
    }

    /// What this person can go on with instead of a model: the nearest that one of their keys lists. Where none lists any, and
    /// for a model of the free pool before that, the nearest of the pool.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn replacement(
        &self,
        user: &UserId,
        provider: &ProviderId,
        model: &ModelId,
    ) -> Result<Option<Replacement>> {
        let shelves = self.shelves(user, None).await?;
        let gone = match listed(&shelves, provider, model) {
            Some(known) => known.clone(),
            None if is_pool(provider) => pool::facts(provider, model),
            None => catalog::facts(provider, model),
        };
        let own = || shelves.iter().flat_map(|shelf| shelf.said.models());
        let own = || catalog::nearest(&gone, own()).map(Replacement::from);
        let lent = self.pool_models();
        let lent = || catalog::nearest(&gone, lent.iter()).map(Replacement::from);
        Ok(if is_pool(provider) {
            lent().or_else(own)
        } else {
            own().or_else(lent)
        })
    }

    /// What the page of a thread says of its model.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn model_line(
        &self,
        user: &UserId,
        thread: &Thread,
        language: Language,
    ) -> Result<ModelLine> {
        let (provider, id) = (&thread.provider, &thread.model);
        let shelves = self.shelves(user, Some(provider)).await?;
        let lent = self.pool_models();
        let mut pool = lent.iter().filter(|lent| lent.provider == *provider);
        let known = listed(&shelves, provider, id).or_else(|| pool.find(|lent| lent.id == *id));
        let reasons = known.is_none_or(|known| known.capabilities.reasoning);
        let model = match known {
            Some(known) => known.clone(),
            None if is_pool(provider) => pool::facts(provider, id),
            None => catalog::facts(provider, id),
        };
        let taken = |shelf: &Shelf| shelf.current && shelf.said.is_gone(id);
        let gone = if is_pool(provider) {
            self.pool_lost(id)
        } else {
            !shelves.is_empty() && shelves.iter().all(taken)
        };
        let name = providers::find(provider).map_or(provider.as_str(), |p| p.info().name);
        let leaving = match self.farewell(&model, name, gone, &language.printed().farewell) {
            Some(text) => Some(Leaving {
                text,
                replacement: self.replacement(user, provider, id).await?,
            }),
            None => None,
        };
        Ok(ModelLine {
            provider: name.to_owned(),
            facts: facts(
                model.context_window,
                model.pricing,
                &language.words().picker,
            ),
            name: model.display_name,
            reasons,
            window: model.context_window,
            longest: model.max_output_tokens,
            lends: self.pool_stands_by(provider),
            leaving,
        })
    }

    /// What is to be said of the end of a model of the provider called `name`. `gone`: every list that had it has lost it.
    fn farewell(&self, model: &Model, name: &str, gone: bool, said: &Farewell) -> Option<String> {
        let now = self.0.env.now();
        let day = model.deprecated_at.as_deref().unwrap_or_default();
        if gone {
            Some((said.gone)(name))
        } else if catalog::has_ended(model, now) {
            Some((said.ended)(name, day))
        } else {
            catalog::is_ending(model, now).then(|| (said.ending)(name, day))
        }
    }
}

/// What the lists say of a model, the first one that has it.
fn listed<'a>(shelves: &'a [Shelf], provider: &ProviderId, model: &ModelId) -> Option<&'a Model> {
    let mut own = shelves.iter().filter(|shelf| shelf.provider == *provider);
    own.find_map(|shelf| shelf.said.model(model))
}
