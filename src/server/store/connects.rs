//! People on their way to a provider that gives out a key by itself.

use super::{Db, Result, write};
use crate::shared::ids::ProviderId;
use crate::shared::time::Timestamp;

/// Somebody who left for a provider, by digests of their session and of what they have to bring back.
#[derive(Clone, Copy, Debug)]
pub struct Leaving<'a> {
    /// Their session.
    pub session_hash: &'a str,
    /// Where they went.
    pub provider: &'a ProviderId,
    /// What they have to bring back.
    pub state_hash: &'a str,
}

/// Notes that somebody leaves, and has to be back by `until`. Whoever leaves twice is expected from the second time.
///
/// # Errors
/// When the database fails.
pub async fn leave(db: &Db, who: Leaving<'_>, until: Timestamp) -> Result<()> {
    const SQL: &str =
        "INSERT INTO connects (session_hash, provider, state_hash, expires_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (session_hash, provider) DO UPDATE SET state_hash = excluded.state_hash, expires_at = excluded.expires_at";
    write!(db, c => sqlx::query(SQL).bind(who.session_hash).bind(who.provider.as_str()).bind(who.state_hash).bind(until.0)
        .execute(c).await.map(drop))?;
    Ok(())
}

/// Whether they were expected. They are not from then on.
///
/// # Errors
/// When the database fails.
pub async fn come_back(db: &Db, who: Leaving<'_>, now: Timestamp) -> Result<bool> {
    const SQL: &str = "DELETE FROM connects WHERE session_hash = $1 AND provider = $2 AND state_hash = $3 AND expires_at > $4";
    let gone = write!(db, c => sqlx::query(SQL).bind(who.session_hash).bind(who.provider.as_str()).bind(who.state_hash).bind(now.0)
        .execute(c).await.map(|done| done.rows_affected()))?;
    Ok(gone == 1)
}
