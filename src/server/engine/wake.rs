//! Who waits here for an answer that another process writes.

use crate::server::store::hints::Hint;
use crate::shared::ids::MessageId;
use dashmap::DashMap;
use std::sync::{Arc, Weak};
use tokio::sync::Notify;

/// The waiting readers of this process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Wakes(Arc<DashMap<MessageId, Weak<Notify>>>);

/// A place among those who wait for one answer; given up when it is dropped.
pub struct Wake {
    wakes: Wakes,
    message: MessageId,
    notify: Arc<Notify>,
}

impl Wakes {
    /// Waits for news of `message` from now on.
    #[must_use]
    pub fn join(&self, message: &MessageId) -> Wake {
        let mut entry = self.0.entry(message.clone()).or_default();
        let notify = entry.upgrade().unwrap_or_else(|| {
            let notify = Arc::new(Notify::new());
            *entry = Arc::downgrade(&notify);
            notify
        });
        Wake {
            wakes: self.clone(),
            message: message.clone(),
            notify,
        }
    }

    /// Passes on what was heard.
    pub fn tell(&self, hint: &Hint) {
        let wake = |notify: &Weak<Notify>| {
            if let Some(notify) = notify.upgrade() {
                notify.notify_waiters();
            }
        };
        match hint {
            Hint::Grown(messages) => messages
                .iter()
                .filter_map(|message| self.0.get(message))
                .for_each(|entry| wake(&entry)),
            Hint::Unknown => self.0.iter().for_each(|entry| wake(&entry)),
            Hint::Stop(_) => {}
        }
    }
}

impl Wake {
    /// Where to wait; enable it before looking, so that nothing falls between looking and waiting.
    #[must_use]
    pub fn notify(&self) -> &Arc<Notify> {
        &self.notify
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        self.wakes
            .0
            .remove_if(&self.message, |_, notify| notify.strong_count() <= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hint_wakes_who_waits_for_that_answer_and_nobody_stays_listed() {
        let (one, two): (MessageId, MessageId) = ("m1".parse().unwrap(), "m2".parse().unwrap());
        let wakes = Wakes::default();
        let second = wakes.join(&one);
        {
            let (first, other) = (wakes.join(&one), wakes.join(&two));
            let mut waits =
                [&first, &second, &other].map(|wake| Box::pin(wake.notify().notified()));
            for wait in &mut waits {
                wait.as_mut().enable();
            }
            wakes.tell(&Hint::Grown(vec![one]));
            let [a, b, mut c] = waits;
            a.await;
            b.await;
            assert!(!c.as_mut().enable(), "the other one waits on");
            wakes.tell(&Hint::Unknown);
            c.await;
        }
        assert_eq!(wakes.0.len(), 1);
        drop(second);
        assert!(wakes.0.is_empty());
    }
}
