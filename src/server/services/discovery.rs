//! Every model that is known, and what each is to a person.

use super::models::Shelf;
use super::{Result, Services};
use crate::server::catalog;
use crate::server::catalog::discovery::{Access, Row};
use crate::server::providers::free::FREE;
use crate::server::providers::{self, REGISTRY};
use crate::server::store::provider_keys;
use crate::shared::ids::{ProviderId, UserId};
use crate::shared::model::Model;
use crate::shared::provider::{KeyStatus, KeyView};
use crate::shared::time::Timestamp;
use std::collections::HashSet;

/// What is known when somebody asks. Made of two queries, whatever the number of models.
pub struct Discovery {
    /// Of the free pool.
    lent: Vec<Model>,
    shelves: Vec<Shelf>,
    providers: Vec<Provider>,
    now: Timestamp,
}

struct Provider {
    id: ProviderId,
    name: &'static str,
    /// What those of its models are that no list has.
    beyond: Access,
}

impl Services {
    /// Every model that is known: what the person's keys list, then what the snapshot knows beyond that.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn discover(&self, user: &UserId) -> Result<Discovery> {
        let keys = provider_keys::list(&self.0.db, user, None).await?;
        let shelves = self.shelves(user, None).await?;
        let provider = |name: &'static str, id: ProviderId| {
            let own = keys.iter().map(|key| &key.view);
            let own: Vec<&KeyView> = own.filter(|key| key.provider == id).collect();
            let listed = shelves.iter().any(|shelf| shelf.provider == id);
            Provider {
                beyond: beyond(&own, listed),
                name,
                id,
            }
        };
        let lent = self.pool_models();
        let pool: Option<&dyn providers::Provider> = (!lent.is_empty()).then_some(&FREE);
        let known = pool.into_iter().chain(REGISTRY.iter().copied());
        let known = known.map(providers::Provider::info);
        let known = known.filter_map(|info| Some(provider(info.name, info.id.parse().ok()?)));
        Ok(Discovery {
            lent,
            providers: known.collect(),
            now: self.0.env.now(),
            shelves,
        })
    }
}

impl Discovery {
    /// The models, provider by provider, best first. What several keys list is told once.
    #[must_use]
    pub fn rows(&self) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        for provider in &self.providers {
            let mut seen = HashSet::new();
            let own = self
                .shelves
                .iter()
                .filter(|one| one.provider == provider.id);
            let lent = self.lent.iter();
            let lent = lent.filter(|model| model.provider == provider.id);
            let listed = lent.chain(own.flat_map(|shelf| shelf.said.models()));
            let listed = listed.map(|model| (model, Access::Usable));
            let beyond = catalog::snapshot_models(&provider.id, self.now);
            let all = listed.chain(beyond.map(|model| (model, provider.beyond)));
            let once = all.filter(|(model, _): &(&Model, Access)| seen.insert(&model.id));
            rows.extend(once.map(|(model, access)| Row {
                provider: provider.name,
                model,
                access,
            }));
        }
        rows
    }

    /// The providers, each with its name.
    pub fn providers(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.providers.iter().map(|one| (one.id.as_str(), one.name))
    }
}

/// Why a person with these keys cannot use a model that no list has. `listed`: there is a list.
fn beyond(keys: &[&KeyView], listed: bool) -> Access {
    let any = |status| {
        let mut active = keys.iter().filter(|key| key.active);
        active.any(|key| key.status == status)
    };
    if listed {
        Access::NotListed
    } else if keys.is_empty() {
        Access::NoKey
    } else if any(KeyStatus::Valid) || any(KeyStatus::Unverified) {
        Access::Unasked
    } else if any(KeyStatus::Invalid) {
        Access::Refused
    } else if any(KeyStatus::Unreadable) {
        Access::Unreadable
    } else {
        Access::Off
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_model_cannot_be_used_is_said_of_the_keys() {
        let key = |status, active| KeyView {
            id: "k".parse().unwrap(),
            provider: "openai".parse().unwrap(),
            label: String::new(),
            mask: String::new(),
            status,
            active,
            position: 0,
            created_at: Timestamp(0),
            last_validated_at: None,
            last_used_at: None,
            last_error: None,
            last_error_at: None,
        };
        let refused = key(KeyStatus::Invalid, true);
        let off = key(KeyStatus::Valid, false);
        let good = key(KeyStatus::Unverified, true);
        let closed = key(KeyStatus::Unreadable, true);
        assert_eq!(beyond(&[], false), Access::NoKey);
        assert_eq!(beyond(&[&off], false), Access::Off);
        assert_eq!(beyond(&[&off, &closed], false), Access::Unreadable);
        assert_eq!(beyond(&[&off, &closed, &refused], false), Access::Refused);
        assert_eq!(beyond(&[&refused, &good], false), Access::Unasked);
        assert_eq!(beyond(&[&refused, &good], true), Access::NotListed);
    }
}
