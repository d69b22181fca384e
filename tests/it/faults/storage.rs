//! The database is locked, full, read-only or away, and comes back.

use super::aftermath::{COMPLETE, RESTARTED, STOPPED, STORAGE, Shown, aftermath};
use super::{GENEROUS, SECRETS, endless, until};
use crate::support::app::{Client, parts, read_events};
use crate::support::postgres::{fresh_database, socket};
use crate::support::probe::{Tail, refused};
use crate::support::process::{Server, command, command_after};
use keylm::server::simulate::Simulator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_util::sync::CancellationToken;

/// Refusals that a person can do something with: 503 of the storage, with the time after which to come again.
async fn is_refused(client: &Client, thread: &str, request: &str) {
    let response = tokio::time::timeout(super::NEVER, client.ask(thread, request, "And now?"));
    let refusal = refused(response.await.expect("an answer to the send")).await;
    assert_eq!(refusal, (503, "storage".to_owned()));
}

/// Waits until the server has given up on this many answers.
async fn given_up(server: &Server, count: usize) {
    until("the answers are given up", async || {
        server.logged(&["an answer failed", "storage"]) >= count
    })
    .await;
}

/// Reads on, and answers what was shown all in all.
async fn to_the_end(tails: Vec<Tail>) -> Vec<Shown> {
    let mut shown = Vec::new();
    for tail in tails {
        let rest = tokio::time::timeout(super::NEVER, tail.torn()).await;
        shown.push(Shown::new(rest.expect("the stream ends")));
    }
    shown
}

/// Reads as far as there is something, then asks the answers to end, and reads on.
async fn go_on_and_stop(client: &Client, mut tails: Vec<Tail>) -> Vec<Shown> {
    for tail in &mut tails {
        let seen = tail.events().len();
        tail.until(seen + 5).await;
        Shown::of(tail).stop(client).await;
    }
    to_the_end(tails).await
}

/// Somebody else's lock on an SQLite file.
async fn lock(folder: &Path) -> SqliteConnection {
    let mut other = SqliteConnectOptions::new()
        .filename(folder.join("keylm.db"))
        .busy_timeout(Duration::from_secs(10))
        .connect()
        .await
        .unwrap();
    sqlx::raw_sql("BEGIN EXCLUSIVE")
        .execute(&mut other)
        .await
        .unwrap();
    other
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_locked_for_three_seconds_makes_answers_wait() {
    let sim = Simulator::start(0).await.unwrap();
    let server = Server::start(&sim, tempfile::tempdir().unwrap(), &[GENEROUS]).await;
    let ada = server.person().await;
    let tails = endless(&ada, 3).await;
    let other = lock(server.folder.path()).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    other.close().await.unwrap();
    let shown = go_on_and_stop(&ada, tails).await;
    assert_eq!(server.logged(&["an answer failed"]), 0);
    aftermath(&ada, &shown, &[STOPPED]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stays_locked_ends_answers_and_refuses_sends_until_it_is_free() {
    let sim = Simulator::start(0).await.unwrap();
    let server = Server::start(&sim, tempfile::tempdir().unwrap(), &[GENEROUS]).await;
    let ada = server.person().await;
    let idle = ada.thread("openai", "sim-short").await;
    ada.say(&idle, "before", "Hello?").await;
    let tails = endless(&ada, 3).await;
    let other = lock(server.folder.path()).await;
    is_refused(&ada, &idle, "meanwhile").await;
    let (status, opened) = parts(ada.get(&format!("/api/threads/{idle}")).await).await;
    assert_eq!(status, 200, "reading needs no lock: {opened}");
    assert_eq!(opened["messages"].as_array().unwrap().len(), 2);
    given_up(&server, 3).await;
    other.close().await.unwrap();
    let shown = to_the_end(tails).await;
    for one in &shown {
        assert_eq!(one.events.last().unwrap().name, "error", "readers are told");
    }
    aftermath(&ada, &shown, &[STORAGE]).await;
    let again = ada.say(&idle, "meanwhile", "And now?").await;
    assert_eq!(
        again.last().unwrap().name,
        "done",
        "the refused send left nothing"
    );
}

/// A data folder that can be full and read-only: eight megabytes of memory, where this machine lets us mount that; else
/// an ordinary folder, and the program's own limit on the size of files.
struct Disk {
    folder: TempDir,
    mounted: bool,
    full: Mutex<Option<PathBuf>>,
}

impl Disk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut disk = Self {
            folder,
            mounted: false,
            full: Mutex::default(),
        };
        disk.mounted = disk.mount("size=8m");
        println!(
            "the small disk is {}",
            if disk.mounted {
                "a tmpfs"
            } else {
                "a limit on the size of files: mounting is refused here"
            }
        );
        disk
    }

    fn mount(&self, options: &str) -> bool {
        let path = self.folder.path().to_str().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs", path])
            .output();
        mount.is_ok_and(|mount| mount.status.success())
    }

    /// Leaves no byte to write, `largest` being the largest file.
    fn fill(&self, server: &Server, largest: &str) {
        if !self.mounted {
            let largest = std::fs::metadata(self.folder.path().join(largest)).unwrap();
            return limit_files(server, &largest.len().to_string());
        }
        let path = self.folder.path().join("filler");
        let mut filler = std::fs::File::create(&path).unwrap();
        let zeros = [0; 4096];
        let error = loop {
            if let Err(error) = std::io::Write::write_all(&mut filler, &zeros) {
                break error;
            }
        };
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
        *self.full.lock().unwrap() = Some(path);
    }

    /// Makes it larger; nothing is deleted.
    fn grow(&self, server: &Server) {
        if self.mounted {
            assert!(self.mount("remount,size=64m"));
        } else {
            limit_files(server, "unlimited");
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted {
            let _ = Command::new("umount")
                .arg("--lazy")
                .arg(self.folder.path())
                .status();
        }
    }
}

/// How large files may become that the program writes, from now on.
fn limit_files(server: &Server, bytes: &str) {
    let done = Command::new("prlimit")
        .args([
            "--pid",
            &server.id().to_string(),
            &format!("--fsize={bytes}:"),
        ])
        .status();
    assert!(done.unwrap().success());
}

/// The program on this folder; a write beyond a limit is an error for it, as a full disk is, and no signal.
async fn start_on(sim: &Simulator, data: &Path) -> Server {
    let home = tempfile::tempdir().unwrap();
    let data = data.to_str().unwrap();
    let settings = [GENEROUS, ("KEYLM_DATA_DIR", data), SECRETS[0], SECRETS[1]];
    let command = command_after("trap '' XFSZ", home.path(), &settings);
    Server::launch(sim, home, command).await
}

async fn integrity(data: &Path) {
    let mut db = SqliteConnectOptions::new()
        .filename(data.join("keylm.db"))
        .connect()
        .await
        .unwrap();
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert_eq!(verdict, "ok");
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_answers_and_takes_new_ones_when_it_has_grown() {
    let disk = Disk::new();
    let sim = Simulator::start(0).await.unwrap();
    let server = start_on(&sim, disk.folder.path()).await;
    let ada = server.person().await;
    let idle = ada.thread("openai", "sim-short").await;
    let before = ada.say(&idle, "before", "Hello?").await;
    let mut shown = vec![Shown::new(before.clone())];
    let tails = endless(&ada, 3).await;
    disk.fill(&server, "keylm.db-wal");
    // What the log has reserved already may still be written.
    given_up(&server, 3).await;
    is_refused(&ada, &idle, "meanwhile").await;
    assert_eq!(
        read_events(ada.get(&shown[0].stream()).await).await,
        before,
        "what is stored is read"
    );
    assert_eq!(ada.get("/healthz").await.status(), 200);
    disk.grow(&server);
    shown.extend(to_the_end(tails).await);
    aftermath(&ada, &shown[1..], &[STORAGE]).await;
    aftermath(&ada, &shown[..1], &[COMPLETE]).await;
    integrity(disk.folder.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_can_not_be_written_ends_nothing_and_goes_on_when_there_is_room() {
    let disk = Disk::new();
    if !disk.mounted {
        println!("not run: a limit on the size of all files would stop the database, too");
        return;
    }
    let log = disk.folder.path().join("log");
    let sim = Simulator::start(0).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let settings = [GENEROUS, SECRETS[0], SECRETS[1]];
    let command = command_after("trap '' XFSZ", home.path(), &settings);
    let server = Server::launch_into(&sim, home, command, &log).await;
    let ada = server.person().await;
    let tails = endless(&ada, 2).await;
    disk.fill(&server, "log");
    let logged = || std::fs::metadata(&log).unwrap().len();
    // The last page of the file may still have room.
    let full = async {
        let mut before = 0;
        while logged() != before {
            before = logged();
            for _ in 0..50 {
                assert_eq!(ada.get("/healthz").await.status(), 200);
            }
        }
        before
    };
    let full = tokio::time::timeout(super::NEVER, full).await;
    let full = full.expect("the log stops to grow");
    let shown = go_on_and_stop(&ada, tails).await;
    aftermath(&ada, &shown, &[STOPPED]).await;
    assert_eq!(logged(), full, "nothing could be written");
    disk.grow(&server);
    until("the log goes on", async || {
        ada.get("/healthz").await;
        logged() > full
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_that_becomes_read_only_is_read_and_written_again_when_it_may() {
    let data = tempfile::tempdir().unwrap();
    let sim = Simulator::start(0).await.unwrap();
    let server = start_on(&sim, data.path()).await;
    let ada = server.person().await;
    let idle = ada.thread("openai", "sim-short").await;
    let before = Shown::new(ada.say(&idle, "before", "Hello?").await);
    let tails = endless(&ada, 2).await;
    // Not even root may write a byte then.
    limit_files(&server, "0");
    is_refused(&ada, &idle, "meanwhile").await;
    assert_eq!(
        read_events(ada.get(&before.stream()).await).await,
        before.events
    );
    given_up(&server, 2).await;
    limit_files(&server, "unlimited");
    let shown = to_the_end(tails).await;
    aftermath(&ada, &shown, &[STORAGE]).await;
    aftermath(&ada, &[before], &[COMPLETE]).await;
    integrity(data.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_can_not_be_written_ends_the_start_and_is_named() {
    // Nobody makes folders there.
    let mut places = vec![PathBuf::from("/proc/self/keylm")];
    let disk = Disk::new();
    let sim = Simulator::start(0).await.unwrap();
    if disk.mounted {
        let server = start_on(&sim, disk.folder.path()).await;
        server.person().await;
        server.kill();
        assert!(disk.mount("remount,ro"));
        places.push(disk.folder.path().to_owned());
    }
    for data in places {
        let home = tempfile::tempdir().unwrap();
        let data = data.to_str().unwrap();
        let settings = [("KEYLM_DATA_DIR", data), SECRETS[0], SECRETS[1]];
        let mut command = command(home.path(), &settings);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let output = tokio::time::timeout(super::NEVER, output).await;
        let output = output.expect("it gives up").unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        println!("{data}: {said}");
        assert!(!output.status.success());
        assert!(!String::from_utf8_lossy(&output.stdout).contains("listening"));
        assert!(
            said.starts_with(&format!("keylm: {data} cannot be written: "))
                && said.contains("name another folder with KEYLM_DATA_DIR"),
            "{said}"
        );
    }
}

/// What a [`Wire`] does.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Carry,
    /// Takes connections and moves nothing.
    Freeze,
    /// The same, and what was connected then is never heard of again: a machine that is gone, and one that takes its place.
    Swallow,
    /// Every word takes two seconds.
    Late,
    /// Lets the next commit of a transaction with this word pass, and cuts before anybody hears that it did.
    CutAfterCommit(&'static str),
}

/// A TCP way to the PostgreSQL of the tests, which can be cut.
struct Wire {
    address: std::net::SocketAddr,
    mood: Arc<Mutex<Mood>>,
    cut: Mutex<CancellationToken>,
}

impl Wire {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let wire = Self {
            address,
            mood: Arc::new(Mutex::new(Mood::Carry)),
            cut: Mutex::default(),
        };
        wire.carry(listener);
        wire
    }

    fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn is(&self, mood: Mood) -> bool {
        *self.mood.lock().unwrap() == mood
    }

    fn carry(&self, listener: TcpListener) {
        let (cut, mood) = (self.cut.lock().unwrap().clone(), Arc::clone(&self.mood));
        tokio::spawn(async move {
            while let Some(Ok((client, _))) = cut.run_until_cancelled(listener.accept()).await {
                let (cut, mood) = (cut.clone(), Arc::clone(&mood));
                tokio::spawn(async move { cut.run_until_cancelled(pipe(client, mood)).await });
            }
        });
    }

    /// Breaks every connection and refuses new ones.
    fn cut(&self) {
        self.cut.lock().unwrap().cancel();
    }

    /// Lets everybody in again.
    async fn mend(&self) {
        *self.cut.lock().unwrap() = CancellationToken::new();
        let mut listener = TcpListener::bind(self.address).await;
        while listener.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
            listener = TcpListener::bind(self.address).await;
        }
        self.carry(listener.unwrap());
    }
}

/// Carries bytes to the cluster and back until one side ends.
async fn pipe(mut client: TcpStream, mood: Arc<Mutex<Mood>>) -> std::io::Result<()> {
    let mut server = UnixStream::connect(socket()).await?;
    let (mut asked, mut told) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let now = || *mood.lock().unwrap();
    let mut concerned = false;
    loop {
        while now() == Mood::Freeze {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if now() == Mood::Swallow {
            std::future::pending::<()>().await;
        }
        let late = async || {
            if now() == Mood::Late {
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        };
        tokio::select! {
            count = client.read(&mut asked) => {
                let count = count?;
                if count == 0 {
                    return Ok(());
                }
                let says = |word: &str| {
                    let mut all = asked[..count].windows(word.len());
                    all.any(|some| some == word.as_bytes())
                };
                concerned &= !says("BEGIN");
                if let Mood::CutAfterCommit(word) = now() {
                    concerned |= says(word);
                }
                late().await;
                server.write_all(&asked[..count]).await?;
                if concerned && says("COMMIT") {
                    // It says so when it is done; nobody hears that.
                    server.readable().await?;
                    *mood.lock().unwrap() = Mood::Carry;
                    return Ok(());
                }
            }
            count = server.read(&mut told) => {
                let count = count?;
                if count == 0 {
                    return Ok(());
                }
                client.write_all(&told[..count]).await?;
            }
        }
    }
}

/// The program on a PostgreSQL behind a [`Wire`].
async fn on_wire(sim: &Simulator) -> (Wire, Server, Client) {
    let database = fresh_database().await;
    let path = database.strip_prefix("postgres://postgres@localhost/");
    let (name, _) = path.unwrap().split_once('?').unwrap();
    let wire = Wire::new().await;
    let url = format!(
        "postgres://postgres@{}/{name}?sslmode=disable",
        wire.address
    );
    let settings = [
        GENEROUS,
        SECRETS[0],
        SECRETS[1],
        ("DATABASE_URL", url.as_str()),
    ];
    let server = Server::start(sim, tempfile::tempdir().unwrap(), &settings).await;
    let ada = server.person().await;
    (wire, server, ada)
}

/// Waits until the server finds its database again.
async fn ready_again(client: &Client) {
    let begun = Instant::now();
    until("the database is found again", async || {
        client.get("/readyz").await.status() == 200
    })
    .await;
    println!("PostgreSQL is back: ready after {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_is_cut_for_a_moment_makes_answers_wait() {
    let sim = Simulator::start(0).await.unwrap();
    let (wire, server, ada) = on_wire(&sim).await;
    let idle = ada.thread("openai", "sim-short").await;
    let tails = endless(&ada, 3).await;
    let begun = Instant::now();
    wire.cut();
    is_refused(&ada, &idle, "meanwhile").await;
    println!("PostgreSQL is cut: 503 after {:?}", begun.elapsed());
    assert_eq!(ada.get("/readyz").await.status(), 503, "it says so");
    assert_eq!(ada.get("/healthz").await.status(), 200, "and lives");
    wire.mend().await;
    ready_again(&ada).await;
    let mut shown = Vec::new();
    for tail in tails {
        let one = Shown::of(&tail);
        // An answer that had to give up while the machine was busy has ended by itself.
        one.stop(&ada).await;
        shown.extend(to_the_end(vec![tail]).await);
    }
    aftermath(&ada, &shown, &[STOPPED, STORAGE]).await;
    let again = ada.say(&idle, "meanwhile", "And now?").await;
    assert_eq!(
        again.last().unwrap().name,
        "done",
        "the refused send left nothing"
    );
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_stays_away_ends_answers_and_is_found_again() {
    let sim = Simulator::start(0).await.unwrap();
    let (wire, server, ada) = on_wire(&sim).await;
    let tails = endless(&ada, 3).await;
    wire.cut();
    given_up(&server, 3).await;
    wire.mend().await;
    ready_again(&ada).await;
    let shown = to_the_end(tails).await;
    aftermath(&ada, &shown, &[STORAGE]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_says_nothing_for_a_moment_loses_nothing() {
    let sim = Simulator::start(0).await.unwrap();
    let (wire, server, ada) = on_wire(&sim).await;
    let tails = endless(&ada, 3).await;
    wire.set(Mood::Freeze);
    until("it says that the database is silent", async || {
        ada.get("/readyz").await.status() == 503
    })
    .await;
    wire.set(Mood::Carry);
    let shown = go_on_and_stop(&ada, tails).await;
    aftermath(&ada, &shown, &[STOPPED]).await;
    drop(server);
}

/// Sends are refused while it lasts, answers are ended, and everything works again behind it.
async fn outlasts(mood: Mood) {
    let sim = Simulator::start(0).await.unwrap();
    let (wire, server, ada) = on_wire(&sim).await;
    let idle = ada.thread("openai", "sim-short").await;
    let tails = endless(&ada, 3).await;
    wire.set(mood);
    for n in 0..3 {
        let begun = Instant::now();
        is_refused(&ada, &idle, "meanwhile").await;
        println!("refusal {n}: 503 after {:?}", begun.elapsed());
    }
    assert_eq!(ada.get("/readyz").await.status(), 503, "it says so");
    assert_eq!(ada.get("/healthz").await.status(), 200, "and lives");
    given_up(&server, 3).await;
    wire.set(Mood::Carry);
    ready_again(&ada).await;
    let shown = to_the_end(tails).await;
    aftermath(&ada, &shown, &[STORAGE]).await;
    let again = ada.say(&idle, "meanwhile", "And now?").await;
    assert_eq!(
        again.last().unwrap().name,
        "done",
        "the refused send left nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_vanishes_without_a_word_ends_answers_and_the_next_one_is_found() {
    outlasts(Mood::Swallow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_takes_two_seconds_for_a_word_is_as_good_as_away() {
    outlasts(Mood::Late).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_acknowledgement_is_lost_is_neither_lost_nor_repeated() {
    let sim = Simulator::start(0).await.unwrap();
    let (wire, server, ada) = on_wire(&sim).await;
    for _ in 0..5 {
        let tails = endless(&ada, 1).await;
        wire.set(Mood::CutAfterCommit("delta"));
        until("a commit is cut off", async || wire.is(Mood::Carry)).await;
        let shown = go_on_and_stop(&ada, tails).await;
        aftermath(&ada, &shown, &[STOPPED]).await;
    }
    assert_eq!(server.logged(&["an answer failed"]), 0);
    // A send: whatever it is told, the same request finds what became of it, also while this process writes others.
    let beside = endless(&ada, 1).await;
    let thread = ada.thread("openai", "sim-short").await;
    wire.set(Mood::CutAfterCommit("cut-me"));
    let told = ada.ask(&thread, "cut-me", "Hello?").await.status();
    println!("a send whose commit is cut off is told {told}");
    assert!(wire.is(Mood::Carry), "it was cut off");
    let again = tokio::time::timeout(super::NEVER, ada.say(&thread, "cut-me", "Hello?")).await;
    let again = Shown::new(again.expect("the answer ends"));
    aftermath(&ada, &[again], &[COMPLETE, RESTARTED]).await;
    let shown = go_on_and_stop(&ada, beside).await;
    aftermath(&ada, &shown, &[STOPPED]).await;
}
