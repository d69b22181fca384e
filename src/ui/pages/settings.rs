//! `/settings`

use crate::api::account::{DeleteAccount, SetAutoTitles, SetPreferences, SignOut, auto_titles};
use crate::shared::account::{Theme, User};
use crate::shared::words::Language;
use crate::ui::pages::workspace::TopBar;
use crate::ui::parts::call_form::{Call, CallForm};
use crate::ui::parts::field::{Field, Submit};
use crate::ui::parts::icon::icon;
use crate::ui::parts::notice::Notice;
use crate::ui::state::preferences::Prefs;
use crate::ui::state::{Who, words};
use leptos::prelude::*;
use leptos_meta::Title;

/// The account and how the page looks and behaves.
#[component]
pub fn Settings() -> impl IntoView {
    let who = expect_context::<Who>();
    let words = &words().settings;
    let titles = Resource::new(|| (), |()| auto_titles());
    view! {
        <Title text=words.title/>
        <TopBar><h1>{words.title}</h1></TopBar>
        <div class="page narrow">
            <Looks/>
            <Data/>
            <Suspense>
                {move || Suspend::new(async move {
                    let user = who.session().await?;
                    let titles = titles.await.ok().flatten();
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
    let prefs = expect_context::<Prefs>();
    let save = Call::<()>::new(SetPreferences::PATH);
    let (words, around) = (&words().settings, &words().around);
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
            <CallForm call=save>
                <div class="field">
                    <label for="lang">{words.language}</label>
                    <select
                        id="lang" name="lang"
                        on:change=move |event| prefs.set_language(Language::parse(&event_target_value(&event)))
                    >
                        <option value="" selected=move || prefs.language().is_none()>{words.as_the_browser}</option>
                        {Language::ALL.map(|one| view! {
                            <option value=one.code() lang=one.code() selected=move || prefs.language() == Some(one)>{one.name()}</option>
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
            </CallForm>
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
                <form method="post" action=SetAutoTitles::PATH>
                    <p class="strong">{now}</p>
                    <input type="hidden" name="on" value=(!on).to_string()/>
                    <button type="submit" class="button">{change}</button>
                </form>
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
    let sign_out = Call::<()>::new(SignOut::PATH);
    let delete = Call::<()>::new(DeleteAccount::PATH);
    let error = Signal::derive(move || delete.answer.get().and_then(Result::err));
    let field = Signal::derive(move || error.get().and_then(|error| error.field("password")));
    let words = &words().settings;
    view! {
        <section class="card">
            <h2>{words.account}</h2>
            <div class="split">
                <div>
                    <p class="strong">{user.email}</p>
                    <p class="muted">{(words.since)(&user.created_at.day())}</p>
                </div>
                <CallForm call=sign_out>
                    <button type="submit" class="button">{icon("out")} {words.sign_out}</button>
                </CallForm>
            </div>
        </section>
        <section class="card">
            <details>
                <summary>{words.delete}</summary>
                <p class="muted">{words.delete_note}</p>
                <CallForm call=delete>
                    {move || error.get().filter(|_| field.get().is_none()).map(|error| view! { <Notice error/> })}
                    <Field name="password".to_owned() label=words.password kind="password" autocomplete="current-password" error=field/>
                    <Submit busy=delete.pending label=words.delete_all busy_label=words.deleting class="danger"/>
                </CallForm>
            </details>
        </section>
    }
    .into_any()
}
