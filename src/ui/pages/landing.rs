//! `/`

use crate::ui::parts::icon::icon;
use crate::ui::state::{Who, words};
use leptos::prelude::*;
use leptos_meta::{Meta, Title};
use leptos_router::components::Redirect;

/// What the exhibit answers with.
const CODE: &str = "let job = tokio::spawn(work());\nlet result = job.await?;";

/// What KeyLM is, for people who are not signed in.
#[component]
pub fn Landing() -> impl IntoView {
    let who = expect_context::<Who>();
    let words = words();
    let (words, beside) = (&words.landing, &words.beside);
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
        <Meta name="description" content=words.description/>
        <Suspense>
            {Suspend::new(async move {
                who.session().await.map(|_| view! { <Redirect path="/chat"/> })
            })}
        </Suspense>
        <div class="landing">
            <header class="landing-head">
                <a class="brand" href="/">{icon("key")}"KeyLM"</a>
                <nav aria-label=words.account>
                    <a class="button quiet" href="/sign-in">{words.sign_in}</a>
                    <a class="button primary" href="/sign-up">{words.start}</a>
                </nav>
            </header>
            <main id="main" tabindex="-1">
                <section class="hero">
                    <p class="eyebrow">{words.eyebrow}</p>
                    <h1>{words.claim}</h1>
                    <p class="lead">{words.lead}</p>
                    <p class="hero-actions">
                        <a class="button primary large" href="/sign-up">{words.create}</a>
                        <a class="button large" href="/sign-in">{words.sign_in}</a>
                    </p>
                </section>
                <section class="exhibit" aria-hidden="true">
                    <div class="exhibit-bar"><span></span><span></span><span></span></div>
                    <div class="exhibit-body">
                        <p class="bubble">{words.question}</p>
                        <div class="exhibit-answer">
                            <p>{words.answer}</p>
                            <pre><code>{CODE}</code></pre>
                            <p class="exhibit-usage">{words.usage}</p>
                        </div>
                    </div>
                </section>
                <section class="points">
                    <h2 class="visually-hidden">{words.apart}</h2>
                    <ul>
                        {["bolt", "shield", "coins", "plug"]
                            .into_iter()
                            .zip(words.points)
                            .map(|(icon, (title, text))| point(icon, title, text))
                            .collect_view()}
                    </ul>
                </section>
                <section class="steps">
                    <h2>{words.steps_title}</h2>
                    <ol>
                        {words.steps.map(|(what, how)| view! { <li><strong>{what}</strong>" "{how}</li> }).collect_view()}
                    </ol>
                    <a class="button primary large" href="/sign-up">{words.start}</a>
                </section>
            </main>
            <footer class="landing-foot">
                <span>"KeyLM"</span>
                <nav aria-label=beside.documentation>
                    <a href="/docs" rel="external">{beside.guide}</a>
                    <a href="/docs/api" rel="external">{beside.api}</a>
                </nav>
            </footer>
        </div>
    }
    .into_any()
}
