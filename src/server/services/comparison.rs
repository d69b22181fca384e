//! One question to several models, each in a thread of its own.

use super::threads::{NewThread, ThreadChange};
use super::{Result, ServiceError, Services};
use crate::shared::chat::{ChatSettings, ThreadStatus};
use crate::shared::ids::{ClientRequestId, ThreadId, UserId};
use crate::shared::model::Choice;

/// How many models may be asked at once.
const MOST: usize = 4;

/// What came of it.
pub struct Comparison {
    /// The threads of those that answer, in the order in which they were named. They are archived, so that the sidebar does not
    /// fill with what nobody goes on with.
    pub threads: Vec<ThreadId>,
    /// Those that could not be asked.
    pub refused: Vec<Choice>,
}

impl Services {
    /// Asks two to four models the same. The same request finds the threads that it made before.
    ///
    /// # Errors
    /// `Invalid` for another number of models, and why the first could not be asked when none could.
    pub async fn compare(
        &self,
        user: &UserId,
        models: &[Choice],
        content: &str,
        request: &ClientRequestId,
    ) -> Result<Comparison> {
        if !(2..=MOST).contains(&models.len()) {
            return Err(ServiceError::field(
                "models",
                "Choose two to four different models.",
            ));
        }
        let (mut threads, mut refused, mut why) = (Vec::new(), Vec::new(), None);
        for (nth, choice) in models.iter().enumerate() {
            let own = format!("{request}-{nth}")
                .parse()
                .map_err(|_| ServiceError::field("clientRequestId", "Use a shorter one."))?;
            match self.one_side(user, choice, content, &own).await {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    refused.push(choice.clone());
                    why.get_or_insert(error);
                }
            }
        }
        match why {
            Some(error) if threads.is_empty() => Err(error),
            _ => Ok(Comparison { threads, refused }),
        }
    }

    async fn one_side(
        &self,
        user: &UserId,
        choice: &Choice,
        content: &str,
        request: &ClientRequestId,
    ) -> Result<ThreadId> {
        let new = NewThread {
            provider: choice.provider.clone(),
            model: Some(choice.model.clone()),
            title: None,
            system_prompt: None,
            settings: ChatSettings::default(),
            private: false,
            pool_fallback: false,
        };
        let (thread, _) = self
            .start_thread(user, new, content.to_owned(), request)
            .await?;
        let away = ThreadChange {
            status: Some(ThreadStatus::Archived),
            ..ThreadChange::default()
        };
        self.change_thread(user, &thread.id, away).await?;
        Ok(thread.id)
    }
}
