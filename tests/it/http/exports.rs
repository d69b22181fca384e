//! What people take with them.

use crate::support::Engine;
use crate::support::app::{OPENAI_KEY, PASSWORD, TestApp, parts};
use crate::support::probe::refused;
use futures::StreamExt as _;
use keylm::server::services::exports::Format;
use keylm::shared::account::User;
use keylm::shared::ids::{ThreadId, UserId};
use rstest::rstest;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

/// The files of a zip.
fn unpack(bytes: &[u8]) -> BTreeMap<String, String> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        files.insert(file.name().to_owned(), text);
    }
    files
}

fn file<'a>(files: &'a BTreeMap<String, String>, part: &str, ending: &str) -> &'a str {
    let fits = |name: &&String| name.contains(part) && name.ends_with(ending);
    let name = files.keys().find(fits);
    &files[name.unwrap_or_else(|| panic!("no {part}…{ending} in {:?}", files.keys()))]
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_taken_along_whole_and_without_its_keys(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let (ada, bob) = (app.user_with_keys().await, app.user_with_keys().await);
    let id = ada.thread("openai", "sim-echo").await;
    let path = format!("/api/threads/{id}");
    ada.patch(&path, &json!({ "title": "../Ümlaut / <b>" }))
        .await;
    let first = ada.say(&id, "r1", "The first question").await;
    let asked = first[0].data["userMessage"]["id"].as_str().unwrap();
    let edit = json!({ "content": "The second thought", "clientRequestId": "r2" });
    let edited = ada.patch(&format!("{path}/messages/{asked}"), &edit).await;
    assert!(edited.text().await.unwrap().contains("event: done"));
    let archived = ada.thread("openai", "sim-short").await;
    ada.patch(
        &format!("/api/threads/{archived}"),
        &json!({ "status": "archived" }),
    )
    .await;
    let foreign = bob.thread("openai", "sim-echo").await;
    bob.say(&foreign, "r1", "Nobody else reads this").await;

    let response = ada.get("/api/account/export").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/zip");
    let name = response.headers()["content-disposition"].to_str().unwrap();
    assert!(
        name.starts_with("attachment; filename=\"keylm 20"),
        "{name}"
    );
    let bytes = response.bytes().await.unwrap();
    let files = unpack(&bytes);
    assert_eq!(files.len(), 6, "{:?}", files.keys());

    let account: Value = serde_json::from_str(&files["account.json"]).unwrap();
    assert_eq!(account["user"]["email"], ada.email);
    let whole: Value = serde_json::from_str(file(&files, &id, ".json")).unwrap();
    let (_, opened) = parts(ada.get(&path).await).await;
    assert_eq!(whole["thread"], opened["thread"]);
    let all = whole["messages"].as_array().unwrap();
    assert_eq!(all.len(), 4, "both branches");
    for shown in opened["messages"].as_array().unwrap() {
        assert!(all.contains(shown), "{shown}");
    }
    let known = |id: &Value| id.is_null() || all.iter().any(|one| one["id"] == *id);
    assert!(all.iter().all(|one| known(&one["parentId"])));
    let text = file(&files, &id, ".md");
    assert!(
        text.contains("The second thought") && !text.contains("The first question"),
        "{text}"
    );
    let empty: Value = serde_json::from_str(file(&files, &archived, ".json")).unwrap();
    assert_eq!(empty["messages"], json!([]));
    assert_eq!(empty["thread"]["status"], "archived");
    for name in files.keys() {
        assert!(
            !name.contains("..") && !name.starts_with('/') && !name.contains('<'),
            "{name}"
        );
    }

    let token = ada.cookie.as_deref().unwrap().split('=').nth(1).unwrap();
    let hash = app
        .text("SELECT password_hash FROM users ORDER BY created_at LIMIT 1")
        .await;
    let everything: String = files.values().cloned().collect();
    assert!(!everything.contains("Nobody else reads this"));
    assert!(files["README.txt"].contains("Not in it: your provider keys"));
    for secret in [OPENAI_KEY, PASSWORD, token, &hash] {
        for part in secret.as_bytes().windows(8) {
            let part = std::str::from_utf8(part).unwrap();
            assert!(
                !everything.contains(part),
                "{part} of a secret is in the export"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_exported_so_many_times_a_minute() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user().await, app.user().await);
    for _ in 0..3 {
        assert_eq!(ada.get("/api/account/export").await.status(), 200);
    }
    let refusal = refused(ada.get("/api/account/export").await).await;
    assert_eq!(refusal, (429, "rate_limited".to_owned()));
    assert_eq!(bob.get("/api/account/export").await.status(), 200);
    app.clock.advance(20_000);
    assert_eq!(ada.get("/api/account/export").await.status(), 200);
}

/// Messages of the long thread.
const LONG: usize = 5000;

#[tokio::test(flavor = "multi_thread")]
async fn a_long_thread_is_sent_in_small_pieces() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let id = ada.thread("openai", "sim-short").await;
    app.execute(&format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {LONG})
         INSERT INTO messages (id, thread_id, parent_id, depth, on_branch, role, content, status, created_at)
         SELECT 'm' || i, '{id}', CASE i WHEN 1 THEN NULL ELSE 'm' || (i - 1) END, i, true,
             CASE i % 2 WHEN 1 THEN 'user' ELSE 'assistant' END, i || ' ' || hex(randomblob(512)), 'complete', i FROM n"
    ))
    .await;
    let (_, me) = parts(ada.get("/api/auth/me").await).await;
    let user: User = serde_json::from_value(me["user"].clone()).unwrap();
    let thread: ThreadId = id.parse().unwrap();
    let owner: UserId = user.id.clone();
    let thread = app.services.thread(&owner, &thread).await.unwrap();
    let exports = [
        app.services.export_thread(thread.clone(), Format::Json),
        app.services.export_thread(thread, Format::Markdown),
        app.services.export_account(user).unwrap(),
    ];
    let mut files = Vec::new();
    for mut export in exports {
        let (mut whole, mut largest) = (Vec::new(), 0);
        while let Some(piece) = export.next().await {
            let piece = piece.unwrap();
            largest = largest.max(piece.len());
            whole.extend_from_slice(&piece);
        }
        assert!(whole.len() > 2_000_000, "{}", whole.len());
        assert!(largest < 100_000, "{largest} bytes are in memory at once");
        files.push(whole);
    }
    let numbers = |value: &Value| -> Vec<usize> {
        let messages = value["messages"].as_array().unwrap().iter();
        let number = |message: &Value| {
            let content = message["content"].as_str().unwrap();
            content.split(' ').next().unwrap().parse().unwrap()
        };
        messages.map(number).collect()
    };
    let in_order: Vec<usize> = (1..=LONG).collect();
    assert_eq!(
        numbers(&serde_json::from_slice(&files[0]).unwrap()),
        in_order
    );
    let unpacked = unpack(&files[2]);
    let packed: Value = serde_json::from_str(file(&unpacked, &id, ".json")).unwrap();
    assert_eq!(numbers(&packed), in_order);
    assert_eq!(file(&unpacked, &id, ".md").as_bytes(), files[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_is_nobody_elses() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user().await, app.user().await);
    let id = ada.thread("openai", "sim-short").await;
    for query in ["", "?format=json", "?format=markdown", "?format=pdf"] {
        let path = format!("/api/threads/{id}/export{query}");
        assert_eq!(
            refused(bob.get(&path).await).await,
            (404, "not_found".to_owned())
        );
        assert_eq!(refused(app.anonymous().get(&path).await).await.0, 401);
    }
}
