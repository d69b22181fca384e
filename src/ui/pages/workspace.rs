//! The frame of the signed-in pages.

use super::palette::Palette;
use super::sidebar::Sidebar;
use crate::client::dom;
use crate::client::leave::on_leave;
use crate::ui::commands::{Commander, Do, Sheet};
use crate::ui::erased::Effect;
use crate::ui::parts::icon::icon;
use crate::ui::state::catalog::Catalog;
use crate::ui::state::elsewhere::Elsewhere;
use crate::ui::state::preferences::Prefs;
use crate::ui::state::threads::Threads;
use crate::ui::state::toasts::Toasts;
use crate::ui::state::{Who, words};
use leptos::ev;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::components::{Outlet, Redirect};
use leptos_router::hooks::{use_location, use_navigate};

/// Whether the sidebar lies over the page, on narrow screens.
#[derive(Clone, Copy)]
pub struct Drawer(pub RwSignal<bool>);

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
    let navigate = use_navigate();
    let go = Callback::new(move |path: String| navigate(&path, NavigateOptions::default()));
    let commander = Commander::new(drawer, elsewhere, go);
    provide_context(commander);
    hot_keys(commander, drawer);
    elsewhere.watch(threads);
    let toasts = expect_context::<Toasts>();
    Effect::new(move || {
        threads.resume();
        // Nothing can be undone on a page that is not there.
        let leaving = on_leave(move || toasts.dismiss_all());
        on_cleanup(move || leaving.remove());
    });
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
            <main id="main" tabindex="-1" class="stage" inert=drawer.0>
                <Outlet/>
            </main>
            <Palette/>
            <Sheet/>
        </div>
    }
    .into_any()
}

/// The keys that work everywhere: those of the table of commands, and what no table can hold.
fn hot_keys(commander: Commander, drawer: Drawer) {
    Effect::new(move || {
        let keys = window_event_listener(ev::keydown, move |event| {
            if event.default_prevented() || commander.press(&event) || dom::dialog_open() {
                return;
            }
            match event.key().as_str() {
                "Escape" => {
                    if dom::close_all_menus() {
                        event.prevent_default();
                    }
                    drawer.0.set(false);
                }
                key if key.chars().count() == 1
                    && key != " "
                    && !(event.ctrl_key() || event.meta_key() || event.alt_key())
                    && dom::nothing_focused() =>
                {
                    dom::focus("composer-text");
                }
                _ => {}
            }
        });
        let clicks = window_event_listener(ev::click, move |event| {
            dom::close_menus(&event);
            match dom::pressed(&event) {
                Some((what, _)) if what == "palette" => commander.run(Do::Palette),
                Some((what, _)) if what == "shortcuts" => commander.run(Do::Sheet),
                _ => {}
            }
        });
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
