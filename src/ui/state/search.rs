//! The search of the sidebar.

use crate::api::threads::search_threads;
use crate::shared::chat::FoundPage;
use crate::shared::error::AppError;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;

/// How long a person may think between two letters before the server is asked.
const PAUSE: Duration = Duration::from_millis(150);

/// What is looked for, and what was found.
#[derive(Clone, Copy)]
pub struct Search {
    /// As it was typed.
    pub typed: RwSignal<String>,
    /// What was found for the words of before, until the server has answered for these; none before its first answer.
    pub page: RwSignal<Option<FoundPage>>,
    timer: StoredValue<Option<TimeoutHandle>>,
}

impl Search {
    /// Nothing is looked for yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            typed: RwSignal::default(),
            page: RwSignal::default(),
            timer: StoredValue::default(),
        }
    }

    /// Whether anything is looked for.
    #[must_use]
    pub fn is_on(self) -> bool {
        !self.typed.read().trim().is_empty()
    }

    /// Asks the server when the person pauses; what it can not answer goes to `told`.
    pub fn ask(self, told: impl Fn(AppError) + 'static) {
        let typed = self.typed.get_untracked();
        let before = self.timer.try_update_value(Option::take).flatten();
        if let Some(before) = before {
            before.clear();
        }
        if typed.trim().is_empty() {
            self.page.set(None);
            return;
        }
        let ask = move || {
            spawn_local(async move {
                let page = search_threads(typed.clone(), None).await;
                // An answer that comes late is one to words that are no longer there.
                if self.typed.try_with_untracked(|now| *now == typed) != Some(true) {
                    return;
                }
                match page {
                    Ok(page) => self.page.set(Some(page)),
                    Err(error) => told(error),
                }
            });
        };
        let timer = set_timeout_with_handle(ask, PAUSE).ok();
        self.timer.set_value(timer);
    }

    /// Loads the next page.
    ///
    /// # Errors
    /// What the server said.
    pub async fn load_more(self) -> Result<(), AppError> {
        let typed = self.typed.get_untracked();
        let cursor = self
            .page
            .with_untracked(|page| page.as_ref()?.next_cursor.clone());
        let more = search_threads(typed.clone(), cursor).await?;
        if self.typed.try_with_untracked(|now| *now == typed) == Some(true) {
            self.page.update(|page| {
                let page = page.get_or_insert_default();
                page.threads.extend(more.threads);
                page.next_cursor = more.next_cursor;
            });
        }
        Ok(())
    }
}

impl Default for Search {
    fn default() -> Self {
        Self::new()
    }
}
