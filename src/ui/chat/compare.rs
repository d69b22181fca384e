//! `/compare`: one question, the answers of several models side by side.

use super::answer::templates;
use super::forms::forms;
use super::log::{parts, told};
use super::thread::{Asked, load};
use crate::api::compare::{ChooseAnswer, comparison_form};
use crate::shared::chat::ThreadView;
use crate::ui::pages::workspace::TopBar;
use crate::ui::parts::icon::message_icons;
use crate::ui::parts::notice::Notice;
use crate::ui::parts::post_form::PostForm;
use crate::ui::parts::served::Served;
use crate::ui::shell::RequestSeed;
use crate::ui::state::{Who, form_error, words};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// Answers that there is room for.
const MOST: usize = 4;

/// The page: the form, or the answers that the address names.
#[component]
pub fn Compare() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let title = words().comparison.title;
    let threads = query.get("t");
    let refused = query.get_all("no").unwrap_or_default();
    view! {
        <Title text=title/>
        <TopBar><h1>{title}</h1></TopBar>
        {match threads {
            None => view! { <Ask/> }.into_any(),
            Some(threads) => view! { <Sides threads refused/> }.into_any(),
        }}
    }
    .into_any()
}

#[component]
fn Ask() -> impl IntoView {
    let posted = form_error("/fn/compare/");
    view! {
        <div class="page">
            <p class="lead">{words().comparison.lead}</p>
            {posted.map(|error| view! { <Notice error/> })}
            <Served load=|_| Box::pin(comparison_form())/>
        </div>
    }
    .into_any()
}

#[component]
fn Sides(
    /// The threads, with commas between them.
    threads: String,
    /// The models that could not be asked.
    refused: Vec<String>,
) -> impl IntoView {
    let who = expect_context::<Who>();
    let words = &words().comparison;
    let posted = form_error("/fn/messages/").or_else(|| form_error("/fn/threads/"));
    let sides = threads.split(',').take(MOST).map(str::to_owned);
    let sides = sides.map(|id| {
        let who = who.clone();
        view! {
            <Suspense>
                {Suspend::new(async move {
                    who.session().await?;
                    Some(match load(&id, Asked::default()).await {
                        Err(error) => view! { <Notice error/> }.into_any(),
                        Ok(view) => side(view),
                    })
                })}
            </Suspense>
        }
    });
    view! {
        {message_icons()}
        {templates()}
        {posted.map(|error| view! { <Notice error/> })}
        {(!refused.is_empty()).then(|| view! { <p class="notice trouble" role="status">{(words.refused)(&refused.join(", "))}</p> })}
        <div class="sides">{sides.collect_view()}</div>
        <p class="sides-foot"><a class="button quiet" href="/compare">{words.another}</a></p>
    }
    .into_any()
}

/// One of the threads.
fn side(view: ThreadView) -> AnyView {
    let (thread, model) = (view.thread.id.to_string(), view.thread.model.to_string());
    let (told, label) = (told(&view.thread), model.clone());
    let seed = use_context::<RequestSeed>().unwrap_or_default().0;
    let forms = forms(&view.thread.id, &seed, words().chat.go_on);
    let (composer, over) = (&words().composer, view.live.is_none());
    view! {
        <section class="side-answer" aria-label=label data-keep="" data-thread=told>
            <header>
                <h2 class="mono">{model}</h2>
                <button type="button" class="button small js-only" data-do="stop" hidden=over aria-label=composer.stop title=composer.stop_title>
                    {words().chat.stop}
                </button>
                <PostForm action=ChooseAnswer::PATH fields=vec![("id", thread)]>
                    <button type="submit" class="button small">{words().comparison.choose}</button>
                </PostForm>
            </header>
            {parts(view)}
            <p class="visually-hidden" role="status"></p>
            <div hidden=true inner_html=forms></div>
        </section>
    }
    .into_any()
}
