//! Sessions, by the digest of their token.

use super::{Db, Result, StoreError, Tx, read, within, write};
use crate::shared::account::User;
use crate::shared::ids::UserId;
use crate::shared::time::Timestamp;

#[derive(sqlx::FromRow)]
struct Row {
    user_id: String,
    email: String,
    user_created_at: i64,
    seen_at: i64,
    expires_at: i64,
}

/// Who a live session belongs to, and when it was last noted as seen.
pub struct Live {
    /// The person.
    pub user: User,
    /// The last time it was noted.
    pub seen_at: Timestamp,
}

/// Begins a session.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    token_hash: &str,
    user: &UserId,
    now: Timestamp,
    expires: Timestamp,
) -> Result<()> {
    const SQL: &str = "INSERT INTO sessions (token_hash, user_id, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $3, $4)";
    within!(tx, c => sqlx::query(SQL).bind(token_hash).bind(user.as_str()).bind(now.0).bind(expires.0).execute(c).await.map(drop))?;
    Ok(())
}

/// The session, unless it has ended: by its absolute end, or by having been idle since before `idle_since`. One that has
/// ended is removed, so that no clock that goes back wakes it.
///
/// # Errors
/// When the database fails.
pub async fn find(
    db: &Db,
    token_hash: &str,
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<Option<Live>> {
    const SQL: &str =
        "SELECT u.id AS user_id, u.email, u.created_at AS user_created_at, s.seen_at, s.expires_at
        FROM sessions s JOIN users u ON u.id = s.user_id
        WHERE s.token_hash = $1";
    let row =
        read!(db, c => sqlx::query_as::<_, Row>(SQL).bind(token_hash).fetch_optional(c).await)?;
    let Some(row) = row else { return Ok(None) };
    if row.expires_at <= now.0 || row.seen_at <= idle_since.0 {
        delete(db, token_hash).await?;
        return Ok(None);
    }
    let corrupt = || StoreError::Corrupt {
        table: "sessions",
        column: "user_id",
        id: row.user_id.clone(),
    };
    let id = row.user_id.parse().map_err(|_| corrupt())?;
    let user = User {
        id,
        email: row.email,
        created_at: Timestamp(row.user_created_at),
    };
    Ok(Some(Live {
        user,
        seen_at: Timestamp(row.seen_at),
    }))
}

/// Notes that the session was used.
///
/// # Errors
/// When the database fails.
pub async fn touch(db: &Db, token_hash: &str, now: Timestamp) -> Result<()> {
    const SQL: &str = "UPDATE sessions SET seen_at = $2 WHERE token_hash = $1";
    write!(db, c => sqlx::query(SQL).bind(token_hash).bind(now.0).execute(c).await.map(drop))?;
    Ok(())
}

/// Ends one session.
///
/// # Errors
/// When the database fails.
pub async fn delete(db: &Db, token_hash: &str) -> Result<()> {
    const SQL: &str = "DELETE FROM sessions WHERE token_hash = $1";
    write!(db, c => sqlx::query(SQL).bind(token_hash).execute(c).await.map(drop))?;
    Ok(())
}

/// Removes sessions that ended before `now`.
///
/// # Errors
/// When the database fails.
pub async fn sweep(db: &Db, now: Timestamp) -> Result<()> {
    const SQL: &str = "DELETE FROM sessions WHERE expires_at <= $1";
    write!(db, c => sqlx::query(SQL).bind(now.0).execute(c).await.map(drop))?;
    Ok(())
}
