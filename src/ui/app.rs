//! The routes.

use super::chat::{Compare, NewChat, ThreadPage};
use super::keys::Providers;
use super::pages::account::{SignIn, SignUp};
use super::pages::archive::Archive;
use super::pages::landing::Landing;
use super::pages::models::Models;
use super::pages::not_found::NotFound;
use super::pages::settings::Settings;
use super::pages::workspace::Workspace;
use super::parts::toast::Toasts;
use super::state;
use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::{SsrMode, path};

/// The whole app. Every page waits for its data before it is sent, so it is whole without script.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    state::provide();
    let words = state::words();
    view! {
        <Title formatter=|title: String| {
            let name = if title.is_empty() { "" } else { " · " };
            [&title, name, "KeyLM"].concat()
        }/>
        <Router>
            <a class="skip-link" href="#main">{words.frame.skip}</a>
            <p class="offline-line" role="status">{words.beside.offline}</p>
            <Routes fallback=NotFound>
                <Route path=path!("/") view=Landing ssr=SsrMode::Async/>
                <Route path=path!("/sign-in") view=SignIn ssr=SsrMode::Async/>
                <Route path=path!("/sign-up") view=SignUp ssr=SsrMode::Async/>
                <ParentRoute path=path!("") view=Workspace ssr=SsrMode::Async>
                    <Route path=path!("/chat") view=NewChat ssr=SsrMode::Async/>
                    <Route path=path!("/chat/:id") view=ThreadPage ssr=SsrMode::Async/>
                    <Route path=path!("/providers") view=Providers ssr=SsrMode::Async/>
                    <Route path=path!("/models") view=Models ssr=SsrMode::Async/>
                    <Route path=path!("/compare") view=Compare ssr=SsrMode::Async/>
                    <Route path=path!("/archive") view=Archive ssr=SsrMode::Async/>
                    <Route path=path!("/settings") view=Settings ssr=SsrMode::Async/>
                </ParentRoute>
            </Routes>
            <Toasts/>
        </Router>
    }
    .into_any()
}
