//! The lists of models that sends asked about lately, as they are looked things up in.

use crate::server::store::model_cache::Offer;
use crate::shared::ids::ModelId;
use crate::shared::model::Model;
use crate::shared::tariff::{Tariff, Tariffs};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Models of all lists that are kept at the most.
const CAPACITY: u64 = 50_000;
/// How many lists that is likely to be.
const LISTS: usize = 256;

/// What a list says of each model.
pub struct Said {
    models: Vec<Model>,
    places: HashMap<ModelId, usize>,
    tariffs: Tariffs,
    gone: HashSet<ModelId>,
}

impl Said {
    /// The models that are on it, best first.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// What it says of a model that is on it.
    pub fn model(&self, id: &ModelId) -> Option<&Model> {
        self.models.get(*self.places.get(id)?)
    }

    /// What the provider itself says that a model costs.
    pub fn tariff(&self, id: &ModelId) -> Option<&Tariff> {
        self.tariffs.get(id)
    }

    /// Whether an earlier list had it and this one does not.
    pub fn is_gone(&self, id: &ModelId) -> bool {
        self.gone.contains(id)
    }
}

impl From<Offer> for Said {
    fn from(offer: Offer) -> Self {
        let ids = offer.models.iter().map(|model| model.id.clone());
        Self {
            places: ids.zip(0..).collect(),
            models: offer.models,
            tariffs: offer.tariffs,
            gone: offer.gone.into_iter().collect(),
        }
    }
}

#[derive(Clone)]
struct Models;

impl Weighter<String, Arc<Said>> for Models {
    fn weight(&self, _: &String, said: &Arc<Said>) -> u64 {
        (1 + said.models.len() + said.gone.len()) as u64
    }
}

/// Parsed lists by their digests: whoever's list has the same digest has the same list.
pub struct Offers(Cache<String, Arc<Said>, Models>);

impl Default for Offers {
    fn default() -> Self {
        Self(Cache::with_weighter(LISTS, CAPACITY, Models))
    }
}

impl Offers {
    /// The list of this digest, if it was asked about lately.
    #[must_use]
    pub fn get(&self, digest: &str) -> Option<Arc<Said>> {
        self.0.get(digest)
    }

    /// Keeps a list, unless it has no digest.
    pub fn keep(&self, digest: String, offer: Offer) -> Arc<Said> {
        let said = Arc::new(Said::from(offer));
        if !digest.is_empty() {
            self.0.insert(digest, Arc::clone(&said));
        }
        said
    }
}
