//! What was measured, as a table for people and as JSON for programs.

use serde::Serialize;
use std::fmt::Write;

/// What a number should be.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Goal {
    /// This at the most.
    AtMost(f64),
    /// This at the least.
    AtLeast(f64),
}

/// One number.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    what: String,
    unit: &'static str,
    goal: Option<Goal>,
    measured: f64,
    /// The same of the bare relay.
    relay: Option<f64>,
    ratio: Option<f64>,
    met: Option<bool>,
    note: String,
}

impl Line {
    /// A number without a goal.
    pub fn new(what: &str, unit: &'static str, measured: f64) -> Self {
        Self {
            what: what.to_owned(),
            unit,
            goal: None,
            measured,
            relay: None,
            ratio: None,
            met: None,
            note: String::new(),
        }
    }

    /// The number should be at most this.
    pub fn at_most(mut self, most: f64) -> Self {
        self.met = Some(self.measured <= most);
        self.goal = Some(Goal::AtMost(most));
        self
    }

    /// The number should be at least this.
    pub fn at_least(mut self, least: f64) -> Self {
        self.met = Some(self.measured >= least);
        self.goal = Some(Goal::AtLeast(least));
        self
    }

    /// The bare relay's number.
    pub fn beside(mut self, relay: f64) -> Self {
        self.relay = Some(relay);
        self.ratio = Some(self.measured / relay).filter(|ratio| ratio.is_finite());
        self
    }

    /// What else is to be known.
    pub fn note(mut self, note: String) -> Self {
        self.note = note;
        self
    }
}

/// Three digits that count, or the whole number when it has more.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || size == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// The table in Markdown, its columns lined up.
pub fn render(lines: &[Line]) -> String {
    let head = ["what", "goal", "measured", "relay", "ratio", "met", "note"].map(str::to_owned);
    let cells = |line: &Line| {
        let goal = match line.goal {
            Some(Goal::AtMost(most)) => format!("≤ {} {}", short(most), line.unit),
            Some(Goal::AtLeast(least)) => format!("≥ {} {}", short(least), line.unit),
            None => String::new(),
        };
        let met = line.met.map_or("", |met| if met { "yes" } else { "no" });
        [
            line.what.clone(),
            goal.trim_end().to_owned(),
            format!("{} {}", short(line.measured), line.unit)
                .trim_end()
                .to_owned(),
            line.relay.map(short).unwrap_or_default(),
            line.ratio
                .map(|ratio| format!("{} ×", short(ratio)))
                .unwrap_or_default(),
            met.to_owned(),
            line.note.clone(),
        ]
    };
    let rows: Vec<[String; 7]> = std::iter::once(head)
        .chain(lines.iter().map(cells))
        .collect();
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; 7] = std::array::from_fn(width);
    let mut out = String::new();
    for (at, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(out, "| {cell:width$} ");
        }
        out.push_str("|\n");
        if at == 0 {
            for width in widths {
                let _ = write!(out, "| {} ", "-".repeat(width));
            }
            out.push_str("|\n");
        }
    }
    out
}
