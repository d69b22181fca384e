//! Addresses that people give lead to nothing that is not theirs to reach (security.md T8).

use crate::support::Engine;
use crate::support::app::{Client, TestApp, parts};
use crate::support::probe::soon;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;

/// Listens on both loopbacks, on one port, and counts who comes.
async fn trap() -> (u16, Arc<AtomicUsize>) {
    let heard = Arc::new(AtomicUsize::new(0));
    let four = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = four.local_addr().unwrap().port();
    let six = TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await;
    for listener in [Some(four), six.ok()].into_iter().flatten() {
        let heard = Arc::clone(&heard);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                heard.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    (port, heard)
}

async fn add(ada: &Client, url: &str) -> (u16, Value) {
    let body = json!({ "credentials": { "baseUrl": url, "key": "canary" } });
    let (status, mut body) = parts(ada.post("/api/providers/custom/keys", &body).await).await;
    if let Some(error) = body["error"].as_object_mut() {
        error.remove("requestId");
    }
    (status, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_refused_alike_and_nobody_is_asked() {
    let (port, heard) = trap().await;
    // The name is listed, and what it leads to is not.
    for policy in ["public", "list:localhost,llm.example.org"] {
        let app = TestApp::start_with(Engine::Sqlite, &[("CUSTOM_ENDPOINTS", policy)]).await;
        let ada = app.user().await;
        let mut said = None;
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "0.0.0.0",
            "localhost",
            "localhost.",
            "LOCALHOST",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "①②⑦.⓪.⓪.①",
            "127。0。0。1",
            "ok@127.0.0.1",
            "127.0.0.1#x",
            "127.0.0.1?x",
            "x\\127.0.0.1",
        ] {
            for url in [
                format!("http://{host}:{port}/v1"),
                format!("https://{host}:{port}/v1"),
            ] {
                let answer = add(&ada, &url).await;
                assert_eq!(said.get_or_insert_with(|| answer.clone()), &answer, "{url}");
            }
        }
        for url in ["file:///etc/passwd", "gopher://127.0.0.1:70/_x", "nonsense"] {
            assert_eq!(said.as_ref(), Some(&add(&ada, url).await), "{url}");
        }
        let (status, body) = said.unwrap();
        assert_eq!((status, &body["error"]["code"]), (502, &json!("network")));
    }
    assert_eq!(heard.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_lists_is_reached() {
    let (port, heard) = trap().await;
    let app = TestApp::start_with(Engine::Sqlite, &[("CUSTOM_ENDPOINTS", "list:127.0.0.1")]).await;
    let ada = app.user().await;
    let sim = format!("{}/v1", app.sim.url("OLLAMA_BASE_URL"));
    let body = json!({ "credentials": { "baseUrl": sim } });
    let (status, body) = parts(ada.post("/api/providers/custom/keys", &body).await).await;
    assert_eq!(status, 201, "{body}");
    // The trap can hear.
    assert!(std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
    soon("the trap hears", || heard.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_offered_unless_the_operator_says_so() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let (_, body) = parts(ada.get("/api/providers").await).await;
    let list = body["providers"].as_array().unwrap();
    assert!(!list.iter().any(|one| one["id"] == "custom"));
    assert_eq!(add(&ada, "https://llm.example.org/v1").await.0, 404);
}
