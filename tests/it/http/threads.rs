use crate::support::Engine;
use crate::support::app::{Client, TestApp, parts, read_events};
use crate::support::probe::{has_exactly, is_moment, refused, wrong_fields};
use reqwest::Response;
use rstest::rstest;
use serde_json::{Value, json};

const THREAD_FIELDS: [&str; 12] = [
    "id",
    "title",
    "provider",
    "model",
    "systemPrompt",
    "settings",
    "status",
    "private",
    "poolFallback",
    "pinned",
    "createdAt",
    "updatedAt",
];
const MESSAGE_FIELDS: [&str; 17] = [
    "id",
    "threadId",
    "parentId",
    "role",
    "content",
    "reasoning",
    "status",
    "finishReason",
    "error",
    "provider",
    "model",
    "keyId",
    "clientRequestId",
    "usage",
    "timing",
    "attempts",
    "createdAt",
];

async fn make(client: &Client, body: &Value) -> Value {
    let (status, body) = parts(client.post("/api/threads", body).await).await;
    assert_eq!(status, 201, "{body}");
    has_exactly(&body, &["thread"]);
    body["thread"].clone()
}

async fn titles(client: &Client, query: &str) -> (Vec<String>, Option<String>) {
    let (status, body) = parts(client.get(&format!("/api/threads{query}")).await).await;
    assert_eq!(status, 200, "{body}");
    has_exactly(&body, &["threads", "nextCursor"]);
    let threads = body["threads"].as_array().unwrap();
    let titles = threads
        .iter()
        .map(|thread| thread["title"].as_str().unwrap().to_owned());
    (
        titles.collect(),
        body["nextCursor"].as_str().map(str::to_owned),
    )
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_thread_is_made_read_changed_and_removed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let ada = app.user_with_keys().await;
    let plain = make(&ada, &json!({ "provider": "openai", "model": "sim-short" })).await;
    has_exactly(&plain, &THREAD_FIELDS);
    has_exactly(
        &plain["settings"],
        &["temperature", "maxTokens", "topP", "reasoningEffort"],
    );
    is_moment(&plain["createdAt"]);
    assert_eq!(
        (
            &plain["status"],
            &plain["private"],
            &plain["systemPrompt"],
            &plain["title"]
        ),
        (&json!("active"), &json!(false), &Value::Null, &json!(""))
    );
    let settings =
        json!({ "temperature": 0.5, "maxTokens": 100, "topP": null, "reasoningEffort": "low" });
    let full = make(
        &ada,
        &json!({
            "provider": "gemini", "model": "gemini-9", "title": " A title ", "systemPrompt": "Be brief.",
            "settings": settings, "private": true,
        }),
    )
    .await;
    assert_eq!(
        (
            &full["title"],
            &full["systemPrompt"],
            &full["settings"],
            &full["private"]
        ),
        (
            &json!("A title"),
            &json!("Be brief."),
            &settings,
            &json!(true)
        )
    );

    let id = plain["id"].as_str().unwrap();
    let path = format!("/api/threads/{id}");
    ada.say(id, "r1", "Hello?").await;
    let (status, opened) = parts(ada.get(&path).await).await;
    assert_eq!(status, 200);
    has_exactly(&opened, &["thread", "messages", "nextCursor"]);
    has_exactly(&opened["thread"], &THREAD_FIELDS);
    let messages = opened["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 2);
    for message in messages {
        has_exactly(message, &MESSAGE_FIELDS);
        is_moment(&message["createdAt"]);
        assert_eq!(message["threadId"], id);
    }
    let (asked, answer) = (&messages[0], &messages[1]);
    assert_eq!(
        (
            &asked["role"],
            &asked["status"],
            &asked["clientRequestId"],
            &asked["parentId"]
        ),
        (
            &json!("user"),
            &json!("complete"),
            &json!("r1"),
            &Value::Null
        )
    );
    assert_eq!(
        (&answer["role"], &answer["parentId"]),
        (&json!("assistant"), &asked["id"])
    );
    assert_eq!(
        (&answer["finishReason"], &answer["error"], &answer["model"]),
        (&json!("stop"), &Value::Null, &json!("sim-short"))
    );
    has_exactly(
        &answer["usage"],
        &[
            "inputTokens",
            "outputTokens",
            "reasoningTokens",
            "totalTokens",
            "cost",
            "estimated",
        ],
    );
    has_exactly(&answer["timing"], &["ttftMs", "durationMs"]);

    let change = async |body: Value| {
        let (status, body) = parts(ada.patch(&path, &body).await).await;
        assert_eq!(status, 200, "{body}");
        has_exactly(&body, &["thread"]);
        body["thread"].clone()
    };
    let changed = change(json!({ "title": "New", "status": "archived", "systemPrompt": "Rhyme.", "settings": settings })).await;
    assert_eq!(
        (
            &changed["title"],
            &changed["status"],
            &changed["systemPrompt"],
            &changed["settings"]
        ),
        (
            &json!("New"),
            &json!("archived"),
            &json!("Rhyme."),
            &settings
        )
    );
    let partly = change(json!({ "status": "active" })).await;
    assert_eq!(
        (&partly["systemPrompt"], &partly["title"]),
        (&json!("Rhyme."), &json!("New")),
        "the rest stays"
    );
    assert_eq!(
        change(json!({ "systemPrompt": null })).await["systemPrompt"],
        Value::Null
    );
    let fixed = change(json!({ "provider": "gemini", "model": "other" })).await;
    assert_eq!(
        (&fixed["provider"], &fixed["model"]),
        (&json!("openai"), &json!("sim-short"))
    );
    assert_eq!(fixed, parts(ada.get(&path).await).await.1["thread"]);

    assert_eq!(ada.delete(&path).await.status(), 204);
    for response in [
        ada.get(&path).await,
        ada.delete(&path).await,
        ada.patch(&path, &json!({})).await,
    ] {
        assert_eq!(refused(response).await, (404, "not_found".to_owned()));
    }
    for table in ["messages", "message_events", "request_claims"] {
        assert_eq!(
            app.number(&format!("SELECT count(*) FROM {table}")).await,
            0,
            "{table}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_thread_is_refused() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let with = |field: &str, value: Value| {
        let mut body = json!({ "provider": "openai", "model": "sim-short" });
        body[field] = value;
        body
    };
    for (body, field) in [
        (json!({}), "provider"),
        (json!({ "provider": "openai" }), "model"),
        (with("provider", json!("nobody")), "provider"),
        (with("provider", json!(7)), "body"),
        (with("provider", json!("a b")), "body"),
        (with("model", json!("")), "body"),
        (with("model", json!("x".repeat(257))), "body"),
        (with("title", json!("x".repeat(201))), "title"),
        (with("title", json!("two\nlines")), "title"),
        (with("title", json!(["x"])), "body"),
        (
            with("systemPrompt", json!("x".repeat(50_001))),
            "systemPrompt",
        ),
        (with("private", json!("no")), "body"),
        (
            with("settings", json!({ "temperature": 2.1 })),
            "settings.temperature",
        ),
        (
            with("settings", json!({ "temperature": -0.1 })),
            "settings.temperature",
        ),
        (with("settings", json!({ "temperature": "hot" })), "body"),
        (with("settings", json!({ "topP": 0 })), "settings.topP"),
        (with("settings", json!({ "topP": 1.01 })), "settings.topP"),
        (
            with("settings", json!({ "maxTokens": 0 })),
            "settings.maxTokens",
        ),
        (with("settings", json!({ "maxTokens": -1 })), "body"),
        (
            with("settings", json!({ "maxTokens": 1_000_001 })),
            "settings.maxTokens",
        ),
        (
            with("settings", json!({ "reasoningEffort": "lots" })),
            "body",
        ),
        (with("settings", json!({ "temprature": 1 })), "temprature"),
    ] {
        assert_eq!(
            wrong_fields(ada.post("/api/threads", &body).await).await,
            [field],
            "{body}"
        );
    }
    assert_eq!(app.number("SELECT count(*) FROM threads").await, 0);
    let id = ada.thread("openai", "sim-short").await;
    for (body, field) in [
        (json!({ "status": "gone" }), "body"),
        (json!({ "title": "x".repeat(201) }), "title"),
        (json!({ "settings": { "topP": 2 } }), "settings.topP"),
        (json!({ "systemPrompt": 1 }), "body"),
    ] {
        assert_eq!(
            wrong_fields(ada.patch(&format!("/api/threads/{id}"), &body).await).await,
            [field],
            "{body}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn threads_are_listed_by_activity_page_by_page(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let ada = app.user_with_keys().await;
    let mut ids = Vec::new();
    for n in 0..7 {
        // Some share a moment: the order must hold all the same.
        app.clock.advance(i64::from(n % 2));
        let body = json!({ "provider": "openai", "model": "sim-short", "title": format!("t{n}") });
        ids.push(make(&ada, &body).await["id"].as_str().unwrap().to_owned());
    }
    let (all, end) = titles(&ada, "").await;
    assert_eq!((all.len(), end), (7, None));
    let mut paged = Vec::new();
    let mut query = "?limit=3".to_owned();
    loop {
        let (page, next) = titles(&ada, &query).await;
        assert!(page.len() <= 3);
        paged.extend(page);
        let Some(next) = next else { break };
        query = format!("?limit=3&cursor={next}");
    }
    assert_eq!(paged, all, "pages together are the list");
    app.clock.advance(1000);
    ada.say(&ids[0], "r1", "Hello?").await;
    assert_eq!(
        titles(&ada, "?limit=1").await.0,
        ["t0"],
        "newest activity first"
    );

    ada.patch(
        &format!("/api/threads/{}", ids[1]),
        &json!({ "status": "archived" }),
    )
    .await;
    assert_eq!(titles(&ada, "?status=archived").await.0, ["t1"]);
    assert_eq!(titles(&ada, "?status=active").await.0.len(), 6);
    assert!(titles(&app.user().await, "").await.0.is_empty());
    for query in ["?limit=0", "?limit=1000"] {
        assert!(
            !titles(&ada, query).await.0.is_empty(),
            "{query} is brought into range"
        );
    }
    for query in [
        "?limit=many",
        "?limit=-1",
        "?limit=99999999999",
        "?cursor=x",
        "?cursor=",
        "?cursor=_",
        "?cursor=1.5_x",
        "?cursor=99999999999999999999_x",
        "?status=gone",
        "?status=",
    ] {
        let refusal = refused(ada.get(&format!("/api/threads{query}")).await).await;
        assert_eq!(refusal, (400, "validation".to_owned()), "{query}");
    }
    let path = format!("/api/threads/{}", ids[0]);
    for query in ["?cursor=x", "?limit=x", "?cursor=1e3"] {
        let refusal = refused(ada.get(&format!("{path}{query}")).await).await;
        assert_eq!(refusal, (400, "validation".to_owned()), "{query}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn titles_and_messages_are_searched_as_text(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let ada = app.user_with_keys().await;
    for title in ["Tax 100% sure", "Tax_form", "Plain", "Naïve Bayes"] {
        make(
            &ada,
            &json!({ "provider": "openai", "model": "sim-short", "title": title }),
        )
        .await;
    }
    let said = make(
        &ada,
        &json!({ "provider": "openai", "model": "sim-echo", "title": "Echo" }),
    )
    .await;
    ada.say(said["id"].as_str().unwrap(), "r1", "What is a Zeppelin?")
        .await;
    let bob = app.user_with_keys().await;
    make(
        &bob,
        &json!({ "provider": "openai", "model": "sim-short", "title": "Plain of another" }),
    )
    .await;
    for (q, found) in [
        ("plain", vec!["Plain"]),
        ("PLAIN", vec!["Plain"]),
        ("zeppelin", vec!["Echo"]),
        ("100%25", vec!["Tax 100% sure"]),
        ("form+tax", vec!["Tax_form"]),
        ("naive", vec!["Naïve Bayes"]),
        ("zepp", vec!["Echo"]),
        ("%25", vec![]),
        ("_", vec![]),
        ("pl*", vec![]),
        ("title:plain", vec![]),
        ("owner:plain", vec![]),
        ("plain+OR+tax", vec![]),
        ("NEAR(plain)", vec![]),
        ("%22plain", vec!["Plain"]),
        ("plain')%20--", vec!["Plain"]),
        ("-plain", vec!["Plain"]),
        ("%5Eplain%22*", vec!["Plain"]),
        ("plain:*%26!a", vec![]),
        ("naïve", vec!["Naïve Bayes"]),
        ("'%20OR%201=1--", vec![]),
        ("%5C", vec![]),
        ("!", vec![]),
        ("nothing+of+that", vec![]),
    ] {
        assert_eq!(titles(&ada, &format!("?q={q}")).await.0, found, "{q}");
    }
    assert_eq!(
        titles(&ada, "?q=%20%20").await.0.len(),
        5,
        "blank is no search"
    );
    let long = format!("/api/threads?q={}", "a%22*%20NEAR(".repeat(800));
    assert_eq!(ada.get(&long).await.status(), 200);

    let (_, page) = parts(ada.get("/api/threads?q=zepp+what").await).await;
    assert_eq!(
        page["threads"],
        json!([]),
        "only the last may be a beginning"
    );
    let (_, page) = parts(ada.get("/api/threads?q=what+zepp").await).await;
    has_exactly(&page, &["threads", "nextCursor"]);
    let found = &page["threads"][0];
    has_exactly(
        found,
        &[&THREAD_FIELDS[..], &["snippet", "messageId"]].concat(),
    );
    let (_, opened) = parts(
        ada.get(&format!("/api/threads/{}", found["id"].as_str().unwrap()))
            .await,
    )
    .await;
    assert_eq!(
        found["messageId"], opened["messages"][1]["id"],
        "the newest that has them"
    );
    let mut said = String::new();
    let mut hits = Vec::new();
    for part in found["snippet"].as_array().unwrap() {
        has_exactly(part, &["text", "hit"]);
        said.push_str(part["text"].as_str().unwrap());
        if part["hit"] == true {
            hits.push(part["text"].as_str().unwrap());
        }
    }
    assert_eq!(said, opened["messages"][1]["content"].as_str().unwrap());
    assert_eq!(hits, ["What", "Zeppelin"]);
    let (_, page) = parts(ada.get("/api/threads?q=plain").await).await;
    assert_eq!(page["threads"][0]["messageId"], Value::Null);
    assert_eq!(
        page["threads"][0]["snippet"],
        json!([{ "text": "Plain", "hit": true }])
    );

    let zero = ada.get("/api/threads?q=a%00b").await;
    assert!(
        zero.status().is_success() || zero.status() == 400,
        "{}",
        zero.status()
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn text_of_any_kind_is_kept_byte_for_byte_or_refused(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-short").await;
    let odd = "  \u{feff}\u{202e}e\u{301} 👩‍👩‍👧‍👦 \u{e0041}\r\n\t' \" \\ <script> \u{1b}[31m \u{7f} \u{fffd}\n";
    let events = ada.say(&thread, "r1", odd).await;
    assert_eq!(events[0].data["userMessage"]["content"], odd);
    let (_, opened) = parts(ada.get(&format!("/api/threads/{thread}")).await).await;
    assert_eq!(opened["messages"][0]["content"], odd);
    // PostgreSQL has no NUL in its text: both databases must answer alike, and never with a fault of their own.
    let zero = ada.ask(&thread, "r2", "a\u{0}b").await;
    assert!(
        [200, 400].contains(&zero.status().as_u16()),
        "{}",
        zero.status()
    );
    zero.text().await.unwrap();
    for (method, path, body) in [
        (
            "POST",
            "/api/threads".to_owned(),
            json!({ "provider": "openai", "model": "sim-short", "systemPrompt": "a\u{0}b" }),
        ),
        (
            "PATCH",
            format!("/api/threads/{thread}"),
            json!({ "systemPrompt": "a\u{0}b" }),
        ),
        (
            "POST",
            "/api/auth/login".to_owned(),
            json!({ "email": "a\u{0}b@c.d", "password": "a\u{0}bcdefgh" }),
        ),
    ] {
        let response = ada.send(method.parse().unwrap(), &path, &body).await;
        assert!(
            response.status().as_u16() < 500,
            "{path}: {}",
            response.status()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn long_threads_open_page_by_page() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-short").await;
    for n in 0..4 {
        ada.say(&thread, &format!("r{n}"), &format!("Question {n}"))
            .await;
    }
    let (_, whole) = parts(ada.get(&format!("/api/threads/{thread}")).await).await;
    let whole = whole["messages"].as_array().unwrap();
    assert_eq!(whole.len(), 8);
    let (mut seen, mut query) = (Vec::new(), "?limit=3".to_owned());
    loop {
        let (status, page) = parts(ada.get(&format!("/api/threads/{thread}{query}")).await).await;
        assert_eq!(status, 200);
        seen.extend(page["messages"].as_array().unwrap().iter().cloned());
        let Some(next) = page["nextCursor"].as_str() else {
            break;
        };
        query = format!("?limit=3&cursor={next}");
    }
    assert_eq!(&seen, whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_is_downloaded_as_json_or_markdown() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let title = "My \"odd\"; name/../\u{202e}é";
    let thread = make(
        &ada,
        &json!({ "provider": "openai", "model": "sim-short", "title": title, "systemPrompt": "Be brief." }),
    )
    .await;
    let id = thread["id"].as_str().unwrap();
    ada.say(id, "r1", "Hello?").await;
    let path = format!("/api/threads/{id}/export");
    for query in ["", "?format=json"] {
        let response = ada.get(&format!("{path}{query}")).await;
        assert_eq!(response.headers()["content-type"], "application/json");
        let name = response.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .to_owned();
        assert_eq!(
            name,
            "attachment; filename=\"My odd name.json\"; filename*=UTF-8''My%20odd%20name%C3%A9.json"
        );
        let (status, body) = parts(response).await;
        assert_eq!(status, 200);
        has_exactly(&body, &["thread", "messages"]);
        let (_, opened) = parts(ada.get(&format!("/api/threads/{id}")).await).await;
        assert_eq!(body["messages"], opened["messages"]);
    }
    let response = ada.get(&format!("{path}?format=markdown")).await;
    assert_eq!(
        response.headers()["content-type"],
        "text/markdown; charset=utf-8"
    );
    let text = response.text().await.unwrap();
    for part in [title, "Be brief.", "Hello?", "Hello from the simulator."] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(
        wrong_fields(ada.get(&format!("{path}?format=pdf")).await).await,
        ["format"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_goes_on_alone() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = make(
        &ada,
        &json!({ "provider": "openai", "model": "sim-echo", "title": "Source", "systemPrompt": "Be brief." }),
    )
    .await;
    let id = thread["id"].as_str().unwrap();
    for n in 1..=2 {
        ada.say(id, &format!("r{n}"), &format!("Question {n}"))
            .await;
    }
    let (_, source) = parts(ada.get(&format!("/api/threads/{id}")).await).await;
    let fork =
        async |body: Value| parts(ada.post(&format!("/api/threads/{id}/fork"), &body).await).await;
    let contents = |opened: &Value| -> Vec<String> {
        let messages = opened["messages"].as_array().unwrap().iter();
        messages
            .map(|message| message["content"].as_str().unwrap().to_owned())
            .collect()
    };

    let (status, whole) = fork(json!({})).await;
    assert_eq!(status, 201);
    has_exactly(&whole, &["thread"]);
    has_exactly(&whole["thread"], &THREAD_FIELDS);
    assert_eq!(whole["thread"]["systemPrompt"], "Be brief.");
    let copy = whole["thread"]["id"].as_str().unwrap();
    assert_ne!(copy, id);
    let (_, opened) = parts(ada.get(&format!("/api/threads/{copy}")).await).await;
    assert_eq!(contents(&opened), contents(&source));
    let mut parent = Value::Null;
    for message in opened["messages"].as_array().unwrap() {
        has_exactly(message, &MESSAGE_FIELDS);
        assert_eq!(
            (&message["threadId"], &message["parentId"]),
            (&json!(copy), &parent)
        );
        assert_eq!(message["clientRequestId"], Value::Null);
        parent = message["id"].clone();
    }

    let middle = &source["messages"][1]["id"];
    let (status, part) =
        fork(json!({ "messageId": middle, "provider": "gemini", "model": "sim-echo" })).await;
    assert_eq!(status, 201, "{part}");
    assert_eq!(part["thread"]["provider"], "gemini");
    let part = part["thread"]["id"].as_str().unwrap();
    let (_, opened) = parts(ada.get(&format!("/api/threads/{part}")).await).await;
    assert_eq!(contents(&opened), contents(&source)[..2]);
    let events = ada.say(part, "r9", "And now?").await;
    assert_eq!(events.last().unwrap().name, "done");
    let sent = app.sim.recorded().pop().unwrap();
    assert!(
        sent.path.starts_with("/gemini/")
            && sent.body.contains("Question 1")
            && sent.body.contains("And now?")
    );
    let (_, after) = parts(ada.get(&format!("/api/threads/{id}")).await).await;
    assert_eq!(
        after["messages"], source["messages"],
        "the source stays as it was"
    );
    ada.delete(&format!("/api/threads/{id}")).await;
    assert_eq!(ada.get(&format!("/api/threads/{part}")).await.status(), 200);

    let thread = ada.thread("openai", "sim-short").await;
    let path = format!("/api/threads/{thread}/fork");
    assert_eq!(
        refused(ada.post(&path, &json!({ "messageId": middle })).await)
            .await
            .0,
        404
    );
    assert_eq!(
        wrong_fields(ada.post(&path, &json!({ "provider": "nobody" })).await).await,
        ["provider"]
    );
    wrong_fields(ada.post(&path, &json!({ "messageId": 7 })).await).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_fork_has_what_led_to_its_message_and_no_answer_that_is_being_written(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let (ada, bob) = (app.user_with_keys().await, app.user_with_keys().await);
    let id = ada.thread("openai", "sim-echo").await;
    let path = format!("/api/threads/{id}");
    let fork =
        async |client: &Client, body: Value| client.post(&format!("{path}/fork"), &body).await;
    let contents = async |response: Response| -> Vec<String> {
        let (status, body) = parts(response).await;
        assert_eq!(status, 201, "{body}");
        let copy = format!("/api/threads/{}", body["thread"]["id"].as_str().unwrap());
        let (_, opened) = parts(ada.get(&copy).await).await;
        let messages = opened["messages"].as_array().unwrap().iter();
        messages
            .map(|message| message["content"].as_str().unwrap().to_owned())
            .collect()
    };
    ada.say(&id, "r1", "First").await;
    let (_, before) = parts(ada.get(&path).await).await;
    let (asked, answered) = (&before["messages"][0]["id"], &before["messages"][1]["id"]);
    let edit = json!({ "content": "Instead", "clientRequestId": "r2" });
    let edited = ada
        .patch(
            &format!("{path}/messages/{}", asked.as_str().unwrap()),
            &edit,
        )
        .await;
    read_events(edited).await;
    assert_eq!(contents(fork(&ada, json!({})).await).await[0], "Instead");
    let aside = contents(fork(&ada, json!({ "messageId": answered })).await).await;
    assert_eq!(aside[0], "First", "also of a branch that is not shown");
    assert_eq!(aside.len(), 2);
    assert_eq!(
        contents(fork(&ada, json!({ "messageId": asked })).await).await,
        ["First"]
    );
    let theirs = fork(&bob, json!({})).await;
    assert_eq!(refused(theirs).await, (404, "not_found".to_owned()));

    let running = ada.thread("openai", "sim-endless").await;
    let stream = ada.ask(&running, "r3", "Go on").await;
    assert_eq!(stream.status(), 200);
    let copied = ada
        .post(&format!("/api/threads/{running}/fork"), &json!({}))
        .await;
    assert_eq!(contents(copied).await, ["Go on"]);
    drop(stream);

    let other = bob.thread("openai", "sim-short").await;
    let theirs = bob
        .post(
            &format!("/api/threads/{other}/fork"),
            &json!({ "messageId": asked }),
        )
        .await;
    assert_eq!(refused(theirs).await, (404, "not_found".to_owned()));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_fork_of_a_long_thread_is_whole_or_not_there(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    const LONG: usize = 5000;
    let app = TestApp::start_with(engine, &[]).await;
    let ada = app.user_with_keys().await;
    let id = ada.thread("openai", "sim-short").await;
    let fill = format!(
        "INSERT INTO messages (id, thread_id, parent_id, depth, on_branch, role, content, status, created_at)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {LONG})
         SELECT 'm' || i, '{id}', CASE WHEN i > 1 THEN 'm' || (i - 1) END, i, TRUE, 'user', 'words ' || i, 'complete', i FROM n"
    );
    app.run(&fill).await;
    let path = format!("/api/threads/{id}/fork");
    let begun = std::time::Instant::now();
    let (status, whole) = parts(ada.post(&path, &json!({})).await).await;
    println!("{LONG} messages: {:?}", begun.elapsed());
    assert_eq!(status, 201, "{whole}");
    let copy = whole["thread"]["id"].as_str().unwrap();
    let count = format!("SELECT count(*) FROM messages WHERE thread_id = '{copy}'");
    assert_eq!(app.number(&count).await, 5000);
    let body = json!({ "messageId": "m4990" });
    let (_, part) = parts(ada.post(&path, &body).await).await;
    let part = format!("/api/threads/{}", part["thread"]["id"].as_str().unwrap());
    let (_, last) = parts(ada.get(&format!("{part}?cursor=4980")).await).await;
    assert_eq!(last["messages"].as_array().unwrap().len(), 10);
    assert_eq!(last["messages"][9]["content"], "words 4990");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn pinned_threads_stand_first_in_the_sidebar_and_where_they_were_in_the_list(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let (ada, bob) = (app.user().await, app.user().await);
    let (_, me) = parts(ada.get("/api/auth/me").await).await;
    let user = me["user"]["id"].as_str().unwrap().parse().unwrap();
    let mut ids = Vec::new();
    for title in ["one", "two", "three"] {
        app.clock.advance(1000);
        let made = json!({ "provider": "openai", "model": "sim-short", "title": title });
        let thread = make(&ada, &made).await;
        assert_eq!(thread["pinned"], false);
        ids.push(format!("/api/threads/{}", thread["id"].as_str().unwrap()));
    }
    let pinned = async || {
        let page = app.services.sidebar(&user, None).await.unwrap();
        let titles = page.pinned.into_iter().map(|thread| thread.title);
        titles.collect::<Vec<_>>()
    };
    assert_eq!(
        bob.patch(&ids[0], &json!({ "pinned": true }))
            .await
            .status(),
        404
    );
    for id in &ids[..2] {
        let (status, body) = parts(ada.patch(id, &json!({ "pinned": true })).await).await;
        assert_eq!((status, &body["thread"]["pinned"]), (200, &json!(true)));
    }
    assert_eq!(pinned().await, ["two", "one"]);
    assert_eq!(titles(&ada, "").await.0, ["three", "two", "one"]);
    let later = app.services.sidebar(&user, Some("1_x")).await.unwrap();
    assert!(later.pinned.is_empty(), "they are told once");

    ada.patch(&ids[1], &json!({ "status": "archived" })).await;
    assert_eq!(pinned().await, ["one"]);
    ada.patch(&ids[1], &json!({ "status": "active" })).await;
    assert_eq!(pinned().await, ["two", "one"], "it comes back as it was");
    ada.patch(&ids[1], &json!({ "pinned": false })).await;
    assert_eq!(pinned().await, ["one"]);
    assert_eq!(
        refused(ada.patch(&ids[0], &json!({ "pinned": "yes" })).await)
            .await
            .0,
        400
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_threads_can_be_pinned_and_no_more() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let mut path = String::new();
    for _ in 0..=50 {
        path = format!("/api/threads/{}", ada.thread("openai", "sim-short").await);
        let pinned = ada.patch(&path, &json!({ "pinned": true })).await;
        if pinned.status() != 200 {
            assert_eq!(wrong_fields(pinned).await, ["pinned"]);
            break;
        }
    }
    let (_, opened) = parts(ada.get(&path).await).await;
    assert_eq!(opened["thread"]["pinned"], false);
    let (status, _) = parts(ada.patch(&path, &json!({ "pinned": false })).await).await;
    assert_eq!(status, 200);
}
