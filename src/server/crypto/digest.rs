//! Tokens that people carry, and the digests of them that the database keeps instead.

use super::mac::{hex, mac};
use super::secret::Secret;
use crate::server::clock::Env;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

/// A new 256-bit token of 43 URL-safe characters, and the [`hash_token`] of it to store.
#[must_use]
pub fn token(env: &Env, auth_secret: &Secret) -> (Secret, String) {
    let token = Secret::new(URL_SAFE_NO_PAD.encode(env.random::<32>()));
    let hash = hash_token(auth_secret, token.expose());
    (token, hash)
}

/// What the database keeps of a token: HMAC-SHA256 under the auth secret, 64 hexadecimal digits. A copy of the
/// database opens no session.
#[must_use]
pub fn hash_token(auth_secret: &Secret, token: &str) -> String {
    hex(&mac(
        auth_secret.expose().as_bytes(),
        "token/v1",
        &[token.as_bytes()],
    ))
}

/// What only this installation can make of these parts: the verifier of a code that was asked for with them, 43 characters
/// (RFC 7636 §4.1).
#[must_use]
pub fn code_verifier(auth_secret: &Secret, parts: &[&str]) -> Secret {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    let mac = mac(auth_secret.expose().as_bytes(), "connect/v1", &parts);
    Secret::new(URL_SAFE_NO_PAD.encode(mac))
}

/// A stand-in for an e-mail address in the keys of limiters and in logs: the same for every spelling of the case, and
/// whether or not there is such an account.
#[must_use]
pub fn email_digest(auth_secret: &Secret, email: &str) -> String {
    let email = email.trim().to_lowercase();
    hex(&mac(
        auth_secret.expose().as_bytes(),
        "email/v1",
        &[email.as_bytes()],
    ))
}

/// Whether two texts are the same, in a time that depends on their lengths only.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn auth() -> Secret {
        Secret::new("an auth secret for tests".to_owned())
    }

    #[test]
    fn a_token_is_256_bits_in_url_safe_letters_and_never_the_same_twice() {
        let env = Env::system();
        let tokens: HashSet<String> = (0..1000)
            .map(|_| token(&env, &auth()).0.expose().to_owned())
            .collect();
        assert_eq!(tokens.len(), 1000);
        for token in tokens {
            assert_eq!(token.len(), 43);
            assert!(
                token
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'),
                "{token}"
            );
        }
    }

    #[test]
    fn what_is_stored_of_a_token_depends_on_the_token_and_on_the_secret() {
        let (token, stored) = token(&Env::system(), &auth());
        assert_eq!(stored, hash_token(&auth(), token.expose()));
        assert_eq!(stored.len(), 64);
        assert!(!stored.contains(token.expose()));
        assert_ne!(stored, hash_token(&auth(), "another"));
        assert_ne!(
            stored,
            hash_token(
                &Secret::new("another auth secret!".to_owned()),
                token.expose()
            )
        );
    }

    #[test]
    fn an_email_digest_ignores_case_and_is_no_token_hash() {
        assert_eq!(
            email_digest(&auth(), " Ada@Example.org"),
            email_digest(&auth(), "ada@example.org")
        );
        assert_ne!(
            email_digest(&auth(), "ada@example.org"),
            email_digest(&auth(), "bob@example.org")
        );
        assert_ne!(email_digest(&auth(), "x"), hash_token(&auth(), "x"));
    }

    #[test]
    fn texts_are_the_same_only_when_every_byte_is() {
        assert!(same("", ""));
        assert!(same("abc", "abc"));
        assert!(!same("abc", "abd"));
        assert!(!same("abc", "ab"));
    }
}
