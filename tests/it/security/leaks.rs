//! Threats T1 and T6: where a secret must never stand.

use crate::support::app::{Client, SseEvent, TestApp, parse_events};
use crate::support::process::Server;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use keylm::server::simulate::Simulator;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;

/// Odd enough to be nowhere by chance, with what URLs and base64 spell differently.
const TAIL: &str = "Qz7+Vb3/Km9=Wx2~Tn5Hd8Lp4RcY";
const PASSWORD: &str = "Zr8kWm3q-Yt6vNb2x-Hc9pLs4d";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The ways in which a secret could be spelled, each as bytes that must not be found: every eight characters of it, and
/// the whole in the encodings that programs use.
fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let mut out: Vec<Vec<u8>> = secret.as_bytes().windows(8).map(<[u8]>::to_vec).collect();
    let core = &secret.as_bytes()[..secret.len() - 4];
    for window in core.windows(12).step_by(4) {
        out.push(hex(window).into_bytes());
        out.push(hex(window).to_uppercase().into_bytes());
        let url: String = window
            .iter()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(*byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect();
        out.push(url.into_bytes());
    }
    for start in 0..3 {
        let part = &core[start..];
        let part = &part[..part.len() / 3 * 3];
        for text in [STANDARD.encode(part), URL_SAFE_NO_PAD.encode(part)] {
            out.extend(text.as_bytes().windows(12).step_by(4).map(<[u8]>::to_vec));
        }
    }
    out
}

fn assert_absent(what: &str, bytes: &[u8], secret: &str) {
    for spelling in spellings(secret) {
        if let Some(at) = bytes
            .windows(spelling.len())
            .position(|window| window == spelling)
        {
            let around = &bytes[at.saturating_sub(60)..(at + spelling.len()).min(bytes.len())];
            panic!(
                "{what} holds {:?} of a secret: …{}",
                String::from_utf8_lossy(&spelling),
                String::from_utf8_lossy(around)
            );
        }
    }
}

fn every_file(folder: &Path, visit: &mut dyn FnMut(&Path, &[u8])) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            every_file(&path, visit);
        } else {
            visit(&path, &std::fs::read(&path).unwrap());
        }
    }
}

fn keys() -> [(&'static str, String); 3] {
    [
        ("openai", format!("sk-sim-good-{TAIL}")),
        ("anthropic", format!("sk-ant-sim-good-{TAIL}")),
        ("gemini", format!("AIza-sim-good-{TAIL}")),
    ]
}

#[test]
fn a_spelling_that_is_there_is_found() {
    let secret = format!("sk-sim-good-{TAIL}");
    let inside = |text: String| {
        std::panic::catch_unwind(|| assert_absent("x", text.as_bytes(), TAIL)).is_err()
    };
    assert!(inside(secret.clone()));
    assert!(inside(hex(secret.as_bytes())));
    for shift in ["", "a", "ab"] {
        assert!(
            inside(STANDARD.encode(format!("{shift}{secret}"))),
            "{shift}"
        );
    }
    assert!(
        !inside(format!("…{}", &TAIL[TAIL.len() - 4..])),
        "the mask may show four characters"
    );
}

/// Threat T1.
#[tokio::test(flavor = "multi_thread")]
async fn no_file_of_the_data_folder_holds_a_key_or_a_password() {
    let app = TestApp::start().await;
    let mut ada = app.anonymous();
    let made = ada
        .post(
            "/api/auth/register",
            &json!({ "email": "ada@example.org", "password": PASSWORD }),
        )
        .await;
    ada.cookie = Some(crate::support::app::cookie_of(&made));
    for (provider, key) in keys() {
        let id = ada.add_key(provider, &key).await;
        ada.say(
            &ada.thread(provider, "sim-short").await,
            &format!("r-{provider}"),
            "Hello?",
        )
        .await;
        ada.post(
            &format!("/api/providers/{provider}/keys/{id}/validate"),
            &Value::Null,
        )
        .await;
        ada.put(
            &format!("/api/providers/{provider}/keys/{id}"),
            &json!({ "key": key }),
        )
        .await;
        let refused = key.replace("sim-good", "sim-echo");
        ada.post(
            &format!("/api/providers/{provider}/keys"),
            &json!({ "key": refused }),
        )
        .await;
    }
    let mut files = Vec::new();
    every_file(&app.data_dir(), &mut |path, bytes| {
        files.push(path.file_name().unwrap().to_string_lossy().into_owned());
        let what = path.display().to_string();
        assert_absent(&what, bytes, TAIL);
        assert_absent(&what, bytes, PASSWORD);
    });
    for name in ["keylm.db", "keylm.db-wal"] {
        assert!(files.iter().any(|file| file == name), "{files:?}");
    }
    assert_eq!(app.number("SELECT count(*) FROM provider_keys").await, 3);
}

/// Everything a client gets to read.
async fn read(bodies: &mut Vec<u8>, response: reqwest::Response) -> Vec<SseEvent> {
    for (name, value) in response.headers() {
        if name != "set-cookie" {
            bodies.extend(format!("{name}: ").as_bytes());
            bodies.extend(value.as_bytes());
            bodies.push(b'\n');
        }
    }
    let stream = response
        .headers()
        .get("content-type")
        .is_some_and(|kind| kind == "text/event-stream");
    let text = response.text().await.unwrap();
    bodies.extend(text.as_bytes());
    if stream {
        parse_events(&text)
    } else {
        Vec::new()
    }
}

/// Threat T6: the whole program at its most talkative.
#[tokio::test(flavor = "multi_thread")]
async fn neither_logs_nor_answers_hold_a_secret_at_trace() {
    let sim = Simulator::start(0).await.unwrap();
    let mut server = Server::start(
        &sim,
        tempfile::tempdir().unwrap(),
        &[
            ("LOG_LEVEL", "trace"),
            ("PROVIDER_FIRST_BYTE_SECONDS", "1"),
            ("PROVIDER_IDLE_SECONDS", "1"),
        ],
    )
    .await;
    let mut ada: Client = server.client();
    let mut bodies = Vec::new();
    let form = json!({ "email": "ada@example.org", "password": PASSWORD });
    let made = ada.post("/api/auth/register", &form).await;
    ada.cookie = Some(crate::support::app::cookie_of(&made));
    let first = ada.cookie.clone().unwrap();
    read(&mut bodies, made).await;
    let again = ada.post("/api/auth/login", &form).await;
    ada.cookie = Some(crate::support::app::cookie_of(&again));
    read(&mut bodies, again).await;
    read(
        &mut bodies,
        ada.post(
            "/api/auth/login",
            &json!({ "email": "ada@example.org", "password": format!("{PASSWORD}x") }),
        )
        .await,
    )
    .await;
    let token = ada.cookie.clone().unwrap();
    let mut runs = Vec::new();
    for (provider, key) in keys() {
        let path = format!("/api/providers/{provider}/keys");
        for word in [
            "unknown", "unscoped", "limited", "down", "html", "redirect", "slow", "echo",
        ] {
            let bad = key.replace("sim-good", &format!("sim-{word}"));
            read(
                &mut bodies,
                ada.post(&path, &json!({ "key": bad, "label": "x" })).await,
            )
            .await;
        }
        for body in [
            json!({ "key": [key] }),
            json!({ "key": format!("{key} {key}") }),
            json!({ "credentials": { "x": key } }),
        ] {
            read(&mut bodies, ada.post(&path, &body).await).await;
        }
        let id = ada.add_key(provider, &key).await;
        for (method, rest, body) in [
            (Method::GET, String::new(), Value::Null),
            (Method::POST, format!("/{id}/validate"), Value::Null),
            (Method::PUT, format!("/{id}"), json!({ "key": key })),
            (Method::PATCH, format!("/{id}"), json!({ "label": "y" })),
        ] {
            read(
                &mut bodies,
                ada.send(method, &format!("{path}{rest}"), &body).await,
            )
            .await;
        }
        for model in [
            "sim-short",
            "sim-think",
            "sim-403",
            "sim-404",
            "sim-429",
            "sim-500",
            "sim-503",
            "sim-quota",
            "sim-context",
            "sim-filter",
            "sim-redirect",
            "sim-html",
            "sim-garbage",
            "sim-half",
            "sim-reset",
            "sim-stall",
            "sim-nofirst",
            "sim-huge",
            "sim-ctrl",
            "sim-error-mid",
            "sim-401",
        ] {
            let thread = ada.thread(provider, model).await;
            let ada = ada.clone();
            runs.push(async move {
                ada.ask(&thread, &format!("r-{provider}-{model}"), "Hello?")
                    .await
            });
        }
    }
    for response in futures::future::join_all(runs).await {
        read(&mut bodies, response).await;
    }
    for path in [
        "/",
        "/chat",
        "/providers",
        "/settings",
        "/api/providers",
        "/api/providers/openai/models",
        "/api/threads",
        "/fn/keys/cards",
    ] {
        read(&mut bodies, ada.get(path).await).await;
    }
    read(
        &mut bodies,
        ada.post("/api/auth/logout", &Value::Null).await,
    )
    .await;
    let folder = server.folder.path().to_owned();
    server.terminate();
    let logs = server.logs().await;
    assert!(
        logs.len() > 20_000 && logs.contains("TRACE") && logs.contains("key added"),
        "{} bytes of logs",
        logs.len()
    );
    assert!(bodies.len() > 20_000);
    let master = std::fs::read_to_string(folder.join("secrets/APP_ENCRYPTION_KEY")).unwrap();
    let auth = std::fs::read_to_string(folder.join("secrets/APP_AUTH_SECRET")).unwrap();
    for (what, bytes) in [
        ("a log", logs.as_bytes()),
        ("a response", bodies.as_slice()),
    ] {
        for secret in [TAIL, PASSWORD, master.trim(), auth.trim()] {
            assert_absent(what, bytes, secret);
        }
        for cookie in [&first, &token] {
            assert_absent(what, bytes, cookie.split('=').nth(1).unwrap());
        }
    }
    assert!(
        !logs.contains('\u{1b}') && !logs.contains("Hello?"),
        "neither escapes nor what people write"
    );
}
