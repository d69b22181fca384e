//! The append-only log of each answer, and the claims that make a send happen once.

pub use super::batches::MOST_AT_ONCE;
use super::batches::{Batches, Padded};
use super::{Db, Result, StoreError, Tx, read, within, write};
use crate::shared::ids::{ClientRequestId, MessageId, ThreadId, UserId};
use crate::shared::time::Timestamp;

/// What an event says; its SSE name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The question and the pending answer.
    Start,
    /// Text of the answer.
    Delta,
    /// Text of the model's thoughts.
    Reasoning,
    /// The tokens that were paid for.
    Usage,
    /// The end: complete or stopped.
    Done,
    /// The end: failed.
    Error,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::Start,
        Self::Delta,
        Self::Reasoning,
        Self::Usage,
        Self::Done,
        Self::Error,
    ];

    /// As api.md spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Delta => "delta",
            Self::Reasoning => "reasoning",
            Self::Usage => "usage",
            Self::Done => "done",
            Self::Error => "error",
        }
    }
}

/// One stored event: its number, its SSE name and its SSE data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// From 1, without gaps.
    pub seq: i64,
    /// The SSE event's name.
    pub kind: Kind,
    /// The SSE event's data, one JSON object.
    pub data: String,
}

type Row = (i64, String, String);

fn read_events(message: &MessageId, rows: Vec<Row>) -> Result<Vec<Event>> {
    let event = |(seq, name, data): Row| {
        let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == name);
        kind.map(|kind| Event { seq, kind, data })
            .ok_or_else(|| StoreError::Corrupt {
                table: "message_events",
                column: "kind",
                id: format!("{message}/{seq}"),
            })
    };
    rows.into_iter().map(event).collect()
}

/// The statement that appends so many events, with parameters from number `first` on, four an event.
pub(super) fn append_sql(rows: usize, first: usize) -> String {
    let row = |at: usize| format!("(${}, ${}, ${}, ${})", at, at + 1, at + 2, at + 3);
    let rows: Vec<String> = (0..rows).map(|nth| row(first + nth * 4)).collect();
    format!(
        "INSERT INTO message_events (message_id, seq, kind, data) VALUES {}",
        rows.join(", ")
    )
}

/// Appends events to logs that the caller has found to be its own in this transaction ([`super::answers::still_ours`]).
///
/// # Errors
/// When the database fails; a conflict means that somebody else has ended the answer meanwhile
/// ([`StoreError::is_conflict`]), an orphan that the message is gone ([`StoreError::is_orphan`]).
pub async fn append(tx: &mut Tx, events: &[(&MessageId, &Event)]) -> Result<()> {
    static SQL: Batches = Batches::new(|rows| append_sql(rows, 1));
    for (sql, rows) in SQL.split(events) {
        within!(&mut *tx, c => {
            let mut query = sqlx::query(sql);
            for (message, event) in rows {
                query = query.bind(message.as_str()).bind(event.seq).bind(event.kind.as_str()).bind(&event.data);
            }
            query.execute(c).await.map(drop)
        })?;
    }
    Ok(())
}

/// An event for a log that somebody writes in this epoch.
pub type Next<'a> = (&'a MessageId, i64, &'a Event);

/// Appends events to the logs of the streaming answers that `owner` still writes, each in the epoch that is named with it,
/// and answers how many those were. A transaction by itself: one statement, which takes none of more than [`MOST_AT_ONCE`].
///
/// # Errors
/// As [`append`].
pub async fn extend(db: &Db, owner: &str, events: &[Next<'_>]) -> Result<u64> {
    static SQL: Padded = Padded::new(|rows| {
        let rows: Vec<String> = (0..rows)
            .map(|row| row * 5 + 1)
            .map(|at| {
                format!(
                    "(${}, ${}, ${}, ${}, ${})",
                    at + 1,
                    at + 2,
                    at + 3,
                    at + 4,
                    at + 5
                )
            })
            .collect();
        // Row by row, each looked up by its message.
        format!(
            "INSERT INTO message_events (message_id, seq, kind, data)
            SELECT v.column1, v.column3, v.column4, v.column5 FROM (VALUES {}) AS v CROSS JOIN messages AS m
            WHERE m.id = v.column1 AND m.epoch = v.column2 AND m.owner = $1 AND m.status = 'streaming'",
            rows.join(", ")
        )
    });
    let Some((sql, padding)) = SQL.at_least(events.len()) else {
        return Ok(0);
    };
    let taken = write!(db, c => {
        let mut query = sqlx::query(sql).bind(owner);
        for (message, epoch, event) in events {
            query = query.bind(message.as_str()).bind(epoch).bind(event.seq).bind(event.kind.as_str()).bind(&event.data);
        }
        for _ in 0..padding {
            query = query.bind(None::<&str>).bind(None::<i64>).bind(None::<i64>).bind(None::<&str>).bind(None::<&str>);
        }
        query.execute(c).await.map(|done| done.rows_affected())
    })?;
    Ok(taken)
}

/// Events after number `after`, in order, `limit` at the most.
///
/// # Errors
/// When the database fails.
pub async fn after(db: &Db, message: &MessageId, after: i64, limit: i64) -> Result<Vec<Event>> {
    const SQL: &str = "SELECT seq, kind, data FROM message_events WHERE message_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    let rows = read!(db, c => sqlx::query_as::<_, Row>(SQL).bind(message.as_str()).bind(after).bind(limit).fetch_all(c).await)?;
    read_events(message, rows)
}

/// All events of an answer, inside a transaction.
///
/// # Errors
/// When the database fails.
pub async fn all(tx: &mut Tx, message: &MessageId) -> Result<Vec<Event>> {
    const SQL: &str =
        "SELECT seq, kind, data FROM message_events WHERE message_id = $1 ORDER BY seq";
    let rows =
        within!(tx, c => sqlx::query_as::<_, Row>(SQL).bind(message.as_str()).fetch_all(c).await)?;
    read_events(message, rows)
}

/// Removes the log of one answer that ended and whose time has come. Answers whether there was one.
///
/// # Errors
/// When the database fails.
pub async fn collect(db: &Db, now: Timestamp) -> Result<bool> {
    const NEXT: &str = "SELECT id FROM messages WHERE log_until IS NOT NULL AND log_until <= $1 ORDER BY log_until LIMIT 1";
    const REMOVE: &str = "DELETE FROM message_events WHERE message_id = $1";
    const DONE: &str = "UPDATE messages SET log_until = NULL WHERE id = $1";
    let next =
        read!(db, c => sqlx::query_scalar::<_, String>(NEXT).bind(now.0).fetch_optional(c).await)?;
    let Some(id) = next else { return Ok(false) };
    let mut tx = db.begin().await?;
    for sql in [REMOVE, DONE] {
        within!(&mut tx, c => sqlx::query(sql).bind(&id).execute(c).await.map(drop))?;
    }
    tx.commit().await?;
    Ok(true)
}

/// What a `clientRequestId` was used for.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Claim {
    /// Digest of everything that the request asked.
    pub payload_hash: String,
    /// The answer that it started.
    pub message_id: String,
}

/// The claim under this name, if it was made.
///
/// # Errors
/// When the database fails.
pub async fn claimed(db: &Db, user: &UserId, request: &ClientRequestId) -> Result<Option<Claim>> {
    const SQL: &str = "SELECT payload_hash, message_id FROM request_claims WHERE user_id = $1 AND client_request_id = $2";
    Ok(
        read!(db, c => sqlx::query_as::<_, Claim>(SQL).bind(user.as_str()).bind(request.as_str()).fetch_optional(c).await)?,
    )
}

/// Makes the claim. Answers whether it is ours; if not, it was made before.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut Tx,
    user: &UserId,
    request: &ClientRequestId,
    hash: &str,
    thread: &ThreadId,
    message: &MessageId,
    now: Timestamp,
) -> Result<bool> {
    const SQL: &str = "INSERT INTO request_claims (user_id, client_request_id, payload_hash, thread_id, message_id, created_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id, client_request_id) DO NOTHING";
    let done = within!(tx, c => sqlx::query(SQL).bind(user.as_str()).bind(request.as_str()).bind(hash).bind(thread.as_str())
        .bind(message.as_str()).bind(now.0).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// The thread in which the claim under this name was made.
///
/// # Errors
/// When the database fails.
pub async fn claimed_thread(
    db: &Db,
    user: &UserId,
    request: &ClientRequestId,
) -> Result<Option<String>> {
    const SQL: &str =
        "SELECT thread_id FROM request_claims WHERE user_id = $1 AND client_request_id = $2";
    Ok(
        read!(db, c => sqlx::query_scalar::<_, String>(SQL).bind(user.as_str()).bind(request.as_str()).fetch_optional(c).await)?,
    )
}
