//! Answers that are being written: by one owner at a time, in one epoch.

use super::batches::Batches;
use super::hints::{self, Hint};
use super::messages::{NANO, Placed, Row, columns, signed, word};
use super::{Db, Result, Tx, read, within, write};
use crate::shared::chat::Message;
use crate::shared::ids::{KeyId, MessageId, ModelId, ProviderId, UserId};
use crate::shared::time::Timestamp;
use std::collections::HashMap;

/// Whether `owner` still writes each of these running answers in the epoch that it names, in their order.
///
/// # Errors
/// When the database fails.
pub async fn still_ours(
    tx: &mut Tx,
    owner: &str,
    answers: &[(&MessageId, i64)],
) -> Result<Vec<bool>> {
    static SQL: Batches = Batches::new(|rows| {
        let ids: Vec<String> = (2..rows + 2).map(|at| format!("${at}")).collect();
        format!(
            "SELECT id, epoch FROM messages WHERE owner = $1 AND status IN ('pending', 'streaming') AND id IN ({})",
            ids.join(", ")
        )
    });
    let mut found: HashMap<String, i64> = HashMap::with_capacity(answers.len());
    for (sql, part) in SQL.split(answers) {
        let rows: Vec<(String, i64)> = within!(&mut *tx, c => {
            let mut query = sqlx::query_as(sql).bind(owner);
            for (id, _) in part {
                query = query.bind(id.as_str());
            }
            query.fetch_all(c).await
        })?;
        found.extend(rows);
    }
    let ours = |(id, epoch): &(&MessageId, i64)| found.get(id.as_str()) == Some(epoch);
    Ok(answers.iter().map(ours).collect())
}

/// `pending` becomes `streaming`, if `owner` still writes it in this epoch.
///
/// # Errors
/// When the database fails.
pub async fn begin_streaming(tx: &mut Tx, id: &MessageId, owner: &str, epoch: i64) -> Result<bool> {
    const SQL: &str = "UPDATE messages SET status = 'streaming' WHERE id = $1 AND owner = $2 AND epoch = $3 AND status = 'pending'";
    let done = within!(tx, c => sqlx::query(SQL).bind(id.as_str()).bind(owner).bind(epoch).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// Who pays for an answer, as it is stored.
#[derive(Clone, Debug)]
pub struct PaidBy {
    /// Who answers.
    pub provider: ProviderId,
    /// The person's key at the answer's provider; none is the free pool's.
    pub key: Option<KeyId>,
    /// What the person sees of who pays.
    pub mask: String,
    /// The key that a gateway was given to pay with.
    pub brought: Option<KeyId>,
    /// The model that is paid for.
    pub model: ModelId,
}

/// Notes that a gateway was given this key to pay with.
///
/// # Errors
/// When the database fails.
pub async fn bring(tx: &mut Tx, id: &MessageId, key: &KeyId) -> Result<()> {
    const SQL: &str = "UPDATE messages SET brought_key_id = $2 WHERE id = $1";
    within!(tx, c => sqlx::query(SQL).bind(id.as_str()).bind(key.as_str()).execute(c).await.map(drop))?;
    Ok(())
}

/// Lets another key pay for an answer that has no text yet, if `owner` still writes it in this epoch. Answers whether it
/// did.
///
/// # Errors
/// When the database fails.
pub async fn hand_over(
    tx: &mut Tx,
    id: &MessageId,
    owner: &str,
    epoch: i64,
    by: &PaidBy,
) -> Result<bool> {
    const SQL: &str =
        "UPDATE messages SET key_id = $4, key_mask = $5, brought_key_id = $6, model = $7, provider = $8
        WHERE id = $1 AND owner = $2 AND epoch = $3 AND status = 'pending'";
    let key = by.key.as_ref().map(KeyId::as_str);
    let done = within!(tx, c => sqlx::query(SQL).bind(id.as_str()).bind(owner).bind(epoch).bind(key).bind(&by.mask)
        .bind(by.brought.as_ref().map(KeyId::as_str)).bind(by.model.as_str()).bind(by.provider.as_str()).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// How long the log of an answer that ended stays, for readers that come back. Milliseconds.
pub const LOG_MS: i64 = 60 * 60 * 1000;

/// Ends an answer at `now`: its text, outcome and cost in one step, if `owner` still writes it in this epoch. Answers
/// whether it did.
///
/// # Errors
/// When the database fails.
pub async fn finish(
    tx: &mut Tx,
    message: &Message,
    owner: &str,
    epoch: i64,
    now: Timestamp,
) -> Result<bool> {
    const SQL: &str = "UPDATE messages SET status = $3, content = $4, reasoning = $5, finish_reason = $6, error = $7, input_tokens = $8,
        output_tokens = $9, reasoning_tokens = $10, cost_nano_usd = $11, estimated = $12, ttft_ms = $13, duration_ms = $14,
        owner = NULL, lease_until = NULL, log_until = $16, attempts = $17, thought_ms = $18
        WHERE id = $1 AND owner = $2 AND epoch = $15 AND status IN ('pending', 'streaming')";
    let usage = message.usage.as_ref();
    let error = message
        .error
        .as_ref()
        .and_then(|error| serde_json::to_string(error).ok());
    let attempts = (!message.attempts.is_empty()).then_some(&message.attempts);
    let attempts = attempts.and_then(|attempts| serde_json::to_string(attempts).ok());
    #[expect(
        clippy::cast_possible_truncation,
        reason = "no answer costs nine billion dollars"
    )]
    let cost = usage
        .and_then(|usage| usage.cost)
        .map(|usd| (usd * NANO).round() as i64);
    let done = within!(tx, c => sqlx::query(SQL).bind(message.id.as_str()).bind(owner).bind(message.status.as_str())
        .bind(&message.content).bind(&message.reasoning).bind(message.finish_reason.as_ref().and_then(word)).bind(error)
        .bind(usage.map(|usage| signed(usage.input_tokens))).bind(usage.map(|usage| signed(usage.output_tokens)))
        .bind(usage.map(|usage| signed(usage.reasoning_tokens))).bind(cost).bind(usage.map(|usage| usage.estimated))
        .bind(message.timing.and_then(|timing| timing.ttft_ms).map(signed)).bind(message.timing.map(|timing| signed(timing.duration_ms)))
        .bind(epoch).bind(now.plus_ms(LOG_MS).0).bind(attempts)
        .bind(message.timing.and_then(|timing| timing.thought_ms).map(signed))
        .execute(c).await.map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// Asks a running answer to end. Answers whether it was running.
///
/// # Errors
/// When the database fails.
pub async fn request_stop(db: &Db, id: &MessageId, now: Timestamp) -> Result<bool> {
    const SQL: &str = "UPDATE messages SET stop_requested_at = $2 WHERE id = $1 AND status IN ('pending', 'streaming')";
    let mut tx = db.begin().await?;
    let done = within!(&mut tx, c => sqlx::query(SQL).bind(id.as_str()).bind(now.0).execute(c).await.map(|done| done.rows_affected()))?;
    hints::send(&mut tx, &Hint::Stop(id.clone())).await?;
    tx.commit().await?;
    Ok(done == 1)
}

/// The running answers that a key pays for, by itself or through a gateway.
///
/// # Errors
/// When the database fails.
pub async fn running_on(db: &Db, key: &KeyId) -> Result<Vec<MessageId>> {
    const SQL: &str = "SELECT id FROM messages WHERE status IN ('pending', 'streaming') AND (key_id = $1 OR brought_key_id = $1)";
    let ids = write!(db, c => sqlx::query_scalar::<_, String>(SQL).bind(key.as_str()).fetch_all(c).await)?;
    Ok(ids.into_iter().filter_map(|id| id.parse().ok()).collect())
}

/// The running answers of a person.
///
/// # Errors
/// When the database fails.
pub async fn running_of(db: &Db, user: &UserId) -> Result<Vec<MessageId>> {
    const SQL: &str = "SELECT m.id FROM messages m JOIN threads t ON t.id = m.thread_id
        WHERE m.status IN ('pending', 'streaming') AND t.user_id = $1";
    let ids = write!(db, c => sqlx::query_scalar::<_, String>(SQL).bind(user.as_str()).fetch_all(c).await)?;
    Ok(ids.into_iter().filter_map(|id| id.parse().ok()).collect())
}

/// Which of `owner`'s running answers were asked to end.
///
/// # Errors
/// When the database fails.
pub async fn stops_for(db: &Db, owner: &str) -> Result<Vec<MessageId>> {
    const SQL: &str = "SELECT id FROM messages WHERE status IN ('pending', 'streaming') AND owner = $1 AND stop_requested_at IS NOT NULL";
    let ids = read!(db, c => sqlx::query_scalar::<_, String>(SQL).bind(owner).fetch_all(c).await)?;
    Ok(ids.into_iter().filter_map(|id| id.parse().ok()).collect())
}

/// Extends the leases of these answers, as far as `owner` writes them.
///
/// # Errors
/// When the database fails.
pub async fn renew_leases(
    db: &Db,
    owner: &str,
    answers: &[MessageId],
    until: Timestamp,
) -> Result<()> {
    static SQL: Batches = Batches::new(|rows| {
        let ids: Vec<String> = (3..rows + 3).map(|at| format!("${at}")).collect();
        format!(
            "UPDATE messages SET lease_until = $2 WHERE owner = $1 AND status IN ('pending', 'streaming') AND id IN ({})",
            ids.join(", ")
        )
    });
    for (sql, part) in SQL.split(answers) {
        write!(db, c => {
            let mut query = sqlx::query(sql).bind(owner).bind(until.0);
            for id in part {
                query = query.bind(id.as_str());
            }
            query.execute(c).await.map(drop)
        })?;
    }
    Ok(())
}

/// Running answers whose writer has not renewed its lease since `before`.
///
/// # Errors
/// When the database fails.
pub async fn orphans(db: &Db, before: Timestamp) -> Result<Vec<MessageId>> {
    const SQL: &str = "SELECT id FROM messages WHERE status IN ('pending', 'streaming') AND lease_until < $1 LIMIT 1000";
    let ids =
        write!(db, c => sqlx::query_scalar::<_, String>(SQL).bind(before.0).fetch_all(c).await)?;
    Ok(ids.into_iter().filter_map(|id| id.parse().ok()).collect())
}

/// Takes an orphan over, if nobody else did, and answers it with its new epoch.
///
/// # Errors
/// When the database fails.
pub async fn adopt(
    tx: &mut Tx,
    id: &MessageId,
    owner: &str,
    before: Timestamp,
) -> Result<Option<(Message, i64)>> {
    const TAKE: &str = "UPDATE messages SET owner = $2, epoch = epoch + 1
        WHERE id = $1 AND status IN ('pending', 'streaming') AND lease_until < $3 RETURNING epoch";
    const GET: &str = columns!("WHERE m.id = $1");
    let taken = within!(&mut *tx, c => sqlx::query_scalar::<_, i64>(TAKE).bind(id.as_str()).bind(owner).bind(before.0).fetch_optional(c).await)?;
    let Some(epoch) = taken else { return Ok(None) };
    let row = within!(tx, c => sqlx::query_as::<_, Row>(GET).bind(id.as_str()).fetch_one(c).await)?;
    Ok(Some((Placed::try_from(row)?.message, epoch)))
}
