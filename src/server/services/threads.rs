//! Conversations: what they are made of, and what becomes of them.

pub use super::pool::is_pool;
use super::{NOT_STORABLE, Result, ServiceError, Services, pool, storable};
use crate::server::providers;
use crate::server::store::messages::Placed;
use crate::server::store::{messages, threads};
use crate::shared::activity::{PINNED, WATCHED};
use crate::shared::chat::{ChatSettings, Role, Thread, ThreadPage, ThreadStatus};
use crate::shared::ids::{MessageId, ModelId, ProviderId, ThreadId, UserId};
use crate::shared::validate::{MAX_SYSTEM_PROMPT_CHARS, MAX_TITLE_CHARS};
use std::collections::BTreeMap;

/// What a new thread is made of.
pub struct NewThread {
    /// Who answers, for good.
    pub provider: ProviderId,
    /// Which model, for good; the free pool chooses by itself.
    pub model: Option<ModelId>,
    /// Named after the first message when absent.
    pub title: Option<String>,
    /// Goes before every conversation.
    pub system_prompt: Option<String>,
    /// What is asked of the model.
    pub settings: ChatSettings,
    /// Whether the person marked it as private.
    pub private: bool,
    /// Whether the free pool may stand in for the person's keys.
    pub pool_fallback: bool,
}

/// What may be changed of a thread. A given `None` clears.
#[derive(Default)]
pub struct ThreadChange {
    /// A new title.
    pub title: Option<String>,
    /// Put away, or taken out again.
    pub status: Option<ThreadStatus>,
    /// First in the sidebar, or no longer.
    pub pinned: Option<bool>,
    /// A new system prompt.
    pub system_prompt: Option<Option<String>>,
    /// New settings, all of them.
    pub settings: Option<ChatSettings>,
    /// Whether the free pool may stand in for the person's keys.
    pub pool_fallback: Option<bool>,
}

fn check(
    title: Option<&str>,
    system_prompt: Option<&str>,
    settings: Option<&ChatSettings>,
) -> Result<()> {
    let mut problems = BTreeMap::new();
    let mut problem =
        |field: &str, text: &str| drop(problems.insert(field.to_owned(), text.to_owned()));
    if title.is_some_and(|title| {
        title.chars().count() > MAX_TITLE_CHARS || title.chars().any(char::is_control)
    }) {
        problem("title", "Use at most 200 characters, without line breaks.");
    }
    if system_prompt.is_some_and(|prompt| prompt.chars().count() > MAX_SYSTEM_PROMPT_CHARS) {
        problem("systemPrompt", "Use at most 50 000 characters.");
    }
    if !system_prompt.is_none_or(storable) {
        problem("systemPrompt", NOT_STORABLE);
    }
    if let Some(settings) = settings {
        if settings
            .temperature
            .is_some_and(|value| !(0.0..=2.0).contains(&value))
        {
            problem("settings.temperature", "Use a number from 0 to 2.");
        }
        if settings
            .top_p
            .is_some_and(|value| !(value > 0.0 && value <= 1.0))
        {
            problem("settings.topP", "Use a number above 0 and at most 1.");
        }
        if settings
            .max_tokens
            .is_some_and(|value| value == 0 || value > 1_000_000)
        {
            problem(
                "settings.maxTokens",
                "Use a whole number from 1 to 1 000 000.",
            );
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(ServiceError::Validation(problems))
    }
}

pub(super) fn some_text(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// Where the page after this thread begins.
pub(super) fn cursor_of(last: &Thread) -> String {
    format!("{}_{}", last.updated_at.0, last.id)
}

/// What [`cursor_of`] wrote.
pub(super) fn from_cursor(cursor: &str) -> Result<(i64, &str)> {
    let (at, id) = cursor.split_once('_').filter(|_| storable(cursor)).unzip();
    at.and_then(|at| at.parse().ok())
        .zip(id)
        .ok_or_else(|| ServiceError::field("cursor", "Pass the nextCursor of the page before."))
}

impl Services {
    /// Makes a thread.
    ///
    /// # Errors
    /// `Validation` names the field.
    pub async fn create_thread(&self, user: &UserId, new: NewThread) -> Result<Thread> {
        let thread = self.new_thread(new)?;
        let mut tx = self.0.db.begin().await?;
        threads::insert(&mut tx, user, &thread).await?;
        tx.commit().await?;
        Ok(thread)
    }

    /// A thread that is not stored yet.
    fn new_thread(&self, new: NewThread) -> Result<Thread> {
        if providers::find(&new.provider).is_none() {
            return Err(ServiceError::field(
                "provider",
                "Pick one of the providers of GET /api/providers.",
            ));
        }
        check(
            new.title.as_deref(),
            new.system_prompt.as_deref(),
            Some(&new.settings),
        )?;
        let model = match new.model {
            model if pool::is_pool(&new.provider) => self.pool_model(model)?,
            Some(model) => model,
            None => {
                let problem = "Name one of the models of GET /api/providers/:provider/models.";
                return Err(ServiceError::field("model", problem));
            }
        };
        let now = self.0.env.now();
        Ok(Thread {
            id: self
                .0
                .env
                .uuid()
                .parse()
                .map_err(|_| ServiceError::NotFound)?,
            title: new
                .title
                .map(|title| title.trim().to_owned())
                .unwrap_or_default(),
            provider: new.provider,
            model,
            system_prompt: some_text(new.system_prompt),
            settings: new.settings,
            status: ThreadStatus::Active,
            private: new.private,
            pool_fallback: new.pool_fallback,
            pinned: false,
            created_at: now,
            updated_at: now,
        })
    }

    /// One thread of this person.
    ///
    /// # Errors
    /// `NotFound`, also for somebody else's.
    pub async fn thread(&self, user: &UserId, id: &ThreadId) -> Result<Thread> {
        threads::get(&self.0.db, user, id)
            .await?
            .ok_or(ServiceError::NotFound)
    }

    /// A page of this person's threads, newest activity first.
    ///
    /// # Errors
    /// `Validation` when the cursor is not one that an earlier page gave.
    pub async fn threads(
        &self,
        user: &UserId,
        status: ThreadStatus,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<ThreadPage> {
        let from = cursor.map(from_cursor).transpose()?;
        let mut found = threads::list(&self.0.db, user, status, from, i64::from(limit) + 1).await?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next_cursor = found.last().filter(|_| more).map(cursor_of);
        Ok(ThreadPage {
            threads: found,
            next_cursor,
            pinned: Vec::new(),
        })
    }

    /// A page of the sidebar: active threads, newest activity first, and with the first page those that are pinned.
    ///
    /// # Errors
    /// `Validation` when the cursor is not one that an earlier page gave.
    pub async fn sidebar(&self, user: &UserId, cursor: Option<&str>) -> Result<ThreadPage> {
        let page = self.threads(user, ThreadStatus::Active, cursor, WATCHED);
        if cursor.is_some() {
            return page.await;
        }
        let (page, pinned) =
            tokio::join!(page, threads::pinned(&self.0.db, user, i64::from(PINNED)));
        Ok(ThreadPage {
            pinned: pinned?,
            ..page?
        })
    }

    /// Changes a thread. Provider and model stay.
    ///
    /// # Errors
    /// `NotFound`; `Validation` names the field.
    pub async fn change_thread(
        &self,
        user: &UserId,
        id: &ThreadId,
        change: ThreadChange,
    ) -> Result<Thread> {
        check(
            change.title.as_deref(),
            change.system_prompt.as_ref().and_then(Option::as_deref),
            change.settings.as_ref(),
        )?;
        let mut thread = self.thread(user, id).await?;
        if let Some(title) = change.title {
            title.trim().clone_into(&mut thread.title);
        }
        if let Some(status) = change.status {
            thread.status = status;
        }
        if let Some(pinned) = change.pinned {
            let most = i64::from(PINNED);
            let full = pinned
                && !thread.pinned
                && threads::pinned(&self.0.db, user, most).await?.len() >= PINNED as usize;
            if full {
                let problem = "Fifty chats are pinned already. Take another one off first.";
                return Err(ServiceError::field("pinned", problem));
            }
            thread.pinned = pinned;
        }
        if let Some(prompt) = change.system_prompt {
            thread.system_prompt = some_text(prompt);
        }
        if let Some(settings) = change.settings {
            thread.settings = settings;
        }
        if let Some(allowed) = change.pool_fallback {
            thread.pool_fallback = allowed;
        }
        threads::update(&self.0.db, user, &thread).await?;
        Ok(thread)
    }

    /// Removes a thread with all its messages; an answer that is being written ends.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_thread(&self, user: &UserId, id: &ThreadId) -> Result<()> {
        self.thread(user, id).await?;
        let mut tx = self.0.db.begin().await?;
        let running = messages::running(&mut tx, id).await?;
        drop(tx);
        threads::delete(&self.0.db, user, id).await?;
        if let Some(running) = running {
            self.0.engine.abandon(&running).await?;
        }
        Ok(())
    }

    /// A new thread with the shown branch of this one, or with what led to `message`, on another model if asked. An answer
    /// that is being written is left out, and so is one that ended without a word.
    ///
    /// # Errors
    /// `NotFound`; `Validation` when the provider is none.
    pub async fn fork_thread(
        &self,
        user: &UserId,
        id: &ThreadId,
        message: Option<&MessageId>,
        provider: Option<ProviderId>,
        model: Option<ModelId>,
    ) -> Result<Thread> {
        let from = self.thread(user, id).await?;
        let mut history = match message {
            Some(message) => messages::path_to(&self.0.db, id, message).await?,
            None => messages::branch(&self.0.db, id, 0, i64::MAX).await?,
        };
        if message.is_some() && history.is_empty() {
            return Err(ServiceError::NotFound);
        }
        history.retain(|Placed { message, .. }| {
            message.status.is_final() && (message.role == Role::User || !message.content.is_empty())
        });
        let same = provider
            .as_ref()
            .is_none_or(|other| *other == from.provider);
        let provider = provider.unwrap_or(from.provider);
        let model = match model {
            None if same || !pool::is_pool(&provider) => Some(from.model),
            model => model,
        };
        let thread = self.new_thread(NewThread {
            provider,
            model,
            title: Some(from.title),
            system_prompt: from.system_prompt,
            settings: from.settings,
            private: from.private,
            // It was allowed for the other chat.
            pool_fallback: false,
        })?;
        let mut parent = None;
        for (depth, said) in (1..).zip(&mut history) {
            let id: MessageId = self
                .0
                .env
                .uuid()
                .parse()
                .map_err(|_| ServiceError::NotFound)?;
            said.depth = depth;
            said.message.thread_id = thread.id.clone();
            said.message.parent_id = parent.replace(id.clone());
            said.message.id = id;
        }
        let mut tx = self.0.db.begin().await?;
        threads::insert(&mut tx, user, &thread).await?;
        messages::copy(&mut tx, &history).await?;
        tx.commit().await?;
        Ok(thread)
    }

    /// A new thread with the history of this one, on the model that comes nearest to its own of those that the person can use.
    ///
    /// # Errors
    /// `NotFound`; `Validation` when none of their keys lists another model.
    pub async fn move_thread(&self, user: &UserId, id: &ThreadId) -> Result<Thread> {
        let Thread {
            provider, model, ..
        } = self.thread(user, id).await?;
        let other = self.replacement(user, &provider, &model).await?;
        let other = other.ok_or_else(|| {
            let problem =
                "None of your keys lists another model to go on with. Add a key under Providers.";
            ServiceError::field("model", problem)
        })?;
        let (provider, model) = (Some(other.provider), Some(other.model));
        self.fork_thread(user, id, None, provider, model).await
    }

    /// Shows the sibling that is `step` places away, with what was said below it, and says which that is.
    ///
    /// # Errors
    /// `NotFound` when there is none; `GenerationInProgress` while the thread is being answered.
    pub async fn show_sibling(
        &self,
        user: &UserId,
        thread: &ThreadId,
        id: &MessageId,
        step: i64,
    ) -> Result<MessageId> {
        let placed = messages::get(&self.0.db, user, thread, id)
            .await?
            .ok_or(ServiceError::NotFound)?;
        let mut tx = self.0.db.begin().await?;
        if let Some(running) = messages::running(&mut tx, thread).await? {
            return Err(ServiceError::GenerationInProgress(Some(running)));
        }
        let siblings = messages::siblings(&mut tx, &placed).await?;
        let here = siblings
            .iter()
            .position(|sibling| sibling == id)
            .and_then(|here| i64::try_from(here).ok());
        let there = here
            .and_then(|here| usize::try_from(here.checked_add(step)?).ok())
            .and_then(|there| siblings.get(there))
            .ok_or(ServiceError::NotFound)?;
        messages::show_through(&mut tx, there).await?;
        tx.commit().await?;
        Ok(there.clone())
    }
}
