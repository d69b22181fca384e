//! Where messages are written.

use crate::shared::model::Means;
use crate::ui::parts::icon::icon;
use crate::ui::state::preferences::chosen;
use crate::ui::state::words;
use leptos::prelude::*;

/// The form, which fields elsewhere may belong to.
pub(super) const FORM: &str = "compose";
/// Its text area.
const TEXT: &str = "composer-text";
/// What is said below it.
const NOTE: &str = "composer-note";

/// The composer. With script it sends by itself (`client/chat/composer.rs`, which shows one of the buttons at a time) and
/// offers the commands (`client/chat/slash.rs`); without, its form posts to `action` with the hidden fields given as children.
#[component]
pub(super) fn Composer(
    /// The server function that the form posts to.
    action: &'static str,
    /// What there is to pay with.
    means: Means,
    /// Whether there is any model to pick; the page says what to do where there is none.
    #[prop(default = true)]
    models: bool,
    /// The hidden fields of the form.
    children: Children,
) -> impl IntoView {
    let (commands, words) = (words().around.palette, &words().composer);
    let hint = if chosen().enter_sends {
        words.enter_sends
    } else {
        words.ctrl_enter_sends
    };
    let Means {
        version,
        lends,
        blocked,
        ..
    } = means;
    let helped = blocked.as_ref().filter(|_| models);
    let ways = helped.map(|blocked| ways(&blocked.keys));
    let blocked = blocked.map(|blocked| blocked.text);
    let reason = blocked.clone().unwrap_or_else(|| words.empty.to_owned());
    let note = blocked.clone().unwrap_or_else(|| hint.to_owned());
    // How to send is said to keyboards only; what stands there otherwise, to everybody.
    let class = if blocked.is_some() {
        "composer-note"
    } else {
        "composer-note hint"
    };
    view! {
        <form id=FORM class="composer" method="post" action=action data-plain="" data-means=version.as_str().to_owned() data-lends=lends data-blocked=blocked>
            {children()}
            <div id="slash" class="slash" role="listbox" aria-label=commands hidden=true data-keep=""></div>
            <label class="visually-hidden" for=TEXT>{words.label}</label>
            <textarea id=TEXT name="content" rows="1" placeholder=words.placeholder required=true enterkeyhint="enter"></textarea>
            <button type="submit" class="send wait" hidden=true aria-label=words.later title=words.later>{icon("plus")}</button>
            <button type="button" class="send stop" hidden=true aria-label=words.stop title=words.stop_title>
                <span class="stop-mark"></span>
            </button>
            <button type="submit" class="send dim" aria-label=words.send aria-describedby=NOTE title=reason>{icon("send")}</button>
        </form>
        <p id=NOTE class=class aria-live="polite">{note}</p>
        {ways}
    }
    .into_any()
}

/// What helps where nothing can be sent. CSS shows it as long as that is so.
fn ways(keys: &str) -> AnyView {
    let (add_key, pick) = (words().begin.add_key, words().errors.another_model);
    view! {
        <p class="blocked-ways">
            <a class="button quiet small" href=keys.to_owned()>{add_key}</a>
            <button type="button" class="button quiet small js-only" data-do="picker">{pick}</button>
        </p>
    }
    .into_any()
}
