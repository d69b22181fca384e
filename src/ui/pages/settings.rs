//! `/settings`

use crate::api::account::{DeleteAccount, SetAutoTitles, SetPreferences, SignOut, auto_titles};
use crate::shared::account::{Theme, User};
use crate::shared::words::Language;
use crate::ui::pages::workspace::TopBar;
use crate::ui::parts::field::{Field, Submit};
use crate::ui::parts::icon::icon;
use crate::ui::parts::notice::Notice;
use crate::ui::parts::post_form::PostForm;
use crate::ui::state::{Who, posted_to, preferences, words};
use leptos::prelude::*;
use leptos_meta::Title;

/// The account and how the page looks and behaves.
#[component]
pub fn Settings() -> impl IntoView {
    let who = expect_context::<Who>();
    let words = &words().settings;
    view! {
        <Title text=words.title/>
        <TopBar><h1>{words.title}</h1></TopBar>
        <div class="page narrow">
            <Looks/>
            <Data/>
            <Suspense>
                {Suspend::new(async move {
                    let user = who.session().await?;
                    let titles = auto_titles().await.ok().flatten();
                    Some(view! {
                        {titles.map(|on| view! { <Titles on/> })}
                        <Account user/>
                    })
                })}
            </Suspense>
        </div>
    }
    .into_any()
}

/// Language, colours and the Enter key. Works at once with script, by the button without.
#[component]
fn Looks() -> impl IntoView {
    let chosen = preferences::chosen();
    let (words, around) = (&words().settings, &words().around);
    let theme = move |value: Theme, label: &'static str| {
        view! {
            <label class="choice">
                <input
                    type="radio" name="theme" value=value.as_str() data-pref="theme"
                    checked=chosen.theme == value
                />
                <span>{label}</span>
            </label>
        }
    };
    let enter = move |sends: bool, value: &'static str, label: &'static str| {
        view! {
            <label class="choice">
                <input
                    type="radio" name="enter" value=value data-pref="enter"
                    checked=chosen.enter_sends == sends
                />
                <span>{label}</span>
            </label>
        }
    };
    view! {
        <section class="card">
            <PostForm action=SetPreferences::PATH>
                <div class="field">
                    <label for="lang">{words.language}</label>
                    <select id="lang" name="lang" data-pref="lang">
                        <option value="" selected=chosen.language.is_none()>{words.as_the_browser}</option>
                        {Language::ALL.map(|one| view! {
                            <option value=one.code() lang=one.code() selected=chosen.language == Some(one)>{one.name()}</option>
                        }).collect_view()}
                    </select>
                </div>
                <fieldset>
                    <legend>{words.colours}</legend>
                    <div class="choices">
                        {theme(Theme::System, words.system)}
                        {theme(Theme::Light, words.light)}
                        {theme(Theme::Dark, words.dark)}
                    </div>
                </fieldset>
                <fieldset>
                    <legend>{words.enter_key}</legend>
                    <div class="choices">
                        {enter(true, "send", words.enter_sends)}
                        {enter(false, "newline", words.enter_breaks)}
                    </div>
                    <p class="field-note">{words.enter_note}</p>
                    <p class="js-only"><button type="button" class="button small" data-do="shortcuts" aria-haspopup="dialog">{around.shortcuts}</button></p>
                </fieldset>
                <button type="submit" class="button no-js-only">{words.save}</button>
            </PostForm>
        </section>
    }
    .into_any()
}

/// What people take with them. Links, which work without script.
#[component]
fn Data() -> impl IntoView {
    let words = &words().beside;
    view! {
        <section class="card">
            <h2>{words.data}</h2>
            <p class="muted">{words.data_note}</p>
            <p class="data-links">
                <a class="button" href="/api/account/export" download>{words.export}</a>
                <a href="/docs" rel="external">{words.guide}</a>
                <a href="/docs/api" rel="external">{words.api}</a>
            </p>
        </section>
    }
    .into_any()
}

/// Whether chats are named by the models that answer in them.
#[component]
fn Titles(
    /// Whether they are.
    on: bool,
) -> impl IntoView {
    let words = &words().around;
    let (now, change) = if on {
        (words.titles_on, words.switch_off)
    } else {
        (words.titles_off, words.switch_on)
    };
    view! {
        <section class="card">
            <h2>{words.titles}</h2>
            <div class="split">
                <p class="muted">{words.titles_note}</p>
                <PostForm action=SetAutoTitles::PATH fields=vec![("on", (!on).to_string())]>
                    <p class="strong">{now}</p>
                    <button type="submit" class="button">{change}</button>
                </PostForm>
            </div>
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
    let error = posted_to(|path| path == DeleteAccount::PATH);
    let field = error.as_ref().and_then(|error| error.field("password"));
    let general = error.filter(|_| field.is_none());
    let words = &words().settings;
    view! {
        <section class="card">
            <h2>{words.account}</h2>
            <div class="split">
                <div>
                    <p class="strong">{user.email}</p>
                    <p class="muted">{(words.since)(&user.created_at.day())}</p>
                </div>
                <PostForm action=SignOut::PATH>
                    <button type="submit" class="button">{icon("out")} {words.sign_out}</button>
                </PostForm>
            </div>
        </section>
        <section class="card">
            <details>
                <summary>{words.delete}</summary>
                <p class="muted">{words.delete_note}</p>
                <PostForm action=DeleteAccount::PATH>
                    {general.map(|error| view! { <Notice error/> })}
                    <Field name="password".to_owned() label=words.password kind="password" autocomplete="current-password" error=field/>
                    <Submit label=words.delete_all busy_label=words.deleting class="danger"/>
                </PostForm>
            </details>
        </section>
    }
    .into_any()
}
