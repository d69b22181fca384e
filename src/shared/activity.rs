//! What goes on in a person's chats, small enough to be asked for every two seconds.
//!
//! What is compared is a [`Version`]: both sides make it of what they have, so a page that has everything asks for
//! nothing, whoever changed it and whenever.

use super::chat::Thread;
use super::ids::{MessageId, ThreadId};
use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Threads of the sidebar's first page, which is the part of the list that is watched.
pub const WATCHED: u32 = 50;
/// Threads that may stand first in the sidebar. All of them are watched.
pub const PINNED: u32 = 50;

/// The answer of `GET /api/activity`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// What is being answered in the sidebar's first page.
    pub answering: Vec<Answering>,
    /// The sidebar's first page.
    pub threads: Version,
    /// What there is to pay with: the providers that there are usable keys of, and what is left of the free pool.
    pub means: Version,
    /// The thread that was asked about; none when it is gone.
    pub thread: Option<ThreadState>,
}

/// A running answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answering {
    /// Where.
    pub thread_id: ThreadId,
    /// The answer.
    pub message_id: MessageId,
}

/// How one thread stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadState {
    /// The last message of the branch that is shown.
    pub tip: Option<MessageId>,
    /// The thread itself, and whether that message is still being written.
    pub version: Version,
}

impl ThreadState {
    /// The state of a thread whose last shown message is `tip`; `live` when that is still being written.
    #[must_use]
    pub fn new(thread: &Thread, tip: Option<MessageId>, live: bool) -> Self {
        // What a send touches shows in the tip; the provider and the model never change.
        let settings = serde_json::to_string(&thread.settings).unwrap_or_default();
        let parts = [
            thread.title.as_str(),
            thread.system_prompt.as_deref().unwrap_or_default(),
            &settings,
            thread.status.as_str(),
            if thread.pool_fallback { "pool" } else { "" },
            if live { "live" } else { "" },
        ];
        Self {
            tip,
            version: Version::of(parts),
        }
    }
}

/// Differs when what it stands for differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version(String);

impl Version {
    /// The version as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The version of the sidebar: id, title and last activity of each thread of its first page and, after those, of the
    /// pinned ones. Both with the newest first.
    #[must_use]
    pub fn of_list<'a>(
        lines: impl Iterator<Item = (&'a ThreadId, &'a str, Timestamp)>,
        pinned: impl Iterator<Item = (&'a ThreadId, &'a str, Timestamp)>,
    ) -> Self {
        let line = |(id, title, at): (&ThreadId, &str, Timestamp)| {
            [id.to_string(), title.to_owned(), at.0.to_string()]
        };
        let mut text: Vec<_> = lines.take(WATCHED as usize).flat_map(line).collect();
        // No thread has an empty id, so the two parts can not run into each other.
        text.push(String::new());
        text.extend(pinned.take(PINNED as usize).flat_map(line));
        Self::of(text.iter().map(String::as_str))
    }

    /// The version of some texts. FNV-1a: a few bytes of code on either side, and nobody gains from a collision but with
    /// themselves.
    #[must_use]
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for part in parts {
            // No text has the byte 255, so parts can not run into each other.
            for byte in part.bytes().chain([255]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
        Self(format!("{hash:016x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Line<'a> = (&'a ThreadId, &'static str, i64);

    fn lines<'a>(lines: &[Line<'a>]) -> impl Iterator<Item = (&'a ThreadId, &'a str, Timestamp)> {
        lines
            .iter()
            .map(|(id, title, at)| (*id, *title, Timestamp(*at)))
    }

    #[test]
    fn a_version_is_the_same_for_the_same_and_differs_for_every_difference() {
        let a: ThreadId = "a".parse().expect("an id");
        let b: ThreadId = "b".parse().expect("an id");
        let of = |list: &[Line<'_>]| Version::of_list(lines(list), std::iter::empty());
        let pinned =
            |list: &[Line<'_>], pinned: &[Line<'_>]| Version::of_list(lines(list), lines(pinned));
        let one = of(&[(&a, "x", 1), (&b, "y", 2)]);
        assert_eq!(one, of(&[(&a, "x", 1), (&b, "y", 2)]));
        let others = [
            of(&[(&b, "y", 2), (&a, "x", 1)]),
            of(&[(&a, "x", 1)]),
            of(&[(&a, "xy", 1), (&b, "", 2)]),
            of(&[(&a, "x", 1), (&b, "y", 3)]),
            of(&[]),
            pinned(&[(&a, "x", 1)], &[(&b, "y", 2)]),
            pinned(&[(&a, "x", 1), (&b, "y", 2)], &[(&b, "y", 2)]),
        ];
        for (index, other) in others.iter().enumerate() {
            assert_ne!(*other, one);
            assert!(!others[..index].contains(other));
        }
    }

    #[test]
    fn only_the_first_page_counts() {
        let id: ThreadId = "a".parse().expect("an id");
        let of = |count: u32| {
            let lines = std::iter::repeat_n((&id, "x", Timestamp(1)), count as usize);
            Version::of_list(lines, std::iter::empty())
        };
        assert_eq!(of(WATCHED), of(WATCHED + 1));
        assert_ne!(of(WATCHED), of(WATCHED - 1));
    }
}
