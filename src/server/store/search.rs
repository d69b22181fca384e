//! Full-text search over titles and messages. What is found by which words is kept by the triggers of migration 6.

use super::threads::Row;
use super::words::Words;
use super::{Db, Result, StoreError, read};
use crate::shared::chat::{Thread, ThreadStatus};
use crate::shared::ids::{MessageId, UserId};

/// From so many of a person's titles and messages on, what has these words is looked for thread by thread.
const COMMON: i64 = 2000;

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
            "WITH page AS MATERIALIZED (SELECT * FROM (SELECT t.*, (", $entry, ") AS entry FROM threads t
                WHERE t.user_id = $1 AND t.status = $2 AND (t.updated_at, t.id) < ($3, $4)) looked
                WHERE entry IS NOT NULL ORDER BY updated_at DESC, id DESC LIMIT $5) ",
            page!()
        )
    };
    () => {
        "SELECT p.id, p.title, p.provider, p.model, p.system_prompt, p.settings, p.status, p.private, p.created_at, p.updated_at,
            m.id AS message_id, substr(m.content, 1, 100000) AS said
         FROM page p LEFT JOIN search_entries e ON e.id = p.entry LEFT JOIN messages m ON m.id = e.message_id
         ORDER BY p.updated_at DESC, p.id DESC"
    };
}

const SQLITE_COUNT: &str =
    "SELECT COUNT(*) FROM (SELECT 1 FROM search_words WHERE search_words MATCH $1 LIMIT $2)";
const SQLITE_HITS: &str = page!(hits: "SELECT rowid AS id FROM search_words WHERE search_words MATCH $6
    ORDER BY rowid DESC LIMIT 10000");
const SQLITE_WALK: &str = page!(entry: "SELECT s.rowid FROM search_words s
    WHERE s.search_words MATCH 'thread : \"' || replace(t.id, '-', '') || '\" AND ' || $6 ORDER BY s.rowid DESC LIMIT 1");

const POSTGRES_COUNT: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM search_entries WHERE words @@ $1::tsquery LIMIT $2) AS few";
const POSTGRES_HITS: &str =
    page!(hits: "SELECT id FROM search_entries WHERE words @@ $6::tsquery LIMIT 10000");
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
/// the page is full. A word that is so common by itself is not taken for the beginning of others.
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
    let asked = |beginning| match db {
        Db::Sqlite { .. } => {
            let owner = user.as_str().replace('-', "");
            format!("owner : \"{owner}\" AND {}", words.fts5(beginning))
        }
        Db::Postgres(_) => words.tsquery(user, beginning),
    };
    let [count, hits, walk] = statements(db).map(|(sql, _)| sql);
    let many: i64 = read!(db, c => sqlx::query_scalar(count).bind(asked(false)).bind(COMMON).fetch_one(c).await)?;
    let (sql, query) = match db {
        _ if many < COMMON => (hits, asked(true)),
        Db::Sqlite { .. } => (walk, words.fts5(false)),
        Db::Postgres(_) => (walk, asked(false)),
    };
    let (at, id) = cursor.unwrap_or((i64::MAX, "~"));
    let rows = read!(db, c => sqlx::query_as::<_, FoundRow>(sql).bind(user.as_str()).bind(status.as_str()).bind(at).bind(id)
        .bind(limit).bind(&query).fetch_all(c).await)?;
    rows.into_iter().map(TryInto::try_into).collect()
}
