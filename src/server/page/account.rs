//! The account and its session.

use super::{Answer, caller, fail, set_cookie};
use crate::server::crypto::secret::Secret;
use crate::server::http::extract::{session_cookie, session_token};
use crate::shared::account::{Session, Theme};
use crate::shared::words::Language;

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
