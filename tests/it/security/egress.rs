//! Addresses that people give lead to nothing that is not theirs to reach (security.md T8).

use crate::support::Engine;
use crate::support::app::{Client, TestApp, parts};
use crate::support::probe::soon;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use keylm::server::providers::transport::Lookup;
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
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

/// A server on these addresses of one port: what it answers, and how often it was asked.
async fn server(ips: &[&str], answer: fn() -> Response) -> (u16, Vec<Arc<AtomicUsize>>) {
    let mut port = 0;
    let mut heard = Vec::new();
    for ip in ips {
        let ip: IpAddr = ip.parse().unwrap();
        let listener = TcpListener::bind((ip, port)).await.unwrap();
        port = listener.local_addr().unwrap().port();
        let count = Arc::new(AtomicUsize::new(0));
        heard.push(Arc::clone(&count));
        let router = Router::new().fallback(async move || {
            count.fetch_add(1, Ordering::SeqCst);
            // The next request asks for the address anew.
            ([(header::CONNECTION, "close")], answer())
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
    }
    (port, heard)
}

fn list() -> Response {
    Json(json!({ "data": [{ "id": "local" }] })).into_response()
}

/// Answers a name with these addresses, one list a time; the last one goes on.
fn lookup(answers: &'static [&'static [&'static str]]) -> Lookup {
    let asked = Arc::new(AtomicUsize::new(0));
    Arc::new(move |_| {
        let at = asked.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
        let found = answers[at].iter().map(|ip| ip.parse().unwrap()).collect();
        Box::pin(async move { Ok(found) })
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_moves_inside_after_it_was_accepted_is_not_followed() {
    const POLICY: (&str, &str) = ("CUSTOM_ENDPOINTS", "list:llm.example.org,127.0.0.1");
    // Outside first, then inside, then both at once.
    let moves = lookup(&[
        &["127.0.0.1"],
        &["127.0.0.2"],
        &["169.254.169.254", "10.0.0.1", "::1", "127.0.0.2"],
        &["127.0.0.2", "127.0.0.1"],
    ]);
    let (port, heard) = server(&["127.0.0.1", "127.0.0.2"], list).await;
    let app = TestApp::start_resolving(Engine::Sqlite, &[POLICY], moves).await;
    let ada = app.user().await;
    let counts = || {
        (
            heard[0].load(Ordering::SeqCst),
            heard[1].load(Ordering::SeqCst),
        )
    };
    let (status, body) = add(&ada, &format!("http://llm.example.org:{port}/v1")).await;
    assert_eq!(status, 201, "{body}");
    assert_eq!(counts(), (1, 0));
    let id = body["key"]["id"].as_str().unwrap();
    let test = format!("/api/providers/custom/keys/{id}/validate");
    for _ in 0..2 {
        let (_, body) = parts(ada.post(&test, &Value::Null).await).await;
        assert_eq!(body["error"]["code"], "network", "{body}");
    }
    let thread = ada.thread("custom", "local").await;
    let (_, body) = parts(ada.post(&test, &Value::Null).await).await;
    assert_eq!(body["valid"], true, "{body}");
    let told = ada.say(&thread, "r1", "Hello?").await;
    assert_eq!(told.last().unwrap().name, "error");
    assert_eq!(counts().1, 0, "nobody inside was asked");
    assert!(counts().0 >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_leads_nowhere() {
    static TRAP: AtomicU16 = AtomicU16::new(0);
    fn moved() -> Response {
        let to = format!("http://127.0.0.1:{}/v1", TRAP.load(Ordering::SeqCst));
        (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
    }
    let (trap, heard) = trap().await;
    TRAP.store(trap, Ordering::SeqCst);
    let (port, asked) = server(&["127.0.0.1"], moved).await;
    let app = TestApp::start_with(Engine::Sqlite, &[("CUSTOM_ENDPOINTS", "list:127.0.0.1")]).await;
    let ada = app.user().await;
    let (status, body) = add(&ada, &format!("http://127.0.0.1:{port}/v1")).await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (422, &json!("provider_redirected"))
    );
    assert_eq!(asked[0].load(Ordering::SeqCst), 1);
    // Midway, too: a server that lists models and sends questions elsewhere.
    app.sim.set_redirect(format!("http://127.0.0.1:{trap}/v1"));
    let sim = format!("{}/v1", app.sim.url("OLLAMA_BASE_URL"));
    let given = json!({ "credentials": { "baseUrl": sim } });
    let (status, _) = parts(ada.post("/api/providers/custom/keys", &given).await).await;
    assert_eq!(status, 201);
    let thread = ada.thread("custom", "sim-redirect").await;
    let told = ada.say(&thread, "r1", "Hello?").await;
    assert_eq!(
        told.last().unwrap().data["error"]["code"],
        "provider_redirected"
    );
    assert_eq!(heard.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn this_server_is_not_reached_through_itself() {
    let (port, heard) = trap().await;
    let own = format!("127.0.0.1:{port}");
    let url = format!("http://{own}/v1");
    for variable in ["KEYLM_ADDR", "METRICS_ADDR"] {
        let settings = [
            (variable, own.as_str()),
            ("CUSTOM_ENDPOINTS", "list:127.0.0.0/8"),
        ];
        let app = TestApp::start_with(Engine::Sqlite, &settings).await;
        let ada = app.user().await;
        let (status, body) = add(&ada, &url).await;
        assert_eq!(
            (status, &body["error"]["code"]),
            (502, &json!("network")),
            "{variable}"
        );
    }
    assert_eq!(heard.load(Ordering::SeqCst), 0);
    // Whoever lists the very address means it.
    let settings = [
        ("KEYLM_ADDR", own.as_str()),
        ("CUSTOM_ENDPOINTS", "list:127.0.0.1"),
    ];
    let app = TestApp::start_with(Engine::Sqlite, &settings).await;
    add(&app.user().await, &url).await;
    assert_eq!(heard.load(Ordering::SeqCst), 1);
}
