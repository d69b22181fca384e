//! What a chat asks of its model that is not the default, above the composer.

use super::options::ID;
use crate::shared::chat::{ChatSettings, ReasoningEffort, Thread};
use crate::shared::format::LONGEST_CHIP;
use crate::shared::model::ModelLine;
use crate::ui::state::words;
use leptos::prelude::*;

/// A chip a setting, which leads to its field in the drawer; those of defaults are hidden. When the drawer is saved, the
/// script writes what is in it into them (`client/chat/options.rs`); of a chat that has not begun nobody else knows it.
#[component]
pub(super) fn Chips(
    /// The chat; none if it has not begun.
    thread: Option<Thread>,
    /// What is known of its model.
    known: Option<ModelLine>,
) -> impl IntoView {
    let words = &words().options;
    let begun = thread.is_some();
    let (prompt, settings) = thread.map_or_else(Default::default, |thread| {
        (thread.system_prompt, thread.settings)
    });
    let ChatSettings {
        temperature,
        max_tokens,
        top_p,
        reasoning_effort,
    } = settings;
    let prompt = prompt.filter(|prompt| !prompt.is_empty());
    let reasons = known.is_none_or(|known| known.reasons);
    let mut efforts = ReasoningEffort::ALL.into_iter().zip(words.efforts);
    let effort = efforts.find(|(effort, _)| reasons && reasoning_effort == Some(*effort));
    let chips = [
        (
            "opt-effort",
            words.effort,
            effort.map(|(_, name)| name.to_owned()),
        ),
        (
            "opt-system",
            words.system_prompt,
            prompt.map(|prompt| prompt.chars().take(LONGEST_CHIP).collect()),
        ),
        (
            "opt-temperature",
            words.temperature,
            temperature.map(|n| n.to_string()),
        ),
        ("opt-top-p", words.top_p, top_p.map(|n| n.to_string())),
        (
            "opt-tokens",
            words.longest,
            max_tokens.map(|n| n.to_string()),
        ),
    ];
    let chips = chips.map(|(field, name, value)| {
        let hidden = value.is_none();
        view! {
            <button type="button" class="chip" aria-haspopup="dialog" aria-controls=ID data-do=ID data-field=field hidden=hidden>
                <span>{name}</span><b dir="auto">{value}</b>
            </button>
        }
    });
    view! {
        <div id="chips" class="chips js-only" role="group" aria-label=words.title data-keep=(!begun).then_some("")>
            {chips.collect_view()}
        </div>
    }
    .into_any()
}
