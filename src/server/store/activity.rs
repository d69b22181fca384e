//! What a page asks for every two seconds. Each statement reads a bounded range of an index, however much there is.

use super::{Db, Result, StoreError, read};
use crate::shared::ids::{MessageId, ThreadId, UserId};
use crate::shared::time::Timestamp;

/// A thread as far as the sidebar shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The thread.
    pub id: ThreadId,
    /// Its title.
    pub title: String,
    /// When something was last said in it.
    pub updated_at: Timestamp,
    /// The answer that is being written in it.
    pub answering: Option<MessageId>,
    /// Whether this is its line among the pinned ones, which says of no answer.
    pub pinned: bool,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    title: String,
    updated_at: i64,
    answering: Option<String>,
    pinned: bool,
}

impl TryFrom<Row> for Line {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let corrupt = |table| StoreError::Corrupt {
            table,
            column: "id",
            id: row.id.clone(),
        };
        Ok(Self {
            id: row.id.parse().map_err(|_| corrupt("threads"))?,
            answering: row
                .answering
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|_| corrupt("messages"))?,
            title: row.title,
            pinned: row.pinned,
            updated_at: Timestamp(row.updated_at),
        })
    }
}

/// A person's active threads, and after them once more those that are pinned, both with the newest activity first and up
/// to `limit` and `pinned` of them. An answer begins with an activity, so what is being answered is among the first.
///
/// # Errors
/// When the database fails.
pub async fn newest(db: &Db, user: &UserId, limit: i64, pinned: i64) -> Result<Vec<Line>> {
    const SQL: &str = "SELECT * FROM (SELECT t.id, t.title, t.updated_at,
            (SELECT m.id FROM messages m WHERE m.thread_id = t.id AND m.status IN ('pending', 'streaming')) AS answering,
            FALSE AS pinned
            FROM threads t WHERE t.user_id = $1 AND t.status = 'active' ORDER BY t.updated_at DESC, t.id DESC LIMIT $2) AS newest
        UNION ALL SELECT * FROM (SELECT id, title, updated_at, NULL AS answering, TRUE AS pinned
            FROM threads WHERE user_id = $1 AND status = 'active' AND pinned ORDER BY updated_at DESC, id DESC LIMIT $3) AS pinned
        ORDER BY pinned, updated_at DESC, id DESC";
    let rows = read!(db, c => sqlx::query_as::<_, Row>(SQL).bind(user.as_str()).bind(limit).bind(pinned).fetch_all(c).await)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Where a thread's shown branch ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The last message.
    pub id: MessageId,
    /// Whether it is still being written.
    pub live: bool,
    /// How many messages the thread has, shown or not. With the tip it tells what is shown of messages that have ended:
    /// none is ever changed or taken away, and another sibling is another message.
    pub messages: i64,
}

/// Where the shown branch ends; none without messages. The caller has checked the thread's owner.
///
/// # Errors
/// When the database fails.
pub async fn tip(db: &Db, thread: &ThreadId) -> Result<Option<Tip>> {
    const SQL: &str = "SELECT id, status IN ('pending', 'streaming'),
        depth + (SELECT COUNT(*) FROM messages WHERE thread_id = $1 AND NOT on_branch)
        FROM messages WHERE thread_id = $1 AND on_branch ORDER BY depth DESC LIMIT 1";
    let row: Option<(String, bool, i64)> =
        read!(db, c => sqlx::query_as(SQL).bind(thread.as_str()).fetch_optional(c).await)?;
    row.map(|(id, live, messages)| {
        let parsed = id.parse().map_err(|_| StoreError::Corrupt {
            table: "messages",
            column: "id",
            id,
        })?;
        Ok(Tip {
            id: parsed,
            live,
            messages,
        })
    })
    .transpose()
}
