//! Passwords: argon2id with OWASP's parameters, as many at a time as there are cores, and a short queue.

use super::secret::Secret;
use crate::server::clock::Env;
use crate::shared::validate::MAX_PASSWORD_BYTES;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// How many may wait for a core. Beyond that the answer is [`PasswordError::Busy`].
const QUEUE: usize = 32;
/// A stored hash that asks for more than this (256 MiB, 16 passes or lanes) was not written here.
const MOST: (u32, u32, u32) = (256 * 1024, 16, 16);
/// What an unknown account's password is hashed with.
const NOBODYS_SALT: [u8; 16] = [0; 16];

/// Why no verdict was reached. None of them says whether the password is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// The queue is full.
    #[error("too many passwords are being checked")]
    Busy,
    /// More than [`MAX_PASSWORD_BYTES`].
    #[error("the password is too long")]
    TooLong,
    /// The stored hash is none of ours.
    #[error("the stored password hash is corrupt")]
    Corrupt,
    /// The runtime is going down, or hashing broke.
    #[error("the password could not be hashed")]
    Failed,
}

/// What a password turned out to be.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordVerdict {
    /// The right one.
    Match,
    /// The right one, hashed with parameters that are out of date: hash it anew and store that.
    MatchRehash,
    /// The wrong one, or there is no account.
    NoMatch,
}

/// Hashes and checks passwords off the async threads. Cheap to clone; clones share the queue.
#[derive(Clone)]
pub struct Passwords {
    env: Env,
    /// One permit for each hash that runs or waits.
    places: Arc<Semaphore>,
    /// One permit for each hash that runs; each takes 19 MiB and a core.
    workers: Arc<Semaphore>,
}

impl Passwords {
    /// A hasher for as many hashes at a time as the machine has cores.
    #[must_use]
    pub fn new(env: Env) -> Self {
        Self::with_workers(
            env,
            std::thread::available_parallelism().map_or(1, usize::from),
        )
    }

    fn with_workers(env: Env, workers: usize) -> Self {
        Self {
            env,
            places: Arc::new(Semaphore::new(workers + QUEUE)),
            workers: Arc::new(Semaphore::new(workers)),
        }
    }

    /// The PHC string to store for `password`.
    ///
    /// # Errors
    /// `TooLong` before anything is hashed, `Busy` when the queue is full, `Failed`.
    pub async fn hash(&self, password: Secret) -> Result<String, PasswordError> {
        if password.expose().len() > MAX_PASSWORD_BYTES {
            return Err(PasswordError::TooLong);
        }
        let salt: [u8; 16] = self.env.random();
        self.run(move || hash(&password, &salt)).await?
    }

    /// Checks `password` against the stored `phc`; `None`, for an account that does not exist, costs the same.
    ///
    /// # Errors
    /// `Busy` when the queue is full, `Corrupt` for a hash that is none, `Failed`.
    pub async fn verify(
        &self,
        phc: Option<&str>,
        password: Secret,
    ) -> Result<PasswordVerdict, PasswordError> {
        if password.expose().len() > MAX_PASSWORD_BYTES {
            return Ok(PasswordVerdict::NoMatch);
        }
        let phc = phc.map(str::to_owned);
        self.run(move || match phc {
            Some(phc) => verify(&phc, &password),
            None => hash(&password, &NOBODYS_SALT).map(|_| PasswordVerdict::NoMatch),
        })
        .await?
    }

    /// Runs `work` on a blocking thread. The permits go with it: a caller who hangs up frees nothing early.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| PasswordError::Busy)?;
        let worker = Arc::clone(&self.workers)
            .acquire_owned()
            .await
            .map_err(|_| PasswordError::Failed)?;
        let task = tokio::task::spawn_blocking(move || {
            let _held = (place, worker);
            work()
        });
        task.await.map_err(|_| PasswordError::Failed)
    }
}

/// OWASP's minimum, which is the crate's default: 19 MiB, 2 passes, 1 lane.
fn argon() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

fn hash(password: &Secret, salt: &[u8]) -> Result<String, PasswordError> {
    let hash = argon().hash_password_with_salt(password.expose().as_bytes(), salt);
    hash.map(|hash| hash.to_string())
        .map_err(|_| PasswordError::Failed)
}

fn verify(phc: &str, password: &Secret) -> Result<PasswordVerdict, PasswordError> {
    let stored = PasswordHash::new(phc).map_err(|_| PasswordError::Corrupt)?;
    let params = Params::try_from(&stored).map_err(|_| PasswordError::Corrupt)?;
    let cost = (params.m_cost(), params.t_cost(), params.p_cost());
    if cost.0 > MOST.0
        || cost.1 > MOST.1
        || cost.2 > MOST.2
        || stored.salt.is_none()
        || stored.hash.is_none()
    {
        return Err(PasswordError::Corrupt);
    }
    match argon().verify_password(password.expose().as_bytes(), &stored) {
        Ok(()) => {
            let ours = (
                Params::DEFAULT_M_COST,
                Params::DEFAULT_T_COST,
                Params::DEFAULT_P_COST,
            );
            let current = cost == ours
                && stored.algorithm == Algorithm::Argon2id.ident()
                && stored.version == Some(Version::V0x13.into());
            Ok(if current {
                PasswordVerdict::Match
            } else {
                PasswordVerdict::MatchRehash
            })
        }
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(PasswordVerdict::NoMatch),
        Err(_) => Err(PasswordError::Corrupt),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let passwords = Passwords::new(Env::system());
        let phc = passwords.hash(secret("correct horse")).await.unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(!phc.contains("horse"));
        assert_eq!(
            passwords.verify(Some(&phc), secret("correct horse")).await,
            Ok(PasswordVerdict::Match)
        );
        assert_eq!(
            passwords.verify(Some(&phc), secret("Correct horse")).await,
            Ok(PasswordVerdict::NoMatch)
        );
        assert_eq!(
            passwords.verify(None, secret("correct horse")).await,
            Ok(PasswordVerdict::NoMatch)
        );
    }

    #[tokio::test]
    async fn the_same_password_never_has_the_same_hash() {
        let passwords = Passwords::new(Env::system());
        let (one, two) = (
            passwords.hash(secret("twice")).await,
            passwords.hash(secret("twice")).await,
        );
        assert_ne!(one.unwrap(), two.unwrap());
    }

    #[tokio::test]
    async fn a_hash_of_older_parameters_matches_and_asks_to_be_replaced() {
        let weak = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(64, 1, 1, None).unwrap(),
        );
        let phc = weak
            .hash_password_with_salt(b"old", b"sixteen bytes ok")
            .unwrap()
            .to_string();
        let passwords = Passwords::new(Env::system());
        assert_eq!(
            passwords.verify(Some(&phc), secret("old")).await,
            Ok(PasswordVerdict::MatchRehash)
        );
        assert_eq!(
            passwords.verify(Some(&phc), secret("new")).await,
            Ok(PasswordVerdict::NoMatch)
        );
    }

    #[tokio::test]
    async fn a_hash_that_is_none_is_corrupt_and_a_greedy_one_is_never_computed() {
        let passwords = Passwords::new(Env::system());
        for phc in [
            "",
            "plain",
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$argon2id$v=19$m=4000000,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert_eq!(
                passwords.verify(Some(phc), secret("x")).await,
                Err(PasswordError::Corrupt),
                "{phc}"
            );
        }
    }

    #[tokio::test]
    async fn a_password_that_is_too_long_is_never_hashed() {
        let passwords = Passwords::with_workers(Env::system(), 0);
        let long = "x".repeat(MAX_PASSWORD_BYTES + 1);
        assert_eq!(
            passwords.hash(secret(&long)).await,
            Err(PasswordError::TooLong)
        );
        assert_eq!(
            passwords.verify(None, secret(&long)).await,
            Ok(PasswordVerdict::NoMatch)
        );
    }

    #[tokio::test]
    async fn beyond_the_queue_the_answer_is_busy_and_places_come_back() {
        let passwords = Passwords::with_workers(Env::system(), 1);
        let (release, held) = mpsc::channel::<()>();
        let mut waiting = vec![];
        let first = passwords.clone();
        waiting.push(tokio::spawn(async move {
            first
                .run(move || {
                    let _ = held.recv();
                })
                .await
        }));
        for _ in 0..QUEUE {
            let next = passwords.clone();
            waiting.push(tokio::spawn(async move { next.run(|| ()).await }));
        }
        while passwords.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(
            passwords.verify(None, secret("one too many")).await,
            Err(PasswordError::Busy)
        );
        drop(release);
        for task in waiting {
            assert_eq!(task.await.unwrap(), Ok(()));
        }
        assert_eq!(passwords.places.available_permits(), QUEUE + 1);
    }

    #[tokio::test]
    async fn a_caller_who_hangs_up_does_not_free_the_core_that_still_works() {
        let passwords = Passwords::with_workers(Env::system(), 1);
        let (release, held) = mpsc::channel::<()>();
        let (started, starts) = mpsc::channel::<()>();
        let gone = passwords.clone();
        let task = tokio::spawn(async move {
            gone.run(move || {
                drop(started);
                let _ = held.recv();
            })
            .await
        });
        while starts.try_recv() == Err(mpsc::TryRecvError::Empty) {
            tokio::task::yield_now().await;
        }
        task.abort();
        assert!(task.await.is_err());
        assert_eq!(passwords.workers.available_permits(), 0);
        drop(release);
        while passwords.workers.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
    }
}
