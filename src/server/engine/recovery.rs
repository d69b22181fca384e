//! Answers whose writer is gone: found at start and by the reaper, ended as `server_restart` with their text kept.

use super::{Engine, LEASE_MS};
use crate::server::store::events::{self, Event};
use crate::server::store::{Result, Tx, messages};
use crate::shared::chat::MessageStatus;
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::ids::MessageId;
use crate::shared::time::Timestamp;
use serde_json::json;
use std::time::Duration;

/// How often leases are renewed and orphans looked for.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often other processes' stop requests are looked for.
const STOPS: Duration = Duration::from_millis(500);

/// What an answer says that ended because its process did.
#[must_use]
pub fn restarted() -> AppError {
    AppError::new(
        ErrorCode::ServerRestart,
        "The server restarted while answering. What had arrived is kept; retry to get a whole answer.",
    )
}

impl Engine {
    /// Ends what an earlier process left running. On SQLite that is everything; on a shared database what has no lease.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recover(&self) -> Result<usize> {
        let before = if self.0.parts.db.is_shared() {
            self.0.parts.env.now()
        } else {
            Timestamp(i64::MAX)
        };
        let mut ended = 0;
        loop {
            match self.reap(before).await? {
                0 => return Ok(ended),
                more => ended += more,
            }
        }
    }

    async fn reap(&self, before: Timestamp) -> Result<usize> {
        let orphans = messages::orphans(&self.0.parts.db, before).await?;
        if orphans.is_empty() {
            return Ok(0);
        }
        let mut ended = 0;
        for id in orphans {
            let mut tx = self.0.parts.db.begin().await?;
            match self.bury(&mut tx, &id, before).await {
                Ok(buried) => {
                    tx.commit().await?;
                    ended += usize::from(buried);
                }
                // Its writer is alive after all and was faster; if it dies now, the next look finds it.
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(error),
            }
        }
        tracing::info!(
            answers = ended,
            "ended answers that were interrupted by a restart"
        );
        Ok(ended)
    }

    async fn bury(&self, tx: &mut Tx, id: &MessageId, before: Timestamp) -> Result<bool> {
        let Some(mut message) = messages::adopt(tx, id, &self.0.owner, before).await? else {
            return Ok(false);
        };
        let log = events::all(tx, id).await?;
        let told = |kind: &str| -> String {
            log.iter()
                .filter(|event| event.kind == kind)
                .filter_map(text_of)
                .collect()
        };
        let reasoning = told("reasoning");
        message.content = told("delta");
        message.reasoning = (!reasoning.is_empty()).then_some(reasoning);
        message.status = MessageStatus::Failed;
        message.error = Some(AppError {
            request_id: id.to_string(),
            ..restarted()
        });
        let seq = log.last().map_or(1, |event| event.seq + 1);
        let event = Event {
            seq,
            kind: "error".to_owned(),
            data: json!({ "error": message.error, "message": message }).to_string(),
        };
        events::append(tx, id, &self.0.owner, &event).await?;
        messages::finish(tx, &message, &self.0.owner).await
    }

    /// Renews this process's leases, ends orphans and, on a shared database, obeys stops that were asked for elsewhere.
    /// Runs until the engine drains.
    pub async fn keep_house(self) {
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        let mut stops = tokio::time::interval(STOPS);
        loop {
            let done = tokio::select! {
                () = self.0.drain.cancelled() => return,
                _ = heartbeat.tick() => self.beat().await,
                _ = stops.tick(), if self.0.parts.db.is_shared() && !self.0.turns.is_empty() => self.obey().await,
            };
            if let Err(error) = done {
                tracing::warn!(%error, "housekeeping failed");
            }
        }
    }

    async fn beat(&self) -> Result<()> {
        let now = self.0.parts.env.now();
        if !self.0.turns.is_empty() {
            messages::renew_leases(&self.0.parts.db, &self.0.owner, now.plus_ms(LEASE_MS)).await?;
        }
        if self.0.parts.db.is_shared() {
            self.reap(now).await?;
        }
        Ok(())
    }

    async fn obey(&self) -> Result<()> {
        for id in messages::stops_for(&self.0.parts.db, &self.0.owner).await? {
            self.abandon(&id);
        }
        Ok(())
    }
}

/// The text of a `delta` or `reasoning` event.
#[must_use]
pub fn text_of(event: &Event) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Piece {
        text: String,
    }
    serde_json::from_str::<Piece>(&event.data)
        .ok()
        .map(|piece| piece.text)
}
