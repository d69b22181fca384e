//! The real program: how it starts, how it refuses to, and what is left of it after a crash and a polite end.

use crate::support::app::{PASSWORD, cookie_of, parts, read_events, text_of};
use crate::support::probe::{Tail, deaf, refusal, soon};
use crate::support::process::{Server, command};
use keylm::server::simulate::Simulator;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long anything may take before it counts as never.
const NEVER: Duration = Duration::from_mins(1);
const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
const OTHER_KEY: &str = "ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=";

fn mode(path: &std::path::Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_makes_secrets_for_the_owner_only_and_listens() {
    let sim = Simulator::start(0).await.unwrap();
    let mut server = Server::start(&sim, tempfile::tempdir().unwrap(), &[]).await;
    assert!(
        server.url.starts_with("http://127.0.0.1:") && !server.url.ends_with(":0"),
        "{}",
        server.url
    );
    for path in ["/healthz", "/readyz"] {
        assert_eq!(server.client().get(path).await.status(), 200);
    }
    let secrets = server.folder.path().join("secrets");
    assert_eq!(mode(&secrets), 0o700);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&secrets).unwrap().map(Result::unwrap) {
        assert_eq!(mode(&entry.path()), 0o600, "{:?}", entry.path());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["APP_AUTH_SECRET", "APP_ENCRYPTION_KEY"]);
    let made = std::fs::read_to_string(secrets.join("APP_ENCRYPTION_KEY")).unwrap();
    server.terminate();
    assert!(server.ended().await.success());
    let logs = server.logs().await;
    assert!(
        logs.contains("APP_ENCRYPTION_KEY is not set"),
        "it is announced: {logs}"
    );
    assert!(!logs.contains(made.trim()), "and not shown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_master_key_ends_the_start_and_names_the_variable() {
    let sim = Simulator::start(0).await.unwrap();
    let server = Server::start(
        &sim,
        tempfile::tempdir().unwrap(),
        &[("APP_ENCRYPTION_KEY", KEY)],
    )
    .await;
    server.person().await;
    let folder = server.kill();
    let nobody = deaf();
    let addr = nobody.local_addr().unwrap();
    for (name, value) in [
        ("APP_ENCRYPTION_KEY", OTHER_KEY),
        (
            "APP_ENCRYPTION_KEY",
            "2:ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=",
        ),
        ("APP_ENCRYPTION_KEY", ""),
        ("APP_ENCRYPTION_KEY", "not base64 at all"),
        (
            "APP_ENCRYPTION_KEY",
            "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHw==",
        ),
        (
            "APP_ENCRYPTION_KEY",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        ),
        (
            "APP_ENCRYPTION_KEY",
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        ),
        ("APP_AUTH_SECRET", "short"),
        ("DRAIN_SECONDS", "soon"),
    ] {
        let mut settings = vec![(name, value)];
        if name != "APP_ENCRYPTION_KEY" {
            settings.push(("APP_ENCRYPTION_KEY", KEY));
        }
        let addr = addr.to_string();
        settings.push(("KEYLM_ADDR", &addr));
        let mut command = command(folder.path(), &settings);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let output = tokio::time::timeout(NEVER, output).await;
        let output = output.expect("it gives up").unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{name}={value}");
        assert!(text.contains(name), "{name}={value}: {text}");
        assert!(
            value.len() < 10 || !text.contains(value),
            "the value is not shown: {text}"
        );
        assert!(!String::from_utf8_lossy(&output.stdout).contains("listening"));
        assert!(std::net::TcpStream::connect(&addr).is_err());
    }
    // The right key still opens what is stored.
    let server = Server::start(&sim, folder, &[("APP_ENCRYPTION_KEY", KEY)]).await;
    let mut ada = server.client();
    let form = json!({ "email": "ada@example.org", "password": PASSWORD });
    ada.cookie = Some(cookie_of(&ada.post("/api/auth/login", &form).await));
    let thread = ada.thread("openai", "sim-short").await;
    assert_eq!(
        ada.say(&thread, "r1", "Hello?").await.last().unwrap().name,
        "done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_loses_nothing_that_was_shown() {
    let sim = Simulator::start(0).await.unwrap();
    let mut server = Server::start(&sim, tempfile::tempdir().unwrap(), &[]).await;
    let mut ada = server.person().await;
    for (round, events) in [1, 2, 4, 9, 30].into_iter().enumerate() {
        let thread = ada
            .thread(
                "openai",
                if round % 2 == 0 {
                    "sim-endless"
                } else {
                    "gpt-5.4"
                },
            )
            .await;
        let mut tail = Tail::new(ada.ask(&thread, &format!("kill-{round}"), "Go on").await);
        let id = tail.answer().await;
        tail.until(events).await;
        let folder = server.kill();
        let seen = tail.torn().await;
        assert!(!seen.is_empty());

        server = Server::start(&sim, folder, &[]).await;
        ada.url = server.url.clone();
        let replay = read_events(
            ada.get(&format!("/api/threads/{thread}/messages/{id}/stream"))
                .await,
        )
        .await;
        let numbers: Vec<u64> = replay.iter().map(|event| event.id).collect();
        assert_eq!(numbers, (1..=replay.len() as u64).collect::<Vec<_>>());
        assert_eq!(
            replay[..seen.len()],
            seen,
            "everything that was shown is there"
        );
        let last = replay.last().unwrap();
        assert_eq!(last.data["message"]["content"], text_of(&replay));
        assert_eq!(
            (&last.data["message"]["status"], &last.data["error"]["code"]),
            (&json!("failed"), &json!("server_restart")),
            "round {round}"
        );
        let (_, opened) = parts(ada.get(&format!("/api/threads/{thread}")).await).await;
        assert_eq!(opened["messages"][1], last.data["message"]);
        let retry = ada
            .post(
                &format!("/api/threads/{thread}/messages/{id}/retry"),
                &json!({ "clientRequestId": format!("again-{round}") }),
            )
            .await;
        let mut again = Tail::new(retry);
        let second = again.answer().await;
        ada.post(
            &format!("/api/threads/{thread}/messages/{second}/stop"),
            &json!({}),
        )
        .await;
        let status = again.rest().await.last().unwrap().data["message"]["status"].clone();
        assert!(
            ["stopped", "complete"].contains(&status.as_str().unwrap()),
            "the next send works: {status}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_polite_end_tells_every_reader() {
    let sim = Simulator::start(0).await.unwrap();
    let mut server = Server::start(
        &sim,
        tempfile::tempdir().unwrap(),
        &[("DRAIN_SECONDS", "5")],
    )
    .await;
    let ada = server.person().await;
    let mut tails = Vec::new();
    for n in 0..3 {
        let thread = ada.thread("openai", "sim-endless").await;
        let mut tail = Tail::new(ada.ask(&thread, &format!("r{n}"), "Go on").await);
        tail.until(3).await;
        tails.push(tail);
    }
    let short = ada.thread("openai", "gpt-5.4").await;
    let mut finishing = Tail::new(ada.ask(&short, "short", "Tell me").await);
    finishing.until(2).await;
    let other = ada.thread("openai", "sim-short").await;

    let begun = Instant::now();
    server.terminate();
    let going = async {
        loop {
            let status = server.client().get("/readyz").await.status();
            if status != 200 {
                break status;
            }
        }
    };
    let going = tokio::time::timeout(NEVER, going).await;
    assert_eq!(going.expect("it says that it is going"), 503);
    let (status, error) = refusal(ada.ask(&other, "late", "Hello?").await).await;
    assert_eq!((status, &error["code"]), (503, &json!("draining")));
    let done = finishing.rest().await;
    assert_eq!(
        done.last().unwrap().name,
        "done",
        "what can end in time does"
    );
    for tail in tails {
        let events = tail.rest().await;
        let last = events.last().unwrap();
        assert_eq!(
            (last.name.as_str(), &last.data["error"]["code"]),
            ("error", &json!("server_restart")),
            "a final event"
        );
        assert_eq!(last.data["message"]["content"], text_of(&events));
    }
    assert!(server.ended().await.success());
    println!("two seconds of grace: ended after {:?}", begun.elapsed());
    soon("the providers' connections are closed", || {
        sim.recorded()
            .iter()
            .filter(|one| one.body.contains("sim-endless"))
            .all(|one| one.aborted)
    })
    .await;
}

/// The metrics, over a connection that stays open.
async fn metrics(open: &mut TcpStream) -> String {
    let request = b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n";
    open.write_all(request).await.unwrap();
    let mut text = Vec::new();
    while !text.ends_with(b"# EOF\n") {
        assert!(open.read_buf(&mut text).await.unwrap() > 0);
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_without_descriptors_keeps_what_it_has_and_recovers() {
    let sim = Simulator::start(0).await.unwrap();
    let public = [("METRICS_ADDR", "127.0.0.1:0")];
    let server = Server::start(&sim, tempfile::tempdir().unwrap(), &public).await;
    let ada = server.person().await;
    let thread = ada.thread("openai", "sim-endless").await;
    let mut tail = Tail::new(ada.ask(&thread, "r1", "Go on").await);
    tail.until(3).await;
    let addr = server.url.strip_prefix("http://").unwrap();
    let mut open = TcpStream::connect(addr).await.unwrap();
    let zero = "keylm_limit_hits_total{limit=\"open_files\"} 0\n";
    assert!(metrics(&mut open).await.contains(zero));
    server.allow_files(server.open_files());
    let mut waiting = Vec::new();
    while metrics(&mut open).await.contains(zero) {
        waiting.push(TcpStream::connect(addr).await.unwrap());
    }
    let seen = tail.events().len();
    tail.until(seen + 5).await;
    server.allow_files(4096);
    assert_eq!(server.client().get("/readyz").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_have_a_listener_of_their_own() {
    let sim = Simulator::start(0).await.unwrap();
    let nobody = deaf();
    let port = nobody.local_addr().unwrap();
    let apart = port.to_string();
    let settings = [("METRICS_ADDR", &*apart)];
    let mut server = Server::start(&sim, tempfile::tempdir().unwrap(), &settings).await;
    let mut collector = server.client();
    assert_eq!(collector.get("/metrics").await.status(), 404);
    collector.url = format!("http://{port}");
    let metrics = collector.get("/metrics").await;
    assert_eq!(metrics.status(), 200);
    assert!(metrics.text().await.unwrap().contains("keylm_build_info"));
    for path in ["/", "/healthz", "/api/threads"] {
        assert_eq!(collector.get(path).await.status(), 404, "{path}");
    }
    server.terminate();
    assert!(server.ended().await.success());
}
