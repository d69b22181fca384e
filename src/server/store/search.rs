//! Full-text search over titles and messages. What is found by which words is kept by triggers (migrations 6, 13 and 14), but
//! for texts in scripts without blanks on SQLite, whose characters are set apart here.

use super::threads::Row;
use super::words::{Words, spaced};
use super::{Db, Result, StoreError, read, within};
use crate::shared::chat::{Thread, ThreadStatus};
use crate::shared::ids::{MessageId, UserId};
use std::time::Duration;

/// From so many of a person's titles and messages on, what has these words is looked for thread by thread.
const COMMON: i64 = 2000;

/// So many texts are read at once that wait for the index.
const AT_ONCE: u32 = 32;
/// How often those are looked for.
const EVERY: Duration = Duration::from_secs(1);

/// A thread that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The thread.
    pub thread: Thread,
    /// The newest message that was found and what it says, unless it was only the title.
    pub message: Option<(MessageId, String)>,
}

#[derive(sqlx::FromRow)]
struct FoundRow {
    #[sqlx(flatten)]
    thread: Row,
    message_id: Option<String>,
    said: Option<String>,
}

impl TryFrom<FoundRow> for Found {
    type Error = StoreError;

    fn try_from(row: FoundRow) -> Result<Self> {
        let id = row.message_id.map(|id| {
            id.parse().map_err(|_| StoreError::Corrupt {
                table: "messages",
                column: "id",
                id,
            })
        });
        Ok(Self {
            thread: row.thread.try_into()?,
            message: id.transpose()?.zip(row.said),
        })
    }
}

/// A page of threads (`$1` to `$5` as in `threads::list`) with the entry by which each was found; `$6` is the query.
macro_rules! page {
    (hits: $hits:literal) => {
        concat!(
            "WITH hits AS MATERIALIZED (", $hits, "), found AS MATERIALIZED (
                SELECT e.thread_id, max(CASE WHEN e.message_id IS NULL THEN 0 ELSE e.id END) AS entry
                FROM hits CROSS JOIN search_entries e WHERE e.id = hits.id GROUP BY e.thread_id),
             page AS MATERIALIZED (SELECT t.*, found.entry FROM found CROSS JOIN threads t WHERE t.id = found.thread_id
                AND t.user_id = $1 AND t.status = $2 AND (t.updated_at, t.id) < ($3, $4)
                ORDER BY t.updated_at DESC, t.id DESC LIMIT $5) ",
            page!()
        )
    };
    (entry: $entry:literal) => {
        concat!(
            // The inner limit keeps the entry from being looked for twice a thread, to see whether there is one and to say it.
            "WITH page AS MATERIALIZED (SELECT * FROM (SELECT t.*, (", $entry, ") AS entry FROM threads t
                WHERE t.user_id = $1 AND t.status = $2 AND (t.updated_at, t.id) < ($3, $4)
                ORDER BY t.updated_at DESC, t.id DESC LIMIT 9223372036854775807) looked WHERE entry IS NOT NULL LIMIT $5) ",
            page!()
        )
    };
    () => {
        "SELECT p.id, p.title, p.provider, p.model, p.system_prompt, p.settings, p.status, p.private, p.pool_fallback, p.pinned, p.created_at, p.updated_at,
            m.id AS message_id, substr(m.content, 1, 100000) AS said
         FROM page p LEFT JOIN search_entries e ON e.id = p.entry LEFT JOIN messages m ON m.id = e.message_id
         ORDER BY p.updated_at DESC, p.id DESC"
    };
}

const SQLITE_COUNT: &str =
    "SELECT COUNT(*) FROM (SELECT 1 FROM search_words WHERE search_words MATCH $1 LIMIT $2)";
const SQLITE_HITS: &str =
    page!(hits: "SELECT rowid AS id FROM search_words WHERE search_words MATCH $6");
// The plus keeps SQLite from asking for the greatest first: FTS5 steps backwards through a list in the square of its length.
const SQLITE_WALK: &str = page!(entry: "SELECT max(+s.rowid) FROM search_words s
    WHERE s.search_words MATCH 'thread : \"' || replace(t.id, '-', '') || '\" AND ' || $6");

const POSTGRES_COUNT: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM search_entries WHERE words @@ $1::tsquery LIMIT $2) AS few";
const POSTGRES_HITS: &str = page!(hits: "SELECT id FROM search_entries WHERE words @@ $6::tsquery");
// `OFFSET 0` keeps the planner from asking the index of words for each thread.
const POSTGRES_WALK: &str = page!(entry: "SELECT own.id FROM (SELECT id, words FROM search_entries WHERE thread_id = t.id
    ORDER BY id DESC OFFSET 0) own WHERE own.words @@ $6::tsquery LIMIT 1");

/// The statements of a search on this database, each with a query that it takes: for those who look at their plans.
#[must_use]
pub const fn statements(db: &Db) -> [(&'static str, &'static str); 3] {
    const SQLITE: &str = "words : (\"a\")";
    const POSTGRES: &str = "'a'";
    match db {
        Db::Sqlite { .. } => [
            (SQLITE_COUNT, SQLITE),
            (SQLITE_HITS, SQLITE),
            (SQLITE_WALK, SQLITE),
        ],
        Db::Postgres(_) => [
            (POSTGRES_COUNT, POSTGRES),
            (POSTGRES_HITS, POSTGRES),
            (POSTGRES_WALK, POSTGRES),
        ],
    }
}

/// A page of a person's threads that have all of these words in their title or in one message, newest activity first, from
/// after `cursor` on.
///
/// Few hits are collected from the index and put in order. Many are not: then the newest threads are asked one by one, until
/// the page is full.
///
/// # Errors
/// When the database fails.
pub async fn find(
    db: &Db,
    user: &UserId,
    status: ThreadStatus,
    words: &Words,
    cursor: Option<(i64, &str)>,
    limit: i64,
) -> Result<Vec<Found>> {
    let (own, asked) = match db {
        Db::Sqlite { .. } => {
            let (owner, asked) = (user.as_str().replace('-', ""), words.fts5());
            (format!("owner : \"{owner}\" AND {asked}"), asked)
        }
        Db::Postgres(_) => {
            let own = words.tsquery(user);
            (own.clone(), own)
        }
    };
    // A statement that PostgreSQL keeps is planned without its words, as if all were rare, after a few times.
    let keep = matches!(db, Db::Sqlite { .. });
    let [count, hits, walk] = statements(db).map(|(sql, _)| sql);
    let many: i64 = read!(db, c => sqlx::query_scalar(count).bind(&own).bind(COMMON).persistent(keep).fetch_one(c).await)?;
    let (sql, query) = if many < COMMON {
        (hits, own)
    } else {
        (walk, asked)
    };
    let (at, id) = cursor.unwrap_or((i64::MAX, "~"));
    let rows = read!(db, c => sqlx::query_as::<_, FoundRow>(sql).bind(user.as_str()).bind(status.as_str()).bind(at).bind(id)
        .bind(limit).bind(&query).persistent(keep).fetch_all(c).await)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Indexes the newest of the texts that wait because their script sets no blanks, one a transaction: the longest of them takes
/// some 25 ms. Answers whether there may be more.
///
/// # Errors
/// When the database fails.
pub async fn index_unspaced(db: &Db) -> Result<bool> {
    const WAITING: &str = "SELECT s.id, s.owner, s.thread, s.said FROM search_unspaced u JOIN search_sources s ON s.id = u.entry
        ORDER BY u.entry DESC LIMIT $1";
    const TAKE: &str = "DELETE FROM search_unspaced WHERE entry = $1";
    const INDEX: &str =
        "INSERT INTO search_words (rowid, owner, thread, words) VALUES ($1, $2, $3, $4)";
    let Db::Sqlite { read, .. } = db else {
        return Ok(false);
    };
    let waiting: Vec<(i64, String, String, String)> = sqlx::query_as(WAITING)
        .bind(AT_ONCE)
        .fetch_all(read)
        .await?;
    let more = waiting.len() == AT_ONCE as usize;
    for (entry, owner, thread, said) in waiting {
        let words = spaced(&said);
        let mut tx = db.begin().await?;
        let taken = within!(&mut tx, c => sqlx::query(TAKE).bind(entry).execute(c).await.map(|done| done.rows_affected()))?;
        // Else it was removed or somebody else was faster.
        if taken == 1 {
            within!(&mut tx, c => sqlx::query(INDEX).bind(entry).bind(owner).bind(thread).bind(words).execute(c).await.map(drop))?;
        }
        tx.commit().await?;
    }
    Ok(more)
}

impl Db {
    /// Indexes what waits for it, once a second, until the database is closed. Does nothing on PostgreSQL, where nothing waits.
    pub async fn keep_indexed(self) {
        let Self::Sqlite { write, .. } = &self else {
            return;
        };
        while !write.is_closed() {
            match index_unspaced(&self).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "texts wait for the index of the search"),
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}
