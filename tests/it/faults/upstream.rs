//! What providers do wrong, seen from the person who asked; `providers::simulator` has the same for each decoder alone.

use super::aftermath::{COMPLETE, Ending, Shown, aftermath, alive, intact};
use super::{GENEROUS, endless, until};
use crate::support::Engine;
use crate::support::app::{TestApp, text_of};
use crate::support::probe::Tail;
use crate::support::process::Server;
use futures::future::join_all;
use keylm::server::simulate::Simulator;

const fn failed(code: &'static str) -> Ending {
    ("failed", Some(code))
}

/// Fault models, how their answers end, and whether some text came before.
static FAULTS: [(&str, Ending, bool); 26] = [
    ("sim-nofirst", failed("timeout"), false),
    ("sim-stall", failed("timeout"), true),
    ("sim-reset", failed("upstream_truncated"), true),
    ("sim-half", failed("upstream_truncated"), true),
    ("sim-noend", failed("upstream_truncated"), true),
    ("sim-badutf", COMPLETE, true),
    ("sim-crlf", COMPLETE, true),
    ("sim-split", COMPLETE, true),
    ("sim-unknown", COMPLETE, true),
    ("sim-nousage", COMPLETE, true),
    ("sim-length", COMPLETE, true),
    ("sim-filter-mid", COMPLETE, true),
    ("sim-garbage", failed("upstream_error"), false),
    ("sim-html", failed("upstream_error"), false),
    ("sim-huge", failed("upstream_error"), false),
    ("sim-bomb", failed("upstream_error"), false),
    ("sim-redirect", failed("provider_redirected"), false),
    ("sim-403", failed("insufficient_permission"), false),
    ("sim-404", failed("bad_model"), false),
    ("sim-429", failed("rate_limited"), false),
    ("sim-500", failed("overloaded"), false),
    ("sim-503", failed("overloaded"), false),
    ("sim-quota", failed("quota_exhausted"), false),
    ("sim-quota-mid", failed("quota_exhausted"), false),
    ("sim-context", failed("context_length"), false),
    ("sim-error-mid", failed("overloaded"), true),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_provider_has_an_honest_end_that_stays() {
    let app = TestApp::start_with(Engine::Sqlite, &[GENEROUS]).await;
    let ada = app.user_with_keys().await;
    let asked = FAULTS.iter().flat_map(|(model, honest, partial)| {
        ["openai", "anthropic", "gemini"].map(|provider| {
            let ada = ada.clone();
            async move {
                let thread = ada.thread(provider, model).await;
                let told = Tail::new(ada.ask(&thread, &thread, "Hello?").await)
                    .rest()
                    .await;
                let shown = Shown::new(told);
                let message = intact(&ada, &shown, &[*honest]).await;
                let content = message["content"].as_str().unwrap();
                assert_eq!(
                    !content.is_empty(),
                    *partial,
                    "{provider} {model}: {content}"
                );
                assert!(!content.contains("<html"), "{provider} {model}: {content}");
                if model == &"sim-badutf" {
                    assert!(
                        content.contains('\u{fffd}') && content.ends_with("After the bad byte."),
                        "what follows the bad byte is there: {content}"
                    );
                }
                shown
            }
        })
    });
    let shown = join_all(asked).await;
    aftermath(&ada, &shown, &FAULTS.map(|(_, honest, _)| honest)).await;
    let recorded = app.sim.recorded();
    assert!(
        recorded.iter().all(|one| one.path != "/__trap"),
        "nobody went where a redirect pointed"
    );
    // A key that is refused while chatting is not used again, so this comes last and alone.
    let bob = app.user_with_keys().await;
    let thread = bob.thread("anthropic", "sim-401").await;
    let shown = Shown::new(bob.say(&thread, &thread, "Hello?").await);
    aftermath(&bob, &[shown], &[failed("invalid_key")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_drips_is_ended_by_its_total_time_and_kept() {
    let settings = [GENEROUS, ("PROVIDER_TOTAL_SECONDS", "4")];
    let app = TestApp::start_with(Engine::Sqlite, &settings).await;
    let ada = app.user_with_keys().await;
    let asked = [("openai", "sim-drip"), ("openai", "sim-endless")].map(|(provider, model)| {
        let ada = ada.clone();
        async move {
            let thread = ada.thread(provider, model).await;
            Shown::new(ada.say(&thread, &thread, "Hello?").await)
        }
    });
    let shown = join_all(asked).await;
    assert!(
        text_of(&shown[1].events).len() > 100,
        "what had come is kept"
    );
    aftermath(&ada, &shown, &[failed("timeout")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_goes_away_is_an_honest_end_and_is_asked_again_when_it_is_back() {
    let sim = Simulator::start(0).await.unwrap();
    let port = sim.addr().port();
    let server = Server::start(&sim, tempfile::tempdir().unwrap(), &[GENEROUS]).await;
    let ada = server.person().await;
    let interrupted = endless(&ada, 2).await;
    drop(sim);
    let mut shown = Vec::new();
    for tail in interrupted {
        shown.push(Shown::new(tail.rest().await));
    }
    let thread = ada.thread("openai", "sim-short").await;
    let refused = Shown::new(ada.say(&thread, &thread, "Hello?").await);
    intact(&ada, &refused, &[failed("network")]).await;
    let mut back = None;
    until("the provider is back", async || {
        back = Simulator::start(port).await.ok();
        back.is_some()
    })
    .await;
    aftermath(&ada, &shown, &[failed("upstream_truncated")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bombs_floods_and_endless_lines_cost_little_and_nobody_else() {
    let sim = Simulator::start(0).await.unwrap();
    let server = Server::start(&sim, tempfile::tempdir().unwrap(), &[GENEROUS]).await;
    let ada = server.person().await;
    let mut beside = endless(&ada, 1).await.remove(0);
    alive(&ada).await;
    let before = server.memory();
    let mut shown = Vec::new();
    for model in ["sim-bomb", "sim-huge", "sim-flood"] {
        let thread = ada.thread("openai", model).await;
        shown.push(Shown::new(ada.say(&thread, &thread, "Hello?").await));
        println!("{model}: {before} kB before, {} kB after", server.memory());
        let seen = beside.events().len();
        beside.until(seen + 3).await;
    }
    let after = server.memory();
    assert!(
        after.saturating_sub(before) < 128 << 10,
        "{before} kB, {after} kB"
    );
    assert!(text_of(&shown[2].events).len() <= (2 << 20) + (64 << 10));
    aftermath(&ada, &shown, &[failed("upstream_error")]).await;
    let other = Shown::of(&beside);
    other.stop(&ada).await;
    intact(
        &ada,
        &Shown::new(beside.rest().await),
        &[super::aftermath::STOPPED],
    )
    .await;
}
