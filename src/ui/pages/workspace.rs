//! The frame of the signed-in pages.

use super::palette::Palette;
use super::sidebar::Sidebar;
use crate::ui::commands::Sheet;
use crate::ui::parts::icon::icon;
use crate::ui::parts::outside::Outside;
use crate::ui::state::{Who, preferences, words};
use leptos::prelude::*;
use leptos_router::components::{Outlet, Redirect};
use leptos_router::hooks::use_location;

/// The sidebar and the page beside it. Sends people who are not signed in to the sign-in page.
#[component]
pub fn Workspace() -> impl IntoView {
    let who = expect_context::<Who>();
    let path = use_location().pathname.get_untracked();
    let class = if preferences::chosen().side_open {
        "workspace"
    } else {
        "workspace side-closed"
    };
    view! {
        <Suspense>
            {Suspend::new(async move {
                who.session().await.is_none().then(|| view! { <Redirect path=format!("/sign-in?next={path}")/> })
            })}
        </Suspense>
        <div class=class>
            <Sidebar/>
            <div class="scrim" aria-hidden="true" data-do="drawer-close"></div>
            <main id="main" tabindex="-1" class="stage">
                <Outlet/>
            </main>
            <Palette/>
            <Sheet/>
            <Outside/>
            // What stands in the page's place while the next one is on its way.
            <template id="skeleton">
                <main id="main" tabindex="-1" class="stage" aria-busy="true">
                    <TopBar><div class="skeleton line"></div></TopBar>
                    <div class="page"><div class="skeleton lines"></div></div>
                </main>
            </template>
        </div>
    }
    .into_any()
}

/// The bar above a page, with the buttons that bring the sidebar.
#[component]
pub fn TopBar(
    /// What the page puts there.
    children: Children,
) -> impl IntoView {
    let label = words().frame.open_sidebar;
    view! {
        <header class="top">
            <button type="button" class="icon-button js-only only-narrow" aria-label=label aria-controls="side" data-do="drawer-open">
                {icon("menu")}
            </button>
            <button type="button" class="icon-button js-only only-closed" aria-label=label aria-controls="side" data-do="side-open">
                {icon("side")}
            </button>
            {children()}
        </header>
    }
    .into_any()
}
