//! One provider.

use super::row::KeyRow;
use crate::api::keys::AddKey;
use crate::client::dom;
use crate::shared::error::AppError;
use crate::shared::provider::{KeyStatus, KeyView, ProviderCard, ProviderView};
use crate::shared::words::Keys;
use crate::ui::erased::{Effect, For};
use crate::ui::parts::call_form::{Call, CallForm};
use crate::ui::parts::field::{Field, Submit};
use crate::ui::parts::health::HealthLine;
use crate::ui::parts::icon::icon;
use crate::ui::state::catalog::Catalog;
use crate::ui::state::toasts::Toasts;
use crate::ui::state::{unless_signed_out, words};
use leptos::prelude::*;

/// How a provider stands: a class for the dot and a few words.
fn standing(words: &Keys, keys: &[KeyView]) -> (&'static str, String) {
    let good = |key: &&KeyView| {
        key.active && !matches!(key.status, KeyStatus::Invalid | KeyStatus::Unreadable)
    };
    let usable = keys.iter().filter(good).count();
    let broken = keys.iter().any(|key| key.active && !good(&key));
    match (keys.len(), usable) {
        (0, _) => ("off", words.not_connected.to_owned()),
        (_, 0) if broken => ("bad", words.needs_attention.to_owned()),
        (_, 0) => ("off", words.switched_off.to_owned()),
        (_, 1) if broken => ("warn", words.one_needs_attention.to_owned()),
        (_, 1) => ("on", words.connected.to_owned()),
        (_, n) => (if broken { "warn" } else { "on" }, (words.with_keys)(n)),
    }
}

/// A provider's card: its keys in order, and the form for one more.
#[component]
pub(super) fn Card(
    /// The provider and the person's keys.
    card: ProviderCard,
) -> impl IntoView {
    let provider = StoredValue::new(card.provider);
    let keys = RwSignal::new(card.keys);
    let catalog = expect_context::<Catalog>();
    let toasts = expect_context::<Toasts>();
    let words = &words().keys;
    let standing = Memo::new(move |_| keys.with(|keys| standing(words, keys)));
    let add = Call::<KeyView>::new(AddKey::PATH);
    Effect::new(move || match add.answer.get() {
        Some(Ok(key)) => {
            keys.update(|keys| {
                keys.retain(|known| known.id != key.id);
                keys.push(key);
            });
            dom::fold(provider.read_value().id.as_str());
            toasts.done((words.is_connected)(&provider.read_value().name));
            catalog.load();
        }
        Some(Err(error)) => _ = unless_signed_out(error),
        None => {}
    });
    let id = provider.read_value().id.to_string();
    let sent = id.clone();
    let connect = provider.read_value().connect;
    let docs = provider.read_value().docs_url.clone();
    let name = provider.read_value().name.clone();
    let scope = format!("{id}-new-");
    let error = Signal::derive(move || add.answer.get().and_then(Result::err));
    view! {
        <section class="card provider" id=id.clone() aria-label=name.clone()>
            <header class="provider-head">
                <span class=move || format!("dot {}", standing.read().0) aria-hidden="true"></span>
                <div>
                    <h3>{name.clone()}</h3>
                    <p class="muted small">{move || standing.read().1.clone()}</p>
                    {card.health.map(|health| view! { <HealthLine health/> })}
                </div>
                {(!docs.is_empty()).then(|| view! {
                    <a class="small" href=docs target="_blank" rel="noopener noreferrer">{words.get_key}<span class="visually-hidden">{(words.get_key_for)(&name)}</span></a>
                })}
            </header>
            <ul class="keys" class:empty=move || keys.read().is_empty()>
                <For each=move || keys.get() key=|key| key.id.clone() let(key)>
                    <KeyRow key keys provider/>
                </For>
            </ul>
            {connect.then(|| view! {
                // Not a page of ours: the server sends on to the provider's.
                <a class="button primary" rel="external" href=format!("/api/providers/{id}/connect")>{(words.connect_to)(&name)}</a>
            })}
            <details class="connect">
                <summary class="button">
                    {icon("plus")}
                    {move || match keys.read().is_empty() {
                        true if connect => words.paste,
                        true => words.connect,
                        false => words.add_another,
                    }}
                </summary>
                <CallForm call=add fresh=true>
                    <input type="hidden" name="provider" value=sent/>
                    {fields(&provider.read_value(), &scope, error)}
                    <Field name="label".to_owned() label=words.label placeholder=words.label_example hint=words.label_hint scope=scope required=false/>
                    <Submit busy=add.pending label=words.save busy_label=words.checking/>
                </CallForm>
            </details>
        </section>
    }
    .into_any()
}

/// The credential fields of a provider. An error that names no field stands under the first secret one.
pub(super) fn fields(
    provider: &ProviderView,
    scope: &str,
    error: Signal<Option<AppError>>,
) -> impl IntoView + use<> {
    let main = provider
        .credential_fields
        .iter()
        .position(|field| field.secret)
        .unwrap_or(0);
    let hint = provider.key_hint.clone();
    let choose = words().keys.choose;
    let field = |(index, field): (usize, &crate::shared::provider::CredentialField)| {
        let name = format!("credentials[{}]", field.name);
        let key = field.name.clone();
        let problem = Signal::derive(move || {
            let error = error.get()?;
            let unnamed = || {
                error
                    .details
                    .as_ref()
                    .and_then(|details| details.get("fields"))
                    .is_none()
            };
            error
                .field(&key)
                .or_else(|| (index == main && unnamed()).then(|| error.message.clone()))
        });
        let placeholder = if index == main {
            hint.clone()
        } else {
            String::new()
        };
        let id = format!("{scope}{}", field.name);
        if !field.choices.is_empty() {
            let options: Vec<_> = field
                .choices
                .iter()
                .map(|choice| view! { <option value=choice.value.clone()>{choice.label.clone()}</option> })
                .collect();
            view! {
                <div class="field">
                    <label for=id.clone()>{field.label.clone()}</label>
                    <select id=id name=name required aria-invalid=move || problem.read().is_some().then_some("true")>
                        <option value="">{choose}</option>
                        {options}
                    </select>
                    <p class="field-note trouble" aria-live="polite">{move || problem.get()}</p>
                </div>
            }
            .into_any()
        } else if field.multiline {
            view! {
                <div class="field">
                    <label for=id.clone()>{field.label.clone()}</label>
                    <textarea
                        id=id name=name class="mono" rows="4" autocomplete="off" spellcheck="false" placeholder=placeholder
                        required=field.required aria-invalid=move || problem.read().is_some().then_some("true")
                    ></textarea>
                    <p class="field-note trouble" aria-live="polite">{move || problem.get()}</p>
                </div>
            }
            .into_any()
        } else {
            view! {
                <Field
                    name label=field.label.clone() kind=if field.secret { "password" } else { "text" } scope
                    placeholder required=field.required error=problem
                />
            }
            .into_any()
        }
    };
    provider
        .credential_fields
        .iter()
        .enumerate()
        .map(field)
        .collect_view()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::time::Timestamp;
    use crate::shared::words::Language;

    fn key(status: KeyStatus, active: bool) -> KeyView {
        KeyView {
            id: "k".parse().expect("an id"),
            provider: "openai".parse().expect("an id"),
            label: String::new(),
            mask: "…abcd".to_owned(),
            status,
            active,
            position: 0,
            created_at: Timestamp(0),
            last_validated_at: None,
            last_used_at: None,
            last_error: None,
            last_error_at: None,
        }
    }

    #[test]
    fn a_card_is_green_only_with_a_key_that_works() {
        let colour = |keys: &[KeyView]| standing(&Language::English.words().keys, keys).0;
        assert_eq!(colour(&[]), "off");
        assert_eq!(colour(&[key(KeyStatus::Valid, true)]), "on");
        assert_eq!(colour(&[key(KeyStatus::Valid, false)]), "off");
        assert_eq!(colour(&[key(KeyStatus::Invalid, true)]), "bad");
        let mixed = [
            key(KeyStatus::Unverified, true),
            key(KeyStatus::Unreadable, true),
        ];
        assert_eq!(colour(&mixed), "warn");
    }
}
