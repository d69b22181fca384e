//! `/chat/:id`: an open thread.

use super::dock::Dock;
use super::forms::forms;
use super::log::log;
use super::moving::{Farewell, OtherModel};
use super::options::{Options, OptionsButton, Rethink};
use super::picker::{Picker, PickerButton};
use crate::api::threads::{open_thread, thread_means};
use crate::shared::chat::ThreadView;
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::ids::{MessageId, ThreadId};
use crate::shared::model::{Choice, Means};
use crate::ui::pages::workspace::TopBar;
use crate::ui::parts::private::private_mark;
use crate::ui::shell::RequestSeed;
use crate::ui::state::{Who, form_error, words};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use leptos_router::params::ParamsMap;

/// Which messages of a thread an address asks for.
#[derive(Default)]
pub(super) struct Asked {
    before: Option<i64>,
    after: Option<i64>,
    at: Option<MessageId>,
}

impl Asked {
    fn of(query: &ParamsMap) -> Self {
        Self {
            before: query.get("before").and_then(|depth| depth.parse().ok()),
            after: query.get("after").and_then(|depth| depth.parse().ok()),
            at: query.get("at").and_then(|id| id.parse().ok()),
        }
    }
}

/// A thread of that id, if there may be one.
pub(super) async fn load(id: &str, asked: Asked) -> Result<ThreadView, AppError> {
    let Ok(id) = id.parse::<ThreadId>() else {
        return Err(AppError::new(ErrorCode::NotFound, ""));
    };
    open_thread(id, asked.before, asked.after, asked.at).await
}

/// The page of a thread.
#[component]
pub fn ThreadPage() -> impl IntoView {
    let who = expect_context::<Who>();
    let id = use_params_map()
        .get_untracked()
        .get("id")
        .unwrap_or_default();
    let asked = Asked::of(&use_query_map().get_untracked());
    view! {
        <Suspense>
            {Suspend::new(async move {
                who.session().await?;
                let opened = async {
                    let view = load(&id, asked).await?;
                    let means = thread_means(&view.thread).await?;
                    Ok((view, means))
                };
                Some(match opened.await {
                    Ok((view, means)) => view! { <Open view means/> }.into_any(),
                    Err(error) => view! { <Missing error/> }.into_any(),
                })
            })}
        </Suspense>
    }
    .into_any()
}

#[component]
fn Missing(error: AppError) -> impl IntoView {
    let words = words();
    let (title, text) = if error.code == ErrorCode::NotFound {
        (words.chat.no_such, words.chat.maybe_deleted.to_owned())
    } else {
        (
            (words.errors.headline)(error.code),
            words.errors.said(&error),
        )
    };
    view! {
        <Title text=words.chat.not_found/>
        <TopBar><span></span></TopBar>
        <div class="greeting">
            <h1>{title}</h1>
            <p class="lead">{text}</p>
            <p><a class="button primary" href="/chat">{words.chat.start_new}</a></p>
        </div>
    }
    .into_any()
}

#[component]
fn Open(
    view: ThreadView,
    /// What there is to pay with.
    means: Means,
) -> impl IntoView {
    let (untitled, go_on) = (words().begin.title, words().chat.go_on);
    let posted = form_error("/fn/messages/").or_else(|| form_error("/fn/threads/"));
    let seed = use_context::<RequestSeed>().unwrap_or_default().0;
    let (thread, line, tokens) = (view.thread.clone(), view.model.clone(), view.tokens);
    let choice = Some(Choice {
        provider: thread.provider.clone(),
        model: thread.model.clone(),
    });
    let private = thread.private.then(private_mark);
    let button = view! { <PickerButton choice=choice.clone() known=Some(line.clone())/> };
    let title = thread.name_or(untitled).to_owned();
    let forms = forms(&thread.id, &seed, go_on);
    let farewell = line.leaving.clone();
    let farewell = farewell
        .map(|leaving| view! { <Farewell leaving thread=thread.id.clone()/> })
        .into_any();
    view! {
        <Title text=title.clone()/>
        <TopBar>
            {button}
            {private}
            <h1 class="top-title">{title}</h1>
            <OptionsButton/>
        </TopBar>
        {farewell}
        {log(view)}
        <div hidden=true inner_html=forms></div>
        <Dock thread=thread.clone() seed posted tokens means known=line.clone()/>
        <Picker/>
        {line.reasons.then(|| view! { <Rethink/> })}
        <Options thread=Some(thread) choice known=Some(line)/>
        <OtherModel/>
    }
    .into_any()
}
