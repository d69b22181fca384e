//! Five hundred streams on one core.

use super::Report;
use crate::Result;
use crate::load::{self, Carried};
use crate::setup::{Bench, Target};
use crate::stats::percentile;
use crate::table::Line;

const STREAMS: usize = 500;
const RATE: u32 = 50;

async fn carry(bench: &Bench, target: &Target) -> Result<Carried> {
    let tokens = RATE * bench.or_quick(12, 4);
    let held = load::hold(target, tokens, RATE).await?;
    held.carry(&target.process, &bench.mock).await
}

pub async fn run(bench: &Bench) -> Result<Report> {
    let alone = bench.alone()?;
    let core = Some(alone.core.as_str());
    let relay = carry(bench, &bench.relay(core, STREAMS).await?).await?;
    let ours = carry(bench, &bench.keylm(core, STREAMS).await?).await?;
    let mut faults = ours.faults;
    faults += relay.faults;
    let p99 = percentile(&ours.waits, 99);
    Ok(Report {
        lines: vec![
            Line::new(
                &format!("{STREAMS} × {RATE} tok/s on one core, carried"),
                "tok/s",
                ours.rate,
            )
            .at_least(12_000.0)
            .beside(relay.rate)
            .note(format!(
                "{:.2} tokens an event, p99 {p99:.0} ms, {:.2} of the core, {:.0} s a million tokens (relay {:.2}, {:.0} s)",
                ours.merged, ours.busy, ours.cpu, relay.busy, relay.cpu
            )),
            Line::new(
                &format!("{STREAMS} × {RATE} tok/s on one core, lost or out of order"),
                "",
                crate::stats::float(ours.faults.sum()),
            )
            .at_most(0.0)
            .beside(crate::stats::float(relay.faults.sum())),
        ],
        faults,
    })
}
