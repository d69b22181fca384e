//! One key.

use super::card::fields;
use crate::api::keys::{MoveKey, RemoveKey, ReplaceKey, SetKeyActive, TestKey};
use crate::api::keys::{move_key, remove_key, set_key_active, test_key};
use crate::client::dom;
use crate::shared::error::{AppError, ErrorCode};
use crate::shared::provider::{KeyStatus, KeyView, ProviderView};
use crate::shared::words::Key;
use crate::ui::erased::Effect;
use crate::ui::parts::call_form::{Call, CallForm};
use crate::ui::parts::field::Submit;
use crate::ui::parts::icon::icon;
use crate::ui::parts::post_form::PostForm;
use crate::ui::state::catalog::Catalog;
use crate::ui::state::clock::Clock;
use crate::ui::state::toasts::Toasts;
use crate::ui::state::{unless_signed_out, words};
use leptos::prelude::*;
use leptos::task::spawn_local;

/// The worst that is known of a key: the class of its badge and what that says.
fn badge(words: &Key, key: &KeyView) -> (&'static str, &'static str) {
    let trouble = key.last_error.as_ref().map(|error| error.code);
    match (key.status, trouble) {
        _ if !key.active => ("off", words.off),
        (KeyStatus::Unreadable, _) => ("bad", words.unreadable),
        (KeyStatus::Invalid, _) => ("bad", words.refused),
        (_, Some(ErrorCode::QuotaExhausted)) => ("bad", words.no_credit),
        (_, Some(ErrorCode::InsufficientPermission)) => ("bad", words.not_permitted),
        (_, Some(ErrorCode::RateLimited)) => ("warn", words.limited),
        (_, Some(_)) => ("warn", words.not_tested),
        (KeyStatus::Unverified, None) => ("warn", words.unverified),
        (KeyStatus::Valid, None) => ("on", words.valid),
    }
}

/// What to do about a key's last trouble.
const fn fix(words: &Key, code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::InvalidKey | ErrorCode::KeyUnreadable => words.fix_by_replacing,
        ErrorCode::InsufficientPermission => words.fix_by_widening,
        ErrorCode::QuotaExhausted => words.fix_by_paying,
        _ => words.fix_by_testing,
    }
}

/// A key's line: what is known about it, and everything that can be done with it.
#[component]
pub(super) fn KeyRow(
    /// The key when the row was made.
    key: KeyView,
    /// All keys of the card.
    keys: RwSignal<Vec<KeyView>>,
    /// The provider.
    provider: StoredValue<ProviderView>,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let catalog = expect_context::<Catalog>();
    let toasts = expect_context::<Toasts>();
    let (words, checking) = (&words().key, words().keys.checking);
    let id = StoredValue::new(key.id.clone());
    let provider_id = StoredValue::new(key.provider.clone());
    let key = Memo::new(move |last: Option<&KeyView>| {
        let found = keys.with(|keys| keys.iter().find(|k| k.id == id.get_value()).cloned());
        found
            .or_else(|| last.cloned())
            .unwrap_or_else(|| key.clone())
    });
    let place = move || {
        keys.read()
            .iter()
            .position(|k| k.id == id.get_value())
            .unwrap_or(0)
    };
    let place_now = move || untrack(place);
    let alone = move || keys.read().len() < 2;
    let first = move || place() == 0;
    let last = move || place() + 1 == keys.read().len();
    let busy = RwSignal::new("");
    let take = move |new: KeyView| {
        keys.update(|keys| {
            keys.iter_mut()
                .filter(|k| k.id == new.id)
                .for_each(|k| *k = new.clone());
        });
        catalog.load();
    };
    let failed = move |error: AppError| toasts.trouble(&unless_signed_out(error));

    let test = move || {
        busy.set("test");
        spawn_local(async move {
            match test_key(provider_id.get_value(), id.get_value()).await {
                Ok(test) => {
                    if test.valid {
                        toasts.done(words.accepted);
                    }
                    take(test.key);
                }
                Err(error) => failed(error),
            }
            busy.set("");
        });
    };
    let switch = move || {
        let active = !key.read_untracked().active;
        spawn_local(async move {
            match set_key_active(provider_id.get_value(), id.get_value(), active).await {
                Ok(new) => take(new),
                Err(error) => failed(error),
            }
        });
    };
    let shift = move |to: usize| {
        let position = u32::try_from(to).unwrap_or(0);
        spawn_local(async move {
            match move_key(provider_id.get_value(), id.get_value(), position).await {
                Ok(()) => keys.update(|keys| {
                    if let Some(from) = keys.iter().position(|k| k.id == id.get_value()) {
                        let key = keys.remove(from);
                        keys.insert(to.min(keys.len()), key);
                    }
                }),
                Err(error) => failed(error),
            }
        });
    };
    let remove = move || {
        busy.set("remove");
        spawn_local(async move {
            match remove_key(provider_id.get_value(), id.get_value()).await {
                Ok(()) => {
                    toasts.done(words.removed);
                    catalog.load();
                    keys.update(|keys| keys.retain(|k| k.id != id.get_value()));
                }
                Err(error) => failed(error),
            }
            busy.set("");
        });
    };
    let replace = Call::<KeyView>::new(ReplaceKey::PATH);
    Effect::new(move || {
        if let Some(Ok(new)) = replace.answer.get() {
            dom::fold(new.id.as_str());
            toasts.done(words.replaced);
            take(new);
        }
    });
    let error = Signal::derive(move || replace.answer.get().and_then(Result::err));
    let names = move || {
        vec![
            ("provider", provider_id.get_value().to_string()),
            ("key", id.get_value().to_string()),
        ]
    };
    let with = move |name, value: String| {
        let mut names = names();
        names.push((name, value));
        names
    };
    let what_stops = move || {
        let keys = keys.read();
        let others = keys.iter().filter(|k| k.active && k.id != id.get_value());
        (words.what_stops)(others.count(), &provider.read_value().name)
    };
    view! {
        <li class="key" id=id.get_value().to_string() class:off=move || !key.read().active>
            <div class="key-main">
                <p class="key-name">
                    <span class="strong">{move || match key.read().label.as_str() { "" => words.key.to_owned(), label => label.to_owned() }}</span>
                    <code>{move || key.read().mask.clone()}</code>
                    <span class=move || format!("badge {}", badge(words, &key.read()).0)>
                        {move || badge(words, &key.read()).1}
                        {move || key.read().last_error_at.map(|at| [" · ", &clock.ago(at)].concat())}
                    </span>
                </p>
                <p class="muted small">
                    {move || (words.added)(&clock.ago(key.read().created_at))}
                    {move || key.read().last_validated_at.map(|at| [" · ", &(words.checked)(&clock.ago(at))].concat())}
                    " · "
                    {move || key.read().last_used_at.map_or_else(|| words.never_used.to_owned(), |at| (words.used)(&clock.ago(at)))}
                </p>
                {move || key.read().last_error.clone().map(|error| view! {
                    <p class="key-error small">{icon("warn")}<span>{error.message}" "<strong>{fix(words, error.code)}</strong></span></p>
                })}
            </div>
            <div class="key-actions">
                <PostForm action=MoveKey::PATH fields=with("position", place_now().saturating_sub(1).to_string()) submit=move || shift(place_now().saturating_sub(1))>
                    <button type="submit" class="icon-button" aria-label=words.earlier hidden=alone disabled=first>{icon("up")}</button>
                </PostForm>
                <PostForm action=MoveKey::PATH fields=with("position", (place_now() + 1).to_string()) submit=move || shift(place_now() + 1)>
                    <button type="submit" class="icon-button" aria-label=words.later hidden=alone disabled=last>{icon("down")}</button>
                </PostForm>
                <PostForm action=TestKey::PATH fields=names() submit=test>
                    <button type="submit" class="button small" class:busy=move || busy.get() == "test" disabled=move || busy.get() == "test">{words.test}</button>
                </PostForm>
                <PostForm action=SetKeyActive::PATH fields=with("active", (!key.get_untracked().active).to_string()) submit=switch>
                    <button type="submit" class="button small">{move || if key.read().active { words.switch_off } else { words.switch_on }}</button>
                </PostForm>
            </div>
            <div class="key-more">
                <details>
                    <summary>{words.replace}</summary>
                    <CallForm call=replace fresh=true>
                        <input type="hidden" name="provider" value=provider_id.get_value().to_string()/>
                        <input type="hidden" name="key" value=id.get_value().to_string()/>
                        {fields(&provider.read_value(), &format!("{}-", id.get_value()), error)}
                        <Submit busy=replace.pending label=words.check_and_replace busy_label=checking/>
                    </CallForm>
                </details>
                <details>
                    <summary>{words.remove}</summary>
                    <p class="small">{what_stops}</p>
                    <PostForm action=RemoveKey::PATH fields=names() submit=remove>
                        <button type="submit" class="button danger" disabled=move || busy.get() == "remove">{icon("trash")}{words.remove_this}</button>
                    </PostForm>
                </details>
            </div>
        </li>
    }
    .into_any()
}
