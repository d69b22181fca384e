//! Many streams at once.

use crate::Result;
use crate::listen::{Faults, Heard, Listener};
use crate::mock::{Mock, Plan};
use crate::process::Process;
use crate::setup::Target;
use crate::stats::{float, millis};
use crate::token;
use crate::wire::Wire;
use tokio::task::JoinSet;

/// How many sends are under way while streams are opened.
const OPENING: usize = 16;

/// Streams that have begun and are held by the provider after their first token.
pub struct Held(Vec<(Wire, Listener)>);

/// What became of a load.
pub struct Carried {
    /// How long each token was under way, in milliseconds.
    pub waits: Vec<f64>,
    /// Tokens a second, from the moment at which the streams were let go to the last token.
    pub rate: f64,
    /// Tokens an event.
    pub merged: f64,
    /// Processor seconds a million tokens.
    pub cpu: f64,
    /// The part of one core that was used.
    pub busy: f64,
    /// What went wrong.
    pub faults: Faults,
}

/// Opens a stream of `tokens` at `rate` a second in each of `places`.
pub async fn hold(target: &Target, tokens: u32, rate: u32) -> Result<Held> {
    let addr = target.process.addr;
    let mut listeners = Vec::with_capacity(target.places.len());
    for some in target.places.chunks(OPENING) {
        let mut opening = JoinSet::new();
        for place in some {
            let place = place.clone();
            opening.spawn(async move {
                let mut wire = Wire::connect(addr).await?;
                let plan = Plan::new(tokens, rate, true);
                let listener = Listener::begin(&mut wire, &place, plan).await?;
                Result::Ok((wire, listener))
            });
        }
        while let Some(opened) = opening.join_next().await {
            listeners.push(opened??);
        }
    }
    Ok(Held(listeners))
}

impl Held {
    /// Lets the streams go, listens to all of them to their ends, and looks at what `process` did for it.
    pub async fn carry(self, process: &Process, mock: &Mock) -> Result<Carried> {
        let cpu = process.cpu_seconds()?;
        let begun = token::now();
        let heard = self.listen(mock.clone()).await?;
        let cpu = process.cpu_seconds()? - cpu;

        let mut faults = Faults::default();
        for one in &heard {
            faults += one.faults(mock, false);
        }
        let tokens = float(heard.iter().map(|heard| heard.waits.len()).sum());
        let events = float(heard.iter().map(|heard| heard.events - 1).sum());
        let last = heard
            .iter()
            .map(|heard| heard.last_at)
            .max()
            .unwrap_or(begun);
        let seconds = millis(last - begun) / 1000.0;
        let waits = heard.iter().flat_map(|heard| &heard.waits);
        Ok(Carried {
            waits: waits.map(|wait| millis(*wait)).collect(),
            rate: tokens / seconds,
            merged: tokens / events,
            cpu: cpu / tokens * 1e6,
            busy: cpu / seconds,
            faults,
        })
    }

    /// Lets the streams go and answers what was heard of each.
    pub async fn listen(self, mock: Mock) -> Result<Vec<Heard>> {
        let mut listening = JoinSet::new();
        for (mut wire, listener) in self.0 {
            listening.spawn(async move { listener.finish(&mut wire).await });
        }
        mock.go();
        let mut heard = Vec::new();
        while let Some(one) = listening.join_next().await {
            heard.push(one?);
        }
        Ok(heard)
    }
}
