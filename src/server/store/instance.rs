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

/// The check values of all master keys that were ever used here, by id.
///
/// # Errors
/// When the database fails.
pub async fn master_keys(db: &Db) -> Result<Vec<(i64, String)>> {
    const SQL: &str = "SELECT id, check_value FROM master_keys ORDER BY id";
    Ok(read!(db, c => sqlx::query_as::<_, (i64, String)>(SQL).fetch_all(c).await)?)
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

/// How many keys are sealed under a master key.
///
/// # Errors
/// When the database fails.
pub async fn sealed_under(db: &Db, id: i64) -> Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM provider_keys WHERE kek_id = $1";
    Ok(read!(db, c => sqlx::query_scalar::<_, i64>(SQL).bind(id).fetch_one(c).await)?)
}
