//! What the simulator has of each provider, as data.

use std::sync::Arc;

use axum::Router;
use http::Method;

use super::{
    Shared, ai_gateway, anthropic, azure_openai, bedrock, cohere, gemini, groq, mistral, ollama,
    openai, openrouter,
    trouble::{Spelled, Trouble},
    vertex, xai,
};

/// A provider that the simulator plays.
pub(super) struct Provider {
    /// The name that people know.
    pub(super) name: &'static str,
    /// Where it is: the variables that send KeyLM there, and the paths. All of them begin with the same segment.
    pub(super) places: &'static [(&'static str, &'static str)],
    /// What an accepted key starts with; the first is the one to show. A key with a fault has the fault in the place of
    /// `sim-good`.
    pub(super) good: &'static [&'static str],
    /// Its addresses, whole.
    pub(super) routes: fn() -> Router<Arc<Shared>>,
    /// A trouble in its words.
    pub(super) spell: fn(&Trouble) -> Spelled,
    /// The headers of its answer of this number.
    pub(super) headers: fn(u64) -> Vec<(&'static str, String)>,
    /// What it says of an address that it does not have.
    pub(super) unknown: fn(&Method, &str) -> Trouble,
    /// Whether a filter that refuses a prompt answers with an HTTP error.
    pub(super) filters_by_status: bool,
    /// Deltas that make up 50 MB.
    pub(super) flood: usize,
}

/// All of them. OpenAI also answers where nobody else does.
pub(super) static ALL: &[&Provider] = &[
    &openai::PROVIDER,
    &anthropic::PROVIDER,
    &gemini::PROVIDER,
    &xai::PROVIDER,
    &cohere::PROVIDER,
    &groq::PROVIDER,
    &mistral::PROVIDER,
    &openrouter::PROVIDER,
    &ai_gateway::PROVIDER,
    &azure_openai::PROVIDER,
    &ollama::PROVIDER,
    &vertex::PROVIDER,
    &bedrock::PROVIDER,
];

/// Whose address this would be, by its first segment.
pub(super) fn at(path: &str) -> &'static Provider {
    let segment = |path: &str| path.split('/').nth(1).map(str::to_owned);
    let mut places = ALL.iter().flat_map(|provider| {
        let places = provider.places.iter();
        places.map(move |(_, place)| (*provider, *place))
    });
    places
        .find(|(_, place)| segment(place) == segment(path))
        .map_or(&openai::PROVIDER, |(provider, _)| provider)
}
