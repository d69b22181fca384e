//! The process is killed: at any moment, inside a send, again and again while it recovers.

use super::aftermath::{COMPLETE, Ending, RESTARTED, Shown, aftermath, alive, intact};
use super::{Dice, GENEROUS};
use crate::support::app::{Client, SseEvent, parse_events, parts};
use crate::support::number;
use crate::support::process::{Server, behind, command};
use futures::future::join_all;
use keylm::server::simulate::Simulator;
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A kill comes so long after the first event at the latest.
const SOON: Duration = Duration::from_millis(400);

const SETTINGS: [(&str, &str); 1] = [GENEROUS];

/// Another connection to the database of a folder.
async fn open(folder: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(folder.join("keylm.db"))
        .busy_timeout(Duration::from_secs(10))
        .connect()
        .await
        .unwrap()
}

/// The database finds nothing wrong with itself.
pub async fn consistent(folder: &Path) {
    let mut db = open(folder).await;
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert_eq!(verdict, "ok");
    let broken: Vec<String> = sqlx::query_scalar("SELECT \"table\" FROM pragma_foreign_key_check")
        .fetch_all(&mut db)
        .await
        .unwrap();
    assert_eq!(broken, [""; 0]);
    db.close().await.unwrap();
}

/// How many answers it takes for running.
pub async fn running(folder: &Path) -> i64 {
    let mut db = open(folder).await;
    let sql = "SELECT count(*) FROM messages WHERE status IN ('pending', 'streaming')";
    let count = sqlx::query_scalar(sql).fetch_one(&mut db).await.unwrap();
    db.close().await.unwrap();
    count
}

/// Asks, and reads what comes until it ends or breaks. The server dies meanwhile.
async fn witness(
    client: Client,
    thread: String,
    first: tokio::sync::mpsc::Sender<()>,
) -> Vec<SseEvent> {
    let body = json!({ "content": "Go on", "clientRequestId": thread }).to_string();
    let request = client
        .request(
            reqwest::Method::POST,
            &format!("/api/threads/{thread}/messages"),
        )
        .header("content-type", "application/json")
        .body(body);
    let Ok(mut response) = request.send().await else {
        return Vec::new();
    };
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend(chunk);
        let _ = first.try_send(());
    }
    let text = String::from_utf8_lossy(&bytes);
    parse_events(&text[..text.rfind("\n\n").map_or(0, |at| at + 2)])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_moment_loses_nothing_that_was_shown() {
    let kills = number("KEYLM_FAULT_KILLS").unwrap_or(20);
    let dice = Dice::new("kills");
    let sim = Simulator::start(0).await.unwrap();
    let mut server = Server::start(&sim, tempfile::tempdir().unwrap(), &SETTINGS).await;
    let mut ada = server.person().await;
    let (mut events, mut answers) = (0, 0);
    for _ in 0..kills {
        let (told, mut first) = tokio::sync::mpsc::channel(1);
        let mut threads = Vec::new();
        for model in ["sim-endless", "gpt-5.4", "sim-fast", "sim-think"] {
            threads.push(ada.thread("openai", model).await);
        }
        let ask = |thread| tokio::spawn(witness(ada.clone(), thread, told.clone()));
        let witnesses: Vec<_> = threads.into_iter().map(ask).collect();
        drop(told);
        first.recv().await.expect("an event before the kill");
        tokio::time::sleep(dice.below(SOON)).await;
        let folder = server.kill();
        let seen = join_all(witnesses).await.into_iter().map(Result::unwrap);
        let shown: Vec<_> = seen
            .filter(|seen| !seen.is_empty())
            .map(Shown::new)
            .collect();
        assert!(
            !shown.is_empty(),
            "a run in which nothing was seen proves nothing"
        );
        answers += shown.len();
        events += shown.iter().map(|one| one.events.len()).sum::<usize>();

        server = Server::start(&sim, folder, &SETTINGS).await;
        ada.url.clone_from(&server.url);
        assert_eq!(
            running(server.folder.path()).await,
            0,
            "ready means recovered"
        );
        aftermath(&ada, &shown, &[RESTARTED, COMPLETE]).await;
        consistent(server.folder.path()).await;
    }
    println!("{kills} kills, {answers} answers, {events} events shown: none missing");
}

/// Writes a whole request and does not wait for anything.
async fn fire(client: &Client, thread: &str, content: &str) -> tokio::net::TcpStream {
    use tokio::io::AsyncWriteExt;
    let host = client.url.strip_prefix("http://").unwrap();
    let body = json!({ "content": content, "clientRequestId": content }).to_string();
    let request = format!(
        "POST /api/threads/{thread}/messages HTTP/1.1\r\nhost: {host}\r\ncookie: {}\r\n\
        content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        client.cookie.as_ref().unwrap(),
        body.len()
    );
    let mut socket = tokio::net::TcpStream::connect(host).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    socket
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_inside_a_send_leaves_all_of_it_or_nothing() {
    const ROUNDS: usize = 8;
    const SENDS: usize = 6;
    let dice = Dice::new("sends");
    let sim = Simulator::start(0).await.unwrap();
    let mut server = Server::start(&sim, tempfile::tempdir().unwrap(), &SETTINGS).await;
    let mut ada = server.person().await;
    let (mut nothing, mut stored, mut asked) = (0, 0, 0);
    for round in 0..ROUNDS {
        let mut threads = Vec::new();
        for _ in 0..SENDS {
            threads.push(ada.thread("openai", "sim-short").await);
        }
        let mut sockets = Vec::new();
        for (n, thread) in threads.iter().enumerate() {
            sockets.push(fire(&ada, thread, &format!("cut-{round}-{n}")).await);
            tokio::time::sleep(dice.below(Duration::from_millis(4))).await;
        }
        tokio::time::sleep(dice.below(Duration::from_millis(6))).await;
        let folder = server.kill();
        drop(sockets);
        server = Server::start(&sim, folder, &SETTINGS).await;
        ada.url.clone_from(&server.url);
        for (n, thread) in threads.iter().enumerate() {
            let content = format!("cut-{round}-{n}");
            let calls = || {
                let recorded = sim.recorded();
                let asks = recorded.iter().filter(|one| one.is_generation());
                asks.filter(|one| one.body.contains(&content)).count()
            };
            let path = format!("/api/threads/{thread}");
            let (_, before) = parts(ada.get(&path).await).await;
            let messages = before["messages"].as_array().unwrap().len();
            match (messages, calls()) {
                (0, 0) => nothing += 1,
                (2, 0) => stored += 1,
                (2, 1) => asked += 1,
                other => panic!("{content}: messages and calls {other:?}"),
            }
            let again = Shown::new(ada.say(thread, &content, &content).await);
            let message = intact(&ada, &again, &[COMPLETE, RESTARTED]).await;
            let (_, after) = parts(ada.get(&path).await).await;
            let after = after["messages"].as_array().unwrap();
            let roles: Vec<_> = after
                .iter()
                .map(|one| one["role"].as_str().unwrap())
                .collect();
            assert_eq!(roles, ["user", "assistant"], "{content}");
            assert_eq!(after[1], message);
            assert!(calls() <= 1, "{content}: asked {} times", calls());
        }
        consistent(server.folder.path()).await;
    }
    alive(&ada).await;
    println!(
        "killed sends: {nothing} left nothing, {stored} were stored and not asked, {asked} were asked"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_restarts_ends_every_answer_once() {
    let dice = Dice::new("storm");
    let sim = Simulator::start(0).await.unwrap();
    let mut server = Server::start(&sim, tempfile::tempdir().unwrap(), &SETTINGS).await;
    let mut ada = server.person().await;
    let mut shown = Vec::new();
    for tail in super::endless(&ada, 8).await {
        shown.push(Shown::of(&tail));
    }
    let folder = server.kill();
    // Killed while it opens the database, while it recovers, or just after.
    for _ in 0..10 {
        let mut command = command(folder.path(), &SETTINGS);
        behind(&mut command, &sim);
        let mut child = command.spawn().unwrap();
        tokio::time::sleep(dice.below(Duration::from_millis(300))).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    server = Server::start(&sim, folder, &SETTINGS).await;
    ada.url.clone_from(&server.url);
    aftermath(&ada, &shown, &[RESTARTED]).await;
    consistent(server.folder.path()).await;
}

/// Five hundred answers that somebody who is gone was writing, each in a thread of its own, with twenty events.
const ORPHANS: &str = r#"
CREATE TEMP TABLE n AS WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 500)
    SELECT n, printf('01900000-0000-7000-8000-%012d', n) AS thread, printf('01900000-0000-7000-8001-%012d', n) AS asked,
        printf('01900000-0000-7000-8002-%012d', n) AS answer FROM n;
CREATE TEMP TABLE m AS SELECT json('{"id":"","threadId":"","parentId":null,"role":"assistant","content":"","reasoning":null,
    "status":"pending","finishReason":null,"error":null,"provider":"openai","model":"sim-endless","keyId":null,"clientRequestId":null,
    "usage":null,"timing":null,"attempts":[],"createdAt":"2026-01-01T00:00:00.000Z"}') AS said;
INSERT INTO threads (id, user_id, title, provider, model, settings, status, private, created_at, updated_at)
    SELECT thread, (SELECT id FROM users), 'Orphan', 'openai', 'sim-endless', '{}', 'active', FALSE, n, n FROM n;
INSERT INTO messages (id, thread_id, depth, on_branch, role, content, status, created_at)
    SELECT asked, thread, 1, TRUE, 'user', 'Go on', 'complete', n FROM n;
INSERT INTO messages (id, thread_id, parent_id, depth, on_branch, role, content, status, provider, model, created_at, owner, lease_until)
    SELECT answer, thread, asked, 2, TRUE, 'assistant', '', 'streaming', 'openai', 'sim-endless', n, 'gone', 1 FROM n;
INSERT INTO message_events (message_id, seq, kind, data)
    SELECT answer, 1, 'start', json_object('threadId', thread,
        'userMessage', json_set(m.said, '$.id', asked, '$.threadId', thread, '$.role', 'user', '$.status', 'complete', '$.content', 'Go on'),
        'message', json_set(m.said, '$.id', answer, '$.threadId', thread, '$.parentId', asked)) FROM n, m;
INSERT INTO message_events (message_id, seq, kind, data)
    SELECT answer, m.n + 1, 'delta', json_object('text', 'word ' || m.n || ' ') FROM n, (SELECT n FROM n WHERE n <= 19) AS m;
DROP TABLE n; DROP TABLE m;"#;

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_orphans_are_ended_before_anybody_is_served() {
    let sim = Simulator::start(0).await.unwrap();
    let server = Server::start(&sim, tempfile::tempdir().unwrap(), &SETTINGS).await;
    let mut ada = server.person().await;
    let folder: TempDir = server.kill();
    let mut db = open(folder.path()).await;
    sqlx::raw_sql(ORPHANS).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
    assert_eq!(running(folder.path()).await, 500);
    let begun = Instant::now();
    let server = Server::start(&sim, folder, &SETTINGS).await;
    assert_eq!(server.client().get("/readyz").await.status(), 200);
    println!("500 orphans: ready after {:?}", begun.elapsed());
    assert_eq!(running(server.folder.path()).await, 0);
    ada.url.clone_from(&server.url);
    let honest: [Ending; 1] = [RESTARTED];
    for n in [1, 250, 500] {
        let id = format!("01900000-0000-7000-8002-{n:012}");
        let thread = format!("01900000-0000-7000-8000-{n:012}");
        let shown = Shown {
            thread,
            id,
            events: Vec::new(),
        };
        let message = intact(&ada, &shown, &honest).await;
        assert!(message["content"].as_str().unwrap().ends_with("word 19 "));
    }
    alive(&ada).await;
    consistent(server.folder.path()).await;
}
