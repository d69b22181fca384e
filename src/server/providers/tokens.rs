//! Short-lived tokens that a provider's token service gives for a credential. Kept in memory only.

use super::account::Account;
use crate::server::crypto::secret::Secret;
use crate::shared::time::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// A token is not used in the last minutes of its life, which clocks disagree about.
const MARGIN_MS: i64 = 5 * 60_000;

/// What a token service gave.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token.
    pub secret: Secret,
    /// How long it lasts, in milliseconds.
    pub lasts_ms: i64,
}

/// The tokens of all accounts, by a digest of the account.
#[derive(Default)]
pub struct Tokens(Mutex<HashMap<[u8; 32], (Secret, Timestamp)>>);

impl Tokens {
    /// The token of an account, if it has one that lasts.
    #[must_use]
    pub fn get(&self, account: &Account, now: Timestamp) -> Option<Secret> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (token, until) = tokens.get(&digest(account))?;
        (*until > now).then(|| token.clone())
    }

    /// Keeps a token, and drops those whose time is over.
    pub fn put(&self, account: &Account, token: &Token, now: Timestamp) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, (_, until)| *until > now);
        let until = now.plus_ms(token.lasts_ms - MARGIN_MS);
        tokens.insert(digest(account), (token.secret.clone(), until));
    }

    /// Forgets the token that these headers carried, since it was refused. Tells whether there was one.
    pub fn refused(&self, headers: &[(&'static str, Secret)]) -> bool {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = tokens.len();
        let carries = |token: &Secret| {
            (headers.iter()).any(|(_, value)| value.expose().ends_with(token.expose()))
        };
        tokens.retain(|_, (token, _)| !carries(token));
        tokens.len() < before
    }
}

fn digest(account: &Account) -> [u8; 32] {
    let fields = account.credential.0.iter();
    let fields = fields.flat_map(|(name, value)| [name.as_str(), value.expose()]);
    let mut hash = Sha256::new();
    for part in account.origins.iter().map(url::Url::as_str).chain(fields) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::super::Credential;
    use super::*;

    #[test]
    fn a_token_is_its_accounts_alone_and_ends_before_its_time() {
        let account = |key: &str| {
            let origin = "https://a.example".parse().unwrap();
            Account::new(vec![origin], Credential::key(Secret::new(key.to_owned())))
        };
        let token = Token {
            secret: Secret::new("t".to_owned()),
            lasts_ms: 3_600_000,
        };
        let tokens = Tokens::default();
        let now = Timestamp(0);
        tokens.put(&account("one"), &token, now);
        let known = |key: &str, now| tokens.get(&account(key), now).is_some();
        assert!(known("one", now) && !known("two", now));
        assert!(known("one", Timestamp(3_299_999)) && !known("one", Timestamp(3_300_000)));
        let bearer = |token: &str| [("authorization", Secret::new(format!("Bearer {token}")))];
        assert!(!tokens.refused(&bearer("other")) && known("one", now));
        assert!(tokens.refused(&bearer("t")) && !known("one", now));
    }
}
