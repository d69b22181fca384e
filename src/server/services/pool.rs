//! The operator's free pool: who may ask it, how often, and for how much.

use super::{Result, ServiceError, Services, Unavailable};
use crate::server::catalog;
use crate::server::config::FreePool;
use crate::server::engine::payers::Payer;
use crate::server::providers::free::{self, FREE};
use crate::server::providers::{Credential, Provider as _, Turn};
use crate::server::store::Tx;
use crate::server::store::free_pool::{self, Used};
use crate::shared::chat::{ChatSettings, Thread};
use crate::shared::free_pool::{FreeUsage, Quota};
use crate::shared::ids::{MessageId, ModelId, ProviderId, UserId};
use crate::shared::model::{Model, ModelList};
use crate::shared::tariff::Tariff;
use crate::shared::time::Timestamp;

const DAY_MS: i64 = 86_400_000;
/// What is read of a conversation at the most, in characters: the operator pays for all of it.
const MAX_INPUT_CHARS: usize = 48_000;
/// Tokens of an answer at the most.
const MAX_OUTPUT_TOKENS: u32 = 4096;
/// After so many answers a person is told what a key of their own is good for.
const NUDGE_AFTER: i64 = 5;
/// What the pool calls itself in the snapshot.
const PROVIDER: &str = "groq";

/// Whether this is a chat with the free pool.
pub(super) fn pays_for(thread: &Thread) -> bool {
    is_pool(&thread.provider)
}

/// Whether this is the pool's id.
#[must_use]
pub fn is_pool(provider: &ProviderId) -> bool {
    provider.as_str() == free::ID
}

impl FreePool {
    /// All models that it answers with, the first choice first.
    fn models(&self) -> impl Iterator<Item = &ModelId> {
        std::iter::once(&self.model).chain(&self.fallbacks)
    }
}

impl Services {
    pub(super) fn pool(&self) -> Result<&FreePool> {
        self.0.pool.as_ref().ok_or(ServiceError::NoPool)
    }

    /// The model of a chat with the pool: `wanted`, if the pool has it, or the pool's own choice.
    pub(super) fn pool_model(&self, wanted: Option<ModelId>) -> Result<ModelId> {
        let pool = self.pool()?;
        match wanted {
            None => Ok(pool.model.clone()),
            Some(model) if pool.models().any(|one| *one == model) => Ok(model),
            Some(model) => Err(ServiceError::ModelUnavailable(Box::new(Unavailable {
                model,
                provider: FREE.info().name,
                replacement: None,
            }))),
        }
    }

    /// The operator's key, for `model` and for those that stand in for it.
    pub(super) fn pool_payers(&self, model: &ModelId) -> Result<Vec<Payer>> {
        let pool = self.pool()?;
        let account = self.account(&FREE, Credential::key(pool.key.clone()))?;
        let others = pool.models().filter(|other| *other != model);
        let payer = |model: &ModelId| Payer::pool(account.clone(), model.clone());
        Ok(std::iter::once(model).chain(others).map(payer).collect())
    }

    /// Takes one answer of the day's quotas, in the send's own transaction.
    pub(super) async fn reserve_free(
        &self,
        tx: &mut Tx,
        user: &UserId,
        message: &MessageId,
    ) -> Result<()> {
        if free_pool::is_answering(tx, user).await? {
            return Err(ServiceError::TooManyAnswers(1));
        }
        let today = today(self.0.env.now());
        let limits = self.pool()?.limits;
        match free_pool::reserve(tx, user, message, limits, today).await? {
            None => Ok(()),
            Some(scope) => Err(ServiceError::FreeQuotaExhausted {
                scope,
                resets_at: midnight_after(today),
            }),
        }
    }

    /// What is asked of the pool, within what the operator pays for.
    pub(super) fn modest(settings: &mut ChatSettings, turns: &[Turn]) -> Result<()> {
        let chars: usize = turns.iter().map(|turn| turn.text.chars().count()).sum();
        if chars > MAX_INPUT_CHARS {
            let problem = format!(
                "The free pool reads at most {MAX_INPUT_CHARS} characters of a chat. Start a new chat, or add a key of your own."
            );
            return Err(ServiceError::field("content", &problem));
        }
        let most = settings.max_tokens.unwrap_or(MAX_OUTPUT_TOKENS);
        settings.max_tokens = Some(most.min(MAX_OUTPUT_TOKENS));
        Ok(())
    }

    /// What is left of the free pool for this person today.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn free_usage(&self, user: &UserId) -> Result<FreeUsage> {
        let today = today(self.0.env.now());
        let Used {
            day,
            user,
            global,
            ever,
        } = free_pool::used(&self.0.db, user, today, NUDGE_AFTER).await?;
        let pool = self.0.pool.as_ref();
        let limits = pool.map(|pool| pool.limits);
        Ok(FreeUsage {
            enabled: pool.is_some(),
            user: Quota::new(limits.map_or(0, |limits| limits.user), user),
            global: Quota::new(limits.map_or(0, |limits| limits.global), global),
            resets_at: midnight_after(day),
            model: pool.map(|pool| pool.model.clone()),
            nudge: ever >= NUDGE_AFTER,
        })
    }

    /// What the snapshot knows of the pool's models. They cost nobody here anything.
    pub(super) fn pool_models(&self) -> Vec<Model> {
        let (Some(pool), Ok(groq), Ok(id)) = (
            &self.0.pool,
            PROVIDER.parse::<ProviderId>(),
            free::ID.parse::<ProviderId>(),
        ) else {
            return Vec::new();
        };
        let free = |model| Model {
            provider: id.clone(),
            pricing: Some(Tariff::default().pricing()),
            ..catalog::facts(&groq, model)
        };
        pool.models().map(free).collect()
    }

    pub(super) fn pool_facts(&self, model: &ModelId) -> Option<Model> {
        let mut models = self.pool_models().into_iter();
        models.find(|one| one.id == *model)
    }

    /// The pool's models in the form of a key's list.
    pub(super) fn pool_list(&self) -> Result<ModelList> {
        if self.0.pool.is_none() {
            return Err(ServiceError::NotFound);
        }
        let now = self.0.env.now();
        Ok(ModelList {
            models: self.pool_models(),
            key_id: None,
            fetched_at: now,
            expires_at: now.plus_ms(DAY_MS),
            stale: false,
            warning: None,
        })
    }
}

/// Days since 1970, by UTC.
const fn today(now: Timestamp) -> i64 {
    now.0.div_euclid(DAY_MS)
}

const fn midnight_after(day: i64) -> Timestamp {
    Timestamp((day + 1) * DAY_MS)
}
