//! Memory: idle, with open streams, and after they have closed.

use super::Report;
use crate::Result;
use crate::listen::Faults;
use crate::load;
use crate::setup::{Bench, Target};
use crate::stats::float;
use crate::table::Line;
use std::time::Duration;

const TOKENS: u32 = 50;
const RATE: u32 = 20;
/// How long memory may take to be given back.
const SETTLE: Duration = Duration::from_secs(3);

struct Sizes {
    idle: f64,
    stream: f64,
    after: f64,
    faults: Faults,
}

async fn sizes(bench: &Bench, target: Target, idle: f64) -> Result<Sizes> {
    let process = &target.process;
    let before = process.memory_kb()?;
    let held = load::hold(&target, TOKENS, RATE).await?;
    let open = process.memory_kb()?;
    let carried = held.carry(process, &bench.mock).await?;
    tokio::time::sleep(SETTLE).await;
    Ok(Sizes {
        idle: idle / 1024.0,
        stream: (open - before) / float(target.places.len()),
        after: process.memory_kb()? / 1024.0,
        faults: carried.faults,
    })
}

/// Memory of a server that has served nothing but its first 200.
async fn idle(target: Target) -> Result<f64> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    target.process.memory_kb()
}

pub async fn run(bench: &Bench) -> Result<Report> {
    let streams = bench.or_quick(1000, 200) as usize;
    let size = idle(bench.relay(None, 0).await?).await?;
    let relay = sizes(bench, bench.relay(None, streams).await?, size).await?;
    let size = idle(bench.empty().await?).await?;
    let ours = sizes(bench, bench.keylm(None, streams).await?, size).await?;
    let mut faults = ours.faults;
    faults += relay.faults;
    Ok(Report {
        lines: vec![
            Line::new("memory, idle", "MB", ours.idle)
                .at_most(40.0)
                .beside(relay.idle),
            Line::new("memory, an open stream", "KB", ours.stream)
                .at_most(80.0)
                .beside(relay.stream),
            Line::new(
                &format!("memory, after {streams} streams"),
                "MB",
                ours.after,
            )
            .at_most(120.0)
            .beside(relay.after),
        ],
        faults,
    })
}
