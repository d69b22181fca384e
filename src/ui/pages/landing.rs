//! `/`

use crate::ui::parts::icon::icon;
use crate::ui::state::Who;
use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use leptos_router::components::Redirect;

/// What KeyLM is, for people who are not signed in.
#[component]
pub fn Landing() -> impl IntoView {
    let who = expect_context::<Who>();
    let point = |name, title: &'static str, text: &'static str| {
        view! {
            <li>
                <span class="point-icon">{icon(name)}</span>
                <h3>{title}</h3>
                <p>{text}</p>
            </li>
        }
    };
    view! {
        <Title text=""/>
        <Meta name="description" content="Chat on your own model keys: one vault, no answer lost, every cent visible."/>
        <Suspense>
            {move || Suspend::new(async move {
                who.session().await.map(|_| view! { <Redirect path="/chat"/> })
            })}
        </Suspense>
        <div class="landing">
            <header class="landing-head">
                <a class="brand" href="/">{icon("key")}"KeyLM"</a>
                <nav aria-label="Account">
                    <a class="button quiet" href="/sign-in">"Sign in"</a>
                    <a class="button primary" href="/sign-up">"Get started"</a>
                </nav>
            </header>
            <main id="main">
                <section class="hero">
                    <p class="eyebrow">"Bring your own key"</p>
                    <h1>"Every model. Your keys. One calm place to think."</h1>
                    <p class="lead">
                        "Paste a key from OpenAI, Anthropic or Google, pick a model and talk. "
                        "You pay the provider’s price and nothing on top."
                    </p>
                    <p class="hero-actions">
                        <a class="button primary large" href="/sign-up">"Create an account"</a>
                        <a class="button large" href="/sign-in">"Sign in"</a>
                    </p>
                </section>
                <section class="exhibit" aria-hidden="true">
                    <div class="exhibit-bar"><span></span><span></span><span></span></div>
                    <div class="exhibit-body">
                        <p class="bubble">"Why does my Rust future not move?"</p>
                        <div class="exhibit-answer">
                            <p>"A future does nothing until something polls it. Hand it to the runtime:"</p>
                            <pre><code>"let job = tokio::spawn(work());\nlet result = job.await?;"</code></pre>
                            <p class="exhibit-usage">"claude-sonnet · 412 in · 96 out · $0.0027 · first word 0.4 s · key …x7Qa"</p>
                        </div>
                    </div>
                </section>
                <section class="points">
                    <h2 class="visually-hidden">"What sets it apart"</h2>
                    <ul>
                        {point("bolt", "No answer is lost", "Every word is on disk before you see it. Close the tab, lose the train’s network, come back: the answer went on without you.")}
                        {point("shield", "No key leaks", "Keys are sealed one by one, shown by their last four characters, and never sent back to a browser, a log or an error.")}
                        {point("coins", "Every cent is visible", "Tokens, price, speed and the key that paid stand under each answer. What is not known is called unknown.")}
                        {point("plug", "Light and yours", "One binary with one database on your own machine. Pages work before any script has loaded, and without one.")}
                    </ul>
                </section>
                <section class="steps">
                    <h2>"Three minutes to the first answer"</h2>
                    <ol>
                        <li><strong>"Add a key."</strong> " It is checked with its provider before it is stored."</li>
                        <li><strong>"Pick a model."</strong> " With its context window, its abilities and its price in plain sight."</li>
                        <li><strong>"Talk."</strong> " Stop, retry, edit and branch; nothing is ever overwritten."</li>
                    </ol>
                    <a class="button primary large" href="/sign-up">"Get started"</a>
                </section>
            </main>
            <footer class="landing-foot"><span>"KeyLM"</span></footer>
        </div>
    }
    .into_any()
}
