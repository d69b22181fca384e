//! People.

use super::{Db, Result, StoreError, Tx, read, within, write};
use crate::shared::account::User;
use crate::shared::ids::UserId;
use crate::shared::time::Timestamp;

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    email: String,
    created_at: i64,
}

impl TryFrom<Row> for User {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let corrupt = || StoreError::Corrupt {
            table: "users",
            column: "id",
            id: row.id.clone(),
        };
        let id = row.id.parse().map_err(|_| corrupt())?;
        Ok(Self {
            id,
            email: row.email,
            created_at: Timestamp(row.created_at),
        })
    }
}

/// Adds a person. A conflict means that the address has an account.
///
/// # Errors
/// When the database fails or `email_norm` is taken ([`StoreError::is_conflict`]).
pub async fn insert(tx: &mut Tx, user: &User, email_norm: &str, password_hash: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO users (id, email, email_norm, password_hash, created_at) VALUES ($1, $2, $3, $4, $5)";
    within!(tx, c => sqlx::query(SQL).bind(user.id.as_str()).bind(&user.email).bind(email_norm).bind(password_hash)
        .bind(user.created_at.0).execute(c).await.map(drop))?;
    Ok(())
}

/// The person with this normalised address, and their password's hash.
///
/// # Errors
/// When the database fails.
pub async fn by_email(db: &Db, email_norm: &str) -> Result<Option<(User, String)>> {
    const SQL: &str = "SELECT id, email, created_at FROM users WHERE email_norm = $1";
    const HASH: &str = "SELECT password_hash FROM users WHERE email_norm = $1";
    let row =
        read!(db, c => sqlx::query_as::<_, Row>(SQL).bind(email_norm).fetch_optional(c).await)?;
    let hash = read!(db, c => sqlx::query_scalar::<_, String>(HASH).bind(email_norm).fetch_optional(c).await)?;
    match row.zip(hash) {
        Some((row, hash)) => Ok(Some((row.try_into()?, hash))),
        None => Ok(None),
    }
}

/// Whether this person's chats are named by the models that answer in them.
///
/// # Errors
/// When the database fails.
pub async fn auto_titles(db: &Db, id: &UserId) -> Result<bool> {
    const SQL: &str = "SELECT auto_titles FROM users WHERE id = $1";
    let wanted = read!(db, c => sqlx::query_scalar::<_, bool>(SQL).bind(id.as_str()).fetch_optional(c).await)?;
    Ok(wanted.unwrap_or(false))
}

/// Has this person's chats named by the models that answer in them, or no longer.
///
/// # Errors
/// When the database fails.
pub async fn set_auto_titles(db: &Db, id: &UserId, wanted: bool) -> Result<()> {
    const SQL: &str = "UPDATE users SET auto_titles = $2 WHERE id = $1";
    write!(db, c => sqlx::query(SQL).bind(id.as_str()).bind(wanted).execute(c).await.map(drop))?;
    Ok(())
}

/// Replaces a password's hash.
///
/// # Errors
/// When the database fails.
pub async fn set_password(tx: &mut Tx, id: &UserId, hash: &str) -> Result<()> {
    const SQL: &str = "UPDATE users SET password_hash = $2 WHERE id = $1";
    within!(tx, c => sqlx::query(SQL).bind(id.as_str()).bind(hash).execute(c).await.map(drop))?;
    Ok(())
}

/// The hash of this person's password.
///
/// # Errors
/// When the database fails.
pub async fn password_hash(db: &Db, id: &UserId) -> Result<Option<String>> {
    const SQL: &str = "SELECT password_hash FROM users WHERE id = $1";
    Ok(
        read!(db, c => sqlx::query_scalar::<_, String>(SQL).bind(id.as_str()).fetch_optional(c).await)?,
    )
}

/// Removes a person and everything that they own.
///
/// # Errors
/// When the database fails.
pub async fn delete(db: &Db, id: &UserId) -> Result<()> {
    const SQL: &str = "DELETE FROM users WHERE id = $1";
    write!(db, c => sqlx::query(SQL).bind(id.as_str()).execute(c).await.map(drop))?;
    Ok(())
}
