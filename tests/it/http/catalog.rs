//! What pages say of models: their price and window, their end, who can use them, and how their providers do.

use crate::support::Engine;
use crate::support::app::{Client, OPENAI_KEY, TestApp, parts};
use crate::support::probe::Moody;
use reqwest::{Method, Response};
use rstest::rstest;
use serde_json::{Value, json};

async fn page(client: &Client, path: &str) -> String {
    let response = client.get(path).await;
    assert_eq!(response.status(), 200, "{path}");
    response.text().await.unwrap()
}

/// What a browser without script sends when the button is pressed that goes on with another model.
async fn replace(client: &Client, thread: &str) -> Response {
    client
        .request(Method::POST, "/fn/threads/replace")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "text/html")
        .header("referer", format!("{}/chat/{thread}", client.url))
        .body(format!("id={thread}"))
        .send()
        .await
        .unwrap()
}

fn goes_to(response: &Response) -> String {
    let status = response.status().as_u16();
    assert!(matches!(status, 302 | 303), "{status}");
    response.headers()["location"].to_str().unwrap().to_owned()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_chat_whose_model_is_gone_says_so_and_goes_on_with_its_history_on_the_nearest_one(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let upstream = Moody::start().await;
    upstream.offer(&["gpt-5.4-mini", "gpt-5.4", "gpt-old"]);
    let app = TestApp::start_with(engine, &[("OPENAI_BASE_URL", &upstream.url)]).await;
    let ada = app.user().await;
    ada.add_key("openai", OPENAI_KEY).await;
    let thread = ada.thread("openai", "gpt-old").await;
    ada.say(&thread, "r1", "Where do walruses sleep?").await;
    let path = format!("/chat/{thread}");
    let before = page(&ada, &path).await;
    assert!(!before.contains("does not offer this model"));
    upstream.offer(&["gpt-5.4-mini", "gpt-5.4"]);
    let refresh = "/api/providers/openai/models/refresh";
    assert_eq!(parts(ada.post(refresh, &Value::Null).await).await.0, 200);
    let after = page(&ada, &path).await;
    for part in [
        "OpenAI does not offer this model any more.",
        "Continue with GPT-5.4<",
        "Where do walruses sleep?",
    ] {
        assert!(after.contains(part), "{part}");
    }
    let to = goes_to(&replace(&ada, &thread).await);
    assert!(page(&ada, &to).await.contains("Where do walruses sleep?"));
    let new = to.rsplit('/').next().unwrap();
    let (_, opened) = parts(ada.get(&format!("/api/threads/{new}")).await).await;
    assert_eq!(opened["thread"]["model"], "gpt-5.4");
    assert_eq!(opened["messages"].as_array().unwrap().len(), 2);
    // What nothing can take the place of stays where it is, and says what to do.
    upstream.offer(&[]);
    assert_eq!(parts(ada.post(refresh, &Value::Null).await).await.0, 200);
    let back = goes_to(&replace(&ada, &thread).await);
    let path = back.strip_prefix(&ada.url).unwrap_or(&back);
    assert!(path.starts_with(&format!("/chat/{thread}?")), "{path}");
    let told = page(&ada, path).await;
    assert!(told.contains("Add a key under Providers."), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_tells_its_models_window_and_price_and_the_end_that_is_near() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let chat = async |provider: &str, model: &str| {
        let thread = ada.thread(provider, model).await;
        page(&ada, &format!("/chat/{thread}")).await
    };
    let going = chat("openai", "gpt-4o").await;
    for part in [
        ">GPT-4o<",
        "\">128k · $2.50 / $10",
        "OpenAI will take this model away on 2027-01-14.",
        "Continue with GPT-5.4",
    ] {
        assert!(going.contains(part), "{part}");
    }
    let staying = chat("openai", "gpt-5.4").await;
    assert!(staying.contains("\">1.05M · $2.50 / $15"));
    let unknown = chat("openai", "sim-short").await;
    for page in [staying, unknown] {
        assert!(!page.contains("class=\"farewell\""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_the_provider_refused_for_its_model_offers_another_one() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "gpt-nobody-has").await;
    let events = ada.say(&thread, "r1", "Hello?").await;
    let failed = &events.last().unwrap().data["error"]["code"];
    assert_eq!(failed, "bad_model");
    let page = page(&ada, &format!("/chat/{thread}")).await;
    for part in [
        format!(r#"form="replace-{thread}" class="button">Continue with the nearest model<"#),
        format!(r#"<form id="replace-{thread}" method="post" action="/fn/threads/replace">"#),
    ] {
        assert!(page.contains(&part), "{part}");
    }
    assert!(goes_to(&replace(&ada, &thread).await).starts_with("/chat/"));
}

/// How many models a page shows.
fn rows(page: &str) -> usize {
    page.matches(r#"<tr role="row"><th scope="row""#).count()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_models_says_what_a_person_can_use_and_why_not_the_others(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let ada = app.user().await;
    let gpt = "/models?provider=openai&q=gpt-5.4";
    let before = page(&ada, gpt).await;
    assert!(before.contains("No key yet") && !before.contains("Start a chat"));
    assert!(before.contains(r#"href="/providers#openai">Add one"#));
    let key = ada.add_key("openai", OPENAI_KEY).await;
    let with = page(&ada, gpt).await;
    assert!(with.contains(r#"href="/chat?model=openai%2Fgpt-5.4">Start a chat"#));
    // The simulator lists no such model.
    let other = page(&ada, "/models?provider=openai&q=gpt-5.2").await;
    assert!(other.contains("Not in your key’s list") && !other.contains("Start a chat"));
    let usable = page(&ada, "/models?usable=1").await;
    assert!(!usable.contains("No key yet") && !usable.contains("Not in your key"));
    let path = format!("/api/providers/openai/keys/{key}");
    ada.patch(&path, &json!({ "active": false })).await;
    assert!(page(&ada, gpt).await.contains("Your key is switched off"));
    ada.patch(&path, &json!({ "active": true })).await;
    app.execute("UPDATE provider_keys SET status = 'invalid'")
        .await;
    assert!(page(&ada, gpt).await.contains("Your key was refused"));
    let chat = page(&ada, "/chat?model=openai%2Fgpt-5.4").await;
    assert!(chat.contains("gpt-5.4"), "the link begins with it");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_models_are_pages_of_a_hundred_that_a_form_narrows() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    ada.add_key("openai", OPENAI_KEY).await;
    let model = |n: u32| {
        json!({
            "id": format!("m-{n:04}"), "provider": "openai", "displayName": format!("M {n}"),
            "capabilities": { "streaming": true, "vision": n.is_multiple_of(2), "tools": false, "jsonMode": false, "reasoning": false },
            "contextWindow": 1000 + n, "maxOutputTokens": null,
            "pricing": { "inputPerMtok": 1.0, "outputPerMtok": f64::from(n) / 100.0 },
            "category": null, "deprecatedAt": null,
        })
    };
    let models = Value::from((0..5000).map(model).collect::<Vec<_>>());
    app.execute(&format!(
        "UPDATE provider_models SET models = '{models}', digest = 'many'"
    ))
    .await;
    let first = page(&ada, "/models?usable=1").await;
    assert!(first.contains("5000 models, 1 to 100 here") && rows(&first) == 100);
    assert!(first.len() < 200_000, "{} bytes", first.len());
    let last = page(&ada, "/models?usable=1&sort=name&page=50").await;
    assert!(last.contains("Page 50 of 50") && rows(&last) == 100);
    for (query, count) in [
        ("q=m-00", 100),
        ("context=5990", 10),
        ("price=0.05", 6),
        ("capability=vision&q=m-000", 5),
        ("q=m-0000", 1),
    ] {
        let found = page(&ada, &format!("/models?usable=1&{query}")).await;
        assert_eq!(rows(&found), count, "{query}");
    }
    let dearest = page(&ada, "/models?usable=1&sort=writing&order=desc").await;
    let begin = dearest.find(r#"<th scope="row""#).unwrap();
    assert!(
        dearest[begin..]
            .starts_with(r#"<th scope="row" role="rowheader"><span class="strong">M 4999</span>"#)
    );
    let none = page(&ada, "/models?q=nothing-like-this").await;
    assert!(none.contains("No model is known that fits.") && rows(&none) == 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn how_a_provider_does_is_told_once_enough_is_known(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let (ada, bob) = (app.user_with_keys().await, app.user_with_keys().await);
    let say = async |client: &Client, model: &str, request: &str| {
        let thread = client.thread("openai", model).await;
        client.say(&thread, request, "Hello?").await;
    };
    let card = async || {
        // Nobody looks more than once in half a minute.
        app.clock.advance(30_000);
        page(&bob, "/providers").await
    };
    for request in ["r1", "r2", "r3", "r4"] {
        say(&ada, "sim-short", request).await;
    }
    assert!(!card().await.contains("% answered"), "too few to tell");
    say(&ada, "sim-short", "r5").await;
    let good = card().await;
    assert!(good.contains("100 % answered · first word in "));
    assert!(good.contains("Of 5 calls from here in the last hour"));
    assert!(!good.contains("last trouble"));
    say(&ada, "sim-503", "r6").await;
    let poor = card().await;
    assert!(poor.contains(r#"class="health small poor""#));
    assert!(poor.contains("last trouble: overloaded"));
    let lines = poor.matches(r#"class="health small"#).count();
    assert_eq!(lines, 1, "of OpenAI only");
    let picker = bob
        .request(Method::POST, "/fn/models/picker")
        .header("content-type", "application/x-www-form-urlencoded")
        .send()
        .await
        .unwrap();
    let picker = picker.text().await.unwrap();
    assert!(picker.contains("last trouble: overloaded"), "{picker}");
    app.clock.advance(3_600_000);
    assert!(!card().await.contains("% answered"), "an hour later");
}
