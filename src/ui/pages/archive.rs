//! `/archive`: the chats that were put away.

use crate::api::threads::list_archived;
use crate::ui::pages::workspace::TopBar;
use crate::ui::parts::served::Served;
use crate::ui::state::words;
use leptos::prelude::*;
use leptos_meta::Title;

/// The page, with plain forms for what can be done.
#[component]
pub fn Archive() -> impl IntoView {
    let words = &words().around;
    view! {
        <Title text=words.archive/>
        <TopBar><h1>{words.archive}</h1></TopBar>
        <div class="page narrow">
            <Served load=|query| Box::pin(list_archived(query))/>
        </div>
    }
    .into_any()
}
