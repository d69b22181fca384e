//! What an id alone says about a model: its shelf, its name, whether it chats.

use crate::shared::model::{Capabilities, Category};

/// What to start with at each provider: current, able and not the dearest.
pub(super) const RECOMMENDED: [&str; 13] = [
    "gpt-6.1-sol",
    "gpt-6.1-terra",
    "claude-sonnet-5-5",
    "claude-opus-5-5",
    "gemini-3.8-flash",
    "gemini-4-argon",
    "grok-4.7",
    "mistral-large-4",
    "command-a-plus-05-2026",
    "openai/gpt-oss-120b",
    "us.anthropic.claude-sonnet-5-5",
    "amazon.nova-2-lite-v1:0",
    "mistral-medium-latest",
];

/// Words in ids of the small and the large.
const SMALL: [&str; 8] = [
    "mini", "nano", "lite", "haiku", "luna", "small", "micro", "instant",
];
const LARGE: [&str; 5] = ["opus", "pro", "astra", "fable", "max"];

/// USD per million tokens of output: up to the first is cheap, from the second on dear.
const CHEAP: f64 = 1.0;
const DEAR: f64 = 12.0;

pub(super) fn category(
    id: &str,
    capabilities: Capabilities,
    output: Option<f64>,
) -> Option<Category> {
    let has = |words: &[&str]| {
        id.split(['-', '.', '/', ':'])
            .any(|part| words.contains(&part))
    };
    if RECOMMENDED.contains(&id) {
        Some(Category::Recommended)
    } else if has(&SMALL) || output.is_some_and(|price| price <= CHEAP) {
        Some(Category::Fast)
    } else if capabilities.reasoning && (has(&LARGE) || output.is_some_and(|price| price >= DEAR)) {
        Some(Category::Reasoning)
    } else {
        output.map(|_| Category::Balanced)
    }
}

/// Words in the ids of models that nobody chats with.
const NO_CHAT: [&str; 27] = [
    "audio",
    "computer",
    "dall",
    "embed",
    "embedding",
    "embeddings",
    "guard",
    "image",
    "imagen",
    "imagine",
    "live",
    "lyria",
    "moderation",
    "ocr",
    "realtime",
    "rerank",
    "research",
    "safeguard",
    "sora",
    "stt",
    "transcribe",
    "translate",
    "tts",
    "veo",
    "video",
    "voice",
    "whisper",
];

/// Whether a model of this id chats, as far as its id says.
pub(super) fn chats(id: &str) -> bool {
    !id.split(['-', '.', '/', ':', '_'])
        .any(|part| NO_CHAT.contains(&part))
}

/// Words in ids that name a moment and not a model.
const PASSING: [&str; 5] = ["beta", "exp", "experimental", "latest", "preview"];

/// The words of an id without versions, dates and sizes: what the models of a family have in common, the brand first.
pub(super) fn family(id: &str) -> Vec<&str> {
    let name = id.rsplit('/').next().unwrap_or(id);
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.starts_with(|c: char| c.is_ascii_digit()))
        .map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()))
        .filter(|word| !word.is_empty() && !PASSING.contains(word))
        .collect()
}

/// The numbers in an id, so that versions compare as people expect.
pub(super) fn numbers(id: &str) -> Vec<u64> {
    id.split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect()
}

/// A name made of an id: `gpt-9-nova-mini` is `GPT-9 Nova Mini`.
pub(super) fn pretty(id: &str) -> String {
    let words = id
        .rsplit('/')
        .next()
        .unwrap_or(id)
        .split(['-', '_', ' '])
        .filter(|word| !word.is_empty());
    let mut name = String::new();
    for word in words {
        let digit = word.starts_with(|c: char| c.is_ascii_digit());
        if !name.is_empty() {
            name.push(if digit && name == "GPT" { '-' } else { ' ' });
        }
        let mut chars = word.chars();
        match (word, chars.next()) {
            ("gpt" | "oss" | "ai", _) => name.push_str(&word.to_uppercase()),
            // OpenAI's o-series is written small.
            (_, Some('o')) if chars.clone().next().is_some_and(|c| c.is_ascii_digit()) => {
                name.push_str(word);
            }
            (_, Some(first)) => {
                name.extend(first.to_uppercase());
                name.push_str(chars.as_str());
            }
            _ => {}
        }
    }
    if name.is_empty() { id.to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_of_ids() {
        for (id, name) in [
            ("gpt-5.4-mini", "GPT-5.4 Mini"),
            ("o4-mini", "o4 Mini"),
            ("models/gemma-3-27b-it", "Gemma 3 27b It"),
            ("openai/gpt-oss-120b", "GPT OSS 120b"),
            ("---", "---"),
        ] {
            assert_eq!(pretty(id), name);
        }
    }

    #[test]
    fn a_family_is_what_stays_from_version_to_version() {
        for (id, family) in [
            ("claude-sonnet-4-5-20250929", &["claude", "sonnet"][..]),
            ("anthropic/claude-sonnet-5.5", &["claude", "sonnet"]),
            ("gpt-4o-mini-2024-07-18", &["gpt", "mini"]),
            ("o3-mini", &["o", "mini"]),
            ("gemini-3.1-pro-preview", &["gemini", "pro"]),
            ("llama-3.3-70b-versatile", &["llama", "versatile"]),
        ] {
            assert_eq!(super::family(id), family, "{id}");
        }
    }

    #[test]
    fn a_model_that_does_not_chat_says_so_in_its_id() {
        for id in [
            "whisper-large-v3",
            "google/gemini-embedding-2",
            "gpt-image-1.5",
            "openai/gpt-oss-safeguard-20b",
        ] {
            assert!(!chats(id), "{id}");
        }
        for id in [
            "gpt-5.4",
            "claude-opus-5-5",
            "mistral-large-4",
            "google/gemini-3.8-flash",
            "groq/compound",
        ] {
            assert!(chats(id), "{id}");
        }
    }
}
