//! The picker's groups: what a person marked, and what they used last.

use crate::support::Engine;
use crate::support::app::{Client, OPENAI_KEY, TestApp};
use reqwest::{Method, Response};
use rstest::rstest;

async fn call(client: &Client, path: &str, form: &str) -> Response {
    client
        .request(Method::POST, path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.to_owned())
        .send()
        .await
        .unwrap()
}

async fn mark(client: &Client, model: &str, on: bool) {
    let form = format!("choice=openai%2F{model}&on={on}");
    let response = call(client, "/fn/models/favourite", &form).await;
    assert_eq!(response.status(), 200, "{form}");
}

/// The names of the picker's sections, each with its first models and `*` at the favourites.
async fn sections(client: &Client, form: &str) -> Vec<String> {
    let html = call(client, "/fn/models/picker", form).await;
    let html: String = serde_json::from_str(&html.text().await.unwrap()).unwrap();
    let sections = html.split("<section").skip(1);
    let told = sections.map(|section| {
        let mut told = between(section, r#"<span class="strong">"#).to_owned();
        for row in section.split(" data-choice=\"").skip(1).take(4) {
            let star = row.contains(r#"aria-pressed="true""#);
            let (choice, _) = row.split_once('"').unwrap();
            let mark = if star { "*" } else { "" };
            told = [told.as_str(), " ", choice, mark].concat();
        }
        told
    });
    told.collect()
}

fn between<'a>(text: &'a str, before: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap();
    rest.split('<').next().unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_picker_begins_with_a_persons_favourites_and_what_they_used_last(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let (ada, bob) = (app.user().await, app.user().await);
    for person in [&ada, &bob] {
        person.add_key("openai", OPENAI_KEY).await;
    }
    let before = sections(&ada, "").await;
    assert!(before[0].starts_with("OpenAI "), "{before:?}");
    for model in ["sim-echo", "sim-short", "model-of-old"] {
        ada.thread("openai", model).await;
        app.clock.advance(1_000);
    }
    mark(&ada, "sim-echo", true).await;
    mark(&ada, "nobody-has-it", true).await;
    let with = sections(&ada, "").await;
    assert_eq!(
        with[..2],
        ["Favourites openai/sim-echo*", "Recent openai/sim-short"]
    );
    assert_eq!(with.len(), before.len() + 2, "{with:?}");
    let picked = sections(&ada, "choice=openai%2Fsim-short").await;
    assert_eq!(picked.len(), before.len() + 1, "nothing new is recent");
    let typed = sections(&ada, "search=sim-").await;
    assert!(
        typed[0].starts_with("OpenAI openai/sim-echo* "),
        "{typed:?}"
    );
    assert_eq!(sections(&bob, "").await, before, "nobody else's");
    mark(&ada, "sim-echo", false).await;
    let without = sections(&ada, "").await;
    assert_eq!(without[0], "Recent openai/sim-short openai/sim-echo");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_first_hundred_characters_of_what_is_looked_for_count() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    ada.add_key("openai", OPENAI_KEY).await;
    let typed = format!("{:<100}nobody-has-it", "sim-echo");
    let form: String = url::form_urlencoded::byte_serialize(typed.as_bytes()).collect();
    for (path, name) in [("/fn/models/picker", "search"), ("/fn/palette", "q")] {
        let found = call(&ada, path, &format!("{name}={form}")).await;
        let found = found.text().await.unwrap();
        assert!(found.contains("sim-echo"), "{path}: {found}");
    }
}
