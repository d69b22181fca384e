//! One key.

use super::card::fields;
use crate::api::keys::{MoveKey, RemoveKey, ReplaceKey, SetKeyActive, TestKey};
use crate::shared::error::ErrorCode;
use crate::shared::provider::{KeyStatus, KeyView, ProviderView};
use crate::shared::words::Key;
use crate::ui::parts::field::Submit;
use crate::ui::parts::icon::icon;
use crate::ui::parts::post_form::PostForm;
use crate::ui::state::clock::{ago, ago_in};
use crate::ui::state::{self, words};
use leptos::prelude::*;

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

/// A key's line: what is known about it, and everything that can be done with it. The key is the one at a place among all of
/// its card.
pub(super) fn row(provider: &ProviderView, keys: &[KeyView], place: usize) -> Option<AnyView> {
    let key = keys.get(place)?;
    let words = &words().key;
    let id = key.id.to_string();
    let (colour, known) = badge(words, key);
    let label = match key.label.as_str() {
        "" => words.key.to_owned(),
        label => label.to_owned(),
    };
    let class = if key.active { "key" } else { "key off" };
    let well = key.last_error.is_none().then_some("");
    let trouble = key.last_error.as_ref().map(|error| {
        let said = error.message.clone();
        view! {
            <p class="key-error small">{icon("warn")}<span>{said}" "<strong>{fix(words, error.code)}</strong></span></p>
        }
    });
    Some(view! {
        <li class=class id=id data-well=well>
            <div class="key-main">
                <p class="key-name">
                    <span class="strong">{label}</span>
                    <code>{key.mask.clone()}</code>
                    <span class=["badge ", colour].concat()>{known}{key.last_error_at.map(|at| view! { " · "{ago(at)} })}</span>
                </p>
                <p class="muted small">
                    {ago_in(&words.added, key.created_at)}
                    {key.last_validated_at.map(|at| view! { " · "{ago_in(&words.checked, at)} })}
                    " · "
                    {key.last_used_at.map_or_else(|| words.never_used.into_any(), |at| ago_in(&words.used, at))}
                </p>
                {trouble}
            </div>
            {actions(words, key, place, keys.len())}
            {more(words, provider, key, keys)}
        </li>
    }
    .into_any())
}

/// What is sent along with everything about a key.
fn names(key: &KeyView) -> Vec<(&'static str, String)> {
    vec![
        ("provider", key.provider.to_string()),
        ("key", key.id.to_string()),
    ]
}

/// The buttons beside a key that is at a place among so many.
fn actions(words: &'static Key, key: &KeyView, place: usize, count: usize) -> AnyView {
    let with = |name, value: String| {
        let mut names = names(key);
        names.push((name, value));
        names
    };
    let (alone, first, last) = (count < 2, place == 0, place + 1 == count);
    let earlier = with("position", place.saturating_sub(1).to_string());
    let later = with("position", (place + 1).to_string());
    let switch = with("active", (!key.active).to_string());
    let accepted = format!(r#"[id="{}"][data-well]"#, key.id);
    let on_off = if key.active {
        words.switch_off
    } else {
        words.switch_on
    };
    view! {
        <div class="key-actions">
            <PostForm action=MoveKey::PATH fields=earlier>
                <button type="submit" class="icon-button" aria-label=words.earlier hidden=alone disabled=first>{icon("up")}</button>
            </PostForm>
            <PostForm action=MoveKey::PATH fields=later>
                <button type="submit" class="icon-button" aria-label=words.later hidden=alone disabled=last>{icon("down")}</button>
            </PostForm>
            <PostForm action=TestKey::PATH fields=names(key) done=words.accepted done_if=accepted>
                <button type="submit" class="button small">{words.test}</button>
            </PostForm>
            <PostForm action=SetKeyActive::PATH fields=switch>
                <button type="submit" class="button small">{on_off}</button>
            </PostForm>
        </div>
    }
    .into_any()
}

/// What is folded up below a key: another one in its place, and its end.
fn more(words: &'static Key, provider: &ProviderView, key: &KeyView, keys: &[KeyView]) -> AnyView {
    let id = key.id.to_string();
    let others = keys.iter().filter(|k| k.active && k.id != key.id).count();
    let what_stops = (words.what_stops)(others, &provider.name);
    let fields = fields(provider, &[&id, "-"].concat());
    let fold = [&id, "-replace"].concat();
    let checking = state::words().keys.checking;
    view! {
        <div class="key-more">
            <details id=fold data-fold="">
                <summary>{words.replace}</summary>
                <PostForm action=ReplaceKey::PATH fields=names(key) fresh=true done=words.replaced>
                    {fields}
                    <Submit label=words.check_and_replace busy_label=checking/>
                </PostForm>
            </details>
            <details>
                <summary>{words.remove}</summary>
                <p class="small">{what_stops}</p>
                <PostForm action=RemoveKey::PATH fields=names(key) done=words.removed>
                    <button type="submit" class="button danger">{icon("trash")}{words.remove_this}</button>
                </PostForm>
            </details>
        </div>
    }
    .into_any()
}
