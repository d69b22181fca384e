//! The operator's free pool: who may ask it, how often, and for how much.

use super::{Result, ServiceError, Services, Unavailable};
use crate::server::catalog;
use crate::server::config::FreePool;
use crate::server::engine::loan::Loan;
use crate::server::engine::payers::Payer;
use crate::server::providers::free::{self, FREE};
use crate::server::providers::{Credential, Provider as _, Turn};
use crate::server::store::Tx;
use crate::server::store::free_pool::{self, Refusal, Used};
use crate::shared::chat::Thread;
use crate::shared::free_pool::{FreeUsage, Quota, day_of, midnight_after};
use crate::shared::ids::{MessageId, ModelId, ProviderId, UserId};
use crate::shared::model::{Model, ModelList};
use crate::shared::tariff::Tariff;

const DAY_MS: i64 = 86_400_000;
/// What is read of a conversation at the most, in characters: the operator pays for all of it.
const MAX_INPUT_CHARS: usize = 48_000;
/// Tokens of an answer at the most.
const MAX_OUTPUT_TOKENS: u32 = 4096;
/// After so many answers a person is told what a key of their own is good for.
const NUDGE_AFTER: i64 = 5;
/// The provider behind the pool, by which the snapshot knows its models.
pub(super) const UPSTREAM: &str = "groq";

/// Whether this is a chat with the free pool.
pub(super) fn pays_for(thread: &Thread) -> bool {
    is_pool(&thread.provider)
}

/// Whether this is the pool's id.
#[must_use]
pub fn is_pool(provider: &ProviderId) -> bool {
    provider.as_str() == free::ID
}

/// What the snapshot knows of a model of the pool. It costs nobody here anything.
pub(super) fn facts(pool: &ProviderId, model: &ModelId) -> Model {
    let known = match UPSTREAM.parse() {
        Ok(upstream) => catalog::facts(&upstream, model),
        Err(_) => catalog::facts(pool, model),
    };
    Model {
        provider: pool.clone(),
        pricing: Some(Tariff::default().pricing()),
        ..known
    }
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

    /// What the pool may answer in this thread: all of a chat that began on it (of `model`, if it has that), and where the
    /// person allowed it, what their own keys cannot.
    pub(super) async fn loan(
        &self,
        user: &UserId,
        thread: &Thread,
        model: &ModelId,
    ) -> Result<Option<Loan>> {
        let wanted = if pays_for(thread) {
            Some(model.clone())
        } else if thread.pool_fallback && self.0.pool.is_some() {
            None
        } else {
            return Ok(None);
        };
        let pool = self.pool()?;
        let model = match self.pool_model(wanted) {
            Err(ServiceError::ModelUnavailable(mut what)) => {
                what.replacement = self.replacement(user, &thread.provider, model).await?;
                return Err(ServiceError::ModelUnavailable(what));
            }
            model => model?,
        };
        let account = self.account(&FREE, Credential::key(pool.key.clone()))?;
        let id = Self::id_of(&FREE)?;
        let others = pool.models().filter(|other| **other != model);
        let payer = |model: &ModelId| Payer::pool(id.clone(), account.clone(), model.clone());
        let facts = facts(&id, &model);
        let mut settings = thread.settings.clone();
        let most = settings.max_tokens.unwrap_or(MAX_OUTPUT_TOKENS);
        settings.max_tokens = Some(most.min(MAX_OUTPUT_TOKENS));
        Ok(Some(Loan {
            user: user.clone(),
            limits: pool.limits,
            provider: &FREE,
            payers: std::iter::once(&model).chain(others).map(payer).collect(),
            capabilities: facts.capabilities,
            max_output_tokens: facts.max_output_tokens,
            settings,
            tariff: Tariff::default(),
        }))
    }

    /// Takes an answer that the pool gives from its beginning of the day's quotas, in the send's own transaction.
    pub(super) async fn reserve(&self, tx: &mut Tx, id: &MessageId, loan: &Loan) -> Result<()> {
        let now = self.0.env.now();
        match loan.reserve(tx, id, now).await? {
            None => Ok(()),
            Some(Refusal::Answering) => Err(ServiceError::TooManyAnswers(1)),
            Some(Refusal::UsedUp(scope)) => Err(ServiceError::FreeQuotaExhausted {
                scope,
                resets_at: midnight_after(day_of(now)),
            }),
        }
    }

    /// Whether the pool reads as much as this: the operator pays for all of it.
    pub(super) fn readable(thread: &Thread, turns: &[Turn]) -> Result<()> {
        let said = turns.iter().map(|turn| turn.text.as_str());
        let texts = thread.system_prompt.as_deref().into_iter().chain(said);
        let chars: usize = texts.map(|text| text.chars().count()).sum();
        if chars > MAX_INPUT_CHARS {
            let problem = format!(
                "The free pool reads at most {MAX_INPUT_CHARS} characters of a chat, its system prompt included. Start a new chat, or add a key of your own."
            );
            return Err(ServiceError::field("content", &problem));
        }
        Ok(())
    }

    /// What is left of the free pool for this person today.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn free_usage(&self, user: &UserId) -> Result<FreeUsage> {
        let today = day_of(self.0.env.now());
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

    /// What is known of the pool's models.
    pub(super) fn pool_models(&self) -> Vec<Model> {
        let (Some(pool), Ok(id)) = (&self.0.pool, Self::id_of(&FREE)) else {
            return Vec::new();
        };
        pool.models().map(|model| facts(&id, model)).collect()
    }

    /// Whether the pool may stand in for keys of this provider, which is not itself.
    #[must_use]
    pub fn pool_stands_by(&self, provider: &ProviderId) -> bool {
        self.0.pool.is_some() && !is_pool(provider)
    }

    /// Whether there is a pool and it does not have this model.
    pub(super) fn pool_lost(&self, model: &ModelId) -> bool {
        let pool = self.0.pool.as_ref();
        pool.is_some_and(|pool| pool.models().all(|one| one != model))
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
