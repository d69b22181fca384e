//! Signing in and up.

use crate::api::account::{SignIn as SignInFn, SignUp as SignUpFn};
use crate::shared::error::AppError;
use crate::ui::parts::call_form::{Call, CallForm};
use crate::ui::parts::field::{Field, Submit};
use crate::ui::parts::icon::icon;
use crate::ui::parts::notice::Notice;
use crate::ui::state::{Who, words};
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
        <main id="main" tabindex="-1" class="door">
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
    let call = Call::<()>::new(SignInFn::PATH);
    let (error, field) = errors(move || call.answer.get());
    let query = use_query_map();
    let next = move || query.read().get("next").unwrap_or_default();
    let words = &words().door;
    view! {
        <Door title=words.sign_in>
            <CallForm call>
                {general(error, &["email"])}
                <input type="hidden" name="next" value=next/>
                <Field name="email".to_owned() label=words.email kind="email" autocomplete="username" error=field("email")/>
                <Field name="password".to_owned() label=words.password kind="password" autocomplete="current-password" error=field("password")/>
                <Submit busy=call.pending label=words.sign_in busy_label=words.signing_in class="wide"/>
            </CallForm>
            <p class="aside">{words.new_here}" "<a href="/sign-up">{words.to_sign_up}</a></p>
        </Door>
    }
    .into_any()
}

/// `/sign-up`
#[component]
pub fn SignUp() -> impl IntoView {
    let call = Call::<()>::new(SignUpFn::PATH);
    let (error, field) = errors(move || call.answer.get());
    let words = &words().door;
    view! {
        <Door title=words.sign_up_title>
            <CallForm call>
                {general(error, &["email", "password"])}
                <Field name="email".to_owned() label=words.email kind="email" autocomplete="username" error=field("email")/>
                <Field
                    name="password".to_owned() label=words.password kind="password" autocomplete="new-password"
                    hint=words.password_hint
                    error=field("password")
                />
                <Submit busy=call.pending label=words.sign_up busy_label=words.signing_up class="wide"/>
            </CallForm>
            <p class="aside">{words.known_here}" "<a href="/sign-in">{words.sign_in}</a></p>
        </Door>
    }
    .into_any()
}
