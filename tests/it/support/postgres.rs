//! A throw-away PostgreSQL cluster for the whole test run: in a temporary folder, on a Unix socket, gone with the process.

use keylm::server::crypto::secret::Secret;
use keylm::server::store::{Db, Target};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Ends the cluster when its standard input does, that is when the tests have ended, however they ended.
const KEEPER: &str = r#"
set -e
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
dir=$(mktemp -d /tmp/keylm-postgres.XXXXXX)
run=""
if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; run="runuser -u postgres --"; fi
cd "$dir"
$run "$bin/initdb" -D "$dir/data" -A trust -U postgres -E UTF8 --locale=C >"$dir.log" 2>&1
$run "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/server.log" \
    -o "-k $dir -c listen_addresses= -c fsync=off -c max_connections=300" start >>"$dir.log" 2>&1
echo "$dir"
cat >/dev/null || true
$run "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true
rm -rf "$dir" "$dir.log"
"#;

struct Cluster {
    socket: PathBuf,
    _keeper: Child,
}

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut socket = String::new();
        BufReader::new(keeper.stdout.take().unwrap())
            .read_line(&mut socket)
            .unwrap();
        assert!(
            !socket.trim().is_empty(),
            "PostgreSQL did not start; see /tmp/keylm-postgres.*.log. `make test` installs it."
        );
        Cluster {
            socket: PathBuf::from(socket.trim()),
            _keeper: keeper,
        }
    })
}

/// The socket on which the cluster listens.
pub fn socket() -> PathBuf {
    cluster().socket.join(".s.PGSQL.5432")
}

/// The URL of an empty database that nobody else uses.
pub async fn fresh_database() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let cluster = tokio::task::spawn_blocking(cluster).await.unwrap();
    let url = |name: &str| {
        format!(
            "postgres://postgres@localhost/{name}?host={}",
            cluster.socket.display()
        )
    };
    let name = format!("t{}", NEXT.fetch_add(1, Ordering::SeqCst));
    let Db::Postgres(pool) = Db::open(&Target::Postgres(Secret::new(url("postgres"))))
        .await
        .unwrap()
    else {
        unreachable!()
    };
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
    url(&name)
}
