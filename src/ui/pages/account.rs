//! Signing in and up.

use crate::api::account::{SignIn as SignInFn, SignUp as SignUpFn};
use crate::shared::error::AppError;
use crate::ui::parts::field::{Field, Submit};
use crate::ui::parts::icon::icon;
use crate::ui::parts::notice::Notice;
use crate::ui::state::Who;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Redirect;
use leptos_router::hooks::use_query_map;

/// A card in the middle of the page, for people who are not signed in.
#[component]
fn Door(
    /// The heading and the title of the tab.
    title: &'static str,
    /// What is in it.
    children: Children,
) -> impl IntoView {
    let who = expect_context::<Who>();
    view! {
        <Title text=title/>
        <Suspense>
            {move || Suspend::new(async move {
                who.session().await.map(|_| view! { <Redirect path="/chat"/> })
            })}
        </Suspense>
        <main id="main" class="door">
            <a class="brand" href="/">{icon("key")}"KeyLM"</a>
            <div class="card">
                <h1>{title}</h1>
                {children()}
            </div>
        </main>
    }
    .into_any()
}

/// The error of an action as a whole, and by field.
fn errors(
    value: impl Fn() -> Option<Result<(), AppError>> + Send + Sync + 'static,
) -> (
    Signal<Option<AppError>>,
    impl Fn(&'static str) -> Signal<Option<String>>,
) {
    let error = Signal::derive(move || value().and_then(Result::err));
    let field = move |name: &'static str| {
        Signal::derive(move || error.get().and_then(|error| error.field(name)))
    };
    (error, field)
}

/// The error's message, unless the fields say it.
fn general(error: Signal<Option<AppError>>, fields: &'static [&'static str]) -> impl IntoView {
    move || {
        error
            .get()
            .filter(|error| fields.iter().all(|name| error.field(name).is_none()))
            .map(|error| view! { <Notice error/> })
    }
}

/// `/sign-in`
#[component]
pub fn SignIn() -> impl IntoView {
    let action = ServerAction::<SignInFn>::new();
    let (error, field) = errors(move || action.value().get());
    let query = use_query_map();
    let next = move || query.read().get("next").unwrap_or_default();
    view! {
        <Door title="Sign in">
            <ActionForm action>
                {general(error, &["email"])}
                <input type="hidden" name="next" value=next/>
                <Field name="email".to_owned() label="E-mail" kind="email" autocomplete="username" error=field("email")/>
                <Field name="password".to_owned() label="Password" kind="password" autocomplete="current-password" error=field("password")/>
                <Submit busy=action.pending() label="Sign in" busy_label="Signing in…" class="wide"/>
            </ActionForm>
            <p class="aside">"New here? " <a href="/sign-up">"Create an account"</a></p>
        </Door>
    }
    .into_any()
}

/// `/sign-up`
#[component]
pub fn SignUp() -> impl IntoView {
    let action = ServerAction::<SignUpFn>::new();
    let (error, field) = errors(move || action.value().get());
    view! {
        <Door title="Create your account">
            <ActionForm action>
                {general(error, &["email", "password"])}
                <Field name="email".to_owned() label="E-mail" kind="email" autocomplete="username" error=field("email")/>
                <Field
                    name="password".to_owned() label="Password" kind="password" autocomplete="new-password"
                    hint="At least 8 characters. A phrase is easy to remember and hard to guess."
                    error=field("password")
                />
                <Submit busy=action.pending() label="Create account" busy_label="Creating…" class="wide"/>
            </ActionForm>
            <p class="aside">"Have an account? " <a href="/sign-in">"Sign in"</a></p>
        </Door>
    }
    .into_any()
}
