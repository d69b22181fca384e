//! The OpenAPI document is what the server does, and all of it. What is answered is held against it in every test
//! (`support::contract`).

use crate::support::app::{TestApp, parts};
use crate::support::contract::{check, judge, named};
use crate::support::routes::routes;
use keylm::server::openapi::document;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

type Calls = BTreeSet<(String, String)>;

/// The calls of the document.
fn documented() -> Calls {
    let paths = document()["paths"].as_object().unwrap();
    let calls = paths.iter().flat_map(|(path, calls)| {
        let methods = calls.as_object().unwrap().keys();
        methods.map(|method| (method.to_uppercase(), path.clone()))
    });
    calls.collect()
}

/// The routes of a source: the text between the parentheses of each `.route(`.
fn routes_of(source: &str) -> impl Iterator<Item = &str> {
    source.split(".route(").skip(1).map(|rest| {
        let mut depth = 1;
        let end = rest.find(|c| {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        });
        &rest[..end.unwrap()]
    })
}

/// A source of the server.
fn source(name: &str) -> String {
    let path = format!("{}/src/server/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// The calls that the sources of the router serve. Pages are none.
fn served() -> Calls {
    let groups = source("http.rs");
    let api = groups.split("pub fn api()").nth(1).unwrap();
    let api = api.split("\n}").next().unwrap();
    let api = api.split(".merge(").skip(1);
    let api = api.map(|rest| ("/api", rest.split("::routes()").next().unwrap()));
    let mut found = Calls::new();
    for (prefix, group) in api.chain([("", "health"), ("", "metrics")]) {
        let text = source(&format!("http/{group}.rs"));
        for route in routes_of(text.split("#[cfg(test)]").next().unwrap()) {
            let place = route.split('"').nth(1).unwrap();
            let before = found.len();
            for method in ["get", "post", "put", "patch", "delete"] {
                let call = format!("{method}(");
                let mut places = route.match_indices(&call);
                let word = |c: char| c.is_alphanumeric() || c == '_';
                if places.any(|(at, _)| !route[..at].ends_with(word)) {
                    found.insert((method.to_uppercase(), format!("{prefix}{place}")));
                }
            }
            assert!(found.len() > before, "{group}: {route}");
        }
    }
    found
}

#[test]
fn the_contract_has_every_route_and_no_other() {
    let (documented, served) = (documented(), served());
    assert!(documented.len() > 30, "{documented:?}");
    let missing: Vec<_> = served.difference(&documented).collect();
    let invented: Vec<_> = documented.difference(&served).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "not in src/server/openapi: {missing:?}; not in the router: {invented:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_of_the_contract_is_answered() {
    let public = [("METRICS_ADDR", "127.0.0.1:3000")];
    let app = TestApp::start_with(crate::support::Engine::Sqlite, &public).await;
    let nobody = app.anonymous();
    for (method, path) in documented() {
        let open = document()["paths"][&path][method.to_lowercase()]["security"] == json!([]);
        let filled = path.replace("{provider}", "openai");
        let filled = ["key", "thread", "message"]
            .iter()
            .fold(filled, |path, name| {
                path.replace(&format!("{{{name}}}"), "0190-x")
            });
        let method: Method = method.parse().unwrap();
        let response = nobody.send(method.clone(), &filled, &json!({})).await;
        let status = response.status().as_u16();
        if open {
            assert!(
                ![401, 404, 405].contains(&status),
                "{method} {path}: {status}"
            );
        } else {
            assert_eq!(status, 401, "{method} {path}");
        }
    }
}

/// What is tested of all routes, above all whose things they show, is tested of the whole contract.
#[test]
fn the_table_of_routes_of_the_tests_is_whole() {
    let table = routes();
    let tried = |(method, path): &(String, String)| {
        let parts: Vec<&str> = path.split('/').collect();
        table.iter().any(|route| {
            let own: Vec<&str> = route.path.split('?').next().unwrap().split('/').collect();
            let mut pairs = own.iter().zip(&parts);
            route.method == method.as_str()
                && own.len() == parts.len()
                && pairs.all(|(own, part)| own == part || part.starts_with('{'))
        })
    };
    let missing: Vec<_> = documented()
        .into_iter()
        .filter(|call| call.1.starts_with("/api/") && !tried(call))
        .collect();
    assert!(missing.is_empty(), "not in support/routes.rs: {missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_is_there_for_everybody() {
    let app = TestApp::start().await;
    let response = app.anonymous().get("/api/openapi.json").await;
    assert_eq!(response.headers()["cache-control"], "public, max-age=300");
    let (status, body) = parts(response).await;
    assert_eq!((status, &body), (200, document()));
    assert_eq!(body["openapi"], "3.1.0");
}

#[test]
fn every_example_of_a_body_is_one() {
    let mut tried = 0;
    for calls in document()["paths"].as_object().unwrap().values() {
        for call in calls.as_object().unwrap().values() {
            let body = &call["requestBody"]["content"]["application/json"];
            if body.is_object() {
                assert_eq!(
                    check(&body["schema"], &body["example"], ""),
                    Ok(()),
                    "{call}"
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 10, "{tried}");
}

#[test]
fn an_answer_that_is_not_in_the_contract_is_found() {
    let user = json!({ "id": "0190", "email": "a@b.c", "createdAt": "2026-11-21T21:00:00.000Z" });
    let with = |field: &str, value: Value| {
        let mut user = user.clone();
        user[field] = value;
        json!({ "user": user })
    };
    let me = |status, body: &Value| judge(&Method::GET, "/api/auth/me", status, body);
    assert_eq!(me(200, &json!({ "user": user })), Ok(()));
    for wrong in [
        json!({}),
        json!({ "user": null }),
        json!({ "user": user, "more": 1 }),
        with("email", json!(7)),
        with("createdAt", json!("yesterday")),
        with("passwordHash", json!("x")),
    ] {
        assert!(me(200, &wrong).is_err(), "{wrong}");
    }
    let refusal = |code: &str| {
        json!({ "error": {
            "code": code, "message": "No.", "requestId": "r", "retryable": false, "retryAfterMs": null, "details": null,
        } })
    };
    assert_eq!(me(401, &refusal("unauthenticated")), Ok(()));
    assert!(me(401, &refusal("no_such_code")).is_err());
    assert!(me(409, &refusal("no_key")).is_err(), "it never has");
    assert!(me(201, &json!({ "user": user })).is_err());
    assert_eq!(
        judge(&Method::GET, "/api/nothing", 404, &refusal("not_found")),
        Ok(())
    );
    assert!(judge(&Method::GET, "/api/nothing", 200, &refusal("not_found")).is_err());
    let key = json!({ "status": "odd" });
    assert!(check(named("Key"), &key, "").is_err());
}
