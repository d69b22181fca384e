//! What this installation is: its id, and check values of the master keys that sealed something here.

use super::{Db, Result, Tx, read, within, write};
use crate::shared::time::Timestamp;

/// The value of `name`, or `fresh` stored as such when there is none. Racing processes agree on one.
///
/// # Errors
/// When the database fails.
pub async fn value_or_insert(db: &Db, name: &str, fresh: &str) -> Result<String> {
    const SELECT: &str = "SELECT value FROM instance WHERE name = $1";
    const INSERT: &str =
        "INSERT INTO instance (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    write!(db, c => sqlx::query(INSERT).bind(name).bind(fresh).execute(c).await.map(drop))?;
    Ok(write!(db, c => sqlx::query_scalar::<_, String>(SELECT).bind(name).fetch_one(c).await)?)
}

/// A master key that was ever used here.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct MasterKey {
    /// Its number.
    pub id: i64,
    /// Tells whether a key of that number is this one.
    pub check_value: String,
    /// How many data keys it has wrapped.
    pub wraps: i64,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Since when nothing is sealed under it any more.
    pub retired_at: Option<i64>,
    /// How many credentials are sealed under it.
    pub sealed: i64,
}

/// AES-GCM with random nonces is good for this many wraps of one key (NIST SP 800-38D).
pub const MAX_WRAPS: i64 = 1 << 32;

/// All master keys that were ever used here, by number.
///
/// # Errors
/// When the database fails.
pub async fn master_keys(db: &Db) -> Result<Vec<MasterKey>> {
    const SQL: &str = "SELECT id, check_value, wraps, created_at, retired_at,
        (SELECT COUNT(*) FROM provider_keys WHERE kek_id = master_keys.id) AS sealed FROM master_keys ORDER BY id";
    Ok(read!(db, c => sqlx::query_as::<_, MasterKey>(SQL).fetch_all(c).await)?)
}

/// Notes a master key's check value.
///
/// # Errors
/// When the database fails.
pub async fn add_master_key(tx: &mut Tx, id: i64, check: &str, now: Timestamp) -> Result<()> {
    const SQL: &str = "INSERT INTO master_keys (id, check_value, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING";
    within!(tx, c => sqlx::query(SQL).bind(id).bind(check).bind(now.0).execute(c).await.map(drop))?;
    Ok(())
}

/// Counts that a master key wraps `times` data keys in this transaction. Answers whether it may: it is the key of
/// that number, was not retired, and is not worn out. Whoever retires it waits for `tx`, and then finds what was sealed.
///
/// # Errors
/// When the database fails.
pub async fn count_wraps(tx: &mut Tx, id: i64, check: &str, times: i64) -> Result<bool> {
    const SQL: &str = "UPDATE master_keys SET wraps = wraps + $3
        WHERE id = $1 AND check_value = $2 AND retired_at IS NULL AND wraps + $3 <= $4";
    let done = within!(tx, c => sqlx::query(SQL).bind(id).bind(check).bind(times).bind(MAX_WRAPS).execute(c).await
        .map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// Takes a master key out of use unless something is sealed under it. Answers how much is.
///
/// # Errors
/// When the database fails.
pub async fn retire_master_key(db: &Db, id: i64, now: Timestamp) -> Result<i64> {
    const RETIRE: &str =
        "UPDATE master_keys SET retired_at = COALESCE(retired_at, $2) WHERE id = $1";
    const COUNT: &str = "SELECT COUNT(*) FROM provider_keys WHERE kek_id = $1";
    let mut tx = db.begin().await?;
    within!(&mut tx, c => sqlx::query(RETIRE).bind(id).bind(now.0).execute(c).await.map(drop))?;
    let sealed =
        within!(&mut tx, c => sqlx::query_scalar::<_, i64>(COUNT).bind(id).fetch_one(c).await)?;
    if sealed == 0 {
        tx.commit().await?;
    }
    Ok(sealed)
}
