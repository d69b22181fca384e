//! `/archive`: the chats that were put away.

use crate::api::threads::list_archived;
use crate::shared::error::AppError;
use crate::ui::pages::workspace::TopBar;
use crate::ui::parts::notice::Notice;
use crate::ui::state::{Who, unless_signed_out, words};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use serde::{Deserialize, Serialize};

/// The list as it was loaded.
#[derive(Clone, Serialize, Deserialize)]
struct Loaded {
    error: Option<AppError>,
    /// Not told to the browser beside the page, which has it.
    #[serde(skip)]
    html: String,
}

async fn load(query: String) -> Loaded {
    match list_archived(query).await {
        Ok(html) => Loaded { error: None, html },
        Err(error) => Loaded {
            error: Some(unless_signed_out(error)),
            html: String::new(),
        },
    }
}

/// The page. All of the list is the server's HTML, with plain forms for what can be done.
#[component]
pub fn Archive() -> impl IntoView {
    let who = expect_context::<Who>();
    let location = use_location();
    // The address is another page's before this one is gone.
    let query = Memo::new(move |before: Option<&String>| {
        if location.pathname.get() == "/archive" {
            location.search.get()
        } else {
            before.cloned().unwrap_or_default()
        }
    });
    let list = Resource::new(move || query.get(), load);
    let words = &words().around;
    view! {
        <Title text=words.archive/>
        <TopBar><h1>{words.archive}</h1></TopBar>
        <div class="page narrow">
            <Suspense fallback=|| view! { <div class="skeleton lines" aria-busy="true"></div> }>
                {move || Suspend::new(async move {
                    who.session().await;
                    let loaded = list.await;
                    match loaded.error {
                        Some(error) => view! { <Notice error/> }.into_any(),
                        None => view! { <div inner_html=loaded.html></div> }.into_any(),
                    }
                })}
            </Suspense>
        </div>
    }
    .into_any()
}
