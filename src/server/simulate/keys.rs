//! Which key does what. The name of the key says it, so that a test can add a canary of its own behind it.

use super::{
    provider::Provider,
    trouble::{Deny, Trouble},
};

/// What a call wants to do with the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Read the list of models.
    List,
    /// Make an answer.
    Generate,
}

/// Lets the call through, or says what the provider answers to this key.
pub(super) fn admit(provider: &Provider, key: &str, purpose: Purpose) -> Result<(), Deny> {
    let has = |word: &str| key.contains(word);
    if key.is_empty() {
        Err(Trouble::MissingKey.into())
    } else if has("sim-unscoped") {
        Err(Trouble::Unscoped.into())
    } else if has("sim-limited") {
        Err(Trouble::RateLimited(Some(23)).into())
    } else if has("sim-down") {
        Err(Trouble::Overloaded.into())
    } else if has("sim-html") {
        Err(Deny::Html)
    } else if has("sim-redirect") {
        Err(Deny::Redirect)
    } else if has("sim-slow") {
        Err(Deny::Hang)
    } else if has("sim-echo") {
        Err(Trouble::Echo(key.into()).into())
    } else if has("sim-broke") {
        match purpose {
            Purpose::List => Ok(()),
            Purpose::Generate => Err(Trouble::Quota.into()),
        }
    } else if !provider.good.iter().any(|good| key.starts_with(good)) {
        Err(Trouble::InvalidKey(key.into()).into())
    } else if has("sim-nolist") && purpose == Purpose::List {
        Err(Trouble::NoList.into())
    } else {
        Ok(())
    }
}

/// The key as OpenAI repeats it: its two ends, with stars between.
pub(super) fn masked(key: &str) -> String {
    let chars: Vec<char> = key.chars().collect();
    if chars.len() < 16 {
        return "*".repeat(chars.len());
    }
    let head: String = chars.iter().take(8).collect();
    let tail: String = chars.iter().skip(chars.len() - 4).collect();
    format!("{head}{}{tail}", "*".repeat(chars.len() - 12))
}
