//! `keylm keys …` on the real program, beside a server that runs.

use crate::support::app::{Client, OPENAI_KEY, PASSWORD, cookie_of, parts};
use crate::support::number;
use crate::support::probe::soon;
use crate::support::process::{Server, command};
use futures::future::join_all;
use keylm::server::simulate::Simulator;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const REFUSED: Option<i32> = Some(3);
const UNFINISHED: Option<i32> = Some(4);

fn keys(folder: &Path, settings: &[(&str, &str)], args: &[&str]) -> Output {
    let mut command = command(folder, settings);
    tokio::task::block_in_place(|| command.arg("keys").args(args).output().unwrap())
}

fn status(folder: &Path) -> Vec<Value> {
    let output = keys(folder, &[], &["status", "--json"]);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// How many credentials each master key seals, by its number and state.
fn sealed(folder: &Path) -> Vec<(i64, String, i64)> {
    let row = |row: Value| {
        (
            row["id"].as_i64().unwrap(),
            row["state"].as_str().unwrap().to_owned(),
            row["credentials"].as_i64().unwrap(),
        )
    };
    status(folder).into_iter().map(row).collect()
}

fn ring(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("secrets/APP_ENCRYPTION_KEY")).unwrap()
}

async fn add_keys(person: &Client, count: usize) {
    for some in (0..count).collect::<Vec<_>>().chunks(16) {
        join_all(some.iter().map(|_| person.add_key("openai", OPENAI_KEY))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_lose_keys_is_refused_and_changes_nothing() {
    let sim = Simulator::start(0).await.unwrap();
    let server = Server::start(&sim, tempfile::tempdir().unwrap(), &[]).await;
    server.person().await;
    let folder = server.folder.path();
    let before = (ring(folder), sealed(folder));
    assert_eq!(before.1, [(1, "active".to_owned(), 1)]);
    for (args, word) in [
        (&["retire", "1"][..], "active"),
        (&["retire", "7"], "no master key 7"),
    ] {
        let output = keys(folder, &[], args);
        assert_eq!(output.status.code(), REFUSED, "{output:?}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains(word),
            "{output:?}"
        );
    }
    assert_eq!((ring(folder), sealed(folder)), before);

    assert!(keys(folder, &[], &["rotate"]).status.success());
    let output = keys(folder, &[], &["retire", "1"]);
    assert_eq!(output.status.code(), REFUSED, "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("still seals 1"));
    let open = [(1, "open".to_owned(), 1), (2, "active".to_owned(), 0)];
    assert_eq!(sealed(folder), open);

    assert!(keys(folder, &[], &["rewrap"]).status.success());
    assert!(keys(folder, &[], &["retire", "1"]).status.success());
    assert!(ring(folder).starts_with("2:") && !ring(folder).contains(','));
    assert!(keys(folder, &[], &["rotate"]).status.success());
    let numbers: Vec<i64> = sealed(folder).iter().map(|(id, ..)| *id).collect();
    assert_eq!(numbers, [1, 2, 3], "a number is never used again");
    for output in [
        keys(folder, &[], &["status"]),
        keys(folder, &[], &["rewrap"]),
    ] {
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        for entry in ring(folder).trim().split(',') {
            let secret = entry.split_once(':').unwrap().1;
            assert!(!said.contains(secret), "no key is shown: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_the_operator_gave_are_the_operators_to_change() {
    const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
    let folder = tempfile::tempdir().unwrap();
    let settings = [("APP_ENCRYPTION_KEY", KEY)];
    let output = keys(folder.path(), &settings, &["rotate"]);
    assert_eq!(output.status.code(), REFUSED, "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("APP_ENCRYPTION_KEY") && said.contains("2:NEW,1:PRESENT"),
        "{said}"
    );
    assert!(!said.contains(KEY));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_seals_under_the_new_key_and_opens_what_was_rewrapped() {
    let sim = Simulator::start(0).await.unwrap();
    let server = Server::start(&sim, tempfile::tempdir().unwrap(), &[]).await;
    let ada = server.person().await;
    let folder = server.folder.path();
    assert!(keys(folder, &[], &["rotate"]).status.success());
    assert!(keys(folder, &[], &["rewrap"]).status.success());
    // Whatever the server knows by now: what it cannot open it looks up.
    let thread = ada.thread("openai", "sim-short").await;
    assert_eq!(
        ada.say(&thread, "r1", "Hello?").await.last().unwrap().name,
        "done"
    );
    assert!(keys(folder, &[], &["retire", "1"]).status.success());
    ada.add_key("openai", OPENAI_KEY).await;
    let new = [(1, "retired".to_owned(), 0), (2, "active".to_owned(), 2)];
    assert_eq!(sealed(folder), new);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_looks_at_its_master_keys_by_itself() {
    let sim = Simulator::start(0).await.unwrap();
    let server = Server::start(&sim, tempfile::tempdir().unwrap(), &[]).await;
    let ada = server.person().await;
    let folder = server.folder.path();
    assert!(keys(folder, &[], &["rotate"]).status.success());
    soon("the new key is taken up", || {
        server.logged(&["the master keys have changed"]) == 1
    })
    .await;
    ada.add_key("openai", OPENAI_KEY).await;
    let both = [(1, "open".to_owned(), 1), (2, "active".to_owned(), 1)];
    assert_eq!(sealed(folder), both);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rewrap_that_meets_a_damaged_credential_does_the_others_and_says_so() {
    let sim = Simulator::start(0).await.unwrap();
    let server = Server::start(&sim, tempfile::tempdir().unwrap(), &[]).await;
    let ada = server.person().await;
    let damaged = ada.add_key("openai", OPENAI_KEY).await;
    let folder = server.kill();
    let file = SqliteConnectOptions::new().filename(folder.path().join("keylm.db"));
    let mut db = SqliteConnection::connect_with(&file).await.unwrap();
    let sql = "UPDATE provider_keys SET origin = 'https://elsewhere.example' WHERE id = $1";
    let done = sqlx::query(sql).bind(&damaged).execute(&mut db).await;
    assert_eq!(done.unwrap().rows_affected(), 1);
    db.close().await.unwrap();
    assert!(keys(folder.path(), &[], &["rotate"]).status.success());
    let output = keys(folder.path(), &[], &["rewrap"]);
    assert_eq!(output.status.code(), UNFINISHED, "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains(&damaged) && said.contains("1 do not open"),
        "{said}"
    );
    let left = [(1, "open".to_owned(), 1), (2, "active".to_owned(), 1)];
    assert_eq!(sealed(folder.path()), left);
    let output = keys(folder.path(), &[], &["retire", "1"]);
    assert_eq!(output.status.code(), REFUSED, "{output:?}");
}

/// T5: a rewrap that is killed again and again, while people chat and add keys.
#[tokio::test(flavor = "multi_thread")]
async fn a_rewrap_that_is_killed_again_and_again_loses_no_key_and_disturbs_nobody() {
    let kills = number("KEYLM_REWRAP_KILLS").unwrap_or(20);
    let stored = 1000_usize;
    let sim = Simulator::start(0).await.unwrap();
    let server = Server::start(&sim, tempfile::tempdir().unwrap(), &[]).await;
    let ada = Arc::new(server.person().await);
    add_keys(&ada, stored - 1).await;
    let folder = server.folder.path().to_owned();
    assert!(keys(&folder, &[], &["rotate"]).status.success());

    let stop = Arc::new(AtomicBool::new(false));
    let chats = (0..4).map(|chatter| {
        let (ada, stop) = (Arc::clone(&ada), Arc::clone(&stop));
        tokio::spawn(async move {
            let thread = ada.thread("openai", "sim-short").await;
            let mut ends = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let request = format!("{chatter}-{}", ends.len());
                let events = ada.say(&thread, &request, "Hello?").await;
                ends.push(events.last().unwrap().name.clone());
            }
            ends
        })
    });
    let chats: Vec<_> = chats.collect();
    let adds = tokio::spawn({
        let (ada, stop) = (Arc::clone(&ada), Arc::clone(&stop));
        async move {
            let mut added = 0;
            while !stop.load(Ordering::Relaxed) {
                ada.add_key("openai", OPENAI_KEY).await;
                added += 1;
            }
            added
        }
    });

    let mut interrupted = 0;
    for kill in 0..kills {
        let mut rewrap = command(&folder, &[]);
        let mut rewrap = rewrap
            .args(["keys", "rewrap", "--batch", "5"])
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(20 + kill * 37 % 200)).await;
        interrupted += u64::from(rewrap.try_wait().unwrap().is_none());
        let _ = rewrap.kill();
        rewrap.wait().unwrap();
    }
    let left = sealed(&folder);
    println!("{interrupted} of {kills} were interrupted; then: {left:?}");
    assert!(interrupted > 0, "none was interrupted: nothing was tried");
    assert!(keys(&folder, &[], &["rewrap"]).status.success());
    stop.store(true, Ordering::Relaxed);
    let ends: Vec<String> = join_all(chats)
        .await
        .into_iter()
        .flat_map(Result::unwrap)
        .collect();
    let added: i64 = adds.await.unwrap();
    assert!(
        !ends.is_empty() && ends.iter().all(|end| end == "done"),
        "{ends:?}"
    );
    assert!(added > 0);
    assert!(keys(&folder, &[], &["rewrap"]).status.success());
    let all = i64::try_from(stored).unwrap() + added;
    let done = [(1, "open".to_owned(), 0), (2, "active".to_owned(), all)];
    assert_eq!(sealed(&folder), done);
    assert!(keys(&folder, &[], &["retire", "1"]).status.success());

    // Only the new key is left, and it opens all of them.
    let server = Server::start(&sim, server.kill(), &[]).await;
    let mut ada = server.client();
    let form = json!({ "email": "ada@example.org", "password": PASSWORD });
    ada.cookie = Some(cookie_of(&ada.post("/api/auth/login", &form).await));
    let (_, list) = parts(ada.get("/api/providers/openai/keys").await).await;
    let ids: Vec<&str> = list["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["id"].as_str().unwrap())
        .collect();
    assert_eq!(i64::try_from(ids.len()).unwrap(), all);
    for some in ids.chunks(16) {
        let valid = some.iter().map(async |id| {
            let path = format!("/api/providers/openai/keys/{id}/validate");
            parts(ada.post(&path, &json!({})).await).await.1["valid"].clone()
        });
        assert!(join_all(valid).await.iter().all(|valid| valid == true));
    }
}
