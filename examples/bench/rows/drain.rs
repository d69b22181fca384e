//! From SIGTERM to the end, while fifty answers go on and on.

use super::Report;
use crate::Result;
use crate::listen::Faults;
use crate::load;
use crate::setup::Bench;
use crate::table::Line;
use std::time::Duration;

const STREAMS: usize = 50;
const RATE: u32 = 50;
/// What the server is told by `DRAIN_SECONDS`, and what it may take on top.
const DRAIN: f64 = 2.0;
const GRACE: f64 = 3.0;

pub async fn run(bench: &Bench) -> Result<Report> {
    let mut target = bench.keylm(None, STREAMS).await?;
    let held = load::hold(&target, u32::MAX, RATE).await?;
    let mock = bench.mock.clone();
    let listening = tokio::spawn(held.listen(mock));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let took = target.process.terminate().await?.as_secs_f64();
    let heard = listening.await??;
    let mut faults = Faults::default();
    for one in &heard {
        faults += one.faults(&bench.mock, true);
    }
    let told = heard.iter().filter(|heard| heard.end == "error").count();
    Ok(Report {
        lines: vec![
            Line::new(
                &format!("SIGTERM to exit, {STREAMS} endless streams"),
                "s",
                took,
            )
            .at_most(DRAIN + GRACE)
            .note(format!("drain {DRAIN} s; {told} of {STREAMS} were told")),
        ],
        faults,
    })
}
