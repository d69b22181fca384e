//! What the tests share: databases of both kinds, a whole server on a free port, typed clients.

pub mod app;
pub mod contract;
pub mod postgres;
pub mod probe;
pub mod process;
pub mod routes;

use keylm::server::crypto::secret::Secret;
use keylm::server::store::{Db, Target};
use std::path::PathBuf;
use tempfile::TempDir;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A migrated database of its own for one test.
pub struct TestDb {
    pub db: Db,
    folder: TempDir,
}

impl TestDb {
    pub async fn new(engine: Engine) -> Self {
        let test = Self::empty(engine).await;
        test.db.migrate().await.unwrap();
        test
    }

    /// An empty one.
    pub async fn empty(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let target = match engine {
            Engine::Sqlite => Target::Sqlite(folder.path().join("keylm.db")),
            Engine::Postgres => Target::Postgres(Secret::new(postgres::fresh_database().await)),
        };
        let db = Db::open(&target).await.unwrap();
        Self { db, folder }
    }

    /// The file of an SQLite database.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("keylm.db")
    }
}

/// A number that whoever starts the tests gives in the environment: how many, or which one again.
#[expect(
    clippy::disallowed_methods,
    reason = "how much is tested is asked from outside"
)]
pub fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
