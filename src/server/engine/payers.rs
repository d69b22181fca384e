//! Who pays for an answer: the person's keys in their order, one after the other while that helps. Where that is allowed, the
//! operator's free pool comes behind them ([`super::loan`]).

use super::Inner;
use crate::server::providers;
use crate::server::providers::account::Account;
use crate::server::store::answers::PaidBy;
use crate::server::store::provider_keys::{self, StoredKey, Trouble};
use crate::server::store::{Result, Tx, answers};
use crate::shared::chat::Message;
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::ids::{KeyId, ModelId, ProviderId};
use crate::shared::time::Timestamp;

/// Who may pay for an answer.
pub struct Payer {
    /// Who is asked.
    pub provider: ProviderId,
    /// A key of the person's; none is the operator's, of the free pool.
    pub key: Option<StoredKey>,
    /// Its credential, and where that may go.
    pub account: Account,
    /// The model that it pays for.
    pub model: ModelId,
    /// The key at another provider that pays in its place, where it only opens the door.
    pub brought: Option<StoredKey>,
}

/// What stands for a key where the free pool pays.
const POOL: &str = "free pool";

impl Payer {
    /// A key of the person's that pays by itself.
    #[must_use]
    pub fn new(key: StoredKey, account: Account, model: ModelId) -> Self {
        Self {
            provider: key.view.provider.clone(),
            key: Some(key),
            account,
            model,
            brought: None,
        }
    }

    /// The operator's key, of the free pool.
    #[must_use]
    pub const fn pool(provider: ProviderId, account: Account, model: ModelId) -> Self {
        Self {
            provider,
            key: None,
            account,
            model,
            brought: None,
        }
    }

    /// Lets another key pay for what this one asks.
    pub fn bring(&mut self, key: StoredKey, account: Account) {
        self.account.brought = Some(account.credential);
        self.brought = Some(key);
    }

    /// Whether no other key goes along.
    #[must_use]
    pub const fn is_alone(&self) -> bool {
        self.brought.is_none()
    }

    /// What the person is told of a failure with it at the provider called `name`, which does not say whose key it means
    /// where two were sent.
    pub(super) fn told(&self, error: AppError, name: &str) -> AppError {
        let brought = self.brought.as_ref();
        let other = brought.and_then(|key| providers::find(&key.view.provider));
        let (
            Some(other),
            ErrorCode::InvalidKey | ErrorCode::InsufficientPermission | ErrorCode::QuotaExhausted,
        ) = (other, error.code)
        else {
            return error;
        };
        let other = other.info().name;
        AppError {
            message: format!(
                "{} Or it is about the {other} key that goes along to {name}: test both under Providers.",
                error.message
            ),
            ..error
        }
    }

    /// The id of the person's key.
    #[must_use]
    pub fn id(&self) -> Option<&KeyId> {
        self.key.as_ref().map(|key| &key.view.id)
    }

    /// What the person sees of who pays: the visible tails of what is sent.
    #[must_use]
    pub fn mask(&self) -> String {
        let own = self.key.as_ref().map_or(POOL, |key| &key.view.mask);
        match &self.brought {
            Some(brought) => format!("{own} with {} {}", brought.view.provider, brought.view.mask),
            None => own.to_owned(),
        }
    }

    /// What is kept of it with an answer.
    #[must_use]
    pub fn paid_by(&self) -> PaidBy {
        PaidBy {
            provider: self.provider.clone(),
            key: self.id().cloned(),
            mask: self.mask(),
            brought: self.brought.as_ref().map(|key| key.view.id.clone()),
            model: self.model.clone(),
        }
    }

    /// Notes that all of it is about to be sent, unless a part of it was removed, replaced or switched off meanwhile.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take(&self, tx: &mut Tx, now: Timestamp) -> Result<bool> {
        for key in self.key.iter().chain(&self.brought) {
            if !provider_keys::take(tx, &key.view.id, key.version, now).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether another model of the free pool may answer where this one does not. The key is the same: what was said of that
/// holds for all of them.
pub(super) const fn another_model_may_help(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::BadModel
            | ErrorCode::ModelUnavailable
            | ErrorCode::RateLimited
            | ErrorCode::Overloaded
    )
}

/// What a person is told who can do nothing about the operator's key.
pub(super) fn of_the_pool(error: AppError) -> AppError {
    match error.code {
        ErrorCode::InvalidKey
        | ErrorCode::InsufficientPermission
        | ErrorCode::QuotaExhausted
        | ErrorCode::BadModel => AppError::new(
            ErrorCode::UpstreamError,
            "The free pool cannot answer at the moment. Try again later, or add a key of your own.",
        ),
        _ => error,
    }
}

/// The pool's failure where it stood in for the person's own key, which is what they can mend.
pub(super) fn after(own: &AppError, pool: AppError) -> AppError {
    AppError {
        message: format!(
            "{} Then the free pool was asked: {}",
            own.message, pool.message
        ),
        ..pool
    }
}

/// A key that was asked too often, without a word on how long that lasts. Milliseconds.
const LIMITED_MS: i64 = 30_000;
/// A key whose credit is spent: somebody has to pay a bill first.
const SPENT_MS: i64 = 10 * 60_000;
/// What may be over with the next request.
const SHAKY_MS: i64 = 15_000;
/// However long a provider asks to wait, a key is asked in its turn again after this.
const LONGEST_MS: i64 = 60 * 60_000;

/// Whether another key may be heard where this failure was not about the question.
pub const fn another_may_help(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::InvalidKey
            | ErrorCode::QuotaExhausted
            | ErrorCode::RateLimited
            | ErrorCode::Overloaded
            | ErrorCode::Network
    )
}

/// Until when a key that failed like this comes after the others.
fn cool_until(error: &AppError, now: Timestamp) -> Option<Timestamp> {
    let asked = error.retry_after_ms.and_then(|ms| i64::try_from(ms).ok());
    let ms = match error.code {
        ErrorCode::RateLimited => asked.unwrap_or(LIMITED_MS),
        ErrorCode::QuotaExhausted => asked.unwrap_or(SPENT_MS),
        ErrorCode::Overloaded | ErrorCode::Network => asked.unwrap_or(SHAKY_MS),
        _ => return None,
    };
    Some(now.plus_ms(ms.clamp(0, LONGEST_MS)))
}

/// What a failed answer says about the key that was asked, if it says anything. A refusal of one that did not go `alone` may
/// be the other's.
pub fn trouble(error: Option<&AppError>, alone: bool, now: Timestamp) -> Option<Trouble<'_>> {
    let error = error?;
    let about_key = match error.code {
        ErrorCode::InvalidKey => alone,
        ErrorCode::InsufficientPermission | ErrorCode::QuotaExhausted | ErrorCode::RateLimited => {
            true
        }
        _ => false,
    };
    let cool_until = cool_until(error, now);
    (about_key || cool_until.is_some()).then_some(Trouble {
        error: about_key.then_some(error),
        cool_until,
    })
}

/// What became of a change of keys.
pub enum Handed {
    /// The next key pays, and that is stored.
    Over,
    /// The next key was removed, replaced or switched off meanwhile.
    Gone,
    /// The answer is not ours any more.
    Lost,
}

impl Inner {
    /// Notes what went wrong with the key that was asked, and lets the next one pay, in one step: whoever removes a key finds
    /// what runs on it.
    pub(super) async fn hand_over(
        &self,
        message: &Message,
        epoch: i64,
        from: &Payer,
        error: &AppError,
        to: &Payer,
    ) -> Result<Handed> {
        let now = self.parts.env.now();
        let mut tx = self.parts.db.begin().await?;
        let trouble = trouble(Some(error), from.is_alone(), now);
        if let Some(key) = &from.key {
            provider_keys::note_used(&mut tx, &key.view.id, key.version, trouble.as_ref(), now)
                .await?;
        }
        let handed = if !to.take(&mut tx, now).await? {
            Handed::Gone
        } else if answers::hand_over(&mut tx, &message.id, &self.owner, epoch, &to.paid_by())
            .await?
        {
            Handed::Over
        } else {
            return Ok(Handed::Lost);
        };
        tx.commit().await?;
        Ok(handed)
    }
}
