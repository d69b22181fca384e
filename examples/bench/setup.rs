//! What every row starts from: the provider, the server in a folder of its own, and the relay.

use crate::Result;
use crate::account::{Account, Place};
use crate::mock::Mock;
use crate::process::{self, Process};
use crate::seed::{self, Shape};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// What the whole bench shares.
pub struct Bench {
    /// The provider.
    pub mock: Mock,
    /// Whether to be quick rather than exact.
    pub quick: bool,
    server: PathBuf,
    cores: usize,
    big: OnceCell<Seeded>,
}

/// A process and where to send to.
pub struct Target {
    /// The process.
    pub process: Process,
    /// Streams go to these.
    pub places: Vec<Place>,
    /// The folder goes when the process has.
    _folder: TempDir,
}

/// A folder with a database that somebody owns everything in.
pub struct Seeded {
    /// The folder.
    pub folder: TempDir,
    /// The owner's session.
    pub cookie: String,
    /// The owner's threads.
    pub threads: Vec<String>,
}

impl Bench {
    /// A bench for this server.
    pub async fn new(server: PathBuf, quick: bool) -> Result<Self> {
        Ok(Self {
            mock: Mock::start().await?,
            quick,
            server,
            cores: std::thread::available_parallelism()?.get(),
            big: OnceCell::new(),
        })
    }

    /// `full`, or less when the bench is to be quick.
    pub const fn or_quick(&self, full: u32, quick: u32) -> u32 {
        if self.quick { quick } else { full }
    }

    /// The server on this folder.
    pub async fn serve(&self, folder: &Path, cores: Option<&str>) -> Result<Process> {
        Process::start(&self.server, folder, cores, |command, addr| {
            command
                .arg("serve")
                .env("KEYLM_ADDR", addr.to_string())
                .env("KEYLM_DATA_DIR", folder)
                .env("OPENAI_BASE_URL", self.mock.base_url())
                .env("RATE_LIMIT_PER_MINUTE", "1000000000")
                .env("LIMIT_ANSWERS_PER_USER", "100000")
                .env("LIMIT_ANSWERS", "100000")
                .env("DRAIN_SECONDS", "2");
        })
        .await
    }

    /// A new server that nobody has used.
    pub async fn empty(&self) -> Result<Target> {
        let folder = process::folder()?;
        Ok(Target {
            process: self.serve(folder.path(), None).await?,
            places: Vec::new(),
            _folder: folder,
        })
    }

    /// A new server with somebody who has `threads`.
    pub async fn keylm(&self, cores: Option<&str>, threads: usize) -> Result<Target> {
        let folder = process::folder()?;
        let process = self.serve(folder.path(), cores).await?;
        let mut account = Account::register(process.addr).await?;
        Ok(Target {
            places: account.threads(threads).await?,
            process,
            _folder: folder,
        })
    }

    /// The bare relay, `streams` at a time.
    pub async fn relay(&self, cores: Option<&str>, streams: usize) -> Result<Target> {
        let folder = process::folder()?;
        let program = std::env::current_exe()?;
        let process = Process::start(&program, folder.path(), cores, |command, addr| {
            command.args(["--relay", &addr.to_string(), &self.mock.base_url()]);
        })
        .await?;
        let place = Place {
            path: "/messages".to_owned(),
            cookie: String::new(),
        };
        Ok(Target {
            places: vec![place; streams],
            process,
            _folder: folder,
        })
    }

    /// The core that a pinned process has for itself; the rest of the machine is the bench's while `Alone` lives.
    pub fn alone(&self) -> Result<Alone> {
        let last = self.cores - 1;
        if last > 0 {
            process::move_to(&format!("0-{}", last - 1))?;
        }
        Ok(Alone {
            core: last.to_string(),
            all: format!("0-{last}"),
        })
    }

    /// A database of this shape. The server has made its schema and its owner.
    pub async fn seeded(&self, shape: &Shape) -> Result<Seeded> {
        let folder = process::folder()?;
        let mut process = self.serve(folder.path(), None).await?;
        let account = Account::register(process.addr).await?;
        process.terminate().await?;
        let threads = seed::fill(&folder.path().join("keylm.db"), &account.user, shape).await?;
        Ok(Seeded {
            folder,
            cookie: account.cookie,
            threads,
        })
    }

    /// The database of a million messages, made when it is first needed.
    pub async fn big(&self) -> Result<&Seeded> {
        let shape = Shape::long(self.or_quick(10_000, 1_000));
        self.big.get_or_try_init(|| self.seeded(&shape)).await
    }
}

/// See [`Bench::alone`].
pub struct Alone {
    /// The core.
    pub core: String,
    all: String,
}

impl Drop for Alone {
    fn drop(&mut self) {
        let _ = process::move_to(&self.all);
    }
}
