//! Every REST route of the server, for the tests that must hold for all of them.

use super::app::{Client, OPENAI_KEY, PASSWORD};
use reqwest::{Method, Response};
use serde_json::{Value, json};

/// A route with a body that it accepts. `{thread}`, `{message}`, `{asked}` and `{key}` of the path are to be filled in.
#[derive(Clone, Debug)]
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub body: Value,
}

/// What stands for the names in a path.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    pub thread: String,
    /// An answer.
    pub message: String,
    /// What a person wrote.
    pub asked: String,
    pub key: String,
}

impl Ids {
    /// The same text everywhere.
    pub fn all(id: &str) -> Self {
        Self {
            thread: id.to_owned(),
            message: id.to_owned(),
            asked: id.to_owned(),
            key: id.to_owned(),
        }
    }

    pub fn fill(&self, path: &str) -> String {
        path.replace("{thread}", &self.thread)
            .replace("{message}", &self.message)
            .replace("{asked}", &self.asked)
            .replace("{key}", &self.key)
    }
}

impl Route {
    /// Whether it may change something.
    pub fn writes(&self) -> bool {
        self.method != Method::GET
    }

    /// Whether it names something that belongs to somebody.
    pub fn names(&self) -> bool {
        self.path.contains('{')
    }

    /// Whether it can be called without a session.
    pub fn open(&self) -> bool {
        [
            "/api/auth/register",
            "/api/auth/login",
            "/api/auth/logout",
            "/api/openapi.json",
        ]
        .contains(&self.path)
    }

    pub async fn call(&self, client: &Client, ids: &Ids) -> Response {
        self.call_with(client, ids, &[]).await
    }

    pub async fn call_with(
        &self,
        client: &Client,
        ids: &Ids,
        headers: &[(&str, &str)],
    ) -> Response {
        let mut request = client.request(self.method.clone(), &ids.fill(self.path));
        if !self.body.is_null() {
            request = request
                .header("content-type", "application/json")
                .body(self.body.to_string());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }
}

/// All of them.
pub fn routes() -> Vec<Route> {
    let say = json!({ "content": "Hi", "clientRequestId": "routes-1" });
    let key = json!({ "key": OPENAI_KEY });
    let account = json!({ "email": "new@example.org", "password": PASSWORD });
    let none = Value::Null;
    [
        (Method::POST, "/api/auth/register", account.clone()),
        (Method::POST, "/api/auth/login", account),
        (Method::POST, "/api/auth/logout", none.clone()),
        (Method::GET, "/api/auth/me", none.clone()),
        (Method::GET, "/api/providers", none.clone()),
        (
            Method::GET,
            "/api/providers/openrouter/connect",
            none.clone(),
        ),
        (
            Method::GET,
            "/api/providers/openrouter/callback",
            none.clone(),
        ),
        (Method::GET, "/api/providers/openai/keys", none.clone()),
        (Method::POST, "/api/providers/openai/keys", key.clone()),
        (Method::GET, "/api/providers/openai/models", none.clone()),
        (
            Method::GET,
            "/api/providers/openai/models?keyId={key}",
            none.clone(),
        ),
        (
            Method::POST,
            "/api/providers/openai/models/refresh",
            none.clone(),
        ),
        (
            Method::POST,
            "/api/providers/openai/models/refresh?keyId={key}",
            none.clone(),
        ),
        (Method::GET, "/api/models", none.clone()),
        (Method::GET, "/api/activity", none.clone()),
        (Method::GET, "/api/usage/free", none.clone()),
        (Method::GET, "/api/openapi.json", none.clone()),
        (Method::GET, "/api/account/export", none.clone()),
        (Method::GET, "/api/threads", none.clone()),
        (
            Method::POST,
            "/api/threads",
            json!({ "provider": "openai", "model": "sim-short" }),
        ),
        (Method::GET, "/api/threads/{thread}", none.clone()),
        (Method::GET, "/api/threads/{thread}/export", none.clone()),
        (
            Method::GET,
            "/api/threads/{thread}/messages/{message}/stream",
            none.clone(),
        ),
        (
            Method::GET,
            "/api/threads/{thread}/messages/{message}/stream?view=html",
            none.clone(),
        ),
        (
            Method::POST,
            "/api/threads/{thread}/messages/{message}/stop",
            none.clone(),
        ),
        (
            Method::POST,
            "/api/threads/{thread}/messages/{message}/retry",
            json!({ "clientRequestId": "routes-2" }),
        ),
        (
            Method::PATCH,
            "/api/threads/{thread}/messages/{asked}",
            json!({ "content": "Ho", "clientRequestId": "routes-3" }),
        ),
        (Method::POST, "/api/threads/{thread}/messages", say),
        (Method::POST, "/api/threads/{thread}/fork", json!({})),
        (
            Method::PATCH,
            "/api/threads/{thread}",
            json!({ "title": "Renamed" }),
        ),
        (Method::DELETE, "/api/threads/{thread}", none.clone()),
        (
            Method::POST,
            "/api/providers/openai/keys/{key}/validate",
            none.clone(),
        ),
        (Method::PUT, "/api/providers/openai/keys/{key}", key),
        (
            Method::PATCH,
            "/api/providers/openai/keys/{key}",
            json!({ "label": "Renamed" }),
        ),
        (Method::DELETE, "/api/providers/openai/keys/{key}", none),
        (
            Method::DELETE,
            "/api/auth/me",
            json!({ "password": PASSWORD }),
        ),
    ]
    .into_iter()
    .map(|(method, path, body)| Route { method, path, body })
    .collect()
}
