//! How well providers answer, by what this installation itself heard from them.

use super::pool::{self, is_pool};
use super::{Result, Services};
use crate::server::providers;
use crate::server::store::health::{self, Ended};
use crate::shared::chat::Attempt;
use crate::shared::error::ErrorCode;
use crate::shared::ids::ProviderId;
use crate::shared::provider::Health;
use crate::shared::time::Timestamp;
use crate::shared::words::Language;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How long a look at the database is good for. Milliseconds.
const FRESH_MS: i64 = 30_000;
/// Answers that are looked at, the newest ones.
const MOST: i64 = 2_000;
/// Fewer calls say nothing about a provider, and too much about who made them.
const ENOUGH: usize = 5;
/// Below this share of good calls, in percent, a provider is in trouble.
const POOR: usize = 90;

/// The providers that were heard of enough.
pub type ByProvider = Arc<HashMap<ProviderId, Calls>>;

/// What the last look found, and when that was.
#[derive(Default)]
pub struct LastLook(Mutex<Option<(Timestamp, ByProvider)>>);

impl Services {
    /// How well each provider answered everybody on this installation within the last hour: all of its processes, since it
    /// is counted from the stored answers, the newest two thousand. It is looked up every thirty seconds at the most.
    ///
    /// Each request counts, also one after which another key answered. What the key, the question or the settings were at
    /// fault for says nothing about a provider and does not count. What the free pool was asked counts for the provider behind
    /// it. Servers that people add themselves are left out: they are as many as there are people.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn health(&self) -> Result<ByProvider> {
        let now = self.0.env.now();
        let last = self.0.health.0.lock();
        let last = last.unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, known)) = last
            && (0..FRESH_MS).contains(&(now.0 - at.0))
        {
            return Ok(known);
        }
        let known = Arc::new(summed_up(health::last_hour(&self.0.db, now, MOST).await?));
        let mut last = self
            .0
            .health
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last = Some((now, Arc::clone(&known)));
        Ok(known)
    }
}

/// Whether a failure is the provider's.
const fn is_theirs(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::Overloaded
            | ErrorCode::Timeout
            | ErrorCode::Network
            | ErrorCode::UpstreamError
            | ErrorCode::UpstreamTruncated
            | ErrorCode::ProviderRedirected
    )
}

#[derive(Default)]
struct Count {
    good: usize,
    bad: usize,
    waits: Vec<u64>,
    last_bad: Option<ErrorCode>,
}

/// What the answers say of their providers, the newest answer first.
fn summed_up(answers: Vec<Ended>) -> HashMap<ProviderId, Calls> {
    let mut counts: HashMap<ProviderId, Count> = HashMap::new();
    let Ok(upstream) = pool::UPSTREAM.parse::<ProviderId>() else {
        return HashMap::new();
    };
    for answer in answers {
        // Who was asked, and what became of it; of an old answer only how it ended is known.
        let lent = |attempt: &Attempt| attempt.key_id.is_none();
        let attempts = answer.attempts.iter();
        let mut calls: Vec<_> = attempts.map(|one| (lent(one), one.code)).collect();
        if calls.is_empty() {
            calls.push((is_pool(&answer.provider), None));
        }
        // A call that was answered may have broken off afterwards.
        if let Some((_, last)) = calls.last_mut() {
            *last = last.or(answer.failed);
        }
        // The wait for another key is not this one's.
        let wait = answer.ttft_ms.filter(|_| calls.len() == 1);
        for (lent, code) in calls.into_iter().rev() {
            let asked = if lent { &upstream } else { &answer.provider };
            match providers::find(asked) {
                Some(provider) if !provider.is_anywhere() => {}
                _ => continue,
            }
            let count = counts.entry(asked.clone()).or_default();
            count.waits.extend(wait);
            match code {
                None if answer.ttft_ms.is_some() => count.good += 1,
                Some(code) if is_theirs(code) => {
                    count.bad += 1;
                    count.last_bad.get_or_insert(code);
                }
                _ => {}
            }
        }
    }
    let told = |(provider, count): (ProviderId, Count)| Some((provider, count.told()?));
    counts.into_iter().filter_map(told).collect()
}

impl Count {
    fn told(mut self) -> Option<Calls> {
        let all = self.good + self.bad;
        self.waits.sort_unstable();
        (all >= ENOUGH).then(|| Calls {
            all,
            share: self.good * 100 / all,
            wait_ms: self.waits.get(self.waits.len() / 2).copied(),
            last_bad: self.last_bad,
        })
    }
}

/// What came of enough calls.
#[derive(Clone, Debug)]
pub struct Calls {
    all: usize,
    /// How many of a hundred were answered.
    share: usize,
    /// The median wait for the first word.
    wait_ms: Option<u64>,
    last_bad: Option<ErrorCode>,
}

impl Calls {
    /// The same in words.
    #[must_use]
    pub fn told(&self, language: Language) -> Health {
        let printed = language.printed();
        let said = &printed.health;
        let mut parts = vec![(said.answered)(self.share)];
        let wait = self.wait_ms.map(printed.message.span);
        parts.extend(wait.map(|span| (said.first_word)(&span)));
        parts.extend(self.last_bad.map(said.last_trouble));
        Health {
            poor: self.share < POOR,
            text: parts.join(" · "),
            about: (said.about)(self.all),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(provider: &str, codes: &[Option<ErrorCode>], ttft_ms: Option<u64>) -> Ended {
        let attempt = |code: &Option<ErrorCode>| Attempt {
            key_id: "k".parse().ok(),
            key_mask: String::new(),
            status: None,
            code: *code,
        };
        Ended {
            provider: provider.parse().unwrap(),
            at: Timestamp(0),
            ttft_ms,
            failed: codes.last().copied().flatten(),
            attempts: codes.iter().map(attempt).collect(),
        }
    }

    fn told(answers: Vec<Ended>) -> Option<(bool, String)> {
        let mut found = summed_up(answers);
        let health = found.remove(&"openai".parse().unwrap())?;
        let health = health.told(Language::English);
        Some((health.poor, health.text))
    }

    #[test]
    fn the_share_the_median_wait_and_the_newest_trouble_are_told() {
        let mut answers = vec![
            answer("openai", &[Some(ErrorCode::Overloaded)], None),
            answer("openai", &[Some(ErrorCode::Network), None], Some(9_000)),
        ];
        answers.extend([100, 300, 200].map(|ms| answer("openai", &[None], Some(ms))));
        let text = "66 % answered · first word in 200 ms · last trouble: overloaded";
        assert_eq!(told(answers), Some((true, text.to_owned())));
    }

    #[test]
    fn what_the_person_has_to_mend_says_nothing_about_the_provider() {
        let mut answers: Vec<Ended> = (0..5)
            .map(|_| answer("openai", &[None], Some(500)))
            .collect();
        for code in [
            ErrorCode::InvalidKey,
            ErrorCode::RateLimited,
            ErrorCode::QuotaExhausted,
            ErrorCode::ContextLength,
        ] {
            answers.push(answer("openai", &[Some(code)], None));
        }
        let text = "100 % answered · first word in 500 ms";
        assert_eq!(told(answers), Some((false, text.to_owned())));
    }

    #[test]
    fn few_calls_and_servers_of_ones_own_are_not_told_about() {
        let calls = |provider: &str, n| {
            let calls = (0..n).map(|_| answer(provider, &[None], Some(1)));
            calls.collect::<Vec<_>>()
        };
        assert_eq!(told(calls("openai", 4)), None);
        assert!(told(calls("openai", 5)).is_some());
        assert!(summed_up(calls("custom", 50)).is_empty());
    }

    #[test]
    fn what_the_pool_was_asked_counts_for_the_provider_behind_it() {
        let mut lent = answer("openai", &[Some(ErrorCode::Overloaded), None], Some(1));
        lent.attempts[1].key_id = None;
        let found = summed_up(vec![lent; 5]);
        let share = |id: &str| found[&id.parse::<ProviderId>().unwrap()].share;
        assert_eq!((share("openai"), share("groq")), (0, 100));
        let old = vec![answer("free", &[], Some(1)); 5];
        assert!(summed_up(old).contains_key(&"groq".parse().unwrap()));
    }

    #[test]
    fn an_answer_without_attempts_counts_as_it_ended() {
        let mut old = vec![answer("openai", &[], Some(1)); 5];
        old.push(Ended {
            failed: Some(ErrorCode::Timeout),
            ..answer("openai", &[], None)
        });
        let (poor, text) = told(old).unwrap();
        assert!(poor && text.starts_with("83 % answered"), "{text}");
    }
}
