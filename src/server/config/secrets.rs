//! `APP_ENCRYPTION_KEY` and `APP_AUTH_SECRET`: given, stored below the data folder, or made on the first start.

use super::{ConfigError, Database, MasterKeys, Source, secrets_dir};
use crate::server::clock::Env;
use crate::server::crypto::envelope::Keyring;
use crate::server::crypto::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The variable of the master keys.
pub const KEY: &str = "APP_ENCRYPTION_KEY";
const AUTH: &str = "APP_AUTH_SECRET";
/// Fewer characters can be guessed.
const MIN_AUTH_CHARS: usize = 16;

/// Where a secret came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// The environment or the settings file, directly or by the name of a file.
    Given,
    /// The file below the data folder that an earlier start made.
    Stored,
    /// Made by this start.
    Generated,
}

/// Both secrets.
pub struct Secrets {
    pub keyring: MasterKeys,
    pub keyring_source: SecretSource,
    pub auth_secret: Secret,
    pub auth_secret_source: SecretSource,
}

/// Finds both secrets, and makes what is missing once everything else is in order.
pub fn resolve(
    source: &Source<'_>,
    data_dir: &Path,
    database: &Database,
) -> Result<Secrets, ConfigError> {
    let key = find(source, data_dir, KEY)?
        .map(|(text, origin)| Ok((master_keys(&text)?, origin)))
        .transpose()?;
    let auth = find(source, data_dir, AUTH)?
        .map(|(text, origin)| Ok((auth_secret(&text)?, origin)))
        .transpose()?;
    let (keyring, keyring_source) = if let Some(found) = key {
        found
    } else {
        refuse_for_existing(data_dir, database)?;
        (master_keys(&make(data_dir, KEY)?)?, SecretSource::Generated)
    };
    let (auth_secret, auth_secret_source) = if let Some(found) = auth {
        found
    } else {
        (
            auth_secret(&make(data_dir, AUTH)?)?,
            SecretSource::Generated,
        )
    };
    let own = (keyring_source != SecretSource::Given).then(|| secrets_dir(data_dir).join(KEY));
    Ok(Secrets {
        keyring: MasterKeys::new(keyring, own),
        keyring_source,
        auth_secret,
        auth_secret_source,
    })
}

/// A database that is there holds keys that a new master key could never open. (Unless the key is there, too, by now:
/// another process is on its first start.)
fn refuse_for_existing(data_dir: &Path, database: &Database) -> Result<(), ConfigError> {
    let (key, default) = (secrets_dir(data_dir).join(KEY), data_dir.join("keylm.db"));
    let Database::Sqlite(configured) = database else {
        return Ok(());
    };
    let existing = [configured, &default]
        .into_iter()
        .find(|path| path.exists());
    let Some(existing) = existing.filter(|_| !key.exists()) else {
        return Ok(());
    };
    let (existing, key) = (existing.display(), key.display());
    let problem = format!(
        "is missing, but the database {existing} exists. Put the key that it was made with back into {key} or into the \
         environment; a new one could not read it"
    );
    Err(ConfigError::new(KEY, problem))
}

/// The secret's text where it is given or stored.
fn find(
    source: &Source<'_>,
    data_dir: &Path,
    name: &str,
) -> Result<Option<(Zeroizing<String>, SecretSource)>, ConfigError> {
    if let Some(text) = source.raw(name)? {
        return Ok(Some((Zeroizing::new(text), SecretSource::Given)));
    }
    let path = secrets_dir(data_dir).join(name);
    let fault = |error: io::Error| {
        ConfigError::new(name, format!("{} cannot be read: {error}", path.display()))
    };
    let metadata = match fs::metadata(&path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault(error)),
    };
    if metadata.permissions().mode() & 0o077 != 0 {
        let problem = format!(
            "{} is open to other users; run chmod 600 on it",
            path.display()
        );
        return Err(ConfigError::new(name, problem));
    }
    let text = Zeroizing::new(fs::read_to_string(&path).map_err(fault)?);
    Ok(Some((
        Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()),
        SecretSource::Stored,
    )))
}

/// Makes 256 random bits and stores them as base64, in a folder and a file for the owner only. When another process
/// was faster, its secret is the answer.
fn make(data_dir: &Path, name: &str) -> Result<Zeroizing<String>, ConfigError> {
    let world = Env::system();
    let dir = secrets_dir(data_dir);
    let path = dir.join(name);
    let text = Zeroizing::new(STANDARD.encode(Zeroizing::new(world.random::<32>())));
    let temporary = dir.join(format!(".{name}.{}", world.uuid()));
    let stored = write_new(&dir, &temporary, &path, &text);
    let removed = match fs::remove_file(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    match stored.and(removed) {
        Ok(()) => Ok(text),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let text =
                fs::read_to_string(&path).map_err(|error| unwritable(name, &path, &error))?;
            Ok(Zeroizing::new(text.trim_end().to_owned()))
        }
        Err(error) => Err(unwritable(name, &path, &error)),
    }
}

fn unwritable(name: &str, path: &Path, error: &io::Error) -> ConfigError {
    ConfigError::new(
        name,
        format!("is not set, and {} cannot be made: {error}", path.display()),
    )
}

/// The link, which never replaces a file, makes the whole content appear at once.
fn write_new(dir: &PathBuf, temporary: &Path, path: &Path, text: &str) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(temporary)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    fs::hard_link(temporary, path)?;
    File::open(dir)?.sync_all()
}

/// `BASE64`, or `2:BASE64,1:BASE64` with the active key first.
pub fn master_keys(text: &str) -> Result<Keyring, ConfigError> {
    let expected = "32 bytes in base64 (openssl rand -base64 32), or 2:BASE64,1:BASE64 with the active key first";
    let wrong = |what: String| ConfigError::new(KEY, format!("{what}; expected {expected}"));
    let mut keys = Zeroizing::new(Vec::new());
    for entry in text.split(',') {
        let (id, body) = match entry.split_once(':') {
            Some((id, body)) => (id, body),
            None if entry == text => ("1", entry),
            None => return Err(wrong("a key of several has no number".to_owned())),
        };
        let digits = !id.is_empty() && id.chars().all(|c| c.is_ascii_digit());
        let id = id
            .parse::<u32>()
            .ok()
            .filter(|_| digits)
            .ok_or_else(|| wrong("a key's number is none".to_owned()))?;
        let bytes = STANDARD
            .decode(body)
            .map(Zeroizing::new)
            .map_err(|_| wrong("is not base64".to_owned()))?;
        let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| {
            let hint = if body.chars().all(|c| c.is_ascii_hexdigit()) {
                " and looks like hexadecimal"
            } else {
                ""
            };
            wrong(format!("is {} bytes long{hint}", bytes.len()))
        })?;
        if key == [0; 32] {
            return Err(wrong("is all zeros, which is no secret".to_owned()));
        }
        keys.push((id, key));
    }
    Keyring::new(std::mem::take(&mut *keys)).map_err(|error| wrong(error.to_string()))
}

fn auth_secret(text: &str) -> Result<Secret, ConfigError> {
    if text.chars().count() < MIN_AUTH_CHARS || text.trim() != text {
        return Err(ConfigError::new(
            AUTH,
            format!("expected at least {MIN_AUTH_CHARS} characters without blanks around them"),
        ));
    }
    Ok(Secret::new(text.to_owned()))
}
