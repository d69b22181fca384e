//! A start that dies while it brings the schema up to date, and one that finds a schema that is not its own.

use super::aftermath::alive;
use super::{NEVER, SECRETS, until};
use crate::support::Engine;
use crate::support::postgres::fresh_database;
use crate::support::process::{Server, command, command_after};
use keylm::server::crypto::secret::Secret;
use keylm::server::simulate::Simulator;
use keylm::server::store::{Db, Target};
use rstest::rstest;
use sqlx::migrate::Migrator;
use sqlx::{ConnectOptions, Connection};
use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

static MIGRATOR: Migrator = sqlx::migrate!("./migrations");
static SQLITE: Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("./migrations/postgres");

/// What kills a process that writes a file beyond its limit.
const SIGXFSZ: i32 = 25;
/// By how much the limit grows, in the shell's blocks of 512 bytes: no divisor of a page, so that pages are torn, too.
const STEP: usize = 13;

async fn run(mut command: Command) -> Output {
    let output = tokio::task::spawn_blocking(move || {
        command.arg("migrate");
        command.output().unwrap()
    });
    let output = tokio::time::timeout(NEVER, output).await;
    output.expect("it ends").unwrap()
}

/// The whole schema, and what is noted of its migrations.
async fn schema(folder: &Path) -> Vec<(String, String)> {
    let mut db = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(folder.join("keylm.db"))
        .create_if_missing(true)
        .connect()
        .await
        .unwrap();
    let sql = "SELECT name, coalesce(sql, '') FROM sqlite_master ORDER BY name";
    let mut all: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(&mut db).await.unwrap();
    if all.iter().any(|(name, _)| name == "_sqlx_migrations") {
        let sql =
            "SELECT description, hex(checksum) || success FROM _sqlx_migrations ORDER BY version";
        let noted: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(&mut db).await.unwrap();
        all.extend(noted);
    }
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert_eq!(verdict, "ok");
    db.close().await.unwrap();
    all
}

/// The files as they are.
fn copied(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_is_killed_at_any_write_is_completed_by_the_next_start() {
    let whole = tempfile::tempdir().unwrap();
    assert!(run(command(whole.path(), &SECRETS)).await.status.success());
    let whole = schema(whole.path()).await;
    let mut left: BTreeSet<usize> = BTreeSet::new();
    let mut last: Option<TempDir> = None;
    for limit in (0..).step_by(STEP) {
        let folder = tempfile::tempdir().unwrap();
        let words = format!("ulimit -c 0; ulimit -f {limit}");
        let ended = run(command_after(&words, folder.path(), &SECRETS)).await;
        if ended.status.success() {
            break;
        }
        assert_eq!(ended.status.signal(), Some(SIGXFSZ), "{ended:?}");
        left.insert(schema(copied(folder.path()).path()).await.len());
        last = Some(copied(folder.path()));
        let next = run(command(folder.path(), &SECRETS)).await;
        assert!(next.status.success(), "after {limit}: {next:?}");
        assert_eq!(schema(folder.path()).await, whole, "after {limit}");
    }
    println!("killed with so much of the schema there: {left:?}");
    assert!(
        left.len() > MIGRATOR.iter().chain(SQLITE.iter()).count(),
        "in the midst of every migration: {left:?}"
    );
    // The last one is completed by a start that serves at once.
    let sim = Simulator::start(0).await.unwrap();
    let server = Server::start(&sim, last.unwrap(), &SECRETS).await;
    let ada = server.person().await;
    alive(&ada).await;
    assert_eq!(schema(server.folder.path()).await, whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_of_postgresql_that_is_killed_while_it_waits_is_completed_by_the_next_start() {
    // What the migration must lock, by the number of migrations before it.
    for (before, table) in [
        (1, "users"),
        (2, "users"),
        (3, "provider_models"),
        (5, "messages"),
    ] {
        let url = fresh_database().await;
        let settings = [SECRETS[0], SECRETS[1], ("DATABASE_URL", url.as_str())];
        let target = Target::Postgres(Secret::new(url.clone()));
        let Db::Postgres(pool) = Db::open(&target).await.unwrap() else {
            unreachable!()
        };
        MIGRATOR.run_to(before, &pool).await.unwrap();
        let mut lock = pool.begin().await.unwrap();
        let sql = format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&mut *lock)
            .await
            .unwrap();
        let home = tempfile::tempdir().unwrap();
        let mut child = command(home.path(), &settings)
            .arg("migrate")
            .spawn()
            .unwrap();
        until("the migration waits for the lock", async || {
            let sql = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation IS NOT NULL
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
            let waiting: i64 = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
            waiting > 0
        })
        .await;
        child.kill().unwrap();
        child.wait().unwrap();
        lock.rollback().await.unwrap();
        let next = run(command(home.path(), &settings)).await;
        assert!(next.status.success(), "{next:?}");
        let sql = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";
        let noted: Vec<i64> = sqlx::query_scalar(sql).fetch_all(&pool).await.unwrap();
        let all = MIGRATOR.iter().chain(POSTGRES.iter());
        let mut all: Vec<i64> = all.map(|one| one.version).collect();
        all.sort_unstable();
        assert_eq!(noted, all);
        let column = "SELECT gone FROM provider_models";
        sqlx::query(column).fetch_all(&pool).await.unwrap();
        pool.close().await;
    }
}

#[test]
fn every_migration_is_one_transaction() {
    for migrator in [&MIGRATOR, &SQLITE, &POSTGRES] {
        assert!(migrator.iter().all(|migration| !migration.no_tx));
    }
}

#[rstest]
#[case::newer(
    "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        SELECT 9001, 'later', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1",
    &["a newer version of KeyLM wrote it (schema 9001", "start the newer version, or restore a backup"]
)]
#[case::changed(
    "UPDATE _sqlx_migrations SET checksum = (SELECT checksum FROM _sqlx_migrations WHERE version = 1) WHERE version = 2",
    &["its migration 2 is not the one", "start the version that wrote it"]
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_another_version_ends_the_start_with_what_to_do(
    #[case] sql: &'static str,
    #[case] words: &[&str],
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let home = tempfile::tempdir().unwrap();
    let (target, url) = match engine {
        Engine::Sqlite => {
            let path = home.path().join("keylm.db");
            let url = format!("sqlite:{}", path.display());
            (Target::Sqlite(path), url)
        }
        Engine::Postgres => {
            let url = fresh_database().await;
            (Target::Postgres(Secret::new(url.clone())), url)
        }
    };
    let settings = [SECRETS[0], SECRETS[1], ("DATABASE_URL", url.as_str())];
    assert!(run(command(home.path(), &settings)).await.status.success());
    let db = Db::open(&target).await.unwrap();
    match &db {
        Db::Sqlite { write, .. } => drop(sqlx::raw_sql(sql).execute(write).await.unwrap()),
        Db::Postgres(pool) => drop(sqlx::raw_sql(sql).execute(pool).await.unwrap()),
    }
    db.close().await;
    let mut serve = command(home.path(), &settings);
    let output = tokio::task::spawn_blocking(move || serve.output().unwrap());
    let output = tokio::time::timeout(NEVER, output).await;
    let output = output.expect("it gives up").unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    println!("{said}");
    assert!(!output.status.success());
    assert!(!String::from_utf8_lossy(&output.stdout).contains("listening"));
    assert!(said.starts_with("keylm: the database "), "{said}");
    for words in words {
        assert!(said.contains(words), "{said}");
    }
}
