//! Where messages are written.

use crate::ui::parts::icon::icon;
use crate::ui::state::preferences::chosen;
use crate::ui::state::words;
use leptos::prelude::*;

/// The form, which fields elsewhere may belong to.
pub(super) const FORM: &str = "compose";
/// Its text area.
const TEXT: &str = "composer-text";

/// The composer. With script it sends by itself (`client/chat/composer.rs`, which shows one of the buttons at a time) and
/// offers the commands (`client/chat/slash.rs`); without, its form posts to `action` with the hidden fields given as children.
#[component]
pub(super) fn Composer(
    /// The server function that the form posts to.
    action: &'static str,
    /// Why nothing can be sent.
    #[prop(default = None)]
    blocked: Option<&'static str>,
    /// The hidden fields of the form.
    children: Children,
) -> impl IntoView {
    let (commands, words) = (words().around.palette, &words().composer);
    let (key, hint) = if chosen().enter_sends {
        ("send", words.enter_sends)
    } else {
        ("enter", words.ctrl_enter_sends)
    };
    // How to send is said to keyboards only; what stands there otherwise, to everybody.
    let note = if blocked.is_some() {
        "composer-note"
    } else {
        "composer-note hint"
    };
    view! {
        <form id=FORM class="composer" method="post" action=action data-plain="" data-blocked=blocked>
            {children()}
            <div id="slash" class="slash" role="listbox" aria-label=commands hidden=true data-keep=""></div>
            <label class="visually-hidden" for=TEXT>{words.label}</label>
            <textarea id=TEXT name="content" rows="1" placeholder=words.placeholder required=true enterkeyhint=key></textarea>
            <button type="submit" class="send wait" hidden=true aria-label=words.later title=words.later>{icon("plus")}</button>
            <button type="button" class="send stop" hidden=true aria-label=words.stop title=words.stop_title>
                <span class="stop-mark"></span>
            </button>
            <button type="submit" class="send dim" aria-label=words.send title=blocked.unwrap_or(words.empty)>{icon("send")}</button>
        </form>
        <p class=note aria-live="polite">{blocked.unwrap_or(hint)}</p>
    }
    .into_any()
}
