//! Messages: a tree by parent, of which one branch is shown.

use super::batches::Batches;
use super::{Db, Result, StoreError, Tx, by, read, within};
use crate::shared::chat::{FinishReason, Message, MessageStatus, Role, Timing, Usage};
use crate::shared::ids::{MessageId, ModelId, ProviderId, ThreadId, UserId};
use crate::shared::time::Timestamp;

pub(super) const NANO: f64 = 1e9;

/// A message with its place in the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// The message.
    pub message: Message,
    /// From 1 at the root.
    pub depth: i64,
    /// The visible tail of the key that paid.
    pub key_mask: Option<String>,
    /// What that key is called, while it is there.
    pub key_label: Option<String>,
    /// Which of its siblings it is, from 1, and how many there are.
    pub sibling: (u32, u32),
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
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
    key_label: Option<String>,
    client_request_id: Option<String>,
    input_tokens: Option<i64>,
    output_tokens: Option<i64>,
    reasoning_tokens: Option<i64>,
    cost_nano_usd: Option<i64>,
    estimated: Option<bool>,
    ttft_ms: Option<i64>,
    duration_ms: Option<i64>,
    thought_ms: Option<i64>,
    attempts: Option<String>,
    created_at: i64,
}

macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, m.thread_id, m.parent_id, m.depth, m.role, m.content, m.reasoning, m.status, m.finish_reason, m.error, m.provider,
             m.model, m.key_id, m.key_mask, m.client_request_id, m.input_tokens, m.output_tokens, m.reasoning_tokens, m.cost_nano_usd,
             m.estimated, m.ttft_ms, m.duration_ms, m.thought_ms, m.attempts, m.created_at,
             (SELECT k.label FROM provider_keys k WHERE k.id = m.key_id) AS key_label
             FROM messages m ",
            $rest
        )
    };
}
pub(super) use columns;

pub(super) fn word<T: serde::Serialize>(value: &T) -> Option<String> {
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

pub(super) fn signed(value: u64) -> i64 {
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
                thought_ms: unsigned(row.thought_ms),
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
            key_label: row.key_label,
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

/// Messages of all branches, parents before what was said below them, from after the place `after` (depth and id) on. The
/// caller has checked the thread's owner.
///
/// # Errors
/// When the database fails.
pub async fn every(
    db: &Db,
    thread: &ThreadId,
    after: (i64, &str),
    limit: i64,
) -> Result<Vec<Placed>> {
    const SQL: &str = columns!(
        "WHERE m.thread_id = $1 AND (m.depth, m.id) > ($2, $3) ORDER BY m.depth, m.id LIMIT $4"
    );
    let (depth, id) = after;
    let rows = read!(db, c => sqlx::query_as::<_, Row>(SQL).bind(thread.as_str()).bind(depth).bind(id).bind(limit).fetch_all(c).await)?;
    rows.into_iter().map(TryInto::try_into).collect()
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

/// Where a message stands in the tree of its thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The message.
    pub id: MessageId,
    /// How far down it is, from 1.
    pub depth: i64,
}

impl From<&Placed> for Spot {
    fn from(placed: &Placed) -> Self {
        Self {
            id: placed.message.id.clone(),
            depth: placed.depth,
        }
    }
}

/// The answers that are being written, and the end of the thread that was asked about.
#[derive(Debug, PartialEq, Eq)]
pub struct Running {
    /// In the thread that was asked about.
    pub here: Option<MessageId>,
    /// Of the person.
    pub own: usize,
    /// Of everybody.
    pub all: usize,
    /// The last message of the thread's shown branch.
    pub tip: Option<Spot>,
}

/// What is running in this thread, of `user`, and at all, and where the thread ends. On PostgreSQL the sends of one person wait for each other
/// from here on, so that two at once do not both take the last place.
///
/// # Errors
/// When the database fails.
pub async fn count_running(tx: &mut Tx, user: &UserId, thread: &ThreadId) -> Result<Running> {
    type Counted = (i64, i64, Option<String>, Option<String>, Option<i64>);
    const LOCK: &str = "SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE";
    // From the index of running answers: bounded by the limit, whatever a person's history is.
    const SQL: &str = "SELECT running.*, tip.id, tip.depth FROM
        (SELECT COUNT(*), COUNT(*) FILTER (WHERE t.user_id = $1), MAX(CASE WHEN t.id = $2 THEN m.id END)
         FROM messages m JOIN threads t ON t.id = m.thread_id WHERE m.status IN ('pending', 'streaming')) running
        LEFT JOIN (SELECT id, depth FROM messages WHERE thread_id = $2 AND on_branch ORDER BY depth DESC LIMIT 1) tip ON TRUE";
    if let Tx::Postgres { tx, until } = tx {
        let lock = sqlx::query(LOCK).bind(user.as_str()).execute(&mut **tx);
        by(*until, lock).await?;
    }
    let (all, own, here, tip, depth): Counted = within!(tx, c => sqlx::query_as(SQL).bind(user.as_str()).bind(thread.as_str()).fetch_one(c).await)?;
    let count = |count| usize::try_from(count).unwrap_or(0);
    Ok(Running {
        here: here.and_then(|id| id.parse().ok()),
        own: count(own),
        all: count(all),
        tip: tip
            .and_then(|id| id.parse().ok())
            .zip(depth)
            .map(|(id, depth)| Spot { id, depth }),
    })
}

/// Shows the branch that ends at `tip`, or nothing when `tip` is none. Only the messages from the fork on are written.
///
/// # Errors
/// When the database fails.
pub async fn show_up_to(tx: &mut Tx, thread: &ThreadId, tip: Option<&MessageId>) -> Result<()> {
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
        within!(tx, c => sqlx::query_as(FORK).bind(tip.as_str()).fetch_all(c).await)?;
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
    const THREAD: &str = "SELECT thread_id FROM messages WHERE id = $1";
    const CHILD: &str =
        "SELECT id FROM messages WHERE parent_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1";
    let mut tip = id.as_str().to_owned();
    while let Some(child) =
        within!(tx, c => sqlx::query_scalar::<_, String>(CHILD).bind(&tip).fetch_optional(c).await)?
    {
        tip = child;
    }
    let thread = within!(tx, c => sqlx::query_scalar::<_, String>(THREAD).bind(&tip).fetch_optional(c).await)?;
    let found = thread.and_then(|thread| Some((thread.parse().ok()?, tip.parse().ok()?)));
    match found {
        Some((thread, tip)) => show_up_to(tx, &thread, Some(&tip)).await,
        None => Ok(()),
    }
}

/// Who writes an answer, and until when that holds.
pub type Lease<'a> = (&'a str, Timestamp);

/// A message to add, and who writes it if it is about to be written.
pub type NewRow<'a> = (&'a Placed, Option<Lease<'a>>);

/// Columns of a row that [`bind_rows`] binds.
pub(super) const NEW_COLUMNS: usize = 15;

/// The statement that adds so many rows.
pub(super) fn insert_sql(rows: usize) -> String {
    format!(
        "INSERT INTO messages (id, thread_id, parent_id, depth, role, content, status, provider, model, key_id, key_mask,
         client_request_id, created_at, owner, lease_until, on_branch) VALUES {}",
        shown_rows(rows, NEW_COLUMNS)
    )
}

/// Binds rows to [`insert_sql`]: a macro, because the two databases' queries are of two types.
macro_rules! bind_rows {
    ($query:expr, $rows:expr) => {{
        let mut query = $query;
        for (
            $crate::server::store::messages::Placed {
                message,
                depth,
                key_mask,
                ..
            },
            lease,
        ) in $rows
        {
            query = query
                .bind(message.id.as_str())
                .bind(message.thread_id.as_str())
                .bind(message.parent_id.as_ref().map(MessageId::as_str))
                .bind(*depth)
                .bind($crate::server::store::messages::word(&message.role))
                .bind(&message.content)
                .bind(message.status.as_str())
                .bind(message.provider.as_ref().map(|id| id.as_str()))
                .bind(message.model.as_ref().map(|id| id.as_str()))
                .bind(message.key_id.as_ref().map(|id| id.as_str()))
                .bind(key_mask)
                .bind(message.client_request_id.as_ref().map(|id| id.as_str()))
                .bind(message.created_at.0)
                .bind(lease.map(|(owner, _)| owner))
                .bind(lease.map(|(_, until)| until.0));
        }
        query
    }};
}
pub(super) use bind_rows;

/// Adds messages to the shown branch.
///
/// # Errors
/// When the database fails; a conflict means that the thread is being answered ([`StoreError::is_conflict`]).
pub async fn insert(tx: &mut Tx, rows: &[NewRow<'_>]) -> Result<()> {
    static SQL: Batches = Batches::new(insert_sql);
    for (sql, part) in SQL.split(rows) {
        within!(&mut *tx, c => bind_rows!(sqlx::query(sql), part).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// Places for so many rows of so many columns, and `TRUE` for one more that says that they are shown.
fn shown_rows(rows: usize, columns: usize) -> String {
    let row = |nth: usize| {
        let places: Vec<String> = (1..=columns)
            .map(|at| format!("${}", nth * columns + at))
            .collect();
        format!("({}, TRUE)", places.join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    rows.join(", ")
}

/// Adds messages that have ended elsewhere already, to the shown branch. They cost nothing here, so no usage comes along.
///
/// # Errors
/// When the database fails.
pub async fn copy(tx: &mut Tx, said: &[Placed]) -> Result<()> {
    static SQL: Batches = Batches::new(|rows| {
        format!(
            "INSERT INTO messages (id, thread_id, parent_id, depth, role, content, reasoning, status, finish_reason, provider, model,
             created_at, on_branch) VALUES {}",
            shown_rows(rows, 12)
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
