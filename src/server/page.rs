//! What the server functions do: one function each, with the same signature.
//!
//! A function that a plain form may call answers without a redirect (then the form goes back to its page), or with one.
//! Called by script, a redirect loads the whole page anew: right for `sign_in`, `sign_up`, `sign_out` and
//! `delete_account`, wrong for `start_thread` and `delete_thread`, which redirect only when `Accept` has `text/html`.

#![expect(
    clippy::missing_errors_doc,
    clippy::unused_async,
    reason = "each has the signature of its server function and fails as the service that it calls"
)]

mod compare;

pub use compare::{choose_answer, comparison_form, start_comparison};

use crate::server::catalog::discovery::Wanted;
use crate::server::crypto::secret::Secret;
use crate::server::error::to_app_error;
use crate::server::http::extract::{self, session_cookie, session_token};
use crate::server::http::middleware::client_ip::ClientIp;
use crate::server::render;
use crate::server::services::accounts::SignedIn;
use crate::server::services::chat::Ask;
use crate::server::services::keys::KeyChange;
use crate::server::services::threads::{self as rules, NewThread, Window};
use crate::server::services::{ServiceError, Services};
use crate::server::state::AppState;
use crate::shared::account::{Session, Theme, User};
use crate::shared::activity::WATCHED;
use crate::shared::chat::{
    ChatSettings, FoundPage, Sent, Started, Thread, ThreadChange, ThreadPage, ThreadStatus,
    ThreadView,
};
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::ids::{
    ClientRequestId, KeyId, MessageId, ModelId, ProviderId, ThreadId, UserId,
};
use crate::shared::model::{Choice, ModelList, PickerProvider};
use crate::shared::provider::{KeyTest, KeyView, ProviderCard, ProviderView};
use crate::shared::words::Language;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use std::collections::HashMap;

type Answer<T> = Result<T, AppError>;

/// Who calls, and the rules that answer.
struct Caller {
    state: AppState,
    headers: HeaderMap,
    ip: Option<ClientIp>,
}

fn caller() -> Answer<Caller> {
    let state = use_context::<AppState>();
    let parts = use_context::<http::request::Parts>();
    let (Some(state), Some(parts)) = (state, parts) else {
        return Err(AppError::new(
            ErrorCode::Internal,
            "The page was rendered outside a request. Reload it.",
        ));
    };
    Ok(Caller {
        state,
        ip: parts.extensions.get::<ClientIp>().copied(),
        headers: parts.headers,
    })
}

/// Words an error in the language of the page and gives the response its status, unless a plain form is about to be sent back to its page.
fn fail(error: ServiceError) -> AppError {
    let parts = use_context::<http::request::Parts>();
    let language = parts.map_or_else(Language::default, |parts| extract::language(&parts.headers));
    let error = language.printed().sentences.error(to_app_error(error));
    let form = use_context::<http::request::Parts>()
        .is_some_and(|parts| accepts_html(&parts.headers) && parts.method != http::Method::GET);
    if let Some(options) = use_context::<ResponseOptions>()
        && !form
        && let Ok(status) = StatusCode::from_u16(error.code.status())
    {
        options.set_status(status);
    }
    error
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

fn set_cookie(cookie: &str) {
    if let (Some(options), Ok(value)) = (
        use_context::<ResponseOptions>(),
        HeaderValue::from_str(cookie),
    ) {
        options.append_header(header::SET_COOKIE, value);
    }
}

impl Caller {
    fn services(&self) -> &Services {
        &self.state.services
    }

    fn language(&self) -> Language {
        extract::language(&self.headers)
    }

    async fn session(&self) -> Answer<Option<User>> {
        match session_token(&self.headers, self.state.config.secure()) {
            Some(token) => self.services().session(&token).await.map_err(fail),
            None => Ok(None),
        }
    }

    async fn user(&self) -> Answer<UserId> {
        let user = self.session().await?;
        user.map(|user| user.id)
            .ok_or_else(|| fail(ServiceError::Unauthenticated))
    }

    fn ip(&self) -> std::net::IpAddr {
        self.ip
            .map_or(std::net::IpAddr::from([0, 0, 0, 0]), |ip| ip.0)
    }

    /// Hands out the session and ends the one that the browser brought along.
    async fn come_in(&self, come: &SignedIn) -> Answer<()> {
        if let Some(old) = session_token(&self.headers, self.state.config.secure()) {
            self.services().logout(&old).await.map_err(fail)?;
        }
        set_cookie(&session_cookie(
            come.token.expose(),
            self.state.config.secure(),
        ));
        Ok(())
    }

    /// Sends a plain form on; a script has its answer already.
    fn form_to(&self, path: &str) {
        if accepts_html(&self.headers) {
            leptos_axum::redirect(path);
        }
    }
}

/// Who is signed in, and what time it is on the server.
pub async fn session() -> Answer<Session> {
    let caller = caller()?;
    Ok(Session {
        user: caller.session().await?,
        now: caller.services().env().now(),
    })
}

/// Makes an account, signs in and goes to the chat.
pub async fn sign_up(email: String, password: String) -> Answer<()> {
    let caller = caller()?;
    let come = caller
        .services()
        .register(&email, Secret::new(password), caller.ip())
        .await
        .map_err(fail)?;
    caller.come_in(&come).await?;
    leptos_axum::redirect("/chat");
    Ok(())
}

/// Signs in and goes to `next`, a path of this site, else to the chat.
pub async fn sign_in(email: String, password: String, next: String) -> Answer<()> {
    let caller = caller()?;
    let come = caller
        .services()
        .login(&email, Secret::new(password), caller.ip())
        .await
        .map_err(fail)?;
    caller.come_in(&come).await?;
    // `//host` and `/\host` are other sites to a browser.
    let own = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && next.chars().all(|c| c.is_ascii_graphic());
    leptos_axum::redirect(if own { &next } else { "/chat" });
    Ok(())
}

/// Ends the session and goes to the first page.
pub async fn sign_out() -> Answer<()> {
    let caller = caller()?;
    if let Some(token) = session_token(&caller.headers, caller.state.config.secure()) {
        caller.services().logout(&token).await.map_err(fail)?;
    }
    set_cookie(&session_cookie("", caller.state.config.secure()));
    leptos_axum::redirect("/");
    Ok(())
}

/// Deletes the account and everything that it owns, and goes to the first page.
pub async fn delete_account(password: String) -> Answer<()> {
    let caller = caller()?;
    let user = caller.user().await?;
    caller
        .services()
        .delete_account(&user, Secret::new(password))
        .await
        .map_err(fail)?;
    set_cookie(&session_cookie("", caller.state.config.secure()));
    leptos_axum::redirect("/");
    Ok(())
}

/// Remembers the colours, what Enter does and the language. `enter` is `send` or `newline`; a `lang` that is no language
/// leaves it to the browser.
pub async fn set_preferences(theme: Theme, enter: String, lang: String) -> Answer<()> {
    let enter = if enter == "newline" {
        "newline"
    } else {
        "send"
    };
    let lang = Language::parse(&lang).map_or("", Language::code);
    for (name, value) in [("theme", theme.as_str()), ("enter", enter), ("lang", lang)] {
        set_cookie(&format!(
            "{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax"
        ));
    }
    Ok(())
}

/// A key with its trouble in the language of the page.
fn said_of_key(language: Language, mut key: KeyView) -> KeyView {
    let sentences = &language.printed().sentences;
    key.last_error = key.last_error.map(|error| sentences.error(error));
    key
}

/// A provider with its form in the language of the page.
fn said_of_provider(language: Language, mut provider: ProviderView) -> ProviderView {
    let sentences = &language.printed().sentences;
    for field in &mut provider.credential_fields {
        let labels = field.choices.iter_mut().map(|choice| &mut choice.label);
        for label in labels.chain([&mut field.label]) {
            *label = sentences.text(std::mem::take(label));
        }
    }
    provider
}

/// A list with its warning in the language of the page.
fn said_of_list(language: Language, mut list: ModelList) -> ModelList {
    let sentences = &language.printed().sentences;
    list.warning = list.warning.map(|warning| sentences.text(warning));
    list
}

/// Whether the person's chats are named by the models that answer in them; none where the operator wants that for nobody.
pub async fn auto_titles() -> Answer<Option<bool>> {
    let caller = caller()?;
    let user = caller.user().await?;
    caller.services().auto_titles(&user).await.map_err(fail)
}

/// Has the person's chats named by the models that answer in them, or no longer.
pub async fn set_auto_titles(on: bool) -> Answer<()> {
    let caller = caller()?;
    let user = caller.user().await?;
    caller
        .services()
        .set_auto_titles(&user, on)
        .await
        .map_err(fail)
}

/// Every provider with the person's keys.
pub async fn provider_cards() -> Answer<Vec<ProviderCard>> {
    let caller = caller()?;
    let user = caller.user().await?;
    let providers = caller.services().providers(&user).await.map_err(fail)?;
    let keys = caller.services().keys(&user, None).await.map_err(fail)?;
    let health = caller.services().health().await.map_err(fail)?;
    let language = caller.language();
    let card = |provider: ProviderView| {
        let keys = keys.iter().filter(|key| key.provider == provider.id);
        ProviderCard {
            health: health.get(&provider.id).map(|calls| calls.told(language)),
            keys: keys.map(|key| said_of_key(language, key.clone())).collect(),
            provider: said_of_provider(language, provider),
        }
    };
    // The free pool takes no key.
    let takes_keys = |provider: &ProviderView| !provider.credential_fields.is_empty();
    Ok(providers.into_iter().filter(takes_keys).map(card).collect())
}

/// Has the provider check a key and stores it when it is accepted. Field errors are named as the credential fields.
pub async fn add_key(
    provider: ProviderId,
    label: String,
    credentials: HashMap<String, String>,
) -> Answer<KeyView> {
    let caller = caller()?;
    let user = caller.user().await?;
    caller
        .services()
        .add_key(&user, &provider, credentials, Some(&label))
        .await
        .map(|key| said_of_key(caller.language(), key))
        .map_err(fail)
}

/// Puts another secret in a key's place once the provider accepted it.
pub async fn replace_key(
    provider: ProviderId,
    key: KeyId,
    credentials: HashMap<String, String>,
) -> Answer<KeyView> {
    let caller = caller()?;
    let user = caller.user().await?;
    caller
        .services()
        .replace_key(&user, &provider, &key, credentials, None)
        .await
        .map_err(fail)
}

/// Asks the provider whether it still accepts a key.
pub async fn test_key(provider: ProviderId, key: KeyId) -> Answer<KeyTest> {
    let caller = caller()?;
    let user = caller.user().await?;
    let (key, error) = caller
        .services()
        .validate_key(&user, &provider, &key)
        .await
        .map_err(fail)?;
    let language = caller.language();
    Ok(KeyTest {
        key: said_of_key(language, key),
        valid: error.is_none(),
        error: error.map(|error| language.printed().sentences.error(error)),
    })
}

/// Switches a key on or off.
pub async fn set_key_active(provider: ProviderId, key: KeyId, active: bool) -> Answer<KeyView> {
    let caller = caller()?;
    let user = caller.user().await?;
    let change = KeyChange {
        active: Some(active),
        ..KeyChange::default()
    };
    caller
        .services()
        .change_key(&user, &provider, &key, change)
        .await
        .map(|key| said_of_key(caller.language(), key))
        .map_err(fail)
}

/// Gives a key its place in the order, from 0.
pub async fn move_key(provider: ProviderId, key: KeyId, position: u32) -> Answer<()> {
    let caller = caller()?;
    let user = caller.user().await?;
    let change = KeyChange {
        position: Some(position as usize),
        ..KeyChange::default()
    };
    caller
        .services()
        .change_key(&user, &provider, &key, change)
        .await
        .map(drop)
        .map_err(fail)
}

/// Removes a key; nothing is sent with it from then on.
pub async fn remove_key(provider: ProviderId, key: KeyId) -> Answer<()> {
    let caller = caller()?;
    let user = caller.user().await?;
    caller
        .services()
        .remove_key(&user, &provider, &key)
        .await
        .map_err(fail)
}

/// Every provider with its models as last known. Answers from the store; never waits for a provider.
pub async fn picker() -> Answer<Vec<PickerProvider>> {
    let caller = caller()?;
    let user = caller.user().await?;
    let health = caller.services().health().await.map_err(fail)?;
    let language = caller.language();
    let mut shelves = Vec::new();
    for provider in caller.services().providers(&user).await.map_err(fail)? {
        let (list, error) = match caller.services().kept_models(&user, &provider.id).await {
            Ok(list) => (list, None),
            // Not having a key is a state of the picker, not a failure of the page.
            Err(error @ (ServiceError::NoKey { .. } | ServiceError::KeyUnreadable { .. })) => (
                None,
                Some(language.printed().sentences.error(to_app_error(error))),
            ),
            Err(error) => return Err(fail(error)),
        };
        let note = if rules::is_pool(&provider.id) {
            let usage = caller.services().free_usage(&user).await.map_err(fail)?;
            Some(usage.sentence(&language.printed().pool))
        } else {
            None
        };
        shelves.push(PickerProvider {
            health: health.get(&provider.id).map(|calls| calls.told(language)),
            provider: said_of_provider(language, provider),
            list: list.map(|list| said_of_list(language, list)),
            error,
            note,
        });
    }
    Ok(shelves)
}

/// The list of all models, as safe HTML; `query` is that of its address.
pub async fn discover_models(query: String) -> Answer<String> {
    let caller = caller()?;
    let user = caller.user().await?;
    let discovery = caller.services().discover(&user).await.map_err(fail)?;
    let wanted = Wanted::parse(&query);
    let mut rows = discovery.rows();
    wanted.select(&mut rows);
    Ok(render::models::list(
        caller.language(),
        &wanted,
        &rows,
        discovery.providers(),
    ))
}

/// Asks a provider for its models anew.
pub async fn refresh_models(provider: ProviderId) -> Answer<ModelList> {
    let caller = caller()?;
    let user = caller.user().await?;
    caller
        .services()
        .models(&user, &provider, None, true)
        .await
        .map(|list| said_of_list(caller.language(), list))
        .map_err(fail)
}

/// A page of the sidebar: active threads, newest activity first.
pub async fn threads(cursor: Option<String>) -> Answer<ThreadPage> {
    let caller = caller()?;
    let user = caller.user().await?;
    caller
        .services()
        .sidebar(&user, cursor.as_deref())
        .await
        .map_err(fail)
}

/// A page of the active threads that have these words.
pub async fn search_threads(q: String, cursor: Option<String>) -> Answer<FoundPage> {
    let caller = caller()?;
    let user = caller.user().await?;
    caller
        .services()
        .search(&user, ThreadStatus::Active, &q, cursor.as_deref(), WATCHED)
        .await
        .map_err(fail)
}

/// A thread with its newest messages, with those before or after a depth, or with those around the message `at`.
pub async fn thread(
    id: ThreadId,
    before: Option<i64>,
    after: Option<i64>,
    at: Option<MessageId>,
) -> Answer<ThreadView> {
    let caller = caller()?;
    let user = caller.user().await?;
    let window = match (at, before, after) {
        (Some(at), _, _) => Window::Around(at),
        (_, Some(before), _) => Window::Before(before),
        (_, _, Some(after)) => Window::After(after),
        _ => Window::Newest,
    };
    caller
        .services()
        .thread_view(&user, &id, &window, caller.language())
        .await
        .map_err(fail)
}

/// Shows another branch: the one through the sibling of `message` that is `step` places away. A plain form goes to the
/// sibling.
pub async fn show_branch(thread: ThreadId, message: MessageId, step: i64) -> Answer<ThreadView> {
    let caller = caller()?;
    let user = caller.user().await?;
    let services = caller.services();
    let shown = services
        .show_sibling(&user, &thread, &message, step)
        .await
        .map_err(fail)?;
    caller.form_to(&format!("/chat/{thread}?at={shown}#m-{shown}"));
    services
        .thread_view(&user, &thread, &Window::Around(shown), caller.language())
        .await
        .map_err(fail)
}

/// Starts a thread with its first message. A plain form goes to the thread's page.
pub async fn start_thread(
    choice: Choice,
    system_prompt: String,
    settings: ChatSettings,
    pool_fallback: bool,
    content: String,
    client_request_id: ClientRequestId,
) -> Answer<Started> {
    let caller = caller()?;
    let user = caller.user().await?;
    let services = caller.services();
    let new = NewThread {
        provider: choice.provider,
        model: Some(choice.model),
        title: None,
        system_prompt: Some(system_prompt),
        settings,
        private: false,
        pool_fallback,
    };
    let (thread, answer) = services
        .start_thread(&user, new, content, &client_request_id)
        .await
        .map_err(fail)?;
    let sent = sent(&caller, &user, &thread.id, &answer).await?;
    caller.form_to(&format!("/chat/{}", thread.id));
    let model = services
        .model_line(&user, &thread, caller.language())
        .await
        .map_err(fail)?;
    Ok(Started {
        thread,
        model,
        sent,
    })
}

/// Changes a thread.
pub async fn update_thread(id: ThreadId, change: ThreadChange) -> Answer<Thread> {
    let caller = caller()?;
    let user = caller.user().await?;
    let change = rules::ThreadChange {
        title: change.title,
        status: change.status,
        pinned: change.pinned,
        system_prompt: change.system_prompt.map(Some),
        settings: change.settings,
        pool_fallback: change.pool_fallback,
    };
    caller
        .services()
        .change_thread(&user, &id, change)
        .await
        .map_err(fail)
}

/// A new thread with the history of this one (up to `message`), on another model if asked. A plain form goes there.
pub async fn fork_thread(
    id: ThreadId,
    message: Option<MessageId>,
    choice: Option<Choice>,
) -> Answer<Thread> {
    let caller = caller()?;
    let user = caller.user().await?;
    let (provider, model) = choice.map(|choice| (choice.provider, choice.model)).unzip();
    let thread = caller
        .services()
        .fork_thread(&user, &id, message.as_ref(), provider, model)
        .await
        .map_err(fail)?;
    caller.form_to(&format!("/chat/{}", thread.id));
    Ok(thread)
}

/// A new thread with the history of this one, on the nearest model that the person can use. A plain form goes there.
pub async fn replace_model(id: ThreadId) -> Answer<Thread> {
    let caller = caller()?;
    let user = caller.user().await?;
    let services = caller.services();
    let thread = services.move_thread(&user, &id).await.map_err(fail)?;
    caller.form_to(&format!("/chat/{}", thread.id));
    Ok(thread)
}

/// A page of what the person has archived, as safe HTML; `query` is that of its address.
pub async fn archived(query: String) -> Answer<String> {
    let caller = caller()?;
    let user = caller.user().await?;
    let cursor = query.trim_start_matches('?').strip_prefix("from=");
    let archived = ThreadStatus::Archived;
    let page = caller
        .services()
        .threads(&user, archived, cursor, WATCHED)
        .await
        .map_err(fail)?;
    Ok(render::archive::list(
        &page,
        &caller.language().printed().archive,
    ))
}

/// Brings an archived thread back into the sidebar. A plain form goes back to its page.
pub async fn restore_thread(id: ThreadId) -> Answer<()> {
    let caller = caller()?;
    let user = caller.user().await?;
    let change = rules::ThreadChange {
        status: Some(ThreadStatus::Active),
        ..rules::ThreadChange::default()
    };
    let changed = caller.services().change_thread(&user, &id, change).await;
    changed.map(drop).map_err(fail)
}

/// Deletes a thread with all of its messages. A plain form goes to the new chat, or back to its page if that is the archive.
pub async fn delete_thread(id: ThreadId, archived: bool) -> Answer<()> {
    let caller = caller()?;
    let user = caller.user().await?;
    caller
        .services()
        .delete_thread(&user, &id)
        .await
        .map_err(fail)?;
    if !archived {
        caller.form_to("/chat");
    }
    Ok(())
}

async fn ask(thread: &ThreadId, request: &ClientRequestId, ask: Ask) -> Answer<Sent> {
    let caller = caller()?;
    let user = caller.user().await?;
    let answer = caller
        .services()
        .ask(&user, thread, request, ask)
        .await
        .map_err(fail)?;
    // A plain form may come from a page of earlier messages.
    caller.form_to(&format!("/chat/{thread}"));
    sent(&caller, &user, thread, &answer).await
}

async fn sent(
    caller: &Caller,
    user: &UserId,
    thread: &ThreadId,
    answer: &MessageId,
) -> Answer<Sent> {
    let (services, language) = (caller.services(), caller.language());
    let placed = services.message(user, thread, answer).await.map_err(fail)?;
    let asked = placed
        .message
        .parent_id
        .clone()
        .ok_or_else(|| fail(ServiceError::NotFound))?;
    let asked = services.message(user, thread, &asked).await.map_err(fail)?;
    Ok(Sent {
        question: services.finished(asked, language),
        answer: services.answer(placed, language),
    })
}

/// Stores a message and starts its answer.
pub async fn send(
    thread: ThreadId,
    content: String,
    client_request_id: ClientRequestId,
) -> Answer<Sent> {
    ask(
        &thread,
        &client_request_id,
        Ask::Say {
            content,
            parent: None,
            nameable: true,
        },
    )
    .await
}

/// Starts another answer beside this one, on another model of the same provider if asked.
pub async fn retry(
    thread: ThreadId,
    message: MessageId,
    client_request_id: ClientRequestId,
    model: Option<ModelId>,
) -> Answer<Sent> {
    ask(&thread, &client_request_id, Ask::Again { message, model }).await
}

/// Ends an answer; what it has said so far stays.
pub async fn stop(thread: ThreadId, message: MessageId) -> Answer<()> {
    let caller = caller()?;
    let user = caller.user().await?;
    caller
        .services()
        .stop(&user, &thread, &message)
        .await
        .map_err(fail)
}

/// Says something else in a message's place, as a branch beside it, and starts the answer.
pub async fn edit(
    thread: ThreadId,
    message: MessageId,
    content: String,
    client_request_id: ClientRequestId,
) -> Answer<Sent> {
    ask(&thread, &client_request_id, Ask::Edit { message, content }).await
}

/// A message's Markdown.
pub async fn message_source(thread: ThreadId, message: MessageId) -> Answer<String> {
    let caller = caller()?;
    let user = caller.user().await?;
    Ok(caller
        .services()
        .message(&user, &thread, &message)
        .await
        .map_err(fail)?
        .message
        .content)
}
