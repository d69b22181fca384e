//! Who is asked for an answer: with which key, how often, and what the person is told when nobody gave one.

use super::{End, FIRST_EPOCH, Running, storage};
use crate::server::engine::Parts;
use crate::server::engine::payers::{
    Handed, Payer, after, another_may_help, another_model_may_help, of_the_pool,
};
use crate::server::providers::ProviderError;
use crate::server::providers::account::Access;
use crate::server::providers::transport::ByteStream;
use crate::server::store::StoreError;
use crate::shared::chat::Attempt;
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::ids::KeyId;
use std::time::Duration;

/// A provider that asks for a longer wait than this is not asked again: the person decides.
const SHORT_WAIT: Duration = Duration::from_secs(3);
/// A second try comes at a random time up to this much later, so that many do not come at once. Milliseconds.
const JITTER_MS: u64 = 400;

impl Running<'_> {
    /// Asks with one key after the other while that helps and nothing has been said; with one of them once more; and then the
    /// pool, where that is allowed.
    pub(super) async fn exchange(&mut self) -> Result<End, ProviderError> {
        let mut again = false;
        loop {
            self.asking = true;
            let asked = Box::pin(self.ask()).await;
            let heard = asked.is_ok();
            let said = match asked {
                Ok(bytes) => self.hear(bytes).await,
                Err(error) => Err(error),
            };
            let error = match said {
                Ok(end) => {
                    self.attempted(Some(200), None);
                    return Ok(end);
                }
                Err(error) => error,
            };
            self.attempted(error.status.or(heard.then_some(200)), Some(error.code));
            let nothing_said = self.first_at.is_none() && self.finish.is_none();
            let once_more = worth_another_try(&error).filter(|_| !heard && !again);
            let handed = if nothing_said && self.goes_on(error.code) {
                Box::pin(self.somebody_else(&error, once_more.is_none())).await
            } else {
                Ok(Handed::Gone)
            };
            match (handed, once_more) {
                // What was counted so far was another key's.
                (Ok(Handed::Over), _) => self.usage = None,
                (Ok(Handed::Gone), Some(wait)) => {
                    again = true;
                    tracing::info!(message.id = %self.turn.message.id, code = error.code.as_str(), "asking the provider again");
                    tokio::time::sleep(wait + self.jitter()).await;
                }
                (Ok(Handed::Gone), None) => return Err(error),
                (Ok(Handed::Lost), _) => return Ok(End::Lost),
                (Err(failure), _) => {
                    tracing::warn!(message.id = %self.turn.message.id, error = %failure, "no other key could be taken");
                    return Ok(End::Failed(storage()));
                }
            }
        }
    }

    /// Lets somebody else pay: the next key, or the pool when the `last` of them was asked.
    async fn somebody_else(
        &mut self,
        error: &ProviderError,
        last: bool,
    ) -> Result<Handed, StoreError> {
        match self.next_payer(error).await? {
            Handed::Gone if last => self.borrow(error).await,
            handed => Ok(handed),
        }
    }

    /// Lets the pool answer, where it may; `Gone` when it has nothing left.
    async fn borrow(&mut self, error: &ProviderError) -> Result<Handed, StoreError> {
        let (Some(loan), Some(failed)) = (&self.turn.loan, self.paying()) else {
            return Ok(Handed::Gone);
        };
        let (message, own) = (&self.turn.message, self.for_person(error));
        let lent = self
            .engine
            .lend(message, FIRST_EPOCH, failed, &own, loan)
            .await?;
        if matches!(lent, Handed::Over)
            && let Some(loan) = self.turn.loan.take()
        {
            tracing::info!(message.id = %self.turn.message.id, code = error.code.as_str(), "the free pool pays");
            loan.step_in(&mut self.turn);
            self.payer = 0;
            self.own_failure = Some(own);
        }
        Ok(lent)
    }

    /// Whether what failed like this is asked of the next payer.
    fn goes_on(&self, code: ErrorCode) -> bool {
        match self.paying() {
            Some(payer) if payer.key.is_none() => another_model_may_help(code),
            _ => another_may_help(code),
        }
    }

    /// What the person is told of a failure, which depends on whose key it was.
    pub(super) fn told(&self, error: AppError) -> AppError {
        match self.paying() {
            Some(payer) if payer.key.is_none() => match &self.own_failure {
                Some(own) if self.first_at.is_none() => after(own, of_the_pool(error)),
                _ => of_the_pool(error),
            },
            _ => error,
        }
    }

    pub(super) fn for_person(&self, error: &ProviderError) -> AppError {
        let name = self.turn.provider.info().name;
        let told = error.for_person(name);
        match self.paying() {
            Some(payer) => payer.told(told, name),
            None => told,
        }
    }

    pub(super) fn paying(&self) -> Option<&Payer> {
        self.turn.payers.get(self.payer)
    }

    pub(super) fn attempted(&mut self, status: Option<u16>, code: Option<ErrorCode>) {
        self.asking = false;
        let attempt = self.paying().map(|payer| Attempt {
            key_id: payer.id().cloned(),
            key_mask: payer.mask(),
            status,
            code,
        });
        self.attempts.extend(attempt);
    }

    /// Lets the next key pay that is still there; `Gone` when there is none.
    async fn next_payer(&mut self, error: &ProviderError) -> Result<Handed, StoreError> {
        let error = self.for_person(error);
        let message = &self.turn.message;
        let from = self.payer;
        for (place, next) in self.turn.payers.iter().enumerate().skip(from + 1) {
            let Some(failed) = self.turn.payers.get(from) else {
                break;
            };
            let handed = self
                .engine
                .hand_over(message, FIRST_EPOCH, failed, &error, next)
                .await?;
            if !matches!(handed, Handed::Gone) {
                tracing::info!(message.id = %message.id, code = error.code.as_str(), key.id = next.id().map(KeyId::as_str), "another key pays");
                let (key, model) = (next.id().cloned(), next.model.clone());
                self.payer = place;
                self.turn.message.key_id = key;
                self.turn.message.model = Some(model.clone());
                self.turn.request.model = model;
                return Ok(handed);
            }
        }
        Ok(Handed::Gone)
    }

    /// Sends the question with the key that pays. Who refuses how it is put is asked once more, with less in it.
    async fn ask(&mut self) -> Result<ByteStream, ProviderError> {
        let Parts { transport, env, .. } = &self.engine.parts;
        let provider = self.turn.provider;
        let payer = self.paying();
        let account = &payer
            .ok_or_else(|| ProviderError::new(ErrorCode::InvalidKey))?
            .account;
        let now = env.now();
        let token = transport.token(provider, account, now).await?;
        let access = Access {
            account,
            token: token.as_ref(),
            now,
        };
        let wire = provider.encode(&access, &self.turn.request)?;
        let less = provider.encode_less(&access, &self.turn.request)?;
        match (transport.stream(provider, wire).await, less) {
            (Err(error), Some(less)) if refuses_the_form(&error) => {
                self.attempted(error.status, Some(error.code));
                self.asking = true;
                transport.stream(provider, less).await
            }
            (asked, _) => asked,
        }
    }

    fn jitter(&self) -> Duration {
        let random = u64::from_be_bytes(self.engine.parts.env.random());
        Duration::from_millis(random % JITTER_MS)
    }

    pub(super) fn broken(&self, code: ErrorCode) -> AppError {
        self.told(self.for_person(&ProviderError::new(code)))
    }

    /// Whether a gateway may pay, which it may not where the person's key was there to pay.
    pub(super) fn check_payer(&self) -> Result<(), ProviderError> {
        match self.paying().and_then(|payer| payer.brought.as_ref()) {
            Some(_) => Err(ProviderError::new(ErrorCode::SystemCredentials)),
            None => Ok(()),
        }
    }
}

/// Whether a request was refused for what is in it, and not for what it is about.
const fn refuses_the_form(error: &ProviderError) -> bool {
    matches!(error.status, Some(400 | 422))
        && matches!(
            error.code,
            ErrorCode::UnsupportedParam | ErrorCode::UpstreamError
        )
}

/// How long to wait before the provider is asked once more; none when that is no use. Nothing of an answer has come, and
/// either the provider never got the question or it said itself when to come back.
fn worth_another_try(error: &ProviderError) -> Option<Duration> {
    match error.status {
        None if error.unsent => Some(Duration::ZERO),
        Some(429 | 500..) => error.retry_after.filter(|wait| *wait <= SHORT_WAIT),
        _ => None,
    }
}
