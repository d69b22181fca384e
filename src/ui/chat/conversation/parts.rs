//! What the log is made of.

use crate::client::log;
use crate::shared::chat::Finished;
use crate::shared::ids::MessageId;
use crate::ui::chat::answer::Answer;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A part of the log.
#[derive(Clone)]
pub(in crate::ui::chat) enum Part {
    /// Messages that have ended.
    Finished {
        /// What tells it from the others.
        key: String,
        /// Their HTML; empty when it came with the page, which has it already.
        html: Arc<str>,
    },
    /// What was just written, until the server has it.
    Sketch {
        /// What tells it from the others.
        key: String,
        /// The words.
        text: String,
    },
    /// An answer that is being written, or was since the page is open.
    Answer(Answer),
}

impl Part {
    /// What tells it from the others.
    pub fn key(&self) -> &str {
        match self {
            Self::Finished { key, .. } | Self::Sketch { key, .. } => key,
            Self::Answer(answer) => &answer.key,
        }
    }

    /// Messages that have ended; none when there are none. Each call makes another part, also of the same messages:
    /// what was cut out of a part is not in its element any more.
    pub fn finished(messages: &[Finished]) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        messages.first()?;
        Some(Self::Finished {
            key: NEXT.fetch_add(1, Ordering::Relaxed).to_string(),
            html: messages
                .iter()
                .map(|message| message.html.as_str())
                .collect::<String>()
                .into(),
        })
    }
}

/// A message as the document tells of it.
pub(super) fn known(message: &Finished) -> log::Known {
    let (which, of) = message.sibling;
    log::Known {
        id: message.id.clone(),
        sibling: format!("{which}/{of}"),
    }
}

/// Takes a message and all that follows it out of `parts`, and hides it where it is in a part that stays.
pub(super) fn cut(parts: &mut Vec<Part>, from: &MessageId) {
    let Some(key) = log::part_of(from) else {
        return;
    };
    let Some(at) = parts.iter().position(|part| part.key() == key) else {
        return;
    };
    let stays = matches!(parts.get(at), Some(Part::Finished { .. }));
    if stays {
        log::hide_from(from);
    }
    parts.truncate(at + usize::from(stays));
}
