//! What people, and servers that pretend to be providers, send that nobody should have to take.

use crate::support::Engine;
use crate::support::app::{Client, TestApp, parts};
use crate::support::probe::{refusal, refused, wrong_fields};
use axum::Router;
use axum::http::header;
use axum::routing::get;
use keylm::server::simulate::Simulator;
use rstest::rstest;
use serde_json::{Value, json};

/// A provider that lists these models and nothing else; its address.
async fn lists(ids: Vec<String>) -> String {
    let rows = ids
        .iter()
        .map(|id| json!({ "id": id, "object": "model", "created": 1 }));
    let list = json!({ "object": "list", "data": rows.collect::<Vec<_>>() }).to_string();
    let list = get(async || ([(header::CONTENT_TYPE, "application/json")], list));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/models", list);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn listed(client: &Client, provider: &str) -> Vec<String> {
    let (status, body) = parts(
        client
            .get(&format!("/api/providers/{provider}/models"))
            .await,
    )
    .await;
    assert_eq!(status, 200, "{body}");
    let models = body["models"].as_array().unwrap().iter();
    models
        .map(|model| model["id"].as_str().unwrap().to_owned())
        .collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_models_are_cut_at_the_limit(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let url = lists((0..10_000).map(|n| format!("gpt-{n}")).collect()).await;
    let app = TestApp::start_with(engine, &[("OPENAI_BASE_URL", &url)]).await;
    let ada = app.user().await;
    ada.add_key("openai", "sk-of-the-tests-1234").await;
    assert_eq!(listed(&ada, "openai").await.len(), 5000);
    let page = ada.get("/chat").await;
    assert_eq!(page.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_too_long_to_read_is_an_error_and_leaves_nothing_behind() {
    let url = lists(
        (0..40_000)
            .map(|n| format!("gpt-{n}{}", "x".repeat(100)))
            .collect(),
    )
    .await;
    let app = TestApp::start_with(Engine::Sqlite, &[("OPENAI_BASE_URL", &url)]).await;
    let ada = app.user().await;
    let key = json!({ "key": "sk-of-the-tests-1234" });
    let refusal = refused(ada.post("/api/providers/openai/keys", &key).await).await;
    assert_eq!(refusal, (502, "upstream_error".to_owned()));
    assert_eq!(app.number("SELECT count(*) FROM provider_keys").await, 0);
}

const ODD: [&str; 6] = [
    "a/b/../c",
    "quo\"te'd",
    "a?b#c%2f&d=e",
    "<script>alert(1)</script>",
    "ünï 漢 🎈",
    "'; DROP TABLE threads; --",
];

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_odd_model_is_called_by_exactly_its_id(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let long = "x".repeat(2048);
    let mut ids: Vec<String> = ODD.iter().map(ToString::to_string).collect();
    ids.extend([long.clone(), String::new(), "two\nlines".to_owned()]);
    let url = lists(ids).await;
    let app = TestApp::start_with(engine, &[("CUSTOM_ENDPOINTS", "list:127.0.0.1")]).await;
    let ada = app.user().await;
    let place = json!({ "credentials": { "baseUrl": url } });
    let (status, body) = parts(ada.post("/api/providers/custom/keys", &place).await).await;
    assert_eq!(status, 201, "{body}");
    let mut models = listed(&ada, "custom").await;
    models.sort();
    let mut expected = ODD;
    expected.sort_unstable();
    assert_eq!(models, expected, "what is no id is left out");
    for id in [long.as_str(), "", "two\nlines", "\u{0}"] {
        let thread = json!({ "provider": "custom", "model": id });
        let fields = wrong_fields(ada.post("/api/threads", &thread).await).await;
        assert_eq!(fields.len(), 1, "{id}");
    }

    // Where the id is a part of the path, it stays one segment of it.
    ada.add_key("gemini", crate::support::app::GEMINI_KEY).await;
    for (at, id) in ODD.iter().enumerate() {
        let thread = ada.thread("gemini", id).await;
        app.sim.clear();
        let told = ada.say(&thread, &format!("r{at}"), "Hello?").await;
        let error = &told.last().unwrap().data["error"];
        assert_eq!(error["code"], "bad_model", "{id}: {error}");
        let request = app.sim.recorded().pop().unwrap();
        assert_eq!(request.path.matches('/').count(), 4, "{}", request.path);
        assert!(
            request.path.starts_with("/gemini/v1beta/models/"),
            "{}",
            request.path
        );
    }
}

/// What each provider is given to be let in.
fn credentials(provider: &str, sim: &Simulator) -> Value {
    match provider {
        "azure-openai" => json!({ "resourceName": "acme", "key": "azure-sim-good" }),
        "vertex" => json!({
            "location": "europe-west4",
            "serviceAccount": Simulator::service_account("sim-good"),
        }),
        "bedrock" => json!({ "region": "eu-central-1", "apiKey": "ABSK-sim-good" }),
        "custom" => json!({ "baseUrl": sim.url("OPENAI_BASE_URL"), "key": "sk-sim-good" }),
        "ai-gateway" => json!({ "key": "vck_sim-good", "pays": "credits" }),
        _ => json!({ "key": "a-key-of-the-tests" }),
    }
}

async fn app() -> (TestApp, Client, Vec<Value>) {
    let app = TestApp::start_with(Engine::Sqlite, &[("CUSTOM_ENDPOINTS", "list:127.0.0.1")]).await;
    let ada = app.user().await;
    let (_, body) = parts(ada.get("/api/providers").await).await;
    let providers = body["providers"].as_array().unwrap().clone();
    assert!(providers.len() > 10);
    (app, ada, providers)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_malformed_is_named_before_anybody_is_asked() {
    let (app, ada, providers) = app().await;
    let mut tried = 0;
    for provider in &providers {
        let id = provider["id"].as_str().unwrap();
        let good = credentials(id, &app.sim);
        for field in provider["credentialFields"].as_array().unwrap() {
            let name = field["name"].as_str().unwrap();
            let bad: &[&str] = match name {
                "location" | "region" | "resourceName" => &[
                    "a.b",
                    "evil.example/",
                    "a@b",
                    "a:1",
                    "-a",
                    "a-",
                    "A",
                    "ü",
                    "a b",
                    "a\nb",
                    "a#b",
                    "a\u{0}",
                ],
                _ if field["choices"].is_array() => &["neither"],
                _ if field["multiline"] == true => &["{\u{7}}", "a\u{0}b"],
                _ if field["secret"] == true => &[
                    "a\u{7}b",
                    "a\r\nx-evil: 1",
                    "a\u{0}b",
                    "a b",
                    "schlüssel",
                    "a\u{1b}[31mb",
                    "a\u{200b}b",
                ],
                _ => continue,
            };
            for value in bad {
                let mut given = good.clone();
                given[name] = json!(value);
                let body = json!({ "credentials": given });
                let path = format!("/api/providers/{id}/keys");
                let fields = wrong_fields(ada.post(&path, &body).await).await;
                assert_eq!(fields, [name], "{id}: {value:?}");
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
    assert!(app.sim.recorded().is_empty());
    assert_eq!(app.number("SELECT count(*) FROM provider_keys").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_page_in_the_place_of_an_answer_is_an_error_and_nothing_of_it_is_shown() {
    let (app, ada, _) = app().await;
    let custom = app.sim.url("OPENAI_BASE_URL");
    for (provider, credentials) in [
        ("openai", json!({ "key": "sk-sim-html-Canary" })),
        ("anthropic", json!({ "key": "sk-ant-sim-html-Canary" })),
        ("gemini", json!({ "key": "AIza-sim-html-Canary" })),
        ("openrouter", json!({ "key": "sk-or-v1-sim-html-Canary" })),
        (
            "ai-gateway",
            json!({ "key": "vck_sim-html-Canary", "pays": "credits" }),
        ),
        (
            "custom",
            json!({ "baseUrl": custom, "key": "sk-sim-html-Canary" }),
        ),
    ] {
        let body = json!({ "credentials": credentials });
        let path = format!("/api/providers/{provider}/keys");
        let (status, body) = parts(ada.post(&path, &body).await).await;
        assert_eq!(
            (status, &body["error"]["code"]),
            (502, &json!("upstream_error")),
            "{provider}"
        );
        let said = body.to_string();
        for leak in ["Captive", "pwned", "html>", "Canary"] {
            assert!(!said.contains(leak), "{provider}: {said}");
        }
    }
    assert_eq!(app.number("SELECT count(*) FROM provider_keys").await, 0);
    ada.add_key("openai", crate::support::app::OPENAI_KEY).await;
    let thread = ada.thread("openai", "sim-html").await;
    let told = ada.say(&thread, "r1", "Hello?").await;
    let last = told.last().unwrap().data.to_string();
    assert!(
        last.contains("upstream_error") && !last.contains("Captive"),
        "{last}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_list_is_talked_to_by_the_name_of_a_model() {
    let (app, ada, _) = app().await;
    // Chat Completions and nothing beside it.
    let base = app
        .sim
        .url("OPENAI_BASE_URL")
        .replace("/openai/v1", "/azure/openai/v1");
    let unnamed = json!({ "credentials": { "baseUrl": base, "key": "azure-sim-good" } });
    let (status, error) = refusal(ada.post("/api/providers/custom/keys", &unnamed).await).await;
    assert_eq!(status, 422, "{error}");
    let problem = error["details"]["fields"]["baseUrl"].as_str().unwrap();
    assert!(problem.contains("/v1"), "{problem}");
    let mut named = unnamed.clone();
    named["credentials"]["model"] = json!("sim-short");
    let (status, body) = parts(ada.post("/api/providers/custom/keys", &named).await).await;
    assert_eq!(status, 201, "{body}");
    assert_eq!(body["key"]["status"], "unverified");
    let (_, list) = parts(ada.get("/api/providers/custom/models").await).await;
    assert_eq!(list["models"][0]["id"], "sim-short");
    assert!(
        list["warning"]
            .as_str()
            .unwrap()
            .contains("no list of models")
    );
    // One that has a list has the named model, too.
    let sim = app.sim.url("OLLAMA_BASE_URL");
    let both =
        json!({ "credentials": { "baseUrl": format!("{sim}/v1"), "model": "a-model-of-mine" } });
    let other = app.user().await;
    let (_, body) = parts(other.post("/api/providers/custom/keys", &both).await).await;
    assert_eq!(body["key"]["status"], "valid");
    let models = listed(&other, "custom").await;
    assert!(models.len() > 2 && models.iter().any(|id| id == "a-model-of-mine"));
}
