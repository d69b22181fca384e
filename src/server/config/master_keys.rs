//! The master keys of a running process, and the file that holds them where no operator does. A process takes up what
//! another one changed in that file, so that keys are rotated without a restart.

use super::{ConfigError, secrets};
use crate::server::clock::Env;
use crate::server::crypto::envelope::Keyring;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use zeroize::Zeroizing;

/// How often the file is looked at. What is sealed under a key that is not known yet is looked up at once.
const LOOK: Duration = Duration::from_secs(2);

/// The master keys as they are now. Printing them shows their numbers only.
#[derive(Debug)]
pub struct MasterKeys {
    ring: RwLock<Arc<Keyring>>,
    file: Option<PathBuf>,
}

impl MasterKeys {
    /// `ring`, which `file` holds; without one it stays as it is until the process ends.
    pub(super) fn new(ring: Keyring, file: Option<PathBuf>) -> Self {
        Self {
            ring: RwLock::new(Arc::new(ring)),
            file,
        }
    }

    /// The keys to work with. Taken anew for each piece of work.
    #[must_use]
    pub fn current(&self) -> Arc<Keyring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The file that may be changed; none where the operator gave the keys.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Reads the file again. What it holds is taken up if it is good; else the process goes on with what it has.
    pub fn reload(&self) {
        let Some(path) = &self.file else { return };
        match text(path).and_then(|text| secrets::master_keys(&text)) {
            Ok(ring) if ring.ids() == self.current().ids() => {}
            Ok(ring) => {
                tracing::info!(ids = ?ring.ids(), "the master keys have changed");
                *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
            }
            Err(error) => tracing::error!(%error, "the master keys could not be read again"),
        }
    }

    /// Takes up changes of the file for as long as the process lives.
    pub async fn watch(self: Arc<Self>) {
        let Some(path) = &self.file else { return };
        let look = || {
            let about = fs::metadata(path).ok()?;
            Some((about.modified().ok()?, about.len()))
        };
        let mut seen = look();
        loop {
            tokio::time::sleep(LOOK).await;
            let now = look();
            if now != seen {
                seen = now;
                self.reload();
            }
        }
    }

    /// Puts a new key, number `id`, in front of the others in the file.
    ///
    /// # Errors
    /// When the file cannot be read or replaced.
    pub fn add(&self, path: &Path, id: u32, env: &Env) -> Result<(), ConfigError> {
        let old = text(path)?;
        let key = Zeroizing::new(STANDARD.encode(Zeroizing::new(env.random::<32>())));
        // A first key stands there without its number.
        let old = if old.contains(':') {
            old
        } else {
            Zeroizing::new(format!("1:{}", old.as_str()))
        };
        let new = Zeroizing::new(format!("{id}:{},{}", key.as_str(), old.as_str()));
        self.store(path, &new, env)
    }

    /// Takes key number `id` out of the file.
    ///
    /// # Errors
    /// When the file cannot be read or replaced.
    pub fn remove(&self, path: &Path, id: u32, env: &Env) -> Result<(), ConfigError> {
        let old = text(path)?;
        let head = format!("{id}:");
        let left: Vec<&str> = old
            .split(',')
            .filter(|key| !key.starts_with(&head))
            .collect();
        self.store(path, &Zeroizing::new(left.join(",")), env)
    }

    fn store(&self, path: &Path, text: &str, env: &Env) -> Result<(), ConfigError> {
        // Nothing is written that the next start could not read.
        secrets::master_keys(text)?;
        let temporary = path.with_extension(env.uuid());
        replace(path, &temporary, text).map_err(|error| {
            let _ = fs::remove_file(&temporary);
            fault(path, "replaced", &error)
        })?;
        self.reload();
        Ok(())
    }
}

fn text(path: &Path) -> Result<Zeroizing<String>, ConfigError> {
    let text = fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|error| fault(path, "read", &error))?;
    Ok(Zeroizing::new(text.trim_end().to_owned()))
}

fn fault(path: &Path, what: &str, error: &io::Error) -> ConfigError {
    let problem = format!("{} cannot be {what}: {error}", path.display());
    ConfigError::new(secrets::KEY, problem)
}

/// The old content or the new one, whatever happens in between.
fn replace(path: &Path, temporary: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(temporary)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    fs::rename(temporary, path)?;
    path.parent()
        .map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}
