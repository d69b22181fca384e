//! A form whose answer stays on the page: a call with script, a plain post without.

use crate::client::server::{Body, call};
use crate::shared::error::AppError;
use crate::ui::state::posted_to;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::de::DeserializeOwned;

/// What a form calls, and what came of it.
pub struct Call<T: 'static> {
    path: &'static str,
    /// Whether the server is being asked.
    pub pending: RwSignal<bool>,
    /// What it said last; at first, what it said to the plain post that this page is the answer of.
    pub answer: RwSignal<Option<Result<T, AppError>>>,
}

impl<T> Clone for Call<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Call<T> {}

impl<T: DeserializeOwned + Send + Sync> Call<T> {
    /// A call of the server function at `path`.
    #[must_use]
    pub fn new(path: &'static str) -> Self {
        Self {
            path,
            pending: RwSignal::new(false),
            answer: RwSignal::new(posted_to(|to| to == path).map(Err)),
        }
    }

    fn send(self, event: &SubmitEvent) {
        let Some(body) = Body::of(event) else { return };
        event.prevent_default();
        self.pending.set(true);
        spawn_local(async move {
            let answer = call(self.path, body).await;
            // The page may be gone by then.
            _ = self.answer.try_set(Some(answer));
            _ = self.pending.try_set(false);
        });
    }
}

/// The form.
#[component]
pub fn CallForm<T>(
    /// What it calls.
    call: Call<T>,
    /// Whether browsers must not fill in what they remember.
    #[prop(optional)]
    fresh: bool,
    /// What is in it.
    children: Children,
) -> impl IntoView
where
    T: DeserializeOwned + Send + Sync + 'static,
{
    form(
        call.path,
        fresh,
        Box::new(move |event| call.send(&event)),
        children(),
    )
}

fn form(
    action: &'static str,
    fresh: bool,
    send: Box<dyn FnMut(SubmitEvent)>,
    content: AnyView,
) -> AnyView {
    view! {
        <form method="post" action=action autocomplete=fresh.then_some("off") on:submit=send>{content}</form>
    }
    .into_any()
}
