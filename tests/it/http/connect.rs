//! "Connect OpenRouter": a key that nobody pastes.

use crate::support::Engine;
use crate::support::app::{Client, PASSWORD, TestApp, cookie_of, parts};
use crate::support::probe::refused;
use keylm::server::simulate::Recorded;
use rstest::rstest;
use serde_json::{Value, json};
use std::collections::HashMap;
use url::Url;

const CONNECT: &str = "/api/providers/openrouter/connect";
const HOME: &str = "https://chat.example.org";

async fn start(engine: Engine) -> (TestApp, Client) {
    let app = TestApp::start_with(engine, &[]).await;
    let ada = app.user().await;
    (app, ada)
}

fn location(response: &reqwest::Response) -> String {
    response.headers()["location"].to_str().unwrap().to_owned()
}

fn query(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

/// Sends somebody to OpenRouter; the address of its page.
async fn leave(client: &Client) -> Url {
    let response = client.get(CONNECT).await;
    assert_eq!(response.status(), 302);
    location(&response).parse().unwrap()
}

/// Where one of the links of OpenRouter's page leads, below this server.
async fn follow(client: &Client, page: &Url, link: &str) -> String {
    let html = client.http.get(page.clone()).send().await.unwrap();
    let html = html.text().await.unwrap();
    let (_, rest) = html.split_once(&format!("id=\"{link}\" href=\"")).unwrap();
    let (href, _) = rest.split_once('"').unwrap();
    let url: Url = href.replace("&amp;", "&").parse().unwrap();
    format!("{}?{}", url.path(), url.query().unwrap())
}

/// The word that says what came of it.
async fn outcome(client: &Client, callback: &str) -> String {
    let response = client.get(callback).await;
    assert_eq!(response.status(), 303);
    let page = location(&response);
    // Nothing of what came along goes on, and it goes nowhere else.
    let (word, rest) = page
        .strip_prefix("/providers?connect=")
        .and_then(|page| page.split_once('&'))
        .unwrap_or_else(|| panic!("{page}"));
    assert_eq!(rest, "at=openrouter#openrouter");
    word.to_owned()
}

async fn keys(client: &Client) -> Vec<Value> {
    let (_, body) = parts(client.get("/api/providers/openrouter/keys").await).await;
    body["keys"].as_array().unwrap().clone()
}

fn exchanges(app: &TestApp) -> Vec<Recorded> {
    let recorded = app.sim.recorded().into_iter();
    recorded
        .filter(|one| one.path.ends_with("/auth/keys"))
        .collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn whoever_lets_us_in_has_a_key_that_nobody_pasted(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, ada) = start(engine).await;
    let page = leave(&ada).await;
    assert!(
        page.as_str().starts_with(
            &app.sim
                .url("OPENROUTER_BASE_URL")
                .replace("/api/v1", "/auth")
        )
    );
    let sent = query(&page);
    assert_eq!(sent["code_challenge_method"], "S256");
    assert_eq!(sent["code_challenge"].len(), 43);
    let callback = follow(&ada, &page, "authorize").await;
    assert_eq!(outcome(&ada, &callback).await, "done");
    let keys = keys(&ada).await;
    assert_eq!(keys.len(), 1);
    assert_eq!(
        (&keys[0]["status"], &keys[0]["label"]),
        (&json!("valid"), &json!("Connected"))
    );
    // It pays like any other.
    let thread = ada.thread("openrouter", "sim-short").await;
    let told = ada.say(&thread, "r1", "Hello?").await;
    assert_eq!(told.last().unwrap().data["message"]["status"], "complete");
    // What makes the code worth anything went to OpenRouter only, once, in a body.
    let [exchange] = exchanges(&app).try_into().unwrap();
    let body: Value = serde_json::from_str(&exchange.body).unwrap();
    let verifier = body["code_verifier"].as_str().unwrap();
    assert_eq!(exchange.header("authorization"), None);
    for request in app.sim.recorded() {
        assert!(!request.query.contains(verifier) && !request.path.contains(verifier));
    }
    assert!(!page.as_str().contains(verifier) && !callback.contains(verifier));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_taken_once() {
    let (app, ada) = start(Engine::Sqlite).await;
    let callback = follow(&ada, &leave(&ada).await, "authorize").await;
    assert_eq!(outcome(&ada, &callback).await, "done");
    assert_eq!(outcome(&ada, &callback).await, "stale");
    assert_eq!((keys(&ada).await.len(), exchanges(&app).len()), (1, 1));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_back_in_the_place_of_somebody_else(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (app, ada) = start(engine).await;
    let (eve, stranger) = (app.user().await, app.anonymous());
    let callback = follow(&ada, &leave(&ada).await, "authorize").await;
    // Eve is on her way, too: her state does not fit Ada's session, nor Ada's hers.
    let eves = follow(&eve, &leave(&eve).await, "authorize").await;
    assert_eq!(outcome(&eve, &callback).await, "stale");
    assert_eq!(outcome(&ada, &eves).await, "stale");
    let (status, code) = refused(stranger.get(&callback).await).await;
    assert_eq!((status, code.as_str()), (401, "unauthenticated"));
    // Another session of the same person is another one.
    let login = json!({ "email": ada.email, "password": PASSWORD });
    let response = app.anonymous().post("/api/auth/login", &login).await;
    let mut other = app.anonymous();
    other.cookie = Some(cookie_of(&response));
    assert_eq!(outcome(&other, &callback).await, "stale");
    assert!(exchanges(&app).is_empty());
    // None of that kept Ada from coming back.
    assert_eq!(outcome(&ada, &callback).await, "done");
    assert!(keys(&eve).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_was_made_up_or_a_code_that_was_swapped_connects_nothing() {
    let (app, ada) = start(Engine::Sqlite).await;
    let eve = app.user().await;
    let callback = follow(&ada, &leave(&ada).await, "authorize").await;
    let (path, sent) = callback.split_once('?').unwrap();
    let sent: HashMap<String, String> = url::form_urlencoded::parse(sent.as_bytes())
        .into_owned()
        .collect();
    for state in ["", "made-up", &sent["state"][1..]] {
        let wrong = format!("{path}?state={state}&code={}", sent["code"]);
        assert_eq!(outcome(&ada, &wrong).await, "stale");
    }
    assert!(exchanges(&app).is_empty());
    // Eve's code, for Ada's state: OpenRouter does not take it with what Ada's was asked for.
    let eves = follow(&eve, &leave(&eve).await, "authorize").await;
    let (_, eves) = eves.split_once("code=").unwrap();
    let swapped = format!("{path}?state={}&code={eves}", sent["state"]);
    assert_eq!(outcome(&ada, &swapped).await, "stale");
    assert!(keys(&ada).await.is_empty() && keys(&eve).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_more_than_ten_minutes_starts_again() {
    let (app, ada) = start(Engine::Sqlite).await;
    let callback = follow(&ada, &leave(&ada).await, "authorize").await;
    app.clock.advance(10 * 60_000);
    assert_eq!(outcome(&ada, &callback).await, "stale");
    let again = follow(&ada, &leave(&ada).await, "authorize").await;
    app.clock.advance(10 * 60_000 - 1);
    assert_eq!(outcome(&ada, &again).await, "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_openrouter_refuses_is_told_and_nothing_is_kept() {
    let (app, ada) = start(Engine::Sqlite).await;
    let cancelled = follow(&ada, &leave(&ada).await, "cancel").await;
    assert_eq!(outcome(&ada, &cancelled).await, "denied");
    let wrong = follow(&ada, &leave(&ada).await, "wrong").await;
    assert_eq!(outcome(&ada, &wrong).await, "invalid_key");
    assert!(keys(&ada).await.is_empty());
    // Each outcome has its sentence on the page, which shows nothing else of the address.
    for (word, sentence) in [
        ("denied", "because the access was not given"),
        ("stale", "Connect again."),
        ("invalid_key", "does not accept this key"),
        ("done", "OpenRouter is connected"),
    ] {
        let page = ada
            .get(&format!("/providers?connect={word}&at=openrouter"))
            .await;
        let html = page.text().await.unwrap();
        assert!(html.contains(sentence), "{word}");
    }
    let odd = "/providers?connect=Call%20555-0100&at=openrouter";
    let html = ada.get(odd).await.text().await.unwrap();
    assert!(
        !html.contains("555-0100"),
        "what the address says is not repeated"
    );
    assert!(html.contains("href=\"/api/providers/openrouter/connect\""));
    assert_eq!(exchanges(&app).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_back_leads_to_the_public_origin_whatever_host_was_asked() {
    let app = TestApp::start_with(Engine::Sqlite, &[("PUBLIC_ORIGIN", HOME)]).await;
    let ada = app.user().await;
    let request = ada.request(reqwest::Method::GET, CONNECT);
    let response = request.header("host", "evil.example").send().await.unwrap();
    let page: Url = location(&response).parse().unwrap();
    let callback = &query(&page)["callback_url"];
    assert!(callback.starts_with(&format!("{HOME}/api/providers/openrouter/callback?state=")));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_offered_where_there_is_no_way_to_it_or_back() {
    let elsewhere = ("OPENROUTER_BASE_URL", "http://127.0.0.1:9/proxy");
    let no_way_back = ("KEYLM_ADDR", "0.0.0.0:3000");
    for setting in [elsewhere, no_way_back] {
        let app = TestApp::start_with(Engine::Sqlite, &[setting]).await;
        let ada = app.user().await;
        assert_eq!(ada.get(CONNECT).await.status(), 404, "{setting:?}");
        let html = ada.get("/providers").await.text().await.unwrap();
        assert!(!html.contains("openrouter/connect"), "{setting:?}");
    }
    let (app, ada) = start(Engine::Sqlite).await;
    for provider in ["openai", "nobody"] {
        let path = format!("/api/providers/{provider}/connect");
        assert_eq!(ada.get(&path).await.status(), 404);
    }
    assert!(app.sim.recorded().is_empty());
}
