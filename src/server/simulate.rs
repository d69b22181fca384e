//! A local stand-in for the providers, for demonstrations and tests. It speaks their wire formats, and misbehaves on
//! demand: the key or the model that a caller picks decides what goes wrong. `docs/simulator.md` has the menus.

mod ai_gateway;
mod answer;
mod anthropic;
mod azure_openai;
mod bedrock;
mod chat;
mod cohere;
mod compatible;
mod gemini;
mod groq;
mod keys;
mod mistral;
mod ollama;
mod openai;
mod openrouter;
mod provider;
mod record;
mod responses;
mod routes;
mod script;
mod trouble;
mod vertex;
mod wire;
mod xai;

use std::{
    collections::BTreeMap,
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::serve::ListenerExt;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use record::Recorded;
pub use script::MENU;

/// How a simulator behaves where no fault is asked for.
#[derive(Clone, Copy, Debug)]
pub struct SimulatorOptions {
    /// The pause before each piece of text of an ordinary answer.
    pub delta_delay: Duration,
}

impl Default for SimulatorOptions {
    /// Fast enough for tests: 2 ms.
    fn default() -> Self {
        Self {
            delta_delay: Duration::from_millis(2),
        }
    }
}

/// What all requests share.
struct Shared {
    addr: SocketAddr,
    log: record::Log,
    options: SimulatorOptions,
    redirect: Mutex<Option<String>>,
    /// Codes that were given out, with the challenges that they were asked for with.
    codes: Mutex<BTreeMap<String, String>>,
    serial: AtomicU64,
    stop: CancellationToken,
}

impl Shared {
    fn next(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn trap(&self) -> String {
        let set = self.redirect.lock().unwrap_or_else(PoisonError::into_inner);
        set.clone()
            .unwrap_or_else(|| format!("http://{}/__trap", self.addr))
    }
}

/// A running simulator. It stops, and cuts every open answer, when it is dropped.
pub struct Simulator {
    shared: Arc<Shared>,
}

impl Simulator {
    /// Listens on `127.0.0.1:port` (0: any free port) and serves in a task of its own.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start(port: u16) -> io::Result<Self> {
        Self::start_with(port, SimulatorOptions::default()).await
    }

    /// Like [`Simulator::start`], with a pace of its own.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start_with(port: u16, options: SimulatorOptions) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let shared = Arc::new(Shared {
            addr: listener.local_addr()?,
            log: record::Log::default(),
            options,
            redirect: Mutex::default(),
            codes: Mutex::default(),
            serial: AtomicU64::new(0),
            stop: CancellationToken::new(),
        });
        let stop = shared.stop.clone();
        // Each delta is a packet of its own, as it is on a real connection.
        let listener = listener.tap_io(|socket| {
            let _ = socket.set_nodelay(true);
        });
        let server = axum::serve(listener, routes::router(shared.clone()))
            .with_graceful_shutdown(async move { stop.cancelled().await });
        tokio::spawn(async move { server.await });
        Ok(Self { shared })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.shared.addr
    }

    /// What `variable` has to be for a provider to be found here. Empty for a provider that is not spoken.
    #[must_use]
    pub fn url(&self, variable: &str) -> String {
        let mut urls = self.urls().into_iter();
        urls.find_map(|(name, url)| (name == variable).then_some(url))
            .unwrap_or_default()
    }

    /// All variables that send KeyLM here, with their values. The official clients take the same URLs.
    #[must_use]
    pub fn urls(&self) -> Vec<(&'static str, String)> {
        routes::urls(self.shared.addr)
    }

    /// The JSON key of a made-up service account, to paste for Vertex AI. The name decides what happens, as that of a key.
    #[must_use]
    pub fn service_account(name: &str) -> String {
        vertex::service_account(name).to_string()
    }

    /// Every request since the start or the last [`Simulator::clear`], in order.
    #[must_use]
    pub fn recorded(&self) -> Vec<Recorded> {
        self.shared.log.all()
    }

    /// Forgets the recorded requests.
    pub fn clear(&self) {
        self.shared.log.clear();
    }

    /// How many of the recorded requests asked a model for an answer, whatever came of it.
    #[must_use]
    pub fn count_chat(&self) -> usize {
        self.shared.log.generations()
    }

    /// Where the redirecting key and model point. Until it is set, to `/__trap` of this simulator, which is recorded.
    pub fn set_redirect(&self, url: String) {
        let mut redirect = self
            .shared
            .redirect
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *redirect = Some(url);
    }

    fn help(&self) -> String {
        routes::help(self.shared.addr)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

/// `keylm simulate`: serves on `127.0.0.1:port` at a reader's pace until ctrl-c.
///
/// # Errors
/// When the port is taken.
pub async fn run(port: u16) -> io::Result<()> {
    let options = SimulatorOptions {
        delta_delay: Duration::from_millis(25),
    };
    let simulator = Simulator::start_with(port, options).await?;
    writeln!(io::stdout(), "{}", simulator.help())?;
    tokio::signal::ctrl_c().await
}
