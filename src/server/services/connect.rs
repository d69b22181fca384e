//! Connecting without a key to paste: the person lets us in at the provider, and the provider gives us a key (PKCE, RFC 7636).
//!
//! What changes the code that they bring back for the key is never stored and never leaves this server but in that
//! exchange: it is derived from their session and from what they were sent with, so that nobody else's code fits.

use super::{Result, ServiceError, Services};
use crate::server::crypto::digest;
use crate::server::crypto::secret::Secret;
use crate::server::providers::{Connect, Credential, Provider};
use crate::server::store::connects::{self, Leaving};
use crate::shared::error::ErrorCode;
use crate::shared::ids::{ProviderId, UserId};
use crate::shared::provider::KeyView;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use url::Url;

/// How long a person may take at the provider.
const WAIT_MS: i64 = 10 * 60_000;

impl Services {
    /// Whether a provider gives out keys by itself, and would find the way back to us.
    pub(super) fn connects(&self, provider: &'static dyn Provider) -> bool {
        self.door(provider).is_ok()
    }

    /// Where to send a person of this session, so that they come back with a code.
    ///
    /// # Errors
    /// `NotFound` where there is nothing to connect to, or no way back.
    pub async fn leave_to_connect(&self, session: &Secret, id: &ProviderId) -> Result<Url> {
        let provider = Self::provider(id)?;
        let (connect, base) = self.door(provider)?;
        let state = URL_SAFE_NO_PAD.encode(self.0.env.random::<32>());
        let mut callback = self.callback(id)?;
        callback.query_pairs_mut().append_pair("state", &state);
        let verifier = self.verifier(session, id, &state);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose()));
        let page = (connect.page)(&base, &callback, &challenge).ok_or(ServiceError::NotFound)?;
        let who = Leaving {
            session_hash: &self.token_hash(session.expose()),
            provider: id,
            state_hash: &self.token_hash(&state),
        };
        let until = self.0.env.now().plus_ms(WAIT_MS);
        connects::leave(&self.0.db, who, until).await?;
        Ok(page)
    }

    /// Changes the code that a person brought back for a key, and stores that like a pasted one.
    ///
    /// # Errors
    /// `NotConnected` when they were not sent from this session, or came back too late or twice, or when the provider does
    /// not take the code; otherwise as [`Services::add_key`].
    pub async fn come_back_connected(
        &self,
        user: &UserId,
        session: &Secret,
        id: &ProviderId,
        code: &str,
        state: &str,
    ) -> Result<KeyView> {
        let provider = Self::provider(id)?;
        let (connect, base) = self.door(provider)?;
        let who = Leaving {
            session_hash: &self.token_hash(session.expose()),
            provider: id,
            state_hash: &self.token_hash(state),
        };
        if !connects::come_back(&self.0.db, who, self.0.env.now()).await? {
            return Err(ServiceError::NotConnected);
        }
        let name = provider.info().name;
        let wrap = |error| ServiceError::Provider { error, name };
        let verifier = self.verifier(session, id, state);
        let request = (connect.exchange)(&base, code, &verifier).map_err(wrap)?;
        let body = self.0.transport.fetch(provider, request).await;
        let body = body.map_err(|error| match error.status {
            Some(400..=499) if error.code != ErrorCode::RateLimited => ServiceError::NotConnected,
            _ => wrap(error),
        })?;
        let key = (connect.key)(&body).map_err(wrap)?;
        let given = HashMap::from([("key".to_owned(), key.expose().to_owned())]);
        self.add_key(user, id, given, Some("Connected")).await
    }

    /// How a provider connects, and its address.
    fn door(&self, provider: &'static dyn Provider) -> Result<(&'static Connect, Url)> {
        let connect = provider.connect().ok_or(ServiceError::NotFound)?;
        let nobody = Credential(BTreeMap::new());
        let origins = provider.origins(&self.0.overrides, &nobody);
        let origins = origins.map_err(|_| ServiceError::NotFound)?;
        let base = origins.into_iter().next().ok_or(ServiceError::NotFound)?;
        let callback = self.callback(&Self::id_of(provider)?)?;
        let there = (connect.page)(&base, &callback, "").is_some();
        if there {
            Ok((connect, base))
        } else {
            Err(ServiceError::NotFound)
        }
    }

    fn callback(&self, id: &ProviderId) -> Result<Url> {
        let home = self.0.home.as_ref().ok_or(ServiceError::NotFound)?;
        let url = format!("{home}/api/providers/{id}/callback");
        Url::parse(&url).map_err(|_| ServiceError::NotFound)
    }

    fn verifier(&self, session: &Secret, id: &ProviderId, state: &str) -> Secret {
        let parts = [session.expose(), id.as_str(), state];
        digest::code_verifier(&self.0.auth_secret, &parts)
    }
}
