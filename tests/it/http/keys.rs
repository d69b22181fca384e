use crate::support::Engine;
use crate::support::app::{ANTHROPIC_KEY, Client, GEMINI_KEY, OPENAI_KEY, TestApp, parts};
use crate::support::probe::{
    Moody, Tail, deaf, has_exactly, is_moment, refusal, refused, wrong_fields,
};
use futures::future::join_all;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

const KEY_FIELDS: [&str; 12] = [
    "id",
    "provider",
    "label",
    "mask",
    "status",
    "active",
    "position",
    "createdAt",
    "lastValidatedAt",
    "lastUsedAt",
    "lastError",
    "lastErrorAt",
];

async fn keys(client: &Client, provider: &str) -> Vec<Value> {
    let (status, body) = parts(client.get(&format!("/api/providers/{provider}/keys")).await).await;
    assert_eq!(status, 200, "{body}");
    has_exactly(&body, &["keys"]);
    body["keys"].as_array().unwrap().clone()
}

async fn add(client: &Client, provider: &str, body: &Value) -> reqwest::Response {
    client
        .post(&format!("/api/providers/{provider}/keys"), body)
        .await
}

/// The key that the last request which reached the simulator carried.
fn last_key(app: &TestApp) -> String {
    let last = app.sim.recorded().pop().expect("a request");
    let header = ["authorization", "x-api-key", "x-goog-api-key"]
        .into_iter()
        .find_map(|name| last.header(name));
    let value = header.expect("a key");
    value.trim_start_matches("Bearer ").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_providers_are_listed_with_what_a_form_needs() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    ada.add_key("gemini", GEMINI_KEY).await;
    let (status, body) = parts(ada.get("/api/providers").await).await;
    assert_eq!(status, 200);
    has_exactly(&body, &["providers"]);
    let list = body["providers"].as_array().unwrap();
    let ids: Vec<&str> = list.iter().map(|one| one["id"].as_str().unwrap()).collect();
    for id in ["openai", "anthropic", "gemini"] {
        assert!(ids.contains(&id), "{ids:?}");
    }
    for one in list {
        let mut known = vec![
            "id",
            "name",
            "keyHint",
            "docsUrl",
            "credentialFields",
            "connected",
            "keys",
        ];
        if one["id"] == "openrouter" {
            known.push("connect");
        }
        has_exactly(one, &known);
        assert!(one["docsUrl"].as_str().unwrap().starts_with("https://"));
        let fields = one["credentialFields"].as_array().unwrap();
        assert!(!fields.is_empty());
        for field in fields {
            let mut known = vec!["name", "label", "secret", "required", "multiline"];
            if field["name"] == "pays" {
                known.push("choices");
            }
            has_exactly(field, &known);
        }
        let mine = u64::from(one["id"] == "gemini");
        assert_eq!(
            (&one["connected"], &one["keys"]),
            (&json!(mine == 1), &json!(mine)),
            "{one}"
        );
    }
}

#[rstest]
#[case::openai("openai", OPENAI_KEY)]
#[case::anthropic("anthropic", ANTHROPIC_KEY)]
#[case::gemini("gemini", GEMINI_KEY)]
#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_kept_once_its_provider_accepted_it_and_shows_its_last_four_characters(
    #[case] provider: &str,
    #[case] key: &str,
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let ada = app.user().await;
    let (status, body) =
        parts(add(&ada, provider, &json!({ "key": key, "label": " Work " })).await).await;
    assert_eq!(status, 201, "{body}");
    has_exactly(&body, &["key"]);
    let made = &body["key"];
    has_exactly(made, &KEY_FIELDS);
    is_moment(&made["createdAt"]);
    is_moment(&made["lastValidatedAt"]);
    assert_eq!(made["mask"], format!("…{}", &key[key.len() - 4..]));
    for (field, value) in [
        ("provider", json!(provider)),
        ("label", json!("Work")),
        ("status", json!("valid")),
        ("active", json!(true)),
        ("position", json!(0)),
        ("lastUsedAt", Value::Null),
        ("lastError", Value::Null),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    assert_eq!(keys(&ada, provider).await, vec![made.clone()]);
    let by_field = json!({ "credentials": { "key": format!("  {key}\n") } });
    let (status, body) = parts(add(&ada, provider, &by_field).await).await;
    assert_eq!(
        status, 201,
        "blanks around a pasted key do not count: {body}"
    );
    assert_eq!(body["key"]["position"], 1);
    assert!(!body["key"]["label"].as_str().unwrap().is_empty());
    assert_eq!(last_key(&app), key);
    // Its first use is noted.
    let thread = ada.thread(provider, "sim-short").await;
    ada.say(&thread, "r1", "Hello?").await;
    let listed = keys(&ada, provider).await;
    is_moment(&listed[0]["lastUsedAt"]);
    assert_eq!(listed[1]["lastUsedAt"], Value::Null);
    assert!(
        keys(&app.user().await, provider).await.is_empty(),
        "nobody else's"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_secret_shows_nothing_of_itself() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let (_, body) = parts(add(&ada, "openai", &json!({ "key": "sk-sim-good" })).await).await;
    assert_eq!(body["key"]["mask"], "…");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_is_never_stored_and_never_repeated() {
    let app = TestApp::start_with(Engine::Sqlite, &[("PROVIDER_FIRST_BYTE_SECONDS", "1")]).await;
    let cases = [
        ("sim-unknown", 422, "invalid_key"),
        ("sim-unscoped", 422, "insufficient_permission"),
        ("sim-limited", 429, "rate_limited"),
        ("sim-down", 502, "overloaded"),
        ("sim-html", 502, "upstream_error"),
        ("sim-redirect", 422, "provider_redirected"),
        ("sim-slow", 504, "timeout"),
        ("sim-echo", 422, "invalid_key"),
    ];
    let ada = app.user().await;
    let tries = [
        ("openai", "sk-"),
        ("anthropic", "sk-ant-"),
        ("gemini", "AIza-"),
    ]
    .into_iter()
    .flat_map(|(provider, head)| cases.map(|case| (provider, head, case)))
    .map(|(provider, head, (word, status, code))| {
        let ada = ada.clone();
        async move {
            let key = format!("{head}{word}-Vq3nWz8rTb6yKd1m");
            let (got, error) = refusal(add(&ada, provider, &json!({ "key": key })).await).await;
            assert_eq!(
                (got, error["code"].as_str()),
                (status, Some(code)),
                "{provider} {word}: {error}"
            );
            assert!(!error.to_string().contains("Vq3nWz8r"), "{error}");
            if word == "sim-limited" {
                assert_eq!(error["retryAfterMs"], 23_000, "{provider}");
            }
        }
    });
    join_all(tries).await;
    for provider in ["openai", "anthropic", "gemini"] {
        assert!(keys(&ada, provider).await.is_empty());
    }
    assert_eq!(app.number("SELECT count(*) FROM provider_keys").await, 0);
    assert_eq!(app.number("SELECT count(*) FROM provider_models").await, 0);
    assert!(app.sim.recorded().iter().all(|one| one.path != "/__trap"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_not_there_is_a_network_error() {
    let nobody = deaf();
    let url = format!("http://{}/v1", nobody.local_addr().unwrap());
    let app = TestApp::start_with(Engine::Sqlite, &[("OPENAI_BASE_URL", &url)]).await;
    let ada = app.user().await;
    let refusal = refused(add(&ada, "openai", &json!({ "key": OPENAI_KEY })).await).await;
    assert_eq!(refusal, (502, "network".to_owned()));
    assert_eq!(app.number("SELECT count(*) FROM provider_keys").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_key_is_refused_before_anything_is_sent() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let good = OPENAI_KEY;
    for (body, field) in [
        (json!({}), "key"),
        (json!({ "key": "" }), "key"),
        (json!({ "key": "   " }), "key"),
        (json!({ "key": 7 }), "body"),
        (json!({ "key": "sk sim" }), "key"),
        (json!({ "key": "sk-\r\nx-evil: 1" }), "key"),
        (json!({ "key": "sk-sim-goodé" }), "key"),
        (json!({ "key": "sk-sim-good\u{0}" }), "key"),
        (json!({ "key": "x".repeat(4097) }), "key"),
        (json!({ "credentials": {} }), "key"),
        (json!({ "credentials": { "token": good } }), "key"),
        (json!({ "credentials": "x" }), "body"),
        (
            json!({ "credentials": { "key": good }, "key": good }),
            "credentials",
        ),
        (json!({ "key": good, "label": 7 }), "body"),
        (json!({ "key": good, "label": "x".repeat(61) }), "label"),
        (json!({ "key": good, "label": "two\nlines" }), "label"),
    ] {
        assert_eq!(
            wrong_fields(add(&ada, "openai", &body).await).await,
            [field],
            "{body}"
        );
    }
    for provider in [
        "nobody",
        "OPENAI",
        "free",
        "x".repeat(40).as_str(),
        "%2e%2e",
    ] {
        let refusal = refused(add(&ada, provider, &json!({ "key": good })).await).await;
        assert_eq!(refusal, (404, "not_found".to_owned()), "{provider}");
        let refusal = refused(ada.get(&format!("/api/providers/{provider}/keys")).await).await;
        assert_eq!(refusal, (404, "not_found".to_owned()), "{provider}");
    }
    assert_eq!(app.sim.recorded().len(), 0);
    assert_eq!(app.number("SELECT count(*) FROM provider_keys").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_not_list_is_kept_unverified_with_the_known_models() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let (status, body) =
        parts(add(&ada, "openai", &json!({ "key": "sk-sim-nolist-Hq7wZ3xM" })).await).await;
    assert_eq!(
        (status, &body["key"]["status"]),
        (201, &json!("unverified")),
        "{body}"
    );
    let (status, list) = parts(ada.get("/api/providers/openai/models").await).await;
    assert_eq!(status, 200);
    assert!(list["models"].as_array().unwrap().len() > 3, "{list}");
    assert!(list["warning"].as_str().unwrap().len() > 20);
    let (_, providers) = parts(ada.get("/api/providers").await).await;
    let openai = providers["providers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == "openai")
        .unwrap();
    assert_eq!(openai["connected"], true);
    let thread = ada.thread("openai", "gpt-5.4").await;
    assert_eq!(
        ada.say(&thread, "r1", "Hello?").await.last().unwrap().name,
        "done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn validating_notes_what_the_provider_says_now() {
    let upstream = Moody::start().await;
    let app = TestApp::start_with(Engine::Sqlite, &[("OPENAI_BASE_URL", &upstream.url)]).await;
    let ada = app.user().await;
    let id = ada.add_key("openai", OPENAI_KEY).await;
    let path = format!("/api/providers/openai/keys/{id}/validate");
    let validate = async || {
        let (status, body) = parts(ada.post(&path, &Value::Null).await).await;
        assert_eq!(status, 200, "{body}");
        has_exactly(&body, &["key", "valid", "error"]);
        has_exactly(&body["key"], &KEY_FIELDS);
        body
    };
    app.clock.advance(1000);
    let first = validate().await;
    assert_eq!(
        (&first["valid"], &first["error"]),
        (&json!(true), &Value::Null)
    );

    upstream.say(503);
    app.clock.advance(1000);
    let down = validate().await;
    assert_eq!(
        (&down["valid"], &down["key"]["status"]),
        (&json!(false), &json!("valid")),
        "{down}"
    );
    assert_eq!(down["error"]["code"], "overloaded");
    assert_eq!(down["key"]["lastError"]["code"], "overloaded");
    is_moment(&down["key"]["lastErrorAt"]);
    assert_eq!(
        down["key"]["lastValidatedAt"],
        first["key"]["lastValidatedAt"]
    );

    upstream.say(401);
    let revoked = validate().await;
    assert_eq!(
        (&revoked["valid"], &revoked["key"]["status"]),
        (&json!(false), &json!("invalid")),
        "{revoked}"
    );
    assert_eq!(revoked["error"]["code"], "invalid_key");
    let thread = ada.thread("openai", "gpt-5.4").await;
    let refusal = refused(ada.ask(&thread, "r1", "Hello?").await).await;
    assert_eq!(
        refusal,
        (409, "no_key".to_owned()),
        "an invalid key is not tried"
    );

    upstream.say(200);
    let back = validate().await;
    assert_eq!(
        (&back["valid"], &back["key"]["status"]),
        (&json!(true), &json!("valid"))
    );
    assert_eq!(back["key"]["lastError"], Value::Null);
    assert_eq!(back["key"]["lastErrorAt"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_secret_serves_no_later_request() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let id = ada.add_key("openai", OPENAI_KEY).await;
    let path = format!("/api/providers/openai/keys/{id}");
    let thread = ada.thread("openai", "sim-endless").await;
    let mut running = Tail::new(ada.ask(&thread, "r1", "Go on").await);
    let answer = running.answer().await;
    let old = app.text("SELECT blob FROM provider_keys").await;

    let refusal = refused(ada.put(&path, &json!({ "key": "sk-bad-1234567890" })).await).await;
    assert_eq!(refusal, (422, "invalid_key".to_owned()));
    assert_eq!(
        keys(&ada, "openai").await[0]["mask"],
        format!("…{}", &OPENAI_KEY[OPENAI_KEY.len() - 4..]),
        "the old one stays"
    );
    wrong_fields(ada.put(&path, &json!({})).await).await;

    app.sim.clear();
    let new = "sk-sim-good-second-Pf4sGh9z";
    let (status, body) = parts(ada.put(&path, &json!({ "key": new })).await).await;
    assert_eq!(status, 200, "{body}");
    has_exactly(&body["key"], &KEY_FIELDS);
    assert_eq!(
        (&body["key"]["id"], &body["key"]["mask"]),
        (&json!(id), &json!("…Gh9z"))
    );
    let seen = running.events().len();
    running.until(seen + 3).await;
    ada.post(
        &format!("/api/threads/{thread}/messages/{answer}/stop"),
        &Value::Null,
    )
    .await;
    assert_eq!(
        running.rest().await.last().unwrap().data["message"]["status"],
        "stopped"
    );
    ada.say(&ada.thread("openai", "sim-short").await, "r2", "Hello?")
        .await;
    ada.post(&format!("{path}/validate"), &Value::Null).await;
    ada.post("/api/providers/openai/models/refresh", &Value::Null)
        .await;
    let later = app.sim.recorded();
    assert_eq!(later.len(), 4);
    for one in later {
        assert_eq!(
            one.header("authorization"),
            Some(format!("Bearer {new}").as_str())
        );
    }
    let sealed = app.text("SELECT blob FROM provider_keys").await;
    assert_ne!(sealed, old);
    assert_eq!(
        app.number("SELECT COUNT(*) FROM provider_keys").await,
        1,
        "the old blob is nowhere"
    );
    assert_eq!(app.number("SELECT version FROM provider_keys").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_key_sends_nothing_any_more() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let id = ada.add_key("openai", OPENAI_KEY).await;
    let path = format!("/api/providers/openai/keys/{id}");
    let thread = ada.thread("openai", "sim-short").await;
    assert_eq!(ada.delete(&path).await.status(), 204);
    app.sim.clear();
    assert_eq!(
        refused(ada.delete(&path).await).await,
        (404, "not_found".to_owned())
    );
    for response in [
        ada.post(&format!("{path}/validate"), &Value::Null).await,
        ada.put(&path, &json!({ "key": OPENAI_KEY })).await,
        ada.patch(&path, &json!({ "active": true })).await,
    ] {
        assert_eq!(refused(response).await, (404, "not_found".to_owned()));
    }
    for response in [
        ada.ask(&thread, "r1", "Hello?").await,
        ada.get("/api/providers/openai/models").await,
        ada.post("/api/providers/openai/models/refresh", &Value::Null)
            .await,
    ] {
        assert_eq!(refused(response).await, (409, "no_key".to_owned()));
    }
    assert_eq!(app.sim.recorded().len(), 0);
    for table in ["provider_keys", "provider_models"] {
        assert_eq!(
            app.number(&format!("SELECT count(*) FROM {table}")).await,
            0
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_key_that_is_switched_on_is_used() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(
            ada.add_key("openai", &format!("sk-sim-good-key-number-{name}"))
                .await,
        );
    }
    let change = async |at: usize, body: Value| {
        let (status, body) = parts(
            ada.patch(&format!("/api/providers/openai/keys/{}", ids[at]), &body)
                .await,
        )
        .await;
        assert_eq!(status, 200, "{body}");
        has_exactly(&body["key"], &KEY_FIELDS);
        body["key"].clone()
    };
    let mut number = 0;
    let mut used = async || {
        number += 1;
        let thread = ada.thread("openai", "sim-short").await;
        let response = ada.ask(&thread, &format!("r{number}"), "Hello?").await;
        if response.status() != 200 {
            return refused(response).await.1;
        }
        response.text().await.unwrap();
        last_key(&app).chars().last().unwrap().to_string()
    };
    assert_eq!(used().await, "a");
    assert_eq!(change(0, json!({ "active": false })).await["active"], false);
    assert_eq!(used().await, "b");
    assert_eq!(change(2, json!({ "position": 0 })).await["position"], 0);
    assert_eq!(used().await, "c");
    assert_eq!(
        change(2, json!({ "position": 99 })).await["position"],
        2,
        "beyond the end is the end"
    );
    assert_eq!(used().await, "b");
    assert_eq!(
        change(1, json!({ "label": "Spare", "active": false })).await["label"],
        "Spare"
    );
    assert_eq!(used().await, "c");
    change(2, json!({ "active": false })).await;
    assert_eq!(used().await, "no_key");
    change(0, json!({ "active": true })).await;
    assert_eq!(used().await, "a");
    let order: Vec<Value> = keys(&ada, "openai")
        .await
        .iter()
        .map(|key| key["position"].clone())
        .collect();
    assert_eq!(order, [json!(0), json!(1), json!(2)]);

    let path = format!("/api/providers/openai/keys/{}", ids[0]);
    for body in [
        json!({ "active": "yes" }),
        json!({ "position": -1 }),
        json!({ "position": 1.5 }),
        json!({ "label": "x".repeat(61) }),
        json!({ "label": "\u{7}" }),
    ] {
        wrong_fields(ada.patch(&path, &body).await).await;
    }
    assert_eq!(
        ada.patch(&path, &json!({})).await.status(),
        200,
        "no change is a change, too"
    );
    assert_eq!(
        refused(
            ada.send(Method::PATCH, &path.replace("openai", "gemini"), &json!({}))
                .await
        )
        .await
        .0,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_changed_midway_pays_for_the_running_answer_and_for_no_later_one() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let (old, new) = ("sk-sim-good-old-Xk2mPd7Qw9", "sk-sim-good-new-Bn4vRt6Yc1");
    let key = ada.add_key("openai", old).await;
    let thread = ada.thread("openai", "gpt-5.4-mini").await;
    let mut tail = Tail::new(ada.ask(&thread, "r1", "At length, please.").await);
    tail.until(3).await;
    let path = format!("/api/providers/openai/keys/{key}");
    assert_eq!(ada.put(&path, &json!({ "key": new })).await.status(), 200);
    let blobs = app.text("SELECT blob FROM provider_keys").await;
    let last = tail.rest().await.pop().unwrap();
    assert_eq!(last.name, "done");
    assert_eq!(last.data["message"]["status"], "complete");
    let chats = || {
        let all = app.sim.recorded().into_iter();
        all.filter(|one| one.method == "POST")
            .map(|one| one.header("authorization").unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(chats(), [format!("Bearer {old}")]);
    ada.say(&thread, "r2", "Again, please.").await;
    assert_eq!(chats(), [format!("Bearer {old}"), format!("Bearer {new}")]);
    assert_eq!(
        app.text("SELECT blob FROM provider_keys").await,
        blobs,
        "one blob, the new one's"
    );
    assert_eq!(app.number("SELECT version FROM provider_keys").await, 2);
}
