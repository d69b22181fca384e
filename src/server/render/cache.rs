//! Answers that were rendered before. An answer that has ended never changes, so neither does its HTML.

use super::{Context, blocks_within};
use crate::shared::ids::MessageId;
use crate::shared::words::Language;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::Arc;

/// Bytes of HTML that are kept at the most.
const CAPACITY: u64 = 16 * 1024 * 1024;
/// Bytes that an entry takes besides its HTML, about.
const OVERHEAD: usize = 128;
/// How many entries the capacity is likely to hold.
const ENTRIES: usize = 4096;

/// An answer, and the language of the buttons in it.
type Key = (MessageId, Language);

#[derive(Clone)]
struct Bytes;

impl Weighter<Key, Arc<[String]>> for Bytes {
    fn weight(&self, _: &Key, blocks: &Arc<[String]>) -> u64 {
        let bytes: usize = blocks.iter().map(|block| block.len() + OVERHEAD).sum();
        (bytes + OVERHEAD) as u64
    }
}

/// The rendered answers of this process that were asked for lately.
pub struct Rendered(Cache<Key, Arc<[String]>, Bytes>);

impl Default for Rendered {
    fn default() -> Self {
        Self(Cache::with_weighter(ENTRIES, CAPACITY, Bytes))
    }
}

impl Rendered {
    /// The blocks of an answer that has ended. The limits of `context` are the same for all answers.
    #[must_use]
    pub fn blocks(&self, context: &mut Context, answer: &MessageId, markdown: &str) -> Vec<String> {
        let key = (answer.clone(), context.language());
        if let Some(known) = self.0.get(&key) {
            return known.to_vec();
        }
        let blocks = blocks_within(context, markdown);
        self.0.insert(key, blocks.clone().into());
        blocks
    }
}
