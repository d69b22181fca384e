//! The process is asked to go, runs out of descriptors, sees its clock jump, has a handler that panics.

use super::aftermath::{RESTARTED, STOPPED, Shown, aftermath, alive};
use super::{GENEROUS, endless, until};
use crate::support::app::{TestApp, http_client, parts};
use crate::support::probe::{Tail, refusal, refused};
use crate::support::process::{Server, command_after};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use keylm::server::config::Config;
use keylm::server::http::kept_pages::KeptPages;
use keylm::server::http::page_threads::PageThreads;
use keylm::server::router;
use keylm::server::services::Services;
use keylm::server::simulate::Simulator;
use keylm::server::state::AppState;
use leptos::config::LeptosOptions;
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn a_polite_end_with_fifty_streams_tells_all_of_them_and_loses_nothing() {
    let sim = Simulator::start(0).await.unwrap();
    let settings = [GENEROUS, ("DRAIN_SECONDS", "5")];
    let mut server = Server::start(&sim, tempfile::tempdir().unwrap(), &settings).await;
    let mut ada = server.person().await;
    let other = ada.thread("openai", "sim-short").await;
    let tails = endless(&ada, 50).await;
    let begun = Instant::now();
    server.terminate();
    until("it says that it is going", async || {
        ada.get("/readyz").await.status() == 503
    })
    .await;
    let late = ada.ask(&other, "late", "Hello?").await;
    assert_eq!(refused(late).await, (503, "draining".to_owned()));
    let mut shown = Vec::new();
    for tail in tails {
        let events = tail.rest().await;
        let last = events.last().unwrap();
        assert_eq!(
            (last.name.as_str(), &last.data["error"]["code"]),
            ("error", &json!("server_restart")),
            "a final event for every reader"
        );
        shown.push(Shown::new(events));
    }
    assert!(server.ended().await.success());
    println!(
        "50 streams, 5 s of grace: ended after {:?}",
        begun.elapsed()
    );
    until("the providers' connections are closed", async || {
        sim.recorded()
            .iter()
            .all(|one| one.aborted || !one.body.contains("sim-endless"))
    })
    .await;
    let folder = std::mem::replace(&mut server.folder, tempfile::tempdir().unwrap());
    let server = Server::start(&sim, folder, &settings).await;
    ada.url.clone_from(&server.url);
    aftermath(&ada, &shown, &[RESTARTED]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_without_a_descriptor_left_goes_on_and_takes_new_connections_later() {
    let sim = Simulator::start(0).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let command = command_after("ulimit -n 64", folder.path(), &[GENEROUS]);
    let server = Server::launch(&sim, folder, command).await;
    let ada = server.person().await;
    let mut tail = endless(&ada, 1).await.remove(0);
    let host = server.url.strip_prefix("http://").unwrap().to_owned();
    // On a connection of its own each time.
    let served = async || {
        let ask = http_client().get(format!("{}/healthz", server.url)).send();
        let answer = tokio::time::timeout(Duration::from_secs(5), ask).await;
        matches!(answer, Ok(Ok(response)) if response.status() == 200)
    };
    assert!(served().await);
    let mut idle = Vec::new();
    while served().await {
        assert!(idle.len() < 200, "64 descriptors are never used up");
        for _ in 0..8 {
            idle.push(TcpStream::connect(&host).await.unwrap());
        }
    }
    println!(
        "refused with {} idle connections and {} descriptors",
        idle.len(),
        server.descriptors()
    );
    assert!(server.descriptors() >= 60);
    let seen = tail.events().len();
    tail.until(seen + 20).await;
    drop(idle);
    until("new connections are taken again", &served).await;
    let shown = Shown::of(&tail);
    shown.stop(&ada).await;
    tail.rest().await;
    aftermath(&ada, &[shown], &[STOPPED]).await;
    assert!(served().await);
}

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_ends_no_answer_and_wakes_no_session() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let bob = app.user().await;
    // In an hour his session has not been used for a fortnight.
    app.clock.advance(14 * DAY - HOUR);
    let steps = [
        5 * MINUTE,
        -5 * MINUTE,
        25 * HOUR,
        -25 * HOUR,
        -25 * HOUR,
        25 * HOUR,
    ];
    let mut shown = Vec::new();
    for step in steps {
        assert_eq!(ada.get("/api/auth/me").await.status(), 200);
        let mut tail = endless(&ada, 1).await.remove(0);
        app.clock.advance(step);
        let seen = tail.events().len();
        tail.until(seen + 3).await;
        if step == 25 * HOUR {
            assert_eq!(refused(bob.get("/api/auth/me").await).await.0, 401);
        }
        assert_eq!(ada.get("/api/auth/me").await.status(), 200);
        Shown::of(&tail).stop(&ada).await;
        let one = Shown::new(tail.rest().await);
        let (_, opened) = parts(ada.get(&format!("/api/threads/{}", one.thread)).await).await;
        let timing = &opened["messages"][1]["timing"];
        assert!(
            timing["durationMs"].is_u64() && timing["ttftMs"].is_u64(),
            "no time is negative: {timing}"
        );
        shown.push(one);
    }
    assert_eq!(
        refused(bob.get("/api/auth/me").await).await.0,
        401,
        "a session that has ended stays ended when the clock goes back"
    );
    aftermath(&ada, &shown, &[STOPPED]).await;
}

/// A handler with a bug: it panics while it holds the only connection that writes.
async fn broken(State(services): State<Services>) {
    let _tx = services.db().begin().await.unwrap();
    panic!("a handler breaks");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_handler_is_an_answer_and_nobody_else_notices() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let state = AppState {
        kept: KeptPages::default(),
        services: app.services.clone(),
        config: Arc::new(Config::load(|name| app.settings.get(name).cloned(), None).unwrap()),
        pages: PageThreads::start().unwrap(),
        leptos: LeptosOptions::builder().output_name("keylm").build(),
    };
    let routes = Router::new().route("/broken", get(broken));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut there = app.anonymous();
    there.url = format!("http://{}", listener.local_addr().unwrap());
    let service =
        router::guarded(routes, state).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });

    let tail: Tail = endless(&ada, 1).await.remove(0);
    for _ in 0..20 {
        let (status, error) = refusal(there.get("/broken").await).await;
        assert_eq!((status, &error["code"]), (500, &json!("internal")));
        assert!(
            !error["message"].as_str().unwrap().contains("breaks"),
            "what broke is nobody's business"
        );
    }
    alive(&ada).await;
    let shown = Shown::of(&tail);
    shown.stop(&ada).await;
    tail.rest().await;
    aftermath(&ada, &[shown], &[STOPPED]).await;
}
