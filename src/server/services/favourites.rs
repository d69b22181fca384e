//! The models that a person wants to find first: those that they marked, and those that they used last.

use super::{Result, Services};
use crate::server::store::{favourites, threads};
use crate::shared::ids::UserId;
use crate::shared::model::Choice;

/// So many count as used last.
const RECENT: usize = 5;
/// Among so many chats they are looked for, however many there are.
const CHATS: i64 = 50;

impl Services {
    /// The models that the person marked, the last one first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn favourites(&self, user: &UserId) -> Result<Vec<Choice>> {
        Ok(favourites::list(&self.0.db, user).await?)
    }

    /// Marks a model, or takes the mark away.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_favourite(&self, user: &UserId, choice: &Choice, on: bool) -> Result<()> {
        if on {
            favourites::add(&self.0.db, user, choice, self.0.env.now()).await?;
        } else {
            favourites::remove(&self.0.db, user, choice).await?;
        }
        Ok(())
    }

    /// The models of the person's last chats, each once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recent_models(&self, user: &UserId) -> Result<Vec<Choice>> {
        let mut recent = Vec::new();
        for choice in threads::models(&self.0.db, user, CHATS).await? {
            if recent.len() < RECENT && !recent.contains(&choice) {
                recent.push(choice);
            }
        }
        Ok(recent)
    }
}
