//! The vault: provider keys in, never out. What is stored was accepted by its provider, and is sealed to its row, its
//! owner and its origin.

mod sealed;

use super::{Lent, Result, ServiceError, Services};
use crate::server::catalog::Listed;
use crate::server::crypto::secret::Secret;
use crate::server::engine::payers::Payer;
use crate::server::providers::account::Account;
use crate::server::providers::free::FREE;
use crate::server::providers::{
    self, Credential, FieldInfo, FieldKind, Provider, ProviderError, REGISTRY,
};
use crate::server::store::answers;
use crate::server::store::provider_keys::{self, StoredKey};
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::ids::{KeyId, ModelId, ProviderId, UserId};
use crate::shared::provider::{CredentialField, FieldChoice, KeyStatus, KeyView, ProviderView};
use crate::shared::validate::{
    MAX_LABEL_CHARS, address_problem, choice_problem, document_problem, host_label_problem,
    key_problem, text_problem,
};
use sealed::Slot;
use std::collections::{BTreeMap, HashMap};

/// What a provider said of a key that it accepted.
struct Accepted {
    status: KeyStatus,
    listed: Listed,
    warning: Option<String>,
}

/// A key, opened.
pub struct Opened {
    /// The key.
    pub key: StoredKey,
    /// Its credential, and where that may go.
    pub account: Account,
}

/// What may be changed of a key without its secret.
#[derive(Default)]
pub struct KeyChange {
    /// A new label.
    pub label: Option<String>,
    /// On or off.
    pub active: Option<bool>,
    /// A new place in the order, from 0.
    pub position: Option<usize>,
}

/// What a key is called that nobody gave a name.
pub(super) fn unnamed(provider: &str) -> String {
    [provider, " key"].concat()
}

fn clean_label(label: Option<&str>) -> Result<Option<String>> {
    let label = label.map(str::trim).filter(|label| !label.is_empty());
    if label.is_some_and(|label| {
        label.chars().count() > MAX_LABEL_CHARS || label.chars().any(char::is_control)
    }) {
        return Err(ServiceError::field(
            "label",
            "Use at most 60 characters, without line breaks.",
        ));
    }
    Ok(label.map(str::to_owned))
}

/// What the operator lends for a field that stays empty.
pub(super) fn lent<'a>(field: &FieldInfo, lent: &'a Lent) -> Option<&'a Secret> {
    match field.kind {
        FieldKind::LentSecret(var) => lent.get(var),
        _ => None,
    }
}

fn credential(
    provider: &dyn Provider,
    mut given: HashMap<String, String>,
    lends: &Lent,
) -> Result<Credential> {
    let mut problems = BTreeMap::new();
    let mut fields = BTreeMap::new();
    for field in provider.info().fields {
        let value = given
            .remove(field.name)
            .unwrap_or_default()
            .trim()
            .to_owned();
        if value.is_empty() && (!field.required || lent(field, lends).is_some()) {
            continue;
        }
        let problem = match field.kind {
            FieldKind::Secret | FieldKind::LentSecret(_) => key_problem(&value),
            FieldKind::SecretDocument => document_problem(&value),
            FieldKind::Text => text_problem(&value),
            FieldKind::HostLabel => host_label_problem(&value),
            FieldKind::Address => address_problem(&value),
            FieldKind::Choice(choices) => choice_problem(&value, choices),
        };
        match problem {
            Some(problem) => drop(problems.insert(field.name.to_owned(), problem.to_owned())),
            None => drop(fields.insert(field.name.to_owned(), Secret::new(value))),
        }
    }
    if !problems.is_empty() {
        return Err(ServiceError::Validation(problems));
    }
    let complete = provider.complete(Credential(fields));
    complete.map_err(|(field, problem)| ServiceError::field(field, problem))
}

impl Services {
    /// All providers, with how many keys the person has at each.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn providers(&self, user: &UserId) -> Result<Vec<ProviderView>> {
        let keys = provider_keys::list(&self.0.db, user, None).await?;
        let view = |provider: &&'static dyn Provider| {
            let info = provider.info();
            if !self.offers(*provider) {
                return None;
            }
            let own = || {
                keys.iter()
                    .filter(|key| key.view.provider.as_str() == info.id)
            };
            Some(ProviderView {
                id: info.id.parse().ok()?,
                name: info.name.to_owned(),
                key_hint: info.key_hint.to_owned(),
                docs_url: info.docs_url.to_owned(),
                credential_fields: info
                    .fields
                    .iter()
                    .map(|field| self.field_view(field))
                    .collect(),
                connected: own().any(|key| key.view.active && key.view.status.is_usable()),
                keys: u32::try_from(own().count()).unwrap_or(u32::MAX),
                connect: self.connects(*provider),
            })
        };
        let mut views: Vec<ProviderView> = REGISTRY.iter().filter_map(view).collect();
        if self.0.pool.is_some() {
            let info = FREE.info();
            views.push(ProviderView {
                id: Self::id_of(&FREE)?,
                name: info.name.to_owned(),
                key_hint: info.key_hint.to_owned(),
                docs_url: info.docs_url.to_owned(),
                credential_fields: Vec::new(),
                connected: true,
                keys: 0,
                connect: false,
            });
        }
        Ok(views)
    }

    fn field_view(&self, field: &FieldInfo) -> CredentialField {
        let choices: &[(&str, &str)] = match field.kind {
            FieldKind::Choice(choices) => choices,
            _ => &[],
        };
        let lent = lent(field, &self.0.lent).is_some();
        let empty = if lent {
            " (empty: this server’s)"
        } else {
            ""
        };
        CredentialField {
            name: field.name.to_owned(),
            label: format!("{}{empty}", field.label),
            secret: field.kind.is_secret(),
            required: field.required && !lent,
            multiline: field.kind.is_multiline(),
            choices: choices
                .iter()
                .map(|(value, label)| FieldChoice {
                    value: (*value).to_owned(),
                    label: (*label).to_owned(),
                })
                .collect(),
        }
    }

    /// The person's keys at a provider, or at all, in the order in which they are tried.
    ///
    /// # Errors
    /// `NotFound` for a provider that this build does not speak.
    pub async fn keys(&self, user: &UserId, provider: Option<&ProviderId>) -> Result<Vec<KeyView>> {
        if let Some(provider) = provider {
            Self::provider(provider)?;
        }
        let keys = provider_keys::list(&self.0.db, user, provider).await?;
        Ok(keys.into_iter().map(|key| key.view).collect())
    }

    /// Stores a credential once the provider accepted it. A refused one leaves nothing behind.
    ///
    /// # Errors
    /// `Validation` names the field; `Provider` says why it was refused.
    pub async fn add_key(
        &self,
        user: &UserId,
        id: &ProviderId,
        given: HashMap<String, String>,
        label: Option<&str>,
    ) -> Result<KeyView> {
        let provider = Self::provider(id)?;
        if !self.offers(provider) {
            return Err(ServiceError::NotFound);
        }
        let label = clean_label(label)?;
        let credential = credential(provider, given, &self.0.lent)?;
        let account = self.account(provider, credential)?;
        let accepted = self.accepted(provider, &account).await?;
        let key: KeyId = self
            .0
            .env
            .uuid()
            .parse()
            .map_err(|_| ServiceError::NotFound)?;
        let label = match label {
            Some(label) => label,
            None => unnamed(provider.info().name),
        };
        let slot = Slot {
            user,
            provider: id,
            key: &key,
            label: &label,
            instead: None,
        };
        self.store(slot, provider, &account, accepted.status)
            .await?;
        self.keep_models(user, id, &key, accepted).await?;
        tracing::info!(user.id = %user, key.id = %key, provider = id.as_str(), "key added");
        self.key(user, id, &key).await
    }

    /// Puts a new credential in a key's place once the provider accepted it. The old one is overwritten.
    ///
    /// # Errors
    /// As [`Services::add_key`]; `NotFound` when the key is not there.
    pub async fn replace_key(
        &self,
        user: &UserId,
        id: &ProviderId,
        key: &KeyId,
        given: HashMap<String, String>,
        label: Option<&str>,
    ) -> Result<KeyView> {
        let provider = Self::provider(id)?;
        let label = clean_label(label)?;
        let old = provider_keys::get(&self.0.db, user, id, key)
            .await?
            .ok_or(ServiceError::NotFound)?;
        let credential = credential(provider, given, &self.0.lent)?;
        let account = self.account(provider, credential)?;
        let accepted = self.accepted(provider, &account).await?;
        let label = label.unwrap_or(old.view.label);
        let slot = Slot {
            user,
            provider: id,
            key,
            label: &label,
            instead: Some(old.version),
        };
        self.store(slot, provider, &account, accepted.status)
            .await?;
        self.keep_models(user, id, key, accepted).await?;
        tracing::info!(user.id = %user, key.id = %key, provider = id.as_str(), "key replaced");
        self.key(user, id, key).await
    }

    /// Asks the provider again, and notes what it says.
    ///
    /// # Errors
    /// `NotFound`, `KeyUnreadable`, or the database. A refusal is an answer, not an error.
    pub async fn validate_key(
        &self,
        user: &UserId,
        id: &ProviderId,
        key: &KeyId,
    ) -> Result<(KeyView, Option<AppError>)> {
        let provider = Self::provider(id)?;
        let stored = provider_keys::get(&self.0.db, user, id, key)
            .await?
            .ok_or(ServiceError::NotFound)?;
        let account = self.open(user, provider, &stored).await?;
        match self.probe(provider, &account).await {
            Ok(accepted) => {
                let now = self.0.env.now();
                provider_keys::note(
                    &self.0.db,
                    key,
                    stored.version,
                    accepted.status,
                    None,
                    Some(now),
                )
                .await?;
                self.keep_models(user, id, key, accepted).await?;
                Ok((self.key(user, id, key).await?, None))
            }
            Err(ServiceError::Provider { error, name }) => {
                let error = self.note_failure(&stored, &error, name).await?;
                Ok((self.key(user, id, key).await?, Some(error)))
            }
            Err(other) => Err(other),
        }
    }

    /// Renames, switches or moves a key.
    ///
    /// # Errors
    /// `NotFound`, or `Validation` of the label.
    pub async fn change_key(
        &self,
        user: &UserId,
        id: &ProviderId,
        key: &KeyId,
        change: KeyChange,
    ) -> Result<KeyView> {
        Self::provider(id)?;
        let label = clean_label(change.label.as_deref())?;
        self.key(user, id, key).await?;
        let mut tx = self.0.db.begin().await?;
        provider_keys::update(&mut tx, user, key, label.as_deref(), change.active).await?;
        if let Some(position) = change.position {
            provider_keys::reorder(&mut tx, user, id, key, position).await?;
        }
        tx.commit().await?;
        self.key(user, id, key).await
    }

    /// Removes a key. No request leaves with it from then on, and what it is paying for right now ends.
    ///
    /// # Errors
    /// `NotFound` when it is not there.
    pub async fn remove_key(&self, user: &UserId, id: &ProviderId, key: &KeyId) -> Result<()> {
        Self::provider(id)?;
        if !provider_keys::delete(&self.0.db, user, id, key).await? {
            return Err(ServiceError::NotFound);
        }
        for answer in answers::running_on(&self.0.db, key).await? {
            self.0.engine.stop(&answer).await?;
        }
        tracing::info!(user.id = %user, key.id = %key, provider = id.as_str(), "key removed");
        Ok(())
    }

    /// The key that the person's next request to this provider goes out with, or `wanted`.
    ///
    /// # Errors
    /// As [`Services::usable_keys`]; `NotFound` when `wanted` is not theirs.
    pub async fn usable_key(
        &self,
        user: &UserId,
        provider: &'static dyn Provider,
        wanted: Option<&KeyId>,
    ) -> Result<Opened> {
        let keys = self.usable_keys(user, provider, wanted).await?;
        let first = keys.into_iter().next();
        first.ok_or_else(|| Self::no_key(provider, false))
    }

    /// The keys that the person's next request to this provider goes out with, one after the other as long as that helps:
    /// those that are switched on, were not refused, and open, in their order; those that failed just now come last.
    ///
    /// # Errors
    /// `NoKey` instead of an empty list, or `KeyUnreadable` when there would be one but it does not open.
    pub async fn usable_keys(
        &self,
        user: &UserId,
        provider: &'static dyn Provider,
        wanted: Option<&KeyId>,
    ) -> Result<Vec<Opened>> {
        let id = Self::id_of(provider)?;
        let mut keys = provider_keys::list(&self.0.db, user, Some(&id)).await?;
        if let Some(wanted) = wanted {
            keys.retain(|key| key.view.id == *wanted);
            if keys.is_empty() {
                return Err(ServiceError::NotFound);
            }
        }
        let now = self.0.env.now();
        keys.sort_by_key(|key| key.cool_until.filter(|until| *until > now));
        let mut failure = Self::no_key(provider, false);
        let mut usable = Vec::with_capacity(keys.len());
        for key in keys.into_iter().filter(|key| key.view.active) {
            if key.view.status == KeyStatus::Invalid {
                failure = Self::no_key(provider, true);
                continue;
            }
            match self.open(user, provider, &key).await {
                Ok(account) => usable.push(Opened { key, account }),
                Err(error @ ServiceError::KeyUnreadable { .. }) => failure = error,
                Err(error) => return Err(error),
            }
        }
        if usable.is_empty() {
            Err(failure)
        } else {
            Ok(usable)
        }
    }

    /// The same payers, each with the person's key of the provider that has to pay for this model beside them, where they
    /// agreed to that.
    ///
    /// # Errors
    /// What keeps all of them from paying.
    pub(super) async fn bringing(
        &self,
        user: &UserId,
        provider: &'static dyn Provider,
        payers: Vec<Payer>,
        model: &ModelId,
    ) -> Result<Vec<Payer>> {
        let mut able = Vec::with_capacity(payers.len());
        let mut refusal = Self::no_key(provider, false);
        for mut payer in payers {
            match provider.brings(&payer.account, model) {
                Ok(None) => able.push(payer),
                Ok(Some(id)) => {
                    let other = Self::provider(&id.parse().map_err(|_| ServiceError::NotFound)?)?;
                    match self.usable_key(user, other, None).await {
                        Ok(brought) => {
                            payer.bring(brought.key, brought.account);
                            able.push(payer);
                        }
                        Err(
                            error @ (ServiceError::NoKey { .. }
                            | ServiceError::KeyUnreadable { .. }),
                        ) => refusal = error,
                        Err(error) => return Err(error),
                    }
                }
                Err(problem) => refusal = ServiceError::Unpaid(problem),
            }
        }
        if able.is_empty() {
            Err(refusal)
        } else {
            Ok(able)
        }
    }

    /// `refused`: there is one, but its provider does not take it any more.
    pub(super) fn no_key(provider: &dyn Provider, refused: bool) -> ServiceError {
        ServiceError::NoKey {
            provider: provider.info().name,
            refused,
        }
    }

    /// Notes on a key what went wrong with it. Only a refusal changes its status.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_failure(
        &self,
        key: &StoredKey,
        error: &ProviderError,
        name: &str,
    ) -> Result<AppError> {
        let status = if error.code == ErrorCode::InvalidKey {
            KeyStatus::Invalid
        } else {
            key.view.status
        };
        let error = error.for_person(name);
        provider_keys::note(
            &self.0.db,
            &key.view.id,
            key.version,
            status,
            Some((&error, self.0.env.now())),
            None,
        )
        .await?;
        Ok(error)
    }

    async fn key(&self, user: &UserId, provider: &ProviderId, key: &KeyId) -> Result<KeyView> {
        let stored = provider_keys::get(&self.0.db, user, provider, key).await?;
        Ok(stored.ok_or(ServiceError::NotFound)?.view)
    }

    /// Asks the provider for its models, which is the cheapest thing that only a good key can do.
    /// What the provider says of a credential that was just given. Where a person says where it is, the address may be wrong.
    async fn accepted(
        &self,
        provider: &'static dyn Provider,
        account: &Account,
    ) -> Result<Accepted> {
        let fields = provider.info().fields.iter();
        let mut addresses = fields.filter(|field| matches!(field.kind, FieldKind::Address));
        match (self.probe(provider, account).await, addresses.next()) {
            (Err(ServiceError::Provider { error, .. }), Some(address))
                if matches!(error.status, Some(404 | 405 | 501)) =>
            {
                Err(ServiceError::NothingThere(address.name))
            }
            (probed, _) => probed,
        }
    }

    async fn probe(&self, provider: &'static dyn Provider, account: &Account) -> Result<Accepted> {
        match self.live_models(provider, account).await {
            Ok(listed) => Ok(Accepted {
                status: KeyStatus::Valid,
                listed,
                warning: None,
            }),
            Err(ServiceError::Provider { error, .. }) if error.list_only => {
                let id = Self::id_of(provider)?;
                let (listed, warning) = self.unlisted_models(provider, &id, account);
                Ok(Accepted {
                    status: KeyStatus::Unverified,
                    listed,
                    warning: Some(warning),
                })
            }
            Err(error) => Err(error),
        }
    }

    async fn keep_models(
        &self,
        user: &UserId,
        provider: &ProviderId,
        key: &KeyId,
        accepted: Accepted,
    ) -> Result<()> {
        let Listed { models, tariffs } = accepted.listed;
        let list = self.fresh_list(key, models, accepted.warning);
        self.put_list(user, provider, key, &list, &tariffs).await
    }

    /// Whether a key can be added at this provider.
    fn offers(&self, provider: &dyn Provider) -> bool {
        let reached = !provider.is_anywhere() || self.0.transport.goes_anywhere();
        reached && providers::offered(provider.info(), &self.0.overrides)
    }
}
