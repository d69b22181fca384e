//! The messages of a thread, as they are read.

use super::keys::unnamed;
use super::threads::{is_pool, some_text};
use super::{Result, ServiceError, Services};
use crate::server::config::Limit;
use crate::server::engine::recovery::told;
use crate::server::providers;
use crate::server::render::message::Told;
use crate::server::render::{self, Context};
use crate::server::store::events::Kind;
use crate::server::store::messages::Placed;
use crate::server::store::{events, messages};
use crate::shared::chat::{AnswerView, Finished, Message, Role, Thread, ThreadView};
use crate::shared::ids::{MessageId, ThreadId, UserId};
use crate::shared::words::Language;

/// Messages that a page opens with.
const OPENING: i64 = 100;

/// Which of a thread's messages are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// The newest.
    #[default]
    Newest,
    /// Those before a depth.
    Before(i64),
    /// Those after a depth.
    After(i64),
    /// A message with those around it; the newest if it is not on the shown branch.
    Around(MessageId),
}

impl Services {
    /// Messages of the shown branch, oldest first, from after `cursor` on.
    ///
    /// # Errors
    /// `NotFound`; `Validation` when the cursor is not one that an earlier page gave.
    pub async fn messages(
        &self,
        user: &UserId,
        id: &ThreadId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<(Thread, Vec<Message>, Option<String>)> {
        let thread = self.thread(user, id).await?;
        let after = cursor.unwrap_or("0").parse::<i64>().map_err(|_| {
            ServiceError::field("cursor", "Pass the nextCursor of the page before.")
        })?;
        let mut found = messages::branch(&self.0.db, id, after, i64::from(limit) + 1).await?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = found
            .last()
            .filter(|_| more)
            .map(|last| last.depth.to_string());
        let mut out = Vec::with_capacity(found.len());
        for placed in found {
            out.push(self.so_far(placed).await?.message);
        }
        Ok((thread, out, next))
    }

    /// One message, with what is stored so far if it is being written.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn message(
        &self,
        user: &UserId,
        thread: &ThreadId,
        id: &MessageId,
    ) -> Result<Placed> {
        let placed = messages::get(&self.0.db, user, thread, id)
            .await?
            .ok_or(ServiceError::NotFound)?;
        self.so_far(placed).await
    }

    /// A thread as the page opens it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn thread_view(
        &self,
        user: &UserId,
        id: &ThreadId,
        window: &Window,
        language: Language,
    ) -> Result<ThreadView> {
        let thread = self.thread(user, id).await?;
        let (mut found, at) = self.window(user, id, window).await?;
        let earlier = found
            .first()
            .map(|first| first.depth)
            .filter(|depth| *depth > 1);
        let later = match found.last().map(|last| last.depth) {
            Some(last) if *window != Window::Newest => {
                let next = messages::branch(&self.0.db, id, last, 1).await?;
                next.first().map(|_| last)
            }
            _ => None,
        };
        let live = match found.pop_if(|last| !last.message.status.is_final()) {
            Some(last) => Some(self.answer(self.so_far(last).await?, language)),
            None => None,
        };
        let mut usages = found.iter().rev().filter(|_| later.is_none());
        let tokens =
            usages.find_map(|placed| Some(placed.message.usage.as_ref()?.read_and_written()));
        Ok(ThreadView {
            model: self.model_line(user, &thread, language).await?,
            thread,
            tokens,
            messages: found
                .into_iter()
                .map(|placed| self.finished(placed, language))
                .collect(),
            live,
            earlier,
            later,
            at,
        })
    }

    /// The wanted messages, oldest first, and the one that they are around.
    async fn window(
        &self,
        user: &UserId,
        id: &ThreadId,
        window: &Window,
    ) -> Result<(Vec<Placed>, Option<MessageId>)> {
        let db = &self.0.db;
        let up_to = async |before| -> Result<Vec<Placed>> {
            let mut found = messages::newest(db, id, before, OPENING).await?;
            found.reverse();
            Ok(found)
        };
        match window {
            Window::Before(depth) => return Ok((up_to(*depth).await?, None)),
            Window::After(depth) => {
                return Ok((messages::branch(db, id, *depth, OPENING).await?, None));
            }
            Window::Around(message) => {
                if let Some(placed) = messages::get(db, user, id, message).await? {
                    let depth = placed.depth;
                    let mut found = messages::newest(db, id, depth + 1, OPENING / 2).await?;
                    if found
                        .first()
                        .is_some_and(|last| last.message.id == *message)
                    {
                        found.reverse();
                        found.extend(messages::branch(db, id, depth, OPENING / 2).await?);
                        return Ok((found, Some(message.clone())));
                    }
                }
            }
            Window::Newest => {}
        }
        Ok((up_to(i64::MAX).await?, None))
    }

    /// A message with what is stored so far if it is being written.
    pub(super) async fn so_far(&self, mut placed: Placed) -> Result<Placed> {
        if placed.message.status.is_final() {
            return Ok(placed);
        }
        let log = events::after(&self.0.db, &placed.message.id, 0, i64::MAX).await?;
        placed.message.content = told(&log, Kind::Delta);
        placed.message.reasoning = some_text(Some(told(&log, Kind::Reasoning)));
        Ok(placed)
    }

    /// What an answer is rendered with.
    #[must_use]
    pub fn rendering(&self, answer: &MessageId, language: Language) -> Context {
        Context::new(self.0.limits.markdown_depth, answer.as_str(), language)
    }

    /// What an answer says, as safe HTML.
    fn blocks(&self, answer: &Message, language: Language) -> Vec<String> {
        let mut context = self.rendering(&answer.id, language);
        let blocks = if answer.status.is_final() {
            let rendered = &self.0.rendered;
            rendered.blocks(&mut context, &answer.id, &answer.content)
        } else {
            render::blocks_within(&mut context, &answer.content)
        };
        if context.too_deep() {
            self.0.metrics.limit_hit(Limit::MarkdownDepth);
        }
        blocks
    }

    /// A message that has ended, as the page shows it.
    #[must_use]
    pub fn finished(&self, placed: Placed, language: Language) -> Finished {
        let message = &placed.message;
        let blocks = match message.role {
            Role::User => Vec::new(),
            Role::Assistant => self.blocks(message, language),
        };
        Finished {
            html: known(&placed, language).whole(&blocks),
            status: message.status,
            sibling: placed.sibling,
            id: placed.message.id,
        }
    }

    /// An answer as the page follows it.
    #[must_use]
    pub fn answer(&self, placed: Placed, language: Language) -> AnswerView {
        let told = known(&placed, language);
        let thought = told.thoughts();
        let foot = if told.message.status.is_final() {
            told.foot()
        } else {
            String::new()
        };
        let Placed {
            message, sibling, ..
        } = placed;
        AnswerView {
            thought,
            blocks: self.blocks(&message, language),
            foot,
            id: message.id,
            sibling,
            status: message.status,
            model: message.model,
            reasoning: message.reasoning,
        }
    }
}

/// A message with what is known of it.
fn known(placed: &Placed, language: Language) -> Told<'_> {
    let provider = placed.message.provider.as_ref();
    // Of the pool it is said who paid.
    let provider = provider.filter(|id| !is_pool(id)).and_then(providers::find);
    let provider = provider.map(|provider| provider.info().name);
    let given = |label: &&str| provider.is_none_or(|name| *label != unnamed(name));
    Told {
        message: &placed.message,
        provider,
        key: placed.key_mask.as_deref(),
        label: placed.key_label.as_deref().filter(given),
        at: placed.sibling,
        language,
    }
}
