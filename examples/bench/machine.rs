//! What the numbers were measured on, and whether something else ran there meanwhile.

use crate::Result;
use crate::process::folder;
use crate::stats::percentile;
use std::fs::{self, File};
use std::io::Write as _;
use std::process::Command;
use std::time::Instant;

/// The kernel counts time in this many parts of a second.
const TICKS: f64 = 100.0;
/// From this part of a core on, what else runs is worth a word.
const NOISE: f64 = 0.1;

/// The processor, the kernel and the number of cores.
pub fn description() -> String {
    let script =
        "sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1; uname -sr; echo $(nproc) cores";
    said("sh", &["-c", script])
}

/// What a program prints, on one line; nothing when it is not there.
pub fn said(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    text.lines().collect::<Vec<_>>().join(", ")
}

/// How long the disk takes to make a page durable, in milliseconds: the middle of a hundred times.
pub fn fsync() -> Result<f64> {
    let folder = folder()?;
    let mut file = File::create(folder.path().join("page"))?;
    let mut times = Vec::new();
    for _ in 0..100 {
        file.write_all(&[0; 4096])?;
        let begun = Instant::now();
        file.sync_data()?;
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(percentile(&times, 50))
}

/// The sum of the first `fields` times of a process: its own in user and kernel mode, then its ended children's.
pub fn seconds(stat: &str, fields: usize) -> Result<f64> {
    let stat = fs::read_to_string(stat)?;
    let (_, rest) = stat.rsplit_once(')').ok_or("no name in a stat file")?;
    sum(rest.split_whitespace().skip(11).take(fields))
}

fn sum<'a>(ticks: impl Iterator<Item = &'a str>) -> Result<f64> {
    let mut sum = 0.0;
    for some in ticks {
        sum += some.parse::<f64>()?;
    }
    Ok(sum / TICKS)
}

/// Watches what everybody else does with the machine.
pub struct Watch {
    begun: Instant,
    others: f64,
}

impl Watch {
    /// Starts watching.
    pub fn start() -> Result<Self> {
        Ok(Self {
            begun: Instant::now(),
            others: others()?,
        })
    }

    /// How long it took and what others did meanwhile. Every process of the bench has ended by then.
    pub fn stop(self) -> Result<String> {
        let took = self.begun.elapsed().as_secs_f64();
        let cores = (others()? - self.others) / took;
        Ok(if cores < NOISE {
            format!("{took:.0} s")
        } else {
            format!(
                "{took:.0} s; others used {cores:.1} cores meanwhile, which makes the numbers worse"
            )
        })
    }
}

/// Seconds of all cores that went to others: user, nice and kernel mode, and what other machines took of them.
fn others() -> Result<f64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let all: Vec<&str> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .collect();
    let busy = [0, 1, 2, 7].iter().filter_map(|at| all.get(*at).copied());
    Ok(sum(busy)? - seconds("/proc/self/stat", 4)?)
}
