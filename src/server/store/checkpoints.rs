//! Folding SQLite's write-ahead log into the file, on a connection and a schedule of its own, so that no commit waits for it.

use super::Db;
use std::time::Duration;

/// How often the log is folded, as far as readers and the writer let it be.
const EVERY: Duration = Duration::from_secs(1);
/// Pages in the log from which on the writer waits for a moment, so that the log starts anew: 64 MiB. Writers that never
/// pause would let it grow for ever.
const RESTART: i64 = 16 * 1024;

impl Db {
    /// Keeps the log short until the database is closed. Does nothing on PostgreSQL, which does so by itself.
    pub async fn keep_folded(self) {
        let Self::Sqlite { fold, .. } = &self else {
            return;
        };
        let mut pages = 0;
        while !fold.is_closed() {
            tokio::time::sleep(EVERY).await;
            let fold_up = if pages < RESTART {
                "PRAGMA wal_checkpoint(PASSIVE)"
            } else {
                "PRAGMA wal_checkpoint(RESTART)"
            };
            // Whether somebody was in the way, pages in the log, pages of them in the file.
            match sqlx::query_as::<_, (i64, i64, i64)>(fold_up)
                .fetch_one(fold)
                .await
            {
                Ok((_, logged, _)) => pages = logged,
                Err(sqlx::Error::PoolClosed) => return,
                Err(error) => tracing::warn!(%error, "the write-ahead log was not folded"),
            }
        }
    }
}
