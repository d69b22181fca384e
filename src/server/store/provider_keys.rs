//! Sealed provider credentials. Every read names the owner.

use super::{Db, Result, StoreError, Tx, read, within, write};
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::ids::{KeyId, ProviderId, UserId};
use crate::shared::provider::{KeyStatus, KeyView};
use crate::shared::time::Timestamp;

/// A stored key: what its owner may see, and the sealed blob with what it was sealed under.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// What its owner may see.
    pub view: KeyView,
    /// `scheme://host[:port]` of the provider when it was sealed.
    pub origin: String,
    /// Counts replacements, from 1.
    pub version: i64,
    /// The sealed credential.
    pub blob: String,
    /// It failed just now: until then the others come first.
    pub cool_until: Option<Timestamp>,
}

/// What is noted of a key that failed.
#[derive(Clone, Copy, Debug)]
pub struct Trouble<'a> {
    /// What its owner is told; none when it was not about the key.
    pub error: Option<&'a AppError>,
    /// Until when the others come first.
    pub cool_until: Option<Timestamp>,
}

/// What a new or replaced secret brings.
pub struct Sealed<'a> {
    /// The provider's origin.
    pub origin: &'a str,
    /// The visible tail.
    pub mask: &'a str,
    /// The version it was sealed as.
    pub version: i64,
    /// The master key that wrapped it.
    pub kek_id: i64,
    /// The sealed credential.
    pub blob: &'a str,
    /// What the provider said of it.
    pub status: KeyStatus,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    provider: String,
    origin: String,
    label: String,
    mask: String,
    version: i64,
    blob: String,
    status: String,
    active: bool,
    position: i64,
    created_at: i64,
    last_validated_at: Option<i64>,
    last_used_at: Option<i64>,
    last_error: Option<String>,
    last_error_at: Option<i64>,
    cool_until: Option<i64>,
}

macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT id, provider, origin, label, mask, version, blob, status, active, position, created_at, last_validated_at, \
             last_used_at, last_error, last_error_at, cool_until FROM provider_keys ",
            $rest
        )
    };
}

fn status_of(word: &str, id: &str) -> Result<KeyStatus> {
    match word {
        "valid" => Ok(KeyStatus::Valid),
        "invalid" => Ok(KeyStatus::Invalid),
        "unverified" => Ok(KeyStatus::Unverified),
        "unreadable" => Ok(KeyStatus::Unreadable),
        _ => Err(StoreError::Corrupt {
            table: "provider_keys",
            column: "status",
            id: id.to_owned(),
        }),
    }
}

impl TryFrom<Row> for StoredKey {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let corrupt = |column| StoreError::Corrupt {
            table: "provider_keys",
            column,
            id: row.id.clone(),
        };
        let status = status_of(&row.status, &row.id)?;
        let view = KeyView {
            id: row.id.parse().map_err(|_| corrupt("id"))?,
            provider: row.provider.parse().map_err(|_| corrupt("provider"))?,
            label: row.label,
            mask: row.mask,
            status,
            active: row.active,
            position: u32::try_from(row.position).map_err(|_| corrupt("position"))?,
            created_at: Timestamp(row.created_at),
            last_validated_at: row.last_validated_at.map(Timestamp),
            last_used_at: row.last_used_at.map(Timestamp),
            last_error: row
                .last_error
                .and_then(|json| serde_json::from_str(&json).ok()),
            last_error_at: row.last_error_at.map(Timestamp),
        };
        Ok(Self {
            view,
            origin: row.origin,
            version: row.version,
            blob: row.blob,
            cool_until: row.cool_until.map(Timestamp),
        })
    }
}

/// The person's keys at `provider`, or at all providers, in the order in which they are tried.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &Db, user: &UserId, provider: Option<&ProviderId>) -> Result<Vec<StoredKey>> {
    const SQL: &str = columns!(
        "WHERE user_id = $1 AND ($2 IS NULL OR provider = $2) ORDER BY provider, position, created_at, id"
    );
    let provider = provider.map(ProviderId::as_str);
    let rows = read!(db, c => sqlx::query_as::<_, Row>(SQL).bind(user.as_str()).bind(provider).fetch_all(c).await)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// A key as far as pages ask for it again and again.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its id.
    pub id: String,
    /// What its owner calls it.
    pub label: String,
    /// Whose it is.
    pub provider: String,
    /// Whether it is switched on and may be worth something.
    pub usable: bool,
}

/// The person's keys, those of a provider together.
///
/// # Errors
/// When the database fails.
pub async fn held(db: &Db, user: &UserId) -> Result<Vec<Held>> {
    const SQL: &str = "SELECT id, label, provider, active, status FROM provider_keys WHERE user_id = $1 ORDER BY provider, id";
    let rows: Vec<(String, String, String, bool, String)> =
        read!(db, c => sqlx::query_as(SQL).bind(user.as_str()).fetch_all(c).await)?;
    rows.into_iter()
        .map(|(id, label, provider, active, status)| {
            let usable = active && status_of(&status, &id)?.is_usable();
            Ok(Held {
                id,
                label,
                provider,
                usable,
            })
        })
        .collect()
}

/// One key of this person at this provider.
///
/// # Errors
/// When the database fails.
pub async fn get(
    db: &Db,
    user: &UserId,
    provider: &ProviderId,
    id: &KeyId,
) -> Result<Option<StoredKey>> {
    const SQL: &str = columns!("WHERE id = $1 AND user_id = $2 AND provider = $3");
    let row = read!(db, c => sqlx::query_as::<_, Row>(SQL).bind(id.as_str()).bind(user.as_str()).bind(provider.as_str())
        .fetch_optional(c).await)?;
    row.map(TryInto::try_into).transpose()
}

/// Adds a key behind the person's others at the provider, and answers its position.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    user: &UserId,
    provider: &ProviderId,
    id: &KeyId,
    label: &str,
    sealed: &Sealed<'_>,
    now: Timestamp,
) -> Result<()> {
    const SQL: &str = "INSERT INTO provider_keys (id, user_id, provider, origin, label, mask, version, kek_id, blob,
        status, active, position, created_at, last_validated_at)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, TRUE, COALESCE(MAX(position) + 1, 0), $11, $11
        FROM provider_keys WHERE user_id = $2 AND provider = $3";
    within!(tx, c => sqlx::query(SQL).bind(id.as_str()).bind(user.as_str()).bind(provider.as_str()).bind(sealed.origin)
        .bind(label).bind(sealed.mask).bind(sealed.version).bind(sealed.kek_id).bind(sealed.blob)
        .bind(sealed.status.as_str()).bind(now.0).execute(c).await.map(drop))?;
    Ok(())
}

/// Puts a new secret in the place of the one of version `from`; the old blob is overwritten. Answers whether it was there.
///
/// # Errors
/// When the database fails.
pub async fn replace(
    tx: &mut Tx,
    user: &UserId,
    id: &KeyId,
    from: i64,
    label: &str,
    sealed: &Sealed<'_>,
    now: Timestamp,
) -> Result<bool> {
    const SQL: &str =
        "UPDATE provider_keys SET origin = $4, label = $5, mask = $6, version = $7, kek_id = $8,
        blob = $9, status = $10, active = TRUE, last_validated_at = $11, last_error = NULL, last_error_at = NULL,
        cool_until = NULL
        WHERE id = $1 AND user_id = $2 AND version = $3";
    let done = within!(tx, c => sqlx::query(SQL).bind(id.as_str()).bind(user.as_str()).bind(from).bind(sealed.origin).bind(label)
        .bind(sealed.mask).bind(sealed.version).bind(sealed.kek_id).bind(sealed.blob)
        .bind(sealed.status.as_str()).bind(now.0).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// Notes what the provider, or the vault, last said of a key. Success clears the last error, and the key comes in its turn again.
///
/// # Errors
/// When the database fails.
pub async fn note(
    db: &Db,
    id: &KeyId,
    version: i64,
    status: KeyStatus,
    error: Option<(&AppError, Timestamp)>,
    validated: Option<Timestamp>,
) -> Result<()> {
    const SQL: &str = "UPDATE provider_keys SET status = $3, last_error = $4, last_validated_at = COALESCE($5, last_validated_at),
        last_error_at = $6, cool_until = CASE WHEN $4 IS NULL THEN NULL ELSE cool_until END WHERE id = $1 AND version = $2";
    let (error, since) = error.unzip();
    let error = error.and_then(|error| serde_json::to_string(error).ok());
    write!(db, c => sqlx::query(SQL).bind(id.as_str()).bind(version).bind(status.as_str()).bind(error)
        .bind(validated.map(|at| at.0)).bind(since.map(|at| at.0)).execute(c).await.map(drop))?;
    Ok(())
}

/// Notes that a key was asked to pay for an answer, and the trouble with it, if any. A refusal makes it invalid; an answer
/// clears the trouble.
///
/// # Errors
/// When the database fails.
pub async fn note_used(
    tx: &mut Tx,
    id: &KeyId,
    version: i64,
    trouble: Option<&Trouble<'_>>,
    now: Timestamp,
) -> Result<()> {
    const SQL: &str =
        "UPDATE provider_keys SET last_used_at = $3, last_error = $4, last_error_at = $7, cool_until = $6,
        status = CASE WHEN $5 THEN 'invalid' ELSE status END WHERE id = $1 AND version = $2";
    let error = trouble.and_then(|trouble| trouble.error);
    let refused = error.is_some_and(|error| error.code == ErrorCode::InvalidKey);
    let since = error.map(|_| now.0);
    let error = error.and_then(|error| serde_json::to_string(error).ok());
    let cool_until = trouble.and_then(|trouble| trouble.cool_until);
    within!(tx, c => sqlx::query(SQL).bind(id.as_str()).bind(version).bind(now.0).bind(error).bind(refused)
        .bind(cool_until.map(|at| at.0)).bind(since).execute(c).await.map(drop))?;
    Ok(())
}

/// Renames a key, or switches it.
///
/// # Errors
/// When the database fails.
pub async fn update(
    tx: &mut Tx,
    user: &UserId,
    id: &KeyId,
    label: Option<&str>,
    active: Option<bool>,
) -> Result<()> {
    const SQL: &str = "UPDATE provider_keys SET label = COALESCE($3, label), active = COALESCE($4, active) WHERE id = $1 AND user_id = $2";
    within!(tx, c => sqlx::query(SQL).bind(id.as_str()).bind(user.as_str()).bind(label).bind(active).execute(c).await.map(drop))?;
    Ok(())
}

/// Moves a key to `position` among its siblings and numbers them anew.
///
/// # Errors
/// When the database fails.
pub async fn reorder(
    tx: &mut Tx,
    user: &UserId,
    provider: &ProviderId,
    id: &KeyId,
    position: usize,
) -> Result<()> {
    const LIST: &str = "SELECT id FROM provider_keys WHERE user_id = $1 AND provider = $2 ORDER BY position, created_at, id";
    const SET: &str = "UPDATE provider_keys SET position = $2 WHERE id = $1";
    let mut ids = within!(tx, c => sqlx::query_scalar::<_, String>(LIST).bind(user.as_str()).bind(provider.as_str()).fetch_all(c).await)?;
    ids.retain(|other| other != id.as_str());
    ids.insert(position.min(ids.len()), id.as_str().to_owned());
    for (place, id) in (0i64..).zip(&ids) {
        within!(tx, c => sqlx::query(SET).bind(id).bind(place).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// Notes that this version of a key is about to pay, unless it was removed, replaced or switched off meanwhile. Whoever
/// removes it waits for `tx`, and then finds what runs on it.
///
/// # Errors
/// When the database fails.
pub async fn take(tx: &mut Tx, id: &KeyId, version: i64, now: Timestamp) -> Result<bool> {
    const SQL: &str =
        "UPDATE provider_keys SET last_used_at = $3 WHERE id = $1 AND version = $2 AND active";
    let done = within!(tx, c => sqlx::query(SQL).bind(id.as_str()).bind(version).bind(now.0).execute(c).await
        .map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// Removes a key and its model list. Answers whether it was there.
///
/// # Errors
/// When the database fails.
pub async fn delete(db: &Db, user: &UserId, provider: &ProviderId, id: &KeyId) -> Result<bool> {
    const SQL: &str = "DELETE FROM provider_keys WHERE id = $1 AND user_id = $2 AND provider = $3";
    let gone = write!(db, c => sqlx::query(SQL).bind(id.as_str()).bind(user.as_str()).bind(provider.as_str()).execute(c).await
        .map(|done| done.rows_affected()))?;
    Ok(gone == 1)
}

/// What a rewrap needs of a key: the sealed blob, and everything that it is bound to.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Wrapped {
    /// The key's id.
    pub id: String,
    /// Its owner.
    pub user_id: String,
    /// Its provider.
    pub provider: String,
    /// Where it may go.
    pub origin: String,
    /// Counts replacements.
    pub version: i64,
    /// The master key that it is sealed under.
    pub kek_id: i64,
    /// The sealed credential.
    pub blob: String,
}

/// The next keys behind `after` that are sealed under another master key than `active`, `limit` at the most.
///
/// # Errors
/// When the database fails.
pub async fn wrapped_elsewhere(
    db: &Db,
    active: i64,
    after: &str,
    limit: i64,
) -> Result<Vec<Wrapped>> {
    const SQL: &str =
        "SELECT id, user_id, provider, origin, version, kek_id, blob FROM provider_keys
        WHERE kek_id <> $1 AND id > $2 ORDER BY id LIMIT $3";
    Ok(
        read!(db, c => sqlx::query_as::<_, Wrapped>(SQL).bind(active).bind(after).bind(limit).fetch_all(c).await)?,
    )
}

/// Puts the same credential under another master key, unless it was replaced or rewrapped meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn rewrap(tx: &mut Tx, old: &Wrapped, kek_id: i64, blob: &str) -> Result<bool> {
    const SQL: &str = "UPDATE provider_keys SET kek_id = $4, blob = $5 WHERE id = $1 AND version = $2 AND kek_id = $3";
    let done = within!(tx, c => sqlx::query(SQL).bind(&old.id).bind(old.version).bind(old.kek_id).bind(kek_id).bind(blob)
        .execute(c).await.map(|done| done.rows_affected()))?;
    Ok(done == 1)
}
