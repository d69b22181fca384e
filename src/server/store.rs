//! The database: one SQL text, two native drivers. Every statement of the product is below this module.

pub mod activity;
pub mod answers;
mod batches;
pub mod checkpoints;
pub mod connects;
pub mod events;
pub mod favourites;
pub mod free_pool;
pub mod health;
pub mod hints;
pub mod instance;
pub mod messages;
pub mod model_cache;
pub mod provider_keys;
pub mod schema;
pub mod search;
pub mod sends;
pub mod sessions;
pub mod threads;
pub mod users;
pub mod words;

use sqlx::migrate::{Migrate, MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Acquire, Connection, Postgres, Sqlite, Transaction};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;
use tokio::time::Instant;

static SHARED: Migrator = sqlx::migrate!("./migrations");
static SQLITE: Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("./migrations/postgres");

/// How long PostgreSQL may take for a statement or a whole transaction, waiting for a connection included. SQLite is in this
/// process and limits its only wait, for a lock, by itself.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long a connection of PostgreSQL may take to say that it is there.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);
/// Idle for less than this, a connection was heard of a moment ago.
const FRESH: Duration = Duration::from_secs(1);

/// Trouble with the database. Not finding a row is not trouble.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The driver could not do it: locked, full, gone.
    #[error("database: {0}")]
    Driver(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("migration: {0}")]
    Migration(MigrateError),
    /// The schema is newer than this program.
    #[error(
        "a newer version of KeyLM wrote it (schema {found}, this version knows up to {known}). Nothing was changed; start \
         the newer version, or restore a backup from before the update"
    )]
    Newer {
        /// A migration of the database.
        found: i64,
        /// The last migration of this program.
        known: i64,
    },
    /// The schema is not of this program's making.
    #[error(
        "its migration {0} is not the one of this version of KeyLM. Nothing was changed; start the version that wrote it, or \
         restore a backup"
    )]
    Foreign(i64),
    /// A row holds what this program never wrote.
    #[error("{table}.{column} of row {id} does not read")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row.
        id: String,
    },
}

impl StoreError {
    /// Whether a uniqueness rule of the schema refused the write.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Driver(sqlx::Error::Database(error)) if error.is_unique_violation())
    }

    /// Whether the row that the write refers to is gone.
    #[must_use]
    pub fn is_orphan(&self) -> bool {
        matches!(self, Self::Driver(sqlx::Error::Database(error)) if error.is_foreign_key_violation())
    }

    /// Whether the database understood and will never do it: a rule of the schema forbids it, or a value has no place in it.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Driver(sqlx::Error::Database(error)) => {
                error.kind() != sqlx::error::ErrorKind::Other
                    // PostgreSQL's class "data exception".
                    || error.code().is_some_and(|code| code.len() == 5 && code.starts_with("22"))
            }
            Self::Corrupt { .. } => true,
            Self::Driver(_) | Self::Migration(_) | Self::Newer { .. } | Self::Foreign(_) => false,
        }
    }

    /// Whether SQLite may not write its file, or not make it.
    #[must_use]
    pub fn is_unwritable(&self) -> bool {
        const READ_ONLY: u32 = 8;
        const CAN_NOT_OPEN: u32 = 14;
        let Self::Driver(sqlx::Error::Database(error)) = self else {
            return false;
        };
        let code = error.code().and_then(|code| code.parse::<u32>().ok());
        // The rest of SQLite's number says more exactly why. PostgreSQL's codes have five characters.
        code.is_some_and(|code| code < 10_000 && matches!(code & 0xff, READ_ONLY | CAN_NOT_OPEN))
    }
}

/// What a store function answers.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Which database, as the configuration says it.
#[derive(Clone)]
pub enum Target {
    /// An SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL URL; holds a password.
    Postgres(crate::server::crypto::secret::Secret),
}

/// An open database. Cheap to clone.
#[derive(Clone)]
pub enum Db {
    /// Many readers, one writer: SQLite lets only one write at a time, so waiting happens here and not in a busy loop.
    Sqlite {
        /// Connections that only read.
        read: SqlitePool,
        /// The connection that writes.
        write: SqlitePool,
        /// The connection that folds the log into the file, beside the writer.
        fold: SqlitePool,
    },
    /// One pool for both.
    Postgres(PgPool),
}

/// A transaction; dropping it rolls back.
pub enum Tx {
    /// Begun `IMMEDIATE`: a read that becomes a write can not fail half-way.
    Sqlite(Transaction<'static, Sqlite>),
    /// Read committed.
    Postgres {
        /// The driver's.
        tx: Transaction<'static, Postgres>,
        /// When it counts as failed.
        until: Instant,
    },
}

/// When what begins now on PostgreSQL counts as failed.
pub(crate) fn deadline() -> Instant {
    Instant::now() + PATIENCE
}

/// Waits for PostgreSQL until then: a network that swallows everything closes no connection.
pub(crate) async fn by<T>(
    until: Instant,
    work: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    tokio::time::timeout_at(until, work)
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
}

/// Whether a connection answers at all.
async fn lives(connection: &mut PgConnection) -> sqlx::Result<bool> {
    by(Instant::now() + SIGN_OF_LIFE, connection.ping()).await?;
    Ok(true)
}

/// Runs a query on a [`Db`]'s readers. The body is compiled once a driver.
macro_rules! read {
    ($db:expr, $c:ident => $body:expr) => {
        match $db {
            $crate::server::store::Db::Sqlite { read: $c, .. } => $body,
            $crate::server::store::Db::Postgres($c) => {
                $crate::server::store::by($crate::server::store::deadline(), async { $body }).await
            }
        }
    };
}

/// Runs one statement on a [`Db`]'s writer.
macro_rules! write {
    ($db:expr, $c:ident => $body:expr) => {
        match $db {
            $crate::server::store::Db::Sqlite { write: $c, .. } => $body,
            $crate::server::store::Db::Postgres($c) => {
                $crate::server::store::by($crate::server::store::deadline(), async { $body }).await
            }
        }
    };
}

/// Runs a statement inside a [`Tx`].
macro_rules! within {
    ($tx:expr, $c:ident => $body:expr) => {
        match $tx {
            $crate::server::store::Tx::Sqlite(tx) => {
                let $c = &mut **tx;
                $body
            }
            $crate::server::store::Tx::Postgres { tx, until } => {
                let $c = &mut **tx;
                $crate::server::store::by(*until, async { $body }).await
            }
        }
    };
}

pub(crate) use {read, within, write};

impl Db {
    /// Opens the database, making an SQLite file that does not exist yet.
    ///
    /// # Errors
    /// When it can not be reached or is no database.
    pub async fn open(target: &Target) -> Result<Self> {
        match target {
            Target::Sqlite(path) => Self::open_sqlite(path).await,
            Target::Postgres(url) => {
                let options = PgConnectOptions::from_str(url.expose())?;
                let pool = PgPoolOptions::new()
                    .max_connections(16)
                    .acquire_timeout(Duration::from_secs(2))
                    // Instead of the driver's own tests, which wait for ever.
                    .test_before_acquire(false)
                    .before_acquire(|connection, known| {
                        Box::pin(
                            async move { Ok(known.idle_for < FRESH || lives(connection).await?) },
                        )
                    })
                    // A statement that was given up leaves a connection whose answer is still to come, if ever. The driver asks
                    // the same behind this, which cannot be switched off and waits for ever.
                    .after_release(|connection, _| Box::pin(lives(connection)))
                    .connect_with(options)
                    .await?;
                Ok(Self::Postgres(pool))
            }
        }
    }

    async fn open_sqlite(path: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            // Deleted keys and messages must not linger in free pages.
            .pragma("secure_delete", "ON");
        let pool = |most: u32| {
            SqlitePoolOptions::new()
                .max_connections(most)
                .acquire_timeout(Duration::from_secs(10))
                // It is in this process: asking whether it is there is one more turn of its thread.
                .test_before_acquire(false)
                // On a full disk SQLite rolls back by itself. The driver takes that transaction for open for ever, so that
                // none begins on this connection any more: another one replaces it.
                .before_acquire(|connection, _| {
                    Box::pin(async move { Ok(!connection.is_in_transaction()) })
                })
        };
        // Whose commit fills the log must not be the one who pays for folding it: see `checkpoints`.
        let options = options.pragma("wal_autocheckpoint", "0");
        let write = pool(1).connect_with(options.clone()).await?;
        let fold = pool(1).connect_lazy_with(options.clone());
        let read = pool(4)
            .connect_with(options.read_only(false).pragma("query_only", "ON"))
            .await?;
        Ok(Self::Sqlite { read, write, fold })
    }

    /// Brings the schema up to date and puts the guards in place that the two engines spell differently.
    ///
    /// # Errors
    /// When a migration fails, or the database was written by a newer version.
    pub async fn migrate(&self) -> Result<()> {
        match self {
            Self::Sqlite { write, .. } => {
                migrate(&SQLITE, write).await?;
                sqlx::raw_sql(SQLITE_GUARDS).execute(write).await?;
            }
            Self::Postgres(pool) => {
                migrate(&POSTGRES, pool).await?;
                let mut tx = pool.begin().await?;
                // Several replicas may start at once; replacing the same function concurrently is an error.
                sqlx::query("SELECT pg_advisory_xact_lock(7301)")
                    .execute(&mut *tx)
                    .await?;
                sqlx::raw_sql(POSTGRES_GUARDS).execute(&mut *tx).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }

    /// Begins a transaction that is going to write.
    ///
    /// # Errors
    /// When no connection comes free in time.
    pub async fn begin(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => {
                let until = deadline();
                let tx = by(until, pool.begin()).await?;
                Tx::Postgres { tx, until }
            }
        })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<()> {
        read!(self, c => sqlx::query("SELECT 1").execute(c).await.map(drop))?;
        Ok(())
    }

    /// Its pools: their names, their open connections and how many of those are idle.
    #[must_use]
    pub fn pools(&self) -> Vec<(&'static str, usize, usize)> {
        let size = |open: u32| usize::try_from(open).unwrap_or(usize::MAX);
        match self {
            Self::Sqlite { read, write, fold } => {
                [("read", read), ("write", write), ("fold", fold)]
                    .map(|(name, pool)| (name, size(pool.size()), pool.num_idle()))
                    .to_vec()
            }
            Self::Postgres(pool) => vec![("all", size(pool.size()), pool.num_idle())],
        }
    }

    /// What a database that several processes share says the time is, in milliseconds since 1970; their own clocks may
    /// disagree. None where there is only one process.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn shared_clock(&self) -> Result<Option<i64>> {
        let Self::Postgres(pool) = self else {
            return Ok(None);
        };
        let sql = "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT";
        let clock = sqlx::query_scalar(sql).fetch_one(pool);
        Ok(Some(by(deadline(), clock).await?))
    }

    /// Whether other processes may be writing to the same database.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Closes all connections; an SQLite log is folded into its file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { read, write, fold } => {
                read.close().await;
                fold.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// Makes it durable.
    ///
    /// # Errors
    /// When the database could not; nothing of it holds then.
    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres { tx, until } => by(until, tx.commit()).await?,
        }
        Ok(())
    }
}

/// Runs the migrations of both engines and those of one, by their numbers.
async fn migrate<'a, A>(own: &Migrator, at: A) -> Result<()>
where
    A: Acquire<'a>,
    <A::Connection as Deref>::Target: Migrate,
{
    let all = Migrator::with_migrations(SHARED.iter().chain(own.iter()).cloned().collect());
    let known = all.iter().map(|migration| migration.version).max();
    let known = known.unwrap_or_default();
    all.run(at).await.map_err(|error| refused(error, known))
}

fn refused(error: MigrateError, known: i64) -> StoreError {
    match error {
        MigrateError::VersionMissing(found) if found > known => StoreError::Newer { found, known },
        MigrateError::VersionMissing(version) | MigrateError::VersionMismatch(version) => {
            StoreError::Foreign(version)
        }
        other => StoreError::Migration(other),
    }
}

/// An answer that ended is history: neither its text nor its outcome changes any more.
const SQLITE_GUARDS: &str = "
CREATE TRIGGER IF NOT EXISTS messages_final BEFORE UPDATE OF content, reasoning, status, finish_reason, error ON messages
WHEN OLD.status IN ('complete', 'stopped', 'failed')
BEGIN SELECT RAISE(ABORT, 'a finished message does not change'); END;
";

const POSTGRES_GUARDS: &str = "
CREATE OR REPLACE FUNCTION keylm_messages_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a finished message does not change'; END $$;
CREATE OR REPLACE TRIGGER messages_final BEFORE UPDATE OF content, reasoning, status, finish_reason, error ON messages
FOR EACH ROW WHEN (OLD.status IN ('complete', 'stopped', 'failed')) EXECUTE FUNCTION keylm_messages_final();
";
