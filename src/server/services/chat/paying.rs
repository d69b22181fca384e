//! Who can pay for an answer.

use super::super::keys::Opened;
use super::super::models::Known;
use super::super::pool::pays_for;
use super::super::{Result, ServiceError, Services};
use crate::server::engine::payers::Payer;
use crate::server::providers::Provider;
use crate::server::store::Tx;
use crate::server::store::model_cache::{self, Listing};
use crate::shared::chat::Thread;
use crate::shared::ids::{ModelId, UserId};
use crate::shared::time::Timestamp;

impl Services {
    /// Who of the person's own keys can pay, what is known of the model, and why none can, which is what the person is told
    /// where nobody else pays either. Where somebody may be `lent` it is no failure that there is no key.
    pub(super) async fn own_payers(
        &self,
        user: &UserId,
        thread: &Thread,
        provider: &'static dyn Provider,
        model: &ModelId,
        lent: bool,
    ) -> Result<(Known, Vec<Payer>, Option<ServiceError>)> {
        if pays_for(thread) {
            return Ok((Known::default(), Vec::new(), None));
        }
        match self.able_to_pay(user, provider, model).await {
            Err(error @ ServiceError::NoKey { .. }) if lent => {
                Ok((Known::default(), Vec::new(), Some(error)))
            }
            able => {
                let (known, payers) = able?;
                Ok((known, payers, Some(Self::no_key(provider, false))))
            }
        }
    }

    /// The person's keys that can pay for an answer of this model, and what is known of the model.
    pub(super) async fn able_to_pay(
        &self,
        user: &UserId,
        provider: &'static dyn Provider,
        model: &ModelId,
    ) -> Result<(Known, Vec<Payer>)> {
        let id = Self::id_of(provider)?;
        let (keys, lists) = tokio::join!(
            self.usable_keys(user, provider, None),
            model_cache::listings(&self.0.db, user, Some(&id))
        );
        let (known, payers) = self.offering(user, provider, keys?, &lists?, model).await?;
        let payers = self.bringing(user, provider, payers, model).await?;
        Ok((known, payers))
    }

    /// The keys that offer `model`, as far as is known, and what is known of it.
    async fn offering(
        &self,
        user: &UserId,
        provider: &'static dyn Provider,
        keys: Vec<Opened>,
        lists: &[Listing],
        model: &ModelId,
    ) -> Result<(Known, Vec<Payer>)> {
        let (mut known, mut payers) = (Known::default(), Vec::with_capacity(keys.len()));
        let mut refusal = Self::no_key(provider, false);
        for Opened { key, account } in keys {
            if let Err(problem) = provider.brings(&account, model) {
                refusal = ServiceError::Unpaid(problem);
                continue;
            }
            let list = lists.iter().find(|list| list.key == key.view.id);
            match self.known_model(user, provider, list, model).await {
                Ok(found) => {
                    if known.model.is_none() {
                        known = found;
                    }
                    payers.push(Payer::new(key, account, model.clone()));
                }
                Err(error @ ServiceError::ModelUnavailable(_)) => refusal = error,
                Err(error) => return Err(error),
            }
        }
        if payers.is_empty() {
            if let ServiceError::ModelUnavailable(what) = &mut refusal {
                let id = Self::id_of(provider)?;
                what.replacement = self.replacement(user, &id, model).await?;
            }
            return Err(refusal);
        }
        Ok((known, payers))
    }
}

/// The payers from the first one on that is still there, which is taken.
pub(super) async fn take_first(
    tx: &mut Tx,
    payers: Vec<Payer>,
    now: Timestamp,
) -> Result<Vec<Payer>> {
    let mut left = payers.into_iter();
    for payer in left.by_ref() {
        if payer.take(tx, now).await? {
            return Ok(std::iter::once(payer).chain(left).collect());
        }
    }
    Ok(Vec::new())
}
