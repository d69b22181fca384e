//! What there is to pay for answers with, as far as that is known before one is asked for.
//!
//! A page says by it why nothing can be sent. That is only what it shows: whether a send is taken, the send itself finds out.

use super::pool::is_pool;
use super::{Result, ServiceError, Services};
use crate::server::error::to_app_error;
use crate::server::providers;
use crate::server::store::provider_keys::{self, Held};
use crate::shared::activity::Version;
use crate::shared::chat::Thread;
use crate::shared::free_pool::FreeUsage;
use crate::shared::ids::{ProviderId, UserId};
use crate::shared::model::{Blocked, Means};
use crate::shared::words::Language;

/// All that a person has.
pub(super) struct Purse {
    /// Their keys.
    pub(super) keys: Vec<Held>,
    /// What is left of the free pool, where there is one.
    pool: Option<FreeUsage>,
}

/// The chat that is to be paid for.
#[derive(Clone, Copy)]
pub enum Chat<'a> {
    /// One that has not begun, with this provider, if there is one to begin with.
    New(Option<&'a ProviderId>),
    /// One that has.
    Open(&'a Thread),
}

impl Purse {
    /// Differs when it buys something else. What others take of the pool counts only once nothing is left.
    pub(super) fn version(&self) -> Version {
        let mut usable: Vec<&str> = self.usable().collect();
        usable.dedup();
        let of_pool = self.pool.as_ref().map(|pool| {
            let left = if pool.left() == 0 { "" } else { "left" };
            [
                left.to_owned(),
                pool.user.used.to_string(),
                pool.resets_at.0.to_string(),
            ]
        });
        let parts = of_pool.iter().flatten().map(String::as_str);
        Version::of(parts.chain(usable))
    }

    /// The providers of the keys that can be used, in order.
    fn usable(&self) -> impl Iterator<Item = &str> {
        let usable = self.keys.iter().filter(|key| key.usable);
        usable.map(|key| key.provider.as_str())
    }

    /// What of it there is for a chat. `zone_minutes` is what the reader's clock is ahead of UTC.
    pub(super) fn means(&self, chat: Chat<'_>, language: Language, zone_minutes: i16) -> Means {
        let (provider, lent) = match chat {
            Chat::New(provider) => (provider, false),
            Chat::Open(thread) => (Some(&thread.provider), thread.pool_fallback),
        };
        let rest = self.pool.as_ref().map_or(0, FreeUsage::left);
        let mut means = Means {
            version: self.version(),
            ..Means::default()
        };
        let (text, keys) = match provider {
            None => {
                let text = language.words().begin.add_key_to_start;
                (Some(text.to_owned()), "/providers".to_owned())
            }
            Some(provider) if is_pool(provider) => {
                let words = language.printed();
                let told = if let Some(pool) = &self.pool {
                    pool.sentence(&words.pool, zone_minutes)
                } else {
                    let none = to_app_error(ServiceError::NoPool);
                    words.sentences.error(none).message
                };
                let blocked = if rest == 0 {
                    Some(told)
                } else {
                    means.left = Some(told);
                    None
                };
                (blocked, "/providers".to_owned())
            }
            Some(provider) => {
                means.lends = rest > 0;
                let helped = lent && rest > 0;
                let text = self.lack(provider, language).filter(|_| !helped);
                (text, ["/providers#", provider.as_str()].concat())
            }
        };
        means.blocked = text.map(|text| Blocked { text, keys });
        means
    }

    /// Why no key pays for a chat with this provider.
    fn lack(&self, provider: &ProviderId, language: Language) -> Option<String> {
        let name = providers::find(provider)?.info().name;
        let words = &language.printed().blocked;
        let is_of = |key: &Held| key.provider == provider.as_str();
        if self.usable().any(|of| of == provider.as_str()) {
            None
        } else if self.keys.iter().any(is_of) {
            Some((words.no_usable_key)(name))
        } else {
            Some((words.no_key)(name))
        }
    }
}

impl Services {
    /// What this person has to pay with.
    pub(super) async fn purse(&self, user: &UserId) -> Result<Purse> {
        let pool = async {
            match self.0.pool {
                Some(_) => self.free_usage(user).await.map(Some),
                None => Ok(None),
            }
        };
        let (keys, pool) = tokio::join!(provider_keys::held(&self.0.db, user), pool);
        Ok(Purse {
            keys: keys?,
            pool: pool?,
        })
    }

    /// What there is to pay with in a chat. `zone_minutes` is what the reader's clock is ahead of UTC.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn means(
        &self,
        user: &UserId,
        chat: Chat<'_>,
        language: Language,
        zone_minutes: i16,
    ) -> Result<Means> {
        let purse = self.purse(user).await?;
        Ok(purse.means(chat, language, zone_minutes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::free_pool::Quota;
    use crate::shared::time::Timestamp;

    fn held(provider: &str, usable: bool) -> Held {
        Held {
            id: String::new(),
            label: String::new(),
            provider: provider.to_owned(),
            usable,
        }
    }

    fn purse(keys: Vec<Held>, used: Option<i64>) -> Purse {
        let pool = |used| FreeUsage {
            enabled: true,
            user: Quota::new(50, used),
            global: Quota::new(1000, used),
            resets_at: Timestamp(0),
            model: None,
            nudge: false,
        };
        Purse {
            keys,
            pool: used.map(pool),
        }
    }

    fn blocked(purse: &Purse, provider: &str, language: Language) -> Option<String> {
        let provider = provider.parse().expect("an id");
        let means = purse.means(Chat::New(Some(&provider)), language, 0);
        means.blocked.map(|blocked| blocked.text)
    }

    #[test]
    fn a_chat_on_the_pool_is_blocked_when_there_is_nothing_left_and_when_there_is_no_pool_any_more()
    {
        let said = |used| blocked(&purse(Vec::new(), used), "free", Language::English);
        assert_eq!(said(Some(3)), None);
        assert!(said(Some(50)).is_some_and(|text| text.contains("used up")));
        assert!(said(None).is_some_and(|text| text.contains("no free pool any more")));
        for language in Language::ALL {
            assert!(blocked(&purse(Vec::new(), None), "free", language).is_some());
        }
    }

    #[test]
    fn one_key_that_can_be_used_is_enough() {
        let said = |keys| blocked(&purse(keys, None), "openai", Language::English);
        assert!(said(Vec::new()).is_some_and(|text| text.contains("no key")));
        assert!(said(vec![held("openai", false)]).is_some_and(|text| text.contains("None of")));
        assert_eq!(
            said(vec![held("openai", false), held("openai", true)]),
            None
        );
    }

    #[test]
    fn a_second_key_of_a_provider_buys_nothing_else() {
        let version = |keys| purse(keys, None).version();
        let one = version(vec![held("openai", true)]);
        assert_eq!(
            one,
            version(vec![held("openai", true), held("openai", true)])
        );
        assert_eq!(
            one,
            version(vec![held("groq", false), held("openai", true)])
        );
        assert_ne!(one, version(vec![held("groq", true), held("openai", true)]));
    }
}
