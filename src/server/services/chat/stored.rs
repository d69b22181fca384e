//! A send as it is stored: the question, the answer before its first word, and where both stand in the tree.

use super::super::{Result, ServiceError, Services};
use super::{Ask, Begin};
use crate::server::engine::payers::Payer;
use crate::server::providers::Turn as Said;
use crate::server::render;
use crate::server::store::Tx;
use crate::server::store::answers;
use crate::server::store::events::{Event, Kind};
use crate::server::store::messages::{self, Placed, Spot};
use crate::server::store::sends::{self, Send};
use crate::shared::chat::{Message, MessageStatus, Role, Thread};
use crate::shared::ids::{ClientRequestId, MessageId, ThreadId, UserId};
use serde_json::json;
use std::sync::Arc;

/// A send that is stored.
pub(super) struct Stored {
    pub(super) answer: Message,
    /// Event number 1.
    pub(super) start: Arc<Event>,
    /// The conversation, as a provider reads it.
    pub(super) said: Vec<Said>,
}

/// Where the answer goes.
struct Place {
    /// The last message that stays above.
    above: Option<Spot>,
    /// What the person wrote, when it is stored already.
    asked: Option<Placed>,
    /// Whether the shown branch ends there anyway.
    shown: bool,
}

impl Services {
    /// Stores the question, unless it stands there already, the answer before its first word, and its first event.
    pub(super) async fn store_send(
        &self,
        tx: &mut Tx,
        begin: &Begin,
        id: MessageId,
        payer: &Payer,
        tip: Option<Spot>,
    ) -> Result<Stored> {
        let Begin {
            user,
            thread,
            request,
            ask,
            ..
        } = begin;
        let place = self.place(user, &thread.id, ask, tip).await?;
        let above = place.above.as_ref();
        if !place.shown {
            messages::show_up_to(tx, &thread.id, above.map(|above| &above.id)).await?;
        }
        let new = place.asked.is_none();
        let asked = match place.asked {
            Some(asked) => asked,
            None => self.question(thread, above, ask, request)?,
        };
        let placed = self.blank_answer(thread, &asked, id, payer);
        let data = json!({ "threadId": thread.id, "userMessage": asked.message, "message": placed.message });
        let start = Arc::new(Event {
            seq: 1,
            kind: Kind::Start,
            data: data.to_string(),
        });
        self.insert(tx, (&asked, new), &placed, payer, &start)
            .await?;
        let (depth, asked, answer) = (asked.depth, asked.message, placed.message);
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

    pub(super) fn message_id(&self) -> Result<MessageId> {
        let id = self.0.env.uuid().parse();
        id.map_err(|_| ServiceError::NotFound)
    }

    async fn place(
        &self,
        user: &UserId,
        thread: &ThreadId,
        ask: &Ask,
        tip: Option<Spot>,
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
                    above: Some(Spot::from(&parent)),
                    asked: None,
                    shown: false,
                })
            }
            Ask::Say { parent: None, .. } => Ok(Place {
                above: tip,
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
                    above: Some(Spot::from(&asked)),
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
                    above: above_of(&placed).await?.as_ref().map(Spot::from),
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
        above: Option<&Spot>,
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
            key_label: None,
            sibling: (1, 1),
        })
    }

    /// Stores an answer before its first word with its first event, and the question with it, where that is new.
    async fn insert(
        &self,
        tx: &mut Tx,
        (asked, new): (&Placed, bool),
        answer: &Placed,
        payer: &Payer,
        start: &Event,
    ) -> Result<()> {
        let lease = (self.0.engine.owner(), self.0.engine.lease());
        let title = render::plain_text_title(&asked.message.content);
        let asked = new.then_some((asked, None));
        let rows: Vec<_> = asked.into_iter().chain([(answer, Some(lease))]).collect();
        let send = Send {
            rows: &rows,
            answer: &answer.message.id,
            start,
            thread: &answer.message.thread_id,
            now: answer.message.created_at,
            title: &title,
        };
        match sends::store(tx, &send).await {
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
        payer: &Payer,
    ) -> Placed {
        let message = Message {
            provider: Some(payer.provider.clone()),
            model: Some(payer.model.clone()),
            key_id: payer.id().cloned(),
            ..self.blank(id, thread, Some(&Spot::from(asked)))
        };
        Placed {
            message,
            depth: asked.depth + 1,
            key_mask: Some(payer.mask()),
            key_label: None,
            sibling: (1, 1),
        }
    }

    fn blank(&self, id: MessageId, thread: &Thread, above: Option<&Spot>) -> Message {
        Message {
            id,
            thread_id: thread.id.clone(),
            parent_id: above.map(|above| above.id.clone()),
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
