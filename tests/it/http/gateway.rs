//! Vercel AI Gateway: who opens the door, whose key pays, and that nobody else's ever does.

use crate::support::Engine;
use crate::support::app::{ANTHROPIC_KEY, Client, OPENAI_KEY, TestApp, parts, text_of};
use crate::support::probe::{refusal, refused, soon, wrong_fields};
use keylm::server::simulate::Recorded;
use reqwest::Response;
use rstest::rstest;
use serde_json::{Value, json};

const GATEWAY_KEY: &str = "vck_sim-good-Lw5nQ8rTz31cGhBy";
const OPERATORS_KEY: &str = "vck_sim-good-Operator-Ff6jXm2";
const KEYS: &str = "/api/providers/ai-gateway/keys";

async fn connect(client: &Client, credentials: Value) -> Response {
    let body = json!({ "credentials": credentials });
    client.post(KEYS, &body).await
}

/// Like [`connect`], which must succeed.
async fn connected(client: &Client, credentials: Value) -> Value {
    let (status, body) = parts(connect(client, credentials).await).await;
    assert_eq!(status, 201, "{body}");
    body
}

/// Ada with a gateway key, and who pays.
async fn ada(app: &TestApp, pays: &str) -> Client {
    let ada = app.user_with_keys().await;
    connected(&ada, json!({ "key": GATEWAY_KEY, "pays": pays })).await;
    app.sim.clear();
    ada
}

/// The one request for an answer that reached the gateway.
fn asked(app: &TestApp) -> Recorded {
    let recorded = app.sim.recorded().into_iter();
    let mut asked: Vec<_> = recorded.filter(Recorded::is_generation).collect();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].path.starts_with("/ai-gateway/"));
    asked.remove(0)
}

fn options(request: &Recorded) -> Value {
    let body: Value = serde_json::from_str(&request.body).unwrap();
    body["providerOptions"].clone()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_persons_key_for_the_models_provider_pays_and_no_other_key_travels(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let ada = ada(&app, "keys").await;
    let thread = ada.thread("ai-gateway", "openai/gpt-6.1-sol").await;
    let told = ada.say(&thread, "r1", "Hello?").await;
    let message = &told.last().unwrap().data["message"];
    assert_eq!(message["status"], "complete", "{message}");
    let request = asked(&app);
    let expected = json!({ "gateway": { "byok": { "openai": [{ "apiKey": OPENAI_KEY }] }, "only": ["openai"] } });
    assert_eq!(options(&request), expected);
    let bearer = format!("Bearer {GATEWAY_KEY}");
    assert_eq!(request.header("authorization"), Some(bearer.as_str()));
    assert!(!request.body.contains(ANTHROPIC_KEY) && !request.body.contains(GATEWAY_KEY));
    // Both keys are named where the answer says who paid, and both were used.
    let mask = message["attempts"][0]["keyMask"].as_str().unwrap();
    let tail = |key: &str| format!("…{}", &key[key.len() - 4..]);
    assert_eq!(
        mask,
        format!("{} with openai {}", tail(GATEWAY_KEY), tail(OPENAI_KEY))
    );
    let (_, keys) = parts(ada.get("/api/providers/openai/keys").await).await;
    assert!(keys["keys"][0]["lastUsedAt"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_key_opens_the_door_for_who_has_none() {
    let app = TestApp::start_with(Engine::Sqlite, &[("AI_GATEWAY_API_KEY", OPERATORS_KEY)]).await;
    let ada = app.user_with_keys().await;
    let (_, body) = parts(ada.get("/api/providers").await).await;
    let mut list = body["providers"].as_array().unwrap().iter();
    let gateway = list.find(|one| one["id"] == "ai-gateway").unwrap();
    let [key, pays] = gateway["credentialFields"].as_array().unwrap().as_slice() else {
        panic!("{gateway}")
    };
    assert_eq!(key["required"], false);
    let choices = pays["choices"].as_array().unwrap().iter();
    let values: Vec<_> = choices.map(|choice| &choice["value"]).collect();
    assert_eq!(values, ["keys", "credits"]);

    let body = connected(&ada, json!({ "pays": "keys" })).await;
    assert!(
        !body
            .to_string()
            .contains(&OPERATORS_KEY[OPERATORS_KEY.len() - 4..])
    );
    app.sim.clear();
    let thread = ada
        .thread("ai-gateway", "anthropic/claude-sonnet-5.5")
        .await;
    ada.say(&thread, "r1", "Hello?").await;
    let request = asked(&app);
    let bearer = format!("Bearer {OPERATORS_KEY}");
    assert_eq!(request.header("authorization"), Some(bearer.as_str()));
    let byok = &options(&request)["gateway"]["byok"];
    assert_eq!(byok, &json!({ "anthropic": [{ "apiKey": ANTHROPIC_KEY }] }));
    // What the operator pays for is not to be had.
    let refused = connect(&ada, json!({ "pays": "credits" })).await;
    assert_eq!(wrong_fields(refused).await, ["pays"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_credits_of_ones_own_gateway_account_pay_where_one_said_so() {
    let app = TestApp::start().await;
    let ada = ada(&app, "credits").await;
    let thread = ada.thread("ai-gateway", "openai/gpt-6.1-sol").await;
    let told = ada.say(&thread, "r1", "Hello?").await;
    assert_eq!(told.last().unwrap().data["message"]["status"], "complete");
    assert_eq!(options(&asked(&app)), Value::Null);
    assert!(!asked(&app).body.contains(OPENAI_KEY));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_the_gateway_paid_for_ends_as_failed_and_says_so() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    // Its provider lists models for it; the gateway finds out that it pays for nothing.
    ada.add_key("openai", "sk-sim-broke-Hd72kQw9sPzL").await;
    connected(&ada, json!({ "key": GATEWAY_KEY, "pays": "keys" })).await;
    let thread = ada.thread("ai-gateway", "openai/gpt-6.1-sol").await;
    let told = ada.say(&thread, "r1", "Hello?").await;
    let last = told.last().unwrap();
    assert_eq!(last.name, "error");
    let error = &last.data["error"];
    assert_eq!(error["code"], "system_credentials");
    let words = error["message"].as_str().unwrap();
    assert!(words.contains("did not let your key pay"), "{words}");
    assert_eq!(last.data["message"]["status"], "failed");
    assert_eq!(last.data["message"]["content"], text_of(&told));
    // Not the person was billed, so what it cost them is nothing that anyone knows.
    assert_eq!(last.data["message"]["usage"]["cost"], Value::Null);
    // The gateway's own key is in order.
    let (_, keys) = parts(ada.get(KEYS).await).await;
    assert_eq!(keys["keys"][0]["status"], "valid");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_before_it_is_said_who_pays() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let (status, body) = parts(ada.post(KEYS, &json!({ "key": GATEWAY_KEY })).await).await;
    assert_eq!(status, 201, "{body}");
    let ask = async |model: &str, words: &str| {
        let thread = ada.thread("ai-gateway", model).await;
        let (status, error) = refusal(ada.ask(&thread, model, "Hello?").await).await;
        assert_eq!((status, &error["code"]), (409, &json!("no_key")));
        let said = error["message"].as_str().unwrap();
        assert!(said.contains(words), "{said}");
    };
    ask("openai/gpt-6.1-sol", "who pays").await;
    let (_, keys) = parts(ada.get(KEYS).await).await;
    let key = format!("{KEYS}/{}", keys["keys"][0]["id"].as_str().unwrap());
    let credentials = json!({ "credentials": { "key": GATEWAY_KEY, "pays": "keys" } });
    assert_eq!(ada.put(&key, &credentials).await.status(), 200);
    ask("openai/gpt-6.1-terra", "no active OpenAI key").await;
    ask("deepseek/deepseek-v4.1-flash", "takes no key of yours").await;
    assert_eq!(app.sim.count_chat(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_models_that_somebody_can_pay_for_are_listed() {
    let app = TestApp::start().await;
    for (pays, others) in [("keys", false), ("credits", true)] {
        let ada = ada(&app, pays).await;
        let (_, list) = parts(ada.get("/api/providers/ai-gateway/models").await).await;
        let models = list["models"].as_array().unwrap().iter();
        let ids: Vec<_> = models.map(|model| model["id"].as_str().unwrap()).collect();
        assert!(ids.contains(&"openai/gpt-6.1-sol"), "{ids:?}");
        let deepseek = ids.iter().any(|id| id.starts_with("deepseek/"));
        assert_eq!(deepseek, others, "{ids:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_may_mean_either_key_names_both_and_condemns_none() {
    let app = TestApp::start().await;
    let ada = ada(&app, "keys").await;
    for (model, code) in [
        ("openai/sim-401", "invalid_key"),
        ("openai/sim-quota", "quota_exhausted"),
    ] {
        let thread = ada.thread("ai-gateway", model).await;
        let told = ada.say(&thread, model, "Hello?").await;
        let error = &told.last().unwrap().data["error"];
        assert_eq!(error["code"], code);
        let words = error["message"].as_str().unwrap();
        assert!(
            words.contains("Vercel AI Gateway") && words.contains("OpenAI key"),
            "{words}"
        );
        let (_, keys) = parts(ada.get(KEYS).await).await;
        assert_eq!(keys["keys"][0]["status"], "valid");
    }
    // Where no other key goes along it is clear which one was refused.
    let bob = app.user().await;
    connected(&bob, json!({ "key": GATEWAY_KEY, "pays": "credits" })).await;
    let thread = bob.thread("ai-gateway", "openai/sim-401").await;
    bob.say(&thread, "r1", "Hello?").await;
    let (_, keys) = parts(bob.get(KEYS).await).await;
    assert_eq!(keys["keys"][0]["status"], "invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_unknown_is_named() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let nothing = connect(&ada, json!({ "pays": "keys" })).await;
    assert_eq!(wrong_fields(nothing).await, ["key"]);
    let nobody = json!({ "key": GATEWAY_KEY, "pays": "the bank" });
    assert_eq!(wrong_fields(connect(&ada, nobody).await).await, ["pays"]);
    assert!(app.sim.recorded().is_empty());
    let wrong = json!({ "key": "vck_sim-wrong", "pays": "keys" });
    let (status, code) = refused(connect(&ada, wrong).await).await;
    assert_eq!((status, code.as_str()), (422, "invalid_key"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_a_key_pays_for_through_the_gateway_ends_when_it_is_removed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let ada = ada(&app, "keys").await;
    let thread = ada.thread("ai-gateway", "openai/sim-endless").await;
    let response = ada.ask(&thread, "r1", "Hello?").await;
    soon("the gateway is asked", || app.sim.count_chat() == 1).await;
    let (_, keys) = parts(ada.get("/api/providers/openai/keys").await).await;
    let key = keys["keys"][0]["id"].as_str().unwrap();
    let gone = ada
        .delete(&format!("/api/providers/openai/keys/{key}"))
        .await;
    assert_eq!(gone.status(), 204);
    let text = response.text().await.unwrap();
    assert!(text.contains("\"status\":\"stopped\""), "{text}");
    let (status, code) = refused(ada.ask(&thread, "r2", "And now?").await).await;
    assert_eq!((status, code.as_str()), (409, "no_key"));
}
