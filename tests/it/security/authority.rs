//! Who may do what: other people's things, other sites' requests, what reading may change, what headers forbid.

use crate::support::app::{Client, OPENAI_KEY, PASSWORD, TestApp, cookie_of, parts};
use crate::support::probe::{refusal, refused};
use crate::support::routes::{Ids, Route, routes};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const RANDOM: &str = "01900000-0000-7000-8000-00000000abcd";

/// Somebody with a key, a thread and an answer in it.
async fn person(app: &TestApp) -> (Client, Ids) {
    let client = app.user().await;
    let key = client.add_key("openai", OPENAI_KEY).await;
    let thread = client.thread("openai", "sim-short").await;
    let events = client.say(&thread, "person-1", "Hello?").await;
    let id = |who: &str| events[0].data[who]["id"].as_str().unwrap().to_owned();
    let ids = Ids {
        thread,
        key,
        message: id("message"),
        asked: id("userMessage"),
    };
    (client, ids)
}

/// Everything that a program can see of a response but the id of its request.
async fn seen(response: Response) -> String {
    let status = response.status();
    let headers: BTreeSet<String> = response
        .headers()
        .iter()
        .filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    let (_, mut body) = parts(response).await;
    if let Some(id) = body.pointer_mut("/error/requestId") {
        *id = json!("");
    }
    format!("{status}\n{headers:?}\n{body}")
}

/// Threat T11.
#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_somebody_else_looks_like_what_does_not_exist() {
    let app = TestApp::start().await;
    let (ada, own) = person(&app).await;
    let (_, others) = person(&app).await;
    let (_, gone) = person(&app).await;
    let second = ada.thread("openai", "sim-short").await;
    let events = ada.say(&second, "second-1", "Hello?").await;
    let elsewhere = events[0].data["message"]["id"].as_str().unwrap().to_owned();
    app.execute(&format!("DELETE FROM threads WHERE id = '{}'", gone.thread))
        .await;
    app.execute(&format!(
        "DELETE FROM provider_keys WHERE id = '{}'",
        gone.key
    ))
    .await;
    let upstream = app.sim.recorded().len();
    let before = app.dump().await;
    let random = Ids::all(RANDOM);
    let with_own_thread = |ids: &Ids| Ids {
        thread: own.thread.clone(),
        ..ids.clone()
    };
    let strangers = [
        others.clone(),
        gone.clone(),
        Ids::all("x"),
        Ids::all("%27%20OR%20%271%27=%271"),
        Ids::all("%00"),
        Ids::all("%ff%fe"),
        Ids::all("..%2f..%2fme"),
        Ids::all(&"9".repeat(300)),
        Ids::all(&own.thread.to_uppercase()),
    ];
    let mut tried = 0;
    for route in routes().into_iter().filter(Route::names) {
        let nothing = seen(route.call(&ada, &random).await).await;
        assert!(nothing.starts_with("404"), "{route:?}: {nothing}");
        for ids in &strangers {
            // A query is checked for its form before anybody looks for what it names.
            if route.path.contains("keyId=")
                && ids.key.contains(['%', 'x', '9'])
                && ids.key != own.key
                && !ids.key.contains('-')
            {
                assert!(route.call(&ada, ids).await.status().is_client_error());
                continue;
            }
            assert_eq!(
                seen(route.call(&ada, ids).await).await,
                nothing,
                "{route:?} {ids:?}"
            );
            tried += 1;
        }
        if route.path.contains("{message}") || route.path.contains("{asked}") {
            for ids in [
                with_own_thread(&others),
                with_own_thread(&random),
                Ids {
                    thread: others.thread.clone(),
                    ..own.clone()
                },
                Ids {
                    message: elsewhere.clone(),
                    asked: elsewhere.clone(),
                    ..own.clone()
                },
            ] {
                assert_eq!(
                    seen(route.call(&ada, &ids).await).await,
                    nothing,
                    "{route:?} {ids:?}"
                );
                tried += 1;
            }
        }
    }
    let foreign = Route {
        method: Method::POST,
        path: "/api/threads/{thread}/messages",
        body: json!({ "content": "Hi", "clientRequestId": "x", "parentId": others.message }),
    };
    assert_eq!(refused(foreign.call(&ada, &own).await).await.0, 404);
    let fork = Route {
        method: Method::POST,
        path: "/api/threads/{thread}/fork",
        body: json!({ "messageId": others.message }),
    };
    assert_eq!(refused(fork.call(&ada, &own).await).await.0, 404);
    assert!(tried > 150, "{tried}");
    assert_eq!(app.dump().await, before, "nothing was changed");
    assert_eq!(app.sim.recorded().len(), upstream, "nothing was sent");
    // The matrix can fail: the same calls with one's own ids do something.
    for route in routes().into_iter().filter(Route::names) {
        let status = route.call(&ada, &own).await.status();
        assert!(
            status.is_success() || route.path.contains("{key}") || route.path.contains("{thread}"),
            "{route:?} {status}"
        );
        assert_ne!(status, 403);
    }
    assert_ne!(app.dump().await, before);
}

/// The paths of all server functions, as their sources declare them.
fn server_functions() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/api");
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for declared in source.split("server_function! {").skip(1) {
            let path = declared.split('"').nth(1).unwrap();
            found.push(format!("/fn/{path}"));
        }
    }
    assert!(found.len() > 20, "{found:?}");
    found
}

/// Threat T13.
#[tokio::test(flavor = "multi_thread")]
async fn another_site_changes_nothing() {
    let app = TestApp::start().await;
    let (ada, ids) = person(&app).await;
    let before = app.dump().await;
    let upstream = app.sim.recorded().len();
    let hostile: [&[(&str, &str)]; 9] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "http://127.0.0.1:1")],
        &[
            ("sec-fetch-site", "cross-site"),
            ("x-http-method-override", "GET"),
        ],
        &[
            ("origin", "https://evil.example"),
            ("content-type", "text/plain"),
        ],
        &[
            ("origin", "https://evil.example"),
            ("x-forwarded-host", "evil.example"),
            ("forwarded", "host=evil.example"),
        ],
    ];
    let cross = (403, "cross_origin".to_owned());
    for headers in hostile {
        if headers.iter().any(|(name, _)| *name == "host") {
            continue;
        }
        for route in routes().iter().filter(|route| route.writes()) {
            assert_eq!(
                refused(route.call_with(&ada, &ids, headers).await).await,
                cross,
                "{route:?} {headers:?}"
            );
        }
        for path in server_functions() {
            for kind in [
                "application/x-www-form-urlencoded",
                "application/json",
                "text/plain",
                "multipart/form-data; boundary=x",
            ] {
                let mut request = ada
                    .request(Method::POST, &path)
                    .body("id=x&content=Hi&password=secret123");
                if !headers.iter().any(|(name, _)| *name == "content-type") {
                    request = request.header("content-type", kind);
                }
                for (name, value) in headers {
                    request = request.header(*name, *value);
                }
                assert_eq!(
                    refused(request.send().await.unwrap()).await,
                    cross,
                    "{path} {headers:?}"
                );
            }
        }
    }
    assert_eq!(app.dump().await, before);
    assert_eq!(app.sim.recorded().len(), upstream);
    // The same requests from the site itself get past the check.
    let own: [&[(&str, &str)]; 3] = [
        &[("sec-fetch-site", "same-origin")],
        &[("origin", &app.url)],
        &[],
    ];
    for headers in own {
        for path in server_functions() {
            let mut request = app.anonymous().request(Method::POST, &path).body("");
            request = request.header("content-type", "application/x-www-form-urlencoded");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            assert_ne!(request.send().await.unwrap().status(), 403, "{path}");
        }
        for route in routes()
            .iter()
            .filter(|route| route.writes() && !route.path.contains("auth"))
        {
            assert_ne!(
                route
                    .call_with(&app.anonymous(), &ids, headers)
                    .await
                    .status(),
                403,
                "{route:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn server_functions_know_their_callers_too() {
    let app = TestApp::start().await;
    let (_, others) = person(&app).await;
    let (bob, _) = person(&app).await;
    let before = app.dump().await;
    let upstream = app.sim.recorded().len();
    let call = async |client: &Client, path: &str, form: String| {
        let kind = if form.starts_with('{') {
            "application/json"
        } else {
            "application/x-www-form-urlencoded"
        };
        let request = client
            .request(Method::POST, path)
            .header("content-type", kind);
        let response = request.body(form).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let Ids {
        thread,
        message,
        asked,
        key,
    } = others;
    let json_id = |id: &str, rest: &str| format!("{{\"id\":\"{id}\",{rest}}}");
    let forms = |thread: &str, message: &str, asked: &str, key: &str| {
        vec![
            (
                "/fn/keys/replace",
                format!("provider=openai&key={key}&credentials[key]={OPENAI_KEY}"),
            ),
            ("/fn/keys/test", format!("provider=openai&key={key}")),
            (
                "/fn/keys/active",
                format!("provider=openai&key={key}&active=false"),
            ),
            (
                "/fn/keys/move",
                format!("provider=openai&key={key}&position=0"),
            ),
            ("/fn/keys/remove", format!("provider=openai&key={key}")),
            ("/fn/threads/open", format!("id={thread}")),
            (
                "/fn/threads/update",
                json_id(thread, "\"change\":{\"title\":\"x\"}"),
            ),
            ("/fn/threads/fork", format!("id={thread}&message={message}")),
            (
                "/fn/threads/branch",
                format!("thread={thread}&message={message}&step=0"),
            ),
            ("/fn/threads/replace", format!("id={thread}")),
            ("/fn/threads/delete", format!("id={thread}")),
            (
                "/fn/messages/send",
                format!("thread={thread}&content=Hi&client_request_id=f1"),
            ),
            (
                "/fn/messages/retry",
                format!("thread={thread}&message={message}&client_request_id=f2"),
            ),
            (
                "/fn/messages/stop",
                format!("thread={thread}&message={message}"),
            ),
            (
                "/fn/messages/edit",
                format!("thread={thread}&message={asked}&content=Ho&client_request_id=f3"),
            ),
            (
                "/fn/messages/source",
                format!("thread={thread}&message={message}"),
            ),
        ]
    };
    let strip = |text: &str| {
        let mut body: Value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
        if let Some(id) = body.get_mut("requestId") {
            *id = json!("");
        }
        body
    };
    let theirs = forms(&thread, &message, &asked, &key);
    let nobodys = forms(RANDOM, RANDOM, RANDOM, RANDOM);
    for ((path, form), (_, none)) in theirs.iter().zip(nobodys) {
        let (status, body) = call(&bob, path, form.clone()).await;
        let (expected, nothing) = call(&bob, path, none).await;
        assert_eq!(
            (status, strip(&body)),
            (expected, strip(&nothing)),
            "{path}"
        );
        assert_eq!(
            (status, &strip(&body)["code"]),
            (404, &json!("not_found")),
            "{path} {body}"
        );
        let (status, body) = call(&app.anonymous(), path, form.clone()).await;
        assert_eq!(
            (status, &strip(&body)["code"]),
            (401, &json!("unauthenticated")),
            "{path} {body}"
        );
    }
    for (path, form) in [
        ("/fn/keys/cards", ""),
        ("/fn/models/picker", ""),
        ("/fn/models/favourite", "choice=openai%2Fgpt-5.4&on=true"),
        ("/fn/models/list", "query=usable%3D1"),
        ("/fn/threads/side", ""),
        ("/fn/threads/side", "q=Hello"),
        ("/fn/palette", "q=Hello"),
    ] {
        let (status, body) = call(&app.anonymous(), path, form.to_owned()).await;
        assert_eq!(
            (status, &strip(&body)["code"]),
            (401, &json!("unauthenticated")),
            "{path} {body}"
        );
    }
    assert_eq!(app.dump().await, before);
    assert_eq!(app.sim.recorded().len(), upstream);
}

/// Threat T13, the other half.
#[tokio::test(flavor = "multi_thread")]
async fn reading_changes_nothing() {
    let app = TestApp::start().await;
    let (ada, ids) = person(&app).await;
    let before = app.dump().await;
    let mut paths: Vec<String> = routes()
        .iter()
        .filter(|route| !route.writes())
        .map(|route| ids.fill(route.path))
        .collect();
    paths.extend(
        [
            "/",
            "/sign-in",
            "/sign-up",
            "/chat",
            "/providers",
            "/models",
            "/settings",
            "/nothing",
            "/healthz",
            "/readyz",
        ]
        .map(str::to_owned),
    );
    paths.push(format!("/chat/{}", ids.thread));
    paths.extend(server_functions());
    paths.push(format!("/fn/threads/delete?id={}", ids.thread));
    paths.push(format!("/fn/keys/remove?provider=openai&key={}", ids.key));
    for path in &paths {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            let response = ada
                .request(method.clone(), path)
                .header("sec-fetch-site", "cross-site")
                .send()
                .await
                .unwrap();
            assert!(
                response.status().as_u16() < 500,
                "{method} {path}: {}",
                response.status()
            );
            response.bytes().await.unwrap();
        }
    }
    assert_eq!(app.dump().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_class_of_response_carries_the_headers_that_bind_a_browser() {
    let app = TestApp::start().await;
    let (ada, ids) = person(&app).await;
    let stream = ids.fill("/api/threads/{thread}/messages/{message}/stream");
    let mut nonces = BTreeSet::new();
    for (client, path, html) in [
        (&ada, "/chat", true),
        (&app.anonymous(), "/", true),
        (&app.anonymous(), "/sign-in", true),
        (&ada, "/nothing/here", true),
        (&ada, "/api/threads", false),
        (&ada, "/api/nothing", false),
        (&ada, stream.as_str(), false),
        (&ada, "/healthz", false),
        (&ada, "/fn/account/session", false),
    ] {
        let response = client.get(path).await;
        let headers = response.headers().clone();
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(
                headers.get(name).map(|value| value.to_str().unwrap()),
                Some(value),
                "{path} {name}"
            );
        }
        assert!(
            headers.contains_key("x-request-id") && headers.contains_key("permissions-policy"),
            "{path}"
        );
        assert!(
            !headers.contains_key("access-control-allow-origin") && !headers.contains_key("server"),
            "{path}"
        );
        let policy = headers["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned();
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(
            !policy.contains("unsafe-inline")
                && !policy.contains("'unsafe-eval'")
                && !policy.contains('*'),
            "{policy}"
        );
        if !html {
            assert!(!policy.contains("script-src"), "{path}: {policy}");
            continue;
        }
        assert!(
            headers["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/html"),
            "{path}"
        );
        let nonce = policy
            .split("script-src 'nonce-")
            .nth(1)
            .unwrap()
            .split('\'')
            .next()
            .unwrap();
        assert!(
            nonce.len() >= 22 && nonces.insert(nonce.to_owned()),
            "{path}: a nonce serves once"
        );
        let page = response.text().await.unwrap();
        for script in page.split("<script").skip(1) {
            let tag = script.split('>').next().unwrap();
            assert!(
                tag.contains(&format!("nonce=\"{nonce}\"")),
                "{path}: <script{tag}>"
            );
        }
        for attribute in [" style=\"", " onclick=", " onload=", "javascript:"] {
            assert!(!page.contains(attribute), "{path} has {attribute}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_https_the_cookie_is_bound_to_the_host() {
    let settings = [("PUBLIC_ORIGIN", "https://chat.example.org")];
    let app = TestApp::start_with(crate::support::Engine::Sqlite, &settings).await;
    let form = json!({ "email": "ada@example.org", "password": PASSWORD });
    let response = app.anonymous().post("/api/auth/register", &form).await;
    assert!(
        response.headers()["strict-transport-security"]
            .to_str()
            .unwrap()
            .starts_with("max-age=63072000")
    );
    let set = response.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        set.starts_with("__Host-keylm_session=")
            && set.contains("; Secure")
            && set.contains("; HttpOnly"),
        "{set}"
    );
    assert!(
        set.contains("Path=/;") && !set.to_ascii_lowercase().contains("domain"),
        "{set}"
    );
    let mut ada = app.anonymous();
    ada.cookie = Some(cookie_of(&response));
    assert_eq!(ada.get("/api/auth/me").await.status(), 200);
    // A cookie that another host of the site could plant is not the session.
    let planted = ada.cookie.clone().unwrap().replace("__Host-", "");
    ada.cookie = Some(planted);
    let (status, _) = refusal(ada.get("/api/auth/me").await).await;
    assert_eq!(status, 401);
}
