//! A part of a page that is the server's HTML.

use crate::shared::error::AppError;
use crate::ui::parts::notice::Notice;
use crate::ui::state::{Who, unless_signed_out};
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use serde::{Deserialize, Serialize};
use std::pin::Pin;

/// Asks the server for the HTML. One type for all parts, so that the browser has this code once.
pub type Load = fn(String) -> Pin<Box<dyn Future<Output = Result<String, AppError>> + Send>>;

#[derive(Clone, Serialize, Deserialize)]
struct Loaded {
    error: Option<AppError>,
    /// Not told to the browser beside the page, which has it.
    #[serde(skip)]
    html: String,
}

/// The HTML for the query of this page's address, or why there is none.
#[component]
pub fn Served(
    /// The address of the page, without its query.
    path: &'static str,
    /// Who is asked.
    load: Load,
    /// The class of the element around it.
    #[prop(default = "")]
    class: &'static str,
) -> impl IntoView {
    let who = expect_context::<Who>();
    let location = use_location();
    // The address is another page's before this one is gone.
    let query = Memo::new(move |before: Option<&String>| {
        if location.pathname.get() == path {
            location.search.get()
        } else {
            before.cloned().unwrap_or_default()
        }
    });
    let loaded = Resource::new(
        move || query.get(),
        move |query| async move {
            match load(query).await {
                Ok(html) => Loaded { error: None, html },
                Err(error) => Loaded {
                    error: Some(unless_signed_out(error)),
                    html: String::new(),
                },
            }
        },
    );
    view! {
        <Suspense fallback=|| view! { <div class="skeleton lines" aria-busy="true"></div> }>
            {move || Suspend::new(async move {
                who.session().await;
                let loaded = loaded.await;
                match loaded.error {
                    Some(error) => view! { <Notice error/> }.into_any(),
                    None => view! { <div class=class inner_html=loaded.html></div> }.into_any(),
                }
            })}
        </Suspense>
    }
    .into_any()
}
