//! How much of the operator's free pool is used. What becomes of a reservation is decided by triggers on the answer
//! (migration 0012), so that it is whoever ends it.

use super::{Db, Result, Tx, read, within};
use crate::shared::free_pool::{DailyLimits, Scope};
use crate::shared::ids::{MessageId, UserId};

/// The day that counts: `today`, or a later one that was counted already. A clock that is set back gives nobody a new
/// quota.
async fn day(tx: &mut Tx, today: i64) -> Result<i64> {
    const SQL: &str = "SELECT COALESCE(MAX(day), 0) FROM free_usage_global_daily";
    let last = within!(tx, c => sqlx::query_scalar::<_, i64>(SQL).fetch_one(c).await)?;
    Ok(last.max(today))
}

/// Why the pool answers no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is writing an answer for this person.
    Answering,
    /// This quota of the day is used up.
    UsedUp(Scope),
}

/// Takes one request for this answer from the person's and from everybody's `today` (days since 1970). Answers what stands
/// in the way, if something does: `tx` must not be committed then.
///
/// # Errors
/// When the database fails.
pub async fn reserve(
    tx: &mut Tx,
    user: &UserId,
    message: &MessageId,
    limits: DailyLimits,
    today: i64,
) -> Result<Option<Refusal>> {
    const USER: &str = "INSERT INTO free_usage_user_daily (user_id, day, used) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING";
    const TAKE_USER: &str = "UPDATE free_usage_user_daily SET used = used + 1 WHERE user_id = $1 AND day = $2 AND used < $3";
    const GLOBAL: &str =
        "INSERT INTO free_usage_global_daily (day, used) VALUES ($1, 0) ON CONFLICT DO NOTHING";
    const TAKE_GLOBAL: &str =
        "UPDATE free_usage_global_daily SET used = used + 1 WHERE day = $1 AND used < $2";
    const NOTE: &str = "INSERT INTO free_reservations (message_id, user_id, day, state) VALUES ($1, $2, $3, 'reserved')";
    let day = day(tx, today).await?;
    let id = user.as_str();
    within!(tx, c => sqlx::query(USER).bind(id).bind(day).execute(c).await.map(drop))?;
    let taken = within!(tx, c => sqlx::query(TAKE_USER).bind(id).bind(day).bind(i64::from(limits.user)).execute(c).await
        .map(|done| done.rows_affected()))?;
    if taken == 0 {
        return Ok(Some(Refusal::UsedUp(Scope::User)));
    }
    // Who else takes from this person's day waits for the row that was just changed.
    if is_answering(tx, user).await? {
        return Ok(Some(Refusal::Answering));
    }
    within!(tx, c => sqlx::query(GLOBAL).bind(day).execute(c).await.map(drop))?;
    let taken = within!(tx, c => sqlx::query(TAKE_GLOBAL).bind(day).bind(i64::from(limits.global)).execute(c).await
        .map(|done| done.rows_affected()))?;
    if taken == 0 {
        return Ok(Some(Refusal::UsedUp(Scope::Global)));
    }
    within!(tx, c => sqlx::query(NOTE).bind(message.as_str()).bind(id).bind(day).execute(c).await.map(drop))?;
    Ok(None)
}

/// Whether the pool is writing an answer for this person.
async fn is_answering(tx: &mut Tx, user: &UserId) -> Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM messages m JOIN threads t ON t.id = m.thread_id
        JOIN free_reservations r ON r.message_id = m.id
        WHERE m.status IN ('pending', 'streaming') AND t.user_id = $1";
    let count =
        within!(tx, c => sqlx::query_scalar::<_, i64>(SQL).bind(user.as_str()).fetch_one(c).await)?;
    Ok(count > 0)
}

/// What was used of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// The day, in days since 1970.
    pub day: i64,
    /// By the person.
    pub user: i64,
    /// By all.
    pub global: i64,
    /// Requests of the person that were answered, on whatever day; counted up to `enough`.
    pub ever: i64,
}

/// What was used of the day that counts.
///
/// # Errors
/// When the database fails.
pub async fn used(db: &Db, user: &UserId, today: i64, enough: i64) -> Result<Used> {
    const SQL: &str = "SELECT d.day,
        COALESCE((SELECT used FROM free_usage_user_daily u WHERE u.user_id = $1 AND u.day = d.day), 0),
        COALESCE((SELECT used FROM free_usage_global_daily g WHERE g.day = d.day), 0),
        (SELECT COUNT(*) FROM (SELECT 1 FROM free_reservations WHERE user_id = $1 AND state = 'consumed' LIMIT $3) AS counted)
        FROM (SELECT CASE WHEN MAX(day) > $2 THEN MAX(day) ELSE $2 END AS day FROM free_usage_global_daily) AS d";
    let (day, user, global, ever) = read!(db, c => sqlx::query_as::<_, (i64, i64, i64, i64)>(SQL).bind(user.as_str()).bind(today)
        .bind(enough).fetch_one(c).await)?;
    Ok(Used {
        day,
        user,
        global,
        ever,
    })
}
