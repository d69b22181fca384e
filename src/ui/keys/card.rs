//! One provider.

use super::row::row;
use crate::api::keys::AddKey;
use crate::shared::provider::{CredentialField, KeyStatus, KeyView, ProviderCard, ProviderView};
use crate::shared::words::Keys;
use crate::ui::parts::field::{Field, Submit};
use crate::ui::parts::health::HealthLine;
use crate::ui::parts::icon::icon;
use crate::ui::parts::post_form::PostForm;
use crate::ui::state::words;
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
pub(super) fn card(card: ProviderCard) -> AnyView {
    let words = &words().keys;
    let ProviderCard {
        provider,
        keys,
        health,
    } = card;
    let (dot, stands) = standing(words, &keys);
    let id = provider.id.to_string();
    let (sent, fold) = (id.clone(), [&id, "-add"].concat());
    let scope = [&id, "-new-"].concat();
    let more = if !keys.is_empty() {
        words.add_another
    } else if provider.connect {
        words.paste
    } else {
        words.connect
    };
    let list = if keys.is_empty() {
        "keys empty"
    } else {
        "keys"
    };
    let rows = (0..keys.len())
        .map(|place| row(&provider, &keys, place))
        .collect_view();
    let name = provider.name.clone();
    let docs = provider.docs_url.clone();
    let connect = format!("/api/providers/{id}/connect");
    let fields = fields(&provider, &scope);
    let prefix = prefix(&provider.key_hint).map(str::to_owned);
    view! {
        <section class="card provider" id=id.clone() aria-label=name.clone() data-prefix=prefix>
            <header class="provider-head">
                <span class=["dot ", dot].concat() aria-hidden="true"></span>
                <div>
                    <h3>{name.clone()}</h3>
                    <p class="muted small">{stands}</p>
                    {health.map(|health| view! { <HealthLine health/> })}
                </div>
                {(!docs.is_empty()).then(|| view! {
                    <a class="small" href=docs target="_blank" rel="noopener noreferrer">{words.get_key}<span class="visually-hidden">{(words.get_key_for)(&name)}</span></a>
                })}
            </header>
            <ul class=list>{rows}</ul>
            {provider.connect.then(|| view! {
                // Not a page of ours: the server sends on to the provider's.
                <a class="button primary" rel="external" href=connect>{(words.connect_to)(&name)}</a>
            })}
            <details class="connect" id=fold data-fold="">
                <summary class="button">{icon("plus")}{more}</summary>
                <PostForm action=AddKey::PATH fresh=true done=(words.is_connected)(&name)>
                    <input type="hidden" name="provider" value=sent/>
                    {fields}
                    <Field name="label".to_owned() label=words.label placeholder=words.label_example hint=words.label_hint scope=scope required=false/>
                    <Submit label=words.save busy_label=words.checking/>
                </PostForm>
            </details>
        </section>
    }
    .into_any()
}

/// What the keys of a provider begin with, by what is said of how they look: `sk-ant-…`.
fn prefix(hint: &str) -> Option<&str> {
    let prefix = hint.strip_suffix('…')?;
    (!prefix.contains(' ')).then_some(prefix)
}

/// The credential fields of a provider. An error that names no field stands under the first secret one, which is the first
/// that is `.mono`.
pub(super) fn fields(provider: &ProviderView, scope: &str) -> AnyView {
    let all = &provider.credential_fields;
    let main = all.iter().position(|field| field.secret).unwrap_or(0);
    let one = |(index, field): (usize, &CredentialField)| {
        let hint = if index == main {
            provider.key_hint.clone()
        } else {
            String::new()
        };
        field_view(field, scope, hint)
    };
    all.iter().enumerate().map(one).collect_view().into_any()
}

/// One of them.
fn field_view(field: &CredentialField, scope: &str, placeholder: String) -> AnyView {
    let id = [scope, &field.name].concat();
    let note = [&id, "-note"].concat();
    let name = ["credentials[", &field.name, "]"].concat();
    let label = field.label.clone();
    if !field.choices.is_empty() {
        let options = field.choices.iter().map(|choice| {
            view! { <option value=choice.value.clone()>{choice.label.clone()}</option> }
        });
        view! {
            <div class="field">
                <label for=id.clone()>{label}</label>
                <select id=id name=name required aria-describedby=note.clone()>
                    <option value="">{words().keys.choose}</option>
                    {options.collect_view()}
                </select>
                <p id=note class="field-note" aria-live="polite"></p>
            </div>
        }
        .into_any()
    } else if field.multiline {
        view! {
            <div class="field">
                <label for=id.clone()>{label}</label>
                <textarea
                    id=id name=name class="mono" rows="4" autocomplete="off" spellcheck="false" placeholder=placeholder
                    required=field.required aria-describedby=note.clone()
                ></textarea>
                <p id=note class="field-note" aria-live="polite"></p>
            </div>
        }
        .into_any()
    } else {
        let kind = if field.secret { "password" } else { "text" };
        view! { <Field name label kind scope placeholder required=field.required/> }.into_any()
    }
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
