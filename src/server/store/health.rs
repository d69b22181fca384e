//! What became of the last calls to providers. An answer has its log for an hour after its end, so the index of logs is
//! one of the last hour's answers.

use super::answers::LOG_MS;
use super::{Db, Result, read};
use crate::shared::chat::Attempt;
use crate::shared::error::ErrorCode;
use crate::shared::ids::ProviderId;
use crate::shared::time::Timestamp;

/// An answer that ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Whose chat it is in: who was asked with the person's own keys.
    pub provider: ProviderId,
    /// When it ended.
    pub at: Timestamp,
    /// From send to the first word. Milliseconds.
    pub ttft_ms: Option<u64>,
    /// Why it failed, if it did.
    pub failed: Option<ErrorCode>,
    /// Every request that was made for it.
    pub attempts: Vec<Attempt>,
}

/// The newest answers of everybody that ended within the hour before `now`, at most `limit`, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn last_hour(db: &Db, now: Timestamp, limit: i64) -> Result<Vec<Ended>> {
    type Row = (String, i64, Option<i64>, Option<String>, Option<String>);
    const SQL: &str = "SELECT t.provider, m.log_until, m.ttft_ms, m.error, m.attempts FROM messages m JOIN threads t ON t.id = m.thread_id
        WHERE m.log_until IS NOT NULL AND m.log_until > $1 ORDER BY m.log_until DESC LIMIT $2";
    let rows =
        read!(db, c => sqlx::query_as::<_, Row>(SQL).bind(now.0).bind(limit).fetch_all(c).await)?;
    let ended = rows
        .into_iter()
        .filter_map(|(provider, log_until, ttft_ms, error, attempts)| {
            Some(Ended {
                provider: provider.parse().ok()?,
                at: Timestamp(log_until - LOG_MS),
                ttft_ms: ttft_ms.and_then(|ms| ms.try_into().ok()),
                failed: error.as_deref().map(code_of),
                attempts: attempts
                    .and_then(|json| serde_json::from_str(&json).ok())
                    .unwrap_or_default(),
            })
        });
    Ok(ended.collect())
}

fn code_of(error: &str) -> ErrorCode {
    #[derive(serde::Deserialize)]
    struct Coded {
        code: ErrorCode,
    }
    let coded = serde_json::from_str::<Coded>(error);
    coded.map_or(ErrorCode::Internal, |coded| coded.code)
}
