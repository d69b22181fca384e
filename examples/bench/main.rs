//! `make bench`: what the release build costs, beside a bare relay that does nothing but carry.
//!
//! It prints times and asserts none. It fails when a token was lost or came out of order. See `docs/performance.md`.

mod account;
mod listen;
mod load;
mod machine;
mod mock;
mod process;
mod relay;
mod rows;
mod seed;
mod setup;
mod sse;
mod stats;
mod table;
mod token;
mod wire;

use clap::{Parser, ValueEnum};
use keylm::server::clock::Env;
use rows::Row;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What anything here answers.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Parser)]
struct Cli {
    /// What to measure; everything when nothing is named.
    rows: Vec<Row>,
    /// The server.
    #[arg(long, default_value = "target/release/keylm")]
    server: PathBuf,
    /// Where the JSON goes.
    #[arg(long, default_value = "target/bench.json")]
    json: PathBuf,
    /// Be quick rather than exact.
    #[arg(long)]
    quick: bool,
    /// Be the bare relay, at this address in front of this provider.
    #[arg(long, num_args = 2, hide = true)]
    relay: Option<Vec<String>>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.relay.as_deref() {
        Some([listen, base_url]) => be_relay(listen, base_url).await,
        _ => measure(cli).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn be_relay(listen: &str, base_url: &str) -> Result<()> {
    relay::run(listen.parse()?, base_url).await
}

async fn measure(cli: Cli) -> Result<()> {
    let rows = if cli.rows.is_empty() {
        Row::value_variants().to_vec()
    } else {
        cli.rows
    };
    let server = std::path::absolute(&cli.server)?;
    if !server.is_file() {
        return Err(format!(
            "there is no server at {}; run `make build`",
            server.display()
        )
        .into());
    }
    let bench = setup::Bench::new(server, cli.quick).await?;
    let about = json!({
        "date": Env::system().now(),
        "commit": machine::said("git", &["describe", "--always", "--dirty"]),
        "machine": machine::description(),
        "fsyncMs": machine::fsync()?,
        "quick": cli.quick,
    });
    println!("{about}\n");
    let mut lines = Vec::new();
    let mut faults = listen::Faults::default();
    for row in rows {
        let watch = machine::Watch::start()?;
        let mut report = row.run(&bench).await?;
        eprintln!("{}: {}", row.name(), watch.stop()?);
        lines.append(&mut report.lines);
        faults += report.faults;
    }
    println!("{}", table::render(&lines));
    let json = json!({ "about": about, "lines": lines, "faults": faults });
    std::fs::write(&cli.json, format!("{json:#}\n"))?;
    if faults == listen::Faults::default() {
        Ok(())
    } else {
        Err(format!("answers are not what the provider said: {faults:?}").into())
    }
}

/// A lock's content; whoever panicked with it has ended the bench anyway.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
