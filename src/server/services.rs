//! The rules of the product. Knows neither HTTP nor pages.

pub mod accounts;
pub mod activity;
pub mod chat;
pub mod comparison;
mod connect;
pub mod discovery;
pub mod exports;
pub mod favourites;
pub mod health;
pub mod keys;
pub mod means;
pub mod messages;
pub mod models;
pub mod pool;
pub mod readers;
pub mod search;
pub mod threads;

use crate::server::clock::Env;
use crate::server::config::{FreePool, Limit, Limits, MasterKeys};
use crate::server::crypto::digest;
use crate::server::crypto::envelope::CryptoError;
use crate::server::crypto::password::{PasswordError, Passwords};
use crate::server::crypto::secret::Secret;
use crate::server::engine::Engine;
use crate::server::limits::Limiter;
use crate::server::metrics::Metrics;
use crate::server::providers::account::Overrides;
use crate::server::providers::transport::Transport;
use crate::server::providers::{self, Provider, ProviderError};
use crate::server::render::Rendered;
use crate::server::store::{Db, StoreError};
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::free_pool::Scope;
use crate::shared::ids::{MessageId, ModelId, ProviderId};
use crate::shared::model::Replacement;
use crate::shared::time::Timestamp;
use health::LastLook;
use models::Offers;
use readers::Readers;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What a service refuses or fails at.
#[derive(Debug, thiserror::Error)]
#[expect(
    missing_docs,
    reason = "each variant is the error code of the same name in api.md section 2"
)]
pub enum ServiceError {
    #[error("no session")]
    Unauthenticated,
    #[error("wrong e-mail or password")]
    InvalidCredentials,
    #[error("not found")]
    NotFound,
    /// Field names and what is wrong with each.
    #[error("validation")]
    Validation(BTreeMap<String, String>),
    #[error("no key for {provider}")]
    NoKey {
        provider: &'static str,
        refused: bool,
    },
    /// Not sent from this session, or not in time, or not for the first time, or refused.
    #[error("the provider did not connect")]
    NotConnected,
    /// What the person has to do first.
    #[error("nobody pays")]
    Unpaid(&'static str),
    #[error("the key for {provider} does not open")]
    KeyUnreadable { provider: &'static str },
    #[error("another provider or model than the thread's")]
    ThreadProviderMismatch,
    #[error("{} does not offer {} any more", .0.provider, .0.model)]
    ModelUnavailable(Box<Unavailable>),
    #[error("the thread is being answered")]
    GenerationInProgress(Option<MessageId>),
    #[error("the clientRequestId was used for something else")]
    IdempotencyMismatch,
    #[error("too many requests")]
    RateLimited(Duration),
    /// The person has this many answers running already.
    #[error("too many answers of one person")]
    TooManyAnswers(usize),
    /// Everybody together has as many answers running as this installation writes.
    #[error("too many answers")]
    Full,
    /// The answer has this many readers already.
    #[error("too many readers")]
    TooManyReaders(usize),
    #[error("the free pool is used up")]
    FreeQuotaExhausted { scope: Scope, resets_at: Timestamp },
    #[error("there is no free pool")]
    NoPool,
    #[error("shutting down")]
    Draining,
    #[error("{name}: {error}")]
    Provider {
        error: ProviderError,
        name: &'static str,
    },
    /// The field with the address that a person gave.
    #[error("no list of models at {0}")]
    NothingThere(&'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    #[error(transparent)]
    Password(#[from] PasswordError),
}

/// A model that a provider took away.
#[derive(Debug)]
pub struct Unavailable {
    /// The model.
    pub model: ModelId,
    /// The provider's name.
    pub provider: &'static str,
    /// What the person can go on with.
    pub replacement: Option<Replacement>,
}

impl ServiceError {
    /// One field is wrong.
    #[must_use]
    pub fn field(name: &str, problem: &str) -> Self {
        Self::Validation(BTreeMap::from([(name.to_owned(), problem.to_owned())]))
    }
}

/// Credentials of the operator's own, by the names of their variables.
pub type Lent = BTreeMap<&'static str, Secret>;

/// What a service answers.
pub type Result<T> = std::result::Result<T, ServiceError>;

/// The parts that services are made of. Cheap to clone.
#[derive(Clone)]
pub struct Services(Arc<Parts>);

/// See [`Services`].
pub struct Parts {
    /// The database.
    pub db: Db,
    /// Time, ids and randomness.
    pub env: Env,
    /// The way to the providers.
    pub transport: Transport,
    /// The writer of answers.
    pub engine: Engine,
    /// The master keys.
    pub keyring: Arc<MasterKeys>,
    /// This installation's id, part of what keys are sealed under.
    pub instance: String,
    /// What the operator gives to people without keys.
    pub pool: Option<FreePool>,
    /// Where the operator says that providers are, by variable.
    pub overrides: Overrides,
    /// What the operator lends to everybody, by variable.
    pub lent: Lent,
    /// Where browsers find this installation, as far as that is known.
    pub home: Option<String>,
    /// Hashes passwords off the async threads.
    pub passwords: Passwords,
    /// Keys the digests of session tokens.
    pub auth_secret: Secret,
    /// Sign-ins and sign-ups by address of the network.
    pub by_ip: Limiter,
    /// Sign-ins by e-mail, whether it has an account or not.
    pub by_email: Limiter,
    /// Sends by person.
    pub by_user: Limiter,
    /// Exports of whole accounts by person.
    pub exports: Limiter,
    /// Answers that were rendered before.
    pub rendered: Rendered,
    /// Lists of models that were asked about before.
    pub offers: Offers,
    /// How providers did when that was last looked up.
    pub health: LastLook,
    /// Who reads which answer.
    pub readers: Readers,
    /// Whether a chat is named by the model that answers in it.
    pub auto_titles: bool,
    /// What anybody is given at the most.
    pub limits: Limits,
    /// Counts what is done.
    pub metrics: Metrics,
}

impl Services {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The database.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// Time, ids and randomness.
    #[must_use]
    pub fn env(&self) -> &Env {
        &self.0.env
    }

    /// Counts what is done.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// The writer of answers.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    fn limited(&self, limiter: &Limiter, key: &str) -> Result<()> {
        limiter.check(key).map_err(|wait| {
            self.0.metrics.limit_hit(Limit::RequestRate);
            ServiceError::RateLimited(wait)
        })
    }

    fn token_hash(&self, token: &str) -> String {
        digest::hash_token(&self.0.auth_secret, token)
    }

    /// A provider that takes keys.
    fn provider(id: &ProviderId) -> Result<&'static dyn Provider> {
        let provider = providers::find(id).filter(|_| !pool::is_pool(id));
        provider.ok_or(ServiceError::NotFound)
    }

    fn id_of(provider: &dyn Provider) -> Result<ProviderId> {
        let id = provider.info().id;
        id.parse().map_err(|_| ServiceError::NotFound)
    }
}

/// Whether both databases can keep the text: PostgreSQL has no zero character.
fn storable(text: &str) -> bool {
    !text.contains('\0')
}

/// What is said of a text that is not [`storable`].
const NOT_STORABLE: &str = "Take the invisible zero character out.";

/// What a person reads of a key that does not open.
#[must_use]
pub fn unreadable(name: &str) -> AppError {
    AppError::new(
        ErrorCode::KeyUnreadable,
        format!(
            "The stored {name} key cannot be opened any more, so nothing was sent. Replace it with the key itself."
        ),
    )
}
