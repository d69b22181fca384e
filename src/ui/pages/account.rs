//! Signing in and up.

use crate::api::account::{SignIn as SignInFn, SignUp as SignUpFn};
use crate::ui::parts::field::{Field, Submit};
use crate::ui::parts::icon::icon;
use crate::ui::parts::notice::Notice;
use crate::ui::parts::post_form::PostForm;
use crate::ui::state::{Who, posted_to, words};
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
            {Suspend::new(async move {
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

/// What was said to the form that was posted without script to `path`: as a whole unless one of the fields in `said` says
/// it, and about the e-mail address and the password.
fn refused(path: &str, said: &[&str]) -> (Option<AnyView>, Option<String>, Option<String>) {
    let Some(error) = posted_to(|to| to == path) else {
        return (None, None, None);
    };
    let (email, password) = (error.field("email"), error.field("password"));
    let general = said.iter().all(|name| error.field(name).is_none());
    let general = general.then(|| view! { <Notice error/> }.into_any());
    (general, email, password)
}

/// `/sign-in`
#[component]
pub fn SignIn() -> impl IntoView {
    let (general, email, password) = refused(SignInFn::PATH, &["email"]);
    let next = use_query_map()
        .read_untracked()
        .get("next")
        .unwrap_or_default();
    let words = &words().door;
    view! {
        <Door title=words.sign_in>
            <PostForm action=SignInFn::PATH>
                {general}
                <input type="hidden" name="next" value=next/>
                <Field name="email".to_owned() label=words.email kind="email" autocomplete="username" error=email/>
                <Field name="password".to_owned() label=words.password kind="password" autocomplete="current-password" error=password/>
                <Submit label=words.sign_in busy_label=words.signing_in class="wide"/>
            </PostForm>
            <p class="aside">{words.new_here}" "<a href="/sign-up">{words.to_sign_up}</a></p>
        </Door>
    }
    .into_any()
}

/// `/sign-up`
#[component]
pub fn SignUp() -> impl IntoView {
    let (general, email, password) = refused(SignUpFn::PATH, &["email", "password"]);
    let words = &words().door;
    view! {
        <Door title=words.sign_up_title>
            <PostForm action=SignUpFn::PATH>
                {general}
                <Field name="email".to_owned() label=words.email kind="email" autocomplete="username" error=email/>
                <Field
                    name="password".to_owned() label=words.password kind="password" autocomplete="new-password"
                    hint=words.password_hint
                    error=password
                />
                <Submit label=words.sign_up busy_label=words.signing_up class="wide"/>
            </PostForm>
            <p class="aside">{words.known_here}" "<a href="/sign-in">{words.sign_in}</a></p>
        </Door>
    }
    .into_any()
}
