//! The drawer with a chat's settings.

use super::composer::FORM;
use crate::shared::chat::{ChatSettings, ReasoningEffort, Thread};
use crate::shared::model::{Choice, ModelLine, filled};
use crate::shared::validate::MAX_SYSTEM_PROMPT_CHARS;
use crate::shared::words::Options as Words;
use crate::ui::parts::icon::icon;
use crate::ui::parts::private::private_mark;
use crate::ui::state::words;
use leptos::prelude::*;

/// The dialog.
pub(super) const ID: &str = "options";

/// The button that opens the drawer.
#[component]
pub(super) fn OptionsButton() -> impl IntoView {
    let name = words().options.open;
    view! {
        <button type="button" class="icon-button js-only" aria-label=name title=name aria-haspopup="dialog" aria-controls=ID data-do=ID>
            {icon("gear")}
        </button>
    }
    .into_any()
}

/// The switch of a new chat that makes it private. It belongs to the composer's form, and CSS shows what it means.
#[component]
pub(super) fn PrivateSwitch() -> impl IntoView {
    view! {
        <label class="private-switch">
            <input id="private" type="checkbox" name="private" value="true" form=FORM aria-describedby="private-note"/>
            {private_mark()}
        </label>
    }
    .into_any()
}

/// What a private chat is, above the composer.
pub(super) fn private_note() -> AnyView {
    view! { <p id="private-note" class="muted small dock-note private-note">{words().options.private_note}</p> }.into_any()
}

/// Says above the composer that the free pool may answer in this chat, or is there to say so later.
pub(super) fn pool_note(on: bool) -> AnyView {
    let words = &words().options;
    view! {
        <p id="pool-note" class="muted small dock-note" hidden=!on>{words.pool_stands_by}" "
            <button type="button" class="button quiet small js-only" data-do=ID>{words.change}</button>
        </p>
    }
    .into_any()
}

/// Says above the composer what is left of the free pool.
pub(super) fn left_note(left: String) -> AnyView {
    let add_key = words().begin.add_key;
    view! { <p class="muted small dock-note">{left}" "<a href="/providers">{add_key}</a></p> }
        .into_any()
}

/// Says above the composer that the model can hardly read more than this chat, or is there to say so later. The script
/// writes other numbers into it.
pub(super) fn window_note(window: u64, tokens: Option<u64>) -> AnyView {
    let (words, new) = (&words().options, words().chat.start_another);
    let full = tokens.and_then(|tokens| filled(tokens, window));
    let ([before, after], [took, of, end]) = (words.filled, words.filled_note);
    view! {
        <details id="filled" class="muted small dock-note" data-window=window hidden=full.is_none()>
            <summary>{before}<span data-number="full">{full}</span>{after}</summary>
            <p>
                {took}<span data-number="tokens">{tokens}</span>{of}{window}{end}" "
                {words.when_full}" "<a href="/chat">{new}</a>
            </p>
        </details>
    }
    .into_any()
}

/// The drawer. Only script opens it, so its form has no address.
#[component]
pub(super) fn Options(
    /// The chat; none if it has not begun.
    thread: Option<Thread>,
    /// Its model.
    choice: Option<Choice>,
    /// What is known of it.
    known: Option<ModelLine>,
) -> impl IntoView {
    let (words, close) = (&words().options, words().frame.close);
    let (prompt, settings, pool) = thread.map_or_else(Default::default, |thread| {
        let prompt = thread.system_prompt.unwrap_or_default();
        (prompt, thread.settings, thread.pool_fallback)
    });
    let cool = choice.is_some_and(|choice| choice.provider.as_str() == "anthropic");
    let hottest = if cool { "1" } else { "2" };
    let reasons = known.as_ref().is_none_or(|known| known.reasons);
    let lends = pool || known.as_ref().is_some_and(|known| known.lends);
    let longest = known.and_then(|known| known.longest);
    view! {
        <dialog id=ID class="drawer" aria-labelledby="options-title">
            <form data-plain="">
                <header class="drawer-head">
                    <h2 id="options-title">{words.title}</h2>
                    <button type="button" class="icon-button" aria-label=close data-do="close">{icon("close")}</button>
                </header>
                <div class="field">
                    <label for="opt-system">{words.system_prompt}</label>
                    // Of a text area's text, the first break of a line does not count.
                    <textarea id="opt-system" rows="7" maxlength=MAX_SYSTEM_PROMPT_CHARS.to_string() placeholder=words.system_prompt_hint>{["\n", &prompt].concat()}</textarea>
                </div>
                {numbers(words, &settings, hottest, longest)}
                <div class="field" hidden=!reasons>
                    <label for="opt-effort">{words.effort}</label>
                    {efforts(words, settings.reasoning_effort)}
                    <p class="field-note">{words.effort_note}</p>
                </div>
                <div class="field" hidden=!lends>
                    <label class="check"><input id="opt-pool" type="checkbox" checked=pool/>{words.pool}</label>
                    <p class="field-note">{words.pool_note}</p>
                </div>
                <footer class="drawer-foot">
                    <button type="submit" class="button primary">{words.save}</button>
                </footer>
            </form>
        </dialog>
    }
    .into_any()
}

/// Asks how much the model is to reason for one answer more. The script marks what the chat asks for.
#[component]
pub(super) fn Rethink() -> impl IntoView {
    let (words, cancel) = (&words().options, words().chat.cancel);
    let efforts = ReasoningEffort::ALL.into_iter().zip(words.efforts);
    let buttons = efforts.map(|(effort, name)| {
        view! { <button type="button" class="button" data-effort=effort.as_str()>{name}</button> }
    });
    view! {
        <dialog id="rethink" class="modal" aria-labelledby="rethink-title">
            <h2 id="rethink-title">{words.rethink}</h2>
            <p class="muted">{words.rethink_note}</p>
            <div class="modal-actions">
                {buttons.collect_view()}
                <button type="button" class="button quiet" data-do="close">{cancel}</button>
            </div>
        </dialog>
    }
    .into_any()
}

fn numbers(
    words: &'static Words,
    settings: &ChatSettings,
    hottest: &'static str,
    longest: Option<u64>,
) -> AnyView {
    let shown = |n: Option<f64>| n.map(|n| n.to_string());
    let (temperature, top_p) = (shown(settings.temperature), shown(settings.top_p));
    let tokens = settings.max_tokens.map(|n| n.to_string());
    view! {
        <div class="field">
            <label for="opt-temperature">{words.temperature}</label>
            <input id="opt-temperature" type="number" min="0" max=hottest step="0.05" inputmode="decimal" placeholder=words.default value=temperature/>
            <p class="field-note">{(words.temperature_note)(hottest)}</p>
        </div>
        <div class="field">
            <label for="opt-top-p">{words.top_p}</label>
            <input id="opt-top-p" type="number" min="0.01" max="1" step="0.01" inputmode="decimal" placeholder=words.default value=top_p/>
            <p class="field-note">{words.top_p_note}</p>
        </div>
        <div class="field">
            <label for="opt-tokens">{words.longest}</label>
            <input id="opt-tokens" type="number" min="1" max=longest.map(|n| n.to_string()) step="1" inputmode="numeric" placeholder=words.default value=tokens/>
            <p class="field-note">{longest.map(words.longest_note)}</p>
        </div>
    }
    .into_any()
}

fn efforts(words: &'static Words, chosen: Option<ReasoningEffort>) -> AnyView {
    let efforts = ReasoningEffort::ALL.into_iter().zip(words.efforts);
    let options = efforts.map(|(effort, name)| {
        view! { <option value=effort.as_str() selected=chosen == Some(effort)>{name}</option> }
    });
    view! {
        <select id="opt-effort">
            <option value="">{words.default}</option>
            {options.collect_view()}
        </select>
    }
    .into_any()
}
