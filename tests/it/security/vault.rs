//! The vault against somebody who can write the database, and against a provider that redirects.

use crate::support::app::{ANTHROPIC_KEY, Client, GEMINI_KEY, OPENAI_KEY, TestApp, parts};
use crate::support::probe::refused;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const OTHER_OPENAI_KEY: &str = "sk-sim-good-another-Uw6pJd0s";

struct Row {
    id: String,
    restore: String,
}

async fn row(app: &TestApp, id: &str) -> Row {
    let restore = format!(
        "SELECT 'UPDATE provider_keys SET user_id = ' || quote(user_id) || ', provider = ' || quote(provider) || ', origin = ' ||
         quote(origin) || ', version = ' || version || ', blob = ' || quote(blob) || ', status = ''valid'', last_error = NULL
         WHERE id = ' || quote(id) FROM provider_keys WHERE id = '{id}'"
    );
    Row {
        id: id.to_owned(),
        restore: app.text(&restore).await,
    }
}

/// All ways to use a key; each answers its refusal.
async fn uses(
    client: &Client,
    provider: &str,
    key: &str,
    thread: &str,
    number: usize,
) -> Vec<(u16, String)> {
    let keys = format!("/api/providers/{provider}/keys/{key}");
    let models = format!("/api/providers/{provider}/models");
    vec![
        refused(
            client
                .ask(thread, &format!("swap-{number}"), "Hello?")
                .await,
        )
        .await,
        refused(client.post(&format!("{keys}/validate"), &Value::Null).await).await,
        refused(client.get(&format!("{models}?refresh=true")).await).await,
        refused(client.get(&format!("{models}?keyId={key}")).await).await,
        refused(
            client
                .post(&format!("{models}/refresh"), &Value::Null)
                .await,
        )
        .await,
    ]
}

/// Threat T2.
#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_key_opens_only_in_its_own_place() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.user().await, app.user().await);
    let openai = ada.add_key("openai", OPENAI_KEY).await;
    let anthropic = ada.add_key("anthropic", ANTHROPIC_KEY).await;
    let gemini = ada.add_key("gemini", GEMINI_KEY).await;
    let bobs = bob.add_key("openai", OTHER_OPENAI_KEY).await;
    let carol = app.user().await;
    carol.add_key("gemini", GEMINI_KEY).await;
    let mine = row(&app, &openai).await;
    let threads = [
        ada.thread("openai", "sim-short").await,
        carol.thread("openai", "sim-short").await,
    ];
    let copy = |from: &str| {
        format!(
            "UPDATE provider_keys SET blob = (SELECT blob FROM provider_keys WHERE id = '{from}') WHERE id = '{openai}'"
        )
    };
    let set = |what: &str| format!("UPDATE provider_keys SET {what} WHERE id = '{openai}'");
    let user_of = async |email: &str| {
        app.text(&format!("SELECT id FROM users WHERE email = '{email}'"))
            .await
    };
    let carols = user_of(&carol.email).await;
    let blob = app
        .text(&format!(
            "SELECT blob FROM provider_keys WHERE id = '{openai}'"
        ))
        .await;
    let flipped: String = {
        let mut chars: Vec<char> = blob.chars().collect();
        let middle = chars.len() / 2;
        chars[middle] = if chars[middle] == 'A' { 'B' } else { 'A' };
        chars.into_iter().collect()
    };
    let tampered = [
        (&ada, 0, copy(&bobs)),
        (&ada, 0, copy(&anthropic)),
        (&ada, 0, copy(&gemini)),
        (&carol, 1, set(&format!("user_id = '{carols}'"))),
        (&ada, 0, set("version = 2")),
        (&ada, 0, set("version = 0")),
        (&ada, 0, set("origin = 'https://evil.example'")),
        (&ada, 0, set("origin = ''")),
        (&ada, 0, set("blob = ''")),
        (&ada, 0, set(&format!("blob = '{OPENAI_KEY}'"))),
        (&ada, 0, set(&format!("blob = '{flipped}'"))),
        (
            &ada,
            0,
            set(&format!("blob = '{}'", &blob[..blob.len() - 4])),
        ),
    ];
    for (number, (who, thread, tamper)) in tampered.iter().enumerate() {
        assert_eq!(app.execute(tamper).await, 1, "{tamper}");
        app.sim.clear();
        for refusal in uses(who, "openai", &mine.id, &threads[*thread], number).await {
            assert_eq!(refusal, (409, "key_unreadable".to_owned()), "{tamper}");
        }
        assert_eq!(
            app.sim.recorded().len(),
            0,
            "nothing left with it: {tamper}"
        );
        let (_, body) = parts(who.get("/api/providers/openai/keys").await).await;
        assert_eq!(body["keys"][0]["status"], "unreadable", "{tamper}");
        assert_eq!(
            body["keys"][0]["lastError"]["code"], "key_unreadable",
            "{tamper}"
        );
        app.execute(&mine.restore).await;
        let works = ada
            .say(&threads[0], &format!("back-{number}"), "Hello?")
            .await;
        assert_eq!(works.last().unwrap().name, "done", "{tamper}");
    }
    // The provider's own column: an OpenAI key that claims to be Anthropic's.
    let second = row(&app, &anthropic).await;
    app.execute(&format!(
        "UPDATE provider_keys SET provider = 'gemini' WHERE id = '{anthropic}'"
    ))
    .await;
    app.execute(&format!(
        "UPDATE provider_keys SET active = FALSE WHERE id = '{gemini}'"
    ))
    .await;
    app.sim.clear();
    let thread = ada.thread("gemini", "sim-short").await;
    for refusal in uses(&ada, "gemini", &second.id, &thread, 99).await {
        assert_eq!(refusal, (409, "key_unreadable".to_owned()));
    }
    assert_eq!(app.sim.recorded().len(), 0);
    app.execute(&second.restore).await;
    let thread = ada.thread("anthropic", "sim-short").await;
    assert_eq!(
        ada.say(&thread, "restored", "Hello?")
            .await
            .last()
            .unwrap()
            .name,
        "done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_key_takes_over_from_one_that_does_not_open() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let first = ada.add_key("openai", OPENAI_KEY).await;
    ada.add_key("openai", OTHER_OPENAI_KEY).await;
    app.execute(&format!(
        "UPDATE provider_keys SET blob = 'x' WHERE id = '{first}'"
    ))
    .await;
    let thread = ada.thread("openai", "sim-short").await;
    assert_eq!(
        ada.say(&thread, "r1", "Hello?").await.last().unwrap().name,
        "done"
    );
    let sent = app.sim.recorded().pop().unwrap();
    assert_eq!(
        sent.header("authorization"),
        Some(format!("Bearer {OTHER_OPENAI_KEY}").as_str())
    );
    // The owner gets out of it without help.
    let (status, body) = parts(
        ada.put(
            &format!("/api/providers/openai/keys/{first}"),
            &json!({ "key": OPENAI_KEY }),
        )
        .await,
    )
    .await;
    assert_eq!(
        (status, &body["key"]["status"]),
        (200, &json!("valid")),
        "{body}"
    );
}

/// Threat T7.
#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_takes_no_key_along() {
    let app = TestApp::start().await;
    let trap = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = trap.local_addr().unwrap();
    let hits = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&hits);
    tokio::spawn(async move {
        while trap.accept().await.is_ok() {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    app.sim.set_redirect(format!("http://{address}/caught"));
    let ada = app.user_with_keys().await;
    for (provider, key) in [
        ("openai", "sk-sim-redirect-1"),
        ("anthropic", "sk-ant-sim-redirect-1"),
        ("gemini", "AIza-sim-redirect-1"),
    ] {
        let added = ada
            .post(
                &format!("/api/providers/{provider}/keys"),
                &json!({ "key": key }),
            )
            .await;
        assert_eq!(
            refused(added).await,
            (422, "provider_redirected".to_owned()),
            "{provider}"
        );
        let thread = ada.thread(provider, "sim-redirect").await;
        let events = ada.say(&thread, &format!("r-{provider}"), "Hello?").await;
        let last = events.last().unwrap();
        assert_eq!(
            (last.name.as_str(), &last.data["error"]["code"]),
            ("error", &json!("provider_redirected")),
            "{provider}"
        );
        assert!(
            !last.data.to_string().contains(&address.to_string()),
            "where to is not told"
        );
    }
    assert_eq!(hits.load(Ordering::SeqCst), 0, "the trap was never called");
    tokio::net::TcpStream::connect(address).await.unwrap();
    crate::support::probe::soon("the trap works", || hits.load(Ordering::SeqCst) == 1).await;
}
