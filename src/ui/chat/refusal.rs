//! Why something was not sent, and the way on.

use super::moving::go_on;
use crate::shared::error::AppError;
use crate::shared::ids::ThreadId;
use crate::shared::remedy::Way;
use crate::shared::words::Language;
use crate::ui::parts::icon::icon;
use crate::ui::state::words;
use leptos::prelude::*;

/// The way on that fits the trouble.
fn way_on(way: Way, name: Option<&'static str>, provider: &str) -> AnyView {
    match way {
        Way::Keys => view! { <a class="button" href=["/providers#", provider].concat()>{icon("key")}{name}</a> }.into_any(),
        Way::Models => view! { <button type="button" class="button js-only" data-do="picker">{name}</button> }.into_any(),
        Way::Settings => view! { <button type="button" class="button js-only" data-do="options">{icon("gear")}{name}</button> }.into_any(),
    }
}

/// Tries once more, when it is time.
fn again() -> AnyView {
    let label = words().chat.try_again;
    view! { <button type="button" class="button primary" data-do="again">{icon("retry")}<span>{label}</span></button> }.into_any()
}

/// Copies what the error is called in the operator's log.
fn copy_id() -> AnyView {
    let language = use_context::<Language>().unwrap_or_default();
    let words = &language.printed().message;
    view! { <button type="button" class="button quiet small" data-do="copy-id" title=words.copy_id_note>{words.copy_id}</button> }.into_any()
}

fn card(
    id: Option<&'static str>,
    headline: &'static str,
    said: String,
    ways: Vec<AnyView>,
    more: Option<AnyView>,
) -> AnyView {
    let dismiss = words().frame.dismiss;
    let more = more.map(|more| {
        view! {
            {more}
            <button type="button" class="button small js-only" data-do="dismiss-refusal">{dismiss}</button>
        }
    });
    view! {
        <div id=id class="error-card" role="alert">
            <p class="error-title">{icon("warn")}<strong>{headline}</strong></p>
            <p>{said}</p>
            <div class="error-actions">{ways}{more}</div>
        </div>
    }
    .into_any()
}

/// The card above the composer, for what was posted without script.
#[component]
pub(super) fn Refusal(
    /// What went wrong.
    error: AppError,
    /// Whose keys may help.
    provider: String,
    /// The thread that it was posted to.
    #[prop(optional)]
    thread: Option<ThreadId>,
) -> impl IntoView {
    let words = &words().errors;
    let ways = error.code.remedy();
    let ways = ways.map(|remedy| way_on(remedy.way(), Some(words.remedy(remedy)), &provider));
    let more = thread.map(|thread| {
        let replacement = error.replacement();
        replacement
            .map(|replacement| go_on(&thread, Some(replacement)))
            .into_any()
    });
    card(
        Some("refused"),
        (words.headline)(error.code),
        words.said(&error),
        ways.into_iter().collect(),
        more,
    )
}

/// The card with all ways on and without words, where the script makes the cards that it shows from it. They stand right
/// after it.
#[component]
pub(super) fn RefusalTemplate(
    /// The thread whose page it is.
    #[prop(optional)]
    thread: Option<ThreadId>,
) -> impl IntoView {
    let ways = [Way::Keys, Way::Models, Way::Settings].map(|way| way_on(way, None, ""));
    let ways = [again()].into_iter().chain(ways).chain([copy_id()]);
    let more = thread.map(|thread| go_on(&thread, None));
    let card = card(None, "", String::new(), ways.collect(), more);
    view! { <template id="refusal">{card}</template> }.into_any()
}
