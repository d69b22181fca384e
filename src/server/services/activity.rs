//! What goes on in a person's chats, for the pages that want to know without being told.

use super::{Result, Services};
use crate::server::store::{activity, threads};
use crate::shared::activity::{Activity, Answering, ThreadState, Version, WATCHED};
use crate::shared::ids::{ThreadId, UserId};

impl Services {
    /// What is being answered, and the versions of the list and of the thread that is open. A thread that is not this
    /// person's is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn activity(&self, user: &UserId, open: Option<&ThreadId>) -> Result<Activity> {
        let db = &self.0.db;
        let lines = activity::newest(db, user, i64::from(WATCHED)).await?;
        let thread = match open {
            Some(id) => threads::get(db, user, id).await?,
            None => None,
        };
        let thread = match thread {
            Some(thread) => {
                let (tip, live) = activity::tip(db, &thread.id).await?.unzip();
                Some(ThreadState::new(&thread, tip, live.unwrap_or(false)))
            }
            None => None,
        };
        let version = Version::of_list(
            lines
                .iter()
                .map(|line| (&line.id, line.title.as_str(), line.updated_at)),
        );
        let answering = lines.into_iter().filter_map(|line| {
            Some(Answering {
                thread_id: line.id,
                message_id: line.answering?,
            })
        });
        Ok(Activity {
            answering: answering.collect(),
            threads: version,
            thread,
        })
    }
}
