use crate::support::Engine;
use crate::support::app::{OPENAI_KEY, TestApp, parts};
use crate::support::probe::{Moody, has_exactly, is_moment, refused};
use rstest::rstest;
use serde_json::{Value, json};

const DAY: i64 = 86_400_000;
const MODELS: &str = "/api/providers/openai/models";

#[tokio::test(flavor = "multi_thread")]
async fn a_model_has_exactly_the_fields_of_the_contract() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    for provider in ["openai", "anthropic", "gemini"] {
        let (status, list) =
            parts(ada.get(&format!("/api/providers/{provider}/models")).await).await;
        assert_eq!(status, 200, "{list}");
        has_exactly(
            &list,
            &[
                "models",
                "keyId",
                "fetchedAt",
                "expiresAt",
                "stale",
                "warning",
            ],
        );
        is_moment(&list["fetchedAt"]);
        is_moment(&list["expiresAt"]);
        assert_eq!(
            (&list["stale"], &list["warning"]),
            (&json!(false), &Value::Null)
        );
        let models = list["models"].as_array().unwrap();
        assert!(models.len() > 5, "{provider}");
        let mut priced = 0;
        for model in models {
            has_exactly(
                model,
                &[
                    "id",
                    "provider",
                    "displayName",
                    "capabilities",
                    "contextWindow",
                    "maxOutputTokens",
                    "pricing",
                    "category",
                    "deprecatedAt",
                ],
            );
            has_exactly(
                &model["capabilities"],
                &["streaming", "vision", "tools", "jsonMode", "reasoning"],
            );
            assert_eq!(model["provider"], provider);
            assert!(!model["displayName"].as_str().unwrap().is_empty());
            if !model["pricing"].is_null() {
                priced += 1;
                has_exactly(&model["pricing"], &["inputPerMtok", "outputPerMtok"]);
            }
            let category = &model["category"];
            assert!(
                category.is_null()
                    || ["recommended", "fast", "balanced", "reasoning"]
                        .contains(&category.as_str().unwrap()),
                "{model}"
            );
        }
        assert!(priced > 0, "{provider}: some prices are known");
        assert!(
            models
                .iter()
                .any(|model| model["category"] == "recommended"),
            "{provider}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_kept_for_a_day_and_asked_anew_on_request() {
    let upstream = Moody::start().await;
    let app = TestApp::start_with(Engine::Sqlite, &[("OPENAI_BASE_URL", &upstream.url)]).await;
    let ada = app.user().await;
    ada.add_key("openai", OPENAI_KEY).await;
    assert_eq!(upstream.lists(), 1, "adding has asked already");
    let get = async |path: &str| {
        let (status, list) = parts(ada.get(path).await).await;
        assert_eq!(status, 200, "{list}");
        list
    };
    let first = get(MODELS).await;
    app.clock.advance(DAY - 1);
    assert_eq!(get(MODELS).await, first);
    assert_eq!(upstream.lists(), 1);
    app.clock.advance(1);
    let second = get(MODELS).await;
    assert_eq!(upstream.lists(), 2);
    assert_ne!(second["fetchedAt"], first["fetchedAt"]);
    get(&format!("{MODELS}?refresh=true")).await;
    assert_eq!(upstream.lists(), 3);
    let (status, _) = parts(ada.post(&format!("{MODELS}/refresh"), &Value::Null).await).await;
    assert_eq!((status, upstream.lists()), (200, 4));
    get(&format!("{MODELS}?refresh=false")).await;
    assert_eq!(upstream.lists(), 4);
    for query in ["refresh=yes", "refresh", "refresh=true&refresh=true"] {
        assert_eq!(
            refused(ada.get(&format!("{MODELS}?{query}")).await).await,
            (400, "validation".to_owned()),
            "{query}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_cannot_be_renewed_stays_with_a_warning() {
    let upstream = Moody::start().await;
    let app = TestApp::start_with(Engine::Sqlite, &[("OPENAI_BASE_URL", &upstream.url)]).await;
    let ada = app.user().await;
    let id = ada.add_key("openai", OPENAI_KEY).await;
    let (_, first) = parts(ada.get(MODELS).await).await;
    upstream.say(503);
    for response in [
        ada.post(&format!("{MODELS}/refresh"), &Value::Null).await,
        ada.get(&format!("{MODELS}?refresh=true")).await,
        ada.get(&format!("{MODELS}?keyId={id}")).await,
    ] {
        let (status, list) = parts(response).await;
        assert_eq!((status, &list["stale"]), (200, &json!(true)), "{list}");
        assert!(list["warning"].as_str().unwrap().len() > 20, "{list}");
        assert_eq!(
            (&list["models"], &list["fetchedAt"]),
            (&first["models"], &first["fetchedAt"])
        );
    }
    upstream.say(200);
    let (_, renewed) = parts(ada.post(&format!("{MODELS}/refresh"), &Value::Null).await).await;
    assert_eq!(
        (&renewed["stale"], &renewed["warning"]),
        (&json!(false), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_key_has_a_list_of_its_own() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    for response in [
        ada.get(MODELS).await,
        ada.post(&format!("{MODELS}/refresh"), &Value::Null).await,
    ] {
        assert_eq!(refused(response).await, (409, "no_key".to_owned()));
    }
    let first = ada.add_key("openai", OPENAI_KEY).await;
    let second = ada.add_key("openai", "sk-sim-nolist-Hq7wZ3xM").await;
    let list = async |query: &str| parts(ada.get(&format!("{MODELS}{query}")).await).await.1;
    assert_eq!(list("").await["keyId"], first);
    let other = list(&format!("?keyId={second}")).await;
    assert_eq!(other["keyId"], second);
    assert!(!other["warning"].is_null());
    ada.patch(
        &format!("/api/providers/openai/keys/{second}"),
        &json!({ "active": false }),
    )
    .await;
    let off = refused(ada.get(&format!("{MODELS}?keyId={second}")).await).await;
    assert_eq!(off, (409, "no_key".to_owned()));
    let strange = refused(
        ada.get(&format!(
            "{MODELS}?keyId=01900000-0000-7000-8000-000000000000"
        ))
        .await,
    )
    .await;
    assert_eq!(strange, (404, "not_found".to_owned()));
    for provider in ["nobody", "free"] {
        let refusal = refused(ada.get(&format!("/api/providers/{provider}/models")).await).await;
        assert_eq!(refusal, (404, "not_found".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_discovery_list_says_which_models_are_within_reach() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let found = async |query: &str| {
        let (status, body) = parts(ada.get(&format!("/api/models{query}")).await).await;
        assert_eq!(status, 200, "{body}");
        has_exactly(&body, &["models"]);
        body["models"].as_array().unwrap().clone()
    };
    let before = found("").await;
    assert!(before.len() > 20 && before.iter().all(|model| model["accessible"] == false));
    has_exactly(
        &before[0],
        &[
            "id",
            "provider",
            "displayName",
            "capabilities",
            "contextWindow",
            "maxOutputTokens",
            "pricing",
            "category",
            "deprecatedAt",
            "accessible",
        ],
    );
    ada.add_key("gemini", crate::support::app::GEMINI_KEY).await;
    let after = found("").await;
    for model in &after {
        let listed = model["provider"] == "gemini";
        assert!(listed || model["accessible"] == false, "{model}");
    }
    assert!(after.iter().any(|model| model["accessible"] == true));
    assert!(
        found("?provider=gemini")
            .await
            .iter()
            .all(|model| model["provider"] == "gemini")
    );
    let sonnets = found("?q=SONNET").await;
    assert!(!sonnets.is_empty());
    for model in &sonnets {
        assert!(model["id"].as_str().unwrap().contains("sonnet"), "{model}");
    }
    let reasoning = found("?capability=reasoning").await;
    assert!(!reasoning.is_empty() && reasoning.len() < after.len());
    assert!(
        reasoning
            .iter()
            .all(|model| model["capabilities"]["reasoning"] == true)
    );
    assert!(found("?provider=nobody").await.is_empty());
    assert!(found("?q=%00").await.is_empty());
    let wrong = refused(ada.get("/api/models?capability=flying").await).await;
    assert_eq!(wrong, (400, "validation".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_reads_a_list_only_when_it_is_another_than_the_last_one() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    ada.add_key("openai", OPENAI_KEY).await;
    let thread = ada.thread("openai", "sim-short").await;
    let ask = async |request: &str| ada.ask(&thread, request, "Hello?").await;
    assert_eq!(
        ask("first")
            .await
            .text()
            .await
            .unwrap()
            .matches("event: done")
            .count(),
        1
    );
    // A list that does not read is not missed while it is the one that is known.
    app.execute("UPDATE provider_models SET models = 'broken'")
        .await;
    assert_eq!(
        ask("second")
            .await
            .text()
            .await
            .unwrap()
            .matches("event: done")
            .count(),
        1
    );
    app.execute("UPDATE provider_models SET digest = 'another'")
        .await;
    assert_eq!(
        refused(ask("third").await).await,
        (503, "storage".to_owned())
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_costs_what_the_providers_own_list_says(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let ada = app.user().await;
    ada.add_key("openrouter", "sk-or-v1-sim-good-Tq3nV8cR")
        .await;
    let (_, list) = parts(ada.get("/api/providers/openrouter/models").await).await;
    for model in list["models"].as_array().unwrap() {
        if !model["pricing"].is_null() {
            has_exactly(&model["pricing"], &["inputPerMtok", "outputPerMtok"]);
        }
    }
    // The snapshot knows another price of it.
    let thread = ada.thread("openrouter", "openai/gpt-oss-120b").await;
    let paid = async |request: &str, input: f64, output: f64| {
        let events = ada.say(&thread, request, "Hello?").await;
        let usage = &events.last().unwrap().data["message"]["usage"];
        let tokens = |name: &str| usage[name].as_f64().unwrap() / 1e6;
        let expected = tokens("inputTokens") * input + tokens("outputTokens") * output;
        let cost = usage["cost"].as_f64().unwrap();
        (cost - expected).abs() < 2e-9
    };
    assert!(paid("listed", 2.0, 10.0).await);
    app.execute("UPDATE provider_models SET tariffs = '{}', digest = 'without prices'")
        .await;
    assert!(!paid("as-the-snapshot-has-it", 2.0, 10.0).await);
}
