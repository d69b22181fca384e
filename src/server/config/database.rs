//! `DATABASE_URL`.

use crate::server::crypto::secret::Secret;
use std::fmt;
use std::path::PathBuf;
use url::Url;

/// Where the data is.
#[derive(Clone)]
pub enum Database {
    /// An embedded SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL server, by its URL.
    Postgres(Secret),
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Without user, password and parameters.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => {
                let url = Url::parse(url.expose()).ok();
                let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
                write!(f, "postgres://{host}{}", url.as_ref().map_or("", Url::path))
            }
        }
    }
}

/// `sqlite:PATH`, `sqlite://PATH` or a PostgreSQL URL.
pub fn parse(text: &str) -> Result<Database, String> {
    let expected =
        "sqlite:PATH, like sqlite:./data/keylm.db, or postgres://USER:PASSWORD@HOST/NAME";
    if let Some(path) = text.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        // Other tools want to be told that the file may be created; here it always may.
        let path = path.strip_suffix("?mode=rwc").unwrap_or(path);
        if path.is_empty() || path.contains('?') || path.starts_with(':') {
            return Err(format!("{expected} (a file, without parameters)"));
        }
        return Ok(Database::Sqlite(PathBuf::from(path)));
    }
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "postgres" | "postgresql") && text.contains("://") => {
            Ok(Database::Postgres(Secret::new(text.to_owned())))
        }
        _ => Err(expected.to_owned()),
    }
}
