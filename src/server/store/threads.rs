//! Conversations. Every read names the owner.

use super::favourites::choices;
use super::{Db, Result, StoreError, Tx, read, within, write};
use crate::shared::chat::{ChatSettings, Thread, ThreadStatus};
use crate::shared::ids::{ThreadId, UserId};
use crate::shared::model::Choice;
use crate::shared::time::Timestamp;
use std::sync::LazyLock;

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: String,
    title: String,
    provider: String,
    model: String,
    system_prompt: Option<String>,
    settings: String,
    status: String,
    private: bool,
    pool_fallback: bool,
    pinned: bool,
    created_at: i64,
    updated_at: i64,
}

macro_rules! columns {
    ($rest:literal) => {
        concat!("SELECT id, title, provider, model, system_prompt, settings, status, private, pool_fallback, pinned, created_at, updated_at FROM threads ", $rest)
    };
}

impl TryFrom<Row> for Thread {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let corrupt = |column| StoreError::Corrupt {
            table: "threads",
            column,
            id: row.id.clone(),
        };
        Ok(Self {
            id: row.id.parse().map_err(|_| corrupt("id"))?,
            provider: row.provider.parse().map_err(|_| corrupt("provider"))?,
            model: row.model.parse().map_err(|_| corrupt("model"))?,
            settings: serde_json::from_str::<ChatSettings>(&row.settings)
                .map_err(|_| corrupt("settings"))?,
            status: if row.status == "archived" {
                ThreadStatus::Archived
            } else {
                ThreadStatus::Active
            },
            title: row.title,
            system_prompt: row.system_prompt,
            private: row.private,
            pool_fallback: row.pool_fallback,
            pinned: row.pinned,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        })
    }
}

fn settings_json(settings: &ChatSettings) -> String {
    serde_json::to_string(settings).unwrap_or_else(|_| "{}".to_owned())
}

/// Adds a thread.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &mut Tx, user: &UserId, thread: &Thread) -> Result<()> {
    const SQL: &str = "INSERT INTO threads (id, user_id, title, provider, model, system_prompt, settings, status, private, pool_fallback, pinned, created_at,
        updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    within!(tx, c => sqlx::query(SQL).bind(thread.id.as_str()).bind(user.as_str()).bind(&thread.title).bind(thread.provider.as_str())
        .bind(thread.model.as_str()).bind(&thread.system_prompt).bind(settings_json(&thread.settings)).bind(thread.status.as_str())
        .bind(thread.private).bind(thread.pool_fallback).bind(thread.pinned).bind(thread.created_at.0).bind(thread.updated_at.0).execute(c).await.map(drop))?;
    Ok(())
}

/// One thread of this person.
///
/// # Errors
/// When the database fails.
pub async fn get(db: &Db, user: &UserId, id: &ThreadId) -> Result<Option<Thread>> {
    const SQL: &str = columns!("WHERE id = $1 AND user_id = $2");
    let row = read!(db, c => sqlx::query_as::<_, Row>(SQL).bind(id.as_str()).bind(user.as_str()).fetch_optional(c).await)?;
    row.map(TryInto::try_into).transpose()
}

/// Some of a person's threads, archived ones included, in an order in which nothing moves: from after the id `after` on.
///
/// # Errors
/// When the database fails.
pub async fn by_id(db: &Db, user: &UserId, after: &str, limit: i64) -> Result<Vec<Thread>> {
    const SQL: &str = columns!("WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3");
    let rows = read!(db, c => sqlx::query_as::<_, Row>(SQL).bind(user.as_str()).bind(after).bind(limit).fetch_all(c).await)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// A page of a person's threads, newest activity first, from after `cursor` on.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    user: &UserId,
    status: ThreadStatus,
    cursor: Option<(i64, &str)>,
    limit: i64,
) -> Result<Vec<Thread>> {
    const ALL: &str = columns!(
        "WHERE user_id = $1 AND status = $2 AND (updated_at, id) < ($3, $4) ORDER BY updated_at DESC, id DESC LIMIT $5"
    );
    let (at, id) = cursor.unwrap_or((i64::MAX, "~"));
    let rows = read!(db, c => sqlx::query_as::<_, Row>(ALL).bind(user.as_str()).bind(status.as_str()).bind(at).bind(id).bind(limit)
        .fetch_all(c).await)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The first of a person's active pinned threads, newest activity first.
///
/// # Errors
/// When the database fails.
pub async fn pinned(db: &Db, user: &UserId, limit: i64) -> Result<Vec<Thread>> {
    const SQL: &str = columns!(
        "WHERE user_id = $1 AND status = 'active' AND pinned ORDER BY updated_at DESC, id DESC LIMIT $2"
    );
    let rows = read!(db, c => sqlx::query_as::<_, Row>(SQL).bind(user.as_str()).bind(limit).fetch_all(c).await)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The models of a person's active threads, newest activity first.
///
/// # Errors
/// When the database fails.
pub async fn models(db: &Db, user: &UserId, limit: i64) -> Result<Vec<Choice>> {
    const SQL: &str = "SELECT provider, model FROM threads WHERE user_id = $1 AND status = 'active' ORDER BY updated_at DESC, id DESC LIMIT $2";
    let rows =
        read!(db, c => sqlx::query_as(SQL).bind(user.as_str()).bind(limit).fetch_all(c).await)?;
    choices("threads", rows)
}

/// Gives a thread another title, if it still has the one that it is known by. Answers whether it had.
///
/// # Errors
/// When the database fails.
pub async fn retitle(db: &Db, user: &UserId, id: &ThreadId, from: &str, to: &str) -> Result<bool> {
    const SQL: &str = "UPDATE threads SET title = $4 WHERE id = $1 AND user_id = $2 AND title = $3";
    let changed = write!(db, c => sqlx::query(SQL).bind(id.as_str()).bind(user.as_str()).bind(from).bind(to)
        .execute(c).await.map(|done| done.rows_affected()))?;
    Ok(changed == 1)
}

/// Stores what a person may change of a thread.
///
/// # Errors
/// When the database fails.
pub async fn update(db: &Db, user: &UserId, thread: &Thread) -> Result<()> {
    const SQL: &str = "UPDATE threads SET title = $3, status = $4, system_prompt = $5, settings = $6, pool_fallback = $7, pinned = $8
        WHERE id = $1 AND user_id = $2";
    write!(db, c => sqlx::query(SQL).bind(thread.id.as_str()).bind(user.as_str()).bind(&thread.title).bind(thread.status.as_str())
        .bind(&thread.system_prompt).bind(settings_json(&thread.settings)).bind(thread.pool_fallback).bind(thread.pinned).execute(c).await.map(drop))?;
    Ok(())
}

/// The statement of [`touch`] with parameters from number `first` on: the thread, the time and the title.
pub(super) fn touch_sql(first: usize) -> String {
    format!(
        "UPDATE threads SET updated_at = ${}, title = CASE WHEN title = '' THEN ${} ELSE title END WHERE id = ${first}",
        first + 1,
        first + 2
    )
}

/// Notes activity; an untitled thread gets `title`.
///
/// # Errors
/// When the database fails.
pub async fn touch(tx: &mut Tx, id: &ThreadId, now: Timestamp, title: &str) -> Result<()> {
    static SQL: LazyLock<String> = LazyLock::new(|| touch_sql(1));
    within!(tx, c => sqlx::query(SQL.as_str()).bind(id.as_str()).bind(now.0).bind(title).execute(c).await.map(drop))?;
    Ok(())
}

/// Removes a thread with all its messages. Answers whether it was there.
///
/// # Errors
/// When the database fails.
pub async fn delete(db: &Db, user: &UserId, id: &ThreadId) -> Result<bool> {
    const SQL: &str = "DELETE FROM threads WHERE id = $1 AND user_id = $2";
    let gone = write!(db, c => sqlx::query(SQL).bind(id.as_str()).bind(user.as_str()).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(gone == 1)
}
