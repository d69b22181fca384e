//! `/models`: every model that is known.

use crate::api::models::discover_models;
use crate::ui::pages::workspace::TopBar;
use crate::ui::parts::served::Served;
use crate::ui::state::words;
use leptos::prelude::*;
use leptos_meta::Title;

/// The page. What the list can be asked is in the address.
#[component]
pub fn Models() -> impl IntoView {
    let title = words().sidebar.models;
    view! {
        <Title text=title/>
        <TopBar><h1>{title}</h1></TopBar>
        <div class="page models-page">
            <Served load=|query| Box::pin(discover_models(query)) class="models-list"/>
        </div>
    }
    .into_any()
}
