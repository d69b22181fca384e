//! The account and its session.

use crate::shared::account::{Session, Theme};
use crate::shared::error::AppError;
use leptos::prelude::*;

/// Who is signed in, and what time it is on the server.
#[server(prefix = "/fn", endpoint = "account/session")]
pub async fn open_session() -> Result<Session, AppError> {
    crate::server::page::session().await
}

/// Makes an account, signs in and goes to the chat.
#[server(prefix = "/fn", endpoint = "account/sign-up")]
pub async fn sign_up(email: String, password: String) -> Result<(), AppError> {
    crate::server::page::sign_up(email, password).await
}

/// Signs in and goes to `next`, a path of this site, else to the chat.
#[server(prefix = "/fn", endpoint = "account/sign-in")]
pub async fn sign_in(
    email: String,
    password: String,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    crate::server::page::sign_in(email, password, next).await
}

/// Ends the session and goes to the first page.
#[server(prefix = "/fn", endpoint = "account/sign-out")]
pub async fn sign_out() -> Result<(), AppError> {
    crate::server::page::sign_out().await
}

/// Deletes the account and everything that it owns, and goes to the first page.
#[server(prefix = "/fn", endpoint = "account/delete")]
pub async fn delete_account(password: String) -> Result<(), AppError> {
    crate::server::page::delete_account(password).await
}

/// Remembers the colours, what Enter does and the language. `enter` is `send` or `newline`; a `lang` that is no language
/// leaves it to the browser.
#[server(prefix = "/fn", endpoint = "account/preferences")]
pub async fn set_preferences(theme: Theme, enter: String, lang: String) -> Result<(), AppError> {
    crate::server::page::set_preferences(theme, enter, lang).await
}

/// Whether the person's chats are named by the models that answer in them; none where the operator wants that for nobody.
#[server(prefix = "/fn", endpoint = "account/titles")]
pub async fn auto_titles() -> Result<Option<bool>, AppError> {
    crate::server::page::auto_titles().await
}

/// Has the person's chats named by the models that answer in them, or no longer.
#[server(prefix = "/fn", endpoint = "account/set-titles")]
pub async fn set_auto_titles(on: bool) -> Result<(), AppError> {
    crate::server::page::set_auto_titles(on).await
}
