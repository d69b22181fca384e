//! The model list that each key last gave, and what earlier lists had beyond it.

use super::{Db, Result, StoreError, read, write};
use crate::server::crypto::mac::hex;
use crate::shared::ids::{KeyId, ModelId, ProviderId, UserId};
use crate::shared::model::{Model, ModelList};
use crate::shared::tariff::Tariffs;
use crate::shared::time::Timestamp;
use sha2::{Digest as _, Sha256};

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
    Ok(Some(ModelList {
        models: parsed(&row.models, "models", key)?,
        key_id: Some(key.clone()),
        fetched_at: Timestamp(row.fetched_at),
        expires_at: Timestamp(row.expires_at),
        stale: row.warning.is_some(),
        warning: row.warning,
    }))
}

fn parsed<T: serde::de::DeserializeOwned>(
    json: &str,
    column: &'static str,
    key: &KeyId,
) -> Result<T> {
    serde_json::from_str(json).map_err(|_| StoreError::Corrupt {
        table: "provider_models",
        column,
        id: key.to_string(),
    })
}

/// Which list a key has, without the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edition {
    /// Of the models, what they cost and what is gone. Empty in rows that an earlier version of this program wrote.
    pub digest: String,
    expires_at: i64,
    warning: Option<String>,
}

impl Edition {
    /// Whether the provider itself gave the list, and not long ago.
    #[must_use]
    pub fn is_current(&self, now: Timestamp) -> bool {
        self.warning.is_none() && self.expires_at > now.0
    }
}

/// Which list a key has that may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Whose list it is.
    pub provider: ProviderId,
    /// The key.
    pub key: KeyId,
    /// The list.
    pub edition: Edition,
}

/// Which lists the person's keys have that are switched on and work, at `provider` or at all providers, in the order in
/// which they are tried.
///
/// # Errors
/// When the database fails.
pub async fn listings(
    db: &Db,
    user: &UserId,
    provider: Option<&ProviderId>,
) -> Result<Vec<Listing>> {
    const SQL: &str = "SELECT k.provider, k.id, m.digest, m.expires_at, m.warning
        FROM provider_keys k JOIN provider_models m ON m.key_id = k.id AND m.user_id = k.user_id
        WHERE k.user_id = $1 AND ($2 IS NULL OR k.provider = $2) AND k.active AND k.status IN ('valid', 'unverified')
        ORDER BY k.provider, k.position, k.created_at, k.id";
    let provider = provider.map(ProviderId::as_str);
    let rows = read!(db, c => sqlx::query_as::<_, (String, String, String, i64, Option<String>)>(SQL)
        .bind(user.as_str()).bind(provider).fetch_all(c).await)?;
    let listing = |(provider, key, digest, expires_at, warning): (String, String, _, _, _)| {
        let corrupt = |column| StoreError::Corrupt {
            table: "provider_keys",
            column,
            id: key.clone(),
        };
        Ok(Listing {
            provider: provider.parse().map_err(|_| corrupt("provider"))?,
            key: key.parse().map_err(|_| corrupt("id"))?,
            edition: Edition {
                digest,
                expires_at,
                warning,
            },
        })
    };
    rows.into_iter().map(listing).collect()
}

/// What a key's list has, and had.
#[derive(Debug, Default, PartialEq)]
pub struct Offer {
    /// On the list.
    pub models: Vec<Model>,
    /// What the provider itself says that they cost.
    pub tariffs: Tariffs,
    /// On an earlier one, and not on this one.
    pub gone: Vec<ModelId>,
}

/// What this key's list has and had, with the list's digest.
///
/// # Errors
/// When the database fails or the list does not read.
pub async fn offer(db: &Db, user: &UserId, key: &KeyId) -> Result<Option<(String, Offer)>> {
    const SQL: &str = "SELECT digest, models, tariffs, gone FROM provider_models WHERE key_id = $1 AND user_id = $2";
    let row = read!(db, c => sqlx::query_as::<_, (String, String, String, String)>(SQL).bind(key.as_str()).bind(user.as_str()).fetch_optional(c).await)?;
    let Some((digest, models, tariffs, gone)) = row else {
        return Ok(None);
    };
    let offer = Offer {
        models: parsed(&models, "models", key)?,
        tariffs: parsed(&tariffs, "tariffs", key)?,
        gone: parsed(&gone, "gone", key)?,
    };
    Ok(Some((digest, offer)))
}

/// Keeps a new list in place of the old one.
///
/// # Errors
/// When the database fails, or the key is gone meanwhile ([`StoreError::is_orphan`]).
pub async fn put(
    db: &Db,
    user: &UserId,
    provider: &ProviderId,
    key: &KeyId,
    list: &ModelList,
    tariffs: &Tariffs,
    gone: &[ModelId],
) -> Result<()> {
    const SQL: &str = "INSERT INTO provider_models (key_id, user_id, provider, models, fetched_at, expires_at, warning, gone, digest, tariffs)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (key_id) DO UPDATE SET
        models = excluded.models, fetched_at = excluded.fetched_at, expires_at = excluded.expires_at, warning = excluded.warning,
        gone = excluded.gone, digest = excluded.digest, tariffs = excluded.tariffs";
    let models = serde_json::to_string(&list.models).unwrap_or_default();
    let tariffs = serde_json::to_string(tariffs).unwrap_or_default();
    let gone = serde_json::to_string(gone).unwrap_or_default();
    let mut digest = Sha256::new();
    for part in [&models, &tariffs, &gone] {
        digest.update(part);
    }
    let digest = hex(&digest.finalize());
    write!(db, c => sqlx::query(SQL).bind(key.as_str()).bind(user.as_str()).bind(provider.as_str()).bind(&models)
        .bind(list.fetched_at.0).bind(list.expires_at.0).bind(&list.warning).bind(&gone).bind(&digest).bind(&tariffs)
        .execute(c).await.map(drop))?;
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
