use crate::support::Engine;
use crate::support::app::{Client, PASSWORD, TestApp, cookie_of, parts};
use crate::support::probe::{Tail, has_exactly, is_moment, refused, soon, wrong_fields};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

const DAY: i64 = 86_400_000;

async fn sign_in(client: &Client, email: &str, password: &str) -> reqwest::Response {
    let form = json!({ "email": email, "password": password });
    client.post("/api/auth/login", &form).await
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_entered_and_left(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let mut ada = app.anonymous();
    let form = json!({ "email": " Ada@Example.org ", "password": PASSWORD });
    let made = ada.post("/api/auth/register", &form).await;
    let set = made.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(
        set.starts_with("keylm_session=") && set.ends_with("; HttpOnly; SameSite=Lax"),
        "{set}"
    );
    assert!(set.contains("; Path=/; "), "{set}");
    ada.cookie = Some(cookie_of(&made));
    let (status, body) = parts(made).await;
    assert_eq!(status, 201);
    has_exactly(&body, &["user"]);
    has_exactly(&body["user"], &["id", "email", "createdAt"]);
    is_moment(&body["user"]["createdAt"]);
    assert_eq!(body["user"]["email"], "Ada@Example.org");
    assert_eq!(
        parts(ada.get("/api/auth/me").await).await,
        (200, body.clone())
    );

    let taken = json!({ "email": "ada@example.ORG", "password": PASSWORD });
    assert_eq!(
        wrong_fields(ada.post("/api/auth/register", &taken).await).await,
        ["email"]
    );
    let other = app.anonymous();
    let again = sign_in(&other, "ADA@example.org", PASSWORD).await;
    assert_ne!(
        Some(cookie_of(&again)),
        ada.cookie,
        "two browsers, two sessions"
    );
    assert_eq!(parts(again).await, (200, body));

    let left = ada.post("/api/auth/logout", &Value::Null).await;
    assert_eq!(left.status(), 204);
    assert!(
        left.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .contains("keylm_session=; Path=/; Max-Age=0")
    );
    assert_eq!(left.text().await.unwrap(), "");
    assert_eq!(
        refused(ada.get("/api/auth/me").await).await,
        (401, "unauthenticated".to_owned())
    );
    assert_eq!(
        ada.post("/api/auth/logout", &Value::Null).await.status(),
        204,
        "leaving twice is no error"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_form_is_refused_field_by_field() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    let long = "x".repeat(1025);
    for (form, wrong) in [
        (json!({}), vec!["email"]),
        (json!({ "email": "a@b.c" }), vec!["password"]),
        (json!({ "email": 7, "password": PASSWORD }), vec!["body"]),
        (json!({ "email": null, "password": PASSWORD }), vec!["body"]),
        (json!([]), vec!["email"]),
        (json!("x"), vec!["body"]),
        (
            json!({ "email": "ada", "password": "short" }),
            vec!["email", "password"],
        ),
        (
            json!({ "email": "a@b.c", "password": "1234567" }),
            vec!["password"],
        ),
        (
            json!({ "email": "a@b.c", "password": long }),
            vec!["password"],
        ),
        (
            json!({ "email": format!("{}@b.c", "a".repeat(260)), "password": PASSWORD }),
            vec!["email"],
        ),
        (
            json!({ "email": "a\u{0}@b.c", "password": PASSWORD }),
            vec!["email"],
        ),
        (
            json!({ "email": "<b>@b.c", "password": PASSWORD }),
            vec!["email"],
        ),
    ] {
        let fields = wrong_fields(nobody.post("/api/auth/register", &form).await).await;
        if form.is_array() {
            continue;
        }
        assert_eq!(fields, wrong, "{form}");
    }
    assert_eq!(app.number("SELECT count(*) FROM users").await, 0);
    for form in [
        json!({}),
        json!({ "email": "a@b.c" }),
        json!({ "email": [], "password": "x" }),
    ] {
        wrong_fields(nobody.post("/api/auth/login", &form).await).await;
    }
    let huge = json!({ "email": "a@b.c", "password": "x".repeat(1025) });
    assert_eq!(
        wrong_fields(nobody.post("/api/auth/login", &huge).await).await,
        ["password"]
    );
    // Whatever is said beside the two fields changes nothing.
    let extra = json!({ "email": "a@b.c", "password": PASSWORD, "id": "root", "createdAt": "x", "admin": true });
    let (status, body) = parts(nobody.post("/api/auth/register", &extra).await).await;
    assert_eq!(status, 201, "{body}");
    assert_ne!(body["user"]["id"], "root");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_leaves_no_row_and_no_running_answer(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-short").await;
    ada.say(&thread, "r1", "Hello?").await;
    let endless = ada.thread("openai", "sim-endless").await;
    let mut running = Tail::new(ada.ask(&endless, "r2", "Go on").await);
    running.until(3).await;

    let wrong = json!({ "password": "not the password" });
    let refusal = refused(ada.send(Method::DELETE, "/api/auth/me", &wrong).await).await;
    assert_eq!(refusal, (401, "invalid_credentials".to_owned()));
    assert_eq!(
        ada.get("/api/auth/me").await.status(),
        200,
        "nothing happened"
    );
    assert_eq!(
        wrong_fields(ada.send(Method::DELETE, "/api/auth/me", &json!({})).await).await,
        ["password"]
    );

    let right = json!({ "password": PASSWORD });
    let gone = ada.send(Method::DELETE, "/api/auth/me", &right).await;
    assert_eq!(gone.status(), 204);
    assert!(
        gone.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
    soon("the provider's connection closes", || {
        app.sim.recorded().last().unwrap().aborted
    })
    .await;
    running.torn().await;
    for table in [
        "users",
        "sessions",
        "provider_keys",
        "provider_models",
        "threads",
        "messages",
        "message_events",
        "request_claims",
    ] {
        assert_eq!(
            app.number(&format!("SELECT count(*) FROM {table}")).await,
            0,
            "{table}"
        );
    }
    assert_eq!(ada.get("/api/auth/me").await.status(), 401);
    let again = refused(sign_in(&ada, &ada.email, PASSWORD).await).await;
    assert_eq!(again, (401, "invalid_credentials".to_owned()));
    let bob = app.user_with_keys().await;
    let thread = bob.thread("openai", "sim-short").await;
    assert_eq!(
        bob.say(&thread, "r1", "Hello?").await.last().unwrap().name,
        "done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_it_is_not_used_and_at_the_latest_after_thirty_days() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    app.clock.advance(13 * DAY);
    assert_eq!(ada.get("/api/auth/me").await.status(), 200);
    app.clock.advance(13 * DAY);
    assert_eq!(ada.get("/api/auth/me").await.status(), 200, "use renews it");
    app.clock.advance(4 * DAY + 1);
    assert_eq!(
        refused(ada.get("/api/auth/me").await).await.0,
        401,
        "but not for ever"
    );
    let bob = app.user().await;
    app.clock.advance(14 * DAY + 1);
    assert_eq!(refused(bob.get("/api/auth/me").await).await.0, 401);
    app.clock.advance(-20 * DAY);
    assert_eq!(
        refused(app.anonymous().get("/api/auth/me").await).await.0,
        401
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_down_by_address_and_comes_back_with_time() {
    let settings = [("RATE_LIMIT_PER_MINUTE", "4")];
    let app = TestApp::start_with(Engine::Sqlite, &settings).await;
    let ada = app.user().await;
    let mut codes = Vec::new();
    for _ in 0..5 {
        codes.push(refused(sign_in(&app.anonymous(), &ada.email, "wrong password").await).await);
    }
    let wrong = (401, "invalid_credentials".to_owned());
    let limited = (429, "rate_limited".to_owned());
    assert_eq!(
        codes,
        [
            wrong.clone(),
            wrong.clone(),
            wrong,
            limited.clone(),
            limited
        ]
    );
    app.clock.advance(60_000);
    assert_eq!(
        sign_in(&app.anonymous(), &ada.email, PASSWORD)
            .await
            .status(),
        200
    );
}
