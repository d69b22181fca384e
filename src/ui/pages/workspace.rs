//! The frame of the signed-in pages.

use super::sidebar::Sidebar;
use crate::client::dom;
use crate::ui::parts::icon::icon;
use crate::ui::state::catalog::Catalog;
use crate::ui::state::elsewhere::Elsewhere;
use crate::ui::state::preferences::Prefs;
use crate::ui::state::threads::Threads;
use crate::ui::state::{Who, words};
use leptos::ev;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::components::{Outlet, Redirect};
use leptos_router::hooks::{use_location, use_navigate};

/// Whether the sidebar lies over the page, on narrow screens.
#[derive(Clone, Copy)]
pub(super) struct Drawer(pub RwSignal<bool>);

/// The sidebar and the page beside it. Sends people who are not signed in to the sign-in page.
#[component]
pub fn Workspace() -> impl IntoView {
    let who = expect_context::<Who>();
    let prefs = expect_context::<Prefs>();
    let drawer = Drawer(RwSignal::new(false));
    let (threads, elsewhere) = (Threads::default(), Elsewhere::default());
    provide_context(threads);
    provide_context(elsewhere);
    provide_context(Catalog::default());
    provide_context(drawer);
    let path = use_location().pathname;
    Effect::new(move || {
        path.track();
        drawer.0.set(false);
    });
    hot_keys(drawer);
    elsewhere.watch(threads);
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                let path = path.get_untracked();
                who.session().await.is_none().then(|| view! { <Redirect path=format!("/sign-in?next={path}")/> })
            })}
        </Suspense>
        <div class="workspace" class:side-closed=move || !prefs.side_open() class:drawer-open=drawer.0>
            <Sidebar/>
            <div class="scrim" aria-hidden="true" on:click=move |_| drawer.0.set(false)></div>
            <main id="main" class="stage" inert=drawer.0>
                <Outlet/>
            </main>
        </div>
    }
    .into_any()
}

/// The keys that work everywhere; they are listed in the settings.
fn hot_keys(drawer: Drawer) {
    let prefs = expect_context::<Prefs>();
    let navigate = use_navigate();
    Effect::new(move || {
        let navigate = navigate.clone();
        let keys = window_event_listener(ev::keydown, move |event| {
            let command = event.ctrl_key() || event.meta_key();
            match (
                event.key().to_lowercase().as_str(),
                command,
                event.shift_key(),
            ) {
                ("k", true, false) => {
                    event.prevent_default();
                    prefs.set_side_open(true);
                    drawer.0.set(true);
                    set_timeout(|| dom::focus("thread-search"), std::time::Duration::ZERO);
                }
                ("o", true, true) => {
                    event.prevent_default();
                    navigate("/chat", NavigateOptions::default());
                }
                ("s", true, true) => {
                    event.prevent_default();
                    prefs.set_side_open(!prefs.side_open());
                }
                ("escape", false, true) => dom::focus("composer-text"),
                ("escape", false, false) => {
                    if dom::close_all_menus() {
                        event.prevent_default();
                    }
                    drawer.0.set(false);
                }
                (key, false, _)
                    if key.chars().count() == 1
                        && key != " "
                        && !event.alt_key()
                        && dom::nothing_focused() =>
                {
                    dom::focus("composer-text");
                }
                _ => {}
            }
        });
        let clicks = window_event_listener(ev::click, move |event| dom::close_menus(&event));
        on_cleanup(move || {
            keys.remove();
            clicks.remove();
        });
    });
}

/// The bar above a page, with the button that brings the sidebar.
#[component]
pub fn TopBar(
    /// What the page puts there.
    children: Children,
) -> impl IntoView {
    let prefs = expect_context::<Prefs>();
    let drawer = expect_context::<Drawer>();
    let words = &words().frame;
    view! {
        <header class="top">
            <button type="button" class="icon-button js-only only-narrow" aria-label=words.open_sidebar aria-controls="side" on:click=move |_| drawer.0.set(true)>
                {icon("menu")}
            </button>
            <button type="button" class="icon-button js-only only-closed" aria-label=words.open_sidebar aria-controls="side" on:click=move |_| prefs.set_side_open(true)>
                {icon("side")}
            </button>
            {children()}
        </header>
    }
    .into_any()
}
