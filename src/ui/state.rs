//! What several parts of a page need to know while it is printed.

pub mod clock;
pub mod preferences;

use crate::api::account::open_session;
use crate::shared::account::{Session, User};
use crate::shared::error::AppError;
use crate::shared::words::{Language, Words};
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use leptos::prelude::*;
use leptos::server::ServerActionError;
use leptos::server_fn::error::ServerFnUrlError;

/// Who is signed in; asked once a page.
#[derive(Clone)]
pub struct Who(Shared<BoxFuture<'static, Result<Session, AppError>>>);

impl Who {
    /// The session, after the clock was set by it. An error reads as nobody.
    pub async fn session(&self) -> Option<User> {
        let session = self.0.clone().await.ok()?;
        clock::start(session.now);
        session.user
    }
}

/// What the page says, in its language.
#[must_use]
pub fn words() -> &'static Words {
    use_context::<Language>().unwrap_or_default().words()
}

/// Puts the shared state in context.
pub fn provide() {
    clock::provide();
    provide_context(Who(open_session().boxed().shared()));
}

/// The error of a form that was posted without script to a path that starts with `prefix`. It is told once: forms
/// further inside do not see it.
#[must_use]
pub fn form_error(prefix: &str) -> Option<AppError> {
    let error = posted_to(|path| path.starts_with(prefix))?;
    provide_context(ServerActionError::new("", ""));
    Some(error)
}

/// The error of a form that was posted without script to such a path.
#[must_use]
pub fn posted_to(path: impl FnOnce(&str) -> bool) -> Option<AppError> {
    let error = use_context::<ServerActionError>().filter(|error| path(error.path()))?;
    Some(ServerFnUrlError::decode_err(error.err()))
}
