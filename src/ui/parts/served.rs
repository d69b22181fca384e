//! A part of a page that is the server's HTML.

use crate::shared::error::AppError;
use crate::ui::parts::notice::Notice;
use crate::ui::state::Who;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use std::pin::Pin;

/// Asks the server for the HTML.
pub type Load = fn(String) -> Pin<Box<dyn Future<Output = Result<String, AppError>> + Send>>;

/// The HTML for the query of this page's address, or why there is none.
#[component]
pub fn Served(
    /// Who is asked.
    load: Load,
    /// The class of the element around it.
    #[prop(default = "")]
    class: &'static str,
) -> impl IntoView {
    let who = expect_context::<Who>();
    let query = use_location().search.get_untracked();
    view! {
        <Suspense>
            {Suspend::new(async move {
                who.session().await?;
                Some(match load(query).await {
                    Err(error) => view! { <Notice error/> }.into_any(),
                    Ok(html) => view! { <div class=class inner_html=html></div> }.into_any(),
                })
            })}
        </Suspense>
    }
    .into_any()
}
