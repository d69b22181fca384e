use super::*;
use crate::shared::ids::ModelId;
use rstest::rstest;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

/// 32 bytes that are 1, 2, … and 32 times 7, in base64.
const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
const OLD_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

/// A data folder that goes away, and settings that are in order.
struct Case {
    dir: TempDir,
    vars: BTreeMap<String, String>,
    file: Option<String>,
}

impl Case {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let data = dir.path().join("data").to_str().unwrap().to_owned();
        Self {
            dir,
            vars: BTreeMap::from([("KEYLM_DATA_DIR".to_owned(), data)]),
            file: None,
        }
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.vars.insert(name.to_owned(), value.to_owned());
        self
    }

    fn file(mut self, text: &str) -> Self {
        self.file = Some(text.to_owned());
        self
    }

    fn secrets(self) -> Self {
        self.set("APP_ENCRYPTION_KEY", KEY)
            .set("APP_AUTH_SECRET", "sixteen letters!")
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn load(&self) -> Result<Config, ConfigError> {
        Config::load(|name| self.vars.get(name).cloned(), self.file.as_deref())
    }

    fn problem(&self) -> ConfigError {
        self.load().unwrap_err()
    }
}

#[test]
fn without_any_setting_the_defaults_hold() {
    let case = Case::new().secrets();
    let config = case.load().unwrap();
    assert_eq!(config.addr.to_string(), "127.0.0.1:3000");
    assert!(
        matches!(&config.database, Database::Sqlite(path) if *path == case.data().join("keylm.db"))
    );
    assert_eq!(config.environment, Environment::Production);
    assert_eq!(config.log_format, LogFormat::Text);
    assert_eq!(config.log_level, "info");
    assert_eq!(config.rate_limit_per_minute.get(), 60);
    assert_eq!(config.drain, Duration::from_secs(20));
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.metrics_addr, None);
    assert_eq!(config.public_origin, None);
    assert!(config.trusted_proxies.is_empty());
    assert!(config.base_urls().is_empty());
    assert_eq!(config.keyring_source, SecretSource::Given);
}

#[test]
fn every_setting_can_be_given() {
    let config = Case::new()
        .secrets()
        .set("KEYLM_ADDR", "[::]:8080")
        .set("LEPTOS_SITE_ADDR", "127.0.0.1:1")
        .set("KEYLM_ENV", "development")
        .set(
            "DATABASE_URL",
            "postgres://ada:pw@db.example:5432/keylm?sslmode=require",
        )
        .set("PUBLIC_ORIGIN", "https://Chat.Example.org:443/")
        .set("TRUSTED_PROXIES", "10.0.0.0/8, ::1")
        .set("RATE_LIMIT_PER_MINUTE", "100000000000")
        .set("DRAIN_SECONDS", "0")
        .set("LOG_FORMAT", "json")
        .set("LOG_LEVEL", "warn,keylm=debug")
        .set("PROVIDER_IDLE_SECONDS", "5")
        .set("LIMIT_REQUEST_BYTES", "2097152")
        .set("METRICS_ADDR", "127.0.0.1:9100")
        .set("OPENAI_BASE_URL", "http://127.0.0.1:4010/openai/v1/")
        .set("GROQ_BASE_URL", "  ")
        .load()
        .unwrap();
    assert_eq!(config.addr.to_string(), "[::]:8080");
    assert_eq!(config.environment, Environment::Development);
    assert_eq!(config.database.to_string(), "postgres://db.example/keylm");
    let origin = config.public_origin.as_ref().unwrap();
    assert_eq!(
        (origin.as_str(), origin.is_https()),
        ("https://chat.example.org", true)
    );
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.rate_limit_per_minute.get(), u32::MAX);
    assert_eq!(config.drain, Duration::ZERO);
    assert_eq!(config.log_format, LogFormat::Json);
    assert_eq!(config.log_level, "warn,keylm=debug");
    assert_eq!(config.limits.provider_idle, Duration::from_secs(5));
    assert_eq!(config.limits.request_bytes, 2 << 20);
    assert_eq!(config.metrics_addr.unwrap().to_string(), "127.0.0.1:9100");
    assert!(!config.metrics_are_public());
    assert_eq!(
        config.base_urls()["OPENAI_BASE_URL"].as_str(),
        "http://127.0.0.1:4010/openai/v1"
    );
    assert!(!config.base_urls().contains_key("GROQ_BASE_URL"));
}

#[test]
fn the_limits_are_those_of_the_threat_model() {
    let seconds = Duration::from_secs;
    let expected = Limits {
        request_bytes: 1 << 20,
        message_chars: 200_000,
        header_bytes: 32 << 10,
        header_read: seconds(10),
        body_read: seconds(30),
        write_stall: seconds(30),
        connections: 4096,
        provider_connect: seconds(10),
        provider_first_byte: seconds(120),
        provider_idle: seconds(60),
        provider_total: seconds(900),
        sse_line_bytes: 1 << 20,
        sse_event_bytes: 2 << 20,
        stream_bytes: 32 << 20,
        error_body_bytes: 64 << 10,
        model_list_bytes: 4 << 20,
        models: 5000,
        output_bytes: 2 << 20,
        answers_per_user: 4,
        answers: 1000,
        readers_per_message: 16,
        markdown_depth: 64,
    };
    assert_eq!(Limits::default(), expected);
}

#[test]
fn every_limit_has_bounds_that_it_keeps_and_names() {
    for (name, bounds) in limits::BOUNDS {
        for good in [bounds.start(), bounds.end()] {
            let case = Case::new().secrets().set(name, &good.to_string());
            assert!(case.load().is_ok(), "{name}={good}");
        }
        for bad in [bounds.start() - 1, bounds.end() + 1] {
            let error = Case::new().secrets().set(name, &bad.to_string()).problem();
            assert_eq!(error.variable, *name);
            let range = format!("from {} to {}", bounds.start(), bounds.end());
            assert!(error.problem.contains(&range), "{error}");
        }
    }
}

#[test]
fn metrics_are_public_only_at_the_public_address() {
    let public = |addr: &str| {
        let case = Case::new().secrets().set("KEYLM_ADDR", "127.0.0.1:3000");
        case.set("METRICS_ADDR", addr)
            .load()
            .unwrap()
            .metrics_are_public()
    };
    assert!(public("127.0.0.1:3000"));
    assert!(!public("127.0.0.1:3001") && !public("[::1]:3000") && !public(" "));
}

#[test]
fn the_address_of_leptos_is_honoured() {
    let config = Case::new()
        .secrets()
        .set("LEPTOS_SITE_ADDR", "0.0.0.0:81")
        .load()
        .unwrap();
    assert_eq!(config.addr.to_string(), "0.0.0.0:81");
}

#[rstest]
#[case("KEYLM_ADDR", "3000")]
#[case("KEYLM_ADDR", "localhost:3000")]
#[case("LEPTOS_SITE_ADDR", "nowhere")]
#[case("KEYLM_ENV", "staging")]
#[case("DATABASE_URL", "mysql://u:hunter22@h/d")]
#[case("DATABASE_URL", "sqlite:")]
#[case("DATABASE_URL", "sqlite::memory:")]
#[case("DATABASE_URL", "sqlite:x.db?mode=memory")]
#[case("DATABASE_URL", "postgres")]
#[case("DATABASE_URL", "./keylm.db")]
#[case("PUBLIC_ORIGIN", "chat.example.net")]
#[case("PUBLIC_ORIGIN", "https://chat.example.org/app")]
#[case("PUBLIC_ORIGIN", "ftp://chat.example.org")]
#[case("TRUSTED_PROXIES", "10.0.0.0/8,proxy.internal")]
#[case("TRUSTED_PROXIES", "10.0.0.0/33")]
#[case("RATE_LIMIT_PER_MINUTE", "0")]
#[case("RATE_LIMIT_PER_MINUTE", "-1")]
#[case("RATE_LIMIT_PER_MINUTE", "+5")]
#[case("RATE_LIMIT_PER_MINUTE", "many")]
#[case("DRAIN_SECONDS", "1.5")]
#[case("DRAIN_SECONDS", "86401")]
#[case("PROVIDER_TOTAL_SECONDS", "0")]
#[case("METRICS_ADDR", "9100")]
#[case("LIMIT_MESSAGE_CHARS", "200001")]
#[case("LIMIT_OUTPUT_BYTES", "2 MiB")]
#[case("LIMIT_ANSWERS", "+5")]
#[case("LIMIT_ANSWERS", "99999999999")]
#[case("LOG_FORMAT", "xml")]
#[case("LOG_LEVEL", "keylm=loud")]
#[case("OPENAI_BASE_URL", "file:///etc/passwd")]
#[case("OPENAI_BASE_URL", "https://user@api.example.org")]
#[case("OPENAI_BASE_URL", "https://api.example.org/v1?key=x")]
#[case("OPENAI_BASE_URL", "https://api.example.org/#x")]
#[case("VERTEX_TOKEN_URL", "//x")]
#[case("APP_ENCRYPTION_KEY", "")]
#[case("APP_ENCRYPTION_KEY", "changeme")]
#[case::bytes_31("APP_ENCRYPTION_KEY", "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHw==")]
#[case::bytes_33("APP_ENCRYPTION_KEY", "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAh")]
#[case::hex(
    "APP_ENCRYPTION_KEY",
    "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
)]
#[case::unpadded("APP_ENCRYPTION_KEY", "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA")]
#[case::loose_bits("APP_ENCRYPTION_KEY", "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyB=")]
#[case::blank_inside("APP_ENCRYPTION_KEY", "AQIDBAUGBwgJCgsMDQ4PEBES ExQVFhcYGRobHB0eHyA=")]
#[case::zeros("APP_ENCRYPTION_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
#[case::no_number(
    "APP_ENCRYPTION_KEY",
    "2:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=,BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="
)]
#[case::same_number(
    "APP_ENCRYPTION_KEY",
    "1:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=,1:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="
)]
#[case::odd_number(
    "APP_ENCRYPTION_KEY",
    "+1:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
)]
#[case("APP_AUTH_SECRET", "fifteen letters")]
#[case("APP_AUTH_SECRET", "")]
fn a_wrong_value_is_refused_by_name_and_never_repeated(#[case] name: &str, #[case] value: &str) {
    let case = Case::new().secrets().set(name, value);
    let error = case.problem();
    assert_eq!(error.variable, name);
    assert!(
        error.to_string().starts_with(&format!("{name}: ")),
        "{error}"
    );
    assert!(
        value.len() < 12 || !error.problem.contains(value),
        "{error}"
    );
    assert!(!error.problem.contains("hunter22"));
    assert!(
        !case.data().exists(),
        "a refused start left something behind"
    );
}

#[rstest]
#[case("sqlite:./a.db", "./a.db")]
#[case("sqlite://a/b.db", "a/b.db")]
#[case("sqlite:///var/lib/a.db", "/var/lib/a.db")]
#[case("sqlite:/var/lib/a.db?mode=rwc", "/var/lib/a.db")]
fn the_path_of_sqlite_has_several_spellings(#[case] url: &str, #[case] path: &str) {
    let config = Case::new()
        .secrets()
        .set("DATABASE_URL", url)
        .load()
        .unwrap();
    assert!(matches!(&config.database, Database::Sqlite(found) if found == Path::new(path)));
}

#[test]
fn nothing_secret_is_printed() {
    let config = Case::new()
        .secrets()
        .set(
            "DATABASE_URL",
            "postgres://ada:hunter22@db/keylm?password=hunter22",
        )
        .load();
    let text = format!("{:?}", config.unwrap());
    for secret in ["hunter22", "ada", KEY, "sixteen letters!"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn several_master_keys_keep_their_order() {
    let config = Case::new()
        .secrets()
        .set("APP_ENCRYPTION_KEY", &format!("7:{KEY},1:{OLD_KEY}"))
        .load()
        .unwrap();
    assert_eq!(config.keyring.current().ids(), [7, 1]);
    let config = Case::new().secrets().load().unwrap();
    assert_eq!(config.keyring.current().ids(), [1]);
}

#[test]
fn the_settings_file_stands_behind_the_environment() {
    let text = "[settings]\nRATE_LIMIT_PER_MINUTE = 7\nDRAIN_SECONDS = \"3\"\n[package.metadata.leptos]\nname = 1\n";
    let case = Case::new().secrets().file(text).set("DRAIN_SECONDS", "4");
    let config = case.load().unwrap();
    assert_eq!(config.rate_limit_per_minute.get(), 7);
    assert_eq!(config.drain, Duration::from_secs(4));
}

#[rstest]
#[case("[settings]\nRATE_LIMIT = 7", "RATE_LIMIT")]
#[case("[settings]\nDRAIN_SECONDS = [1]", "DRAIN_SECONDS")]
#[case("settings = 1", "Leptos.toml")]
#[case("[settings]\nAPP_AUTH_SECRET = \"hunter22 hunter22", "Leptos.toml")]
fn a_wrong_settings_file_is_refused(#[case] text: &str, #[case] variable: &str) {
    let error = Case::new().secrets().file(text).problem();
    assert_eq!(error.variable, variable);
    assert!(!error.problem.contains("hunter22"), "{error}");
}

#[test]
fn a_value_can_come_from_a_file_but_not_from_two_places() {
    let case = Case::new().secrets();
    let path = case.dir.path().join("limit");
    fs::write(&path, "9\r\n").unwrap();
    let path = path.to_str().unwrap().to_owned();
    let case = case.set("RATE_LIMIT_PER_MINUTE_FILE", &path);
    assert_eq!(case.load().unwrap().rate_limit_per_minute.get(), 9);
    let case = case.set("RATE_LIMIT_PER_MINUTE", "9");
    assert_eq!(case.problem().variable, "RATE_LIMIT_PER_MINUTE");
    let case = Case::new()
        .secrets()
        .set("APP_AUTH_SECRET_FILE", "/nowhere/at/all");
    assert_eq!(case.problem().variable, "APP_AUTH_SECRET");
    let case = Case::new()
        .set("APP_ENCRYPTION_KEY", KEY)
        .set("APP_AUTH_SECRET_FILE", "/nowhere/at/all");
    assert_eq!(case.problem().variable, "APP_AUTH_SECRET_FILE");
}

#[test]
fn the_first_start_makes_both_secrets_for_the_owner_only_and_the_second_finds_them() {
    let case = Case::new();
    let first = case.load().unwrap();
    assert_eq!(first.keyring_source, SecretSource::Generated);
    assert_eq!(first.auth_secret_source, SecretSource::Generated);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&first.secrets_dir()), 0o700);
    let names: Vec<_> = fs::read_dir(first.secrets_dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let notices = first.notices();
    assert_eq!(notices.len(), 2);
    for (name, notice) in ["APP_ENCRYPTION_KEY", "APP_AUTH_SECRET"]
        .iter()
        .zip(&notices)
    {
        let path = first.secrets_dir().join(name);
        assert_eq!(mode(&path), 0o600);
        assert!(notice.starts_with(name) && notice.contains(path.to_str().unwrap()));
        assert!(!notice.contains(fs::read_to_string(path).unwrap().trim()));
    }
    let second = case.load().unwrap();
    assert_eq!(second.keyring_source, SecretSource::Stored);
    assert_eq!(
        second.keyring.current().check_value(1),
        first.keyring.current().check_value(1)
    );
    assert!(second.auth_secret == first.auth_secret);
    assert!(second.notices().is_empty());
}

#[test]
fn two_installations_never_share_a_secret() {
    let (one, two) = (Case::new().load().unwrap(), Case::new().load().unwrap());
    assert_ne!(
        one.keyring.current().check_value(1),
        two.keyring.current().check_value(1)
    );
    assert!(one.auth_secret != two.auth_secret);
}

#[test]
fn processes_that_start_at_once_agree_on_the_secrets() {
    let case = Case::new();
    let configs: Vec<Config> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| case.load().unwrap()))
            .collect();
        starts
            .into_iter()
            .map(|start| start.join().unwrap())
            .collect()
    });
    for config in &configs {
        assert_eq!(
            config.keyring.current().check_value(1),
            configs[0].keyring.current().check_value(1)
        );
        assert!(config.auth_secret == configs[0].auth_secret);
    }
}

#[rstest]
#[case("APP_ENCRYPTION_KEY", 0o640)]
#[case("APP_ENCRYPTION_KEY", 0o604)]
#[case("APP_AUTH_SECRET", 0o644)]
fn a_stored_secret_that_others_can_read_is_refused(#[case] name: &str, #[case] mode: u32) {
    let case = Case::new();
    let path = case.load().unwrap().secrets_dir().join(name);
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    assert_eq!(case.problem().variable, name);
}

#[rstest]
#[case("APP_ENCRYPTION_KEY")]
#[case("APP_AUTH_SECRET")]
fn a_stored_secret_that_is_damaged_is_refused_and_kept(#[case] name: &str) {
    let case = Case::new();
    let path = case.load().unwrap().secrets_dir().join(name);
    fs::write(&path, "short\n").unwrap();
    assert_eq!(case.problem().variable, name);
    assert_eq!(fs::read_to_string(&path).unwrap(), "short\n");
}

#[test]
fn a_database_without_its_key_never_gets_a_new_one() {
    for elsewhere in [false, true] {
        let mut case = Case::new();
        let mut database = case.data().join("keylm.db");
        if elsewhere {
            database = case.dir.path().join("other.db");
            case = case.set("DATABASE_URL", &format!("sqlite:{}", database.display()));
        }
        let made = case.load().unwrap();
        fs::write(&database, "").unwrap();
        assert!(case.load().is_ok());
        let key = made.secrets_dir().join("APP_ENCRYPTION_KEY");
        fs::remove_file(&key).unwrap();
        assert_eq!(case.problem().variable, "APP_ENCRYPTION_KEY");
        assert!(!key.exists());
    }
}

#[test]
fn every_variable_is_documented() {
    let page = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/docs/configuration.md"
    ))
    .unwrap();
    for name in variables() {
        assert!(
            page.contains(&format!("`{name}`")),
            "{name} is not in docs/configuration.md"
        );
    }
}

#[test]
fn a_pool_is_there_once_it_has_a_key() {
    let none = Case::new().secrets().set("FREE_USER_DAILY_LIMIT", "3");
    assert!(none.load().unwrap().pool.is_none());
    let case = Case::new()
        .secrets()
        .set("GROQ_API_KEY", "gsk_of-the-operator");
    let pool = case.load().unwrap().pool.unwrap();
    assert_eq!(pool.model.as_str(), "openai/gpt-oss-120b");
    assert_eq!((pool.limits.user, pool.limits.global), (50, 1000));
    assert!(!format!("{pool:?}").contains("gsk_"));
    let case = case
        .set("GROQ_FREE_FALLBACK_MODELS", "a/b, ,c")
        .set("FREE_GLOBAL_DAILY_LIMIT", "0");
    let pool = case.load().unwrap().pool.unwrap();
    let names: Vec<&str> = pool.fallbacks.iter().map(ModelId::as_str).collect();
    assert_eq!((names, pool.limits.global), (vec!["a/b", "c"], 0));
    let wrong = case.set("FREE_USER_DAILY_LIMIT", "many").problem();
    assert_eq!(wrong.variable, "FREE_USER_DAILY_LIMIT");
}
