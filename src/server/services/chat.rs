//! Sending: claimed, checked and stored in one transaction, before anything is asked of a provider.

mod paying;
mod rewording;
mod stored;
mod titles;

use super::models::Known;
use super::readers::Reader;
use super::threads::NewThread;
use super::{NOT_STORABLE, Result, ServiceError, Services, storable};
use crate::server::config::Limit;
use crate::server::crypto::mac::hex;
use crate::server::engine::follow::Address;
use crate::server::engine::turn::Turn;
use crate::server::providers::{self, ChatRequest};
use crate::server::store::events;
use crate::server::store::messages::{self, Running};
use crate::shared::chat::{ReasoningEffort, Role, Thread};
use crate::shared::ids::{ClientRequestId, MessageId, ModelId, ProviderId, ThreadId, UserId};
use crate::shared::model::Capabilities;
use paying::take_first;
use sha2::{Digest, Sha256};
use stored::Stored;

/// What is asked.
pub enum Ask {
    /// Something new, behind `parent` or at the end of the shown branch.
    Say {
        /// What the person wrote.
        content: String,
        /// The answer that it follows.
        parent: Option<MessageId>,
        /// Whether a first answer's model may be asked for a name of the chat: where a person writes on a page. A program
        /// that sends gets what it asked for and nothing beside it.
        nameable: bool,
    },
    /// Another answer to the same; `message` is the answer, or the person's message that got none.
    Again {
        /// What is answered anew.
        message: MessageId,
        /// On another model of the same provider.
        model: Option<ModelId>,
        /// With more or less reasoning than the thread asks for, this once.
        effort: Option<ReasoningEffort>,
    },
    /// The same place, in other words.
    Edit {
        /// The person's message.
        message: MessageId,
        /// The other words.
        content: String,
    },
}

impl Ask {
    fn digest(&self, thread: &ThreadId) -> String {
        let parts: [&str; 4] = match self {
            Self::Say {
                content, parent, ..
            } => [
                "say",
                parent.as_ref().map_or("", MessageId::as_str),
                content,
                "",
            ],
            Self::Again {
                message,
                model,
                effort,
            } => [
                "again",
                message.as_str(),
                effort.map_or("", ReasoningEffort::as_str),
                model.as_ref().map_or("", ModelId::as_str),
            ],
            Self::Edit { message, content } => ["edit", message.as_str(), content, ""],
        };
        let mut hash = Sha256::new();
        for part in std::iter::once(thread.as_str()).chain(parts) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hex(&hash.finalize())
    }

    const fn effort(&self) -> Option<ReasoningEffort> {
        match self {
            Self::Again { effort, .. } => *effort,
            Self::Say { .. } | Self::Edit { .. } => None,
        }
    }

    const fn content(&self) -> Option<&String> {
        match self {
            Self::Say { content, .. } | Self::Edit { content, .. } => Some(content),
            Self::Again { .. } => None,
        }
    }
}

/// What a thread begins with.
fn first(content: &str) -> Ask {
    Ask::Say {
        content: content.to_owned(),
        parent: None,
        nameable: true,
    }
}

/// Does something in a task of its own, whoever listens.
async fn to_its_end<T: Send + 'static>(
    task: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    match tokio::spawn(task).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(ServiceError::Draining),
    }
}

/// A send whose claim is about to be made.
struct Begin {
    user: UserId,
    /// As it is stored, but for the effort that is asked for.
    thread: Thread,
    request: ClientRequestId,
    digest: String,
    ask: Ask,
}

impl Services {
    /// Starts an answer, or finds the one that the same request started before. It runs whoever listens.
    ///
    /// # Errors
    /// Everything that api.md names for a send. Nothing is stored then.
    pub async fn ask(
        &self,
        user: &UserId,
        thread_id: &ThreadId,
        request: &ClientRequestId,
        ask: Ask,
    ) -> Result<MessageId> {
        let digest = ask.digest(thread_id);
        let (thread, claimed) = tokio::join!(
            self.thread(user, thread_id),
            self.claimed(user, request, &digest)
        );
        let mut thread = thread?;
        if let Some(effort) = ask.effort() {
            thread.settings.reasoning_effort = Some(effort);
        }
        if let Some(content) = ask.content() {
            self.sayable(content)?;
        }
        if let Some(first) = claimed? {
            return Ok(first);
        }
        if self.0.engine.is_closing() {
            return Err(ServiceError::Draining);
        }
        // A client that hangs up must not leave a stored question whose answer nobody writes.
        let begin = Begin {
            user: user.clone(),
            thread,
            request: request.clone(),
            digest,
            ask,
        };
        to_its_end(self.clone().begin(begin)).await
    }

    /// Whether a person may say this.
    fn sayable(&self, content: &str) -> Result<()> {
        if content.trim().is_empty() {
            return Err(ServiceError::field("content", "Write something first."));
        }
        let most = self.0.limits.message_chars;
        if content.chars().count() > most {
            self.0.metrics.limit_hit(Limit::MessageChars);
            let problem = format!("Use at most {most} characters.");
            return Err(ServiceError::field("content", &problem));
        }
        if !storable(content) {
            return Err(ServiceError::field("content", NOT_STORABLE));
        }
        Ok(())
    }

    async fn begin(self, begin: Begin) -> Result<MessageId> {
        let Begin {
            user,
            thread,
            request,
            digest,
            ask,
        } = &begin;
        let provider = providers::find(&thread.provider).ok_or(ServiceError::NotFound)?;
        let model = match ask {
            Ask::Again {
                model: Some(model), ..
            } => model.clone(),
            _ => thread.model.clone(),
        };
        let loan = self.loan(user, thread, &model).await?;
        let (known, payers, refusal) = self
            .own_payers(user, thread, provider, &model, loan.is_some())
            .await?;

        let mut tx = self.0.db.begin().await?;
        let now = self.0.env.now();
        let id = self.message_id()?;
        if !events::claim(&mut tx, user, request, digest, &thread.id, &id, now).await? {
            drop(tx);
            return self
                .claimed(user, request, digest)
                .await?
                .ok_or(ServiceError::NotFound);
        }
        self.limited(&self.0.by_user, user.as_str())?;
        let payers = take_first(&mut tx, payers, now).await?;
        let lenders = loan.iter().flat_map(|loan| &loan.payers);
        let Some(payer) = payers.iter().chain(lenders).next() else {
            return Err(refusal.unwrap_or_else(|| Self::no_key(provider, false)));
        };
        let running = messages::count_running(&mut tx, user, &thread.id).await?;
        self.has_room(&running)?;
        let Stored {
            answer,
            start,
            said,
        } = self
            .store_send(&mut tx, &begin, id.clone(), payer, running.tip)
            .await?;
        let unnamed = self.unnamed(&begin, &answer, &said, payer);
        let readable = Self::readable(thread, &said);
        let (lent, spare) = match loan {
            Some(loan) if payers.is_empty() => (Some(loan), None),
            loan => (None, loan.filter(|_| readable.is_ok())),
        };
        if let Some(loan) = &lent {
            let reserved = match readable {
                Ok(()) => self.reserve(&mut tx, &id, loan).await,
                error => error,
            };
            // Where the pool only stands in, its own refusal is not what the person can mend.
            reserved.map_err(|error| match (error, refusal) {
                (error @ ServiceError::Store(_), _) | (error, None) => error,
                (_, Some(refusal)) => refusal,
            })?;
        }
        tx.commit().await?;

        let Known {
            model: facts,
            tariff,
        } = known;
        let mut turn = Turn {
            message: answer,
            start,
            provider,
            payers,
            request: ChatRequest {
                model,
                capabilities: facts
                    .as_ref()
                    .map_or_else(Capabilities::default, |model| model.capabilities),
                max_output_tokens: facts.and_then(|model| model.max_output_tokens),
                system: begin.thread.system_prompt,
                turns: said,
                settings: begin.thread.settings,
            },
            tariff,
            loan: spare,
            sent_at: now,
        };
        if let Some(loan) = lent {
            loan.step_in(&mut turn);
        }
        self.0.engine.run(turn);
        if let Some(unnamed) = unnamed {
            self.name_later(unnamed);
        }
        Ok(id)
    }

    /// Makes a thread with its first message, or finds the ones that the same request made before. When the message is
    /// refused, no empty thread is left behind.
    ///
    /// # Errors
    /// As [`Services::create_thread`] and [`Services::ask`].
    pub async fn start_thread(
        &self,
        user: &UserId,
        new: NewThread,
        content: String,
        request: &ClientRequestId,
    ) -> Result<(Thread, MessageId)> {
        let (own, user, request) = (self.clone(), user.clone(), request.clone());
        // A client that hangs up must not leave an empty thread.
        to_its_end(async move { own.begin_thread(&user, new, &content, &request).await }).await
    }

    async fn begin_thread(
        &self,
        user: &UserId,
        new: NewThread,
        content: &str,
        request: &ClientRequestId,
    ) -> Result<(Thread, MessageId)> {
        if let Some(begun) = self.begun_thread(user, content, request).await? {
            return Ok(begun);
        }
        let thread = self.create_thread(user, new).await?;
        match self.ask(user, &thread.id, request, first(content)).await {
            Ok(answer) => Ok((self.thread(user, &thread.id).await?, answer)),
            Err(error) => {
                self.delete_thread(user, &thread.id).await?;
                match error {
                    // The same request may have been quicker.
                    ServiceError::IdempotencyMismatch => self
                        .begun_thread(user, content, request)
                        .await?
                        .ok_or(error),
                    error => Err(error),
                }
            }
        }
    }

    /// The thread that the same request made before, if it did.
    async fn begun_thread(
        &self,
        user: &UserId,
        content: &str,
        request: &ClientRequestId,
    ) -> Result<Option<(Thread, MessageId)>> {
        let Some(thread) = events::claimed_thread(&self.0.db, user, request).await? else {
            return Ok(None);
        };
        let thread = thread.parse().map_err(|_| ServiceError::NotFound)?;
        let answer = self.ask(user, &thread, request, first(content)).await?;
        Ok(Some((self.thread(user, &thread).await?, answer)))
    }

    /// Follows an answer from after event number `after` on.
    ///
    /// # Errors
    /// `NotFound`, also for somebody else's answer and for what a person wrote.
    pub async fn follow(
        &self,
        user: &UserId,
        thread: &ThreadId,
        message: &MessageId,
        after: usize,
    ) -> Result<Reader> {
        let placed = messages::get(&self.0.db, user, thread, message)
            .await?
            .ok_or(ServiceError::NotFound)?;
        if placed.message.role != Role::Assistant {
            return Err(ServiceError::NotFound);
        }
        self.reader(user, thread, message, after)
    }

    /// Follows from its beginning what [`Services::ask`] just named. While that is written here, it is there.
    ///
    /// # Errors
    /// As [`Services::follow`].
    pub async fn follow_asked(
        &self,
        user: &UserId,
        thread: &ThreadId,
        message: &MessageId,
    ) -> Result<Reader> {
        if self.0.engine.is_writing(message) {
            self.reader(user, thread, message, 0)
        } else {
            self.follow(user, thread, message, 0).await
        }
    }

    fn reader(
        &self,
        user: &UserId,
        thread: &ThreadId,
        message: &MessageId,
        after: usize,
    ) -> Result<Reader> {
        let address = Address {
            user: user.clone(),
            thread: thread.clone(),
            message: message.clone(),
        };
        let seat = self.0.readers.take(message)?;
        Ok(Reader::new(self.0.engine.follow(address, after), seat))
    }

    /// Refuses one more answer where there is one, or as many as there may be.
    fn has_room(&self, running: &Running) -> Result<()> {
        if let Some(here) = &running.here {
            return Err(ServiceError::GenerationInProgress(Some(here.clone())));
        }
        let limits = &self.0.limits;
        if running.own >= limits.answers_per_user {
            self.0.metrics.limit_hit(Limit::AnswersPerUser);
            return Err(ServiceError::TooManyAnswers(limits.answers_per_user));
        }
        if running.all >= limits.answers {
            self.0.metrics.limit_hit(Limit::Answers);
            return Err(ServiceError::Full);
        }
        Ok(())
    }

    /// Asks an answer to end. Nothing happens to one that has.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn stop(&self, user: &UserId, thread: &ThreadId, message: &MessageId) -> Result<()> {
        let placed = messages::get(&self.0.db, user, thread, message)
            .await?
            .ok_or(ServiceError::NotFound)?;
        if !placed.message.status.is_final() {
            self.0.engine.stop(message).await?;
        }
        Ok(())
    }

    async fn claimed(
        &self,
        user: &UserId,
        request: &ClientRequestId,
        digest: &str,
    ) -> Result<Option<MessageId>> {
        let Some(claim) = events::claimed(&self.0.db, user, request).await? else {
            return Ok(None);
        };
        if claim.payload_hash != digest {
            return Err(ServiceError::IdempotencyMismatch);
        }
        claim
            .message_id
            .parse()
            .map(Some)
            .map_err(|_| ServiceError::NotFound)
    }
}

/// Whether a send that names a provider or a model names the thread's.
///
/// # Errors
/// `ThreadProviderMismatch` when it does not.
pub fn same_model(
    thread: &Thread,
    provider: Option<&ProviderId>,
    model: Option<&ModelId>,
) -> Result<()> {
    if provider.is_some_and(|provider| *provider != thread.provider)
        || model.is_some_and(|model| *model != thread.model)
    {
        return Err(ServiceError::ThreadProviderMismatch);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_for_another_effort_or_model_is_another_request() {
        let digest = |model: Option<&str>, effort| {
            let ask = Ask::Again {
                message: "m".parse().expect("an id"),
                model: model.and_then(|model| model.parse().ok()),
                effort,
            };
            ask.digest(&"t".parse().expect("an id"))
        };
        let high = Some(ReasoningEffort::High);
        assert_eq!(digest(None, high), digest(None, high));
        let plain = digest(None, None);
        for other in [digest(None, high), digest(Some("high"), None)] {
            assert_ne!(plain, other);
        }
        assert_ne!(digest(None, high), digest(Some("high"), None));
    }
}
