//! A whole server with a simulator behind it.

use super::{Engine, contract, postgres};
use keylm::server::boot::{Assembled, assemble_with};
use keylm::server::clock::{Env, ManualClock, SystemEntropy};
use keylm::server::config::Config;
use keylm::server::listen;
use keylm::server::providers::transport::{Lookup, system_lookup};
use keylm::server::services::Services;
use keylm::server::simulate::Simulator;
use keylm::shared::time::Timestamp;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// When the tests' clock starts.
pub const START: Timestamp = Timestamp(1_795_000_000_000);

/// A key that the simulator's OpenAI accepts.
pub const OPENAI_KEY: &str = "sk-sim-good-Zq8vK2mXw41pLtYd";
/// A key that the simulator's Anthropic accepts.
pub const ANTHROPIC_KEY: &str = "sk-ant-sim-good-Rn7cT5hBq92sVfUe";
/// A key that the simulator's Gemini accepts.
pub const GEMINI_KEY: &str = "AIza-sim-good-Jk3yM8dWz60xGaPo";

/// A server on a free port.
pub struct TestApp {
    pub url: String,
    pub sim: Arc<Simulator>,
    pub services: Services,
    pub clock: Arc<ManualClock>,
    pub settings: HashMap<String, String>,
    pub folder: Arc<TempDir>,
    server: tokio::task::JoinHandle<()>,
}

impl TestApp {
    /// A server on SQLite.
    pub async fn start() -> Self {
        Self::start_with(Engine::Sqlite, &[]).await
    }

    /// A server on this database, with these settings on top of the usual ones.
    pub async fn start_with(engine: Engine, settings: &[(&str, &str)]) -> Self {
        Self::start_resolving(engine, settings, system_lookup()).await
    }

    /// The same, with a resolver of its own for the names that people give.
    pub async fn start_resolving(
        engine: Engine,
        settings: &[(&str, &str)],
        lookup: Lookup,
    ) -> Self {
        let sim = Arc::new(Simulator::start(0).await.unwrap());
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let mut all: HashMap<String, String> = HashMap::from([
            (
                "KEYLM_DATA_DIR".to_owned(),
                folder.path().display().to_string(),
            ),
            ("RATE_LIMIT_PER_MINUTE".to_owned(), "100000".to_owned()),
            // What is asked beside the answers would be counted with them.
            ("AUTO_TITLES".to_owned(), "off".to_owned()),
            ("PROVIDER_FIRST_BYTE_SECONDS".to_owned(), "2".to_owned()),
            ("PROVIDER_IDLE_SECONDS".to_owned(), "2".to_owned()),
        ]);
        let urls = sim.urls().into_iter();
        all.extend(urls.map(|(name, url)| (name.to_owned(), url)));
        if let Engine::Postgres = engine {
            all.insert("DATABASE_URL".to_owned(), postgres::fresh_database().await);
        }
        all.extend(
            settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        Self::serve(sim, folder, all, START, lookup).await
    }

    /// The same installation in another process, as far as a test can have one: this one's answers are never ended.
    pub async fn crash(self) -> Self {
        let Self {
            sim,
            folder,
            settings,
            server,
            clock,
            ..
        } = self;
        server.abort();
        let now = keylm::server::clock::Clock::now(&*clock);
        Self::serve(sim, folder, settings, now, system_lookup()).await
    }

    async fn serve(
        sim: Arc<Simulator>,
        folder: Arc<TempDir>,
        settings: HashMap<String, String>,
        now: Timestamp,
        lookup: Lookup,
    ) -> Self {
        let config = Config::load(|name| settings.get(name).cloned(), None).unwrap();
        let clock = Arc::new(ManualClock::new(now));
        let env = Env::new(clock.clone(), Arc::new(SystemEntropy));
        let config = Arc::new(config);
        let Assembled {
            router, services, ..
        } = assemble_with(Arc::clone(&config), env, lookup)
            .await
            .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(listen::serve(
            listener,
            router,
            config.limits,
            services.metrics().clone(),
            services.env().clone(),
            CancellationToken::new(),
        ));
        Self {
            url,
            sim,
            services,
            clock,
            settings,
            folder,
            server,
        }
    }

    /// The folder of what the server keeps.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Somebody who is not signed in.
    pub fn anonymous(&self) -> Client {
        Client {
            url: self.url.clone(),
            cookie: None,
            http: http_client(),
            email: String::new(),
        }
    }

    /// Somebody with a new account.
    pub async fn user(&self) -> Client {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let email = format!("user{}@example.org", NEXT.fetch_add(1, Ordering::SeqCst));
        let mut client = self.anonymous();
        let response = client
            .post(
                "/api/auth/register",
                &json!({ "email": email, "password": PASSWORD }),
            )
            .await;
        assert_eq!(response.status(), StatusCode::CREATED);
        client.cookie = Some(cookie_of(&response));
        client.email = email;
        client
    }

    /// Somebody with a new account and a key for each provider.
    pub async fn user_with_keys(&self) -> Client {
        let client = self.user().await;
        for (provider, key) in [
            ("openai", OPENAI_KEY),
            ("anthropic", ANTHROPIC_KEY),
            ("gemini", GEMINI_KEY),
        ] {
            client.add_key(provider, key).await;
        }
        client
    }
}

/// The password of every test account.
pub const PASSWORD: &str = "correct horse battery";

/// A client that follows no redirect and asks no proxy.
pub fn http_client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap()
}

/// `name=value` of the session cookie that a response sets.
pub fn cookie_of(response: &Response) -> String {
    let cookie = response
        .headers()
        .get("set-cookie")
        .expect("a session cookie")
        .to_str()
        .unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// A program that talks to the server, with or without a session.
#[derive(Clone)]
pub struct Client {
    pub url: String,
    pub cookie: Option<String>,
    pub http: reqwest::Client,
    pub email: String,
}

impl Client {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }

    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Response {
        let request = self
            .request(method.clone(), path)
            .header("content-type", "application/json");
        let response = request.body(body.to_string()).send().await.unwrap();
        contract::held(&method, response).await
    }

    pub async fn get(&self, path: &str) -> Response {
        let response = self.request(Method::GET, path).send().await.unwrap();
        contract::held(&Method::GET, response).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.send(Method::POST, path, body).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Response {
        self.send(Method::PATCH, path, body).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Response {
        self.send(Method::PUT, path, body).await
    }

    pub async fn delete(&self, path: &str) -> Response {
        let response = self.request(Method::DELETE, path).send().await.unwrap();
        contract::held(&Method::DELETE, response).await
    }

    /// Adds a key that must be accepted, and answers its id.
    pub async fn add_key(&self, provider: &str, key: &str) -> String {
        let response = self
            .post(
                &format!("/api/providers/{provider}/keys"),
                &json!({ "key": key }),
            )
            .await;
        let (status, body) = parts(response).await;
        assert_eq!(status, 201, "{body}");
        body["key"]["id"].as_str().unwrap().to_owned()
    }

    /// A new thread's id.
    pub async fn thread(&self, provider: &str, model: &str) -> String {
        let response = self
            .post(
                "/api/threads",
                &json!({ "provider": provider, "model": model }),
            )
            .await;
        let (status, body) = parts(response).await;
        assert_eq!(status, 201, "{body}");
        body["thread"]["id"].as_str().unwrap().to_owned()
    }

    /// Sends and reads the whole stream.
    pub async fn say(&self, thread: &str, request: &str, content: &str) -> Vec<SseEvent> {
        let response = self.ask(thread, request, content).await;
        assert_eq!(response.status(), 200);
        read_events(response).await
    }

    /// Sends and answers the response, its stream unread.
    pub async fn ask(&self, thread: &str, request: &str, content: &str) -> Response {
        let body = json!({ "content": content, "clientRequestId": request });
        self.post(&format!("/api/threads/{thread}/messages"), &body)
            .await
    }
}

/// Status and JSON body.
pub async fn parts(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

/// One numbered event.
#[derive(Clone, Debug, PartialEq)]
pub struct SseEvent {
    pub id: u64,
    pub name: String,
    pub data: Value,
}

/// Reads a stream to its end, strictly: each event has an id, a name and one line of JSON.
pub async fn read_events(response: Response) -> Vec<SseEvent> {
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    parse_events(&response.text().await.unwrap())
}

/// See [`read_events`].
pub fn parse_events(text: &str) -> Vec<SseEvent> {
    let blocks = text
        .split("\n\n")
        .filter(|block| !block.is_empty() && !block.starts_with(':'));
    blocks
        .map(|block| {
            let mut lines = block.lines();
            let mut field = |name: &str| {
                lines
                    .next()
                    .and_then(|line| line.strip_prefix(name))
                    .unwrap_or_else(|| panic!("{block}"))
                    .to_owned()
            };
            let event = SseEvent {
                id: field("id: ").parse().unwrap(),
                name: field("event: "),
                data: serde_json::from_str(&field("data: ")).unwrap(),
            };
            assert_eq!(lines.next(), None, "{block}");
            contract::hold_event(&event.name, &event.data);
            event
        })
        .collect()
}

/// The `delta` texts, joined.
pub fn text_of(events: &[SseEvent]) -> String {
    events
        .iter()
        .filter(|event| event.name == "delta")
        .map(|event| event.data["text"].as_str().unwrap())
        .collect()
}
