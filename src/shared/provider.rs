//! Providers and the keys that a person gave, never the keys themselves.

use super::error::AppError;
use super::ids::{KeyId, ProviderId};
use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One field of a provider's credential form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialField {
    /// The field's name in `credentials`; `key` for a plain API key.
    pub name: String,
    /// What the form calls it.
    pub label: String,
    /// Whether it is typed blind.
    pub secret: bool,
    /// Whether it may stay empty.
    pub required: bool,
    /// Whether it has lines, as a service account's JSON has.
    pub multiline: bool,
    /// The values that it may have; empty for what is typed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<FieldChoice>,
}

/// One value that a field of a credential form may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChoice {
    /// The value in `credentials`.
    pub value: String,
    /// What it means.
    pub label: String,
}

/// A provider as `GET /api/providers` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderView {
    /// The id in URLs.
    pub id: ProviderId,
    /// The name that people know.
    pub name: String,
    /// What a key looks like: `sk-…`. A hint, never a check.
    pub key_hint: String,
    /// Where keys are made.
    pub docs_url: String,
    /// What the form asks for.
    pub credential_fields: Vec<CredentialField>,
    /// Whether the person has a key here that is active and not refused.
    pub connected: bool,
    /// How many keys the person has here.
    pub keys: u32,
    /// Whether it gives out keys by itself, to who lets us in there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub connect: bool,
}

/// What is known about a stored key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyStatus {
    /// The provider accepted it at the last look.
    Valid,
    /// The provider refused it at the last look.
    Invalid,
    /// Accepted, but what it may do could not be seen (a key without the scope to list models).
    Unverified,
    /// Its sealed blob does not open any more; it has to be given again.
    Unreadable,
}

impl KeyStatus {
    /// The word on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Unverified => "unverified",
            Self::Unreadable => "unreadable",
        }
    }

    /// Whether such a key may be worth something, if it is switched on.
    #[must_use]
    pub const fn is_usable(self) -> bool {
        matches!(self, Self::Valid | Self::Unverified)
    }
}

/// A stored key as its owner sees it. There is no field for the secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyView {
    /// The key's id.
    pub id: KeyId,
    /// Whose key it is.
    pub provider: ProviderId,
    /// The person's name for it.
    pub label: String,
    /// At most the last four characters: `…abcd`.
    pub mask: String,
    /// What is known about it.
    pub status: KeyStatus,
    /// Whether it may be used.
    pub active: bool,
    /// Its place in the order in which keys are tried, from 0.
    pub position: u32,
    /// When it was added.
    pub created_at: Timestamp,
    /// When the provider last accepted it.
    pub last_validated_at: Option<Timestamp>,
    /// When it last paid for an answer.
    pub last_used_at: Option<Timestamp>,
    /// The last trouble with it, until the next success.
    pub last_error: Option<AppError>,
    /// When that was.
    pub last_error_at: Option<Timestamp>,
}

/// How well a provider answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Whether it is in trouble.
    pub poor: bool,
    /// The numbers.
    pub text: String,
    /// What they are made of.
    pub about: String,
}

/// A provider and the person's keys for it, in the order in which they are tried: a card of the dashboard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProviderCard {
    /// The provider.
    pub provider: ProviderView,
    /// The person's keys.
    pub keys: Vec<KeyView>,
    /// How it does, when enough is known.
    pub health: Option<Health>,
}

/// What a test of a stored key said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyTest {
    /// The key as it is known now.
    pub key: KeyView,
    /// Whether the provider accepted it.
    pub valid: bool,
    /// Why not.
    pub error: Option<AppError>,
}
