//! Who asks a provider, and where: a credential with the addresses that it belongs to.

use super::{Credential, ProviderError, ProviderInfo};
use crate::server::crypto::secret::Secret;
use crate::shared::error::ErrorCode;
use crate::shared::time::Timestamp;
use crate::shared::validate::host_label_problem;
use std::collections::BTreeMap;
use url::Url;

/// What the operator set in the place of a provider's own addresses, by the name of the variable.
pub type Overrides = BTreeMap<&'static str, Url>;

/// A credential with the addresses that its requests go to.
#[derive(Clone, Debug)]
pub struct Account {
    /// In the order of [`ProviderInfo::origins`].
    pub origins: Vec<Url>,
    /// What the person gave.
    pub credential: Credential,
    /// What the operator lends for fields that the person left empty. It is never stored.
    pub lent: Credential,
    /// The person's key at another provider, which pays for the next request ([`super::Provider::brings`]).
    pub brought: Option<Credential>,
}

impl Account {
    /// A credential that goes there, with nothing lent and nothing brought.
    #[must_use]
    pub fn new(origins: Vec<Url>, credential: Credential) -> Self {
        Self {
            origins,
            credential,
            lent: Credential(BTreeMap::new()),
            brought: None,
        }
    }

    /// The scheme, host and port that the credential is sealed for, and the only ones that it is sent to beside the
    /// provider's other fixed addresses.
    #[must_use]
    pub fn sealed_for(&self) -> String {
        self.origins
            .first()
            .map(|url| url.origin().ascii_serialization())
            .unwrap_or_default()
    }
}

/// Everything that a request is built from but for what is asked.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// Who asks, and where.
    pub account: &'a Account,
    /// What the provider's token service gave for the credential, where it has one.
    pub token: Option<&'a Secret>,
    /// For requests that are signed.
    pub now: Timestamp,
}

impl<'a> Access<'a> {
    /// The value of a field of the credential, or what the operator lends for it.
    ///
    /// # Errors
    /// `invalid_key` when the field was never given.
    pub fn field(&self, name: &str) -> Result<&'a Secret, ProviderError> {
        let account = self.account;
        let own = account.credential.field(name);
        own.or_else(|_| account.lent.field(name))
    }

    /// Address number `index` of [`ProviderInfo::origins`].
    ///
    /// # Errors
    /// `network` when there is none.
    pub fn origin(&self, index: usize) -> Result<&'a Url, ProviderError> {
        let origin = self.account.origins.get(index);
        origin.ok_or_else(|| ProviderError::new(ErrorCode::Network))
    }
}

/// The addresses of a provider for this credential: what the operator set, else the provider's own, with the credential's
/// fields in the places that are named for them. Such a field is one label of a host name and nothing more.
///
/// # Errors
/// `invalid_key` when a field is missing or no host label.
pub fn origins(
    info: &ProviderInfo,
    overrides: &Overrides,
    credential: &Credential,
) -> Result<Vec<Url>, ProviderError> {
    let origin = |origin: &super::OriginInfo| match overrides.get(origin.var) {
        Some(url) => Ok(url.clone()),
        None => fill(origin.default, credential),
    };
    info.origins.iter().map(origin).collect()
}

fn fill(template: &str, credential: &Credential) -> Result<Url, ProviderError> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let label = credential.field(name)?.expose();
        if host_label_problem(label).is_some() {
            return Err(ProviderError::new(ErrorCode::InvalidKey));
        }
        text.extend([before, label]);
        rest = after;
    }
    text.push_str(rest);
    Url::parse(&text).map_err(|_| ProviderError::new(ErrorCode::Network))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn credential(region: &str) -> Credential {
        let region = Secret::new(region.to_owned());
        Credential(BTreeMap::from([("region".to_owned(), region)]))
    }

    #[test]
    fn a_field_becomes_a_label_of_the_host() {
        let url = fill("https://x.{region}.example/v1", &credential("eu-west-1"));
        assert_eq!(url.unwrap().as_str(), "https://x.eu-west-1.example/v1");
    }

    #[rstest]
    #[case("evil.example/")]
    #[case("a.b")]
    #[case("a@b")]
    #[case("a#")]
    #[case("-a")]
    #[case("")]
    #[case("a\nb")]
    #[case("ü")]
    fn nothing_but_a_label_gets_into_the_host(#[case] region: &str) {
        assert!(fill("https://{region}.example", &credential(region)).is_err());
    }
}
