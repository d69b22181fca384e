//! The settings, read once at start and handed on as values. `docs/configuration.md` explains each variable.

mod database;
mod endpoints;
pub mod limits;
mod master_keys;
mod parse;
mod pool;
mod secrets;
mod source;

pub use database::Database;
pub use endpoints::CustomEndpoints;
pub use limits::{Limit, Limits};
pub use master_keys::MasterKeys;
pub use parse::Origin;
pub use pool::FreePool;
pub use secrets::SecretSource;

use crate::server::crypto::secret::Secret;
use ipnet::IpNet;
use source::Source;
use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The settings file, looked for in the working directory.
const FILE: &str = "Leptos.toml";

/// The variables that move a provider to another origin.
pub const BASE_URLS: [&str; 15] = [
    "OPENAI_BASE_URL",
    "ANTHROPIC_BASE_URL",
    "GEMINI_BASE_URL",
    "GROQ_BASE_URL",
    "XAI_BASE_URL",
    "MISTRAL_BASE_URL",
    "COHERE_BASE_URL",
    "OPENROUTER_BASE_URL",
    "AI_GATEWAY_BASE_URL",
    "VERTEX_BASE_URL",
    "VERTEX_TOKEN_URL",
    "BEDROCK_BASE_URL",
    "BEDROCK_RUNTIME_BASE_URL",
    "AZURE_OPENAI_BASE_URL",
    "OLLAMA_BASE_URL",
];

/// The credentials that the operator lends to everybody.
const LENT: [&str; 1] = ["AI_GATEWAY_API_KEY"];

/// All other variables but those of [`limits::LIMITS`] and of the free pool. A name of the settings file that is in no list
/// is refused: it is a typo.
pub const VARIABLES: [&str; 16] = [
    "KEYLM_ADDR",
    "LEPTOS_SITE_ADDR",
    "KEYLM_DATA_DIR",
    "KEYLM_ENV",
    "DATABASE_URL",
    "APP_ENCRYPTION_KEY",
    "APP_AUTH_SECRET",
    "PUBLIC_ORIGIN",
    "TRUSTED_PROXIES",
    "RATE_LIMIT_PER_MINUTE",
    "DRAIN_SECONDS",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "METRICS_ADDR",
    "CUSTOM_ENDPOINTS",
    "AUTO_TITLES",
];

/// The names of all variables.
fn variables() -> impl Iterator<Item = &'static str> {
    let names = VARIABLES.iter().chain(&BASE_URLS).chain(limits::LIMITS);
    names.chain(&LENT).chain(&pool::VARIABLES).copied()
}

/// A setting that is wrong. Names the variable and what would be right, never the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {problem}")]
pub struct ConfigError {
    /// The variable as the operator spells it.
    pub variable: String,
    /// What is wrong with it, or what is expected.
    pub problem: String,
}

impl ConfigError {
    fn new(variable: &str, problem: impl Into<String>) -> Self {
        Self {
            variable: variable.to_owned(),
            problem: problem.into(),
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What the process is run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// For users.
    Production,
    /// On a developer's machine: links that would be mailed may be logged.
    Development,
}

/// All settings. Printing them shows no secret.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub addr: SocketAddr,
    /// The folder of what the process keeps.
    pub data_dir: PathBuf,
    /// What it is run for.
    pub environment: Environment,
    /// Where the data is.
    pub database: Database,
    /// The master keys of the vault.
    pub keyring: Arc<MasterKeys>,
    /// Where they came from. A `Generated` one fits a database that has none yet, and no other.
    pub keyring_source: SecretSource,
    /// What sessions and tokens are hashed with.
    pub auth_secret: Secret,
    /// Where it came from.
    pub auth_secret_source: SecretSource,
    /// Under which origin users reach the server, where that is known.
    pub public_origin: Option<Origin>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Requests a minute that one client may make.
    pub rate_limit_per_minute: NonZeroU32,
    /// How long running answers may take to end after a signal to stop.
    pub drain: Duration,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which of them are written, in the syntax of `RUST_LOG`.
    pub log_level: String,
    /// What anybody is given at the most.
    pub limits: Limits,
    /// Where metrics are served: on a listener of their own, on the public one when it has this very address, or nowhere.
    pub metrics_addr: Option<SocketAddr>,
    /// What the operator gives to people without keys.
    pub pool: Option<FreePool>,
    /// Which servers people may add by themselves.
    pub custom_endpoints: CustomEndpoints,
    /// Whether a chat is named by the model that answers in it, with the key that paid for its first answer.
    pub auto_titles: bool,
    /// Credentials that the operator lends to everybody, by the names of their variables.
    pub lent: BTreeMap<&'static str, Secret>,
    base_urls: BTreeMap<&'static str, Url>,
}

impl Config {
    /// The settings of this process: its environment, then `Leptos.toml`. Announces secrets that it made on stderr.
    ///
    /// # Errors
    /// Names the variable that is wrong.
    pub fn from_process() -> Result<Self, ConfigError> {
        let file = match std::fs::read_to_string(FILE) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(ConfigError::new(FILE, format!("cannot be read: {error}"))),
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the environment"
        )]
        let env =
            |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let config = Self::load(env, file.as_deref())?;
        for notice in config.notices() {
            // Without a stderr there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "{notice}");
        }
        Ok(config)
    }

    /// The settings of `env` and, for what that does not set, of the table `[settings]` in the TOML text `file`.
    /// Makes the secrets that are in neither on the first start.
    ///
    /// # Errors
    /// Names the variable that is wrong.
    pub fn load(
        env: impl Fn(&str) -> Option<String>,
        file: Option<&str>,
    ) -> Result<Self, ConfigError> {
        let source = Source::new(&env, file)?;
        let data_dir = PathBuf::from(
            source
                .get("KEYLM_DATA_DIR")?
                .unwrap_or_else(|| "./data".to_owned()),
        );
        let database = source.read("DATABASE_URL", database::parse)?;
        let database = database.unwrap_or_else(|| Database::Sqlite(data_dir.join("keylm.db")));
        let addr = match source.read("KEYLM_ADDR", parse::address)? {
            Some(addr) => addr,
            None => source
                .read("LEPTOS_SITE_ADDR", parse::address)?
                .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 3000))),
        };
        let environment = source.read("KEYLM_ENV", |text| {
            let values = [
                ("production", Environment::Production),
                ("development", Environment::Development),
            ];
            parse::one_of(text, &values)
        })?;
        let log_format = source.read("LOG_FORMAT", |text| {
            parse::one_of(
                text,
                &[("text", LogFormat::Text), ("json", LogFormat::Json)],
            )
        })?;
        let log_level = source.read("LOG_LEVEL", parse::log_level)?;
        let rate_limit_per_minute = source.read("RATE_LIMIT_PER_MINUTE", parse::positive)?;
        let mut base_urls = BTreeMap::new();
        for name in BASE_URLS {
            if let Some(url) = source.read(name, parse::base_url)? {
                base_urls.insert(name, url);
            }
        }
        let mut lent = BTreeMap::new();
        for name in LENT {
            if let Some(key) = source.read(name, parse::key)? {
                lent.insert(name, key);
            }
        }
        let limits = Limits::read(&source)?;
        let custom_endpoints = source.read("CUSTOM_ENDPOINTS", str::parse)?;
        let auto_titles = source.read("AUTO_TITLES", |text| {
            parse::one_of(text, &[("on", true), ("off", false)])
        })?;
        let pool = pool::read(&source)?;
        let metrics_addr = source.read("METRICS_ADDR", parse::address)?;
        let drain = source
            .read("DRAIN_SECONDS", parse::seconds_or_none)?
            .unwrap_or(Duration::from_secs(20));
        let public_origin = source.read("PUBLIC_ORIGIN", parse::origin)?;
        let trusted_proxies = source
            .read("TRUSTED_PROXIES", parse::networks)?
            .unwrap_or_default();
        // Last, so that a start which fails for another setting leaves no secrets behind.
        let secrets = secrets::resolve(&source, &data_dir, &database)?;
        Ok(Self {
            addr,
            data_dir,
            environment: environment.unwrap_or(Environment::Production),
            database,
            keyring: Arc::new(secrets.keyring),
            keyring_source: secrets.keyring_source,
            auth_secret: secrets.auth_secret,
            auth_secret_source: secrets.auth_secret_source,
            public_origin,
            trusted_proxies,
            rate_limit_per_minute: rate_limit_per_minute.unwrap_or(parse::SIXTY),
            drain,
            log_format: log_format.unwrap_or(LogFormat::Text),
            log_level: log_level.unwrap_or_else(|| "info".to_owned()),
            limits,
            metrics_addr,
            pool,
            custom_endpoints: custom_endpoints.unwrap_or_default(),
            auto_titles: auto_titles.unwrap_or(true),
            lent,
            base_urls,
        })
    }

    /// Whether browsers reach the server over TLS only: cookies are `Secure` then.
    #[must_use]
    pub fn secure(&self) -> bool {
        self.public_origin.as_ref().is_some_and(Origin::is_https)
    }

    /// Where browsers find the server: its public origin, or its own address where that is on this machine only.
    #[must_use]
    pub fn home(&self) -> Option<String> {
        let origin = self.public_origin.as_ref();
        let own = || {
            self.addr
                .ip()
                .is_loopback()
                .then(|| format!("http://{}", self.addr))
        };
        origin.map(|origin| origin.as_str().to_owned()).or_else(own)
    }

    /// The same settings once it is known where the server listens: port 0 is any port, and the way back to this server leads
    /// to the one that it got.
    #[must_use]
    pub fn bound_to(&self, addr: SocketAddr) -> Self {
        let mut bound = self.clone();
        if self.metrics_are_public() {
            bound.metrics_addr = Some(addr);
        }
        bound.addr = addr;
        bound
    }

    /// Whether the public listener serves the metrics, too.
    #[must_use]
    pub fn metrics_are_public(&self) -> bool {
        self.metrics_addr == Some(self.addr)
    }

    /// What the operator set the variables of [`BASE_URLS`] to. Without a slash at its end, except where the path is
    /// nothing else.
    #[must_use]
    pub const fn base_urls(&self) -> &BTreeMap<&'static str, Url> {
        &self.base_urls
    }

    /// The folder of the secrets that were not given.
    #[must_use]
    pub fn secrets_dir(&self) -> PathBuf {
        secrets_dir(&self.data_dir)
    }

    /// A sentence for each secret that this start made. Never the secret.
    fn notices(&self) -> Vec<String> {
        let secrets = [
            (
                "APP_ENCRYPTION_KEY",
                self.keyring_source,
                "without it no stored key can be read",
            ),
            (
                "APP_AUTH_SECRET",
                self.auth_secret_source,
                "without it everybody has to sign in again",
            ),
        ];
        let made = secrets
            .into_iter()
            .filter(|(_, source, _)| *source == SecretSource::Generated);
        made.map(|(name, _, loss)| {
            let path = self.secrets_dir().join(name);
            format!("{name} is not set: made a new one in {}. Keep a copy apart from the database; {loss}.", path.display())
        })
        .collect()
    }
}

fn secrets_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("secrets")
}

#[cfg(test)]
mod tests;
