//! Answers whose writer is gone: found at start and by the reaper, ended as `server_restart` with their text kept. And
//! answers that their writer can not end, which it hands over itself.

use super::Engine;
use crate::server::store::events::{self, Event, Kind};
use crate::server::store::hints::{self, Hint};
use crate::server::store::{Result, Tx, answers};
use crate::shared::chat::MessageStatus;
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::ids::MessageId;
use crate::shared::time::Timestamp;
use serde_json::json;
use std::time::Duration;

/// Answers that are ended in one transaction.
const AT_ONCE: usize = 50;
/// Between two tries to end an answer that was given up.
const AGAIN: Duration = Duration::from_secs(1);
/// Later than any lease.
const ANY_LEASE: Timestamp = Timestamp(i64::MAX);

/// What an answer says that ended because its process did.
#[must_use]
pub fn restarted() -> AppError {
    AppError::new(
        ErrorCode::ServerRestart,
        "The server restarted while answering. What had arrived is kept; retry to get a whole answer.",
    )
}

/// What an answer says that ended because of a bug of ours.
#[must_use]
pub fn broken() -> AppError {
    AppError::new(
        ErrorCode::Internal,
        "Something broke here while answering. What had arrived is kept; retry to get a whole answer.",
    )
}

impl Engine {
    /// Ends what an earlier process left running. On SQLite that is everything; on a shared database what has no lease.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recover(&self) -> Result<usize> {
        let db = &self.0.parts.db;
        let before = match db.shared_clock().await? {
            Some(now) => {
                self.0.leases.set(now);
                Timestamp(now)
            }
            None => ANY_LEASE,
        };
        let mut ended = 0;
        loop {
            match self.reap(before).await? {
                0 => return Ok(ended),
                more => ended += more,
            }
        }
    }

    /// Ends answers whose lease ran out before `before`, a thousand at the most, and answers how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reap(&self, before: Timestamp) -> Result<usize> {
        let orphans = answers::orphans(&self.0.parts.db, before).await?;
        let mut ended = 0;
        for some in orphans.chunks(AT_ONCE) {
            match self.bury_all(some, before, &restarted()).await {
                Ok(buried) => ended += buried,
                Err(error) if error.is_refusal() => {
                    for one in some {
                        let one = std::slice::from_ref(one);
                        match self.bury_all(one, before, &restarted()).await {
                            Ok(buried) => ended += buried,
                            // Its writer is alive after all and was faster; if it dies now, the next look finds it.
                            Err(error) if error.is_conflict() => {}
                            Err(error) => return Err(error),
                        }
                    }
                }
                Err(error) => return Err(error),
            }
        }
        if ended > 0 {
            tracing::info!(
                answers = ended,
                "ended answers that were interrupted by a restart"
            );
        }
        Ok(ended)
    }

    /// Ends an answer that its own task can not end any more, with what stands in its log, however long the database
    /// takes to come back.
    pub(super) async fn give_up(&self, id: &MessageId, error: AppError) {
        tracing::error!(message.id = %id, code = error.code.as_str(), "an answer was given up");
        let one = std::slice::from_ref(id);
        while let Err(error) = self.bury_all(one, ANY_LEASE, &error).await {
            tracing::warn!(%error, message.id = %id, "an answer that was given up has no end yet");
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn bury_all(
        &self,
        orphans: &[MessageId],
        before: Timestamp,
        error: &AppError,
    ) -> Result<usize> {
        let mut tx = self.0.parts.db.begin().await?;
        let mut buried = Vec::new();
        for id in orphans {
            if self.bury(&mut tx, id, before, error).await? {
                buried.push(id.clone());
            }
        }
        let count = buried.len();
        hints::send(&mut tx, &Hint::Grown(buried)).await?;
        tx.commit().await?;
        for _ in 0..count {
            self.0
                .parts
                .metrics
                .answer_ended(MessageStatus::Failed.as_str());
        }
        Ok(count)
    }

    async fn bury(
        &self,
        tx: &mut Tx,
        id: &MessageId,
        before: Timestamp,
        error: &AppError,
    ) -> Result<bool> {
        let Some((mut message, epoch)) = answers::adopt(tx, id, &self.0.owner, before).await?
        else {
            return Ok(false);
        };
        let log = events::all(tx, id).await?;
        let reasoning = told(&log, Kind::Reasoning);
        message.content = told(&log, Kind::Delta);
        message.reasoning = (!reasoning.is_empty()).then_some(reasoning);
        message.status = MessageStatus::Failed;
        message.error = Some(AppError {
            request_id: id.to_string(),
            ..error.clone()
        });
        let seq = log.last().map_or(1, |event| event.seq + 1);
        let event = Event {
            seq,
            kind: Kind::Error,
            data: json!({ "error": message.error, "message": message }).to_string(),
        };
        events::append(tx, &[(id, &event)]).await?;
        let now = self.0.parts.env.now();
        answers::finish(tx, &message, &self.0.owner, epoch, now).await
    }
}

/// All text of one kind in a log.
#[must_use]
pub fn told(log: &[Event], kind: Kind) -> String {
    log.iter()
        .filter(|event| event.kind == kind)
        .filter_map(text_of)
        .collect()
}

/// The data of a `delta` or `reasoning` event.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Piece {
    /// What was said.
    pub text: String,
    /// How long was thought before it, where that ended with it.
    pub thought_ms: Option<u64>,
}

/// What a `delta` or `reasoning` event says.
#[must_use]
pub fn piece_of(event: &Event) -> Option<Piece> {
    serde_json::from_str(&event.data).ok()
}

fn text_of(event: &Event) -> Option<String> {
    piece_of(event).map(|piece| piece.text)
}
