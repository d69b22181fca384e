//! Why something was not sent, and the way on.

use super::{options, picker};
use crate::client::dom;
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::remedy::Way;
use crate::ui::parts::icon::icon;
use crate::ui::state::catalog::Catalog;
use crate::ui::state::words;
use leptos::prelude::*;

/// The way on that fits the trouble.
fn remedy(code: ErrorCode, provider: &str) -> Option<AnyView> {
    let catalog = expect_context::<Catalog>();
    let remedy = code.remedy()?;
    let name = words().errors.remedy(remedy);
    Some(match remedy.way() {
        Way::Keys => view! { <a class="button" href=format!("/providers#{provider}")>{icon("key")}{name}</a> }.into_any(),
        Way::Models => view! {
            <button type="button" class="button js-only" on:click=move |_| picker::open(catalog)>{name}</button>
        }.into_any(),
        Way::Settings => view! {
            <button type="button" class="button js-only" on:click=move |_| dom::open_dialog(options::ID)>{icon("gear")}{name}</button>
        }.into_any(),
    })
}

/// The card above the composer.
#[component]
pub(super) fn Refusal(
    /// What went wrong.
    error: AppError,
    /// Whose keys may help.
    provider: String,
    /// What else can be done.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let words = &words().errors;
    view! {
        <div class="error-card" role="alert">
            <p class="error-title">{icon("warn")}<strong>{(words.headline)(error.code)}</strong></p>
            <p>{words.said(&error)}</p>
            <div class="error-actions">
                {remedy(error.code, &provider)}
                {children.map(|children| children())}
            </div>
        </div>
    }
    .into_any()
}
