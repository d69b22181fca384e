//! The operator's free pool as it answers where a person's own keys do not: in a chat that began on it, or for an answer of a
//! chat whose person allowed it.

use super::Inner;
use super::payers::{Handed, Payer, trouble};
use super::turn::Turn;
use crate::server::providers::Provider;
use crate::server::store::free_pool::{self, Refusal};
use crate::server::store::{Result, Tx, answers, provider_keys};
use crate::shared::chat::{ChatSettings, Message};
use crate::shared::error::AppError;
use crate::shared::free_pool::{DailyLimits, day_of};
use crate::shared::ids::{MessageId, UserId};
use crate::shared::model::Capabilities;
use crate::shared::tariff::Tariff;
use crate::shared::time::Timestamp;

/// An answer that the pool may give.
pub struct Loan {
    /// Whose quota it is taken from, beside everybody's.
    pub user: UserId,
    /// How much of it a day has.
    pub limits: DailyLimits,
    /// Who answers.
    pub provider: &'static dyn Provider,
    /// The operator's key, for the model and for those that stand in for it.
    pub payers: Vec<Payer>,
    /// What the model can do.
    pub capabilities: Capabilities,
    /// Tokens that it writes at the most.
    pub max_output_tokens: Option<u64>,
    /// What is asked of it, within what the operator pays for.
    pub settings: ChatSettings,
    /// What it costs.
    pub tariff: Tariff,
}

impl Loan {
    /// Takes the answer from the day's quotas. Answers what stands in the way, if something does: `tx` must not be committed
    /// then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reserve(
        &self,
        tx: &mut Tx,
        message: &MessageId,
        now: Timestamp,
    ) -> Result<Option<Refusal>> {
        free_pool::reserve(tx, &self.user, message, self.limits, day_of(now)).await
    }

    /// Lets the pool answer in the place of whoever was to.
    pub fn step_in(self, turn: &mut Turn) {
        let Some(payer) = self.payers.first() else {
            return;
        };
        turn.message.provider = Some(payer.provider.clone());
        turn.message.model = Some(payer.model.clone());
        turn.message.key_id = None;
        turn.request.model = payer.model.clone();
        turn.request.capabilities = self.capabilities;
        turn.request.max_output_tokens = self.max_output_tokens;
        turn.request.settings = self.settings;
        turn.tariff = Some(self.tariff);
        turn.provider = self.provider;
        turn.payers = self.payers;
    }
}

impl Inner {
    /// Notes what went wrong with the person's last key, and lets the pool pay if it has something left for them: reserved and
    /// stored in one step, before anything is asked of it.
    pub(super) async fn lend(
        &self,
        message: &Message,
        epoch: i64,
        from: &Payer,
        error: &AppError,
        loan: &Loan,
    ) -> Result<Handed> {
        let now = self.parts.env.now();
        let Some(to) = loan.payers.first() else {
            return Ok(Handed::Gone);
        };
        if let Some(key) = &from.key {
            // By itself: who holds a key's row waits for no quota.
            let mut tx = self.parts.db.begin().await?;
            let trouble = trouble(Some(error), from.is_alone(), now);
            provider_keys::note_used(&mut tx, &key.view.id, key.version, trouble.as_ref(), now)
                .await?;
            tx.commit().await?;
        }
        let mut tx = self.parts.db.begin().await?;
        if !answers::hand_over(&mut tx, &message.id, &self.owner, epoch, &to.paid_by()).await? {
            return Ok(Handed::Lost);
        }
        if loan.reserve(&mut tx, &message.id, now).await?.is_some() {
            return Ok(Handed::Gone);
        }
        tx.commit().await?;
        Ok(Handed::Over)
    }
}
