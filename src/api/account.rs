//! The account and its session.

use crate::shared::account::{Session, Theme};
use crate::shared::error::AppError;

server_function! {
    /// Who is signed in, and what time it is on the server.
    "account/session" OpenSession,
    async fn open_session() -> Session {
        crate::server::page::session().await
    }
}

server_function! {
    /// Makes an account, signs in and goes to the chat.
    "account/sign-up" SignUp,
    async fn sign_up(email: String, password: String) -> () {
        crate::server::page::sign_up(email, password).await
    }
}

server_function! {
    /// Signs in and goes to `next`, a path of this site, else to the chat.
    "account/sign-in" SignIn,
    async fn sign_in(
        email: String,
        password: String,
        #[server(default)] next: String,
    ) -> () {
        crate::server::page::sign_in(email, password, next).await
    }
}

server_function! {
    /// Ends the session and goes to the first page.
    "account/sign-out" SignOut,
    async fn sign_out() -> () {
        crate::server::page::sign_out().await
    }
}

server_function! {
    /// Deletes the account and everything that it owns, and goes to the first page.
    "account/delete" DeleteAccount,
    async fn delete_account(password: String) -> () {
        crate::server::page::delete_account(password).await
    }
}

server_function! {
    /// Remembers the colours, what Enter does and the language. `enter` is `send` or `newline`; a `lang` that is no
    /// language leaves it to the browser.
    "account/preferences" SetPreferences,
    async fn set_preferences(theme: Theme, enter: String, lang: String) -> () {
        crate::server::page::set_preferences(theme, enter, lang).await
    }
}

server_function! {
    /// Whether the person's chats are named by the models that answer in them; none where the operator wants that for nobody.
    "account/titles" AutoTitles,
    async fn auto_titles() -> Option<bool> {
        crate::server::page::auto_titles().await
    }
}

server_function! {
    /// Has the person's chats named by the models that answer in them, or no longer.
    "account/set-titles" SetAutoTitles,
    async fn set_auto_titles(on: bool) -> () {
        crate::server::page::set_auto_titles(on).await
    }
}
