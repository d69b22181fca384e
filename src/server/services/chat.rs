//! Sending: claimed, checked and stored in one transaction, before anything is asked of a provider.

use super::keys::Opened;
use super::models::Known;
use super::readers::Reader;
use super::threads::NewThread;
use super::{NOT_STORABLE, Result, ServiceError, Services, pool, storable};
use crate::server::config::Limit;
use crate::server::crypto::mac::hex;
use crate::server::engine::follow::Address;
use crate::server::engine::payers::Payer;
use crate::server::engine::turn::Turn;
use crate::server::providers::{self, ChatRequest, Provider, Turn as Said};
use crate::server::render;
use crate::server::store::Tx;
use crate::server::store::events::{self, Event, Kind};
use crate::server::store::messages::{self, Placed, Running};
use crate::server::store::{answers, threads};
use crate::shared::chat::{Message, MessageStatus, Role, Thread};
use crate::shared::ids::{ClientRequestId, MessageId, ModelId, ProviderId, ThreadId, UserId};
use crate::shared::model::Capabilities;
use crate::shared::tariff::Tariff;
use crate::shared::time::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What is asked.
pub enum Ask {
    /// Something new, behind `parent` or at the end of the shown branch.
    Say {
        /// What the person wrote.
        content: String,
        /// The answer that it follows.
        parent: Option<MessageId>,
    },
    /// Another answer to the same; `message` is the answer, or the person's message that got none.
    Again {
        /// What is answered anew.
        message: MessageId,
        /// On another model of the same provider.
        model: Option<ModelId>,
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
            Self::Say { content, parent } => [
                "say",
                parent.as_ref().map_or("", MessageId::as_str),
                content,
                "",
            ],
            Self::Again { message, model } => [
                "again",
                message.as_str(),
                "",
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

    const fn content(&self) -> Option<&String> {
        match self {
            Self::Say { content, .. } | Self::Edit { content, .. } => Some(content),
            Self::Again { .. } => None,
        }
    }
}

/// A send whose claim is about to be made.
struct Begin {
    user: UserId,
    thread: Thread,
    request: ClientRequestId,
    digest: String,
    ask: Ask,
}

/// A send that is stored.
struct Stored {
    answer: Message,
    /// Event number 1.
    start: Arc<Event>,
    /// The conversation, as a provider reads it.
    said: Vec<Said>,
}

/// Where the answer goes.
struct Place {
    /// The last message that stays above.
    above: Option<Placed>,
    /// What the person wrote, when it is stored already.
    asked: Option<Placed>,
    /// Whether the shown branch ends there anyway.
    shown: bool,
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
        let thread = thread?;
        if let Some(content) = ask.content() {
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
        }
        if let Some(first) = claimed? {
            return Ok(first);
        }
        if self.0.engine.is_closing() {
            return Err(ServiceError::Draining);
        }
        // In a task of its own: a client that hangs up must not leave a stored question whose answer nobody writes.
        let begin = Begin {
            user: user.clone(),
            thread,
            request: request.clone(),
            digest,
            ask,
        };
        match tokio::spawn(self.clone().begin(begin)).await {
            Ok(result) => result,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(ServiceError::Draining),
        }
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
        let (known, payers) = self.able_to_pay(user, thread, provider, &model).await?;

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
        let Some(payer) = payers.first() else {
            return Err(Self::no_key(provider, false));
        };
        let running = messages::count_running(&mut tx, user, &thread.id).await?;
        self.has_room(&running)?;
        let lent = payer.key.is_none();
        if lent {
            self.reserve_free(&mut tx, user, &id).await?;
        }
        let Stored {
            answer,
            start,
            said,
        } = self
            .store_send(&mut tx, &begin, id.clone(), &model, payer)
            .await?;
        let mut settings = thread.settings.clone();
        if lent {
            Self::modest(&mut settings, &said)?;
        }
        tx.commit().await?;

        let Known {
            model: facts,
            tariff,
        } = known;
        self.0.engine.run(Turn {
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
                settings,
            },
            tariff,
            sent_at: now,
        });
        Ok(id)
    }

    /// Stores the question, unless it stands there already, the answer before its first word, and its first event.
    async fn store_send(
        &self,
        tx: &mut Tx,
        begin: &Begin,
        id: MessageId,
        model: &ModelId,
        payer: &Payer,
    ) -> Result<Stored> {
        let Begin {
            user,
            thread,
            request,
            ask,
            ..
        } = begin;
        let place = self.place(tx, user, &thread.id, ask).await?;
        let above = place.above.as_ref();
        if !place.shown {
            messages::show_up_to(tx, &thread.id, above).await?;
        }
        let new = place.asked.is_none();
        let asked = match place.asked {
            Some(asked) => asked,
            None => self.question(thread, above, ask, request)?,
        };
        let placed = self.blank_answer(thread, &asked, id, model.clone(), payer);
        self.insert(tx, Some(&asked).filter(|_| new), &placed, payer)
            .await?;
        let (depth, asked, answer) = (asked.depth, asked.message, placed.message);
        let data = json!({ "threadId": thread.id, "userMessage": asked, "message": answer });
        let start = Arc::new(Event {
            seq: 1,
            kind: Kind::Start,
            data: data.to_string(),
        });
        events::append(tx, &[(&answer.id, &*start)]).await?;
        let title = render::plain_text_title(&asked.content);
        threads::touch(tx, &thread.id, answer.created_at, &title).await?;
        let said = match above {
            None => vec![(Role::User, asked.content)],
            Some(_) => messages::said(tx, &thread.id, depth).await?,
        };
        let said = said.into_iter().map(|(role, text)| Said { role, text });
        Ok(Stored {
            said: said.collect(),
            answer,
            start,
        })
    }

    fn message_id(&self) -> Result<MessageId> {
        let id = self.0.env.uuid().parse();
        id.map_err(|_| ServiceError::NotFound)
    }

    /// Who can pay for an answer of this model in this thread, and what is known of the model.
    async fn able_to_pay(
        &self,
        user: &UserId,
        thread: &Thread,
        provider: &'static dyn Provider,
        model: &ModelId,
    ) -> Result<(Known, Vec<Payer>)> {
        if pool::pays_for(thread) {
            let model = self.pool_model(Some(model.clone()))?;
            let known = Known {
                model: self.pool_facts(&model),
                tariff: Some(Tariff::default()),
            };
            return Ok((known, self.pool_payers(&model)?));
        }
        let keys = self.usable_keys(user, provider, None).await?;
        let (known, payers) = self.offering(user, provider, keys, model).await?;
        let payers = self.bringing(user, provider, payers, model).await?;
        Ok((known, payers))
    }

    /// The keys that offer `model`, as far as is known, and what is known of it.
    async fn offering(
        &self,
        user: &UserId,
        provider: &'static dyn Provider,
        keys: Vec<Opened>,
        model: &ModelId,
    ) -> Result<(Known, Vec<Payer>)> {
        let (mut known, mut payers) = (Known::default(), Vec::with_capacity(keys.len()));
        let mut refusal = Self::no_key(provider, false);
        for Opened { key, account } in keys {
            match self.known_model(user, provider, &key.view.id, model).await {
                Ok(found) => {
                    if known.model.is_none() {
                        known = found;
                    }
                    payers.push(Payer::new(key, account, model.clone()));
                }
                Err(error @ ServiceError::ModelUnavailable(_)) => refusal = error,
                Err(error) => return Err(error),
            }
        }
        if payers.is_empty() {
            if let ServiceError::ModelUnavailable(what) = &mut refusal {
                let id = Self::id_of(provider)?;
                what.replacement = self.replacement(user, &id, model).await?;
            }
            return Err(refusal);
        }
        Ok((known, payers))
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
        if let Some(thread) = events::claimed_thread(&self.0.db, user, request).await? {
            let thread: ThreadId = thread.parse().map_err(|_| ServiceError::NotFound)?;
            let answer = self
                .ask(
                    user,
                    &thread,
                    request,
                    Ask::Say {
                        content,
                        parent: None,
                    },
                )
                .await?;
            return Ok((self.thread(user, &thread).await?, answer));
        }
        let thread = self.create_thread(user, new).await?;
        match self
            .ask(
                user,
                &thread.id,
                request,
                Ask::Say {
                    content,
                    parent: None,
                },
            )
            .await
        {
            Ok(answer) => Ok((self.thread(user, &thread.id).await?, answer)),
            Err(error) => {
                self.delete_thread(user, &thread.id).await?;
                Err(error)
            }
        }
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

    async fn place(
        &self,
        tx: &mut Tx,
        user: &UserId,
        thread: &ThreadId,
        ask: &Ask,
    ) -> Result<Place> {
        let get = async |id: &MessageId| -> Result<Placed> {
            messages::get(&self.0.db, user, thread, id)
                .await?
                .ok_or(ServiceError::NotFound)
        };
        let above_of = async |placed: &Placed| -> Result<Option<Placed>> {
            match &placed.message.parent_id {
                Some(parent) => Ok(Some(get(parent).await?)),
                None => Ok(None),
            }
        };
        match ask {
            Ask::Say {
                parent: Some(parent),
                ..
            } => {
                let parent = get(parent).await?;
                if parent.message.role != Role::Assistant {
                    return Err(ServiceError::field(
                        "parentId",
                        "Name an answer of this thread.",
                    ));
                }
                Ok(Place {
                    above: Some(parent),
                    asked: None,
                    shown: false,
                })
            }
            Ask::Say { parent: None, .. } => Ok(Place {
                above: messages::tip(tx, thread).await?,
                asked: None,
                shown: true,
            }),
            Ask::Again { message, .. } => {
                let placed = get(message).await?;
                let asked = match placed.message.role {
                    Role::User => placed,
                    Role::Assistant => above_of(&placed).await?.ok_or(ServiceError::NotFound)?,
                };
                Ok(Place {
                    above: Some(asked.clone()),
                    asked: Some(asked),
                    shown: false,
                })
            }
            Ask::Edit { message, .. } => {
                let placed = get(message).await?;
                if placed.message.role != Role::User {
                    return Err(ServiceError::NotFound);
                }
                Ok(Place {
                    above: above_of(&placed).await?,
                    asked: None,
                    shown: false,
                })
            }
        }
    }

    /// What the person wrote, as it is stored.
    fn question(
        &self,
        thread: &Thread,
        above: Option<&Placed>,
        ask: &Ask,
        request: &ClientRequestId,
    ) -> Result<Placed> {
        let id = self.message_id()?;
        let message = Message {
            role: Role::User,
            content: ask.content().cloned().unwrap_or_default(),
            status: MessageStatus::Complete,
            client_request_id: Some(request.clone()),
            ..self.blank(id, thread, above)
        };
        Ok(Placed {
            message,
            depth: above.map_or(1, |above| above.depth + 1),
            key_mask: None,
            sibling: (1, 1),
        })
    }

    /// Stores an answer before its first word, and the question with it, where that is new.
    async fn insert(
        &self,
        tx: &mut Tx,
        asked: Option<&Placed>,
        answer: &Placed,
        payer: &Payer,
    ) -> Result<()> {
        let lease = (self.0.engine.owner(), self.0.engine.lease());
        let asked = asked.map(|asked| (asked, None));
        let rows: Vec<_> = asked.into_iter().chain([(answer, Some(lease))]).collect();
        match messages::insert(tx, &rows).await {
            Err(error) if error.is_conflict() => {
                return Err(ServiceError::GenerationInProgress(None));
            }
            other => other?,
        }
        if let Some(brought) = &payer.brought {
            answers::bring(tx, &answer.message.id, &brought.view.id).await?;
        }
        Ok(())
    }

    /// The answer before its first word.
    fn blank_answer(
        &self,
        thread: &Thread,
        asked: &Placed,
        id: MessageId,
        model: ModelId,
        payer: &Payer,
    ) -> Placed {
        let message = Message {
            provider: Some(thread.provider.clone()),
            model: Some(model),
            key_id: payer.id().cloned(),
            ..self.blank(id, thread, Some(asked))
        };
        Placed {
            message,
            depth: asked.depth + 1,
            key_mask: Some(payer.mask()),
            sibling: (1, 1),
        }
    }

    fn blank(&self, id: MessageId, thread: &Thread, above: Option<&Placed>) -> Message {
        Message {
            id,
            thread_id: thread.id.clone(),
            parent_id: above.map(|above| above.message.id.clone()),
            role: Role::Assistant,
            content: String::new(),
            reasoning: None,
            status: MessageStatus::Pending,
            finish_reason: None,
            error: None,
            provider: None,
            model: None,
            key_id: None,
            client_request_id: None,
            usage: None,
            timing: None,
            attempts: Vec::new(),
            created_at: self.0.env.now(),
        }
    }
}

/// The payers from the first one on that is still there, which is taken.
async fn take_first(tx: &mut Tx, payers: Vec<Payer>, now: Timestamp) -> Result<Vec<Payer>> {
    let mut left = payers.into_iter();
    for payer in left.by_ref() {
        if payer.take(tx, now).await? {
            return Ok(std::iter::once(payer).chain(left).collect());
        }
    }
    Ok(Vec::new())
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
