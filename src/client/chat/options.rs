//! The drawer with a chat's settings.

use super::new_chat;
use crate::api::threads::update_thread;
use crate::client::{dom, overlays, server, time, toasts, words};
use crate::shared::chat::{ChatSettings, ReasoningEffort, ThreadChange};
use crate::shared::format::LONGEST_CHIP;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlFormElement, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};

/// The dialog.
const ID: &str = "options";

/// What the drawer asks of a chat.
#[derive(Clone, Default)]
pub(super) struct Options {
    /// The system prompt.
    pub prompt: String,
    /// The settings.
    pub settings: ChatSettings,
    /// Whether the free pool may stand in for the person's keys.
    pub pool: bool,
}

/// Hears its buttons.
pub fn start() {
    dom::on("click", |event| {
        if let Some(button) = dom::closest(&event, "[data-do=options]") {
            overlays::open(ID);
            dom::focus(&dom::attr(&button, "data-field"));
        }
    });
    dom::on("submit", |event| {
        if dom::closest(&event, "#options form").is_some() {
            event.prevent_default();
            overlays::close(ID);
            save(read());
        }
    });
}

fn save(options: Options) {
    let Some(conversation) = super::current() else {
        write_chips();
        new_chat::set_options(options);
        return;
    };
    let id = conversation.id();
    let change = ThreadChange {
        system_prompt: Some(options.prompt),
        settings: Some(options.settings),
        pool_fallback: Some(options.pool),
        ..ThreadChange::default()
    };
    time::spawn(async move {
        match update_thread(id, change).await {
            Ok(thread) => {
                if super::current().is_some_and(|now| Rc::ptr_eq(&now, &conversation)) {
                    settle();
                    write_chips();
                }
                conversation.changed(thread);
                toasts::done(words().chat.saved);
            }
            Err(error) => toasts::trouble(&server::unless_signed_out(error)),
        }
    });
}

/// What is in the fields.
fn read() -> Options {
    let area = dom::by_id::<HtmlTextAreaElement>("opt-system");
    let effort = dom::by_id::<HtmlSelectElement>("opt-effort").map(|effort| effort.value());
    let mut efforts = ReasoningEffort::ALL.into_iter();
    Options {
        prompt: area.map(|area| area.value()).unwrap_or_default(),
        settings: ChatSettings {
            temperature: number("opt-temperature"),
            max_tokens: field("opt-tokens").and_then(|field| field.value().parse().ok()),
            top_p: number("opt-top-p"),
            reasoning_effort: efforts.find(|word| effort.as_deref() == Some(word.as_str())),
        },
        pool: field("opt-pool").is_some_and(|field| field.checked()),
    }
}

fn field(id: &str) -> Option<HtmlInputElement> {
    dom::by_id(id)
}

fn number(id: &str) -> Option<f64> {
    let number = field(id)?.value_as_number();
    number.is_finite().then_some(number)
}

/// Says above the composer what is in the fields.
fn write_chips() {
    for (chip, field) in chips() {
        let value = if let Some(area) = field.dyn_ref::<HtmlTextAreaElement>() {
            area.value().chars().take(LONGEST_CHIP).collect()
        } else if let Some(input) = field.dyn_ref::<HtmlInputElement>() {
            input.value()
        } else {
            let chosen = dom::find(&field, "option:checked:not([value=''])");
            chosen
                .and_then(|chosen| chosen.text_content())
                .unwrap_or_default()
        };
        if let Some(place) = chip.last_element_child() {
            place.set_text_content(Some(&value));
        }
    }
    fit_chips();
}

/// Shows the chips that say something, of fields that the model has.
pub(super) fn fit_chips() {
    for (chip, field) in chips() {
        let said = chip.last_element_child().and_then(|it| it.text_content());
        let none = said.is_none_or(|said| said.is_empty());
        let hidden = none || field.closest("[hidden]").is_ok_and(|it| it.is_some());
        dom::toggle_attr(&chip, "hidden", hidden);
    }
}

/// What stands above the composer for a field, and the field.
fn chips() -> impl Iterator<Item = (Element, Element)> {
    let chips = dom::all("#chips > .chip").into_iter();
    chips.filter_map(|chip| {
        let field = dom::by_id(&dom::attr(&chip, "data-field"))?;
        Some((chip, field))
    })
}

/// Lets what is in the fields be what the server printed, because it is stored now.
fn settle() {
    if let Some(area) = dom::by_id::<HtmlTextAreaElement>("opt-system") {
        _ = area.set_default_value(&area.value());
    }
    for id in ["opt-temperature", "opt-top-p", "opt-tokens"] {
        if let Some(field) = field(id) {
            field.set_default_value(&field.value());
        }
    }
    if let Some(field) = field("opt-pool") {
        field.set_default_checked(field.checked());
    }
    let effort = dom::by_id::<HtmlSelectElement>("opt-effort").map(|effort| effort.value());
    for option in dom::all("#opt-effort option") {
        let chosen = option.get_attribute("value") == effort;
        dom::toggle_attr(&option, "selected", chosen);
    }
}

/// Shows the settings that the server printed, which may be others than the person saw last.
pub(super) fn restore() {
    let form = dom::one("#options:not([open]) form");
    if let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) {
        form.reset();
    }
}

/// Offers the free pool where it was chosen already, whatever the model is now.
pub(super) fn keep_pool() {
    let around = field("opt-pool").and_then(|field| field.closest(".field").ok().flatten());
    if let Some(around) = around {
        dom::toggle_attr(&around, "hidden", false);
    }
}
