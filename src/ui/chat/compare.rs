//! `/compare`: one question, the answers of several models side by side.

use super::conversation::Conversation;
use super::log::{Parts, presses};
use super::thread::{Asked, Loaded, load};
use crate::api::compare::{ChooseAnswer, comparison_form};
use crate::client::{dom, storage};
use crate::ui::erased::Effect;
use crate::ui::pages::workspace::TopBar;
use crate::ui::parts::icon::message_icons;
use crate::ui::parts::notice::Notice;
use crate::ui::parts::served::Served;
use crate::ui::state::threads::Threads;
use crate::ui::state::{Who, form_error, words};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// Where the question is kept until it was taken.
const DRAFT: &str = "draft:compare";
/// The text area of the form.
const TEXT: &str = "compare-text";

/// The page: the form, or the answers that the address names.
#[component]
pub fn Compare() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        let query = query.read();
        query.get("t").map(|threads| {
            let threads: Vec<String> = threads.split(',').take(4).map(str::to_owned).collect();
            (threads, query.get_all("no").unwrap_or_default())
        })
    });
    let title = words().comparison.title;
    view! {
        <Title text=title/>
        <TopBar><h1>{title}</h1></TopBar>
        {move || match asked.get() {
            None => view! { <Ask/> }.into_any(),
            Some((threads, refused)) => view! { <Sides threads refused/> }.into_any(),
        }}
    }
    .into_any()
}

#[component]
fn Ask() -> impl IntoView {
    let posted = form_error("/fn/compare/");
    // A question that was not taken is there again.
    Effect::new(move || set_timeout(|| dom::keep_typed(TEXT, DRAFT), std::time::Duration::ZERO));
    view! {
        <div class="page">
            <p class="lead">{words().comparison.lead}</p>
            {posted.map(|error| view! { <Notice error/> })}
            <Served path="/compare" load=|_| Box::pin(comparison_form())/>
        </div>
    }
    .into_any()
}

#[component]
fn Sides(
    /// The threads.
    threads: Vec<String>,
    /// The models that could not be asked.
    refused: Vec<String>,
) -> impl IntoView {
    Effect::new(|| storage::set(DRAFT, ""));
    let words = &words().comparison;
    view! {
        {message_icons()}
        {(!refused.is_empty()).then(|| view! { <p class="notice trouble" role="status">{(words.refused)(&refused.join(", "))}</p> })}
        <div class="sides">
            {threads.into_iter().map(|id| view! { <Side id/> }).collect_view()}
        </div>
        <p class="sides-foot"><a class="button quiet" href="/compare">{words.another}</a></p>
    }
    .into_any()
}

#[component]
fn Side(id: String) -> impl IntoView {
    let who = expect_context::<Who>();
    let threads = expect_context::<Threads>();
    let first = Resource::new(|| (), move |()| load(threads, id.clone(), Asked::default()));
    view! {
        <Suspense fallback=|| view! { <div class="side-answer skeleton lines" aria-busy="true"></div> }>
            {move || Suspend::new(async move {
                who.session().await;
                let Loaded { view, html, .. } = first.await;
                match view {
                    Err(error) => view! { <Notice error/> }.into_any(),
                    Ok(view) => {
                        let (thread, model) = (view.thread.id.to_string(), view.thread.model.to_string());
                        let label = model.clone();
                        let conversation = Conversation::new(view, html);
                        Effect::new(move || conversation.attach());
                        let press = presses(conversation, RwSignal::new(None), StoredValue::new(None), Callback::new(|_| {}));
                        view! {
                            <section class="side-answer" aria-label=label on:click=press>
                                <header>
                                    <h2 class="mono">{model}</h2>
                                    <form method="post" action=ChooseAnswer::PATH>
                                        <input type="hidden" name="id" value=thread/>
                                        <button type="submit" class="button small">{words().comparison.choose}</button>
                                    </form>
                                </header>
                                <Parts conversation/>
                                <p class="visually-hidden" role="status">{move || (conversation.said.get())(&words().chat)}</p>
                            </section>
                        }.into_any()
                    }
                }
            })}
        </Suspense>
    }
    .into_any()
}
