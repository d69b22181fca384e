//! What tests look at besides answers: the form of errors, the rows of the database, a stream while it runs, an
//! upstream whose mood changes.

use super::app::{SseEvent, TestApp, parse_events, parts};
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use keylm::server::store::Db;
use keylm::shared::time::Timestamp;
use reqwest::Response;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::TcpSocket;

/// The names of an object's fields, sorted.
pub fn fields(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value
        .as_object()
        .unwrap_or_else(|| panic!("not an object: {value}"))
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names
}

/// Fails unless `value` has these fields and no others.
pub fn has_exactly(value: &Value, names: &[&str]) {
    let mut names = names.to_vec();
    names.sort_unstable();
    assert_eq!(fields(value), names, "{value}");
}

/// Fails unless `value` is a moment in RFC 3339, UTC.
pub fn is_moment(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("no time: {value}"));
    assert!(
        Timestamp::parse(text).is_some() && text.len() == 24,
        "{text}"
    );
}

/// Status and error of a refusal, which must have the whole envelope, and the headers that go with it.
pub async fn refusal(response: Response) -> (u16, Value) {
    let headers = response.headers().clone();
    let url = response.url().clone();
    let (status, body) = parts(response).await;
    assert!(status >= 400, "{url}: {status} {body}");
    assert_eq!(
        headers
            .get("content-type")
            .map(reqwest::header::HeaderValue::as_bytes),
        Some(b"application/json".as_slice()),
        "{url}: {status} {body}"
    );
    has_exactly(&body, &["error"]);
    let error = body["error"].clone();
    has_exactly(
        &error,
        &[
            "code",
            "message",
            "requestId",
            "retryable",
            "retryAfterMs",
            "details",
        ],
    );
    assert!(error["code"].is_string() && error["retryable"].is_boolean());
    assert!(error["message"].as_str().is_some_and(|text| text.len() > 8));
    assert!(error["retryAfterMs"].is_null() || error["retryAfterMs"].is_u64());
    assert!(error["details"].is_null() || error["details"].is_object());
    assert_eq!(
        headers["x-request-id"].to_str().unwrap(),
        error["requestId"],
        "{url}"
    );
    let wait = headers
        .get("retry-after")
        .map(|value| value.to_str().unwrap().parse::<u64>().unwrap());
    match status {
        429 | 503 => {
            let wait = wait.unwrap_or_else(|| panic!("{url}: {status} without Retry-After"));
            if let Some(ms) = error["retryAfterMs"].as_u64() {
                assert_eq!(wait, ms.div_ceil(1000).max(1), "{url}");
            }
        }
        _ => assert_eq!(wait, None, "{url}"),
    }
    (status, error)
}

/// Status and code of a refusal.
pub async fn refused(response: Response) -> (u16, String) {
    let (status, error) = refusal(response).await;
    (status, error["code"].as_str().unwrap().to_owned())
}

/// The fields that a refusal names as wrong.
pub async fn wrong_fields(response: Response) -> Vec<String> {
    let (status, error) = refusal(response).await;
    assert_eq!(
        (status, &error["code"]),
        (400, &json!("validation")),
        "{error}"
    );
    fields(&error["details"]["fields"])
        .into_iter()
        .map(str::to_owned)
        .collect()
}

impl TestApp {
    /// Runs a statement behind the server's back and answers how many rows it touched.
    pub async fn execute(&self, sql: &str) -> u64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self.services.db() {
            Db::Sqlite { write, .. } => sqlx::query(sql)
                .execute(write)
                .await
                .unwrap()
                .rows_affected(),
            Db::Postgres(pool) => sqlx::query(sql)
                .execute(pool)
                .await
                .unwrap()
                .rows_affected(),
        }
    }

    /// Changes what the server has stored, behind its back.
    pub async fn run(&self, sql: &str) {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self.services.db() {
            Db::Sqlite { write, .. } => drop(sqlx::query(sql).execute(write).await.unwrap()),
            Db::Postgres(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
        }
    }

    /// The one number that a query answers.
    pub async fn number(&self, sql: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self.services.db() {
            Db::Sqlite { read, .. } => sqlx::query_scalar(sql).fetch_one(read).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.unwrap(),
        }
    }

    /// The one text that a query answers.
    pub async fn text(&self, sql: &str) -> String {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self.services.db() {
            Db::Sqlite { read, .. } => sqlx::query_scalar(sql).fetch_one(read).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.unwrap(),
        }
    }

    /// Every row of every table of an SQLite database.
    pub async fn dump(&self) -> String {
        let mut out = String::new();
        for table in [
            "instance",
            "master_keys",
            "users",
            "sessions",
            "provider_keys",
            "provider_models",
            "threads",
            "messages",
            "message_events",
            "request_claims",
        ] {
            let columns = self
                .text(&format!(
                    "SELECT group_concat('quote(\"' || name || '\")', ' || '','' || ') FROM pragma_table_info('{table}')"
                ))
                .await;
            let rows = format!(
                "SELECT coalesce(group_concat(line, char(10)), '') FROM (SELECT {columns} AS line FROM {table} ORDER BY line)"
            );
            out.push_str(&format!("## {table}\n{}\n", self.text(&rows).await));
        }
        out
    }
}

/// A stream that is read piece by piece.
pub struct Tail {
    response: Response,
    bytes: Vec<u8>,
}

impl Tail {
    pub fn new(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            response,
            bytes: Vec::new(),
        }
    }

    /// The whole events so far.
    pub fn events(&self) -> Vec<SseEvent> {
        let end = self
            .bytes
            .windows(2)
            .rposition(|pair| pair == b"\n\n")
            .map_or(0, |at| at + 2);
        parse_events(std::str::from_utf8(&self.bytes[..end]).unwrap())
    }

    /// Reads on until there are this many events.
    pub async fn until(&mut self, count: usize) -> Vec<SseEvent> {
        while self.events().len() < count {
            let chunk = self.response.chunk().await.unwrap();
            self.bytes.extend(chunk.expect("the stream goes on"));
        }
        self.events()
    }

    /// The id of the answer.
    pub async fn answer(&mut self) -> String {
        let start = self.until(1).await.remove(0);
        start.data["message"]["id"].as_str().unwrap().to_owned()
    }

    /// Reads to the end.
    pub async fn rest(mut self) -> Vec<SseEvent> {
        while let Some(chunk) = self.response.chunk().await.unwrap() {
            self.bytes.extend(chunk);
        }
        self.events()
    }

    /// Reads what still comes before the other side ends or breaks the connection.
    pub async fn torn(mut self) -> Vec<SseEvent> {
        while let Ok(Some(chunk)) = self.response.chunk().await {
            self.bytes.extend(chunk);
        }
        self.events()
    }
}

/// Waits, at most five seconds, until `done`.
pub async fn soon(what: &str, done: impl Fn() -> bool) {
    let wait = async {
        while !done() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), wait)
        .await
        .unwrap_or_else(|_| panic!("{what}"));
}

/// A port of this machine that nobody else takes, and that refuses connections until somebody listens there.
pub fn deaf() -> TcpSocket {
    deaf_at(SocketAddr::from(([127, 0, 0, 1], 0)))
}

/// The same, at a place.
pub fn deaf_at(addr: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(addr).unwrap();
    socket
}

/// An answer with a zero character in it.
const ZERO: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":\"x\\u0000y\",\"content\":\"a\\u0000b\"}}]}\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

/// A stand-in for OpenAI whose model list answers whatever it is told to. Its models say [`ZERO`].
pub struct Moody {
    pub url: String,
    status: Arc<AtomicU16>,
    models: Arc<Mutex<Vec<&'static str>>>,
    lists: Arc<AtomicUsize>,
    asked: Arc<AtomicUsize>,
}

impl Moody {
    pub async fn start() -> Self {
        let (status, lists) = (Arc::new(AtomicU16::new(200)), Arc::new(AtomicUsize::new(0)));
        let models = Arc::new(Mutex::new(vec!["gpt-5.4"]));
        let (mood, count, listed) = (Arc::clone(&status), Arc::clone(&lists), Arc::clone(&models));
        let list = get(async move || {
            count.fetch_add(1, Ordering::SeqCst);
            let status = StatusCode::from_u16(mood.load(Ordering::SeqCst)).unwrap();
            let body = if status == 200 {
                let model =
                    |id| json!({ "id": id, "object": "model", "created": 1, "owned_by": "openai" });
                let models: Vec<Value> = listed.lock().unwrap().iter().map(model).collect();
                json!({ "object": "list", "data": models })
            } else {
                json!({ "error": { "message": "no", "type": "error", "param": null, "code": null } })
            };
            (
                status,
                [(header::CONTENT_TYPE, "application/json")],
                body.to_string(),
            )
                .into_response()
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let answer = post(async move || {
            count.fetch_add(1, Ordering::SeqCst);
            ([(header::CONTENT_TYPE, "text/event-stream")], ZERO)
        });
        let router = Router::new()
            .route("/v1/models", list)
            .route("/v1/chat/completions", answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            url,
            status,
            models,
            lists,
            asked,
        }
    }

    /// The models that it lists from now on.
    pub fn offer(&self, models: &[&'static str]) {
        *self.models.lock().unwrap() = models.to_vec();
    }

    /// How often one of its models was asked something.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// What it answers from now on.
    pub fn say(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// How often it was asked for its models.
    pub fn lists(&self) -> usize {
        self.lists.load(Ordering::SeqCst)
    }
}
