//! What the size of the database costs: the same calls on a million messages and on few, in turns.

use super::Report;
use crate::Result;
use crate::account::Place;
use crate::listen::{Faults, Listener};
use crate::mock::Plan;
use crate::process::Process;
use crate::seed::Shape;
use crate::setup::{Bench, Seeded};
use crate::stats::{millis, percentile};
use crate::table::Line;
use crate::token;
use crate::wire::Wire;

/// A page of the list is full with these.
const FEW: u32 = 100;
/// Spreads the threads that are opened over all of them.
const STRIDE: usize = 7919;
/// What is timed, in this order.
const CALLS: [&str; 6] = [
    "list threads",
    "open a thread",
    "search, a word that is there once",
    "search, a word that is everywhere",
    "search, the beginning of such a word",
    "send, to the first token",
];

/// One of the two servers.
struct Side<'a> {
    seeded: &'a Seeded,
    wire: Wire,
    times: [Vec<f64>; CALLS.len()],
    faults: Faults,
    _process: Process,
}

impl<'a> Side<'a> {
    async fn new(bench: &Bench, seeded: &'a Seeded) -> Result<Self> {
        // Both files in the page cache: what the size costs is asked, not what the disk does.
        let mut file = std::fs::File::open(seeded.folder.path().join("keylm.db"))?;
        std::io::copy(&mut file, &mut std::io::sink())?;
        let process = bench.serve(seeded.folder.path(), None).await?;
        Ok(Self {
            wire: Wire::connect(process.addr).await?,
            seeded,
            times: Default::default(),
            faults: Faults::default(),
            _process: process,
        })
    }

    /// All calls, on the thread that is `turn`th in a row of its own.
    async fn turn(&mut self, bench: &Bench, turn: usize) -> Result<()> {
        let threads = &self.seeded.threads;
        let thread = &threads[turn * STRIDE % threads.len()];
        let place = Place {
            path: format!("/api/threads/{thread}/messages"),
            cookie: self.seeded.cookie.clone(),
        };
        // Questions have even numbers, and both databases have those of the smaller one.
        let question = 2 * (turn * STRIDE % (FEW as usize * 50));
        let paths = [
            "/api/threads".to_owned(),
            format!("/api/threads/{thread}"),
            format!("/api/threads?q=question+{question}"),
            "/api/threads?q=locks".to_owned(),
            "/api/threads?q=questi".to_owned(),
        ];
        for (call, path) in paths.iter().enumerate() {
            let begun = token::now();
            let mut reply = self.wire.ask(&place.request("GET", path, None)).await?;
            self.wire.whole(&mut reply).await?;
            if reply.status != 200 {
                return Err(format!("{path}: {}", reply.status).into());
            }
            self.times[call].push(millis(token::now() - begun));
        }
        let listener = Listener::begin(&mut self.wire, &place, Plan::new(2, 1000, false)).await?;
        self.times[paths.len()].push(millis(listener.first_at - listener.asked_at));
        self.faults += listener
            .finish(&mut self.wire)
            .await
            .faults(&bench.mock, false);
        Ok(())
    }
}

pub async fn run(bench: &Bench) -> Result<Report> {
    let few = bench.seeded(&Shape::long(FEW)).await?;
    // Before anybody is connected: a server waits only so long for a next request.
    let many = bench.big().await?;
    let mut small = Side::new(bench, &few).await?;
    let mut large = Side::new(bench, many).await?;
    // Each thread once, so that both sides see threads of the same length.
    for turn in 0..FEW as usize {
        small.turn(bench, turn).await?;
        large.turn(bench, turn).await?;
    }
    let count = large.seeded.threads.len() * 100;
    let mut faults = small.faults;
    faults += large.faults;
    let lines = CALLS.iter().enumerate();
    Ok(Report {
        lines: lines
            .map(|(call, what)| {
                let few = percentile(&small.times[call], 50);
                let many = percentile(&large.times[call], 50);
                Line::new(
                    &format!("{what}: {count} messages against few"),
                    "×",
                    many / few,
                )
                .at_most(1.5)
                .note(format!("{many:.2} ms against {few:.2} ms"))
            })
            .collect(),
        faults,
    })
}
