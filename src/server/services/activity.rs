//! What goes on in a person's chats, for the pages that want to know without being told.

use super::{Result, Services};
use crate::server::store::{activity, threads};
use crate::shared::activity::{Activity, Answering, PINNED, ThreadState, Version, WATCHED};
use crate::shared::chat::{Thread, ThreadPage};
use crate::shared::ids::{MessageId, ThreadId, UserId};
use crate::shared::model::ModelLine;
use crate::shared::words::Language;
use serde::Serialize;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// All that the page of a thread shows to its person and that can change, but for their choice of colours.
#[derive(Serialize)]
pub struct Shown {
    thread: Thread,
    model: ModelLine,
    /// The last message, and how many there are: see [`activity::Tip`].
    messages: Option<(MessageId, i64)>,
    list: ThreadPage,
    /// The list is told by days, which begin where the reader is.
    day: i64,
    language: Language,
}

impl Services {
    /// What the page of a thread shows; none while an answer is being written in it.
    ///
    /// # Errors
    /// `NotFound`, also for somebody else's.
    pub async fn shown(
        &self,
        user: &UserId,
        id: &ThreadId,
        language: Language,
        zone_minutes: i16,
    ) -> Result<Option<Shown>> {
        let thread = self.thread(user, id).await?;
        let tip = activity::tip(&self.0.db, id).await?;
        if tip.as_ref().is_some_and(|tip| tip.live) {
            return Ok(None);
        }
        let here = self.0.env.now().plus_ms(i64::from(zone_minutes) * 60_000);
        Ok(Some(Shown {
            model: self.model_line(user, &thread, language).await?,
            thread,
            messages: tip.map(|tip| (tip.id, tip.messages)),
            list: self.sidebar(user, None).await?,
            day: here.0.div_euclid(DAY_MS),
            language,
        }))
    }

    /// What is being answered, and the versions of the list and of the thread that is open. A thread that is not this
    /// person's is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn activity(&self, user: &UserId, open: Option<&ThreadId>) -> Result<Activity> {
        let db = &self.0.db;
        let lines = activity::newest(db, user, i64::from(WATCHED), i64::from(PINNED)).await?;
        let thread = match open {
            Some(id) => threads::get(db, user, id).await?,
            None => None,
        };
        let thread = match thread {
            Some(thread) => {
                let tip = activity::tip(db, &thread.id).await?;
                let live = tip.as_ref().is_some_and(|tip| tip.live);
                Some(ThreadState::new(&thread, tip.map(|tip| tip.id), live))
            }
            None => None,
        };
        let told = |pinned| {
            let lines = lines.iter().filter(move |line| line.pinned == pinned);
            lines.map(|line| (&line.id, line.title.as_str(), line.updated_at))
        };
        let version = Version::of_list(told(false), told(true));
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
