//! Sessions and sign-in: fixation, replay, enumeration.

use crate::support::app::{Client, PASSWORD, TestApp, cookie_of};
use crate::support::probe::{refusal, refused};
use reqwest::Response;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn sign_in(client: &Client, email: &str, password: &str) -> Response {
    client
        .post(
            "/api/auth/login",
            &json!({ "email": email, "password": password }),
        )
        .await
}

/// Threat T14.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_brought_along_dies_at_sign_in() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let old = ada.cookie.clone().unwrap();
    let planted = sign_in(&ada, &ada.email, PASSWORD).await;
    let new = cookie_of(&planted);
    assert_ne!(new, old);
    assert_eq!(
        refused(ada.get("/api/auth/me").await).await.0,
        401,
        "the old one is dead"
    );

    let mut made_up = app.anonymous();
    made_up.cookie = Some("keylm_session=chosen-by-somebody-else".to_owned());
    let response = sign_in(&made_up, &ada.email, PASSWORD).await;
    assert_ne!(cookie_of(&response), made_up.cookie.clone().unwrap());
    assert_eq!(refused(made_up.get("/api/auth/me").await).await.0, 401);
    // A failed sign-in ends nothing.
    let mut ada = ada;
    ada.cookie = Some(new);
    sign_in(&ada, &ada.email, "wrong password").await;
    assert_eq!(ada.get("/api/auth/me").await.status(), 200);

    ada.post("/api/auth/logout", &Value::Null).await;
    assert_eq!(
        refused(ada.get("/api/auth/me").await).await.0,
        401,
        "replayed after leaving"
    );
    let cookies = [ada.cookie.unwrap(), cookie_of(&response), old];
    for cookie in &cookies {
        let token = cookie.split('=').nth(1).unwrap();
        assert!(token.len() >= 22, "{token}");
        for entry in std::fs::read_dir(app.data_dir())
            .unwrap()
            .map(Result::unwrap)
        {
            if entry.file_type().unwrap().is_file() {
                let bytes = std::fs::read(entry.path()).unwrap();
                let found = bytes
                    .windows(token.len())
                    .any(|window| window == token.as_bytes());
                assert!(!found, "{:?} holds a session token", entry.path());
            }
        }
    }
    assert!(
        app.number("SELECT count(*) FROM sessions").await > 0,
        "there was something to find"
    );
}

/// Mann-Whitney: how likely a value of `a` is above one of `b`.
fn above(a: &[Duration], b: &[Duration]) -> f64 {
    let mut sum = 0.0;
    for x in a {
        for y in b {
            sum += if x > y {
                1.0
            } else if x == y {
                0.5
            } else {
                0.0
            };
        }
    }
    sum / (a.len() * b.len()) as f64
}

/// Threat T16.
#[tokio::test(flavor = "multi_thread")]
async fn sign_in_does_not_tell_which_addresses_have_an_account() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let nobody = app.anonymous();
    let mut times = [Vec::new(), Vec::new()];
    let mut bodies = Vec::new();
    for round in 0..15 {
        for (kind, email) in [
            (0, ada.email.clone()),
            (1, format!("nobody{round}@example.org")),
        ] {
            let begun = Instant::now();
            let response = sign_in(&nobody, &email, "wrong password").await;
            times[kind].push(begun.elapsed());
            let mut names: Vec<String> =
                response.headers().keys().map(ToString::to_string).collect();
            names.sort();
            let (status, mut error) = refusal(response).await;
            error["requestId"] = json!("");
            bodies.push((status, error, names));
        }
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert_eq!(bodies[0].0, 401);
    let [known, unknown] = times
        .each_ref()
        .map(|times| times.iter().min().copied().unwrap());
    eprintln!(
        "known {known:?}, unknown {unknown:?}, known above unknown with probability {:.2}",
        above(&times[0], &times[1])
    );
    // Hashing takes most of the time; an answer without it comes in a tenth.
    assert!(
        unknown * 3 > known,
        "{unknown:?} is much less than {known:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_password_is_refused_before_it_is_hashed() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let huge = "x".repeat(900_000);
    let (status, _) = refusal(sign_in(&ada, &ada.email, &huge).await).await;
    assert_eq!(status, 400);
}
