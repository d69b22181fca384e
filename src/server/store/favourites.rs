//! The models that people marked.

use super::{Db, Result, StoreError, read, within, write};
use crate::shared::ids::UserId;
use crate::shared::model::Choice;
use crate::shared::time::Timestamp;

/// So many a person; of one more the oldest goes.
pub const MOST: i64 = 50;

/// What was read of `table`.
pub(super) fn choices(table: &'static str, rows: Vec<(String, String)>) -> Result<Vec<Choice>> {
    let choice = |(provider, model): (String, String)| {
        let corrupt = |column| StoreError::Corrupt {
            table,
            column,
            id: format!("{provider}/{model}"),
        };
        Ok(Choice {
            provider: provider.parse().map_err(|_| corrupt("provider"))?,
            model: model.parse().map_err(|_| corrupt("model"))?,
        })
    };
    rows.into_iter().map(choice).collect()
}

/// Those of a person, the one that was marked last first.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &Db, user: &UserId) -> Result<Vec<Choice>> {
    const SQL: &str = "SELECT provider, model FROM favourite_models WHERE user_id = $1 ORDER BY marked_at DESC, provider, model LIMIT $2";
    let rows =
        read!(db, c => sqlx::query_as(SQL).bind(user.as_str()).bind(MOST).fetch_all(c).await)?;
    choices("favourite_models", rows)
}

/// Adds one; what is marked already stays where it is.
///
/// # Errors
/// When the database fails.
pub async fn add(db: &Db, user: &UserId, choice: &Choice, now: Timestamp) -> Result<()> {
    const ADD: &str =
        "INSERT INTO favourite_models (user_id, provider, model, marked_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (user_id, provider, model) DO NOTHING";
    const TRIM: &str = "DELETE FROM favourite_models WHERE user_id = $1 AND (provider, model) NOT IN
        (SELECT provider, model FROM favourite_models WHERE user_id = $1 ORDER BY marked_at DESC, provider, model LIMIT $2)";
    let mut tx = db.begin().await?;
    within!(&mut tx, c => sqlx::query(ADD).bind(user.as_str()).bind(choice.provider.as_str()).bind(choice.model.as_str()).bind(now.0)
        .execute(c).await.map(drop))?;
    within!(&mut tx, c => sqlx::query(TRIM).bind(user.as_str()).bind(MOST).execute(c).await.map(drop))?;
    tx.commit().await
}

/// Takes one away.
///
/// # Errors
/// When the database fails.
pub async fn remove(db: &Db, user: &UserId, choice: &Choice) -> Result<()> {
    const SQL: &str =
        "DELETE FROM favourite_models WHERE user_id = $1 AND provider = $2 AND model = $3";
    write!(db, c => sqlx::query(SQL).bind(user.as_str()).bind(choice.provider.as_str()).bind(choice.model.as_str())
        .execute(c).await.map(drop))?;
    Ok(())
}
