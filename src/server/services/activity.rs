//! What goes on in a person's chats, for the pages that want to know without being told.

use super::means::Chat;
use super::{Result, Services};
use crate::server::store::{activity, threads};
use crate::shared::activity::{Activity, Answering, PINNED, ThreadState, Version, WATCHED};
use crate::shared::chat::{Thread, ThreadPage};
use crate::shared::ids::{MessageId, ThreadId, UserId};
use crate::shared::model::{Means, ModelLine};
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
    means: Means,
    /// Answers tell the names of the keys that paid.
    keys: Vec<(String, String)>,
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
        let (model, purse, list) = tokio::try_join!(
            self.model_line(user, &thread, language),
            self.purse(user),
            self.sidebar(user, None)
        )?;
        Ok(Some(Shown {
            model,
            means: purse.means(Chat::Open(&thread), language, zone_minutes),
            thread,
            messages: tip.map(|tip| (tip.id, tip.messages)),
            keys: purse
                .keys
                .into_iter()
                .map(|key| (key.id, key.label))
                .collect(),
            list,
            day: here.0.div_euclid(DAY_MS),
            language,
        }))
    }

    /// What is being answered, and the versions of the list, of what there is to pay with and of the thread that is open. A thread that is not this
    /// person's is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn activity(&self, user: &UserId, open: Option<&ThreadId>) -> Result<Activity> {
        let db = &self.0.db;
        let lines = activity::newest(db, user, i64::from(WATCHED), i64::from(PINNED));
        let (lines, thread, purse) =
            tokio::join!(lines, self.thread_state(user, open), self.purse(user));
        let (lines, thread, purse) = (lines?, thread?, purse?);
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
            means: purse.version(),
            thread,
        })
    }

    async fn thread_state(
        &self,
        user: &UserId,
        open: Option<&ThreadId>,
    ) -> Result<Option<ThreadState>> {
        let db = &self.0.db;
        let Some(id) = open else { return Ok(None) };
        let (thread, tip) = tokio::join!(threads::get(db, user, id), activity::tip(db, id));
        let (thread, tip) = (thread?, tip?);
        let live = tip.as_ref().is_some_and(|tip| tip.live);
        let tip = tip.map(|tip| tip.id);
        Ok(thread.map(|thread| ThreadState::new(&thread, tip, live)))
    }
}
