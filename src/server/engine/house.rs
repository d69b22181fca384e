//! What goes on beside the answers: leases, orphans, other processes' stops and hints, and logs whose time has come.

use super::Engine;
use super::lease::LEASE_MS;
use crate::server::store::hints::{self, Hint, Hints};
use crate::server::store::{Result, answers, events};
use crate::shared::time::Timestamp;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// How often leases are renewed.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often other processes' orphans and stops are looked for.
const LOOK: Duration = Duration::from_secs(1);
/// How often logs are collected.
const COLLECT: Duration = Duration::from_mins(1);
/// Between two tries when the database fails.
const AGAIN: Duration = Duration::from_secs(1);

impl Engine {
    /// Keeps everything in order until the engine drains.
    pub async fn keep_house(self) {
        tokio::select! {
            () = self.0.drain.cancelled() => {}
            () = self.keep_leases() => {}
            () = self.keep_listening() => {}
            () = self.keep_collecting() => {}
        }
    }

    async fn keep_leases(&self) {
        let mut heartbeat = interval(HEARTBEAT);
        let mut look = interval(LOOK);
        // After a pause of the whole machine, one look is enough.
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut done = tokio::select! {
                // Our own leases first: what we are alive to look at is no orphan.
                biased;
                _ = heartbeat.tick() => self.renew().await,
                _ = look.tick() => self.look_around().await,
            };
            while let Err(error) = done {
                tracing::warn!(%error, "housekeeping failed");
                tokio::time::sleep(AGAIN).await;
                // The database may have been away for longer than a lease: our own come first then, too.
                done = self.renew().await;
            }
        }
    }

    async fn renew(&self) -> Result<()> {
        let db = &self.0.parts.db;
        if let Some(now) = db.shared_clock().await? {
            self.0.leases.set(now);
        }
        let until = Timestamp(self.0.leases.now() + LEASE_MS);
        // What has our name and is not being written, because nobody heard that its send was committed, is an orphan.
        answers::renew_leases(db, &self.0.owner, &self.0.live.ids(), until).await
    }

    async fn look_around(&self) -> Result<()> {
        if self.0.parts.db.is_shared() && !self.0.turns.is_empty() {
            for id in answers::stops_for(&self.0.parts.db, &self.0.owner).await? {
                self.stop_here(&id);
            }
        }
        self.reap(Timestamp(self.0.leases.now())).await?;
        Ok(())
    }

    async fn keep_listening(&self) {
        loop {
            match hints::listen(&self.0.parts.db).await {
                Ok(None) => return std::future::pending().await,
                Ok(Some(hints)) => self.listen(hints).await,
                Err(error) => tracing::warn!(%error, "other processes are not heard"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn listen(&self, mut hints: Hints) {
        loop {
            match hints.next().await {
                Ok(Hint::Stop(message)) => self.stop_here(&message),
                Ok(hint) => self.0.wakes.tell(&hint),
                Err(error) => {
                    tracing::warn!(%error, "other processes are not heard any more");
                    return;
                }
            }
        }
    }

    async fn keep_collecting(&self) {
        let mut tick = interval(COLLECT);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if let Err(error) = self.collect_logs().await {
                tracing::warn!(%error, "old logs were not collected");
            }
        }
    }

    /// Removes the logs of answers that ended an hour ago, one a transaction so that nobody waits long.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn collect_logs(&self) -> Result<usize> {
        let mut collected = 0;
        while events::collect(&self.0.parts.db, self.0.parts.env.now()).await? {
            collected += 1;
            tokio::task::yield_now().await;
        }
        Ok(collected)
    }
}
