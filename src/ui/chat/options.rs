//! The drawer with a chat's settings.

use super::composer::FORM;
use crate::client::dom;
use crate::shared::chat::{ChatSettings, ReasoningEffort};
use crate::shared::model::{Choice, Model};
use crate::shared::validate::MAX_SYSTEM_PROMPT_CHARS;
use crate::ui::parts::icon::icon;
use crate::ui::parts::private::private_mark;
use crate::ui::state::catalog::Catalog;
use crate::ui::state::words;
use leptos::html::{Input, Select, Textarea};
use leptos::prelude::*;

/// The dialog.
pub(super) const ID: &str = "options";

/// In the order of the catalog's names.
const EFFORTS: [ReasoningEffort; 7] = [
    ReasoningEffort::None,
    ReasoningEffort::Minimal,
    ReasoningEffort::Low,
    ReasoningEffort::Medium,
    ReasoningEffort::High,
    ReasoningEffort::Xhigh,
    ReasoningEffort::Max,
];

/// The button that opens the drawer.
#[component]
pub(super) fn OptionsButton() -> impl IntoView {
    let name = words().options.open;
    view! {
        <button type="button" class="icon-button js-only" aria-label=name title=name aria-haspopup="dialog" aria-controls=ID on:click=move |_| dom::open_dialog(ID)>
            {icon("gear")}
        </button>
    }
    .into_any()
}

/// The switch of a new chat that makes it private. It belongs to the composer's form, and CSS shows what it means.
#[component]
pub(super) fn PrivateSwitch(
    /// The box.
    node_ref: NodeRef<Input>,
) -> impl IntoView {
    view! {
        <label class="private-switch">
            <input id="private" type="checkbox" name="private" value="true" form=FORM aria-describedby="private-note" node_ref=node_ref/>
            {private_mark()}
        </label>
    }
    .into_any()
}

/// What a private chat is, above the composer.
pub(super) fn private_note() -> AnyView {
    view! { <p id="private-note" class="muted small dock-note private-note">{words().options.private_note}</p> }.into_any()
}

/// Says above the composer that the free pool may answer in this chat.
#[component]
pub(super) fn PoolNote(
    /// Whether it may.
    #[prop(into)]
    pool: Signal<bool>,
) -> impl IntoView {
    let words = &words().options;
    move || {
        pool.get().then(|| view! {
            <p class="muted small dock-note">{words.pool_stands_by}" "
                <button type="button" class="button quiet small js-only" on:click=move |_| dom::open_dialog(ID)>{words.change}</button>
            </p>
        })
    }
}

/// The drawer. `save` gets everything when the form is sent.
#[component]
pub(super) fn Options(
    /// The chat's model.
    #[prop(into)]
    choice: Signal<Option<Choice>>,
    /// The system prompt as it is.
    #[prop(into)]
    prompt: Signal<String>,
    /// The settings as they are.
    #[prop(into)]
    settings: Signal<ChatSettings>,
    /// Whether the free pool may stand in for the person's keys.
    #[prop(into)]
    pool: Signal<bool>,
    /// Takes the new ones; the drawer is closed by then.
    save: Callback<(String, ChatSettings, bool)>,
) -> impl IntoView {
    let catalog = expect_context::<Catalog>();
    let (words, close) = (&words().options, words().frame.close);
    let model = Memo::new(move |_| -> Option<Model> { catalog.model(&choice.get()?) });
    let reasons = move || {
        model
            .read()
            .as_ref()
            .is_none_or(|model| model.capabilities.reasoning)
    };
    let hottest = move || {
        if choice
            .read()
            .as_ref()
            .is_some_and(|c| c.provider.as_str() == "anthropic")
        {
            "1"
        } else {
            "2"
        }
    };
    let longest = move || {
        model
            .read()
            .as_ref()
            .and_then(|model| model.max_output_tokens)
    };
    let system = NodeRef::<Textarea>::new();
    let temperature = NodeRef::<Input>::new();
    let top_p = NodeRef::<Input>::new();
    let tokens = NodeRef::<Input>::new();
    let effort = NodeRef::<Select>::new();
    let lent = NodeRef::<Input>::new();
    let lends = move || {
        let choice = choice.read();
        pool.get()
            || choice
                .as_ref()
                .is_some_and(|c| catalog.pool_stands_by(&c.provider))
    };
    let text = |node: NodeRef<Input>| {
        node.get_untracked()
            .map(|input| input.value())
            .unwrap_or_default()
    };
    let submit = move || {
        let chosen = effort
            .get_untracked()
            .map(|select| select.value())
            .unwrap_or_default();
        let new = ChatSettings {
            temperature: text(temperature).parse().ok(),
            max_tokens: text(tokens).parse().ok(),
            top_p: text(top_p).parse().ok(),
            reasoning_effort: EFFORTS.into_iter().find(|effort| effort.as_str() == chosen),
        };
        let prompt = system
            .get_untracked()
            .map(|area| area.value())
            .unwrap_or_default();
        let lent = lent.get_untracked().is_some_and(|input| input.checked());
        dom::close_dialog(ID);
        save.run((prompt, new, lent));
    };
    let shown = move |n: Option<f64>| n.map(|n| n.to_string()).unwrap_or_default();
    view! {
        <dialog id=ID class="drawer" aria-labelledby="options-title" on:click=move |event| if dom::on_backdrop(&event) { dom::close_dialog(ID) }>
            <form on:submit=move |event| { event.prevent_default(); submit(); }>
                <header class="drawer-head">
                    <h2 id="options-title">{words.title}</h2>
                    <button type="button" class="icon-button" aria-label=close on:click=move |_| dom::close_dialog(ID)>{icon("close")}</button>
                </header>
                <div class="field">
                    <label for="opt-system">{words.system_prompt}</label>
                    <textarea id="opt-system" rows="7" maxlength=MAX_SYSTEM_PROMPT_CHARS.to_string() node_ref=system prop:value=prompt placeholder=words.system_prompt_hint></textarea>
                </div>
                <div class="field">
                    <label for="opt-temperature">{words.temperature}</label>
                    <input id="opt-temperature" type="number" min="0" max=hottest step="0.05" inputmode="decimal" placeholder=words.default node_ref=temperature prop:value=move || shown(settings.get().temperature)/>
                    <p class="field-note">{move || (words.temperature_note)(hottest())}</p>
                </div>
                <div class="field">
                    <label for="opt-top-p">{words.top_p}</label>
                    <input id="opt-top-p" type="number" min="0.01" max="1" step="0.01" inputmode="decimal" placeholder=words.default node_ref=top_p prop:value=move || shown(settings.get().top_p)/>
                    <p class="field-note">{words.top_p_note}</p>
                </div>
                <div class="field">
                    <label for="opt-tokens">{words.longest}</label>
                    <input id="opt-tokens" type="number" min="1" max=move || longest().map(|n| n.to_string()) step="1" inputmode="numeric" placeholder=words.default node_ref=tokens prop:value=move || settings.get().max_tokens.map(|n| n.to_string()).unwrap_or_default()/>
                    <p class="field-note">{move || longest().map(words.longest_note)}</p>
                </div>
                <div class="field" hidden=move || !reasons()>
                    <label for="opt-effort">{words.effort}</label>
                    <select id="opt-effort" node_ref=effort prop:value=move || settings.get().reasoning_effort.map_or("", ReasoningEffort::as_str)>
                        <option value="">{words.default}</option>
                        {EFFORTS.into_iter().zip(words.efforts).map(|(effort, name)| view! { <option value=effort.as_str()>{name}</option> }).collect_view()}
                    </select>
                    <p class="field-note">{words.effort_note}</p>
                </div>
                <div class="field" hidden=move || !lends()>
                    <label class="check"><input id="opt-pool" type="checkbox" node_ref=lent prop:checked=pool/>{words.pool}</label>
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
