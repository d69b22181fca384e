//! A question said otherwise, without asking anew.

use crate::server::services::{Result, ServiceError, Services};
use crate::server::store::messages::{self, Placed, Spot};
use crate::shared::chat::Role;
use crate::shared::ids::{MessageId, ThreadId, UserId};

impl Services {
    /// Says something else in a question's place and keeps what was said below it: a sibling with a copy of that, which is
    /// shown from then on. Nobody is asked, and the old branch stays. Answers the new message.
    ///
    /// # Errors
    /// `NotFound` for what is no question of the shown branch; `GenerationInProgress` while the thread is being answered.
    pub async fn reword(
        &self,
        user: &UserId,
        thread: &ThreadId,
        id: &MessageId,
        content: String,
    ) -> Result<MessageId> {
        self.sayable(&content)?;
        let db = &self.0.db;
        let asked = messages::get(db, user, thread, id).await?;
        let asked = asked.ok_or(ServiceError::NotFound)?;
        let mut said = messages::branch(db, thread, asked.depth - 1, i64::MAX).await?;
        let tip = said.last().map(Spot::from);
        let Some(first) = said.first_mut().map(|first| &mut first.message) else {
            return Err(ServiceError::NotFound);
        };
        if first.id != *id || first.role != Role::User {
            return Err(ServiceError::NotFound);
        }
        first.content = content;
        first.created_at = self.0.env.now();
        let above = first.parent_id.clone();
        let mut parent = above.clone();
        // What ended without a word says nothing in a copy, which has no errors.
        said.retain(|Placed { message, .. }| {
            message.role == Role::User || !message.content.is_empty()
        });
        for (depth, placed) in (asked.depth..).zip(&mut said) {
            let id = self.message_id()?;
            placed.depth = depth;
            placed.message.parent_id = parent.replace(id.clone());
            placed.message.id = id;
        }
        let new = said.first().map(|first| first.message.id.clone());
        let mut tx = db.begin().await?;
        let now = messages::count_running(&mut tx, user, thread).await?;
        if now.here.is_some() || now.tip != tip {
            return Err(ServiceError::GenerationInProgress(now.here));
        }
        messages::show_up_to(&mut tx, thread, above.as_ref()).await?;
        messages::copy(&mut tx, &said).await?;
        tx.commit().await?;
        new.ok_or(ServiceError::NotFound)
    }
}
