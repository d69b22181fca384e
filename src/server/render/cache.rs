//! Answers that were rendered before. An answer that has ended never changes, so neither does its HTML.

use super::{Nesting, blocks_within};
use crate::shared::ids::MessageId;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::Arc;

/// Bytes of HTML that are kept at the most.
const CAPACITY: u64 = 16 * 1024 * 1024;
/// Bytes that an entry takes besides its HTML, about.
const OVERHEAD: usize = 128;
/// How many entries the capacity is likely to hold.
const ENTRIES: usize = 4096;

#[derive(Clone)]
struct Bytes;

impl Weighter<MessageId, Arc<[String]>> for Bytes {
    fn weight(&self, _: &MessageId, blocks: &Arc<[String]>) -> u64 {
        let bytes: usize = blocks.iter().map(|block| block.len() + OVERHEAD).sum();
        (bytes + OVERHEAD) as u64
    }
}

/// The rendered answers of this process that were asked for lately.
pub struct Rendered(Cache<MessageId, Arc<[String]>, Bytes>);

impl Default for Rendered {
    fn default() -> Self {
        Self(Cache::with_weighter(ENTRIES, CAPACITY, Bytes))
    }
}

impl Rendered {
    /// The blocks of an answer that has ended, as deep as `nesting` allows, which is the same for all answers.
    #[must_use]
    pub fn blocks(&self, nesting: &mut Nesting, answer: &MessageId, markdown: &str) -> Vec<String> {
        if let Some(known) = self.0.get(answer) {
            return known.to_vec();
        }
        let blocks = blocks_within(nesting, markdown);
        self.0.insert(answer.clone(), blocks.clone().into());
        blocks
    }
}
