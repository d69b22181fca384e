//! One question to several models, by plain forms.

use crate::support::Engine;
use crate::support::app::{Client, TestApp, parts};
use rstest::rstest;

/// Posts a form as a browser does. Answers the status and where it leads.
async fn post(client: &Client, path: &str, form: &[(&str, &str)]) -> (u16, String) {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    let response = client
        .request(reqwest::Method::POST, path)
        .header("Accept", "text/html")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Referer", format!("{}/compare", client.url))
        .body(body.finish())
        .send()
        .await
        .unwrap();
    let to = response.headers().get("Location");
    let to = to.map_or("", |to| to.to_str().unwrap()).to_owned();
    (response.status().as_u16(), to)
}

async fn titles(client: &Client, status: &str) -> usize {
    let (_, page) = parts(client.get(&format!("/api/threads?status={status}")).await).await;
    page["threads"].as_array().unwrap().len()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_question_goes_to_several_models_and_one_of_the_answers_goes_on(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start_with(engine, &[]).await;
    let ada = app.user_with_keys().await;
    let form = ada.get("/compare").await.text().await.unwrap();
    assert!(form.contains(r#"action="/fn/compare/start""#), "{form}");
    let fields = [
        ("content", "Which is best?"),
        ("models[0]", "openai/sim-echo"),
        ("models[1]", "anthropic/sim-short"),
        ("models[2]", "mistral/sim-short"),
        ("models[3]", ""),
        ("client_request_id", "r1"),
    ];
    let (status, to) = post(&ada, "/fn/compare/start", &fields).await;
    assert!(matches!(status, 302 | 303), "{status}");
    let (ids, refused) = to
        .strip_prefix("/compare?t=")
        .and_then(|rest| rest.split_once("&no="))
        .unwrap_or_else(|| panic!("{to}"));
    assert_eq!(refused, "mistral%2Fsim-short", "there is no key for it");
    let ids: Vec<&str> = ids.split(',').collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(
        titles(&ada, "active").await,
        0,
        "the sidebar stays as it is"
    );
    assert_eq!(titles(&ada, "archived").await, 2);
    let again = post(&ada, "/fn/compare/start", &fields).await;
    assert!(
        again
            .1
            .starts_with(&format!("/compare?t={},{}", ids[0], ids[1])),
        "{}",
        again.1
    );
    assert_eq!(
        titles(&ada, "archived").await,
        2,
        "the same request asks nobody twice"
    );

    let page = ada.get(&to).await.text().await.unwrap();
    for said in [
        "Which is best?",
        "sim-echo",
        "sim-short",
        "mistral/sim-short",
    ] {
        assert!(page.contains(said), "{said}");
    }
    let (status, to) = post(&ada, "/fn/compare/choose", &[("id", ids[1])]).await;
    assert!(matches!(status, 302 | 303), "{status}");
    assert_eq!(to, format!("/chat/{}", ids[1]));
    assert_eq!(titles(&ada, "active").await, 1);

    let bob = app.user_with_keys().await;
    let page = bob.get(&format!("/compare?t={}", ids[0])).await;
    assert!(!page.text().await.unwrap().contains("Which is best?"));
    post(&bob, "/fn/compare/choose", &[("id", ids[0])]).await;
    assert_eq!(
        titles(&ada, "active").await,
        1,
        "somebody else's stays where it is"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_model_or_none_that_can_be_asked_is_no_comparison() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    for (first, second) in [
        ("openai/sim-echo", ""),
        ("openai/sim-echo", "openai/sim-echo"),
        ("openai/sim-echo", "nonsense"),
        ("mistral/sim-short", "groq/sim-short"),
    ] {
        let fields = [
            ("content", "Which is best?"),
            ("models[0]", first),
            ("models[1]", second),
            ("client_request_id", "r1"),
        ];
        let (_, to) = post(&ada, "/fn/compare/start", &fields).await;
        assert!(to.contains("__err="), "{first} {second}: {to}");
        assert_eq!(titles(&ada, "archived").await, 0);
        assert_eq!(
            titles(&ada, "active").await,
            0,
            "no empty thread is left behind"
        );
    }
}
