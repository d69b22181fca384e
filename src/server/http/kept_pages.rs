//! Pages of threads that were rendered before.
//!
//! A page is made of what its person, its thread and the list of their threads are at that moment. All of that is asked
//! of the database for every request, by the rules that the page itself asks; what is saved is only the making. Nobody
//! gets a page that they may not see, and nothing is shown that has changed: the page is found by a digest of all that it
//! is made of, the person included. What belongs to one response is no part of what is kept, but a hole in it.

use super::extract::{language, preferences, session_token};
use super::middleware::security_headers::CspNonce;
use crate::server::services::Services;
use crate::server::state::AppState;
use crate::shared::account::Preferences;
use crate::shared::ids::ThreadId;
use crate::shared::words::Language;
use crate::ui::shell::RequestSeed;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Bytes of pages that are kept at the most.
const CAPACITY: u64 = 16 * 1024 * 1024;
/// Bytes that a page takes besides its text, about.
const OVERHEAD: usize = 1024;
/// How many pages the capacity is likely to hold.
const PAGES: usize = 256;

/// Stands for all that a page is made of.
type Version = [u8; 32];

/// What is different in every response.
#[derive(Clone, Copy)]
enum Hole {
    /// The nonce of its scripts.
    Nonce,
    /// The name of a send by one of its forms.
    Seed,
}

/// A page without what is different in every response.
struct Kept {
    text: String,
    /// Where what is to be put in, from the start on.
    holes: Vec<(usize, Hole)>,
    kind: HeaderValue,
}

impl Kept {
    /// A page that was made with this nonce and this seed. Both are too random to stand in it by chance.
    fn new(page: &str, nonce: &str, seed: &str, kind: HeaderValue) -> Self {
        let mut found: Vec<(usize, &str, Hole)> = [(nonce, Hole::Nonce), (seed, Hole::Seed)]
            .into_iter()
            .flat_map(|(word, hole)| {
                page.match_indices(word)
                    .map(move |(at, word)| (at, word, hole))
            })
            .collect();
        found.sort_by_key(|(at, _, _)| *at);
        let mut text = String::with_capacity(page.len());
        let mut from = 0;
        let mut holes = Vec::with_capacity(found.len());
        for (at, word, hole) in found {
            text.push_str(page.get(from..at).unwrap_or_default());
            holes.push((text.len(), hole));
            from = at + word.len();
        }
        text.push_str(page.get(from..).unwrap_or_default());
        Self { text, holes, kind }
    }

    fn fill(&self, nonce: &str, seed: &str) -> String {
        let mut page = String::with_capacity(self.text.len() + self.holes.len() * seed.len());
        let mut from = 0;
        for (at, hole) in &self.holes {
            page.push_str(self.text.get(from..*at).unwrap_or_default());
            page.push_str(match hole {
                Hole::Nonce => nonce,
                Hole::Seed => seed,
            });
            from = *at;
        }
        page.push_str(self.text.get(from..).unwrap_or_default());
        page
    }
}

#[derive(Clone)]
struct Bytes;

impl Weighter<Version, Arc<Kept>> for Bytes {
    fn weight(&self, _: &Version, kept: &Arc<Kept>) -> u64 {
        (kept.text.len() + OVERHEAD) as u64
    }
}

/// The pages of this process that were asked for lately. Cheap to clone.
#[derive(Clone)]
pub struct KeptPages(Arc<Cache<Version, Arc<Kept>, Bytes>>);

impl Default for KeptPages {
    fn default() -> Self {
        Self(Arc::new(Cache::with_weighter(PAGES, CAPACITY, Bytes)))
    }
}

/// What a request for the page of a thread asks for.
struct Asked {
    thread: ThreadId,
    token: String,
    preferences: Preferences,
    language: Language,
}

impl Asked {
    /// None for every other request: what a form sends back along in the query is told on the page once.
    fn of(request: &Request, state: &AppState) -> Option<Self> {
        let uri = request.uri();
        if request.method() != Method::GET || uri.query().is_some() {
            return None;
        }
        let headers = request.headers();
        Some(Self {
            thread: uri.path().strip_prefix("/chat/")?.parse().ok()?,
            token: session_token(headers, state.config.secure())?,
            preferences: preferences(headers),
            language: language(headers),
        })
    }

    /// The version of the page; none when there is no such page for this person, or an answer goes on in it.
    async fn version(&self, services: &Services) -> Option<Version> {
        let user = services.session(&self.token).await.ok()??;
        let shown = services.shown(
            &user.id,
            &self.thread,
            self.language,
            self.preferences.zone_minutes,
        );
        let shown = shown.await.ok()??;
        let whole = serde_json::to_vec(&(user, shown, self.preferences)).ok()?;
        Some(Sha256::digest(whole).into())
    }
}

/// Answers with a page that is kept, or keeps the one that is made.
pub async fn layer(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let nonce = request.extensions().get::<CspNonce>().cloned();
    let (Some(asked), Some(CspNonce(nonce))) = (Asked::of(&request, &state), nonce) else {
        return next.run(request).await;
    };
    let Some(version) = asked.version(&state.services).await else {
        return next.run(request).await;
    };
    let seed = state.services.env().uuid();
    if let Some(kept) = state.kept.0.get(&version) {
        let kind = [(header::CONTENT_TYPE, kept.kind.clone())];
        return (kind, kept.fill(&nonce, &seed)).into_response();
    }
    request.extensions_mut().insert(RequestSeed(seed.clone()));
    let (head, body) = next.run(request).await.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    // What changed while the page was made may be in it, or not.
    let same = asked.version(&state.services).await == Some(version);
    if same
        && head.status == StatusCode::OK
        && !head.headers.contains_key(header::SET_COOKIE)
        && let Some(kind) = head.headers.get(header::CONTENT_TYPE)
        && let Ok(page) = str::from_utf8(&body)
    {
        let kept = Kept::new(page, &nonce, &seed, kind.clone());
        state.kept.0.insert(version, Arc::new(kept));
    }
    Response::from_parts(head, Body::from(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_page_is_the_page_that_would_be_made() {
        let page = |nonce: &str, seed: &str| {
            format!(r#"<script nonce="{nonce}">é</script><input value="{seed}"/>{seed}{nonce}"#)
        };
        let kind = HeaderValue::from_static("text/html");
        let kept = Kept::new(
            &page("n0nce-of-one", "seed-1"),
            "n0nce-of-one",
            "seed-1",
            kind,
        );
        assert!(!kept.text.contains("n0nce-of-one") && !kept.text.contains("seed-1"));
        assert_eq!(kept.fill("another", "s2"), page("another", "s2"));
    }
}
