//! What a send stores: the question, the answer before its first word, its first event, and the thread's activity.

use super::messages::{self, NEW_COLUMNS, NewRow, bind_rows};
use super::{Result, Tx, events, threads};
use crate::server::store::events::Event;
use crate::shared::ids::{MessageId, ThreadId};
use crate::shared::time::Timestamp;
use std::sync::OnceLock;

/// What is stored at once.
pub struct Send<'a> {
    /// The question, where it is new, and the answer.
    pub rows: &'a [NewRow<'a>],
    /// The answer.
    pub answer: &'a MessageId,
    /// Its first event.
    pub start: &'a Event,
    /// The thread, whose activity is now.
    pub thread: &'a ThreadId,
    /// When that is.
    pub now: Timestamp,
    /// What the thread is called if it has no name yet.
    pub title: &'a str,
}

/// Stores a send. On SQLite in one errand to the thread of the connection: who waits for a first word waits for each of them.
///
/// # Errors
/// When the database fails; a conflict means that the thread is being answered ([`super::StoreError::is_conflict`]).
pub async fn store(tx: &mut Tx, send: &Send<'_>) -> Result<()> {
    static SQL: [OnceLock<String>; 2] = [const { OnceLock::new() }; 2];
    let written = SQL.get(send.rows.len().wrapping_sub(1));
    if let (Tx::Sqlite(tx), Some(written)) = (&mut *tx, written) {
        let sql = written.get_or_init(|| sqlite(send.rows.len()));
        bind_rows!(sqlx::query(sql.as_str()), send.rows)
            .bind(send.answer.as_str())
            .bind(send.start.seq)
            .bind(send.start.kind.as_str())
            .bind(&send.start.data)
            .bind(send.thread.as_str())
            .bind(send.now.0)
            .bind(send.title)
            .execute(&mut **tx)
            .await?;
        return Ok(());
    }
    messages::insert(tx, send.rows).await?;
    events::append(tx, &[(send.answer, send.start)]).await?;
    threads::touch(tx, send.thread, send.now, send.title).await
}

/// The three statements as one text. Parameters have numbers, so each finds its own.
fn sqlite(rows: usize) -> String {
    let first = rows * NEW_COLUMNS + 1;
    format!(
        "{}; {}; {}",
        messages::insert_sql(rows),
        events::append_sql(1, first),
        threads::touch_sql(first + 4)
    )
}
