//! What went wrong with a turn, and the way on.

use super::conversation::{Conversation, Entry};
use super::{options, picker};
use crate::api::messages::RetryAnswer;
use crate::client::{clipboard, dom};
use crate::shared::error::{AppError, ErrorCode};
use crate::ui::parts::icon::icon;
use crate::ui::parts::post_form::PostForm;
use crate::ui::shell::RequestSeed;
use crate::ui::state::catalog::Catalog;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use std::time::Duration;

/// The class of trouble in a word or two.
pub(super) const fn headline(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::InvalidKey => "The key was refused",
        ErrorCode::InsufficientPermission => "The key may not do this",
        ErrorCode::NoKey => "No key to answer with",
        ErrorCode::KeyUnreadable => "The key cannot be read",
        ErrorCode::QuotaExhausted => "Out of credit",
        ErrorCode::RateLimited => "Too many requests",
        ErrorCode::FreeQuotaExhausted => "The free answers are used up",
        ErrorCode::Overloaded => "The provider is overloaded",
        ErrorCode::BadModel | ErrorCode::ModelUnavailable => "The model is not on offer",
        ErrorCode::ContextLength => "The conversation is too long",
        ErrorCode::ContentFiltered => "The provider refused to answer",
        ErrorCode::UnsupportedParam => "A setting does not fit the model",
        ErrorCode::Timeout => "No answer in time",
        ErrorCode::Network => "No connection",
        ErrorCode::UpstreamTruncated => "The answer broke off",
        ErrorCode::ServerRestart | ErrorCode::Draining => "KeyLM was restarted",
        ErrorCode::GenerationInProgress => "Still answering",
        _ => "Something went wrong",
    }
}

/// The way on that fits the trouble, beside trying again.
pub(super) fn remedy(code: ErrorCode, provider: &str) -> Option<AnyView> {
    let keys = |text: &'static str| {
        view! { <a class="button" href=format!("/providers#{provider}")>{icon("key")}{text}</a> }
            .into_any()
    };
    match code {
        ErrorCode::InvalidKey | ErrorCode::KeyUnreadable => Some(keys("Fix the key")),
        ErrorCode::InsufficientPermission | ErrorCode::QuotaExhausted => Some(keys("Use another key")),
        ErrorCode::NoKey | ErrorCode::FreeQuotaExhausted => Some(keys("Add a key")),
        ErrorCode::BadModel | ErrorCode::ModelUnavailable | ErrorCode::ContextLength | ErrorCode::ContentFiltered | ErrorCode::Overloaded => {
            let catalog = expect_context::<Catalog>();
            Some(view! {
                <button type="button" class="button js-only" on:click=move |_| picker::open(catalog)>"Pick another model"</button>
            }.into_any())
        }
        ErrorCode::UnsupportedParam => Some(view! {
            <button type="button" class="button js-only" on:click=move |_| dom::open_dialog(options::ID)>{icon("gear")}"Open the settings"</button>
        }.into_any()),
        _ => None,
    }
}

/// The card inside a turn that failed.
#[component]
pub(super) fn ErrorCard(
    /// What went wrong.
    error: AppError,
    /// The answer that failed.
    entry: Entry,
    /// Its thread.
    conversation: Conversation,
) -> impl IntoView {
    let left = RwSignal::new(0_u64);
    let due = {
        let view = entry.view.read_untracked();
        let ended = view.timing.map_or(0, |timing| timing.duration_ms);
        let wait = ended.saturating_add(error.retry_after_ms.unwrap_or(0));
        error.retry_after_ms.map(|_| {
            view.created_at
                .plus_ms(i64::try_from(wait).unwrap_or(i64::MAX))
        })
    };
    Effect::new(move || {
        let Some(due) = due else { return };
        let tick =
            move || left.set(u64::try_from((due.0 - dom::now().0 + 999) / 1000).unwrap_or(0));
        tick();
        if let Ok(timer) = set_interval_with_handle(tick, Duration::from_secs(1)) {
            on_cleanup(move || timer.clear());
        }
    });
    let thread = conversation.thread.get_untracked();
    let seed = use_context::<RequestSeed>().unwrap_or_default().0;
    let fields = vec![
        ("thread", thread.id.to_string()),
        ("message", entry.id().to_string()),
        ("client_request_id", seed),
    ];
    let id = error.request_id.clone();
    let copied = RwSignal::new(false);
    let copy = {
        let id = id.clone();
        move |_| {
            let id = id.clone();
            spawn_local(async move { copied.set(clipboard::copy(&id).await) });
        }
    };
    view! {
        <div class="error-card" role="group" aria-label="What went wrong">
            <p class="error-title">{icon("warn")}<strong>{headline(error.code)}</strong></p>
            <p>{error.message}</p>
            <div class="error-actions">
                <PostForm action=RetryAnswer::PATH fields submit=move || conversation.retry(&entry)>
                    <button type="submit" class="button primary" disabled=move || left.get() != 0 || conversation.running.read().is_some()>
                        {icon("retry")}
                        {move || match left.get() {
                            0 => "Try again".to_owned(),
                            left @ 1..120 => format!("Try again in {left} s"),
                            left => format!("Try again in {} min", left.div_ceil(60)),
                        }}
                    </button>
                </PostForm>
                {remedy(error.code, thread.provider.as_str())}
                {(!id.is_empty()).then(|| view! {
                    <button type="button" class="button quiet small js-only" on:click=copy title="For the operator’s log">
                        {move || if copied.get() { "Copied" } else { "Copy request id" }}
                    </button>
                })}
            </div>
        </div>
    }
    .into_any()
}
