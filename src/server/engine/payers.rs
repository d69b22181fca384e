//! Who pays for an answer: the person's keys in their order, one after the other while that helps.

use super::Inner;
use crate::server::providers::account::Account;
use crate::server::store::answers::PaidBy;
use crate::server::store::provider_keys::{self, StoredKey, Trouble};
use crate::server::store::{Result, Tx, answers};
use crate::shared::chat::Message;
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::time::Timestamp;

/// A key that may pay for an answer, opened.
pub struct Payer {
    /// The key.
    pub key: StoredKey,
    /// Its credential, and where that may go.
    pub account: Account,
    /// The key at another provider that pays in its place, where it only opens the door.
    pub brought: Option<StoredKey>,
}

impl Payer {
    /// A key that pays by itself.
    #[must_use]
    pub const fn new(key: StoredKey, account: Account) -> Self {
        Self {
            key,
            account,
            brought: None,
        }
    }

    /// Lets `other` pay for what this key asks.
    pub fn bring(&mut self, other: Self) {
        self.account.brought = Some(other.account.credential);
        self.brought = Some(other.key);
    }

    /// The visible tails of what is sent.
    #[must_use]
    pub fn mask(&self) -> String {
        let own = &self.key.view.mask;
        match &self.brought {
            Some(brought) => format!("{own} with {} {}", brought.view.provider, brought.view.mask),
            None => own.clone(),
        }
    }

    /// What is kept of it with an answer.
    #[must_use]
    pub fn paid_by(&self) -> PaidBy {
        PaidBy {
            key: self.key.view.id.clone(),
            mask: self.mask(),
            brought: self.brought.as_ref().map(|key| key.view.id.clone()),
        }
    }

    /// Notes that all of it is about to be sent, unless a part of it was removed, replaced or switched off meanwhile.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take(&self, tx: &mut Tx, now: Timestamp) -> Result<bool> {
        for key in std::iter::once(&self.key).chain(&self.brought) {
            if !provider_keys::take(tx, &key.view.id, key.version, now).await? {
                return Ok(false);
            }
        }
        Ok(true)
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

/// What a failed answer says about the key that was asked, if it says anything.
pub fn trouble(error: Option<&AppError>, now: Timestamp) -> Option<Trouble<'_>> {
    let error = error?;
    let about_key = matches!(
        error.code,
        ErrorCode::InvalidKey
            | ErrorCode::InsufficientPermission
            | ErrorCode::QuotaExhausted
            | ErrorCode::RateLimited
    );
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
        let key = &from.key;
        let trouble = trouble(Some(error), now);
        provider_keys::note_used(&mut tx, &key.view.id, key.version, trouble.as_ref(), now).await?;
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
