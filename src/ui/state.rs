//! What several parts of the page share: one small struct of signals each, in context.

pub mod catalog;
pub mod clock;
pub mod elsewhere;
pub mod preferences;
pub mod search;
pub mod threads;
pub mod toasts;
pub mod unread;

use crate::api::account::open_session;
use crate::client::dom;
use crate::shared::account::{Session, User};
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::words::{Language, Words};
use leptos::prelude::*;
use leptos::server::ServerActionError;

/// Who is signed in; asked once a page load, because signing in and out load the page anew.
#[derive(Clone, Copy)]
pub struct Who(Resource<Result<Session, AppError>>);

impl Who {
    /// The session, after the clock was set by it. An error reads as nobody.
    pub async fn session(self) -> Option<User> {
        let session = self.0.await.ok()?;
        expect_context::<clock::Clock>().start(session.now);
        session.user
    }
}

/// What the page says, in its language. For components: a handler takes along what it will say. Choosing another language
/// loads the page anew, so nothing here is a signal.
#[must_use]
pub fn words() -> &'static Words {
    use_context::<Language>().unwrap_or_default().words()
}

/// Puts the shared state in context.
pub fn provide() {
    if is_browser() {
        provide_context(dom::language());
    }
    provide_context(clock::Clock::new());
    provide_context(preferences::Prefs::new());
    provide_context(unread::Unread::default());
    provide_context(toasts::Toasts::new());
    provide_context(Who(Resource::new_blocking(|| (), |()| open_session())));
}

/// Leaves for the sign-in page, which leads back here, when an error says that the session is over; else gives the error
/// back.
#[must_use]
pub fn unless_signed_out(error: AppError) -> AppError {
    if error.code == ErrorCode::Unauthenticated && is_browser() {
        dom::go(&["/sign-in?next=", &dom::encode(&dom::here())].concat());
    }
    error
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
    Some(AppError::of_address(error.err()))
}
