//! The composition root: settings, database, services, router, and the way down again.

mod keys;

use crate::server::clock::Env;
use crate::server::config::{Config, ConfigError, Database};
use crate::server::engine::{Engine, Parts as EngineParts};
use crate::server::http::kept_pages::KeptPages;
use crate::server::http::page_threads::PageThreads;
use crate::server::limits::Limiter;
use crate::server::metrics::Metrics;
use crate::server::providers::egress::Reach;
use crate::server::providers::transport::{Lookup, Transport, TransportError, system_lookup};
use crate::server::render::Rendered;
use crate::server::services::exports;
use crate::server::services::health::LastLook;
use crate::server::services::models::Offers;
use crate::server::services::readers::Readers;
use crate::server::services::{Parts, ServiceError, Services};
use crate::server::state::AppState;
use crate::server::store::{Db, StoreError, Target, instance};
use crate::server::{catalog, crypto::password::Passwords, listen, router, simulate, telemetry};
use axum::Router;
use clap::{Parser, Subcommand};
use leptos::config::LeptosOptions;
use std::io::Write as _;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

/// How long open connections may take to end once their answers have.
const LINGER: Duration = Duration::from_secs(2);
/// How often ended sessions are removed.
const SWEEP: Duration = Duration::from_hours(1);

#[derive(Parser)]
#[command(name = "keylm", version, about = "Chat with your own model keys.")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the app (the default).
    Serve,
    /// Bring the database's schema up to date and exit.
    Migrate,
    /// Look after the master keys that seal the stored credentials.
    Keys {
        #[command(subcommand)]
        command: keys::KeysCommand,
    },
    /// Serve a local stand-in for all providers, for demos and tests.
    Simulate {
        /// The port on 127.0.0.1; 0 takes a free one.
        #[arg(long, default_value_t = 4010)]
        port: u16,
    },
}

/// Why the process can not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// A setting is wrong; names the variable.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data folder, the socket or a signal.
    #[error("{0}: {1}")]
    Io(String, std::io::Error),
    /// The folder of the data.
    #[error(
        "{folder} cannot be written: {problem}. Let the user who runs KeyLM write there, or name another folder with \
         KEYLM_DATA_DIR; DATABASE_URL moves the database alone"
    )]
    Folder {
        /// Its path.
        folder: String,
        /// What happened.
        problem: String,
    },
    /// The database that the settings name.
    #[error("the database {place}: {error}")]
    Database {
        /// Where it is, without a password.
        place: String,
        /// What happened.
        error: StoreError,
    },
    /// Some database.
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    /// The HTTP client.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// A service.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The master keys are not those that sealed what is stored.
    #[error("APP_ENCRYPTION_KEY: {0}")]
    MasterKey(String),
}

/// Runs what the command line asks for.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let result = runtime
        .map_err(|error| BootError::Io("the runtime".to_owned(), error))
        .and_then(|runtime| {
            let result = runtime.block_on(command(cli.command.unwrap_or(Command::Serve)));
            runtime.shutdown_timeout(Duration::from_millis(100));
            result
        });
    match result {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "keylm: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn command(command: Command) -> Result<ExitCode, BootError> {
    match command {
        Command::Serve => {
            let config = Arc::new(Config::from_process()?);
            let served = serve(Arc::clone(&config)).await;
            served.map_err(|error| located(error, &config.database))?;
        }
        Command::Keys { command } => {
            let config = Config::from_process()?;
            let db = open(&config).await?;
            check_master_keys(&db, &config, &Env::system()).await?;
            let code = keys::run(command, &config, &db, &Env::system()).await?;
            db.close().await;
            return Ok(code);
        }
        Command::Migrate => {
            let db = open(&Config::from_process()?).await?;
            db.close().await;
        }
        Command::Simulate { port } => simulate::run(port)
            .await
            .map_err(|error| BootError::Io(format!("port {port}"), error))?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn open(config: &Config) -> Result<Db, BootError> {
    let opened = open_at(&config.database).await;
    opened.map_err(|error| located(error, &config.database))
}

async fn open_at(place: &Database) -> Result<Db, BootError> {
    let target = match place {
        Database::Sqlite(path) => {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(|error| BootError::Folder {
                    folder: folder.display().to_string(),
                    problem: error.to_string(),
                })?;
            }
            Target::Sqlite(path.clone())
        }
        Database::Postgres(url) => Target::Postgres(url.clone()),
    };
    let db = Db::open(&target).await?;
    db.migrate().await?;
    Ok(db)
}

/// Says where the database is that kept the program from starting.
fn located(error: BootError, database: &Database) -> BootError {
    match (error, database) {
        (BootError::Store(error), Database::Sqlite(path)) if error.is_unwritable() => {
            BootError::Folder {
                folder: path.parent().unwrap_or(path).display().to_string(),
                problem: error.to_string(),
            }
        }
        (BootError::Store(error), place) => BootError::Database {
            place: place.to_string(),
            error,
        },
        (other, _) => other,
    }
}

/// Refuses a master key that is not the one under the same number that sealed what is stored, and a missing one that
/// something still needs.
async fn check_master_keys(db: &Db, config: &Config, env: &Env) -> Result<(), BootError> {
    let ring = config.keyring.current();
    for known in instance::master_keys(db).await? {
        let id = known.id;
        let ours = u32::try_from(id).ok().and_then(|id| ring.check_value(id));
        let problem = match ours {
            Some(ours) if ours == known.check_value => continue,
            Some(_) => "is not the key that sealed what this database holds",
            None if known.sealed == 0 => continue,
            None => "lacks a key that still seals something in this database",
        };
        return Err(BootError::MasterKey(format!(
            "{problem} (number {id}). Bring the right key back; without it stored keys are lost."
        )));
    }
    let mut tx = db.begin().await?;
    for id in ring.ids() {
        if let Some(check) = ring.check_value(id) {
            instance::add_master_key(&mut tx, i64::from(id), &check, env.now()).await?;
        }
    }
    Ok(tx.commit().await?)
}

/// Where people's addresses may lead: not to this server.
fn reach(config: &Config) -> Reach {
    let listens = std::iter::once(config.addr).chain(config.metrics_addr);
    let origin = config.public_origin.as_ref();
    let origin = origin.and_then(|origin| Url::parse(origin.as_str()).ok());
    let name = origin.and_then(|url| url.host_str().map(str::to_owned));
    Reach::new(config.custom_endpoints.clone(), listens.collect(), name)
}

/// A whole server, not yet listening.
pub struct Assembled {
    /// Its routes.
    pub router: Router,
    /// The route of its metrics, for a listener of its own.
    pub metrics: Router,
    /// Its rules.
    pub services: Services,
}

/// Puts the server together: opens and migrates the database, ends what an earlier process left running.
///
/// # Errors
/// Whatever keeps it from starting.
pub async fn assemble(config: Arc<Config>, env: Env) -> Result<Assembled, BootError> {
    assemble_with(config, env, system_lookup()).await
}

/// The same, with a resolver of names that people give.
///
/// # Errors
/// As [`assemble`].
pub async fn assemble_with(
    config: Arc<Config>,
    env: Env,
    lookup: Lookup,
) -> Result<Assembled, BootError> {
    let db = open(&config).await?;
    check_master_keys(&db, &config, &env).await?;
    let instance = instance::value_or_insert(&db, "id", &env.uuid()).await?;
    let limits = config.limits;
    let metrics = Metrics::default();
    let transport =
        Transport::new((&limits).into(), metrics.clone())?.reaching(reach(&config), lookup)?;
    let engine = Engine::start(EngineParts {
        db: db.clone(),
        env: env.clone(),
        transport: transport.clone(),
        price: catalog::cost_usd,
        limits: (&limits).into(),
        metrics: metrics.clone(),
    });
    engine.recover().await?;
    tokio::spawn(engine.clone().keep_house());
    tokio::spawn(db.clone().keep_folded());
    tokio::spawn(db.clone().keep_indexed());
    tokio::spawn(Arc::clone(&config.keyring).watch());
    let per_minute = |n: NonZeroU32| Limiter::per_minute(n, env.clone());
    let services = Services::new(Parts {
        passwords: Passwords::new(env.clone()),
        by_ip: per_minute(config.rate_limit_per_minute),
        by_email: per_minute(config.rate_limit_per_minute),
        by_user: per_minute(config.rate_limit_per_minute),
        exports: per_minute(exports::A_MINUTE),
        readers: Readers::new(limits.readers_per_message, metrics.clone()),
        auto_titles: config.auto_titles,
        limits,
        metrics,
        keyring: Arc::clone(&config.keyring),
        auth_secret: config.auth_secret.clone(),
        instance,
        rendered: Rendered::default(),
        offers: Offers::default(),
        health: LastLook::default(),
        overrides: config.base_urls().clone(),
        lent: config.lent.clone(),
        home: config.home(),
        pool: config.pool.clone(),
        transport,
        engine,
        db,
        env,
    });
    let pages = PageThreads::start()
        .map_err(|error| BootError::Io("the threads for pages".to_owned(), error))?;
    let leptos = LeptosOptions::builder()
        .output_name("keylm")
        .site_addr(config.addr)
        .build();
    let state = AppState {
        kept: KeptPages::default(),
        services: services.clone(),
        config,
        pages,
        leptos,
    };
    Ok(Assembled {
        metrics: router::build_metrics(state.clone()),
        router: router::build(state),
        services,
    })
}

async fn serve(config: Arc<Config>) -> Result<(), BootError> {
    telemetry::init(&config);
    let (listener, addr) = bind("KEYLM_ADDR", config.addr).await?;
    let config = Arc::new(config.bound_to(addr));
    let Assembled {
        router,
        metrics,
        services,
    } = assemble(Arc::clone(&config), Env::system()).await?;
    let down = CancellationToken::new();
    let listen = |listener, router| {
        let metrics = services.metrics().clone();
        let env = services.env().clone();
        tokio::spawn(listen::serve(
            listener,
            router,
            config.limits,
            metrics,
            env,
            down.clone(),
        ))
    };
    if let Some(own) = config.metrics_addr.filter(|_| !config.metrics_are_public()) {
        let (listener, addr) = bind("METRICS_ADDR", own).await?;
        let _ = writeln!(std::io::stdout(), "metrics on http://{addr}/metrics");
        listen(listener, metrics);
    }
    let server = listen(listener, router);
    let _ = writeln!(std::io::stdout(), "listening on http://{addr}");
    tokio::spawn(sweep(services.clone()));

    signal()
        .await
        .map_err(|error| BootError::Io("signals".to_owned(), error))?;

    tracing::info!(running = services.engine().running(), "shutting down");
    services.engine().close();
    let _ = tokio::time::timeout(config.drain, services.engine().idle()).await;
    services.engine().shut_down().await;
    down.cancel();
    let _ = tokio::time::timeout(LINGER, server).await;
    services.db().close().await;
    Ok(())
}

async fn bind(variable: &str, addr: SocketAddr) -> Result<(TcpListener, SocketAddr), BootError> {
    let failed = |error| BootError::Io(format!("{variable} {addr}"), error);
    let listener = TcpListener::bind(addr).await.map_err(failed)?;
    let addr = listener.local_addr().map_err(failed)?;
    Ok((listener, addr))
}

async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

async fn sweep(services: Services) {
    let mut tick = tokio::time::interval(SWEEP);
    loop {
        tick.tick().await;
        if let Err(error) = services.sweep_sessions().await {
            tracing::warn!(%error, "ended sessions could not be removed");
        }
    }
}
