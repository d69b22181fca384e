//! The append-only log of each answer, and the claims that make a send happen once.

use super::{Db, Result, Tx, read, within};
use crate::shared::ids::{ClientRequestId, MessageId, ThreadId, UserId};
use crate::shared::time::Timestamp;

/// One stored event: its number, its SSE name and its SSE data.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Event {
    /// From 1, without gaps.
    pub seq: i64,
    /// The SSE event's name.
    pub kind: String,
    /// The SSE event's data, one JSON object.
    pub data: String,
}

/// Appends an event while `owner` is still writing this answer. Answers whether it was.
///
/// # Errors
/// When the database fails, or the message is gone ([`super::StoreError::is_orphan`]).
pub async fn append(tx: &mut Tx, message: &MessageId, owner: &str, event: &Event) -> Result<bool> {
    const SQL: &str = "INSERT INTO message_events (message_id, seq, kind, data) SELECT $1, $2, $3, $4
        WHERE EXISTS (SELECT 1 FROM messages WHERE id = $1 AND owner = $5 AND status IN ('pending', 'streaming'))";
    let done = within!(tx, c => sqlx::query(SQL).bind(message.as_str()).bind(event.seq).bind(&event.kind).bind(&event.data).bind(owner)
        .execute(c).await.map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// Events after number `after`, in order, `limit` at the most.
///
/// # Errors
/// When the database fails.
pub async fn after(db: &Db, message: &MessageId, after: i64, limit: i64) -> Result<Vec<Event>> {
    const SQL: &str = "SELECT seq, kind, data FROM message_events WHERE message_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    Ok(
        read!(db, c => sqlx::query_as::<_, Event>(SQL).bind(message.as_str()).bind(after).bind(limit).fetch_all(c).await)?,
    )
}

/// All events of an answer, inside a transaction.
///
/// # Errors
/// When the database fails.
pub async fn all(tx: &mut Tx, message: &MessageId) -> Result<Vec<Event>> {
    const SQL: &str =
        "SELECT seq, kind, data FROM message_events WHERE message_id = $1 ORDER BY seq";
    Ok(within!(tx, c => sqlx::query_as::<_, Event>(SQL).bind(message.as_str()).fetch_all(c).await)?)
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
