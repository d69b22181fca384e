//! What a token costs, in time and in work, with one stream and with a hundred at the pace of a model.

use super::Report;
use crate::Result;
use crate::load::{self, Carried};
use crate::setup::{Bench, Target};
use crate::stats::percentile;
use crate::table::Line;

const RATE: u32 = 50;

async fn carry(bench: &Bench, target: &Target, seconds: u32) -> Result<Carried> {
    let tokens = RATE * seconds;
    let held = load::hold(target, tokens, RATE).await?;
    held.carry(&target.process, &bench.mock).await
}

pub async fn run(bench: &Bench) -> Result<Report> {
    let mut report = Report::default();
    for (streams, seconds, most) in [
        (1, bench.or_quick(12, 4), 5.0),
        (100, bench.or_quick(15, 4), 25.0),
    ] {
        let relay = carry(bench, &bench.relay(None, streams).await?, seconds).await?;
        let ours = carry(bench, &bench.keylm(None, streams).await?, seconds).await?;
        let middle = percentile(&ours.waits, 50);
        report.lines.push(
            Line::new(
                &format!("added token latency, {streams} × {RATE} tok/s, p99"),
                "ms",
                percentile(&ours.waits, 99),
            )
            .at_most(most)
            .beside(percentile(&relay.waits, 99))
            .note(format!(
                "p50 {middle:.2} ms, {:.2} tokens an event",
                ours.merged
            )),
        );
        if streams > 1 {
            report.lines.push(
                Line::new(
                    &format!("processor time a million tokens, {streams} × {RATE} tok/s"),
                    "s",
                    ours.cpu,
                )
                .at_most(100.0)
                .beside(relay.cpu)
                .note(format!("{:.2} of a core", ours.busy)),
            );
        }
        report.faults += ours.faults;
        report.faults += relay.faults;
    }
    Ok(report)
}
