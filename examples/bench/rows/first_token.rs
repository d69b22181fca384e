//! How much later than from the provider the first token comes, when nothing else happens.

use super::Report;
use crate::Result;
use crate::listen::{Faults, Listener};
use crate::mock::Plan;
use crate::setup::{Bench, Target};
use crate::stats::{millis, percentile};
use crate::table::Line;
use crate::wire::Wire;
use std::time::Duration;

/// A short answer; its first token comes at once.
const TOKENS: u32 = 3;
const RATE: u32 = 1000;
/// What is left out: the first sends open connections.
const WARM_UP: usize = 5;

struct Times {
    first: Vec<f64>,
    taken: Vec<f64>,
    faults: Faults,
}

async fn times(bench: &Bench, target: &Target) -> Result<Times> {
    let mut wire = Wire::connect(target.process.addr).await?;
    let mut times = Times {
        first: Vec::new(),
        taken: Vec::new(),
        faults: Faults::default(),
    };
    for (sent, place) in target.places.iter().enumerate() {
        let plan = Plan::new(TOKENS, RATE, false);
        let listener = Listener::begin(&mut wire, place, plan).await?;
        if sent >= WARM_UP {
            times
                .first
                .push(millis(listener.first_at - listener.asked_at));
            times
                .taken
                .push(millis(listener.taken_at - listener.asked_at));
        }
        times.faults += listener.finish(&mut wire).await.faults(&bench.mock, false);
        // Idle is what this row is about.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(times)
}

pub async fn run(bench: &Bench) -> Result<Report> {
    let sends = bench.or_quick(500, 100) as usize + WARM_UP;
    let relay = times(bench, &bench.relay(None, sends).await?).await?;
    let ours = times(bench, &bench.keylm(None, sends).await?).await?;
    let line = |percent, most| {
        Line::new(
            &format!("added time to first token, idle, p{percent}"),
            "ms",
            percentile(&ours.first, percent),
        )
        .at_most(most)
        .beside(percentile(&relay.first, percent))
    };
    let taken = percentile(&ours.taken, 50);
    let mut faults = ours.faults;
    faults += relay.faults;
    Ok(Report {
        lines: vec![
            line(50, 3.0).note(format!("first event after {taken:.2} ms")),
            line(99, 10.0),
        ],
        faults,
    })
}
