//! Messages: a tree by parent, of which one branch is shown. Answers are written by one owner at a time.

use super::batches::Batches;
use super::hints::{self, Hint};
use super::{Db, Result, StoreError, Tx, by, read, within, write};
use crate::shared::chat::{FinishReason, Message, MessageStatus, Role, Timing, Usage};
use crate::shared::ids::{
    ClientRequestId, KeyId, MessageId, ModelId, ProviderId, ThreadId, UserId,
};
use crate::shared::provider::KeyView;
use crate::shared::time::Timestamp;
use std::collections::HashMap;

const NANO: f64 = 1e9;

/// A message with its place in the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The message.
    pub message: Message,
    /// From 1 at the root.
    pub depth: i64,
    /// The visible tail of the key that paid.
    pub key_mask: Option<String>,
    /// Which of its siblings it is, from 1, and how many there are.
    pub sibling: (u32, u32),
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    thread_id: String,
    parent_id: Option<String>,
    depth: i64,
    role: String,
    content: String,
    reasoning: Option<String>,
    status: String,
    finish_reason: Option<String>,
    error: Option<String>,
    provider: Option<String>,
    model: Option<String>,
    key_id: Option<String>,
    key_mask: Option<String>,
    client_request_id: Option<String>,
    input_tokens: Option<i64>,
    output_tokens: Option<i64>,
    reasoning_tokens: Option<i64>,
    cost_nano_usd: Option<i64>,
    estimated: Option<bool>,
    ttft_ms: Option<i64>,
    duration_ms: Option<i64>,
    attempts: Option<String>,
    created_at: i64,
}

macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, m.thread_id, m.parent_id, m.depth, m.role, m.content, m.reasoning, m.status, m.finish_reason, m.error, m.provider,
             m.model, m.key_id, m.key_mask, m.client_request_id, m.input_tokens, m.output_tokens, m.reasoning_tokens, m.cost_nano_usd,
             m.estimated, m.ttft_ms, m.duration_ms, m.attempts, m.created_at
             FROM messages m ",
            $rest
        )
    };
}

fn word<T: serde::Serialize>(value: &T) -> Option<String> {
    serde_json::to_value(value)
        .ok()?
        .as_str()
        .map(str::to_owned)
}

fn from_word<T: serde::de::DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

fn unsigned(value: Option<i64>) -> Option<u64> {
    value.and_then(|value| u64::try_from(value).ok())
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl TryFrom<Row> for Placed {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let corrupt = |column| StoreError::Corrupt {
            table: "messages",
            column,
            id: row.id.clone(),
        };
        let optional = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let usage = match (unsigned(row.input_tokens), unsigned(row.output_tokens)) {
            (Some(input_tokens), Some(output_tokens)) => Some(Usage {
                input_tokens,
                output_tokens,
                reasoning_tokens: unsigned(row.reasoning_tokens).unwrap_or(0),
                total_tokens: input_tokens + output_tokens,
                #[expect(clippy::cast_precision_loss, reason = "below 2^53 nano-dollars")]
                cost: row.cost_nano_usd.map(|nano| nano as f64 / NANO),
                estimated: row.estimated.unwrap_or(false),
            }),
            _ => None,
        };
        let message = Message {
            id: row.id.parse().map_err(|_| corrupt("id"))?,
            thread_id: row.thread_id.parse().map_err(|_| corrupt("thread_id"))?,
            parent_id: row
                .parent_id
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|_| corrupt("parent_id"))?,
            role: from_word::<Role>(&row.role).ok_or_else(|| corrupt("role"))?,
            status: from_word::<MessageStatus>(&row.status).ok_or_else(|| corrupt("status"))?,
            reasoning: optional(&row.reasoning),
            finish_reason: row
                .finish_reason
                .as_deref()
                .and_then(from_word::<FinishReason>),
            error: row
                .error
                .as_deref()
                .and_then(|json| serde_json::from_str(json).ok()),
            provider: row.provider.as_deref().and_then(|text| text.parse().ok()),
            model: row.model.as_deref().and_then(|text| text.parse().ok()),
            key_id: row.key_id.as_deref().and_then(|text| text.parse().ok()),
            client_request_id: row
                .client_request_id
                .as_deref()
                .and_then(|text| text.parse().ok()),
            timing: unsigned(row.duration_ms).map(|duration_ms| Timing {
                ttft_ms: unsigned(row.ttft_ms),
                duration_ms,
            }),
            usage,
            attempts: row
                .attempts
                .as_deref()
                .and_then(|json| serde_json::from_str(json).ok())
                .unwrap_or_default(),
            content: row.content,
            created_at: Timestamp(row.created_at),
        };
        Ok(Self {
            message,
            depth: row.depth,
            key_mask: row.key_mask,
            sibling: (1, 1),
        })
    }
}

/// Parent, time and id of a message: what decides its place among siblings.
type Beside = (Option<String>, i64, String);

impl Placed {
    /// Finds its place among `others`, of which those with another parent do not count.
    fn count_siblings<'a>(&mut self, others: impl Iterator<Item = &'a Beside>) {
        let message = &self.message;
        let parent = message.parent_id.as_ref().map(MessageId::as_str);
        let ours = (message.created_at.0, message.id.as_str());
        let (mut which, mut of) = (1, 1);
        for (_, at, id) in others.filter(|(above, _, _)| above.as_deref() == parent) {
            of += 1;
            which += u32::from((*at, id.as_str()) < ours);
        }
        self.sibling = (which, of);
    }
}

/// Messages of the shown branch with their places. Nearly all have no siblings, so what is read is what is not shown.
async fn shown(db: &Db, thread: &ThreadId, rows: Vec<Row>) -> Result<Vec<Placed>> {
    const ASIDE: &str = "SELECT parent_id, created_at, id FROM messages
        WHERE thread_id = $1 AND depth >= $2 AND depth <= $3 AND NOT on_branch";
    let placed: Result<Vec<Placed>> = rows.into_iter().map(TryInto::try_into).collect();
    let mut placed = placed?;
    let depths = || placed.iter().map(|placed| placed.depth);
    let (Some(first), Some(last)) = (depths().min(), depths().max()) else {
        return Ok(placed);
    };
    let aside = read!(db, c => sqlx::query_as::<_, Beside>(ASIDE).bind(thread.as_str()).bind(first).bind(last).fetch_all(c).await)?;
    if !aside.is_empty() {
        for placed in &mut placed {
            placed.count_siblings(aside.iter());
        }
    }
    Ok(placed)
}

/// One message of a thread that belongs to `user`.
///
/// # Errors
/// When the database fails.
pub async fn get(
    db: &Db,
    user: &UserId,
    thread: &ThreadId,
    id: &MessageId,
) -> Result<Option<Placed>> {
    const SQL: &str = columns!(
        "JOIN threads t ON t.id = m.thread_id WHERE m.id = $1 AND m.thread_id = $2 AND t.user_id = $3"
    );
    const LEVEL: &str =
        "SELECT parent_id, created_at, id FROM messages WHERE thread_id = $1 AND depth = $2";
    let row = read!(db, c => sqlx::query_as::<_, Row>(SQL).bind(id.as_str()).bind(thread.as_str()).bind(user.as_str()).fetch_optional(c).await)?;
    let Some(row) = row else { return Ok(None) };
    let mut placed = Placed::try_from(row)?;
    let level = read!(db, c => sqlx::query_as::<_, Beside>(LEVEL).bind(thread.as_str()).bind(placed.depth).fetch_all(c).await)?;
    placed.count_siblings(level.iter().filter(|(_, _, other)| other != id.as_str()));
    Ok(Some(placed))
}

/// The shown branch from after depth `after` on, oldest first. The caller has checked the thread's owner.
///
/// # Errors
/// When the database fails.
pub async fn branch(db: &Db, thread: &ThreadId, after: i64, limit: i64) -> Result<Vec<Placed>> {
    const SQL: &str = columns!(
        "WHERE m.thread_id = $1 AND m.on_branch AND m.depth > $2 ORDER BY m.depth LIMIT $3"
    );
    let rows = read!(db, c => sqlx::query_as::<_, Row>(SQL).bind(thread.as_str()).bind(after).bind(limit).fetch_all(c).await)?;
    shown(db, thread, rows).await
}

/// The newest messages of the shown branch before depth `before`, newest first. The caller has checked the thread's owner.
///
/// # Errors
/// When the database fails.
pub async fn newest(db: &Db, thread: &ThreadId, before: i64, limit: i64) -> Result<Vec<Placed>> {
    const SQL: &str = columns!(
        "WHERE m.thread_id = $1 AND m.on_branch AND m.depth < $2 ORDER BY m.depth DESC LIMIT $3"
    );
    let rows = read!(db, c => sqlx::query_as::<_, Row>(SQL).bind(thread.as_str()).bind(before).bind(limit).fetch_all(c).await)?;
    shown(db, thread, rows).await
}

/// A message with all that led to it, oldest first; nothing when it is not in this thread. The caller has checked the
/// thread's owner.
///
/// # Errors
/// When the database fails.
pub async fn path_to(db: &Db, thread: &ThreadId, id: &MessageId) -> Result<Vec<Placed>> {
    const SQL: &str = concat!(
        "WITH RECURSIVE up (up_id, above) AS (
            SELECT id, parent_id FROM messages WHERE id = $1 AND thread_id = $2
            UNION ALL
            SELECT m.id, m.parent_id FROM messages m JOIN up ON m.id = up.above) ",
        columns!("JOIN up ON up.up_id = m.id ORDER BY m.depth")
    );
    let rows = read!(db, c => sqlx::query_as::<_, Row>(SQL).bind(id.as_str()).bind(thread.as_str()).fetch_all(c).await)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The last message of the shown branch, inside a transaction.
///
/// # Errors
/// When the database fails.
pub async fn tip(tx: &mut Tx, thread: &ThreadId) -> Result<Option<Placed>> {
    const SQL: &str =
        columns!("WHERE m.thread_id = $1 AND m.on_branch ORDER BY m.depth DESC LIMIT 1");
    let row = within!(tx, c => sqlx::query_as::<_, Row>(SQL).bind(thread.as_str()).fetch_optional(c).await)?;
    row.map(TryInto::try_into).transpose()
}

/// The shown branch down to `depth` as a provider reads it; what ended without a word is left out.
///
/// # Errors
/// When the database fails.
pub async fn said(tx: &mut Tx, thread: &ThreadId, depth: i64) -> Result<Vec<(Role, String)>> {
    const SQL: &str = "SELECT role, content FROM messages WHERE thread_id = $1 AND on_branch AND depth <= $2 AND content <> '' ORDER BY depth";
    let rows: Vec<(String, String)> =
        within!(tx, c => sqlx::query_as(SQL).bind(thread.as_str()).bind(depth).fetch_all(c).await)?;
    Ok(rows
        .into_iter()
        .filter_map(|(role, text)| Some((from_word::<Role>(&role)?, text)))
        .collect())
}

/// The answer that is being written in this thread, if any.
///
/// # Errors
/// When the database fails.
pub async fn running(tx: &mut Tx, thread: &ThreadId) -> Result<Option<MessageId>> {
    const SQL: &str =
        "SELECT id FROM messages WHERE thread_id = $1 AND status IN ('pending', 'streaming')";
    let id = within!(tx, c => sqlx::query_scalar::<_, String>(SQL).bind(thread.as_str()).fetch_optional(c).await)?;
    Ok(id.and_then(|id| id.parse().ok()))
}

/// How many answers are running: of everybody, and of `user`. On PostgreSQL the sends of one person wait for each other
/// from here on, so that two at once do not both take the last place.
///
/// # Errors
/// When the database fails.
pub async fn count_running(tx: &mut Tx, user: &UserId) -> Result<(i64, i64)> {
    const LOCK: &str = "SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE";
    // From the index of running answers: bounded by the limit, whatever a person's history is.
    const SQL: &str = "SELECT COUNT(*), COUNT(*) FILTER (WHERE t.user_id = $1) FROM messages m
        JOIN threads t ON t.id = m.thread_id WHERE m.status IN ('pending', 'streaming')";
    if let Tx::Postgres { tx, until } = tx {
        let lock = sqlx::query(LOCK).bind(user.as_str()).execute(&mut **tx);
        by(*until, lock).await?;
    }
    Ok(within!(tx, c => sqlx::query_as(SQL).bind(user.as_str()).fetch_one(c).await)?)
}

/// Shows the branch that ends at `tip`, or nothing when `tip` is none. Only the messages from the fork on are written.
///
/// # Errors
/// When the database fails.
pub async fn show_up_to(tx: &mut Tx, thread: &ThreadId, tip: Option<&Placed>) -> Result<()> {
    const HIDE: &str =
        "UPDATE messages SET on_branch = FALSE WHERE thread_id = $1 AND on_branch AND depth > $2";
    // Up from the tip to the first message that is shown already.
    const FORK: &str = "WITH RECURSIVE up (id, parent_id, depth, on_branch) AS (
            SELECT id, parent_id, depth, on_branch FROM messages WHERE id = $1
            UNION ALL
            SELECT m.id, m.parent_id, m.depth, m.on_branch FROM messages m JOIN up ON m.id = up.parent_id WHERE NOT up.on_branch)
        SELECT id, depth, on_branch FROM up ORDER BY depth";
    const SHOW: &str = "UPDATE messages SET on_branch = TRUE WHERE id = $1";
    let Some(tip) = tip else {
        within!(tx, c => sqlx::query(HIDE).bind(thread.as_str()).bind(0i64).execute(c).await.map(drop))?;
        return Ok(());
    };
    let path: Vec<(String, i64, bool)> =
        within!(tx, c => sqlx::query_as(FORK).bind(tip.message.id.as_str()).fetch_all(c).await)?;
    let shared = path.first().map_or(
        0,
        |(_, depth, shown)| if *shown { *depth } else { depth - 1 },
    );
    within!(tx, c => sqlx::query(HIDE).bind(thread.as_str()).bind(shared).execute(c).await.map(drop))?;
    for (id, _, _) in path.iter().filter(|(_, _, shown)| !shown) {
        within!(tx, c => sqlx::query(SHOW).bind(id).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// The sibling of `of` that is `step` places further, if there is one.
///
/// # Errors
/// When the database fails.
pub async fn siblings(tx: &mut Tx, of: &Placed) -> Result<Vec<MessageId>> {
    const SQL: &str = "SELECT id FROM messages WHERE thread_id = $1 AND depth = $2 AND ($2 = 1 OR parent_id = $3) ORDER BY created_at, id";
    let parent = of.message.parent_id.as_ref().map(MessageId::as_str);
    let ids = within!(tx, c => sqlx::query_scalar::<_, String>(SQL).bind(of.message.thread_id.as_str()).bind(of.depth).bind(parent)
        .fetch_all(c).await)?;
    Ok(ids.into_iter().filter_map(|id| id.parse().ok()).collect())
}

/// Shows the branch through `id`, continued below it by the newest descendants.
///
/// # Errors
/// When the database fails.
pub async fn show_through(tx: &mut Tx, id: &MessageId) -> Result<()> {
    const ONE: &str = columns!("WHERE m.id = $1");
    const CHILD: &str =
        "SELECT id FROM messages WHERE parent_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1";
    let mut tip = id.as_str().to_owned();
    while let Some(child) =
        within!(tx, c => sqlx::query_scalar::<_, String>(CHILD).bind(&tip).fetch_optional(c).await)?
    {
        tip = child;
    }
    let row = within!(tx, c => sqlx::query_as::<_, Row>(ONE).bind(&tip).fetch_optional(c).await)?;
    let Some(tip) = row.map(Placed::try_from).transpose()? else {
        return Ok(());
    };
    let thread = tip.message.thread_id.clone();
    show_up_to(tx, &thread, Some(&tip)).await
}

/// Adds a message to the shown branch.
///
/// # Errors
/// When the database fails; a conflict means that the thread is being answered ([`StoreError::is_conflict`]).
pub async fn insert(tx: &mut Tx, placed: &Placed, owner: Option<(&str, Timestamp)>) -> Result<()> {
    const SQL: &str = "INSERT INTO messages (id, thread_id, parent_id, depth, on_branch, role, content, status, provider, model, key_id,
        key_mask, client_request_id, created_at, owner, lease_until)
        VALUES ($1, $2, $3, $4, TRUE, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let message = &placed.message;
    within!(tx, c => sqlx::query(SQL).bind(message.id.as_str()).bind(message.thread_id.as_str())
        .bind(message.parent_id.as_ref().map(MessageId::as_str)).bind(placed.depth).bind(word(&message.role)).bind(&message.content)
        .bind(message.status.as_str()).bind(message.provider.as_ref().map(ProviderId::as_str))
        .bind(message.model.as_ref().map(ModelId::as_str)).bind(message.key_id.as_ref().map(KeyId::as_str))
        .bind(&placed.key_mask).bind(message.client_request_id.as_ref().map(ClientRequestId::as_str)).bind(message.created_at.0)
        .bind(owner.map(|(owner, _)| owner)).bind(owner.map(|(_, until)| until.0)).execute(c).await.map(drop))?;
    Ok(())
}

/// Adds messages that have ended elsewhere already, to the shown branch. They cost nothing here, so no usage comes along.
///
/// # Errors
/// When the database fails.
pub async fn copy(tx: &mut Tx, said: &[Placed]) -> Result<()> {
    const COLUMNS: usize = 12;
    static SQL: Batches = Batches::new(|rows| {
        let row = |nth: usize| {
            let places: Vec<String> = (1..=COLUMNS)
                .map(|at| format!("${}", nth * COLUMNS + at))
                .collect();
            format!("({}, TRUE)", places.join(", "))
        };
        let rows: Vec<String> = (0..rows).map(row).collect();
        format!(
            "INSERT INTO messages (id, thread_id, parent_id, depth, role, content, reasoning, status, finish_reason, provider, model,
             created_at, on_branch) VALUES {}",
            rows.join(", ")
        )
    });
    for (sql, part) in SQL.split(said) {
        within!(&mut *tx, c => {
            let mut query = sqlx::query(sql);
            for Placed { message, depth, .. } in part {
                query = query.bind(message.id.as_str()).bind(message.thread_id.as_str())
                    .bind(message.parent_id.as_ref().map(MessageId::as_str)).bind(*depth).bind(word(&message.role)).bind(&message.content)
                    .bind(&message.reasoning).bind(message.status.as_str()).bind(message.finish_reason.as_ref().and_then(word))
                    .bind(message.provider.as_ref().map(ProviderId::as_str)).bind(message.model.as_ref().map(ModelId::as_str))
                    .bind(message.created_at.0);
            }
            query.execute(c).await.map(drop)
        })?;
    }
    Ok(())
}

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
    key: &KeyView,
) -> Result<bool> {
    const SQL: &str = "UPDATE messages SET key_id = $4, key_mask = $5
        WHERE id = $1 AND owner = $2 AND epoch = $3 AND status = 'pending'";
    let done = within!(tx, c => sqlx::query(SQL).bind(id.as_str()).bind(owner).bind(epoch).bind(key.id.as_str()).bind(&key.mask)
        .execute(c).await.map(|done| done.rows_affected()))?;
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
        owner = NULL, lease_until = NULL, log_until = $16, attempts = $17
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

/// The running answers that a key pays for.
///
/// # Errors
/// When the database fails.
pub async fn running_on(db: &Db, key: &KeyId) -> Result<Vec<MessageId>> {
    const SQL: &str =
        "SELECT id FROM messages WHERE status IN ('pending', 'streaming') AND key_id = $1";
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
