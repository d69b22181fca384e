//! The model list that each key last gave.

use super::{Db, Result, StoreError, read, write};
use crate::shared::ids::{KeyId, ProviderId, UserId};
use crate::shared::model::{Model, ModelList};
use crate::shared::time::Timestamp;

#[derive(sqlx::FromRow)]
struct Row {
    models: String,
    fetched_at: i64,
    expires_at: i64,
    warning: Option<String>,
}

/// The last list of this key; stale when a warning was noted since.
///
/// # Errors
/// When the database fails or the list does not read.
pub async fn get(db: &Db, user: &UserId, key: &KeyId) -> Result<Option<ModelList>> {
    const SQL: &str = "SELECT models, fetched_at, expires_at, warning FROM provider_models WHERE key_id = $1 AND user_id = $2";
    let row = read!(db, c => sqlx::query_as::<_, Row>(SQL).bind(key.as_str()).bind(user.as_str()).fetch_optional(c).await)?;
    let Some(row) = row else { return Ok(None) };
    let models =
        serde_json::from_str::<Vec<Model>>(&row.models).map_err(|_| StoreError::Corrupt {
            table: "provider_models",
            column: "models",
            id: key.to_string(),
        })?;
    Ok(Some(ModelList {
        models,
        key_id: key.clone(),
        fetched_at: Timestamp(row.fetched_at),
        expires_at: Timestamp(row.expires_at),
        stale: row.warning.is_some(),
        warning: row.warning,
    }))
}

/// Keeps a new list in place of the old one.
///
/// # Errors
/// When the database fails, or the key is gone meanwhile ([`StoreError::is_orphan`]).
pub async fn put(db: &Db, user: &UserId, provider: &ProviderId, list: &ModelList) -> Result<()> {
    const SQL: &str = "INSERT INTO provider_models (key_id, user_id, provider, models, fetched_at, expires_at, warning)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (key_id) DO UPDATE SET
        models = excluded.models, fetched_at = excluded.fetched_at, expires_at = excluded.expires_at, warning = excluded.warning";
    let models = serde_json::to_string(&list.models).unwrap_or_default();
    write!(db, c => sqlx::query(SQL).bind(list.key_id.as_str()).bind(user.as_str()).bind(provider.as_str()).bind(&models)
        .bind(list.fetched_at.0).bind(list.expires_at.0).bind(&list.warning).execute(c).await.map(drop))?;
    Ok(())
}

/// Forgets a key's list, as after its secret was replaced.
///
/// # Errors
/// When the database fails.
pub async fn forget(db: &Db, key: &KeyId) -> Result<()> {
    const SQL: &str = "DELETE FROM provider_models WHERE key_id = $1";
    write!(db, c => sqlx::query(SQL).bind(key.as_str()).execute(c).await.map(drop))?;
    Ok(())
}

/// Notes why the last try to renew the list failed, and when to try again.
///
/// # Errors
/// When the database fails.
pub async fn warn(db: &Db, key: &KeyId, warning: &str, again: Timestamp) -> Result<()> {
    const SQL: &str = "UPDATE provider_models SET warning = $2, expires_at = $3 WHERE key_id = $1";
    write!(db, c => sqlx::query(SQL).bind(key.as_str()).bind(warning).bind(again.0).execute(c).await.map(drop))?;
    Ok(())
}
