//! What is measured, a file each.

mod crowd;
mod drain;
mod first_token;
mod flood;
mod large;
mod memory;
mod page;
mod start;

use crate::Result;
use crate::listen::Faults;
use crate::setup::Bench;
use crate::table::Line;
use clap::ValueEnum;

/// A row of the table, or several that come from one measurement.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Row {
    /// Time to the first token.
    FirstToken,
    /// Token latency and processor time with few streams and with many.
    Crowd,
    /// More streams than one core can carry one by one.
    Flood,
    /// Memory.
    Memory,
    /// From the start to the first 200.
    Start,
    /// A database of a million messages against an almost empty one.
    Large,
    /// Pages rendered on the server.
    Page,
    /// From SIGTERM to the end.
    Drain,
}

/// What a row found.
#[derive(Default)]
pub struct Report {
    /// Its numbers.
    pub lines: Vec<Line>,
    /// What went wrong on the way.
    pub faults: Faults,
}

impl From<Vec<Line>> for Report {
    fn from(lines: Vec<Line>) -> Self {
        Self {
            lines,
            faults: Faults::default(),
        }
    }
}

impl Row {
    /// Its name on the command line.
    pub fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Measures it.
    pub async fn run(self, bench: &Bench) -> Result<Report> {
        match self {
            Self::FirstToken => first_token::run(bench).await,
            Self::Crowd => crowd::run(bench).await,
            Self::Flood => flood::run(bench).await,
            Self::Memory => memory::run(bench).await,
            Self::Start => start::run(bench).await,
            Self::Large => large::run(bench).await,
            Self::Page => page::run(bench).await,
            Self::Drain => drain::run(bench).await,
        }
    }
}
