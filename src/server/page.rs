//! What the server functions do: one function each, with the same signature.
//!
//! A function that a plain form may call answers without a redirect (then the form goes back to its page), or with one.
//! Called by script, a redirect loads the whole page anew: right for `sign_in`, `sign_up`, `sign_out` and
//! `delete_account`, wrong for `start_thread` and `delete_thread`, which redirect only when `Accept` has `text/html`.

#![expect(
    clippy::missing_errors_doc,
    reason = "each fails as the service that it calls"
)]

mod account;
mod compare;
mod keys;
mod messages;
mod models;
mod side;
mod threads;

pub use account::{
    auto_titles, delete_account, session, set_auto_titles, set_preferences, sign_in, sign_out,
    sign_up,
};
pub use compare::{choose_answer, comparison_form, start_comparison};
pub use keys::{
    add_key, move_key, provider_cards, remove_key, replace_key, set_key_active, test_key,
};
pub use messages::{edit, message_source, retry, reword, send, stop};
pub use models::{beginning, discover_models, list_choices, picker, refresh_models, set_favourite};
pub use side::{palette_lines, side_list};
pub use threads::{
    archived, delete_thread, fork_thread, replace_model, restore_thread, show_branch, start_thread,
    thread, thread_means, update_thread,
};

use crate::server::error::to_app_error;
use crate::server::http::extract::{self, session_cookie, session_token};
use crate::server::http::middleware::client_ip::ClientIp;
use crate::server::services::accounts::SignedIn;
use crate::server::services::{ServiceError, Services};
use crate::server::state::AppState;
use crate::shared::account::User;
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::ids::UserId;
use crate::shared::provider::ProviderView;
use crate::shared::words::Language;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use url::Url;

/// Characters that count of what is looked for. No name is as long, and each word of it is held against every model: a form of
/// megabytes would be millions of words.
const MOST_TYPED: usize = 100;

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
    let asked = use_context::<http::request::Parts>();
    let (language, form) = asked.map_or_else(Default::default, |parts| {
        let form = accepts_html(&parts.headers) && parts.method != http::Method::GET;
        (extract::language(&parts.headers), form)
    });
    let error = language.printed().sentences.error(to_app_error(error));
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

    /// Whether the page that a form was on has this path.
    fn came_from(&self, path: &str) -> bool {
        let page = self.headers.get(header::REFERER);
        let page = page.and_then(|page| page.to_str().ok());
        page.and_then(|page| Url::parse(page).ok())
            .is_some_and(|page| page.path() == path)
    }

    /// Sends a plain form on; a script has its answer already.
    fn form_to(&self, path: &str) {
        if accepts_html(&self.headers) {
            leptos_axum::redirect(path);
        }
    }
}

/// What counts of what is looked for.
fn looked_for(typed: &str) -> &str {
    let end = typed.char_indices().nth(MOST_TYPED);
    end.and_then(|(end, _)| typed.get(..end)).unwrap_or(typed)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::providers::{FieldKind, REGISTRY};

    #[test]
    fn only_the_beginning_counts_of_what_is_looked_for() {
        let long = "é".repeat(MOST_TYPED + 1);
        assert_eq!(looked_for(&long).chars().count(), MOST_TYPED);
        assert_eq!(looked_for("gpt"), "gpt");
    }

    #[test]
    fn what_a_key_is_asked_for_has_a_name_in_every_language() {
        let others = Language::ALL
            .into_iter()
            .filter(|language| *language != Language::English);
        for language in others {
            let sentences = &language.printed().sentences;
            for field in REGISTRY.iter().flat_map(|provider| provider.info().fields) {
                let choices = match field.kind {
                    FieldKind::Choice(choices) => choices,
                    _ => &[],
                };
                let labels = choices.iter().map(|(_, label)| *label);
                for label in labels.chain([field.label]) {
                    assert!(
                        (sentences.of_english)(label).is_some(),
                        "{label} in {language:?}"
                    );
                }
            }
        }
    }
}
