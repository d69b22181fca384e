//! `/settings`

use crate::api::account::{DeleteAccount, SetPreferences, SignOut};
use crate::shared::account::{Theme, User};
use crate::ui::pages::workspace::TopBar;
use crate::ui::parts::field::{Field, Submit};
use crate::ui::parts::icon::icon;
use crate::ui::parts::notice::Notice;
use crate::ui::state::Who;
use crate::ui::state::preferences::Prefs;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;

/// The account and how the page looks and behaves.
#[component]
pub fn Settings() -> impl IntoView {
    let who = expect_context::<Who>();
    view! {
        <Title text="Settings"/>
        <TopBar><h1>"Settings"</h1></TopBar>
        <div class="page narrow">
            <Looks/>
            <Suspense>
                {move || Suspend::new(async move {
                    who.session().await.map(|user| view! { <Account user/> })
                })}
            </Suspense>
        </div>
    }
    .into_any()
}

/// Colours and the Enter key. Works at once with script, by the button without.
#[component]
fn Looks() -> impl IntoView {
    let prefs = expect_context::<Prefs>();
    let save = ServerAction::<SetPreferences>::new();
    let theme = move |value: Theme, label: &'static str| {
        view! {
            <label class="choice">
                <input
                    type="radio" name="theme" value=value.as_str()
                    checked=move || prefs.theme() == value
                    on:change=move |_| prefs.set_theme(value)
                />
                <span>{label}</span>
            </label>
        }
    };
    let enter = move |sends: bool, value: &'static str, label: &'static str| {
        view! {
            <label class="choice">
                <input
                    type="radio" name="enter" value=value
                    checked=move || prefs.enter_sends() == sends
                    on:change=move |_| prefs.set_enter_sends(sends)
                />
                <span>{label}</span>
            </label>
        }
    };
    view! {
        <section class="card">
            <ActionForm action=save>
                <fieldset>
                    <legend>"Colours"</legend>
                    <div class="choices">
                        {theme(Theme::System, "System")}
                        {theme(Theme::Light, "Light")}
                        {theme(Theme::Dark, "Dark")}
                    </div>
                </fieldset>
                <fieldset>
                    <legend>"Enter key"</legend>
                    <div class="choices">
                        {enter(true, "send", "Sends")}
                        {enter(false, "newline", "Starts a new line")}
                    </div>
                    <p class="field-note">"Shift+Enter always starts a new line, Ctrl+Enter always sends. On touch keyboards Enter starts a new line."</p>
                </fieldset>
                <button type="submit" class="button no-js-only">"Save"</button>
            </ActionForm>
        </section>
    }
    .into_any()
}

/// Who is signed in, and the ways out.
#[component]
fn Account(
    /// Who is signed in.
    user: User,
) -> impl IntoView {
    let sign_out = ServerAction::<SignOut>::new();
    let delete = ServerAction::<DeleteAccount>::new();
    let error = Signal::derive(move || delete.value().get().and_then(Result::err));
    let field = Signal::derive(move || error.get().and_then(|error| error.field("password")));
    view! {
        <section class="card">
            <h2>"Account"</h2>
            <div class="split">
                <div>
                    <p class="strong">{user.email}</p>
                    <p class="muted">"Since " {user.created_at.day()}</p>
                </div>
                <ActionForm action=sign_out>
                    <button type="submit" class="button">{icon("out")} "Sign out"</button>
                </ActionForm>
            </div>
        </section>
        <section class="card">
            <details>
                <summary>"Delete the account"</summary>
                <p class="muted">"Your keys, chats and usage are deleted at once and cannot be brought back."</p>
                <ActionForm action=delete>
                    {move || error.get().filter(|_| field.get().is_none()).map(|error| view! { <Notice error/> })}
                    <Field name="password".to_owned() label="Your password" kind="password" autocomplete="current-password" error=field/>
                    <Submit busy=delete.pending() label="Delete everything" busy_label="Deleting…" class="danger"/>
                </ActionForm>
            </details>
        </section>
    }
    .into_any()
}
