//! Fills a database that the server has made, faster than the server could: one statement a table.

use crate::Result;
use crate::mock::MODEL;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};
use std::path::Path;

/// What a database holds.
pub struct Shape {
    /// Threads, all of one person.
    pub threads: u32,
    /// Messages a thread; every second one is an answer.
    pub messages: u32,
    /// What an answer says.
    pub answer: String,
}

/// An answer as a model gives it.
const ANSWER: &str = "Short answer: **yes**, but mind the order in which the two locks are taken.\n\n\
1. Take the lock of the *account* first, then that of the `session`.\n\
2. Release them the other way round.\n\n\
```rust\nlet account = accounts.lock().await;\nlet session = sessions.lock().await;\n```\n\n\
If you cannot tell which comes first, sort by id; see [the book](https://example.org/locks) for why that works. \
A cycle needs two threads that disagree, and a total order leaves nothing to disagree about.";

impl Default for Shape {
    /// A thread of a hundred messages, some 650 bytes an answer.
    fn default() -> Self {
        Self {
            threads: 1,
            messages: 100,
            answer: ANSWER.to_owned(),
        }
    }
}

const THREADS: &str = "
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $1)
INSERT INTO threads (id, user_id, title, provider, model, settings, status, private, created_at, updated_at)
SELECT printf('01920000-0000-7000-8000-%012x', i), $2, 'Locks, part ' || i, 'openai', $3, '{}', 'active', FALSE,
    1727000000000 + i * 1000, 1727000000000 + i * 1000 FROM n";

const MESSAGES: &str = "
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $1 * $2)
INSERT INTO messages (id, thread_id, parent_id, depth, on_branch, role, content, status, finish_reason, provider, model,
    key_mask, input_tokens, output_tokens, reasoning_tokens, estimated, ttft_ms, duration_ms, created_at)
SELECT printf('01920000-0000-7000-9000-%012x', i), printf('01920000-0000-7000-8000-%012x', i / $2),
    CASE WHEN i % $2 > 0 THEN printf('01920000-0000-7000-9000-%012x', i - 1) END,
    i % $2 + 1, TRUE, CASE WHEN i % 2 THEN 'assistant' ELSE 'user' END,
    CASE WHEN i % 2 THEN $4 || ' (' || i || ')' ELSE 'Can two tasks wait for each other here? Question ' || i END, 'complete',
    CASE WHEN i % 2 THEN 'stop' END, CASE WHEN i % 2 THEN 'openai' END, CASE WHEN i % 2 THEN $3 END,
    CASE WHEN i % 2 THEN 'mnop' END, CASE WHEN i % 2 THEN 900 END, CASE WHEN i % 2 THEN 170 END,
    CASE WHEN i % 2 THEN 0 END, CASE WHEN i % 2 THEN FALSE END, CASE WHEN i % 2 THEN 480 END,
    CASE WHEN i % 2 THEN 2900 END, 1727000000000 + i * 10 FROM n";

impl Shape {
    /// As many threads with answers three times as long: ten thousand are a million messages and about 1 GB.
    pub fn long(threads: u32) -> Self {
        Self {
            threads,
            answer: ANSWER.repeat(3),
            ..Self::default()
        }
    }
}

/// Fills the database at `path`, which no server has open, for `user`. Answers the ids of the threads.
pub async fn fill(path: &Path, user: &str, shape: &Shape) -> Result<Vec<String>> {
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .foreign_keys(false)
        .pragma("cache_size", "-262144")
        .connect()
        .await?;
    sqlx::query(THREADS)
        .bind(shape.threads)
        .bind(user)
        .bind(MODEL)
        .execute(&mut connection)
        .await?;
    sqlx::query(MESSAGES)
        .bind(shape.threads)
        .bind(shape.messages)
        .bind(MODEL)
        .bind(&shape.answer)
        .execute(&mut connection)
        .await?;
    let threads = sqlx::query_scalar("SELECT id FROM threads ORDER BY id")
        .fetch_all(&mut connection)
        .await?;
    settle(connection).await?;
    Ok(threads)
}

/// Leaves the file as a server leaves it.
async fn settle(mut connection: SqliteConnection) -> Result<()> {
    sqlx::raw_sql("PRAGMA journal_mode = WAL")
        .execute(&mut connection)
        .await?;
    Ok(connection.close().await?)
}
