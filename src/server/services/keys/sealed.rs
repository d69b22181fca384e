//! How a credential is sealed into its row, and opened again.

use super::super::{Result, ServiceError, Services, unreadable};
use super::lent;
use crate::server::crypto::envelope::{self, Binding, CryptoError};
use crate::server::crypto::secret::Secret;
use crate::server::providers::account::Account;
use crate::server::providers::{Credential, Provider};
use crate::server::store::instance;
use crate::server::store::provider_keys::{self, Sealed, StoredKey};
use crate::shared::error::AppError;
use crate::shared::ids::{KeyId, ProviderId, UserId};
use crate::shared::provider::KeyStatus;
use std::collections::BTreeMap;

/// A secret shorter than this shows nothing of itself in its mask.
const MASKABLE: usize = 16;

/// Where a sealed credential goes.
#[derive(Clone, Copy)]
pub(super) struct Slot<'a> {
    pub(super) user: &'a UserId,
    pub(super) provider: &'a ProviderId,
    pub(super) key: &'a KeyId,
    pub(super) label: &'a str,
    /// The version that it replaces; none for a new key.
    pub(super) instead: Option<i64>,
}

fn mask(provider: &dyn Provider, credential: &Credential) -> String {
    let mut names = provider.info().shown.iter();
    let shown = names.find_map(|name| credential.0.get(*name));
    let shown = shown.map_or("", Secret::expose);
    let tail: String = shown
        .chars()
        .skip(shown.chars().count().saturating_sub(4))
        .collect();
    if shown.len() >= MASKABLE {
        format!("…{tail}")
    } else {
        "…".to_owned()
    }
}

impl Services {
    pub(in crate::server::services) fn account(
        &self,
        provider: &'static dyn Provider,
        credential: Credential,
    ) -> Result<Account> {
        let origins = provider
            .origins(&self.0.overrides, &credential)
            .map_err(|error| ServiceError::Provider {
                error,
                name: provider.info().name,
            })?;
        let fields = provider.info().fields.iter();
        let missing = fields.filter(|field| !credential.0.contains_key(field.name));
        let lent = missing
            .filter_map(|field| Some((field.name.to_owned(), lent(field, &self.0.lent)?.clone())));
        Ok(Account {
            lent: Credential(lent.collect()),
            ..Account::new(origins, credential)
        })
    }

    /// Seals a credential under the active master key and stores it, in one transaction with the count of the wraps.
    pub(super) async fn store(
        &self,
        slot: Slot<'_>,
        provider: &dyn Provider,
        account: &Account,
        status: KeyStatus,
    ) -> Result<()> {
        let version = slot.instead.map_or(1, |old| old + 1);
        let (origin, mask) = (account.sealed_for(), mask(provider, &account.credential));
        let plain: BTreeMap<&str, &str> = account
            .credential
            .0
            .iter()
            .map(|(name, secret)| (name.as_str(), secret.expose()))
            .collect();
        let plain = Secret::new(serde_json::to_string(&plain).unwrap_or_default());
        let binding = self.binding(slot.user, provider, slot.key, &origin, version);
        let now = self.0.env.now();
        // Once more, for a master key that was retired since this process read its keys.
        for _ in 0..2 {
            let ring = self.0.keyring.current();
            let kek_id = i64::from(ring.active_id());
            let blob = envelope::encode(&ring.seal(&self.0.env, &binding, &plain)?)?;
            let sealed = Sealed {
                origin: &origin,
                mask: &mask,
                version,
                kek_id,
                blob: &blob,
                status,
            };
            let mut tx = self.0.db.begin().await?;
            let check = ring.check_value(ring.active_id()).unwrap_or_default();
            instance::add_master_key(&mut tx, kek_id, &check, now).await?;
            if !instance::count_wraps(&mut tx, kek_id, &check, 1).await? {
                drop(tx);
                self.0.keyring.reload();
                continue;
            }
            let Slot {
                user,
                provider,
                key,
                label,
                instead,
            } = slot;
            let there = if let Some(old) = instead {
                provider_keys::replace(&mut tx, user, key, old, label, &sealed, now).await?
            } else {
                provider_keys::insert(&mut tx, user, provider, key, label, &sealed, now).await?;
                true
            };
            if !there {
                return Err(ServiceError::NotFound);
            }
            return Ok(tx.commit().await?);
        }
        Err(CryptoError::RetiredMasterKey(self.0.keyring.current().active_id()).into())
    }

    fn binding<'a>(
        &'a self,
        user: &'a UserId,
        provider: &'a dyn Provider,
        key: &'a KeyId,
        origin: &'a str,
        version: i64,
    ) -> Binding<'a> {
        Binding {
            instance: &self.0.instance,
            row: key.as_str(),
            user: user.as_str(),
            provider: provider.info().id,
            origin,
            version,
        }
    }

    /// Opens a key, or marks it as one that does not open. What opens again after all is marked so, too.
    pub(super) async fn open(
        &self,
        user: &UserId,
        provider: &'static dyn Provider,
        key: &StoredKey,
    ) -> Result<Account> {
        // Sealed for one origin: one that was changed in the row does not open, and one that the operator changed, or that
        // the credential itself names no more, is not where it may go.
        let binding = self.binding(user, provider, &key.view.id, &key.origin, key.version);
        let unseal = || {
            envelope::decode(&key.blob)
                .and_then(|blob| self.0.keyring.current().open(&binding, &blob))
        };
        let mut opened = unseal();
        if let Err(CryptoError::UnknownMasterKey(_)) = opened {
            // Rewrapped before this process has looked at its master keys again.
            self.0.keyring.reload();
            opened = unseal();
        }
        let opened = opened
            .ok()
            .and_then(|plain| serde_json::from_str::<BTreeMap<String, String>>(plain.expose()).ok())
            .map(|fields| {
                let secret = |(name, value)| (name, Secret::new(value));
                Credential(fields.into_iter().map(secret).collect())
            })
            .and_then(|credential| self.account(provider, credential).ok())
            .filter(|account| account.sealed_for() == key.origin);
        let was_unreadable = key.view.status == KeyStatus::Unreadable;
        let Some(account) = opened else {
            let name = provider.info().name;
            if !was_unreadable {
                tracing::warn!(user.id = %user, key.id = %key.view.id, provider = provider.info().id, "a stored key does not open");
                let error = unreadable(name);
                self.note_status(key, KeyStatus::Unreadable, Some(&error))
                    .await?;
            }
            return Err(ServiceError::KeyUnreadable { provider: name });
        };
        if was_unreadable {
            self.note_status(key, KeyStatus::Unverified, None).await?;
        }
        Ok(account)
    }

    async fn note_status(
        &self,
        key: &StoredKey,
        status: KeyStatus,
        error: Option<&AppError>,
    ) -> Result<()> {
        let (id, version) = (&key.view.id, key.version);
        let error = error.map(|error| (error, self.0.env.now()));
        Ok(provider_keys::note(&self.0.db, id, version, status, error, None).await?)
    }
}
