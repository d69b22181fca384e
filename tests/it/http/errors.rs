use crate::support::app::{OPENAI_KEY, TestApp, parts};
use crate::support::probe::{refusal, refused};
use crate::support::routes::{Ids, routes};
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_no_route_answers_in_the_words_of_the_contract() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    for path in [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/threads/",
        "/api/threads/x/y/z",
        "/api//threads",
        "/api/auth",
        "/api/%ff",
        "/api/../api/nothing",
        "/api/threads/x/messages/y/stream/z",
        "/api/providers/openai",
        "/api/fn/keys/cards",
    ] {
        for client in [&ada, &app.anonymous()] {
            for method in [Method::GET, Method::POST, Method::DELETE] {
                let (status, error) =
                    refusal(client.request(method.clone(), path).send().await.unwrap()).await;
                assert_eq!(
                    (status, &error["code"]),
                    (404, &json!("not_found")),
                    "{method} {path}"
                );
                assert_eq!(error["retryable"], false);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_with_another_method_says_so() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let ids = Ids::all("01900000-0000-7000-8000-000000000000");
    let mut paths: Vec<&str> = routes().iter().map(|route| route.path).collect();
    paths.dedup();
    for path in paths.into_iter().filter(|path| !path.contains('?')) {
        let response = ada
            .request(Method::TRACE, &ids.fill(path))
            .send()
            .await
            .unwrap();
        assert_eq!(
            refused(response).await,
            (405, "method_not_allowed".to_owned()),
            "{path}"
        );
        let known: Vec<Method> = routes()
            .iter()
            .filter(|route| route.path == path)
            .map(|route| route.method.clone())
            .collect();
        if !known.contains(&Method::PUT) && !path.ends_with("/keys/{key}") {
            let response = ada.put(&ids.fill(path), &json!({})).await;
            assert_eq!(
                refused(response).await,
                (405, "method_not_allowed".to_owned()),
                "{path}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_json_of_bearable_size_is_refused_everywhere() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let key = ada.add_key("openai", OPENAI_KEY).await;
    let thread = ada.thread("openai", "sim-short").await;
    let events = ada.say(&thread, "r1", "Hello?").await;
    let id = |who: &str| events[0].data[who]["id"].as_str().unwrap().to_owned();
    let ids = Ids {
        thread,
        key,
        message: id("message"),
        asked: id("userMessage"),
    };
    let before = app.dump().await;
    let upstream = app.sim.recorded().len();
    let nested = "[".repeat(100_000);
    let huge = format!("{{\"x\":\"{}\"}}", "a".repeat(1024 * 1024));
    let cases: [(&str, &[u8], u16, &str); 11] = [
        ("application/json", b"", 400, "validation"),
        ("application/json", b"{", 400, "validation"),
        ("application/json", b"{\"a\":1}}", 400, "validation"),
        ("application/json", b"null", 400, "validation"),
        ("application/json", b"[]x", 400, "validation"),
        ("application/json", b"{\xff\xfe:1}", 400, "validation"),
        ("application/json", nested.as_bytes(), 400, "validation"),
        ("application/json", huge.as_bytes(), 413, "too_large"),
        ("application/json; charset=utf-8", b"{", 400, "validation"),
        ("text/plain", b"{}", 415, "unsupported_media_type"),
        (
            "application/x-www-form-urlencoded",
            b"a=b",
            415,
            "unsupported_media_type",
        ),
    ];
    let mut tried = 0;
    for route in routes().into_iter().filter(|route| !route.body.is_null()) {
        for (kind, body, status, code) in cases {
            let request = ada
                .request(route.method.clone(), &ids.fill(route.path))
                .header("content-type", kind);
            let response = request.body(body.to_vec()).send().await.unwrap();
            let (got, error) = refusal(response).await;
            assert_eq!(
                (got, error["code"].as_str()),
                (status, Some(code)),
                "{route:?} {kind}"
            );
            if code == "validation" {
                assert!(error["details"]["fields"].is_object(), "{error}");
            }
            tried += 1;
        }
        let bare = ada
            .request(route.method.clone(), &ids.fill(route.path))
            .send()
            .await
            .unwrap();
        assert_eq!(refused(bare).await.0, 415, "{route:?}");
    }
    assert!(tried > 100, "{tried}");
    let latin = b"{\"content\":\"caf\xe9\",\"clientRequestId\":\"r2\"}".to_vec();
    let send = ids.fill("/api/threads/{thread}/messages");
    let request = ada
        .request(Method::POST, &send)
        .header("content-type", "application/json");
    let refusal = refused(request.body(latin).send().await.unwrap()).await;
    assert_eq!(refusal, (400, "validation".to_owned()));
    assert_eq!(app.dump().await, before, "nothing was changed");
    assert_eq!(app.sim.recorded().len(), upstream, "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_never_repeated_in_a_refusal() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let secret = "sk-sim-good-Pz5mNw7kXr2vQy8c";
    for (path, body) in [
        (
            "/api/providers/openai/keys",
            format!("{{\"key\":[\"{secret}\"]}}"),
        ),
        ("/api/providers/openai/keys", format!("{{\"{secret}\":1}}")),
        (
            "/api/providers/openai/keys",
            format!("{{\"key\":\"{secret} x\"}}"),
        ),
        (
            "/api/providers/openai/keys",
            format!("{{\"key\":\"a\",\"label\":{{\"{secret}\":1}}}}"),
        ),
        ("/api/providers/openai/keys", format!("\"{secret}\"")),
        (
            "/api/auth/login",
            format!("{{\"email\":\"a@b.c\",\"password\":[\"{secret}\"]}}"),
        ),
        (
            "/api/auth/login",
            format!("{{\"email\":\"{secret}\",\"password\":\"{secret}\"}}"),
        ),
        (
            "/api/auth/register",
            format!("{{\"email\":\"{secret}\",\"password\":\"short\"}}"),
        ),
    ] {
        let request = ada
            .request(Method::POST, path)
            .header("content-type", "application/json");
        let (_, error) = refusal(request.body(body.clone()).send().await.unwrap()).await;
        assert!(!error.to_string().contains("Pz5mNw7k"), "{body}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_session_every_route_is_closed() {
    let app = TestApp::start().await;
    let ada = app.user().await;
    let key = ada.add_key("openai", OPENAI_KEY).await;
    let thread = ada.thread("openai", "sim-short").await;
    let events = ada.say(&thread, "r1", "Hello?").await;
    let id = |who: &str| events[0].data[who]["id"].as_str().unwrap().to_owned();
    let ids = Ids {
        thread,
        key,
        message: id("message"),
        asked: id("userMessage"),
    };
    let before = app.dump().await;
    let upstream = app.sim.recorded().len();
    let mut forged = app.anonymous();
    forged.cookie = Some("keylm_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned());
    let mut odd = app.anonymous();
    odd.cookie = Some("keylm_session=%00'; keylm_session=".to_owned());
    for route in routes().into_iter().filter(|route| !route.open()) {
        for client in [&app.anonymous(), &forged, &odd] {
            let refusal = refused(route.call(client, &ids).await).await;
            assert_eq!(refusal, (401, "unauthenticated".to_owned()), "{route:?}");
        }
        let bearer = ada
            .cookie
            .clone()
            .unwrap()
            .replace("keylm_session=", "Bearer ");
        let by_header = route
            .call_with(&app.anonymous(), &ids, &[("authorization", &bearer)])
            .await;
        assert_eq!(
            by_header.status(),
            401,
            "a session is a cookie and nothing else"
        );
    }
    assert_eq!(app.dump().await, before);
    assert_eq!(app.sim.recorded().len(), upstream);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_probes_answer_and_draining_refuses_new_answers() {
    let app = TestApp::start().await;
    let ada = app.user_with_keys().await;
    let thread = ada.thread("openai", "sim-short").await;
    ada.say(&thread, "r1", "Hello?").await;
    let nobody = app.anonymous();
    for (path, body) in [("/healthz", "ok"), ("/readyz", "ready")] {
        let response = nobody.get(path).await;
        assert_eq!(response.status(), 200);
        assert!(response.headers().contains_key("x-request-id"));
        assert_eq!(response.text().await.unwrap(), body);
    }
    app.services.engine().close();
    assert_eq!(nobody.get("/readyz").await.status(), 503);
    assert_eq!(nobody.get("/healthz").await.status(), 200);
    let (status, error) = refusal(ada.ask(&thread, "r2", "Hello?").await).await;
    assert_eq!(
        (status, &error["code"], &error["retryable"]),
        (503, &json!("draining"), &json!(true))
    );
    assert_eq!(
        ada.say(&thread, "r1", "Hello?").await.last().unwrap().name,
        "done",
        "an old answer is still told"
    );
    let (status, body) = parts(ada.get(&format!("/api/threads/{thread}")).await).await;
    assert_eq!(status, 200);
    assert_eq!(
        body["messages"].as_array().unwrap().len(),
        2,
        "the refused send left nothing"
    );
}
