//! What breaks, and what is left of it: every fault ends with the same [`aftermath`].

pub mod aftermath;
mod crash;
mod power;
mod process;
mod readers;
mod storage;
mod upgrade;
mod upstream;

use crate::support::app::Client;
use crate::support::number;
use crate::support::probe::Tail;
use keylm::server::clock::{Entropy, SeededEntropy, SystemEntropy};
use std::time::Duration;

/// How long anything may take before it counts as never. A busy machine is slow; nothing here is.
const NEVER: Duration = Duration::from_mins(1);

/// Secrets for a program whose folder does not keep them.
const SECRETS: [(&str, &str); 2] = [
    (
        "APP_ENCRYPTION_KEY",
        "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
    ),
    (
        "APP_AUTH_SECRET",
        "ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=",
    ),
];

/// More than one person is given by default.
const GENEROUS: (&str, &str) = ("LIMIT_ANSWERS_PER_USER", "1000");

/// Random moments. The seed is printed; `KEYLM_FAULT_SEED` repeats it.
struct Dice(SeededEntropy);

impl Dice {
    fn new(test: &str) -> Self {
        let seed = number("KEYLM_FAULT_SEED").unwrap_or_else(|| {
            let mut bytes = [0; 8];
            SystemEntropy.fill(&mut bytes);
            u64::from_be_bytes(bytes)
        });
        println!("{test}: KEYLM_FAULT_SEED={seed}");
        Self(SeededEntropy::new(seed))
    }

    /// Anything from 0 to `end`, without it.
    fn number(&self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_be_bytes(bytes) % end
    }

    fn one<'a, T>(&self, of: &'a [T]) -> &'a T {
        let count = u64::try_from(of.len()).unwrap();
        &of[usize::try_from(self.number(count)).unwrap()]
    }

    fn below(&self, end: Duration) -> Duration {
        let most = u64::try_from(end.as_micros()).unwrap();
        Duration::from_micros(self.number(most))
    }
}

/// Waits until `done`, looking every few milliseconds.
async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !done().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(NEVER, wait)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"));
}

/// Endless answers, each with some text of it read.
async fn endless(client: &Client, count: usize) -> Vec<Tail> {
    let mut tails = Vec::new();
    for _ in 0..count {
        let thread = client.thread("openai", "sim-endless").await;
        let mut tail = Tail::new(client.ask(&thread, &thread, "Go on").await);
        tail.until(3).await;
        tails.push(tail);
    }
    tails
}
