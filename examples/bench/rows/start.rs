//! From the start of the process to its first 200.

use super::Report;
use crate::Result;
use crate::process::{self, Process};
use crate::setup::Bench;
use crate::stats::percentile;
use crate::table::Line;
use std::path::Path;
use std::process::{Command, Stdio};

/// Starts the server on this folder so many times; seconds each.
async fn starts(bench: &Bench, folder: &Path, times: u32) -> Result<Vec<f64>> {
    let mut seconds = Vec::new();
    for _ in 0..times {
        forget(&folder.join("keylm.db"));
        let mut process: Process = bench.serve(folder, None).await?;
        seconds.push(process.started_in.as_secs_f64());
        process.terminate().await?;
    }
    Ok(seconds)
}

/// Takes a file out of the page cache, where the tool for it is there.
fn forget(file: &Path) {
    let from = format!("if={}", file.display());
    let mut command = Command::new("dd");
    let command = command.args([&from, "iflag=nocache", "count=0"]);
    let _ = command.stderr(Stdio::null()).status();
}

pub async fn run(bench: &Bench) -> Result<Report> {
    let times = bench.or_quick(15, 5);
    let empty = process::folder()?;
    bench.serve(empty.path(), None).await?.terminate().await?;
    let small = starts(bench, empty.path(), times).await?;
    let mut relays = Vec::new();
    for _ in 0..times {
        let relay = bench.relay(None, 0).await?;
        relays.push(relay.process.started_in.as_secs_f64());
    }
    let seeded = bench.big().await?;
    let size = std::fs::metadata(seeded.folder.path().join("keylm.db"))?.len() >> 20;
    let large = starts(bench, seeded.folder.path(), bench.or_quick(7, 3)).await?;
    let line = |what: &str, sample: &[f64], most| {
        Line::new(what, "s", percentile(sample, 50))
            .at_most(most)
            .note(format!("slowest {:.3} s", percentile(sample, 100)))
    };
    Ok(vec![
        line("start to the first 200, migrated database", &small, 0.3)
            .beside(percentile(&relays, 50)),
        line(
            &format!("start to the first 200, {size} MB of data"),
            &large,
            2.0,
        ),
    ]
    .into())
}
