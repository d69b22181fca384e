//! Folding SQLite's write-ahead log into the file, on a connection and a schedule of its own, so that no commit waits for it.

use super::Db;
use std::time::Duration;

/// How often the log is folded, as far as readers and the writer let it be.
const EVERY: Duration = Duration::from_secs(1);
/// Pages in the log from which on it should start anew: 64 MiB. Writers that never pause would let it grow for ever.
const RESTART: i64 = 16 * 1024;

/// Folds what nobody reads any more; waits for nobody, and nobody waits for it.
const FOLD: &str = "PRAGMA wal_checkpoint(PASSIVE)";

impl Db {
    /// Keeps the log short until the database is closed. Does nothing on PostgreSQL, which does so by itself.
    pub async fn keep_folded(self) {
        let Self::Sqlite { fold, write, .. } = &self else {
            return;
        };
        while !fold.is_closed() {
            tokio::time::sleep(EVERY).await;
            // Whether somebody was in the way, pages in the log, pages of them in the file.
            let mut folded = sqlx::query_as::<_, (i64, i64, i64)>(FOLD)
                .fetch_one(fold)
                .await;
            if let Ok((_, pages, _)) = folded
                && pages >= RESTART
            {
                // The little that came meanwhile, between two commits: with all of it in the file, SQLite itself starts
                // the log anew at the next one. A `RESTART` would have the writer sleep in the busy handler instead.
                folded = sqlx::query_as(FOLD).fetch_one(write).await;
            }
            match folded {
                Err(sqlx::Error::PoolClosed) => return,
                Err(error) => tracing::warn!(%error, "the write-ahead log was not folded"),
                Ok(_) => {}
            }
        }
    }
}
